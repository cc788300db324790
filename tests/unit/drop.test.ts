// Drops on the real engine with stores in memory: what a person is told, what is stored, and what is left after a crash
// at each step between hashing and COMMIT, a full disk, a cancel and a purge.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { storageFull } from '../../src/lib/engine/errors.ts';
import { hashFile, hashFolder } from '../../src/lib/engine/hash.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { BlobStore, ByteSource, Inspector, SqlDriver } from '../../src/lib/engine/ports.ts';
import type { DropInput } from '../../src/lib/engine/registry/drop.ts';
import type { DropOptions, DropProgress } from '../../src/lib/engine/registry/drop-types.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { readSmallFile, smallFile } from '../../src/lib/engine/small-file.ts';
import { inspectFile, inspectFolder } from '../../src/lib/formats/inspect.ts';
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
  inspect: ({ file, name, files }) =>
    file === null
      ? inspectFolder(
          { files: (files ?? []).map((one) => ({ path: one.path, source: one.file as ByteSource })) },
          name,
        )
      : inspectFile(file as ByteSource, name),
  readSmall: (payloads) =>
    Promise.all(
      payloads.map(({ file, name }) => {
        const source = file as ByteSource;
        const read = () => source.read(0, source.size);
        return readSmallFile(source.size, read, (bytes) => inspectFile(bytes, name)).catch(
          (error: Error) => ({ error }),
        );
      }),
    ),
  checksum: () => Promise.resolve('0'.repeat(64)),
};

let driver: SqlDriver;
let blobs: BlobStore;
let engine: Engine;
let told: DropProgress[];

/** What other databases of the device would answer. */
let namedElsewhere: (keys: string[]) => Promise<string[]>;

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
    namedElsewhere: (keys) => namedElsewhere(keys),
  });
}

