// The blob suite in Node: memory and the file system.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bytesSource } from '../../src/lib/storage/blob/keys.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { createNodeBlobs } from '../../src/lib/storage/blob/node.ts';
import { blobCases } from './blob-suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'loam-blobs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;

test.each(blobCases)('memory: $title', async ({ run }) => {
  const store = createMemoryBlobs();
  await run(store, async () => store);
});

test.each(blobCases)('node: $title', async ({ run }) => {
  const name = String(++stores);
  const open = () => createNodeBlobs(join(folder, name));
  await run(await open(), open);
});

test('full storage says how much is missing and keeps nothing', async () => {
  const store = createMemoryBlobs({ capacity: 10 });
  const error: unknown = await store.stage('t', '', bytesSource(new Uint8Array(25))).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'StorageFull', details: { needed: 15, free: 10 } });
  expect(await store.staged()).toEqual([]);
  const files = [6, 25, 3].map((size, i) => ({ key: `.lamindb/${i}`, bytes: new Uint8Array(size) }));
  const put: unknown = await store.put(files).catch((e: unknown) => e);
  expect(put).toMatchObject({ code: 'StorageFull', details: { needed: 21, free: 4 } });
  expect(await store.keys()).toEqual([
    { key: '.lamindb/0', size: 6 },
    { key: '.lamindb/2', size: 3 },
  ]);
});

test('the file system holds LaminDB’s layout', async () => {
  const root = join(folder, 'layout');
  const store = await createNodeBlobs(root);
  await store.stage('t', '', bytesSource(new Uint8Array([1])));
  await store.commit('t', '.lamindb/uid.bin');
  expect(existsSync(join(root, '.lamindb', 'uid.bin'))).toBe(true);
});
