// What a branch has otherwise, as it is read, and the check that runs the merge without keeping it.
import { describe, expect, test } from 'vitest';
import { labWorld, seen } from './branch-world.ts';
import { refusal } from './memory-engine.ts';

describe('[row 61] a difference', () => {
  test('is asked of one object alone, for the marks on its page', async () => {
    const { engine, uid, uidOf } = await labWorld(41);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine' });
    engine.update('Artifact', { uid: uidOf('artifact', "key = 'b.csv'") }, { description: 'mine as well' });
    const one = engine.branchDiff('try', { registry: 'Artifact', uid, limit: 1 });
    expect(one).toMatchObject({ total: 2, found: 1, next: null });
    expect(one.objects.map((object) => object.uid)).toEqual([uid]);
    for (const other of [uidOf('ulabel', "name = 'red 1'"), 'nowhere'])
      expect(engine.branchDiff('try', { registry: 'Artifact', uid: other })).toMatchObject({
        found: 0,
        objects: [],
      });
    expect(engine.branchDiff('try', { registry: 'ULabel', uid }).found).toBe(0);
  });

  test('[row 62] a note that both wrote is told with the one that both began with', async () => {
    const { engine, uid } = await labWorld(42);
    engine.createBranch('try', { switch: true });
    engine.saveNote(uid, '# mine');
    engine.saveNote(uid, '# mine, better');
    engine.switchBranch('main');
    engine.saveNote(uid, '# theirs');
    engine.saveNote(uid, '# theirs, later');
    const notes = (name: string) => engine.branchConflicts(name).filter(({ kind }) => kind === 'version');
    expect(notes('try')).toMatchObject([
      { field: 'readme', base: '# first', parent: '# theirs, later', branch: '# mine, better' },
    ]);
    engine.switchBranch('try');
    expect(notes('try')).toMatchObject([{ base: '# first', branch: '# mine, better' }]);
  });

  test('tells objects with their fields, links, values and notes by name, the same seen from both sides', async () => {
    const { world: made, engine, uid, uidOf } = await labWorld(21);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine' });
    engine.addLabels([uid], ['brand new']);
    engine.removeLabel(uid, 'ULabel', uidOf('ulabel', "name = 'red 1'"));
    engine.setFeatures(uid, { score: 4, site: 'left' });
    engine.saveNote(uid, '# second\n\nmore');
    await engine.trash('Artifact', [{ uid: uidOf('artifact', "key = 'b.csv'") }]);
    const here = engine.branchDiff('try');
    expect(here.total).toBe(3);
    expect(here.registries).toEqual([
      { registry: 'ULabel', count: 1 },
      { registry: 'Artifact', count: 2 },
    ]);
    const [label, first, second] = here.objects;
    expect(label).toMatchObject({ registry: 'ULabel', row: 'brand new', kind: 'made' });
    expect(second).toMatchObject({ row: 'b.csv', kind: 'trashed', fields: [] });
    expect(first).toMatchObject({ row: 'a.csv', kind: 'changed', uid });
    const told = first?.fields.map(({ field, what, base, branch }) => [field, what, base, branch]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['description', 'cell', null, 'mine'],
        ['ULabel', 'link', 'red 1', null],
        ['ULabel', 'link', null, 'brand new'],
        ['readme', 'note', '# first', '# second\n\nmore'],
        ['score', 'link', '1', '4'],
      ]),
    );
    // `site` has the value that it had.
    expect(told?.some(([field]) => field === 'site')).toBe(false);
    engine.switchBranch('main');
    const before = seen(made, { stamps: true });
    expect(engine.branchDiff('try')).toEqual(here);
    engine.createBranch('third', { switch: true });
    expect(engine.branchDiff('try')).toEqual(here);
    engine.switchBranch('main');
    expect(seen(made, { stamps: true })).toEqual(before);
  });

  test('is filtered by registry and kind, and comes in pages', async () => {
    const { engine } = await labWorld(22);
    engine.createBranch('try', { switch: true });
    for (let i = 0; i < 7; i++) engine.createULabel(`made ${i}`);
    engine.create('Record', { name: 'sample' });
    const first = engine.branchDiff('try', { registry: 'ULabel', limit: 5 });
    expect(first).toMatchObject({ total: 8, found: 7 });
    expect(first.objects.map(({ row }) => row)).toEqual([0, 1, 2, 3, 4].map((i) => `made ${i}`));
    const second = engine.branchDiff('try', { registry: 'ULabel', limit: 5, after: first.next ?? '' });
    expect(second.objects.map(({ row }) => row)).toEqual(['made 5', 'made 6']);
    expect(second.next).toBeNull();
    expect(engine.branchDiff('try', { kind: 'trashed' })).toMatchObject({ found: 0, objects: [] });
  });

  test('names what is to be decided at its field', async () => {
    const { engine, uid } = await labWorld(23);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine' });
    engine.switchBranch('main');
    engine.update('Artifact', { uid }, { description: 'theirs' });
    const [object] = engine.branchDiff('try', { conflicts: true }).objects;
    expect(object?.fields).toMatchObject([
      {
        field: 'description',
        base: null,
        parent: 'theirs',
        branch: 'mine',
        conflict: { kind: 'changed', choice: null },
      },
    ]);
    expect(object?.fields[0]?.conflict?.name).toEqual(engine.branchConflicts('try')[0]?.name);
  });

  test('can be between two branches', async () => {
    const { engine, uid } = await labWorld(24);
    engine.createBranch('one', { switch: true });
    engine.update('Artifact', { uid }, { description: 'one', key: 'same.csv' });
    engine.addLabels([uid], ['blue 1']);
    engine.switchBranch('main');
    engine.createBranch('two', { switch: true });
    engine.update('Artifact', { uid }, { description: 'two', key: 'same.csv', kind: 'dataset' });
    engine.addLabels([uid], ['blue 1', 'green 1']);
    const [object] = engine.branchDiff('one', { against: 'two' }).objects;
    expect(object?.fields.map(({ field, parent, branch }) => [field, parent, branch]).sort()).toEqual([
      ['ULabel', 'green 1', null],
      ['description', 'two', 'one'],
      ['kind', 'dataset', null],
    ]);
    expect((await refusal(() => engine.branchDiff('main'))).message).toContain('no other branch');
  });
});

