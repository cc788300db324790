// Which backend holds the database here: OPFS, else the wa-sqlite mirror in IndexedDB, else memory with a loud banner
// (architecture decision 4). A backend that exists but fails is an error, never a reason to try the next one: a tab
// must not show an empty database in place of the real one.
import type { LoamError } from '../engine/errors.ts';
import type { SqlDriver } from '../engine/ports.ts';
import type { OpenedDatabase } from '../storage/sql/opened.ts';
import { hasSyncAccessHandles, openOpfs } from '../storage/sql/opfs-sahpool.ts';
import { openMemory } from '../storage/sql/memory.ts';

export async function openDatabase(
  name: string,
  initialise: (driver: SqlDriver) => void,
  onError: (error: LoamError) => void,
): Promise<OpenedDatabase> {
  if (hasSyncAccessHandles() && (await hasPrivateFiles())) return openOpfs({ name, initialise, onError });
  if (typeof indexedDB !== 'undefined') {
    const { openWaSqlite } = await import('../storage/sql/wa-sqlite.ts');
    return openWaSqlite({ name, initialise, onError });
  }
  const driver = await openMemory();
  initialise(driver);
  const bytesOf = (): ReadableStream<Uint8Array> =>
    new Blob([driver.serialize() as Uint8Array<ArrayBuffer>]).stream();
  return {
    driver,
    created: true,
    file: {
      export: async () => bytesOf(),
      replace: () => Promise.reject(new Error('A database in memory cannot be replaced.')),
      size: async () => driver.serialize().length,
    },
    reopen: () => driver,
    close: async () => driver.close(),
  };
}

/** Private windows of some browsers have the API but refuse the directory. */
async function hasPrivateFiles(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    return false;
  }
}
