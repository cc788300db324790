// What a branch out of a file holds back: told by the rows it waits for, taken in once they are here and seen.
import { describe, expect, test } from 'vitest';
import { heldWords } from '../../src/lib/client/branch-words.ts';
import { copyOf, seeded, uidOf } from './bundle-world.ts';
import { refusal } from './memory-engine.ts';

describe('[row 72] what a branch out of a file holds back', () => {
  test('is told by the rows it waits for, with their names', async () => {
    const { world, before } = await seeded(51);
    const { engine } = world;
    const uid = uidOf(world, 'a.csv');
    engine.createULabel('since');
    engine.createULabel('only renamed');
    const since = String(world.value("SELECT uid FROM lamindb_ulabel WHERE name = 'since'"));
    const renamed = String(world.value("SELECT uid FROM lamindb_ulabel WHERE name = 'only renamed'"));
    engine.createBranch('try', { switch: true });
    engine.addLabels([uid, uidOf(world, 'b.csv')], ['since', 'blue 1']);
    engine.update('ULabel', { uid: renamed }, { description: 'mine' });
    engine.createULabel('child');
    engine.relate(
      'ULabel',
      { uid: String(world.value("SELECT uid FROM lamindb_ulabel WHERE name = 'child'")) },
      'parents',
      {
        add: [{ uid: since }],
      },
    );
    const { bytes } = await engine.exportBranch('try');

    const other = await copyOf(before);
    const { held, made } = await other.engine.importBranch(bytes);
    expect(made).toBe(1);
    // Links are told by what they tie.
    expect(held.map(({ row }) => row).sort()).toEqual([
      'a.csv – since',
      'b.csv – since',
      'child – since',
      'only renamed',
    ]);
    expect(other.engine.waitingOfBranch('try')).toEqual({
      changes: 4,
      ready: 0,
      rows: [
        { registry: 'ULabel', name: 'since', uid: since, branch: null, changes: 3 },
        { registry: 'ULabel', name: 'only renamed', uid: renamed, branch: null, changes: 1 },
      ],
      more: 0,
    });
    other.engine.writer.act({ kind: 'seed', title: 'label' }, (tx) =>
      other.insertOne(tx, 'lamindb_ulabel', { uid: since, name: 'since' }),
    );
    expect(other.engine.waitingOfBranch('try')).toMatchObject({
      changes: 4,
      ready: 3,
      rows: [{ name: 'only renamed' }],
    });
    // What is said to fit is what comes in.
    const received = other.engine.takeHeld('try');
    expect(received).toMatchObject({ added: 3, changed: 0, held: [{ row: 'only renamed' }] });
    expect(heldWords(received)).toEqual([
      '3 changes came in',
      `1 change still waits: only renamed needs ULabel only renamed (${renamed}).`,
    ]);
    expect(other.engine.waitingOfBranch('try')).toMatchObject({ changes: 1, ready: 0 });
    expect(other.engine.status().branch.isMain).toBe(true);
    other.engine.switchBranch('try');
    expect(
      other.engine
        .artifact(uid)
        .labels.map(({ name }) => name)
        .sort(),
    ).toEqual(['blue 1', 'red 1', 'since']);
  });

  test('waits for a row that is here on a branch it does not see, until that is merged', async () => {
    const { world, before } = await seeded(52);
    const { engine } = world;
    const uid = uidOf(world, 'a.csv');
    engine.createBranch('first', { switch: true });
    engine.createULabel('of the first');
    const first = (await engine.exportBranch('first')).bytes;
    engine.switchBranch('main');
    engine.mergeBranch('first');
    engine.createBranch('second', { switch: true });
    engine.addLabels([uid], ['of the first']);
    const second = (await engine.exportBranch('second')).bytes;

    const other = await copyOf(before);
    await other.engine.importBranch(first);
    const { held } = await other.engine.importBranch(second);
    expect(held).toMatchObject([
      {
        row: 'a.csv – of the first',
        missing: expect.stringMatching(/^ULabel of the first \(\w+ on the branch first\)$/),
      },
    ]);
    expect(other.engine.waitingOfBranch('second')).toMatchObject({
      ready: 0,
      rows: [{ name: 'of the first', branch: 'first', changes: 1 }],
    });
    expect(other.engine.takeHeld('second')).toMatchObject({ added: 0, held: [{}] });
    other.engine.mergeBranch('first');
    expect(other.engine.waitingOfBranch('second')).toEqual({ changes: 1, ready: 1, rows: [], more: 0 });
    expect(other.engine.takeHeld('second')).toMatchObject({ added: 1, held: [] });
    expect(other.engine.branchDiff('second').objects).toMatchObject([{ row: 'a.csv' }]);
    // The branch is as it was where it comes from.
    other.engine.mergeBranch('second');
    expect(
      other.engine
        .artifact(uid)
        .labels.map(({ name }) => name)
        .sort(),
    ).toEqual(['of the first', 'red 1']);
  });

  test('is not taken in where the branch was merged or closed', async () => {
    const { world, before } = await seeded(53);
    const { engine } = world;
    engine.createULabel('since');
    engine.createBranch('try', { switch: true });
    engine.addLabels([uidOf(world, 'a.csv')], ['since', 'blue 1']);
    const { bytes } = await engine.exportBranch('try');
    const other = await copyOf(before);
    await other.engine.importBranch(bytes);
    other.engine.closeBranch('try');
    expect((await refusal(() => other.engine.takeHeld('try'))).message).toContain(
      'is closed: nothing comes in',
    );
    other.engine.reopenBranch('try');
    other.engine.mergeBranch('try');
    expect((await refusal(() => other.engine.takeHeld('try'))).message).toContain(
      'is merged: nothing comes in',
    );
    expect(other.engine.heldOfBranch('try')).toBe(1);
    await other.engine.revertBranch('try');
    expect(other.engine.takeHeld('try')).toMatchObject({ added: 0, held: [{}] });
  });
});
