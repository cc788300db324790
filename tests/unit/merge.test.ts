// Merges: what two branches did apart comes together, what cannot is asked, and a revert is as if nothing had been merged.
import { describe, expect, test } from 'vitest';
import { anyAct, labWorld, numbers, seedWorld, seen, worldEngine } from './branch-world.ts';
import { refusal, type MemoryEngine } from './memory-engine.ts';

/** Histories follow each other in one database, so that what earlier ones left is there. */
const perEngine = 10;
const rounds = process.env['LOAM_LONG'] === '1' ? 100 : 4;

describe('[row 62] [row 64] a merge', () => {
  test('brings rows, edits, links, values, notes and what was trashed to main; LaminDB reads the branch as merged', async () => {
    const { world: made, engine, uid, uidOf } = await labWorld(11);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'from the branch' });
    engine.addLabels([uid], ['blue 1', 'brand new']);
    engine.removeLabel(uid, 'ULabel', uidOf('ulabel', "name = 'red 1'"));
    engine.setFeatures(uid, { score: 4, site: 'right' });
    engine.saveNote(uid, '# second');
    await engine.trash('Artifact', [{ uid: uidOf('artifact', "key = 'b.csv'") }]);
    const branch = seen(made, { merged: true });
    const merged = engine.mergeBranch('try');
    expect(merged).toMatchObject({ into: 'main', changed: 2 });
    expect(engine.status().branch.isMain).toBe(true);
    expect(seen(made, { merged: true })).toEqual(branch);
    expect(made.rows("SELECT _status_code FROM lamindb_branch WHERE name = 'try'")).toEqual([[-1]]);
    expect(made.rows('SELECT count(*) FROM lamindb_ulabel WHERE branch_id > 1')).toEqual([[0]]);
    expect((await refusal(() => engine.switchBranch('try'))).message).toContain('was merged');
  });

  test('is taken back by one undo, and the branch goes on', async () => {
    const { world: made, engine, uid } = await labWorld(12);
    const before = seen(made);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'from the branch' });
    engine.createULabel('made there');
    engine.addLabels([uid], ['made there']);
    const branch = seen(made);
    const { act } = engine.mergeBranch('try');
    await engine.undoAct(act);
    expect(seen(made)).toEqual(before);
    engine.switchBranch('try');
    expect(seen(made)).toEqual(branch);
    engine.mergeBranch('try');
    expect(engine.artifact(uid).description).toBe('from the branch');
  });

  test('[row 62] asks where main moved what the branch changed, field by field, and keeps the choice', async () => {
    const { engine, uid } = await labWorld(13);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine', key: 'mine.csv' });
    engine.switchBranch('main');
    engine.update('Artifact', { uid }, { description: 'theirs' });
    const [conflict, ...others] = engine.branchConflicts('try');
    expect(others).toEqual([]);
    expect(conflict).toMatchObject({
      kind: 'changed',
      registry: 'Artifact',
      field: 'description',
      base: null,
      parent: 'theirs',
      branch: 'mine',
      choice: null,
    });
    expect((await refusal(() => engine.mergeBranch('try'))).code).toBe('MergeConflict');
    expect(engine.artifact(uid).description).toBe('theirs');

    engine.chooseForBranch('try', [conflict?.name ?? { tab: 0, id: 0, column: '' }], { side: 'parent' });
    expect(engine.branchConflicts('try')[0]?.choice).toEqual({ side: 'parent', value: null });
    // The parent moves again: the choice was about another value.
    engine.update('Artifact', { uid }, { description: 'moved on' });
    expect(engine.branchConflicts('try')[0]?.choice).toBeNull();
    engine.chooseForBranch('try', [conflict?.name ?? { tab: 0, id: 0, column: '' }], {
      side: 'edit',
      value: 'both',
    });
    engine.mergeBranch('try');
    expect(engine.artifact(uid)).toMatchObject({ description: 'both', key: 'mine.csv' });
  });

  test('[row 62] equal edits and independent ones are no conflict', async () => {
    const { engine, uid } = await labWorld(14);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'same', key: 'mine.csv' });
    engine.addLabels([uid], ['blue 1']);
    engine.switchBranch('main');
    engine.update('Artifact', { uid }, { description: 'same', kind: 'dataset' });
    engine.addLabels([uid], ['blue 1']);
    expect(engine.branchConflicts('try')).toEqual([]);
    engine.mergeBranch('try');
    expect(engine.artifact(uid)).toMatchObject({ description: 'same', key: 'mine.csv', kind: 'dataset' });
    expect(
      engine
        .artifact(uid)
        .labels.map(({ name }) => name)
        .sort(),
    ).toEqual(['blue 1', 'red 1']);
  });

  test('[row 62] one side deleted what the other changed', async () => {
    const { engine, uid, uidOf } = await labWorld(15);
    const other = uidOf('artifact', "key = 'b.csv'");
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine' });
    await engine.trash('Artifact', [{ uid: other }]);
    engine.switchBranch('main');
    await engine.trash('Artifact', [{ uid }]);
    engine.update('Artifact', { uid: other }, { description: 'still needed' });
    const conflicts = engine.branchConflicts('try');
    expect(conflicts.map(({ kind, row }) => `${kind} ${row}`).sort()).toEqual([
      'deleted a.csv',
      'deleted b.csv',
    ]);
    engine.chooseForBranch(
      'try',
      conflicts.map(({ name }) => name),
      { side: 'branch' },
    );
    engine.mergeBranch('try');
    expect(engine.artifact(uid)).toMatchObject({ description: 'mine', trashed: false });
    expect(engine.listArtifacts({ offset: 0, limit: 10 }).rows.map(({ key }) => key)).not.toContain('b.csv');
  });

  test('[row 62] both made a label of one name: main’s is taken, and what pointed to the other points to it', async () => {
    const { world: made, engine, uid } = await labWorld(16);
    engine.createBranch('try', { switch: true });
    engine.addLabels([uid], ['twin']);
    engine.switchBranch('main');
    engine.createULabel('twin');
    const [conflict] = engine.branchConflicts('try');
    expect(conflict).toMatchObject({ kind: 'name', registry: 'ULabel', row: 'twin' });
    engine.chooseForBranch('try', [conflict?.name ?? { tab: 0, id: 0, column: '' }], { side: 'parent' });
    engine.mergeBranch('try');
    expect(made.rows("SELECT branch_id FROM lamindb_ulabel WHERE name = 'twin' ORDER BY branch_id")).toEqual([
      [-1],
      [1],
    ]);
    expect(engine.artifact(uid).labels.filter(({ name }) => name === 'twin')).toHaveLength(1);
    const twin = engine.ulabels('twin', 5);
    expect(twin).toHaveLength(1);
    expect(engine.artifact(uid).labels.find(({ name }) => name === 'twin')?.uid).toBe(twin[0]?.uid);
  });

  test('[row 62] both gave a feature a value, both wrote the note: one is chosen, none is lost', async () => {
    for (const side of ['branch', 'parent'] as const) {
      const { world: made, engine, uid } = await labWorld(20);
      engine.createBranch('try', { switch: true });
      engine.setFeatures(uid, { score: 4, site: 'left' });
      engine.saveNote(uid, '# mine');
      engine.switchBranch('main');
      engine.setFeatures(uid, { score: 3, site: 'left' });
      engine.saveNote(uid, '# theirs');
      const conflicts = engine.branchConflicts('try');
      expect(conflicts).toMatchObject([
        {
          kind: 'version',
          registry: 'Artifact',
          row: 'a.csv',
          field: 'readme',
          parent: '# theirs',
          branch: '# mine',
        },
        { kind: 'value', registry: 'Artifact', row: 'a.csv', field: 'score', parent: '3', branch: '4' },
      ]);
      expect(engine.branchDiff('try').objects[0]?.fields).toMatchObject([
        { field: 'readme', what: 'note' },
        { field: 'score', base: '1', parent: '3', branch: '4', conflict: { kind: 'value' } },
      ]);
      const before = seen(made);
      const names = conflicts.map(({ name }) => name);
      engine.chooseForBranch('try', names, { side });
      const { act } = engine.mergeBranch('try');
      const mine = side === 'branch';
      expect(engine.artifact(uid).note?.content).toBe(mine ? '# mine' : '# theirs');
      const values = engine.artifact(uid).features.map(({ feature, raw }) => [feature.name, ...raw]);
      expect(values).toEqual([
        ['score', mine ? 4 : 3],
        ['site', 'left'],
      ]);
      expect(made.rows('SELECT count(*) FROM lamindb_artifactblock WHERE branch_id = 1')).toEqual([[3]]);
      await engine.undoAct(act);
      expect(seen(made)).toEqual(before);
    }
  });

  test('[row 64] its revert leaves what was changed since, and says so', async () => {
    const { engine, uid } = await labWorld(17);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine', key: 'mine.csv' });
    const { act } = engine.mergeBranch('try');
    engine.update('Artifact', { uid }, { description: 'later' });
    const undone = await engine.undoAct(act);
    expect(undone.skipped).toMatchObject([{ column: 'description', reason: 'changed since' }]);
    expect(engine.artifact(uid)).toMatchObject({ description: 'later', key: 'a.csv' });
  });

  test('takes over what main has: bases move on, what was chosen holds', async () => {
    const { engine, uid } = await labWorld(18);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine', key: 'mine.csv' });
    engine.switchBranch('main');
    engine.update('Artifact', { uid }, { description: 'theirs', key: 'theirs.csv' });
    expect((await refusal(() => engine.updateBranch('try'))).code).toBe('MergeConflict');
    const conflicts = engine.branchConflicts('try');
    const of = (field: string) =>
      conflicts.filter((conflict) => conflict.field === field).map(({ name }) => name);
    engine.chooseForBranch('try', of('description'), { side: 'branch' });
    engine.chooseForBranch('try', of('key'), { side: 'parent' });
    engine.updateBranch('try');
    expect(engine.branchConflicts('try')).toEqual([]);
    expect(engine.branches().find(({ name }) => name === 'try')).toMatchObject({ behind: 0, ahead: 1 });
    engine.switchBranch('try');
    expect(engine.artifact(uid)).toMatchObject({ description: 'mine', key: 'theirs.csv' });
  });

  test('of a branch of a branch goes to its parent', async () => {
    const { engine, uid } = await labWorld(19);
    engine.createBranch('one', { switch: true });
    engine.update('Artifact', { uid }, { description: 'one' });
    engine.createBranch('two', { switch: true });
    engine.update('Artifact', { uid }, { description: 'two' });
    engine.createULabel('of two');
    expect(engine.mergeBranch('two')).toMatchObject({ into: 'one' });
    expect(engine.status().branch.name).toBe('one');
    expect(engine.artifact(uid).description).toBe('two');
    engine.switchBranch('main');
    expect(engine.artifact(uid).description).toBeNull();
    engine.mergeBranch('one');
    expect(engine.artifact(uid).description).toBe('two');
    expect(engine.ulabels('of two', 5)).toHaveLength(1);
  });
});