describe('[row 63] a check', () => {
  test('lists every rule that the merge would break, and keeps nothing of it', async () => {
    const { world: made, engine, uidOf } = await labWorld(25);
    const at = (name: string) => ({ uid: uidOf('record', `name = '${name}'`) });
    engine.create('Record', { name: 'A', is_type: true });
    engine.create('Record', { name: 'B', is_type: true });
    engine.relate('ULabel', { uid: uidOf('ulabel', "name = 'red 1'") }, 'parents', {
      add: [{ uid: uidOf('ulabel', "name = 'blue 1'") }],
    });
    const lost = engine.create('Project', { name: 'to be lost' });
    engine.createBranch('try', { switch: true });
    engine.update('Record', at('B'), { type: at('A') });
    engine.relate('ULabel', { uid: uidOf('ulabel', "name = 'blue 1'") }, 'parents', {
      add: [{ uid: uidOf('ulabel', "name = 'green 1'") }],
    });
    engine.addProjects([uidOf('artifact', "key = 'a.csv'")], ['to be lost']);
    expect(engine.checkBranch('try')).toMatchObject({ ok: true, failures: [] });

    engine.switchBranch('main');
    engine.update('Record', at('A'), { type: at('B') });
    engine.relate('ULabel', { uid: uidOf('ulabel', "name = 'green 1'") }, 'parents', {
      add: [{ uid: uidOf('ulabel', "name = 'red 1'") }],
    });
    await engine.purge('Project', [{ uid: lost.uid ?? '' }]);
    const before = seen(made, { stamps: true });
    const check = engine.checkBranch('try');
    expect(check.ok).toBe(false);
    expect(check.failures.map(({ registry, row, code }) => `${registry} ${row} ${code}`).sort()).toEqual([
      'Artifact a.csv DoesNotExist',
      'Record B ValidationError',
      'ULabel blue 1 ValidationError',
    ]);
    expect((await refusal(() => engine.mergeBranch('try'))).code).toBe('MergeConflict');
    expect(seen(made, { stamps: true })).toEqual(before);
    expect(engine.status().branch.isMain).toBe(true);
    // The branch can still be switched to: what does not fit is held back.
    engine.switchBranch('try');
    engine.switchBranch('main');
    expect(seen(made, { stamps: true })).toEqual(before);
  });

  test('tells a unique value that main took', async () => {
    const { world: made, engine } = await labWorld(26);
    const organism = (name: string) =>
      engine.create('bionty.Organism', { name, ontology_id: `NCBITaxon:${name.length}` });
    const mouse = organism('mouse');
    const human = organism('homo sap');
    engine.createBranch('try', { switch: true });
    engine.update('bionty.Organism', { uid: mouse.uid ?? '' }, { scientific_name: 'taken' });
    engine.switchBranch('main');
    engine.update('bionty.Organism', { uid: human.uid ?? '' }, { scientific_name: 'taken' });
    const check = engine.checkBranch('try');
    expect(check.failures).toMatchObject([{ registry: 'Organism', row: 'mouse', code: 'IntegrityError' }]);
    expect(made.rows('SELECT count(*) FROM bionty_organism WHERE scientific_name IS NOT NULL')).toEqual([
      [1],
    ]);
    engine.switchBranch('try');
    expect(made.rows('SELECT count(*) FROM bionty_organism WHERE scientific_name IS NOT NULL')).toEqual([
      [1],
    ]);
  });
});
