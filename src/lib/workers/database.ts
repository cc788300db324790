// The last resort of opening (architecture decision 4): where the browser keeps neither files nor IndexedDB for us, the
// database lives in memory and the page shows a loud banner. A backend that exists but fails stays an error: a tab must
// never show an empty database in place of the real one.
import { isLoamError } from '../engine/errors.ts';
import type { SqlDriver } from '../engine/ports.ts';
import { createMemoryBlobs } from '../storage/blob/memory.ts';
import { createOpfsBlobs, type OpfsBlobStore } from '../storage/blob/opfs.ts';
import { openMemory } from '../storage/sql/memory.ts';
import { openDatabase } from '../storage/sql/open.ts';
import { streamOf, type OpenedDatabase, type OpenOptions } from '../storage/sql/opened.ts';

export async function openOrRemember(options: OpenOptions): Promise<OpenedDatabase> {
  try {
    return await openDatabase(options);
  } catch (error) {
    if (!isLoamError(error, 'StorageUnavailable')) throw error;
    return memoryDatabase(options.initialise);
  }
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

/** Bytes in OPFS, or in memory where there is none. */
export async function openBlobs(): Promise<OpfsBlobStore> {
  try {
    return await createOpfsBlobs();
  } catch (error) {
    if (!isLoamError(error, 'StorageUnavailable')) throw error;
    const memory = createMemoryBlobs();
    return {
      ...memory,
      async file(key) {
        const source = await memory.open(key);
        return new File(
          [(await source.read(0, source.size)) as Uint8Array<ArrayBuffer>],
          key.split('/').pop() ?? key,
        );
      },
    };
  }
}
