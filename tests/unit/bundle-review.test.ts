// The review of a branch in its file, and what was chosen where it and main differ: there in another copy, about the same state.
import { describe, expect, test } from 'vitest';
import { openBundle, sealBundle } from '../../src/lib/engine/branch/bundle-file.ts';
import type { Bundle } from '../../src/lib/engine/branch/bundle.ts';
import { copyOf, seeded, uidOf } from './bundle-world.ts';
import { refusal, type MemoryEngine } from './memory-engine.ts';

/** Somebody who is unknown in the other copies, and a way to be that person. */
function bobIn(world: MemoryEngine): <T>(does: () => T) => T {
  const { author } = world.engine.writer;
  world.engine.writer.act({ kind: 'seed', title: 'user' }, (tx) =>
    world.insertOne(tx, 'lamindb_user', { uid: 'Bob00000', handle: 'bob', name: 'Bob' }),
  );
  const bob = Number(world.value("SELECT id FROM lamindb_user WHERE handle = 'bob'"));
  return (does) => {
    const before = author.userId;
    author.userId = bob;
    try {
      return does();
    } finally {
      author.userId = before;
    }
  };
}

const verdictsOf = ({ engine }: MemoryEngine, branch = 'try') =>
  engine.branchReview(branch).verdicts.map(({ by, verdict, stale, own }) => [by.handle, verdict, stale, own]);
/** What a person sees of it, without who looks. */
function seen({ engine }: MemoryEngine) {
  const { status, readme, reviewers, verdicts, threads } = engine.branchReview('try');
  return { status, readme, reviewers, verdicts, threads };
}

