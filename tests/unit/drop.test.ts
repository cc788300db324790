// Drops on the real engine with stores in memory: what a person is told, what is stored, and what is left after a crash
// at each step between hashing and COMMIT, a full disk, a cancel and a purge.
import { beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { storageFull } from '../../src/lib/engine/errors.ts';
import { hashFile, hashFolder } from '../../src/lib/engine/hash.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { BlobStore, ByteSource, Inspector, SqlDriver } from '../../src/lib/engine/ports.ts';
import type { DropInput } from '../../src/lib/engine/registry/drop.ts';
import type { DropOptions, DropProgress } from '../../src/lib/engine/registry/drop-types.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { inspectFile } from '../../src/lib/formats/inspect.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const sourceOf = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (a, b) => bytes.slice(a, b),
});

const inspector: Inspector = {
  async hash(payload, onProgress) {
    if (payload.files)
      return hashFolder({
        files: payload.files.map((f) => ({ path: f.path, source: f.file as ByteSource })),
      });
    const source = payload.file as ByteSource;
    return { ...(await hashFile(source, onProgress)), size: source.size, nFiles: null };
  },
  inspect: (payload) => inspectFile(payload.file as ByteSource, payload.name),
  checksum: () => Promise.resolve('0'.repeat(64)),
};

let driver: SqlDriver;
let blobs: BlobStore;
let engine: Engine;
let told: DropProgress[];

async function open(): Promise<void> {
  told = [];
  engine = await createEngine({
    driver,
    model,
    blobs,
    inspector,
    clock: () => Date.now(),
    random,
    onFeed: () => {},
    onDrop: (progress) => told.push(progress),
  });
}

beforeEach(async () => {
  driver = await openMemory();
  createInstance(driver, { model, clock: () => Date.now(), random, name: 'test' });
  blobs = createMemoryBlobs();
  await open();
});

function file(key: string, text: string): DropInput {
  const source = sourceOf(utf8(text));
  return { id: key, key, payload: { name: key, file: source, files: null }, source, folder: null };
}

function folder(key: string, files: Record<string, string>): DropInput {
  const entries = Object.entries(files).map(([path, text]) => ({ path, source: sourceOf(utf8(text)) }));
  return {
    id: key,
    key,
    payload: { name: key, file: null, files: entries.map(({ path, source }) => ({ path, file: source })) },
    source: null,
    folder: { files: entries },
  };
}

/** Ends when every item of the drop has come to an end. */
async function drop(inputs: DropInput[], options: DropOptions = {}): Promise<Map<string, DropProgress>> {
  const { drop: uid } = engine.drop(inputs, options);
  const ended = (p: DropProgress) => ['saved', 'failed', 'cancelled'].includes(p.state);
  await expect
    .poll(() =>
      engine
        .drops()
        .filter((p) => p.drop === uid)
        .every(ended),
    )
    .toBe(true);
  await expect
    .poll(() => driver.all('SELECT count(*) FROM lamindb_run WHERE _status_code = -1'))
    .toEqual([[0]]);
  return new Map(
    engine
      .drops()
      .filter((p) => p.drop === uid)
      .map((p) => [p.item, p]),
  );
}

const artifacts = () =>
  driver.all('SELECT key, hash, size, is_latest, branch_id FROM lamindb_artifact ORDER BY id');
const stored = async () => (await blobs.keys()).map((b) => b.key);

