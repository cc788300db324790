// Somebody writes into the database a moment before a peer's record is taken, and Postgres refuses the record for it: the edit
// is taken first, and both are kept (decision 0040).
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { installCapture } from '../../server/capture.ts';
import { copyIntoReplica } from '../../server/mirror/copy.ts';
import { takeEdits } from '../../server/mirror/edits.ts';
import { createMirror } from '../../server/mirror/mirror.ts';
import { accessOf } from '../../server/people/rights.ts';
import { bringUser } from '../../server/sync/users.ts';
import type { Engine } from '../../src/lib/engine/index.ts';
import { insertOne } from '../../src/lib/engine/write/apply.ts';
import { followEdits } from '../../server/edits-of-others.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { onBoth } from './both.ts';
import { world, type World } from './people-world.ts';
import { lamindb, openDevice, openNode, type Device, type Meant, type Node } from './sync-world.ts';

const hashOf = (content: string) => content.replace(/[^a-z]/g, '').padStart(22, 'h');

/** As a drop of this content under this key makes it. */
function insertInto(engine: Engine, uid: string, key: string, content = key): void {
  engine.writer.act({ kind: 'drop', title: 'New artifact' }, (tx) =>
    insertOne(tx, 'lamindb_artifact', {
      ...{ uid, key, hash: hashOf(content), suffix: '.csv', storage_id: 1, size: 1, _hash_type: 'md5' },
      ...{ _key_is_virtual: 1, _overwrite_versions: 0 },
    }),
  );
}

