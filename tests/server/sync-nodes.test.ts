// Two servers on one PostgreSQL, and others who write into it (decision 0040): what one hears, all hear.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { copyIntoReplica } from '../../server/mirror/copy.ts';
import { takeEdits } from '../../server/mirror/edits.ts';
import { createMirror } from '../../server/mirror/mirror.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import type { Postgres } from '../../server/postgres.ts';
import { programs, startCluster, whyNot, type Cluster } from './cluster.ts';
import { groundOf } from './ground-file.ts';
import {
  firstAdmin,
  liveDevice,
  person,
  startRunning,
  testParts,
  type LiveDevice,
  type Running,
} from './running-server.ts';

const parts = () =>
  testParts({
    ...{ createMirror, takeEdits },
    copyTables: (session, driver) => copyIntoReplica(session, driver, model),
  });
const patient = { timeout: 20_000 };

describe.skipIf(programs === null)(`two nodes on one PostgreSQL${whyNot}`, () => {
  let cluster: Cluster;
  let python: Postgres;
  let address = '';
  const nodes: Running[] = [];
  const devices: LiveDevice[] = [];
  beforeAll(async () => {
    cluster = await startCluster();
    address = cluster.database('loam');
    nodes.push(await startRunning({ address, parts: parts() }));
    nodes.push(await startRunning({ address, parts: parts() }));
    python = await openPostgres({ address });
    const [first, second] = nodes as [Running, Running];
    const ground = groundOf(first);
    // The node that started last shows the link that holds; the account is the instance's, whatever node it is asked at.
    const admin = await firstAdmin(second);
    devices.push(await liveDevice(first, admin, ground));

    devices.push(await liveDevice(second, await person(first, admin, 'other'), ground));
    await Promise.all(devices.map((one) => one.settled()));
  });
  afterAll(async () => {
    for (const one of devices) one.close();
    for (const one of nodes) await one.stop();
    await python?.close();
    cluster?.stop();
  });
  const sql = (text: string) => python.session((session) => session.query(text));
  const faults = () => nodes.flatMap(({ logged }) => logged.filter(({ event }) => event === 'fault'));

  it('[row 67] peers of different nodes are told of each other’s edits', async () => {
    const [one, two] = devices as [LiveDevice, LiveDevice];
    for (let i = 0; i < 10; i++) {
      one.engine.create('ULabel', { name: `first ${i}` });
      two.engine.create('ULabel', { name: `second ${i}` });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => {
      expect(one.names()).toHaveLength(20);
      expect(two.names()).toEqual(one.names());
    }, patient);
    expect((await sql('SELECT name FROM lamindb_ulabel ORDER BY name')).rows.flat()).toEqual(one.names());
    expect(faults()).toEqual([]);
  });

  it('[row 69] a row that somebody writes into the database is with all peers, once, and can be changed by them', async () => {
    const [one, two] = devices as [LiveDevice, LiveDevice];
    await sql(
      `INSERT INTO lamindb_ulabel (uid, name, is_type, is_locked, created_at, updated_at, branch_id, created_on_id, space_id, created_by_id)
       VALUES ('pythonic', 'from SQL', false, false, now(), now(), 1, 1, 1, 1)`,
    );
    await vi.waitFor(() => {
      for (const device of [one, two]) expect(device.names()).toContain('from SQL');
    }, patient);
    two.engine.update('ULabel', { uid: 'pythonic' }, { description: 'seen by a peer' });
    await vi.waitFor(
      async () =>
        expect((await sql("SELECT description FROM lamindb_ulabel WHERE uid = 'pythonic'")).rows).toEqual([
          ['seen by a peer'],
        ]),
      patient,
    );
    await sql("UPDATE lamindb_ulabel SET name = 'renamed by SQL' WHERE uid = 'pythonic'");
    await vi.waitFor(() => {
      for (const device of [one, two]) {
        expect(device.names()).toContain('renamed by SQL');
        expect(device.driver.all("SELECT description FROM lamindb_ulabel WHERE uid = 'pythonic'")).toEqual([
          ['seen by a peer'],
        ]);
      }
    }, patient);
    await sql("DELETE FROM lamindb_ulabel WHERE uid = 'pythonic'");
    await vi.waitFor(() => {
      for (const device of [one, two]) expect(device.names()).not.toContain('renamed by SQL');
    }, patient);
    expect((await sql('SELECT count(*) FROM loam.inbox')).rows).toEqual([[0]]);
    expect(faults()).toEqual([]);
  });

  it('[row 67] PostgreSQL is restarted while both write: nothing is lost, nothing has to be done', async () => {
    const [one, two] = devices as [LiveDevice, LiveDevice];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 5; i++) {
        one.engine.create('ULabel', { name: `restart ${round} ${i} one` });
        two.engine.create('ULabel', { name: `restart ${round} ${i} two` });
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      cluster.restart();
    }
    await vi.waitFor(
      () => {
        expect(one.names().filter((name) => name.startsWith('restart'))).toHaveLength(30);
        expect(two.names()).toEqual(one.names());
        for (const { connection } of [one, two])
          expect(connection.status).toMatchObject({ state: 'live', pending: 0 });
      },
      { timeout: 60_000, interval: 200 },
    );
    const { rows } = await sql("SELECT name FROM lamindb_ulabel WHERE name LIKE 'restart%' ORDER BY name");
    expect(rows.flat()).toEqual(one.names().filter((name) => name.startsWith('restart')));
    // Edits of others are followed again.
    await sql("UPDATE lamindb_ulabel SET description = 'after the restart' WHERE name = 'restart 0 0 one'");
    await vi.waitFor(
      () =>
        expect(
          two.driver.all("SELECT description FROM lamindb_ulabel WHERE name = 'restart 0 0 one'"),
        ).toEqual([['after the restart']]),
      { timeout: 30_000, interval: 200 },
    );
  }, 120_000);

  it('a node that comes later starts from the snapshot and the log', async () => {
    const [first] = nodes as [Running];
    const late = await startRunning({ address, parts: parts() });
    nodes.push(late);
    const [one] = devices as [LiveDevice];
    expect(late.core.metrics()).toMatch(/^loam_log_place [1-9]\d*$/m);
    expect(late.core.instance).toEqual(first.core.instance);
    expect(one.names().length).toBeGreaterThan(0);
  });
});