describe('[row 72] the review of a branch in its file', () => {
  test('README, threads, verdicts and reviewers are there, with people who were unknown', async () => {
    const { world, before } = await seeded(61);
    const { engine } = world;
    const uid = uidOf(world, 'a.csv');
    const bob = bobIn(world);
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid }, { description: 'mended' });
    engine.saveBranchReadme('try', '# Why');
    engine.saveBranchReadme('try', '# Why\n\nIt was wrong.');
    engine.addReviewer('try', 'bob');
    engine.askForReview('try', 'review');
    const anchor = { registry: 'Artifact', uid, field: 'description' };
    bob(() => engine.commentOnBranch('try', 'Is that so?', { anchor }));
    const thread = String(engine.branchReview('try').threads[0]?.uid);
    engine.commentOnBranch('try', 'It is.', { reply: thread });
    engine.resolveThread('try', thread, true);
    engine.commentOnBranch('try', 'Please look');
    bob(() => engine.giveVerdict('try', 'approve', 'Good'));
    engine.giveVerdict('try', 'approve');

    const file = await engine.exportBranch('try');
    const other = await copyOf(before);
    expect(await other.engine.readBundle(file.bytes)).toMatchObject({
      review: { readme: true, comments: 3, verdicts: 2, reviewers: 1, choices: 0 },
    });
    await other.engine.importBranch(file.bytes);
    expect(seen(other)).toEqual(seen(world));
    expect(other.engine.branchReview('try')).toMatchObject({
      status: 'review',
      readme: { content: '# Why\n\nIt was wrong.' },
      reviewers: [{ handle: 'bob' }],
      threads: [{ resolved: true, anchor: { ...anchor, row: 'a.csv' }, comments: [{}, {}] }, {}],
    });
    expect(
      other.rows("SELECT content, is_latest FROM lamindb_branchblock WHERE kind = 'readme' ORDER BY id"),
    ).toEqual(
      world.rows("SELECT content, is_latest FROM lamindb_branchblock WHERE kind = 'readme' ORDER BY id"),
    );
    // It goes on there, and back again.
    other.engine.commentOnBranch('try', 'Here too', { reply: thread });
    other.engine.resolveThread('try', thread, false);
    expect(other.engine.branchReview('try').threads[0]).toMatchObject({
      resolved: false,
      comments: [{}, {}, {}],
    });
    await other.engine.undo();
    expect(other.engine.branchReview('try').threads[0]?.resolved).toBe(true);
  });

  test('a verdict is about the same state, until something is done on the branch there', async () => {
    const { world, before } = await seeded(62);
    const { engine } = world;
    const bob = bobIn(world);
    engine.createBranch('try', { switch: true });
    engine.createULabel('mine');
    bob(() => engine.giveVerdict('try', 'approve'));
    engine.setReviewRules({ approvals: 1, threads: false });
    expect(engine.branchReview('try').unmet).toEqual([]);
    const { bytes } = await engine.exportBranch('try');
    const other = await copyOf(before);
    other.engine.setReviewRules({ approvals: 1, threads: false });
    await other.engine.importBranch(bytes);
    expect(verdictsOf(other)).toEqual([['bob', 'approve', false, false]]);
    expect(other.engine.branchReview('try').unmet).toEqual([]);
    // What is said of the branch and done elsewhere leaves its state, which has the same name in both.
    other.engine.renameBranch('try', 'tried');
    other.engine.createULabel('on main');
    other.engine.commentOnBranch('tried', 'Fine');
    expect(verdictsOf(other, 'tried')).toEqual([['bob', 'approve', false, false]]);
    const { manifest } = await openBundle((await other.engine.exportBranch('tried')).bytes, null);
    expect(manifest.branch.state).toBe((await openBundle(bytes, null)).manifest.branch.state);
    other.engine.switchBranch('tried');
    other.engine.createULabel('another');
    expect(verdictsOf(other, 'tried')).toEqual([['bob', 'approve', true, false]]);
    expect(other.engine.branchReview('tried').unmet).toHaveLength(1);
    await other.engine.undo();
    expect(verdictsOf(other, 'tried')).toEqual([['bob', 'approve', true, false]]);

    // An old verdict stays old.
    engine.createULabel('since');
    const third = await copyOf(before);
    await third.engine.importBranch((await engine.exportBranch('try')).bytes);
    expect(verdictsOf(third)).toEqual([['bob', 'approve', true, false]]);
  });

  test('what was held back is not the state a verdict is about; with the last of it, it is', async () => {
    const { world, before } = await seeded(63);
    const { engine } = world;
    const bob = bobIn(world);
    engine.createULabel('since');
    engine.createULabel('later');
    const [since, later] = ['since', 'later'].map((name) =>
      String(world.value('SELECT uid FROM lamindb_ulabel WHERE name = ?', [name])),
    );
    engine.createBranch('try', { switch: true });
    engine.addLabels([uidOf(world, 'a.csv')], ['since', 'later', 'blue 1']);
    bob(() => engine.giveVerdict('try', 'approve'));
    const { bytes } = await engine.exportBranch('try');
    for (const meanwhile of [false, true]) {
      const other = await copyOf(before);
      await other.engine.importBranch(bytes);
      expect(verdictsOf(other)).toEqual([['bob', 'approve', true, false]]);
      for (const [uid, name] of [
        [since, 'since'],
        [later, 'later'],
      ]) {
        other.engine.writer.act({ kind: 'seed', title: 'label' }, (tx) =>
          other.insertOne(tx, 'lamindb_ulabel', { uid: uid ?? '', name: name ?? '' }),
        );
        if (meanwhile && name === 'later') {
          other.engine.switchBranch('try');
          other.engine.createULabel('of the other copy');
        }
        other.engine.takeHeld('try');
        expect(verdictsOf(other)).toEqual([['bob', 'approve', meanwhile || name === 'since', false]]);
      }
      other.driver.close();
    }
  });

  test('who made the branch made it wherever it is opened: what that person says does not count', async () => {
    const { world, before } = await seeded(64);
    const { engine } = world;
    const bob = bobIn(world);
    bob(() => engine.createBranch('try', { switch: true }));
    bob(() => engine.createULabel('of bob'));
    bob(() => engine.giveVerdict('try', 'approve'));
    const { bytes } = await engine.exportBranch('try');
    const other = await copyOf(before);
    other.engine.setReviewRules({ approvals: 1, threads: false });
    await other.engine.importBranch(bytes);
    const made = ({ engine: of }: MemoryEngine) => {
      const row = of.branches().find(({ name }) => name === 'try');
      return [row?.by, row?.createdAt];
    };
    expect(made(other)).toEqual(made(world));
    expect(verdictsOf(other)).toEqual([['bob', 'approve', false, true]]);
    expect((await refusal(() => other.engine.mergeBranch('try'))).code).toBe('ReviewNeeded');
    other.engine.giveVerdict('try', 'approve');
    other.engine.mergeBranch('try');
  });

  test('what is about another branch, by nobody or of another table is refused whole', async () => {
    const { world, before } = await seeded(65);
    const { engine } = world;
    engine.createBranch('try', { switch: true });
    engine.createULabel('mine');
    engine.saveBranchReadme('try', '# Why');
    engine.commentOnBranch('try', 'Hm');
    const { manifest, content } = await openBundle((await engine.exportBranch('try')).bytes, null);
    const other = await copyOf(before);
    const state = other.state();
    const altered = async (change: (bundle: Bundle) => void) => {
      const bundle = structuredClone({ manifest, content });
      change(bundle);
      return (await refusal(async () => other.engine.importBranch(await sealBundle(bundle, null)))).message;
    };
    const cells = ({ content: { review } }: Bundle, column: string) => {
      const [part] = review;
      return part?.values[part.columns.indexOf(column)] ?? [];
    };
    expect(await altered((bundle) => (cells(bundle, 'branch_id')[0] = 'main'))).toContain(
      'about another branch',
    );
    expect(await altered((bundle) => (cells(bundle, 'created_by_id')[1] = 'nobody'))).toContain(
      'refers to a user',
    );
    expect(await altered((bundle) => (cells(bundle, '_aux')[1] = '{"loam":'))).toContain(
      'Nothing was changed',
    );
    expect(
      await altered((bundle) => Object.assign(bundle.content.review[0] ?? {}, { table: 'lamindb_ulabel' })),
    ).toContain('no table of a review');
    expect(
      await altered((bundle) => Object.assign(bundle.content.review[0]?.columns ?? [], { 0: 'id' })),
    ).toContain('no column "id"');
    expect(await altered((bundle) => bundle.content.review.push(...bundle.content.review))).toContain(
      'here already',
    );
    expect(other.state()).toBe(state);
    expect(other.engine.status().branch.isMain).toBe(true);
  });
});