describe('drops', () => {
  it('[row 25] one drop is one run of a transform, with its artifacts as outputs', async () => {
    await drop([file('a.csv', 'x,y\n1,2\n'), file('b.txt', 'b')]);
    await drop([file('c.txt', 'c')]);
    expect(driver.all('SELECT count(*) FROM lamindb_transform')).toEqual([[1]]);
    expect(
      driver.all(
        'SELECT r.params, r._status_code, count(a.id) FROM lamindb_run r JOIN lamindb_artifact a ON a.run_id = r.id GROUP BY r.id',
      ),
    ).toEqual([
      ['{"files":2}', 0, 2],
      ['{"files":1}', 0, 1],
    ]);
  });

  it('stores bytes where LaminDB looks for them', async () => {
    await drop([file('a/b.csv', 'x\n1\n'), folder('plate', { 'p/1.txt': 'one', '2.txt': 'two' })]);
    const [csv, plate] = driver.all('SELECT uid FROM lamindb_artifact ORDER BY key').map((r) => String(r[0]));
    expect((await stored()).sort()).toEqual(
      [
        `.lamindb/${csv}.csv`,
        `.lamindb/${plate?.slice(0, 16)}/2.txt`,
        `.lamindb/${plate?.slice(0, 16)}/p/1.txt`,
      ].sort(),
    );
    expect(
      driver.all('SELECT n_files, _hash_type, _overwrite_versions FROM lamindb_artifact ORDER BY key'),
    ).toEqual([
      [null, 'md5', 0],
      [2, 'md5-d', 1],
    ]);
  });

  it('[row 52] versions by key, dedupe by hash, and says so in words', async () => {
    await drop([file('a.txt', 'one')]);
    expect((await drop([file('a.txt', 'two')])).get('a.txt')).toMatchObject({
      verdict: 'version',
      artifact: { version: 2 },
    });
    expect((await drop([file('a.txt', 'two')])).get('a.txt')).toMatchObject({ verdict: 'existing' });
    expect((await drop([file('a.txt', 'one')])).get('a.txt')).toMatchObject({
      verdict: 'old-version',
      artifact: { version: 1 },
    });
    expect((await drop([file('b.txt', 'two')])).get('b.txt')).toMatchObject({
      verdict: 'existing-key',
      artifact: { key: 'a.txt' },
    });
    expect((await drop([file('b.txt', 'two')], { sameContent: 'duplicate' })).get('b.txt')).toMatchObject({
      verdict: 'new',
    });
    expect(artifacts().map((r) => [r[0], r[3]])).toEqual([
      ['a.txt', 0],
      ['a.txt', 1],
      ['b.txt', 1],
    ]);
  });

  it('two files with one content in one drop become one artifact', async () => {
    const outcome = await drop([file('a.txt', 'same'), file('b.txt', 'same')]);
    expect([...outcome.values()].map((p) => p.verdict).sort()).toEqual(['existing-key', 'new']);
    expect(artifacts()).toHaveLength(1);
    expect(await stored()).toHaveLength(1);
  });

  it('refuses hostile keys in words and saves the others', async () => {
    const bad = [
      '../up.txt',
      '/root.txt',
      'a\\b.txt',
      'a//b.txt',
      '.lamindb/x.txt',
      'x'.repeat(1100),
      'nul\u0000.txt',
    ];
    const good = ['__proto__', 'constructor.txt', '🧬.csv', 'ملف.txt', '<img src=x onerror=alert(1)>.csv'];
    const outcome = await drop([...bad, ...good].map((key) => file(key, key)));
    for (const key of bad)
      expect(outcome.get(key), key).toMatchObject({
        state: 'failed',
        message: expect.stringMatching(/key/i),
      });
    for (const key of good) expect(outcome.get(key), key).toMatchObject({ state: 'saved', verdict: 'new' });
  });

  it('annotates what it saves and refuses unknown features before any file is touched', async () => {
    await drop([file('a.txt', 'a')], { labels: ['pilot'], projects: ['Atlas'], description: 'first' });
    const uid = String(driver.all('SELECT uid FROM lamindb_artifact')[0]?.[0]);
    expect(engine.artifact(uid)).toMatchObject({
      description: 'first',
      labels: [{ name: 'pilot' }, { name: 'Atlas' }],
    });
    expect(() => engine.drop([file('b.txt', 'b')], { features: { nothing: '1' } })).toThrow(
      /could not be validated/,
    );
    expect(artifacts()).toHaveLength(1);
  });

  it('[row 55] one undo takes the whole drop back, redo brings the same uids and the bytes are still there', async () => {
    await drop([file('a.txt', 'a'), file('b.txt', 'b')]);
    const before = driver.all('SELECT id, uid FROM lamindb_artifact ORDER BY id');
    await engine.undo();
    expect(artifacts()).toEqual([]);
    await engine.redo();
    expect(driver.all('SELECT id, uid FROM lamindb_artifact ORDER BY id')).toEqual(before);
    expect(await stored()).toHaveLength(2);
  });

  it('a purge takes rows and bytes, cannot be undone, and a crash in between is finished at the next start', async () => {
    await drop([file('a.txt', 'a'), file('b.txt', 'b')]);
    const [a, b] = driver.all('SELECT uid FROM lamindb_artifact ORDER BY key').map((r) => String(r[0])) as [
      string,
      string,
    ];
    expect(await engine.purgeArtifacts([a])).toEqual({ bytes: 1 });
    expect(await stored()).toEqual([`.lamindb/${b}.txt`]);
    const { remove } = blobs;
    blobs.remove = () => Promise.reject(new Error('killed'));
    await expect(engine.purgeArtifacts([b])).rejects.toThrow('killed');
    blobs.remove = remove;
    await open();
    expect(await stored()).toEqual([]);
    expect(engine.status().canUndo?.kind).toBe('drop');
  });
});

