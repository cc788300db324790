// What the server refused after its author had it in the tables: the author's tables become those of a device that never had it.
import { describe, expect, it } from 'vitest';
import { runSync } from '../../src/lib/engine/statement.ts';
import { insertOne } from '../../src/lib/engine/write/apply.ts';
import type { PlacedRecord } from '../../src/lib/engine/sync/record.ts';
import { readRecord } from '../../src/lib/engine/write/packs.ts';
import type { Peer } from './peer.ts';
import { a, b, c, cell, conflicts, describeIt, equal, label, team, threeDevices } from './three-devices.ts';

threeDevices();

/** The server takes all but these; everybody is told. `a` had them in its tables, `b` and `c` never have. */
function meetWithout(refused: readonly PlacedRecord[]): void {
  for (const peer of team.peers) peer.seal();
  const gone = new Set(refused);
  const all = team.peers.flatMap(({ outbox }) => outbox).filter((record) => !gone.has(record));
  for (const peer of team.peers) peer.project(all, places(refused));
}

const places = (records: readonly PlacedRecord[]) => records.map(({ client, clock }) => ({ client, clock }));
/** Everybody has everything; what is written from here on is new. */
function shared(): void {
  team.meet();
  for (const peer of team.peers) team.wrote(peer);
}

const artifact = (peer: Peer, name: string): string => {
  const uid = `${name.padStart(16, '0')}0000`;
  peer.engine.writer.act({ kind: 'drop', title: 'new' }, (tx) =>
    insertOne(tx, 'lamindb_artifact', {
      ...{ uid, key: `${name}.csv`, suffix: '.csv', storage_id: 1, size: 1, hash: name.padStart(22, 'h') },
      ...{ _hash_type: 'md5', _key_is_virtual: 1, _overwrite_versions: 0 },
    }),
  );
  return uid;
};
const said = (peer: Peer, rec: number) => {
  const { act, body } = runSync(peer.driver, readRecord(peer.engine.writer.journal, rec));
  return { act, record: body.o };
};
const keptOut = (peer: Peer) => runSync(peer.driver, peer.projector.keptOut());
const links = (peer: Peer) => peer.rows('SELECT count(*) FROM lamindb_artifactulabel')[0]?.[0];

