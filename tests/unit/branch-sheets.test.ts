// Records of a sheet among the differences of a branch: one table with the schema's features as columns.
import { describe, expect, test } from 'vitest';
import { labWorld, seen } from './branch-world.ts';

async function plates(seed: number) {
  const lab = await labWorld(seed);
  const { engine } = lab;
  for (const [name, dtype] of [
    ['well', 'str'],
    ['dose', 'float'],
    ['stain', 'cat[ULabel]'],
  ] as const)
    engine.createFeature(name, dtype);
  const feature = (name: string) => ({ uid: lab.uidOf('feature', `name = '${name}'`) });
  const schema = engine.create('Schema', {
    name: 'plate',
    features: ['well', 'dose', 'stain'].map(feature),
    minimal_set: false,
  });
  const type = engine.create('Record', { name: 'Plates', is_type: true, schema: { uid: schema.uid } });
  const make = (name: string, features: Record<string, unknown>) =>
    engine.create('Record', { name, type: { uid: type.uid }, features });
  const set = (uid: string, features: Record<string, unknown>) =>
    engine.writeFeatures('Record', [{ uid }], 'update', features);
  return { ...lab, type: type.uid, make, set };
}

const cell = (more: object = {}) => ({ kept: [], was: [], now: [], parent: null, conflict: false, ...more });

describe('[row 54] [row 61] records of a sheet', () => {
  test('are one table: made, changed, deleted rows, cells with what was and is; the same from both sides', async () => {
    const { engine, world, type, make, set, uidOf } = await plates(51);
    const one = make('P-1', { well: 'A1', dose: 1, stain: 'red 1' });
    const two = make('P-2', { well: 'A2', dose: 2, stain: 'red 1' });
    const three = make('P-3', { well: 'A3' });
    make('P-4', { well: 'A4' });
    engine.createBranch('try', { switch: true });
    // The well is set to what it was.
    await set(one.uid, { well: 'A1', dose: 5, stain: 'blue 1' });
    engine.update('Record', { uid: one.uid }, { name: 'P-1b', description: 'again' });
    await engine.trash('Record', [{ uid: two.uid }]);
    const five = make('P-5', { well: 'B1', dose: 7 });
    engine.update('Artifact', { uid: uidOf('artifact', "key = 'a.csv'") }, { description: 'mine' });

    const diff = engine.branchDiff('try', { sheets: true });
    expect(diff).toMatchObject({
      total: 4,
      found: 4,
      listed: 1,
      sheets: [{ uid: type, name: 'Plates', schema: true, count: 3 }],
    });
    expect(diff.objects.map(({ registry }) => registry)).toEqual(['Artifact']);
    expect(engine.branchDiff('try')).toMatchObject({ listed: 4, sheets: [] });

    const sheet = engine.branchSheet('try', type);
    expect(sheet.index).toBe('name');
    expect(sheet.columns).toEqual([
      { name: 'well', of: 'feature', changed: true },
      { name: 'dose', of: 'feature', changed: true },
      { name: 'stain', of: 'feature', changed: true },
      { name: 'description', of: 'field', changed: true },
    ]);
    expect(sheet.rows).toEqual([
      {
        uid: one.uid,
        ...{ name: 'P-1b', wasNamed: 'P-1', kind: 'changed', conflicts: 0 },
        cells: {
          well: cell({ kept: ['A1'] }),
          dose: cell({ was: ['1.0'], now: ['5.0'] }),
          stain: cell({ was: ['red 1'], now: ['blue 1'] }),
        },
        fields: { description: cell({ now: ['again'] }) },
      },
      {
        uid: two.uid,
        ...{ name: 'P-2', wasNamed: null, kind: 'trashed', conflicts: 0, fields: {} },
        cells: { well: cell({ was: ['A2'] }), dose: cell({ was: ['2.0'] }), stain: cell({ was: ['red 1'] }) },
      },
      {
        uid: five.uid,
        ...{ name: 'P-5', wasNamed: null, kind: 'made', conflicts: 0, fields: {} },
        cells: { well: cell({ now: ['B1'] }), dose: cell({ now: ['7.0'] }) },
      },
    ]);
    expect(sheet).toMatchObject({ total: 3, next: null });

    engine.switchBranch('main');
    const before = seen(world, { stamps: true });
    expect(engine.branchSheet('try', type)).toEqual(sheet);
    // Main moves: the cell says so, and where both cannot be right.
    await set(one.uid, { dose: 9 });
    await set(three.uid, { well: 'C3' });
    expect(engine.branchSheet('try', type).rows[0]).toMatchObject({
      conflicts: 1,
      cells: {
        dose: cell({ was: ['1.0'], now: ['5.0'], parent: '9.0', conflict: true }),
        well: cell({ kept: ['A1'] }),
      },
    });
    await engine.undo();
    await engine.undo();
    expect(seen(world, { stamps: true })).toEqual(before);
  });

  test('come in pages and by kind', async () => {
    const { engine, type, make } = await plates(52);
    const first = make('P-0', { well: 'A1' });
    engine.createBranch('try', { switch: true });
    for (let i = 1; i <= 5; i++) make(`P-${i}`, { well: `B${i}` });
    await engine.trash('Record', [{ uid: first.uid }]);
    const page = engine.branchSheet('try', type, { limit: 4 });
    expect(page.rows.map(({ name }) => name)).toEqual(['P-0', 'P-1', 'P-2', 'P-3']);
    expect(page.total).toBe(6);
    const rest = engine.branchSheet('try', type, { limit: 4, after: page.next ?? '' });
    expect(rest.rows.map(({ name }) => name)).toEqual(['P-4', 'P-5']);
    expect(rest.next).toBeNull();
    expect(engine.branchSheet('try', type, { kind: 'trashed' }).rows.map(({ name }) => name)).toEqual([
      'P-0',
    ]);
    expect(engine.branchDiff('try', { sheets: true, kind: 'made' }).sheets).toMatchObject([{ count: 5 }]);
    expect(engine.branchDiff('try', { sheets: true, registry: 'Artifact' }).sheets).toEqual([]);
  });

  test('of a type without a schema have the features that were changed as columns', async () => {
    const { engine, uidOf } = await plates(53);
    const type = engine.create('Record', { name: 'Notes', is_type: true });
    const made = engine.create('Record', {
      name: 'N-1',
      type: { uid: type.uid },
      features: { score: 1, well: 'A1' },
    });
    engine.createBranch('try', { switch: true });
    await engine.writeFeatures('Record', [{ uid: made.uid }], 'update', { score: 2 });
    engine.saveBlock('Record', { uid: made.uid }, { kind: 'readme', content: '# seen' });
    // One without any type stays among the objects.
    engine.update('Record', { uid: uidOf('record', "name = 'sample 1'") }, { description: 'mine' });
    expect(engine.branchDiff('try', { sheets: true })).toMatchObject({
      sheets: [{ name: 'Notes', schema: false, count: 1 }],
      objects: [{ row: 'sample 1' }],
    });
    const { columns, rows } = engine.branchSheet('try', type.uid);
    expect(columns).toEqual([
      { name: 'score', of: 'feature', changed: true },
      { name: 'readme', of: 'field', changed: true },
    ]);
    expect(rows[0]).toMatchObject({
      cells: { score: cell({ was: ['1'], now: ['2'] }) },
      fields: { readme: cell({ now: ['# seen'] }) },
    });
  });
});
