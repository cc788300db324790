// A device joins: the snapshot of a real replica becomes its database, it writes as its account, its files go to the server's
// storage, and what it had before is a branch.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { makeSnapshot } from '../../server/snapshots/make.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { createSyncLog } from '../../src/lib/engine/sync/log.ts';
import { attachRemote } from '../../src/lib/engine/sync/remote.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { memoryEngine, random } from '../unit/memory-engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'loam-joining-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const account = { uid: 'adaLovel', handle: 'ada', name: 'Ada' };
const instance = { uid: 'instance0001', name: 'team' };

async function joined(team: Awaited<ReturnType<typeof memoryEngine>>) {
  const { file } = await makeSnapshot(
    {
      ...{ instance, model, app: '0.1.0', now: Date.now },
      copyTo: async (path) => writeFileSync(path, team.driver.serialize()),
    },
    folder,
    () => {},
  );
  const bytes = new Uint8Array(gunzipSync(readFileSync(join(folder, file.name))));
  const driver = await openMemory({ bytes });
  await attachRemote(driver, {
    ...{ server: 'https://loam.example.org', instance, account, random, clock: Date.now },
  });
  const attached = driver.serialize();
  driver.close();
  return await memoryEngine(model, {}, attached);
}

test('[row 67] the snapshot is this device’s database: the account writes, the log goes on, nothing is sent twice', async () => {
  const team = await memoryEngine();
  const theirs = createSyncLog(team.driver, team.engine.writer.journal);
  theirs.turnOn();
  team.engine.createULabel('of the team');
  const here = await joined(team);
  const { engine } = here;
  expect(engine.teamPlace()).toEqual({
    server: 'https://loam.example.org',
    instance: instance.uid,
    paused: false,
  });
  const log = createSyncLog(here.driver, engine.writer.journal);
  expect(log.on).toBe(true);
  // What others wrote is theirs, and known: nothing is asked for, nothing is sent.
  expect(log.unsent()).toBe(0);
  for (const { doc } of theirs.logs()) expect(log.digest(doc)).toBe(theirs.digest(doc));
  engine.createULabel('of Ada');
  expect(log.unsent()).toBeGreaterThan(0);
  const author =
    "SELECT u.uid FROM lamindb_ulabel l JOIN lamindb_user u ON u.id = l.created_by_id WHERE l.name = 'of Ada'";
  expect(here.rows(author)).toEqual([[account.uid]]);
});

test('[row 67] what the device had comes onto a branch, as records of the account; files then lie at the server', async () => {
  const team = await memoryEngine();
  createSyncLog(team.driver, team.engine.writer.journal).turnOn();
  const local = await memoryEngine();
  const [uid = ''] = local.artifacts('mine.csv', 'also mine.csv');
  local.engine.createULabel('mine');
  await local.engine.addLabels([uid], ['mine']);
  expect([local.engine.isUntouched(), (await memoryEngine()).engine.isUntouched()]).toEqual([false, true]);
  const here = await joined(team);
  const { engine, driver } = here;
  const name = engine.branchNameFor('my-lab');
  engine.createBranch(name, { switch: true });
  for (const { registry, keys } of local.engine.movableParts())
    await engine.receiveRows(local.engine.packRows(registry, keys, 'whole'));
  const on = `SELECT DISTINCT b.name, u.uid FROM lamindb_artifact a JOIN lamindb_branch b ON b.id = a.branch_id
    JOIN lamindb_user u ON u.id = a.created_by_id`;
  expect(here.rows(on)).toEqual([[name, account.uid]]);
  const log = createSyncLog(driver, engine.writer.journal);
  expect(log.unsent()).toBeGreaterThan(0);
  // Its bytes are here alone, until they have come to the server; then one act says so of all.
  driver.run("UPDATE loam_blob SET only_here = 1, storage_key = 'x'");
  const waiting = engine.onlyOnDevice(10);
  expect(waiting).toHaveLength(2);
  const storage = { uid: 'serverstorag', root: '/srv/loam', type: 'local', region: null };
  engine.keepTeamStorage(storage);
  engine.openTeamStorage(storage);
  engine.openTeamStorage(storage);
  expect(engine.teamStorage()).toBe(storage.uid);
  engine.placeAllIn(waiting, storage.uid);
  const placed =
    'SELECT DISTINCT s.uid, s.root, a._key_is_virtual, a._real_key FROM lamindb_artifact a JOIN lamindb_storage s ON s.id = a.storage_id';
  expect(here.rows(placed)).toEqual([[storage.uid, storage.root, 1, null]]);
  expect(engine.onlyOnDevice(10)).toEqual([]);
  expect(engine.acts(1)[0]).toMatchObject({ kind: 'upload', title: 'Upload 2 files to the team’s server' });
  const { key, copyKey, here: isHere, by } = engine.whereabouts(uid);
  expect([key, isHere, by]).toEqual([copyKey, false, 'Ada']);
  // Another storage under the same root is an administrator's to put right.
  expect(() => engine.openTeamStorage({ ...storage, uid: 'otherstorage' })).toThrow(/storage_uid\.txt/);
  expect(() => engine.keepTeamStorage({ ...storage, uid: '../x' })).toThrow(/cannot be one/);
});
