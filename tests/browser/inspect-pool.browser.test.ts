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
