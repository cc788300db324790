// Workers that end without closing, and two workers that want the same file.
import { afterEach, expect, test } from 'vitest';
import type { HoldRequest } from './hold.worker.ts';

interface Answer {
  rows: number | null;
  kind?: string;
  created?: boolean;
  settings?: string[];
  asItWas?: boolean;
  error: { code: string } | null;
}

const workers: Worker[] = [];
afterEach(() => workers.splice(0).forEach((worker) => worker.terminate()));

function start(): Worker {
  const worker = new Worker(new URL('./hold.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  return worker;
}

function hold(request: HoldRequest, worker = start()): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(request);
  });
}

/** Names of the pool's files; none where there is no such pool. */
async function names(pool: string): Promise<string[]> {
  try {
    let folder = await navigator.storage.getDirectory();
    for (const part of ['.lamin-sah', pool, '.opaque']) folder = await folder.getDirectoryHandle(part);
    const found: string[] = [];
    for await (const name of folder.keys()) found.push(name);
    return found.sort();
  } catch {
    return [];
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a second worker meets DatabaseLocked, the first goes on, and the file is free once that one ends', async () => {
  const name = `hold-${Date.now()}`;
  expect(await hold({ backend: 'opfs-sahpool', name })).toMatchObject({ rows: 2, error: null });
  expect((await hold({ backend: 'opfs-sahpool', name })).error?.code).toBe('DatabaseLocked');
  // Ended inside an open transaction: what was committed stays, the rest is gone.
  workers.splice(0).forEach((worker) => worker.terminate());
  await pause(100);
  expect(await hold({ backend: 'opfs-sahpool', name })).toMatchObject({ rows: 3, error: null });
});

test('a worker that waits gets the pool ready without its files: the holder goes on, and then all is there', async () => {
  const name = `hold-${Date.now()}`;
  const backend = 'opfs-sahpool';
  const waiting = start();
  // Nothing there yet: nothing is made.
  expect(await hold({ backend, name, prepare: true }, waiting)).toMatchObject({ asItWas: true });
  expect(await names(name)).toEqual([]);

  const holder = start();
  expect(await hold({ backend, name }, holder)).toMatchObject({ rows: 2, created: true });
  await pause(200); // the holder's last files
  const files = await names(name);
  expect(await hold({ backend, name, prepare: true }, waiting)).toMatchObject({ asItWas: true });
  expect(await names(name)).toEqual(files);
  expect((await hold({ backend, name }, waiting)).error?.code).toBe('DatabaseLocked');

  holder.terminate();
  await pause(100);
  expect(await hold({ backend, name }, waiting)).toMatchObject({ rows: 3, created: false, error: null });
  await pause(200);
  expect(await names(name)).toEqual(files);
});

test('a new database and one that was there are open with the same settings', async () => {
  const name = `hold-${Date.now()}`;
  for (const created of [true, false]) {
    expect(await hold({ backend: 'opfs-sahpool', name })).toMatchObject({
      created,
      settings: ['wal', '1', 'exclusive'],
    });
    workers.splice(0).forEach((worker) => worker.terminate());
    await pause(100);
  }
});

test('wa-sqlite: a commit survives the end of the worker once the mirror has had its 200 ms', async () => {
  const name = `hold-${Date.now()}`;
  expect(await hold({ backend: 'wa-sqlite', name })).toMatchObject({ rows: 2, error: null });
  await pause(500);
  workers.splice(0).forEach((worker) => worker.terminate());
  expect(await hold({ backend: 'wa-sqlite', name })).toMatchObject({ rows: 3, error: null });
});

test('a mirrored database moves into OPFS once the browser has sync access handles, and stays there', async () => {
  const name = `hold-${Date.now()}`;
  await hold({ backend: 'wa-sqlite', name });
  await pause(500);
  workers.splice(0).forEach((worker) => worker.terminate());
  for (const rows of [3, 4]) {
    expect(await hold({ backend: 'best', name })).toMatchObject({
      rows,
      kind: 'opfs-sahpool',
      created: false,
    });
    workers.splice(0).forEach((worker) => worker.terminate());
    await pause(100);
  }
  expect((await indexedDB.databases()).some((db) => db.name === `loam-sqlite-${name}`)).toBe(false);
  // Without either, a new one.
  expect(await hold({ backend: 'best', name: `${name}-new` })).toMatchObject({ rows: 2, created: true });
});
