// The worker that writes small files: what it is given is in OPFS afterwards, failures cross with their code, and one
// that dies fails only what it was given.
import { afterAll, describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { createOpfsBlobs } from '../../src/lib/storage/blob/opfs.ts';
import { createPut } from '../../src/lib/workers/put-client.ts';

const folder = `.lamindb/put-${Date.now()}`;
const files = (from: number, n: number) =>
  Array.from({ length: n }, (_, i) => ({
    key: `${folder}/${from + i}.txt`,
    bytes: new TextEncoder().encode(`file ${from + i}`),
  }));
const there = async () => (await (await createOpfsBlobs()).list(folder).catch(() => [])).length;
afterAll(async () => (await createOpfsBlobs()).remove(folder));

describe('the put worker', () => {
  it('stores all it is given and leaves the bytes with the caller', async () => {
    const put = createPut('storage');
    const given = [...files(0, 30), ...files(30, 1)];
    await Promise.all([put(given.slice(0, 30)), put(given.slice(30)), put([])]);
    const store = await createOpfsBlobs();
    for (const { key, bytes } of given) {
      const source = await store.open(key);
      expect([key, new TextDecoder().decode(await source.read(0, source.size))]).toEqual([
        key,
        new TextDecoder().decode(bytes),
      ]);
    }
    expect(given.every(({ bytes }) => bytes.length > 0)).toBe(true);
  });

  it('tells a failure by its code after all the others were stored', async () => {
    const put = createPut('storage');
    const before = await there();
    const bad = [{ key: '../up', bytes: new Uint8Array(1) }, ...files(100, 20)];
    const error: unknown = await put(bad).catch((e: unknown) => e);
    expect(isLoamError(error, 'InvalidArgument')).toBe(true);
    expect(await there()).toBe(before + 20);
  });

  it('is replaced when it dies', async () => {
    let made = 0;
    const put = createPut('storage', () => {
      if (made++ > 0)
        return new Worker(new URL('../../src/lib/workers/put.worker.ts', import.meta.url), {
          type: 'module',
        });
      const script = 'onmessage = () => { setTimeout(() => { throw new Error("gone") }) }';
      return new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
    });
    await expect(put(files(200, 1))).rejects.toThrow(/stores files stopped.*gone/);
    await put(files(200, 1));
    expect(await (await createOpfsBlobs()).exists(`${folder}/200.txt`)).toBe(true);
  });
});
