// The projection beside the rest: history, undo, branches, other versions of the app, hostile words.
import { describe, expect, it } from 'vitest';
import { registry } from '../../src/lib/engine/model/declare.ts';
import { createModel } from '../../src/lib/engine/model/model.ts';
import { common } from '../../src/lib/engine/model/registries.ts';
import { sqliteDdl } from '../../src/lib/engine/schema/sqlite.ts';
import type { PlacedRecord } from '../../src/lib/engine/sync/record.ts';
import { numbers } from '../fixtures/numbers.ts';
import { openPeer, type Peer } from './peer.ts';
import {
  a,
  b,
  backwards,
  c,
  cell,
  conflicts,
  describeIt,
  equal,
  label,
  team,
  threeDevices,
} from './three-devices.ts';

threeDevices();

const newestAct = (peer: Peer) => String(peer.rows('SELECT uid FROM loam_act ORDER BY id DESC')[0]?.[0]);

describe('[row 63] history, undo and branches', () => {
  it('history names the author and its time, and another can take the act back', async () => {
    const uid = label(a, 'told');
    describeIt(a, uid, 'by a');
    const at = a.outbox.at(-1)?.record.at;
    expect(at).toBeUndefined();
    team.meet();
    const [entry] = b.engine.rowHistory('ULabel', { uid });
    expect(entry).toMatchObject({ act: { by: 'user1' }, changes: [{ field: 'description', new: 'by a' }] });
    expect(Date.parse(String(entry?.act.at))).toBe(Math.floor((a.outbox.at(-1)?.record.at ?? 0) / 1000));
    await b.engine.undoAct(newestAct(b));
    expect(cell(b, uid, 'description')).toBeNull();
    team.meet();
    equal();
    expect(cell(a, uid, 'description')).toBeNull();
    // The undo of somebody else stands here as well.
    expect(
      a.rows('SELECT undone IS NOT NULL FROM loam_act WHERE uid = ?', [
        a.outbox.at(-1)?.record.act.uid ?? '',
      ]),
    ).toEqual([[1]]);
  });

  it('undo leaves what somebody else changed since', async () => {
    const uid = label(a, 'mine');
    describeIt(a, uid, 'by a');
    const act = newestAct(a);
    team.meet();
    describeIt(b, uid, 'by b');
    team.meet();
    const done = await a.engine.undoAct(act);
    expect(done.skipped).toMatchObject([{ column: 'description', reason: 'changed since', by: 'user2' }]);
    expect(cell(a, uid, 'description')).toBe('by b');
  });

  it('an insert that was undone and done again is the same row everywhere', async () => {
    const uid = label(a, 'again');
    team.meet();
    await a.engine.undo();
    team.meet(backwards);
    equal();
    expect(cell(c, uid, 'name')).toBeUndefined();
    describeIt(a, String(a.rows("SELECT uid FROM lamindb_ulabel WHERE name = 'red 0'")[0]?.[0]), 'else');
    await a.engine.undo();
    await a.engine.redo();
    team.meet();
    equal();
  });

  it('what is done on a branch changes what is kept of it where another branch is checked out', () => {
    const uid = label(a, 'on main');
    a.engine.createBranch('try', { switch: true });
    describeIt(a, uid, 'on the branch');
    const own = label(a, 'of the branch');
    team.meet();
    for (const peer of [b, c]) {
      expect(cell(peer, uid, 'description')).toBeNull();
      expect(peer.engine.writer.author.branchId).toBe(1);
      peer.engine.switchBranch('try');
      expect(cell(peer, uid, 'description')).toBe('on the branch');
      expect(cell(peer, own, 'name')).toBe('of the branch');
    }
    describeIt(b, uid, 'also on the branch');
    // c looks at main while words about the branch come.
    c.engine.switchBranch('main');
    team.meet();
    expect(cell(c, uid, 'description')).toBeNull();
    c.engine.switchBranch('try');
    expect(cell(c, uid, 'description')).toBe('also on the branch');
    for (const peer of team.peers) peer.engine.switchBranch('main');
    equal();
  });

  it('words about main reach it while a branch is checked out', () => {
    const uid = label(a, 'on main');
    team.meet();
    b.engine.createBranch('own', { switch: true });
    describeIt(b, uid, 'of the branch');
    describeIt(a, uid, 'of main');
    team.meet();
    expect(cell(b, uid, 'description')).toBe('of the branch');
    expect(conflicts(b)).toEqual([]);
    b.engine.switchBranch('main');
    expect(cell(b, uid, 'description')).toBe('of main');
    equal();
  });
});

describe('[row 63] other versions, and hostile words', () => {
  it('tables that this version does not have wait for the one that has them', async () => {
    const columns = { ...common, uid: 'c12!', name: 'c150*', plates: 'i?' };
    const assay = registry('lamindb', 'Assay', columns, { uidLength: 12 });
    const newer = createModel([{ name: 'assay', declarations: [assay], migrations: [] }]);
    const uid = label(a, 'known');
    const [made] = team.wrote(a) as [PlacedRecord];
    made.record.operations.push({
      ...{ k: 'i', t: 'lamindb_assay', n: 1 },
      c: {
        uid: 'assayAAAAAAA',
        name: 'plate',
        is_locked: 0,
        branch_id: 'mmmmmmmmmmmm',
        created_on_id: 'mmmmmmmmmmmm',
      },
      v: { space_id: ['aaaaaaaaaaaa'], created_by_id: ['userAAAA'], plates: [4] },
    });
    c.project([made]);
    expect(cell(c, uid, 'name')).toBe('known');
    expect(c.rows('SELECT reason FROM loam_parked')).toEqual([['table lamindb_assay']]);
    const disk = c.disk();
    for (const sql of sqliteDdl(newer).filter((one) => one.includes('lamindb_assay'))) c.driver.exec(sql);
    const upgraded = { ...disk, bytes: c.driver.serialize() };
    const later = await openPeer({
      ...{
        name: 'later',
        user: 'userCCCC',
        disk: upgraded,
        clock: () => Date.now(),
        random: numbers(9),
        client: 99,
        model: newer,
      },
    });
    expect(later.rows('SELECT name, plates FROM lamindb_assay')).toEqual([['plate', 4]]);
    expect(later.rows('SELECT count(*) FROM loam_parked')).toEqual([[0]]);
    later.close();
  });

  it('columns that it does not have wait, the others are done', () => {
    const uid = label(a, 'known');
    const [made] = team.wrote(a) as [PlacedRecord];
    (made.record.operations[0]?.c ?? {})['colour'] = 'red';
    c.project([made]);
    expect(cell(c, uid, 'name')).toBe('known');
    expect(c.rows('SELECT reason FROM loam_parked')).toEqual([['column colour']]);
  });

  it('content that no Loam writes changes nothing, and the next records go on after it', () => {
    label(a, 'fine');
    const [one] = team.wrote(a) as [PlacedRecord];
    const uid = label(a, 'after it');
    const [two] = team.wrote(a) as [PlacedRecord];
    const operation = one.record.operations[0] as { c: Record<string, unknown> };
    operation.c = { ...operation.c, name: 'x'.repeat(500) };
    const done = c.project([one, two]);
    expect(done.refused).toMatchObject([{ client: 1, clock: 0 }]);
    expect(done.refused[0]?.reason).toMatch(/150 characters/);
    expect(cell(c, uid, 'name')).toBe('after it');
    expect(c.rows("SELECT count(*) FROM lamindb_ulabel WHERE name LIKE 'xx%'")).toEqual([[0]]);
  });
});
