// Drops on the real engine with stores in memory: files and folders of texts, and the way to wait for them.
import { expect, vi } from 'vitest';
import { createEngine, type Engine } from '../../src/lib/engine/index.ts';
import { hashFile, hashFolder } from '../../src/lib/engine/hash.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { BlobStore, ByteSource, Inspector, SqlDriver } from '../../src/lib/engine/ports.ts';
import type { DropInput } from '../../src/lib/engine/registry/drop.ts';
import type { DropOptions, DropProgress } from '../../src/lib/engine/registry/drop-types.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { readSmallFile, smallFile } from '../../src/lib/engine/small-file.ts';
import { inspectFile, inspectFolder } from '../../src/lib/formats/inspect.ts';
import { createMemoryBlobs } from '../../src/lib/storage/blob/memory.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';

const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const sourceOf = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (a, b) => bytes.slice(a, b),
});

export const inspector: Inspector = {
  async hash(payload, onProgress) {
    if (payload.files)
      return hashFolder({
        files: payload.files.map((f) => ({ path: f.path, source: f.file as ByteSource })),
      });
    const source = payload.file as ByteSource;
    return { ...(await hashFile(source, onProgress)), size: source.size, nFiles: null };
  },
  inspect: ({ file, name, files }) =>
    file === null
      ? inspectFolder(
          { files: (files ?? []).map((one) => ({ path: one.path, source: one.file as ByteSource })) },
          name,
        )
      : inspectFile(file as ByteSource, name),
  readSmall: (payloads) =>
    Promise.all(
      payloads.map(({ file, name }) => {
        const source = file as ByteSource;
        const read = () => source.read(0, source.size);
        return readSmallFile(source.size, read, (bytes) => inspectFile(bytes, name)).catch(
          (error: Error) => ({ error }),
        );
      }),
    ),
  checksum: () => Promise.resolve('0'.repeat(64)),
};

export let driver: SqlDriver;
export let blobs: BlobStore;
export let engine: Engine;
export let told: DropProgress[];

/** What other databases of the device would answer. */
export const elsewhere = { named: async (_keys: string[]): Promise<string[]> => [] };

/** The engine on the database and the store as they are. */
export async function open(): Promise<void> {
  told = [];
  engine = await createEngine({
    driver,
    model,
    blobs,
    inspector,
    clock: () => Date.now(),
    random,
    onFeed: () => {},
    onDrop: (progress) => told.push(progress),
    namedElsewhere: (keys) => elsewhere.named(keys),
  });
}

/** An empty database and an empty store, for one test. */
export async function fresh(): Promise<void> {
  vi.restoreAllMocks();
  elsewhere.named = async () => [];
  driver = await openMemory();
  createInstance(driver, { model, clock: () => Date.now(), random, name: 'test' });
  blobs = createMemoryBlobs();
  await open();
}

export function file(key: string, text: string): DropInput {
  const source = sourceOf(utf8(text));
  return { id: key, key, payload: { name: key, file: source, files: null }, source, folder: null };
}

export function folder(key: string, files: Record<string, string>): DropInput {
  const entries = Object.entries(files).map(([path, text]) => ({ path, source: sourceOf(utf8(text)) }));
  return {
    id: key,
    key,
    payload: { name: key, file: null, files: entries.map(({ path, source }) => ({ path, file: source })) },
    source: null,
    folder: { files: entries },
  };
}

/** Ends when every item of the drop has come to an end. */
export async function drop(
  inputs: DropInput[],
  options: DropOptions = {},
): Promise<Map<string, DropProgress>> {
  const { drop: uid } = engine.drop(inputs, options);
  const ended = (p: DropProgress) => ['saved', 'failed', 'cancelled'].includes(p.state);
  await expect
    .poll(() =>
      engine
        .drops()
        .filter((p) => p.drop === uid)
        .every(ended),
    )
    .toBe(true);
  await expect
    .poll(() => driver.all('SELECT count(*) FROM lamindb_run WHERE _status_code = -1'))
    .toEqual([[0]]);
  return new Map(
    engine
      .drops()
      .filter((p) => p.drop === uid)
      .map((p) => [p.item, p]),
  );
}

export const artifacts = () =>
  driver.all('SELECT key, hash, size, is_latest, branch_id FROM lamindb_artifact ORDER BY id');
export const stored = async () => (await blobs.keys()).map((b) => b.key);

/** Above this a file is hashed, staged and moved by itself. */
export const large = (text: string) => text.padEnd(smallFile + 1, '.');
export const newest = () => new Map(told.map((p) => [p.key, p.state]));
