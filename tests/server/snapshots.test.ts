// Snapshots for first sync: what is in them and what is not, that they are files like any other for whoever takes them, served
// by ranges to members alone, and used again until they are old.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttp } from '../../server/http/http.ts';
import { makeKey } from '../../server/people/api-keys.ts';
import { snapshotRoutes } from '../../server/snapshots/routes.ts';
import { createSnapshots, type Snapshots } from '../../server/snapshots/snapshots.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { modelFingerprint } from '../../src/lib/engine/branch/fingerprint.ts';
import { readHeader } from '../../src/lib/engine/schema/file-header.ts';
import { createSyncLog } from '../../src/lib/engine/sync/log.ts';
import { readSnapshotManifest, type SnapshotManifest } from '../../src/lib/engine/sync/snapshot.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { memoryEngine, type MemoryEngine } from '../unit/memory-engine.ts';
import { origin } from './blob-world.ts';
import { onBoth } from './both.ts';
import { world, type World } from './people-world.ts';

onBoth('[row 71] Snapshots', (place) => {
  let people: World;
  let here: MemoryEngine;
  let snapshots: Snapshots;
  let app: ReturnType<typeof createHttp>;
  let reader: string;
  let stranger: string;
  const folder = mkdtempSync(join(tmpdir(), 'loam-snapshots-'));
  const failed: unknown[] = [];
  let copies = 0;

  beforeAll(async () => {
    people = await world(place().postgres);
    here = await memoryEngine();
    const log = createSyncLog(here.driver, here.engine.writer.journal);
    log.turnOn();
    here.artifacts('one.csv', 'two.csv');
    here.engine.create('ULabel', { name: 'of the team' });
    here.driver.exec(`CREATE TABLE loam_mirror(tab, id, theirs); INSERT INTO loam_mirror VALUES (1, 2, 3)`);
    const set = 'INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)';
    for (const name of ['replica of', 'log place', 'sync remote'])
      here.driver.run(set, [name, 'secret of the server']);
    snapshots = createSnapshots({
      ...{ folder, model, app: '0.1.0', now: people.ground.now, every: 3_600_000 },
      instance: { uid: people.instance, name: 'team' },
      copyTo: async (path) => {
        copies++;
        writeFileSync(path, here.driver.serialize());
      },
      onError: (error) => failed.push(error),
    });
    app = createHttp({ ground: people.ground, limits: people.limits, origin, log: () => undefined });
    app.route(
      '/api/instances',
      snapshotRoutes({
        ground: people.ground,
        snapshotsOf: (one) => (one === people.instance ? snapshots : null),
      }),
    );
    const key = async (handle: string, instance = people.instance) => {
      const { account } = await people.person(handle, 'read', instance);
      const made = {
        instance,
        by: account,
        account: account.uid,
        name: handle,
        role: 'read',
        days: 1,
      } as const;
      return (await makeKey(people.ground, made)).token;
    };
    reader = await key('reader');
    stranger = await key('stranger', 'instance0002');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const ask = (path: string, token: string | null = reader, headers: Record<string, string> = {}) =>
    app.request(`${origin}/api/instances/${people.instance}/snapshot${path}`, {
      headers: { host: 'localhost:4173', ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
    });
  async function newest(): Promise<SnapshotManifest> {
    for (;;) {
      const answer = await ask('');
      if (answer.status === 200) return readSnapshotManifest(await answer.json());
      expect(answer.status).toBe(202);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  test('made when the first asks, who is told that it is being made; whole, packed and by ranges', async () => {
    const first = await ask('');
    expect([first.status, await first.json()]).toEqual([
      202,
      { making: expect.objectContaining({ step: expect.any(String) }) },
    ]);
    const manifest = await newest();
    const { file, database } = manifest;
    expect(manifest).toMatchObject({
      instance: { name: 'team' },
      app: '0.1.0',
      schema: modelFingerprint(model),
    });
    const whole = new Uint8Array(await (await ask(`/${file.name}`)).arrayBuffer());
    const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect([whole.length, sha(whole)]).toEqual([file.bytes, file.sha256]);
    const unpacked = new Uint8Array(gunzipSync(whole));
    expect([unpacked.length, sha(unpacked)]).toEqual([database.bytes, database.sha256]);
    // Cut off and gone on with.
    const half = await ask(`/${file.name}`, reader, {
      range: `bytes=${file.bytes - 9}-`,
      'if-range': `"${file.sha256}"`,
    });
    expect([half.status, new Uint8Array(await half.arrayBuffer())]).toEqual([206, whole.slice(-9)]);
    expect(readdirSync(folder).sort()).toEqual([file.name, `${file.name}.json`]);
  });

  test('has the rows and the logs, is nobody’s, and has nothing of the server’s own', async () => {
    const manifest = await newest();
    const bytes = new Uint8Array(gunzipSync(readFileSync(join(folder, manifest.file.name))));
    expect(readHeader(bytes.subarray(0, 100), bytes.length)).toMatchObject({ wal: false, untouched: true });
    const copy = await openMemory({ bytes });
    const value = (sql: string) => copy.all(sql)[0]?.[0];
    expect(value("SELECT count(*) FROM lamindb_artifact WHERE key IN ('one.csv', 'two.csv')")).toBe(2);
    expect(value('PRAGMA integrity_check')).toBe('ok');
    expect(value('SELECT count(*) FROM loam_sync_item')).toBe(
      value('SELECT sum(next) FROM loam_sync_client'),
    );
    expect(Number(value('SELECT count(*) FROM loam_sync_client'))).toBeGreaterThan(0);
    expect(value('SELECT count(*) FROM loam_sync_client WHERE own <> 0')).toBe(0);
    expect(value("SELECT count(*) FROM sqlite_master WHERE name LIKE 'loam_mirror%'")).toBe(0);
    expect(value("SELECT count(*) FROM loam_setting WHERE value LIKE '%secret of the server%'")).toBe(0);
    // The log goes on where it ends: the digests are those of the replica.
    const log = createSyncLog(here.driver, here.engine.writer.journal);
    expect(manifest.logs).toEqual(log.logs().map(({ doc }) => ({ doc, digest: log.digest(doc) })));
    expect(manifest.logs.length).toBeGreaterThan(0);
    copy.close();
    // The replica itself is as it was.
    expect(here.value('SELECT count(*) FROM loam_sync_client WHERE own = 1')).not.toBe(0);
    expect(here.value('SELECT count(*) FROM loam_mirror')).toBe(1);
  });

  test('used again until it is old; then the old one is given once more while the next is made', async () => {
    const first = await newest();
    people.pass(3_000_000);
    expect((await newest()).file.name).toBe(first.file.name);
    expect(copies).toBe(1);
    people.pass(700_000);
    expect((await newest()).file.name).toBe(first.file.name);
    await expect.poll(async () => (await newest()).file.name).not.toBe(first.file.name);
    expect(copies).toBe(2);
    // Whoever was fetching the first one still can.
    expect((await ask(`/${first.file.name}`)).status).toBe(200);
    // The new one is listed before the work on it is through.
    await expect.poll(() => snapshots.making).toBeNull();
    people.pass(1);
    await snapshots.make();
    expect((await ask(`/${first.file.name}`)).status).toBe(404);
    expect(failed).toEqual([]);
    people.pass(-3_700_001);
  });

  test('[row 110] for members alone; names lead nowhere else', async () => {
    expect((await ask('', null)).status).toBe(401);
    expect((await ask('', stranger)).status).toBe(403);
    const { file } = await newest();
    expect((await ask(`/${file.name}`, stranger)).status).toBe(403);
    for (const name of [
      `${file.name}.json`,
      '..',
      '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
      '.',
      'x',
      `${file.name}%00`,
    ])
      expect([name, (await ask(`/${name}`)).status]).toEqual([name, 404]);
  });

  test('what a lying server says of a snapshot is refused in words', async () => {
    const good = await newest();
    expect(readSnapshotManifest(JSON.parse(JSON.stringify(good)))).toEqual(good);
    const bad: unknown[] = [
      null,
      [],
      'x',
      {},
      { ...good, format: 2 },
      { ...good, file: { ...good.file, name: '../../x' } },
      { ...good, file: { ...good.file, bytes: -1 } },
      { ...good, file: { ...good.file, sha256: 'x' } },
      { ...good, database: { ...good.database, bytes: '5' } },
      { ...good, logs: [{ doc: '../x', digest: '' }] },
      { ...good, logs: 'x' },
      { ...good, instance: { uid: 5, name: 'x' } },
      { ...good, app: 'x'.repeat(100) },
    ];
    for (const one of bad) expect(() => readSnapshotManifest(one)).toThrow();
  });
});
