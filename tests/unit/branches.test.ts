// Branches: what is done on one is seen there alone, whatever it is, and to switch away and back changes nothing.
import { describe, expect, test } from 'vitest';
import { anyAct, digest, labWorld, numbers, seedWorld, seen, worldEngine } from './branch-world.ts';
import { refusal } from './memory-engine.ts';

const rounds = process.env['LOAM_LONG'] === '1' ? 150 : 25;

describe('[row 59] [row 60] a branch', () => {
  test('keeps edits, links, values, notes, trash and restores of existing rows to itself', async () => {
    const { world, engine, uid, uidOf } = await labWorld(1);
    const other = uidOf('artifact', "key = 'b.csv'");
    const main = seen(world, { stamps: true });

    engine.createBranch('try', { switch: true });
    expect(engine.status().branch).toMatchObject({ name: 'try', isMain: false });
    engine.update('Artifact', { uid }, { description: 'on the branch' });
    engine.addLabels([uid], ['blue 1', 'brand new']);
    engine.removeLabel(uid, 'ULabel', uidOf('ulabel', "name = 'red 1'"));
    engine.setFeatures(uid, { score: 4, site: 'right' });
    engine.saveNote(uid, '# second');
    await engine.trash('Artifact', [{ uid: other }]);
    const branch = seen(world, { stamps: true });
    expect(engine.artifact(uid)).toMatchObject({ description: 'on the branch' });
    expect(
      engine
        .artifact(uid)
        .labels.map(({ name }) => name)
        .sort(),
    ).toEqual(['blue 1', 'brand new']);
    expect(engine.listArtifacts({ offset: 0, limit: 10 }).rows.map((row) => row.key)).not.toContain('b.csv');

    engine.switchBranch('main');
    expect(seen(world, { stamps: true })).toEqual(main);
    expect(engine.artifact(uid)).toMatchObject({ description: null });
    expect(engine.artifact(uid).labels.map(({ name }) => name)).toEqual(['red 1']);
    expect(engine.listArtifacts({ offset: 0, limit: 10 }).rows.map((row) => row.key)).toContain('b.csv');
    expect(engine.ulabels('brand', 10)).toEqual([]);

    engine.switchBranch('try');
    expect(seen(world, { stamps: true })).toEqual(branch);
  });

  test('follows main in what it has not edited', async () => {
    const { engine, uid } = await labWorld(2);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine' });
    engine.switchBranch('main');
    engine.update('Artifact', { uid }, { key: 'moved.csv' });
    engine.createULabel('from main');
    engine.switchBranch('try');
    expect(engine.artifact(uid)).toMatchObject({ description: 'mine', key: 'moved.csv' });
    expect(engine.ulabels('from main', 10)).toHaveLength(1);
    expect(engine.branches().find(({ name }) => name === 'try')).toMatchObject({
      ahead: 1,
      behind: 2,
      parent: { name: 'main' },
    });
  });

  test('has one latest version per family, and get by key finds one', async () => {
    const world = await worldEngine(3);
    const { engine } = world;
    world.artifacts('a.csv');
    const uid = String(world.value('SELECT uid FROM lamindb_artifact'));
    engine.createBranch('try', { switch: true });
    engine.writer.act({ kind: 'drop', title: 'version' }, (tx) =>
      world.insertOne(tx, 'lamindb_artifact', {
        uid: `${uid.slice(0, -4)}0001`,
        key: 'a.csv',
        suffix: '.csv',
        storage_id: 1,
        size: 2,
        hash: 'x'.repeat(22),
        _hash_type: 'md5',
        _key_is_virtual: 1,
        _overwrite_versions: 0,
      }),
    );
    const latest = () =>
      world
        .rows('SELECT uid FROM lamindb_artifact WHERE is_latest = 1 AND branch_id IN (1, 2) ORDER BY uid')
        .map(([u]) => String(u).slice(-4));
    expect(latest()).toEqual(['0001']);
    expect(engine.getRow('Artifact', { key: 'a.csv' }, ['uid'])).toEqual([`${uid.slice(0, -4)}0001`]);
    engine.switchBranch('main');
    // On its branch it is the latest of that branch, as LaminDB has it.
    expect(latest()).toEqual(['0000', '0001']);
    expect(engine.getRow('Artifact', { key: 'a.csv' }, ['uid'])).toEqual([uid]);
  });

  test('undo and redo are of the branch; an undone edit follows main again', async () => {
    const { engine, uid } = await labWorld(4);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine' });
    engine.switchBranch('main');
    engine.update('Artifact', { uid }, { description: 'theirs' });
    const onMain = engine.acts(1)[0]?.uid ?? '';
    engine.switchBranch('try');
    expect((await refusal(() => engine.undoAct(onMain))).code).toBe('UndoConflict');
    await engine.undo();
    expect(engine.artifact(uid).description).toBe('theirs');
    expect(engine.branches().find(({ name }) => name === 'try')?.ahead).toBe(0);
    expect(await engine.undo()).toBeNull();
    await engine.redo();
    expect(engine.artifact(uid).description).toBe('mine');
    engine.switchBranch('main');
    expect(engine.artifact(uid).description).toBe('theirs');
  });

  test('of a branch has what its parent has', async () => {
    const { world, engine, uid } = await labWorld(5);
    engine.createBranch('one', { switch: true });
    engine.update('Artifact', { uid }, { description: 'one' });
    engine.createULabel('of one');
    const one = seen(world);
    engine.createBranch('two', { switch: true });
    engine.update('Artifact', { uid }, { description: 'two' });
    engine.update(
      'ULabel',
      { uid: engine.ulabels('of one', 1)[0]?.uid ?? '' },
      { description: 'seen by two' },
    );
    const two = seen(world);
    engine.switchBranch('main');
    expect(engine.artifact(uid).description).toBeNull();
    engine.switchBranch('two');
    expect(seen(world)).toEqual(two);
    engine.switchBranch('one');
    expect(seen(world)).toEqual(one);
    engine.switchBranch('two');
    expect(seen(world)).toEqual(two);
  });

  test('is read without switching', async () => {
    const { world, engine, uid } = await labWorld(6);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine' });
    engine.switchBranch('main');
    const before = seen(world, { stamps: true });
    expect(engine.onBranch('try', () => engine.artifact(uid).description)).toBe('mine');
    expect(seen(world, { stamps: true })).toEqual(before);
    expect(engine.status().branch.isMain).toBe(true);
    expect(engine.artifact(uid).description).toBeNull();
  });

  test('a value that the branch freed stays main’s: another row cannot take it', async () => {
    const world = await worldEngine(8);
    const { engine } = world;
    const first = engine.create('bionty.Organism', { name: 'mouse', abbr: 'mm' });
    engine.createBranch('try', { switch: true });
    engine.update('bionty.Organism', { uid: first.uid ?? '' }, { abbr: 'mmu' });
    const second = () => engine.create('bionty.Organism', { name: 'marmot', abbr: 'mm' });
    expect((await refusal(second)).message).toContain('on the branch that this one comes from');
    engine.create('bionty.Organism', { name: 'marmot', abbr: 'ma' });
    engine.switchBranch('main');
    expect(world.rows('SELECT abbr FROM bionty_organism WHERE branch_id = 1')).toEqual([['mm']]);
    engine.switchBranch('try');
    expect(
      (await refusal(() => engine.createBranch('ÄPFEL') && engine.createBranch('äpfel'))).message,
    ).toContain('already');
  });

  test('is not undone away while it has changes', async () => {
    const { engine, uid } = await labWorld(9);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mine' });
    engine.switchBranch('main');
    expect((await engine.undo())?.skipped).toMatchObject([{ reason: 'has changes of its own' }]);
    engine.switchBranch('try');
    expect(engine.artifact(uid).description).toBe('mine');
    engine.switchBranch('main');
    engine.createBranch('empty');
    expect((await engine.undo())?.skipped).toEqual([]);
    expect((await refusal(() => engine.switchBranch('empty'))).code).toBe('DoesNotExist');
  });

  test('is refused in words where it cannot be', async () => {
    const { engine, uidOf } = await labWorld(7);
    engine.createBranch('try', { switch: true });
    expect((await refusal(() => engine.createBranch('TRY'))).message).toContain('already');
    expect((await refusal(() => engine.switchBranch('nowhere'))).message).toContain(
      'There is no branch "nowhere"',
    );
    const label = uidOf('ulabel', "name = 'green 1'");
    expect((await refusal(() => engine.purge('ULabel', [{ uid: label }]))).message).toContain(
      'not made on this branch',
    );
    engine.closeBranch('try');
    expect(engine.status().branch.isMain).toBe(true);
    expect((await refusal(() => engine.switchBranch('try'))).message).toContain('is closed');
    engine.reopenBranch('try');
    engine.switchBranch('try');
  });
});

