// Workers that end without closing, and two workers that want the same file.
import { afterEach, expect, test } from 'vitest';
import type { HoldRequest } from './hold.worker.ts';

interface Answer {
  rows: number | null;
  kind?: string;
  created?: boolean;
  settings?: string[];
  error: { code: string } | null;
}

const workers: Worker[] = [];
afterEach(() => workers.splice(0).forEach((worker) => worker.terminate()));

function hold(request: HoldRequest): Promise<Answer> {
  const worker = new Worker(new URL('./hold.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(request);
  });
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