beforeEach(async () => {
  vi.restoreAllMocks();
  namedElsewhere = async () => [];
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

  it('[row 52] says of a new version that annotations stay with the one before, where there are any', async () => {
    await drop([file('a.txt', 'one')], { labels: ['pending'] });
    const second = (await drop([file('a.txt', 'two')])).get('a.txt');
    expect(second).toMatchObject({
      verdict: 'version',
      message: 'Its labels and feature values stay with version 1: a new version begins without.',
    });
    const links = driver.all('SELECT count(*) FROM lamindb_artifactulabel');
    expect(links).toEqual([[1]]);
    expect((await drop([file('a.txt', 'three')])).get('a.txt')).toMatchObject({
      verdict: 'version',
      message: null,
    });
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

/** Above this a file is hashed, staged and moved by itself. */
const large = (text: string) => text.padEnd(smallFile + 1, '.');
const newest = () => new Map(told.map((p) => [p.key, p.state]));

describe('many small files', () => {
  const many = (n: number, text: (i: number) => string = (i) => `content ${i}`) =>
    Array.from({ length: n }, (_, i) => file(`f${String(i).padStart(3, '0')}.txt`, text(i)));

  it('are read in few trips, stored without staging and saved in few transactions, each with its full checksum', async () => {
    const trips = vi.spyOn(inspector, 'readSmall');
    const staged = vi.spyOn(blobs, 'stage');
    await drop(many(300));
    expect(trips.mock.calls.length).toBeLessThan(20);
    expect(staged).not.toHaveBeenCalled();
    expect(Number(driver.all('SELECT count(*) FROM loam_record')[0]?.[0])).toBeLessThan(25);
    const rows = driver.all(
      'SELECT a.key, a.hash, b.sha256, b.storage_key FROM lamindb_artifact a JOIN loam_blob b ON b.artifact_id = a.id ORDER BY a.key',
    );
    expect(rows.map(([key, hash, sha256]) => [key, hash, sha256])).toEqual(
      many(300).map(({ key }, i) => {
        const bytes = `content ${i}`;
        const md5 = createHash('md5').update(bytes).digest('base64url').slice(0, 22);
        return [key, md5, createHash('sha256').update(bytes).digest('hex')];
      }),
    );
    expect(await stored()).toEqual(rows.map((row) => String(row[3])).sort());
    expect(await engine.undo()).toMatchObject({ title: 'Add 300 files', restored: expect.any(Number) });
    expect(artifacts()).toEqual([]);
  });

  it('with one content become one artifact, and empty ones an artifact each, without a transaction for each', async () => {
    const same = await drop(many(200, () => 'the same'));
    expect([...same.values()].map((p) => p.verdict).sort()).toEqual([
      ...Array<string>(199).fill('existing-key'),
      'new',
    ]);
    expect(artifacts()).toHaveLength(1);
    const empty = await drop(many(200, () => '').map((one) => ({ ...one, key: `empty/${one.key}` })));
    expect([...empty.values()].map((p) => p.verdict)).toEqual(Array(200).fill('new'));
    expect(artifacts()).toHaveLength(201);
    expect(Number(driver.all('SELECT count(*) FROM loam_record')[0]?.[0])).toBeLessThan(30);
  });

  it('of one key in one drop become versions in their order', async () => {
    const inputs = ['one', 'two', 'three', 'two'].map((text, i) => ({ ...file('a.txt', text), id: `${i}` }));
    const outcome = await drop(inputs);
    expect([...outcome.values()].map(({ verdict, artifact }) => [verdict, artifact?.version])).toEqual([
      ['new', 1],
      ['version', 2],
      ['version', 3],
      ['old-version', 2],
    ]);
    expect(artifacts().map((row) => row[3])).toEqual([0, 0, 1]);
  });

  it('carry the annotations of their drop; those that were here already are annotated once', async () => {
    await drop(many(3));
    await drop([...many(5), { ...file('again.txt', 'content 1'), id: 'again' }], { labels: ['pilot'] });
    expect(driver.all('SELECT artifact_id FROM lamindb_artifactulabel ORDER BY artifact_id')).toEqual([
      [1],
      [2],
      [3],
      [4],
      [5],
    ]);
  });

  it('a file that cannot be stored or read fails alone', async () => {
    const put = blobs.put.bind(blobs);
    blobs.put = async (files) => {
      if (files.some(({ bytes }) => bytes.length === 9)) throw new Error('This one is refused.');
      await put(files);
    };
    const inputs = many(30);
    const gone = inputs[20] as DropInput;
    (gone.payload as { file: unknown }).file = { size: 10, read: async () => new Uint8Array(4) };
    const outcome = await drop(inputs);
    const refused = inputs.slice(0, 10).map(({ key }) => key);
    for (const [key, { state, message }] of outcome) {
      const words = refused.includes(key) ? 'This one is refused.' : key === gone.key ? /changed/ : null;
      expect([key, state, message]).toEqual([
        key,
        words ? 'failed' : 'saved',
        words && (typeof words === 'string' ? words : expect.stringMatching(words)),
      ]);
    }
    expect(await stored()).toHaveLength(19);
    expect(driver.all('SELECT count(*) FROM loam_drop')).toEqual([[0]]);
  });

  it('whose reader was lost are asked for alone', async () => {
    vi.spyOn(inspector, 'readSmall').mockImplementation(async (payloads) => payloads.map(() => null));
    const outcome = await drop(many(5));
    expect([...outcome.values()].map((p) => p.verdict)).toEqual(Array(5).fill('new'));
    expect(await blobs.staged()).toEqual([]);
  });
});

describe('a drop that is cut', () => {
  it.each([
    ['stage', large],
    ['commit', large],
    ['put', String],
  ] as const)('[row 95] killed during %s: nothing half-visible, bytes resume or go', async (step, text) => {
    const real = blobs[step].bind(blobs) as (...args: unknown[]) => Promise<void>;
    let calls = 0;
    // The browser dies in the second call, of which half was done: this promise never settles, as in a killed process.
    blobs[step] = (async (...args: unknown[]) => {
      calls += 1;
      if (calls < 2) return real(...args);
      if (step === 'put') await real((args[0] as unknown[]).slice(0, 1));
      return new Promise<void>(() => {});
    }) as never;
    // More than one batch of small files.
    const inputs = Array.from({ length: step === 'put' ? 200 : 3 }, (_, i) => file(`${i}.txt`, text(`${i}`)));
    engine.drop(inputs, {});
    await expect.poll(() => calls).toBeGreaterThanOrEqual(2);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const acknowledged = told.filter((p) => p.state === 'saved').map((p) => p.key);
    if (step === 'put') expect(acknowledged.length).toBeGreaterThan(0);
    const before = (await stored()).length;
    blobs[step] = real as never;
    await open();
    const keys = artifacts().map((r) => String(r[0]));
    if (step === 'put') expect(before).toBeGreaterThan(keys.length);
    for (const key of acknowledged) expect(keys).toContain(key);
    expect(await blobs.staged()).toEqual([]);
    expect(await stored()).toHaveLength(keys.length);
    expect(driver.all('SELECT count(*) FROM loam_drop')).toEqual([[0]]);
    expect(engine.integrityCheck()).toBe('ok');
  });

  it('a journal row that could not be let go never takes the bytes of a saved artifact', async () => {
    const { put, remove } = blobs;
    blobs.put = () => Promise.reject(new Error('no'));
    blobs.remove = () => Promise.reject(new Error('no'));
    const inputs = [file('a.txt', 'a'), file('b.txt', 'b')];
    const { drop: uid } = engine.drop(inputs, {});
    await expect.poll(() => [...newest().values()]).toEqual(['failed', 'failed']);
    expect(Number(driver.all('SELECT count(*) FROM loam_drop')[0]?.[0])).toBeGreaterThan(0);
    Object.assign(blobs, { put, remove });
    for (const { id } of inputs) engine.retryDrop(uid, id);
    await expect.poll(() => [...newest().values()]).toEqual(['saved', 'saved']);
    await engine.dropDone(uid);
    await open();
    expect(await stored()).toHaveLength(2);
    expect(driver.all('SELECT count(*) FROM loam_drop')).toEqual([[0]]);
  });

  it.each([
    ['small', 'x'.repeat(100)],
    ['large', large('x')],
  ])(
    'a full disk says how much is missing, leaves nothing half, and goes on after space is freed: %s files',
    async (_, text) => {
      const { stage, put } = blobs;
      const refuse = (size: number) => {
        if (size > 10) throw storageFull(size, 0);
      };
      blobs.stage = async (token, path, source, ...rest) => {
        refuse(source.size);
        await stage(token, path, source, ...rest);
      };
      blobs.put = async (files) => {
        for (const { bytes } of files) refuse(bytes.length);
        await put(files);
      };
      const { drop: uid } = engine.drop([file('big.txt', text), file('a.txt', 'a')], {});
      await expect
        .poll(() => told.find((p) => p.state === 'failed')?.message)
        .toMatch(new RegExp(`Not enough storage.*${text.length.toLocaleString('en')} bytes`));
      expect(artifacts().map((r) => r[0])).not.toContain('big.txt');
      Object.assign(blobs, { stage, put });
      engine.retryDrop(uid, 'big.txt');
      const keys = () => artifacts().map((r) => r[0]);
      await expect.poll(() => keys().sort()).toEqual(['a.txt', 'big.txt']);
      await engine.dropDone(uid);
      expect(await blobs.staged()).toEqual([]);
      expect(await stored()).toHaveLength(2);
      expect(driver.all('SELECT count(*) FROM loam_drop')).toEqual([[0]]);
    },
  );

  it('a full disk pauses the rest; a retry asked for twice wakes every lane and saves each file once', async () => {
    const { stage, put } = blobs;
    blobs.stage = (_token, _path, source) => Promise.reject(storageFull(source.size, 0));
    blobs.put = (files) => Promise.reject(storageFull(files[0]?.bytes.length ?? 0, 0));
    const run = async (names: string[], text: (name: string) => string, failing: number) => {
      const { drop: uid } = engine.drop(
        names.map((name) => file(name, text(name))),
        {},
      );
      const states = () => engine.drops().flatMap((p) => (p.drop === uid ? [p.state] : []));
      // Nobody reads "queued" where nothing moves, and files without room do not fail one after the other.
      await expect
        .poll(() => states().sort())
        .toEqual([...Array<string>(failing).fill('failed'), ...Array<string>(8 - failing).fill('paused')]);
      return { uid, states };
    };
    const names = Array.from({ length: 8 }, (_, i) => `f${i}.txt`);
    const small = await run(names, String, 1);
    const big = await run(
      names.map((name) => `big-${name}`),
      large,
      2,
    );
    Object.assign(blobs, { stage, put });
    const failed = engine.drops().flatMap((p) => (p.state === 'failed' ? [[p.drop, p.item] as const] : []));
    for (const [uid, id] of [...failed, ...failed]) engine.retryDrop(uid, id);
    for (const { states } of [small, big]) await expect.poll(states).toEqual(Array(8).fill('saved'));
    expect(engine.drops().map((p) => p.verdict)).toEqual(Array(16).fill('new'));
    // A drop that hangs would still refuse the undo.
    for (const { uid } of [small, big]) await engine.dropDone(uid);
    expect(await engine.undo()).not.toBeNull();
  });

  it('a cancelled drop keeps what was saved and nothing of the rest', async () => {
    const { readSmall } = inspector;
    vi.spyOn(inspector, 'readSmall').mockImplementation(async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return readSmall(...args);
    });
    const { drop: uid } = engine.drop(
      Array.from({ length: 120 }, (_, i) => file(`f${i}.txt`, `f${i}`)),
      {},
    );
    await expect.poll(() => told.some((p) => p.state === 'saved')).toBe(true);
    engine.cancelDrop(uid);
    await expect
      .poll(() => engine.drops().every((p) => p.state === 'saved' || p.state === 'cancelled'))
      .toBe(true);
    const saved = engine.drops().filter((p) => p.state === 'saved').length;
    expect(saved).toBeLessThan(120);
    expect(artifacts()).toHaveLength(saved);
    expect(await stored()).toHaveLength(saved);
  });
});

describe('databases of one device share the bytes', () => {
  it('bytes that another database names stay, and go once it no longer does', async () => {
    await drop([file('a.txt', 'aa'), file('b.txt', 'b')]);
    const [a, b] = driver.all('SELECT uid FROM lamindb_artifact ORDER BY key').map((r) => String(r[0])) as [
      string,
      string,
    ];
    const keyOf = (uid: string) => `.lamindb/${uid}.txt`;
    expect(engine.keysNamed([keyOf(a), keyOf(b), '.lamindb/aaaaaaaaaaaaaaaa0000.txt', '../x'])).toEqual([
      keyOf(a),
      keyOf(b),
    ]);
    namedElsewhere = async (keys) => keys.filter((key) => key === keyOf(a));
    expect(await engine.purge('Artifact', [{ uid: a }, { uid: b }])).toMatchObject({ bytes: 1, kept: 2 });
    expect(await stored()).toEqual([keyOf(a)]);
    await open();
    expect(await stored()).toEqual([keyOf(a)]);
    namedElsewhere = async () => [];
    await engine.settle();
    expect(await stored()).toEqual([]);
  });

  it('bytes of an artifact that came back meanwhile stay', async () => {
    await drop([file('a.txt', 'aa')]);
    const [row] = driver.all('SELECT * FROM lamindb_artifact');
    const uid = String(driver.all('SELECT uid FROM lamindb_artifact')[0]?.[0]);
    namedElsewhere = async (keys) => keys;
    await engine.purgeArtifacts([uid]);
    driver.run(`INSERT INTO lamindb_artifact VALUES (${row?.map(() => '?').join()})`, row);
    namedElsewhere = async () => [];
    await engine.settle();
    expect(await stored()).toEqual([`.lamindb/${uid}.txt`]);
    expect(driver.all("SELECT * FROM loam_drop WHERE state = 'purged'")).toEqual([]);
  });
});
