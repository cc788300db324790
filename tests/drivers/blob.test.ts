// The blob suite in Node: memory and the file system.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bytesSource } from '../../src/lib/storage/blob/keys.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { createNodeBlobs } from '../../src/lib/storage/blob/node.ts';
import { blobCases } from './blob-suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'loam-blobs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;

describe.each([
  ['memory', async () => createMemoryBlobs()],
  ['node', () => createNodeBlobs(join(folder, String(++stores)))],
] as const)('%s', (_name, create) => {
  for (const { title, run } of blobCases) test(title, async () => run(await create()));
});

test('full storage says how much is missing and keeps nothing', async () => {
  const store = createMemoryBlobs({ capacity: 10 });
  const error: unknown = await store.stage('t', '', bytesSource(new Uint8Array(25))).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'StorageFull', details: { needed: 15, free: 10 } });
  expect(await store.staged()).toEqual([]);
});

test('the file system holds LaminDB’s layout', async () => {
  const root = join(folder, 'layout');
  const store = await createNodeBlobs(root);
  await store.stage('t', '', bytesSource(new Uint8Array([1])));
  await store.commit('t', '.lamindb/uid.bin');
  expect(existsSync(join(root, '.lamindb', 'uid.bin'))).toBe(true);
});
