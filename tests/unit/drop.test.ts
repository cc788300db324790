// Drops on the real engine with stores in memory: what a person is told, and what is stored.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DropInput } from '../../src/lib/engine/registry/drop.ts';
import {
  artifacts,
  blobs,
  driver,
  drop,
  engine,
  file,
  folder,
  fresh,
  inspector,
  open,
  stored,
} from './drop-world.ts';

beforeEach(fresh);

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