describe('[row 72] what was chosen where a branch and main differ', () => {
  /** Differences of every kind, made on main in any copy. */
  function onMain({ engine, ...world }: MemoryEngine): void {
    engine.update('Artifact', { uid: uidOf({ engine, ...world }, 'a.csv') }, { description: 'of main' });
    engine.createULabel('twice');
    engine.setFeatures(uidOf({ engine, ...world }, 'b.csv'), { score: 3 });
    engine.update('Artifact', { uid: uidOf({ engine, ...world }, 'c.csv') }, { description: 'kept on main' });
  }

  test('is there in the other copy where main has the same, and is asked again where it has not', async () => {
    const { world, before } = await seeded(71);
    const { engine } = world;
    engine.createBranch('try', { switch: true });
    engine.update('Artifact', { uid: uidOf(world, 'a.csv') }, { description: 'of the branch' });
    engine.createULabel('twice');
    engine.setFeatures(uidOf(world, 'b.csv'), { score: 4 });
    engine.trash('Artifact', [{ uid: uidOf(world, 'c.csv') }]);
    engine.switchBranch('main');
    onMain(world);
    const conflicts = engine.branchConflicts('try');
    expect(conflicts.map(({ kind }) => kind).sort()).toEqual(['changed', 'deleted', 'name', 'value']);
    for (const { kind, name } of conflicts)
      engine.chooseForBranch(
        'try',
        [name],
        kind === 'changed'
          ? { side: 'edit', value: 'of both' }
          : { side: kind === 'deleted' ? 'parent' : 'branch' },
      );
    const { bytes } = await engine.exportBranch('try');
    expect(await engine.readBundle(bytes)).toMatchObject({ review: { choices: 4 } });

    const same = await copyOf(before);
    onMain(same);
    await same.engine.importBranch(bytes);
    const chosen = (of: MemoryEngine) =>
      of.engine.branchConflicts('try').map(({ kind, row, choice }) => [kind, row, choice]);
    expect(chosen(same)).toEqual(chosen(world));
    expect(chosen(same).map(([, , choice]) => choice)).not.toContain(null);
    same.engine.mergeBranch('try');
    engine.mergeBranch('try');
    for (const one of [world, same]) {
      expect(one.engine.artifact(uidOf(one, 'a.csv')).description).toBe('of both');
      expect(one.engine.artifact(uidOf(one, 'c.csv'))).toMatchObject({ description: 'kept on main' });
    }

    const others = await copyOf(before);
    onMain(others);
    others.engine.update('Artifact', { uid: uidOf(others, 'a.csv') }, { description: 'something else' });
    others.engine.setFeatures(uidOf(others, 'b.csv'), { score: 5 });
    others.engine.update('Artifact', { uid: uidOf(others, 'c.csv') }, { description: 'something else' });
    await others.engine.importBranch(bytes);
    expect(
      chosen(others)
        .map(([kind, , choice]) => [kind, choice !== null])
        .sort(),
    ).toEqual([
      ['changed', false],
      ['deleted', false],
      ['name', true],
      ['value', false],
    ]);
  });
});