describe('a drop that is cut', () => {
  it.each(['stage', 'commit'] as const)(
    '[row 95] killed during %s: nothing half-visible, staged bytes resume or go',
    async (step) => {
      const real = blobs[step].bind(blobs) as (...args: never[]) => Promise<void>;
      let calls = 0;
      // The browser dies at the second call: this promise never settles, as in a killed process.
      blobs[step] = ((...args: never[]) =>
        ++calls === 2 ? new Promise<void>(() => {}) : real(...args)) as never;
      engine.drop([file('a.txt', 'a'), file('b.txt', 'b'), file('c.txt', 'c')], {});
      await expect.poll(() => calls).toBeGreaterThanOrEqual(2);
      await new Promise((resolve) => setTimeout(resolve, 200));
      const acknowledged = told.filter((p) => p.state === 'saved').map((p) => p.key);
      blobs[step] = real as never;
      await open();
      const keys = artifacts().map((r) => String(r[0]));
      for (const key of acknowledged) expect(keys).toContain(key);
      expect(await blobs.staged()).toEqual([]);
      expect(await stored()).toHaveLength(keys.length);
      expect(driver.all('SELECT count(*) FROM loam_drop')).toEqual([[0]]);
      expect(engine.integrityCheck()).toBe('ok');
    },
  );

  it('a full disk says how much is missing, leaves nothing half, and goes on after space is freed', async () => {
    const real = blobs.stage.bind(blobs);
    blobs.stage = (token, path, source, ...rest) =>
      source.size > 10 ? Promise.reject(storageFull(source.size, 0)) : real(token, path, source, ...rest);
    const { drop: uid } = engine.drop([file('big.txt', 'x'.repeat(100)), file('a.txt', 'a')], {});
    await expect
      .poll(() => told.find((p) => p.state === 'failed')?.message)
      .toMatch(/Not enough storage.*100 bytes/);
    expect(artifacts().map((r) => r[0])).not.toContain('big.txt');
    blobs.stage = real;
    engine.retryDrop(uid, 'big.txt');
    await expect
      .poll(() =>
        artifacts()
          .map((r) => r[0])
          .sort(),
      )
      .toEqual(['a.txt', 'big.txt']);
    expect(await blobs.staged()).toEqual([]);
  });

  it('a full disk pauses the rest; a retry asked for twice wakes every lane and saves each file once', async () => {
    const real = blobs.stage.bind(blobs);
    blobs.stage = (_token, _path, source) => Promise.reject(storageFull(source.size, 0));
    const names = Array.from({ length: 8 }, (_, i) => `f${i}.txt`);
    const { drop: uid } = engine.drop(
      names.map((name) => file(name, name)),
      {},
    );
    const states = () => engine.drops().map((p) => p.state);
    // Both lanes have failed and wait; nobody reads "queued" where nothing moves.
    await expect.poll(states).toEqual(['failed', 'failed', ...Array<string>(6).fill('paused')]);
    blobs.stage = real;
    for (const id of ['f0.txt', 'f0.txt', 'f1.txt']) engine.retryDrop(uid, id);
    await expect.poll(states).toEqual(Array(8).fill('saved'));
    expect(engine.drops().map((p) => p.verdict)).toEqual(Array(8).fill('new'));
    // A drop that hangs would still refuse the undo.
    expect(await engine.undo()).not.toBeNull();
  });

  it('a cancelled drop keeps what was saved and nothing of the rest', async () => {
    const slow = inspector.hash.bind(inspector);
    const hash: Inspector['hash'] = async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return slow(...args);
    };
    inspector.hash = hash;
    const { drop: uid } = engine.drop(
      Array.from({ length: 12 }, (_, i) => file(`f${i}.txt`, `f${i}`)),
      {},
    );
    await expect.poll(() => told.some((p) => p.state === 'saved')).toBe(true);
    engine.cancelDrop(uid);
    await expect
      .poll(() => engine.drops().every((p) => p.state === 'saved' || p.state === 'cancelled'))
      .toBe(true);
    inspector.hash = slow;
    const saved = engine.drops().filter((p) => p.state === 'saved').length;
    expect(saved).toBeLessThan(12);
    expect(artifacts()).toHaveLength(saved);
    expect(await stored()).toHaveLength(saved);
  });
});