onBoth('[row 69] edits that wait while a record is taken', (at) => {
  let here: World;
  let node: Node;
  let one: Device;
  let two: Device;
  let calls = 0;
  const meant: Meant = {
    createMirror,
    copyTables: (session, driver) => copyIntoReplica(session, driver, model),
    async takeEdits(...given) {
      calls++;
      return await takeEdits(...given);
    },
  };
  const inPostgres = async (sql: string) =>
    (await at().postgres.session((session) => session.query(sql))).rows;
  const label = (uid: string, name: string) =>
    inPostgres(
      `INSERT INTO lamindb_ulabel (uid, name, is_type, is_locked, created_at, updated_at, branch_id, created_on_id, space_id, created_by_id)
       VALUES ('${uid}', '${name}', false, false, now(), now(), 1, 1, 1, 1)`,
    );
  const artifact = (uid: string, key: string) =>
    inPostgres(
      `INSERT INTO lamindb_artifact (uid, key, suffix, size, hash, _hash_type, kind, is_latest, is_locked, _key_is_virtual, _overwrite_versions, created_at, updated_at, branch_id, created_on_id, space_id, created_by_id, storage_id)
       VALUES ('${uid}', '${key}', '.csv', 1, '${hashOf(key)}', 'md5', 'dataset', true, false, true, false, now(), now(), 1, 1, 1, 1, 1)`,
    );
  const insertArtifact = (of: Device, ...given: [uid: string, key: string, content?: string]) =>
    insertInto(of.engine, ...given);
  const artifacts = (of: Device) => of.rows('SELECT uid, key FROM lamindb_artifact ORDER BY uid');
  const labels = (of: Device) => of.rows('SELECT uid, name FROM lamindb_ulabel ORDER BY uid');
  const everybody = async () => {
    for (const device of [one, two]) {
      await device.push(node);
      await device.pull(node);
    }
    for (const device of [one, two]) await device.pull(node);
  };
  async function same(): Promise<void> {
    await everybody();
    for (const sql of [
      'SELECT uid, name, description FROM lamindb_ulabel',
      'SELECT uid, key, hash, description, is_latest FROM lamindb_artifact',
    ]) {
      const there = await inPostgres(`${sql} ORDER BY uid COLLATE "C"`);
      const replica = await node.replica.read(({ driver }) => driver.all(`${sql} ORDER BY uid`));
      for (const rows of [replica, one.rows(`${sql} ORDER BY uid`), two.rows(`${sql} ORDER BY uid`)])
        expect(rows).toEqual(there);
    }
    expect(await inPostgres('SELECT count(*) FROM loam.log_item WHERE content IS NULL')).toEqual([[0]]);
    expect(node.turns.counts.refusedByPostgres).toBe(0);
    expect(node.faults).toEqual([]);
  }

  beforeAll(async () => {
    here = await world(at().postgres);
    await lamindb(at().postgres);
    await at().postgres.session((session) => installCapture(session, model));
    node = await openNode(at().postgres, here.instance, meant);
    const device = async (handle: string) => {
      const { account } = await here.person(handle, 'write');
      await bringUser(node.turns, account);
      const made = await openDevice(at().postgres, node, account);
      await made.pull(node);
      return made;
    };
    one = await device('one');
    two = await device('two');
  });
  beforeEach(() => {
    calls = 0;
  });
  afterAll(async () => {
    one?.close();
    two?.close();
    await node?.close();
  });

  it('the same content under the same key: it is one artifact, and nothing is refused', async () => {
    await artifact('sqlsqlsqlsql00010000', 'twice.csv');
    insertArtifact(one, 'peerpeerpeer00010000', 'twice.csv');
    two.engine.create('ULabel', { name: 'beside it' });
    await Promise.all([one.push(node), two.push(node)]);
    expect(calls).toBe(1);
    expect(one.engine.sync.refused()).toEqual([]);
    expect(await inPostgres('SELECT count(*) FROM loam.inbox')).toEqual([[0]]);
    expect(await inPostgres("SELECT count(*) FROM lamindb_artifact WHERE key = 'twice.csv'")).toEqual([[1]]);
    await same();
    // It is the same row for whoever edits it next.
    const [uid] = artifacts(two).find(([, key]) => key === 'twice.csv') ?? [];
    two.engine.update('Artifact', { uid: String(uid) }, { description: 'one of both' });
    await same();
    expect(await inPostgres("SELECT description FROM lamindb_artifact WHERE key = 'twice.csv'")).toEqual([
      ['one of both'],
    ]);
  });

  it('the same content, by an edit of an artifact that both know', async () => {
    insertArtifact(one, 'peerpeerpeer00020000', 'known.csv');
    await same();
    await inPostgres("UPDATE lamindb_artifact SET key = 'wanted.csv' WHERE key = 'known.csv'");
    insertArtifact(two, 'peerpeerpeer00030000', 'wanted.csv', 'known.csv');
    await two.push(node);
    expect(calls).toBe(1);
    await same();
  });

  it('what the server does for an account is tried again as well, and then knows what is there', async () => {
    const access = await at().postgres.session((session) => accessOf(session, here.instance, one.account));
    if (!access) throw new Error('no access');
    await artifact('sqlsqlsqlsql00040000', 'by REST.csv');
    const found: unknown[] = [];
    await node.turns.write(access, (engine) => {
      const there = node.replica.now.driver.all("SELECT uid FROM lamindb_artifact WHERE key = 'by REST.csv'");
      found.push(there);
      if (there.length === 0) insertInto(engine, 'restrestrest00040000', 'by REST.csv');
      else engine.update('Artifact', { uid: String(there[0]?.[0]) }, { description: 'there already' });
    });
    expect(found).toEqual([[], [['sqlsqlsqlsql00040000']]]);
    expect(
      await inPostgres("SELECT uid, description FROM lamindb_artifact WHERE key = 'by REST.csv'"),
    ).toEqual([['sqlsqlsqlsql00040000', 'there already']]);
    await same();
  });

  it('a label of the same name, which LaminDB’s database allows: both are there for everybody', async () => {
    await label('sqlsql01', 'twice');
    one.engine.create('ULabel', { name: 'twice' });
    await one.push(node);
    const follower = await followEdits({
      ...{ postgres: node.turns.following, model, onError: (error) => node.faults.push(error) },
      take: (transaction, pieces, session) =>
        node.turns.within(session, async ({ engine, driver }) => {
          await takeEdits({ engine, driver }, transaction, pieces);
        }),
    });
    await follower.caughtUp();
    await follower.stop();
    expect(await inPostgres("SELECT count(*) FROM lamindb_ulabel WHERE name = 'twice'")).toEqual([[2]]);
    await same();
  });

  it('where the record itself is at fault it is refused all the same, and the edits are taken', async () => {
    await inPostgres("CREATE UNIQUE INDEX never ON lamindb_ulabel (name) WHERE name = 'never'");
    one.engine.create('ULabel', { name: 'never' });
    await same();
    await label('sqlmore0', 'more');
    // It knows the first one, and wants two.
    one.engine.writer.act({ kind: 'create', title: 'Another' }, (tx) =>
      insertOne(tx, 'lamindb_ulabel', { uid: 'another1', name: 'never', is_type: 0 }),
    );
    await one.push(node);
    expect(one.engine.sync.refused()).toHaveLength(1);
    expect(node.turns.counts.refusedByPostgres).toBe(1);
    expect(calls).toBe(1);
    await one.pull(node);
    await two.pull(node);
    expect(labels(two)).toContainEqual(['sqlmore0', 'more']);
    expect(labels(two).filter(([, name]) => name === 'never')).toHaveLength(1);
    expect(node.faults).toEqual([]);
  });
});