test('[row 62] of a reference another row is chosen by its uid; what is not there is refused', async () => {
  const { engine, uidOf, world } = await labWorld(22);
  const types = ['one', 'two', 'three'].map((name) => engine.create('Record', { name, is_type: true }).uid);
  const record = { uid: uidOf('record', "name = 'sample 1'") };
  engine.createBranch('try', { switch: true });
  engine.update('Record', record, { type: { uid: types[0] ?? '' } });
  engine.switchBranch('main');
  engine.update('Record', record, { type: { uid: types[1] ?? '' } });
  const [conflict] = engine.branchConflicts('try');
  expect(conflict).toMatchObject({ field: 'type', parent: 'two', branch: 'one', chosen: null });
  const names = [conflict?.name ?? { tab: 0, id: 0, column: '' }];
  const edit = (value: string | null) => engine.chooseForBranch('try', names, { side: 'edit', value });
  expect((await refusal(() => edit('nowhere'))).code).toBe('DoesNotExist');
  edit(types[2] ?? '');
  expect(engine.branchConflicts('try')[0]).toMatchObject({ choice: { side: 'edit' }, chosen: 'three' });
  engine.mergeBranch('try');
  const held = () =>
    world.value(
      'SELECT t.name FROM lamindb_record r JOIN lamindb_record t ON t.id = r.type_id WHERE r.uid = ?',
      [record.uid],
    );
  expect(held()).toBe('three');
});