describe('[row 86] records that were refused', () => {
  it('are taken out: a row that was made goes, a change goes back, and undo is not offered', () => {
    const ground = String(a.rows("SELECT uid FROM lamindb_ulabel WHERE name = 'red 0'")[0]?.[0]);
    const stamp = cell(a, ground, 'updated_at');
    describeIt(a, ground, 'not allowed');
    const uid = label(a, 'not allowed');
    const refused = team.wrote(a);
    expect(refused).toHaveLength(2);
    meetWithout(refused);
    equal();
    expect(cell(a, ground, 'description')).toBe(null);
    expect(cell(a, ground, 'updated_at')).toBe(stamp);
    expect(cell(a, uid, 'name')).toBe(undefined);
    expect(a.engine.status().canUndo?.title ?? '').not.toContain('not allowed');
    // Once more changes nothing.
    expect(a.project([], places(refused)).acts).toEqual([]);
    // It is in the history as it was.
    expect(a.rows("SELECT count(*) FROM loam_act WHERE status = 'refused'")).toEqual([[2]]);
    for (const { act, record } of a.rows('SELECT rec FROM loam_void').map(([rec]) => said(a, Number(rec))))
      expect(act !== undefined && record.length).toBe(1);
  });

  it('what others and the author wrote later of it waits with it, and comes back once it is there again', () => {
    const uid = label(a, 'lung');
    const refused = team.wrote(a);
    const host = artifact(a, 'host');
    a.engine.addLabels([host], ['lung']);
    describeIt(a, uid, 'an organ');
    const later = team.wrote(a);
    expect(links(a)).toBe(1);
    meetWithout(refused);
    equal();
    expect(links(a)).toBe(0);
    for (const peer of [a, b])
      expect(keptOut(peer)).toMatchObject([
        { table: 'lamindb_artifactulabel', reason: 'missing', whole: true },
      ]);
    expect(later.length).toBeGreaterThan(1);
  });

  it('rows that were deleted are there again, those that hung on them as well', async () => {
    const host = artifact(a, 'host');
    a.engine.addLabels([host], ['red 0']);
    shared();
    a.engine.trash('Artifact', [{ uid: host }]);
    await a.engine.purge('Artifact', [{ uid: host }]);
    const refused = team.wrote(a);
    expect(links(a)).toBe(0);
    const ground = String(a.rows("SELECT uid FROM lamindb_ulabel WHERE name = 'blue 0'")[0]?.[0]);
    a.engine.trash('ULabel', [{ uid: ground }]);
    await a.engine.purge('ULabel', [{ uid: ground }]);
    refused.push(...team.wrote(a));
    meetWithout(refused);
    equal();
    expect(links(a)).toBe(1);
    expect(cell(a, ground, 'name')).toBe('blue 0');
  });

  it('what a refused record had seen counts no more, here as elsewhere', () => {
    const uid = label(a, 'shared');
    shared();
    describeIt(b, uid, 'by b');
    a.project(team.wrote(b));
    team.wrote(a);
    label(a, 'says that it has seen b');
    const refused = team.wrote(a);
    describeIt(a, uid, 'by a');
    meetWithout(refused);
    equal();
    expect(conflicts(a)).toHaveLength(1);
    // The next one tells again.
    describeIt(a, uid, 'agreed');
    team.meet((records) => records.filter((record) => !refused.includes(record)));
    equal();
    for (const peer of team.peers) expect(conflicts(peer)).toEqual([]);
  });

  it('on a branch: the branch follows its parent again', () => {
    const uid = label(a, 'shared');
    shared();
    a.engine.createBranch('try');
    shared();
    a.engine.switchBranch('try');
    describeIt(a, uid, 'on try');
    a.engine.addLabels([artifact(a, 'host')], ['red 0']);
    const refused = team.wrote(a);
    describeIt(b, uid, 'on main');
    meetWithout(refused);
    expect(cell(a, uid, 'description')).toBe('on main');
    expect(links(a)).toBe(0);
    expect(a.rows('SELECT count(*) FROM loam_cell')).toEqual([[0]]);
    expect(a.rows('SELECT count(*) FROM loam_row')).toEqual([[0]]);
    a.engine.switchBranch('main');
    equal();
  });

  it('an undo that was refused leaves what it undid, which can be undone again', async () => {
    const uid = label(a, 'shared');
    shared();
    team.wrote(a);
    describeIt(a, uid, 'stays');
    team.wrote(a);
    await a.engine.undo();
    const refused = team.wrote(a);
    meetWithout(refused);
    equal();
    expect(cell(a, uid, 'description')).toBe('stays');
    await a.engine.undo();
    expect(cell(a, uid, 'description')).toBe(null);
    team.meet((records) => records.filter((record) => !refused.includes(record)));
    equal();
    expect(cell(c, uid, 'description')).toBe(null);
  });

  it('later records of the same device do not wait for them', () => {
    label(a, 'one');
    const [first] = team.wrote(a) as [PlacedRecord];
    label(a, 'two');
    const [second] = team.wrote(a) as [PlacedRecord];
    expect(b.project([second])).toMatchObject({ applied: 0, waiting: 1 });
    expect(b.project([], places([first]))).toMatchObject({ applied: 1, waiting: 0 });
    // And one that waits here for its past is dropped.
    expect(c.project([second])).toMatchObject({ waiting: 1 });
    expect(c.project([], places([second]))).toMatchObject({ applied: 0, waiting: 0 });
    expect(c.project([first])).toMatchObject({ applied: 1 });
    expect(c.rows("SELECT count(*) FROM lamindb_ulabel WHERE name = 'two'")).toEqual([[0]]);
  });

  it('a label that two had made at once is the other one, and links mean what they said', () => {
    const one = label(a, 'lung');
    const host = artifact(a, 'host');
    a.engine.addLabels([host], ['lung']);
    const byA = team.wrote(a);
    const two = label(b, 'lung');
    a.project(team.wrote(b));
    b.project(byA);
    expect(a.rows("SELECT uid FROM lamindb_ulabel WHERE name = 'lung'")).toEqual([[one]]);
    const refused = byA.slice(0, 1);
    a.project([], places(refused));
    b.project([], places(refused));
    c.project([...byA.slice(1), ...b.outbox], places(refused));
    expect(a.rows("SELECT uid FROM lamindb_ulabel WHERE name = 'lung'")).toEqual([[two]]);
    equal();
  });

  it('a branch that was refused is left, and nothing of it is in the tables', () => {
    a.engine.createBranch('not allowed');
    const refused = team.wrote(a);
    a.engine.switchBranch('not allowed');
    label(a, 'on it');
    describeIt(a, String(a.rows("SELECT uid FROM lamindb_ulabel WHERE name = 'red 0'")[0]?.[0]), 'on it');
    meetWithout(refused);
    equal();
    expect(a.engine.writer.author.branchId).toBe(1);
    expect(a.rows("SELECT count(*) FROM lamindb_ulabel WHERE name = 'on it'")).toEqual([[0]]);
    expect(a.rows('PRAGMA foreign_key_check')).toEqual([]);
    // It goes on as before.
    label(a, 'on main');
    expect(team.wrote(a).at(-1)?.record.branch).toBe(refused[0]?.record.branch);
  });
});
