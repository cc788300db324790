// Where the database and the bytes of artifacts are kept (architecture decision 4): together in the browser's storage,
// or together in memory, with a loud banner, where it gives none. A backend that exists but fails, and one that held a
// database before, stay errors: a tab must never show an empty database in place of the real one.
import { isLoamError, LoamError } from '../engine/errors.ts';
import type { SqlDriver } from '../engine/ports.ts';
import { createMemoryBlobs } from '../storage/blob/memory.ts';
import { createOpfsBlobs, filesAt, type OpfsBlobStore } from '../storage/blob/opfs.ts';
import { openMemory } from '../storage/sql/memory.ts';
import { mirrorExists } from '../storage/sql/mirror.ts';
import { openDatabase } from '../storage/sql/open.ts';
import { createPut } from './put-client.ts';
import { streamOf, type OpenedDatabase, type OpenOptions } from '../storage/sql/opened.ts';

const storageFolder = 'storage';

export interface Stores {
  opened: OpenedDatabase;
  blobs: OpfsBlobStore;
}

/** `keptBefore`: the page remembers that this device has kept a database. */
export async function openStores(options: OpenOptions, keptBefore: boolean): Promise<Stores> {
  try {
    // Bytes first: rows that outlive the bytes they speak of are worth nothing.
    const blobs = await storedBlobs();
    return { blobs, opened: await openDatabase(options) };
  } catch (error) {
    if (!isLoamError(error, 'StorageUnavailable') || error.details['kept'] === true) throw error;
    if (keptBefore || (await mirrorExists(options.name))) throw outOfReach(error);
    return { blobs: memoryBlobs(), opened: await memoryDatabase(options.initialise) };
  }
}

let blobs: Promise<OpfsBlobStore> | null = null;

/** Finds the folders of the stored bytes ahead of time, so that a later `openStores` need not. */
export async function warmStores(): Promise<void> {
  await storedBlobs();
}

function storedBlobs(): Promise<OpfsBlobStore> {
  blobs ??= findBlobs();
  blobs.catch(() => (blobs = null));
  return blobs;
}

async function findBlobs(): Promise<OpfsBlobStore> {
  if (typeof navigator.storage?.getDirectory !== 'function') {
    throw new LoamError('StorageUnavailable', 'This browser has no private file system (OPFS).');
  }
  return createOpfsBlobs({ directory: storageFolder, layOut: createPut(storageFolder) });
}

function outOfReach(error: LoamError): LoamError {
  return new LoamError(
    'StorageUnavailable',
    `This browser has kept a database for Loam, but just now it does not let the page reach it. ${error.message} Allow site data for this address, or use the window you used before, then reload.`,
    { kept: true },
  );
}

async function memoryDatabase(initialise?: (driver: SqlDriver) => void): Promise<OpenedDatabase> {
  const driver = await openMemory();
  initialise?.(driver);
  return {
    driver,
    created: true,
    file: {
      export: async () => streamOf(driver.serialize()),
      replace: () => Promise.reject(new Error('A database in memory cannot be replaced.')),
      size: async () => driver.serialize().length,
    },
    reopen: () => driver,
    close: async () => driver.close(),
  };
}

function memoryBlobs(): OpfsBlobStore {
  const memory = createMemoryBlobs();
  async function file(key: string): Promise<File> {
    const source = await memory.open(key);
    const bytes = (await source.read(0, source.size)) as Uint8Array<ArrayBuffer>;
    // Always the same time, as of what comes out of a pack (opfs.ts).
    return new File([bytes], key.split('/').pop() ?? key, { lastModified: 0 });
  }
  return {
    ...memory,
    file,
    stored: async (key) => ((await memory.exists(key)) ? filesAt(key, await memory.list(key), file) : null),
    adopt: async (handle, key) =>
      memory.put([{ key, bytes: new Uint8Array(await (await handle.getFile()).arrayBuffer()) }]),
  };
}