test('[row 62] a name that the branch itself freed is no clash', async () => {
  const { engine, uidOf } = await labWorld(21);
  engine.createBranch('try', { switch: true });
  engine.update('ULabel', { uid: uidOf('ulabel', "name = 'blue 1'") }, { name: 'navy 1' });
  engine.createULabel('blue 1');
  engine.switchBranch('main');
  expect(engine.branchConflicts('try')).toEqual([]);
  engine.mergeBranch('try');
  expect(engine.ulabels('blue 1', 5)).toHaveLength(1);
});

describe('[row 64] random merges', () => {
  /** One history: both sides do something, and what came of it is held against what must be. */
  async function history(made: MemoryEngine, seed: number): Promise<void> {
    const { engine } = made;
    const random = numbers(seed);
    const name = `try ${seed}`;
    const told: string[] = [];
    engine.createBranch(name, { switch: true });
    for (let step = 0; step < 6; step++) told.push(`branch: ${await anyAct(made, random)}`);
    engine.switchBranch('main');
    for (let step = 0; step < 4; step++) told.push(`main: ${await anyAct(made, random)}`);
    const context = `seed ${seed}\n${told.join('\n')}`;
    const before = seen(made);
    engine.switchBranch(name);
    const branch = seen(made);
    engine.switchBranch('main');
    expect(seen(made), context).toEqual(before);
    const conflicts = engine.branchConflicts(name);
    engine.switchBranch(name);
    // Seen from the branch they are the same. (A row goes by the name that it has where one is.)
    const nameless = (list: typeof conflicts) => list.map((conflict) => ({ ...conflict, row: '' }));
    expect(nameless(engine.branchConflicts(name)), context).toEqual(nameless(conflicts));
    engine.chooseForBranch(
      name,
      conflicts.map((conflict) => conflict.name),
      { side: 'branch' },
    );
    // Parents that both sides added may lead in a circle: refused, with all as it was.
    if (engine.checkBranch(name).failures.length > 0) {
      expect((await refusal(() => engine.mergeBranch(name))).code, context).toBe('MergeConflict');
      expect(seen(made), context).toEqual(branch);
      engine.switchBranch('main');
      expect(seen(made), context).toEqual(before);
      return;
    }
    const { act } = engine.mergeBranch(name);
    const merged = seen(made);
    const undone = await engine.undoAct(act);
    expect(undone.skipped, context).toEqual([]);
    expect(seen(made), context).toEqual(before);
    engine.switchBranch(name);
    expect(seen(made), context).toEqual(branch);
    engine.switchBranch('main');
    await engine.redo();
    expect(seen(made), context).toEqual(merged);
  }

  test('a revert is as before, the branch is as it was, and merged again it is as merged', async () => {
    for (let round = 0; round < rounds; round++) {
      const made = await worldEngine(round);
      seedWorld(made);
      for (let i = 0; i < perEngine; i++) await history(made, round * perEngine + i);
      made.driver.close();
    }
  }, 600_000);
});
