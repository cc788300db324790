// The range cache against a server with every fault: the right bytes, each fetched once; or an error that says in words
// what is wrong and what to do. Read as DuckDB and HDF5 read, by threads that cannot wait for a promise.
import { afterAll, beforeEach, expect, inject, it } from 'vitest';
import { fromWire, type LoamError, type WireError } from '../../src/lib/engine/errors.ts';
import type { RemoteFile, RemoteMeter } from '../../src/lib/storage/remote/cache-reader.ts';
import type { RemoteApi } from '../../src/lib/workers/remote.worker.ts';
import { connectWorker, type WorkerPort } from '../../src/lib/workers/worker-port.ts';

const base = inject('ranges');
const block = 16_384;

function patternBytes(size: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >>> 8) * 7 + (i >>> 16) * 13 + seed) & 255;
  return bytes;
}

let fetching: WorkerPort<RemoteApi> | null = null;
let reading: Worker | null = null;

function api(options = 'stall=1000'): RemoteApi {
  if (fetching) return fetching.api;
  const url = new URL('../../src/lib/workers/remote.worker.ts', import.meta.url);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}${options}`;
  fetching = connectWorker<RemoteApi>(new Worker(url, { type: 'module' }));
  return fetching.api;
}
function end(): void {
  fetching?.end();
  fetching = null;
}

async function put(name: string, size: number, seed = 0): Promise<string> {
  await fetch(`${base}/${name}?size=${size}&seed=${seed}`, { method: 'PUT' });
  return `${base}/${name}`;
}
const fault = (url: string, name: string, from = 0) =>
  fetch(`${url}?fault=${name}&from=${from}`, { method: 'POST' });
const stats = async (url: string) =>
  (await (await fetch(`${url}?stats`)).json()) as {
    requests: number;
    sent: number;
    ranges: string[];
    most: number;
  };

function read(file: RemoteFile, ...ranges: [number, number][]) {
  reading ??= new Worker(new URL('./remote-reader.worker.ts', import.meta.url), { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  return new Promise<{ parts: Uint8Array[]; meter: RemoteMeter }>((resolve, reject) => {
    port1.onmessage = ({
      data,
    }: MessageEvent<{ parts: Uint8Array[]; meter: RemoteMeter } | { error: WireError }>) =>
      'error' in data ? reject(fromWire(data.error)) : resolve(data);
    reading?.postMessage({ file, ranges }, [port2]);
  });
}
/** Where two stretches of bytes differ first; −1 where they are the same. `toEqual` takes minutes for megabytes. */
function difference(found: Uint8Array | undefined, expected: Uint8Array): number {
  if (found?.length !== expected.length) return Math.min(found?.length ?? 0, expected.length);
  return found.findIndex((byte, i) => byte !== expected[i]);
}
const open = (url: string, size: number | null = null) => api().open({ kind: 'http', url }, size);
const words = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: LoamError) => error.message,
  );

beforeEach(async () => {
  await api().clear();
});
afterAll(() => {
  reading?.terminate();
  end();
});

it('reads ranges of a large file, each block fetched once and several at a time; again and after a restart nothing is asked', async () => {
  const size = 20_000_000;
  const url = await put('large.bin', size);
  const all = patternBytes(size);
  const file = await open(url);
  expect(file).toMatchObject({ remote: true, size, title: 'large.bin', offline: false });
  await fault(url, 'none');
  const ranges: [number, number][] = [
    [0, 10],
    [size - 8, size],
    [1_000_001, 4_000_003],
    [block * 500 - 1, block * 500 + 1],
  ];
  await fetch(`${base}/delay?ms=30`, { method: 'POST' });
  const first = await read(file, ...ranges);
  await fetch(`${base}/delay?ms=0`, { method: 'POST' });
  for (const [i, [from, to]] of ranges.entries())
    expect(difference(first.parts[i], all.slice(from, to))).toBe(-1);
  const asked = await stats(url);
  // The first block came with the opening. What was asked is at most a block more at either end.
  expect(asked.sent).toBeLessThan(3_000_002 + 6 * block);
  expect(asked.most).toBeGreaterThan(1);
  expect(asked.most).toBeLessThanOrEqual(6);
  expect(first.meter.fetched.requests).toBe(asked.requests + 1);
  expect(first.meter).toMatchObject({ kept: 1, waited: 3 });

  const again = await read(file, ...ranges);
  for (const [i, part] of first.parts.entries()) expect(difference(again.parts[i], part)).toBe(-1);
  expect(again.meter).toMatchObject({ kept: 4, waited: 0 });
  expect((await stats(url)).requests).toBe(asked.requests);

  end();
  const reopened = await open(url);
  expect(reopened.id).toBe(file.id);
  const later = await read(reopened, ...ranges);
  for (const [i, part] of first.parts.entries()) expect(difference(later.parts[i], part)).toBe(-1);
  // One byte, to see that it is still the same object.
  expect((await stats(url)).ranges.slice(asked.requests)).toEqual(['GET bytes=0-0']);
});

it('[row 41] without a network what was read answers, the rest says so, and a network that is back is used', async () => {
  const url = await put('offline.bin', 2_000_000);
  const all = patternBytes(2_000_000);
  const file = await open(url);
  await read(file, [500_000, 600_000]);
  end();
  await fault(url, 'gone');
  const away = await open(url);
  expect(away).toMatchObject({ id: file.id, offline: true, size: 2_000_000 });
  const kept = await read(away, [500_000, 600_000]);
  expect(difference(kept.parts[0], all.slice(500_000, 600_000))).toBe(-1);
  expect(await words(read(away, [1_500_000, 1_500_010]))).toMatch(
    /offline\.bin cannot be read: .* cannot be reached .*What was read of it before is still here/,
  );
  await fault(url, 'none');
  expect(
    difference((await read(away, [1_500_000, 1_500_010])).parts[0], all.slice(1_500_000, 1_500_010)),
  ).toBe(-1);
  const other = await put('never-read.bin', 1000);
  await fault(other, 'gone');
  expect(await words(open(other))).toMatch(/cannot be reached/);
});

it.each([
  ['403', /does not allow it\. Enter the keys/],
  ['404', /there is no such file at 127\.0\.0\.1/],
  ['416', /it has no range|no range bytes/],
  ['500', /answered 500\. Try again later/],
  ['whole', /sends only whole files, no ranges\. Download it/],
  ['long', /sent more than the \d+ bytes/],
  ['short', /sent \d+ bytes in place of \d+/],
  ['other-range', /sent the bytes from 1 on in place of 0/],
  ['truncated', /sent \d+ bytes in place of \d+/],
  ['stall', /nothing came from 127\.0\.0\.1:\d+ for 1 seconds/],
  ['redirect', /passes on to 127\.0\.0\.1:\d+\. If you trust that/],
  ['no-cors', /does not let this site read its files \(CORS\)/],
])(
  'answers "%s" with words, at the opening and in the middle',
  async (name, expected) => {
    const url = await put(`fault-${name}.bin`, 3_000_000);
    await fault(url, name);
    expect(await words(open(url))).toMatch(expected);
    await fault(url, 'none');
    const file = await open(url);
    await fault(url, name, 1_000_000);
    const { parts } = await read(file, [100_000, 200_000]);
    expect(difference(parts[0], patternBytes(3_000_000).slice(100_000, 200_000))).toBe(-1);
    const inside =
      name === '416'
        ? /was changed at .* \(it is shorter\)/
        : name === 'other-range'
          ? /in place of/
          : expected;
    expect(await words(read(file, [2_000_000, 2_100_000]))).toMatch(inside);
    await fault(url, 'none');
    const back = await open(url);
    expect(
      difference(
        (await read(back, [2_000_000, 2_100_000])).parts[0],
        patternBytes(3_000_000).slice(2_000_000, 2_100_000),
      ),
    ).toBe(-1);
  },
  60_000,
);

it.each(['busy-once', 'broken-once'])('an answer that fails once ("%s") is asked again', async (name) => {
  const url = await put(`${name}.bin`, 1_000_000);
  const file = await open(url);
  await fault(url, name);
  expect(
    difference(
      (await read(file, [500_000, 600_000])).parts[0],
      patternBytes(1_000_000).slice(500_000, 600_000),
    ),
  ).toBe(-1);
  expect((await stats(url)).requests).toBe(2);
});

it('a file that changes while it is read is an error, and nothing of the old one is mixed with the new', async () => {
  const url = await put('changing.bin', 1_000_000, 1);
  const file = await open(url);
  await read(file, [300_000, 400_000]);
  await put('changing.bin', 1_000_000, 2);
  expect(await words(read(file, [300_000, 400_000], [700_000, 800_000]))).toMatch(
    /changing\.bin cannot be read: it was changed at 127\.0\.0\.1:\d+ since it was opened .*Run this again/,
  );
  // Not even what was here before is answered any more.
  expect(await words(read(file, [300_000, 400_000]))).toMatch(/was changed/);
  const now = await open(url);
  expect(now.id).not.toBe(file.id);
  expect(
    difference(
      (await read(now, [300_000, 400_000])).parts[0],
      patternBytes(1_000_000, 2).slice(300_000, 400_000),
    ),
  ).toBe(-1);
  expect((await api().kept()).map(({ id }) => id)).toEqual([now.id]);
  expect(await words(open(url, 999))).toMatch(
    /has 1000000 bytes now, the database says 999: it was replaced/,
  );
});

it('finds the size where a server exposes no header to other sites', async () => {
  const url = await put('plain.bin', 300_000);
  await fault(url, 'plain-cors');
  const file = await open(url);
  expect(file.size).toBe(300_000);
  expect(
    difference((await read(file, [299_990, 300_000])).parts[0], patternBytes(300_000).slice(299_990)),
  ).toBe(-1);
  const empty = await put('empty.bin', 0);
  expect((await open(empty)).size).toBe(0);
});

it('the cache keeps to its size: what was not used for longest goes, and a file larger than it is read through it', async () => {
  end();
  api('stall=1000&cap=16000000');
  const one = await open(await put('one.bin', 9_000_000, 1));
  await read(one, [0, 9_000_000]);
  const two = await open(await put('two.bin', 9_000_000, 2));
  await read(two, [0, 9_000_000]);
  expect((await api().kept()).map(({ title }) => title)).toEqual(['two.bin']);
  const big = await open(await put('big.bin', 24_000_000, 3));
  const pieces = Array.from({ length: 24 }, (_, i): [number, number] => [i * 1_000_000, (i + 1) * 1_000_000]);
  const { parts } = await read(big, ...pieces);
  const all = patternBytes(24_000_000, 3);
  for (const [i, [from, to]] of pieces.entries()) expect(difference(parts[i], all.slice(from, to))).toBe(-1);
  const total = (await api().kept()).reduce((sum, { kept }) => sum + kept, 0);
  expect(total).toBeLessThan(17_000_000);
  expect(await words(read(big, [0, 24_000_000]))).toMatch(/needs more room at once than the cache/);
  end();
});

it('two readers of one file ask for each block once', async () => {
  const url = await put('shared.bin', 3_000_000);
  const file = await open(url);
  await fault(url, 'none');
  const second = new Worker(new URL('./remote-reader.worker.ts', import.meta.url), { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  const other = new Promise<{ parts: Uint8Array[] }>((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<{ parts: Uint8Array[] }>) => resolve(data);
  });
  second.postMessage({ file, ranges: [[1_000_000, 2_500_000]] }, [port2]);
  const [mine, its] = await Promise.all([read(file, [1_000_000, 2_500_000]), other]);
  second.terminate();
  expect(difference(mine.parts[0], patternBytes(3_000_000).slice(1_000_000, 2_500_000))).toBe(-1);
  expect(difference(its.parts[0], patternBytes(3_000_000).slice(1_000_000, 2_500_000))).toBe(-1);
  expect((await stats(url)).sent).toBeLessThan(1_500_000 + 3 * block);
});
