// The inspect worker in a real browser: Files read lazily, hashes with progress, and workers that hang or crash are replaced.
import { afterEach, describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import {
  createInspector,
  type Inspector,
  type InspectorOptions,
} from '../../src/lib/workers/inspect-pool.ts';
import { generateLab, LAB_FOLDERS } from '../fixtures/generate.ts';
import facts from '../fixtures/lab-facts.json';

const open: Inspector[] = [];
function inspector(options: InspectorOptions = {}): Inspector {
  const made = createInspector(options);
  open.push(made);
  return made;
}
afterEach(() => open.splice(0).forEach((one) => one.close()));

const asFile = (bytes: Uint8Array, name: string): File => new File([bytes as Uint8Array<ArrayBuffer>], name);

describe('inspect worker', () => {
  it('answers for the whole lab as Python does', async () => {
    const pool = inspector({ size: 2 });
    const lab = await generateLab();
    for (const [key, fact] of Object.entries(
      facts as Record<string, { hash: string; size: number; nObs?: number; rows?: number }>,
    )) {
      const members = lab
        .filter((file) => LAB_FOLDERS.includes(key) && file.path.startsWith(`${key}/`))
        .map((file) => ({ path: file.path.slice(key.length + 1), file: asFile(file.bytes, file.path) }));
      const single = lab.find((file) => file.path === key);
      const input = single ? asFile(single.bytes, key) : members;
      const [found, hashed] = await Promise.all([pool.inspect(input, key), pool.hash(input)]);
      expect([key, hashed.hash, hashed.size]).toEqual([key, fact.hash, fact.size]);
      if (fact.nObs !== undefined) expect([key, found.nObservations]).toEqual([key, fact.nObs]);
      if (fact.rows !== undefined) expect([key, found.rows]).toEqual([key, fact.rows]);
      if (!['damaged.h5ad', 'empty.txt'].includes(key)) expect([key, found.problem]).toEqual([key, null]);
    }
  });

  it('reads several gzip files in a row, and says of a damaged one that it is', async () => {
    const pool = inspector();
    const zip = async (text: string): Promise<Uint8Array> => {
      const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
      return new Uint8Array(await new Response(packed).arrayBuffer());
    };
    const [first, second] = [await zip('a,b\n1,2\n'), await zip('3,4\n5,6\n')];
    const both = Uint8Array.from([...first, ...second]);
    expect(await pool.inspect(asFile(both, 'a.csv.gz'), 'a.csv.gz')).toMatchObject({
      rows: 3,
      problem: null,
    });
    const cut = asFile(both.subarray(0, both.length - 9), 'a.csv.gz');
    expect((await pool.inspect(cut, 'a.csv.gz')).problem).toMatch(/damaged|cut off|could not be read/);
    const damaged = first.slice();
    damaged[first.length - 6] = (damaged[first.length - 6] ?? 0) ^ 1; // its checksum
    const found = await pool.inspect(asFile(damaged, 'a.csv.gz'), 'a.csv.gz');
    expect(found.problem).toMatch(/damaged|cut off|could not be read/);
  });

  it('reads small files in one trip: hash, checksum, summary and bytes, and errors in their place', async () => {
    const pool = inspector();
    const files = (await generateLab())
      .filter(({ bytes }) => bytes.length <= 1024 * 1024)
      .map(({ bytes, path }) => ({ file: asFile(bytes, path), name: path }));
    expect(files.length).toBeGreaterThan(10);
    const answers = await pool.readSmall(files);
    for (const [i, { file, name }] of files.entries()) {
      const one = answers[i];
      if (!one?.ok) throw new Error(`${name} was not read`);
      const { hash, sha256, summary, bytes } = one.value;
      expect([name, hash, sha256]).toEqual([name, (await pool.hash(file)).hash, await pool.checksum(file)]);
      expect([name, summary]).toEqual([name, await pool.inspect(file, name)]);
      expect([name, await asFile(bytes, name).text()]).toEqual([name, await file.text()]);
    }
    const stop = new AbortController();
    stop.abort();
    const cancelled = await pool.readSmall(files, { signal: stop.signal }).catch((error: unknown) => error);
    expect(isLoamError(cancelled, 'Cancelled')).toBe(true);
  });

  it('reports progress of hashing and can be cancelled', async () => {
    const pool = inspector();
    const large = new File([new Uint8Array(60 * 1024 * 1024)], 'large.bin');
    const steps: number[] = [];
    const { hashType } = await pool.hash(large, { onProgress: (done, total) => steps.push(done / total) });
    expect(hashType).toBe('sha1-fl');
    expect(steps.at(-1)).toBe(1);
    const stop = new AbortController();
    const cancelled = pool.checksum(large, { signal: stop.signal }).catch((error: unknown) => error);
    stop.abort();
    expect(isLoamError(await cancelled, 'Cancelled')).toBe(true);
    expect((await pool.hash(asFile(new Uint8Array(1), 'a'))).size).toBe(1);
  });

  it('replaces a worker that hangs, one that crashes, and one that never starts', async () => {
    const script = (text: string): Worker =>
      new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
    const bad = [
      'onmessage = () => { for (;;) {} }',
      'onmessage = () => { setTimeout(() => { throw new RangeError("Array buffer allocation failed") }) }',
      'import "nowhere"',
    ];
    const words = [/took too long/, /more memory/, /stopped unexpectedly/];
    for (const [i, text] of bad.entries()) {
      let made = 0;
      const pool = inspector({
        timeoutMs: 4000,
        createWorker: () =>
          made++ === 0
            ? script(text)
            : new Worker(new URL('../../src/lib/workers/inspect.worker.ts', import.meta.url), {
                type: 'module',
              }),
      });
      const file = asFile(new TextEncoder().encode('a,b\n1,2\n'), 'a.csv');
      expect((await pool.inspect(file, 'a.csv')).problem).toMatch(words[i] ?? /never/);
      expect(await pool.inspect(file, 'a.csv')).toMatchObject({ rows: 1, problem: null });
      // Of many files nobody knows which it was: each is to be asked for alone.
      made = 0;
      pool.close();
      const again = inspector({ timeoutMs: 2000, createWorker: () => script(text) });
      const two = [file, file].map((one) => ({ file: one, name: 'a.csv' }));
      expect(await again.readSmall(two)).toEqual([null, null]);
    }
  });

  it('works inside another worker', async () => {
    const outer = new Worker(new URL('./nested.worker.ts', import.meta.url), { type: 'module' });
    const answer = await new Promise((resolve, reject) => {
      outer.onmessage = (event) => resolve(event.data);
      outer.onerror = (event) => reject(new Error(event.message));
      outer.postMessage(asFile(new TextEncoder().encode('a,b\n1,2\n'), 'a.csv'));
    });
    outer.terminate();
    expect(answer).toMatchObject({ rows: 1, format: 'csv', problem: null });
  });
});
