// Drops that end before they are done: what is left after a crash at each step between hashing and COMMIT, a full disk, a cancel
// and a purge beside other databases.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { storageFull } from '../../src/lib/engine/errors.ts';
import {
  artifacts,
  blobs,
  driver,
  drop,
  elsewhere,
  engine,
  file,
  fresh,
  inspector,
  large,
  newest,
  open,
  stored,
  told,
} from './drop-world.ts';

beforeEach(fresh);

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
    elsewhere.named = async (keys) => keys.filter((key) => key === keyOf(a));
    expect(await engine.purge('Artifact', [{ uid: a }, { uid: b }])).toMatchObject({ bytes: 1, kept: 2 });
    expect(await stored()).toEqual([keyOf(a)]);
    await open();
    expect(await stored()).toEqual([keyOf(a)]);
    elsewhere.named = async () => [];
    await engine.settle();
    expect(await stored()).toEqual([]);
  });

  it('bytes of an artifact that came back meanwhile stay', async () => {
    await drop([file('a.txt', 'aa')]);
    const [row] = driver.all('SELECT * FROM lamindb_artifact');
    const uid = String(driver.all('SELECT uid FROM lamindb_artifact')[0]?.[0]);
    elsewhere.named = async (keys) => keys;
    await engine.purgeArtifacts([uid]);
    driver.run(`INSERT INTO lamindb_artifact VALUES (${row?.map(() => '?').join()})`, row);
    elsewhere.named = async () => [];
    await engine.settle();
    expect(await stored()).toEqual([`.lamindb/${uid}.txt`]);
    expect(driver.all("SELECT * FROM loam_drop WHERE state = 'purged'")).toEqual([]);
  });
});