describe('[row 60] random histories', () => {
  test('to switch away and back changes nothing, and main is as if the branch were not there', async () => {
    for (let seed = 1; seed <= rounds; seed++) {
      const world = await worldEngine(seed);
      const alone = await worldEngine(seed);
      const random = numbers(seed * 7919);
      const told: string[] = [];
      for (const each of [world, alone]) seedWorld(each);
      for (let step = 0; step < 4; step++) told.push(await both(world, alone, random));
      const main = seen(world, { stamps: true });
      world.engine.createBranch('try', { switch: true });
      alone.engine.createBranch('try');
      for (let step = 0; step < 14; step++) told.push(`try: ${await both(world, alone, random)}`);
      const context = `seed ${seed}\n${told.join('\n')}`;
      const branch = seen(world, { stamps: true });
      // As on a database where the same was done on main.
      expect(seen(world, { merged: true }), context).toEqual(seen(alone, { merged: true }));
      world.engine.switchBranch('main');
      expect(seen(world, { stamps: true }), context).toEqual(main);
      world.engine.switchBranch('try');
      expect(digest(seen(world, { stamps: true })), context).toBe(digest(branch));
      for (const each of [world, alone]) each.driver.close();
    }
  }, 600_000);
});

/** The same act on both: what is random in it is drawn once. */
async function both(
  a: Awaited<ReturnType<typeof worldEngine>>,
  b: Awaited<ReturnType<typeof worldEngine>>,
  random: () => number,
): Promise<string> {
  const drawn = Math.floor(random() * 2 ** 31);
  const told = await anyAct(a, numbers(drawn));
  // A branch has no undo before it has an act; the other database has those of main.
  if (told !== 'nothing') await anyAct(b, numbers(drawn));
  return told;
}
