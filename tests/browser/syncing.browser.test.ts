// Sync as the engine worker joins it, in a Chromium: the browser's own WebSocket, and what tells a database file from its copy.
import { expect, inject, it } from 'vitest';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { attachRemote } from '../../src/lib/engine/sync/remote.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { fileNonce } from '../../src/lib/storage/keys/file-nonces.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { createSyncing } from '../../src/lib/workers/syncing.ts';
import type { SyncStatus } from '../../src/lib/workers/sync-wire.ts';

const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const clock = () => Date.now();
const account = { uid: '00000000', handle: 'anonymous' };
const refuse = () => Promise.reject(new Error('no bytes here'));

async function ground(): Promise<Uint8Array> {
  const driver = await openMemory();
  createInstance(driver, { model, clock, random, name: 'lab' });
  await attachRemote(driver, {
    ...{ server: inject('relay'), instance: { uid: 'instance0000', name: 'lab' }, account, random, clock },
  });
  const bytes = driver.serialize();
  driver.close();
  return bytes;
}

async function opened(bytes: Uint8Array, nonce: string): Promise<Engine> {
  return createEngine({
    ...{ driver: await openMemory({ bytes }), model, blobs: createMemoryBlobs(), clock, random },
    inspector: { hash: refuse, inspect: refuse, readSmall: refuse, checksum: refuse },
    ...{ onFeed: () => {}, onDrop: () => {}, fileNonce: fileNonce(nonce) },
  });
}

it('[row 67] two databases of a browser exchange what is written in them, and every tab is told how it stands', async () => {
  const bytes = await ground();
  const [a, b] = [await opened(bytes, 'db-a'), await opened(bytes, 'db-b')];
  const told: SyncStatus[] = [];
  const origin = inject('relay');
  const syncing = createSyncing({ engine: a, origin, app: 'test', tell: (status) => told.push(status) });
  createSyncing({ engine: b, origin, app: 'test', tell: () => {} });
  a.createULabel('from a');
  b.createULabel('from b');
  const names = (engine: Engine) =>
    engine
      .ulabels('from', 10)
      .map(({ name }) => name)
      .sort();
  await expect
    .poll(() => [names(a), names(b)])
    .toEqual([
      ['from a', 'from b'],
      ['from a', 'from b'],
    ]);
  await expect
    .poll(async () => await syncing.syncStatus())
    .toMatchObject({ state: 'live', pending: 0, server: origin });
  expect(told.map(({ state }) => state)).toEqual(expect.arrayContaining(['connecting', 'live']));
  await syncing.pauseSync();
  a.createULabel('from a later');
  expect(await syncing.syncStatus()).toMatchObject({ state: 'stopped', pending: 1, error: null });
  await syncing.syncNow();
  await expect.poll(() => names(b)).toContain('from a later');
  a.endSync();
  b.endSync();
});

it('a page of another address says where the database belongs to, and sends nothing', async () => {
  const engine = await opened(await ground(), 'db-c');
  const origin = 'https://elsewhere.example';
  const syncing = createSyncing({ engine, origin, app: 'test', tell: () => {} });
  engine.createULabel('kept here');
  expect(await syncing.syncStatus()).toMatchObject({
    ...{ state: 'stopped', pending: 1 },
    error: {
      code: 'NotSupportedError',
      message: expect.stringContaining(`Open ${inject('relay')} in this browser`),
    },
  });
  await expect(syncing.syncNow()).rejects.toThrow(/belongs to/);
});

it('a database is told from a copy of it by what the browser keeps', async () => {
  const nonce = fileNonce('db-d');
  expect(await nonce.read()).toBe(null);
  await nonce.write('first');
  expect(await fileNonce('db-d').read()).toBe('first');
  expect(await fileNonce('db-e').read()).toBe(null);
});
