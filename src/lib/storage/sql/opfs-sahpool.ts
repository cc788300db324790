// The main backend: sqlite-wasm over the opfs-sahpool VFS, with the measured settings of reference browser-sqlite §0.
// Needs a dedicated worker and the database's Web Lock: the pool belongs to one worker at a time.
import { LoamError } from '../../engine/errors.ts';
import type { SqlDriver } from '../../engine/ports.ts';
import { openMemory } from './memory.ts';
import { loadOfficial, officialLoaded } from './official-module.ts';
import type { OpenedDatabase, OpenOptions } from './opened.ts';
import { exportPoolFile, poolFile } from './opfs-file.ts';
import { connectPool, copyIn, directoryOf, installPool, isPoolName, main } from './pool.ts';
import { gatheringFrames } from './wal-frames.ts';

/**
 * Files of the pool; each database, log, journal and incoming file takes one. All are opened at every start, so there are
 * few, and a new pool begins with the fewest that do.
 */
const capacity = 6;
const firstCapacity = 4;
/** A fully received file on its way to becoming `main`; found at open, the move is finished. */
const incoming = '/incoming.sqlite3';

/** Whether this thread has what opfs-sahpool needs (false in a window, and where the browser has no OPFS). */
export function hasSyncAccessHandles(): boolean {
  return (
    typeof FileSystemFileHandle !== 'undefined' &&
    'createSyncAccessHandle' in FileSystemFileHandle.prototype &&
    typeof navigator.storage?.getDirectory === 'function'
  );
}

/** Compiles the wasm ahead of time, so that a later `openOpfs` costs only the files. */
export async function warmOpfs(): Promise<void> {
  await loadOfficial();
}

/** Whether OPFS holds a database of that name, also where this browser cannot open it. */
export async function opfsHolds(name: string): Promise<boolean> {
  try {
    await poolFile(directoryOf(name), main);
    return true;
  } catch {
    return false;
  }
}

export async function openOpfs(options: OpenOptions): Promise<OpenedDatabase> {
  if (!isPoolName(options.name)) {
    throw new LoamError('InvalidArgument', `"${options.name}" cannot name a database.`);
  }
  if (!hasSyncAccessHandles()) {
    throw new LoamError(
      'StorageUnavailable',
      'This browser has no private file system (OPFS) for the database.',
    );
  }
  options.onProgress?.('loading');
  const directory = directoryOf(options.name);
  const loading = loadOfficial();
  loading.catch(() => {}); // told where it is awaited
  // While another thread compiles the module. A tab that takes over has it already and finds a database.
  const early = !officialLoaded() && options.template && !(await folderExists(directory));
  let template = early ? (options.template?.() ?? null) : null;
  const official = await loading;
  options.onProgress?.('opening');
  const pool = await gatheringFrames(() => installPool(official, options.name, firstCapacity));

  /** Second half of `replace`; run again at open if the first run was cut off. */
  async function finishReplace(): Promise<void> {
    for (const name of [main, `${main}-wal`, `${main}-journal`]) pool.unlink(name);
    const reader = (await exportPoolFile(directory, incoming)).getReader();
    await copyIn(pool, main, async () => (await reader.read()).value);
    pool.unlink(incoming);
  }

  /** Answers whether the database is a new one. */
  async function createIfMissing(): Promise<boolean> {
    if (pool.getFileNames().includes(incoming)) await finishReplace();
    if (pool.getFileNames().includes(main)) return false;
    const existing = await options.existing?.();
    if (existing) {
      await copyIn(pool, main, once(existing));
      return false;
    }
    // 142 tables one by one in OPFS take seconds; made in memory and brought in as a file, milliseconds.
    options.onProgress?.('creating');
    template ??= options.template?.() ?? (await buildInMemory(options.initialise));
    await copyIn(pool, main, once(template));
    template = null;
    return true;
  }

  let created: boolean;
  let first: SqlDriver | null = null;
  try {
    created = await createIfMissing();
    first = connectPool(official, pool, created);
    if (options.template && (created || options.unfinished?.(first))) options.initialise?.(first);
  } catch (error) {
    // Without this the worker would keep the files from a tab that could open them.
    first?.close();
    pool.pauseVfs();
    throw error;
  }
  // Making a file takes some milliseconds; nobody waits for those that are not needed yet.
  const reserved = gatheringFrames(() => pool.reserveMinimumCapacity(capacity)).catch(() => {});
  const opened: OpenedDatabase = {
    driver: first,
    created,
    file: {
      async export() {
        const driver = opened.driver;
        driver.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        // A checkpoint during the export would change the file under the reader.
        driver.exec('PRAGMA wal_autocheckpoint=0');
        return exportPoolFile(directory, main, () => {
          if (opened.driver === driver) driver.exec('PRAGMA wal_autocheckpoint=1000');
        });
      },
      async replace(next) {
        await reserved;
        await copyIn(pool, incoming, next);
        await finishReplace();
      },
      async size() {
        return (await poolFile(directory, main)).size - 4096;
      },
    },
    reopen() {
      opened.driver = connectPool(official, pool);
      return opened.driver;
    },
    async close() {
      await reserved;
      opened.driver.close();
      pool.pauseVfs();
    },
  };
  options.onProgress?.('ready');
  return opened;
}

/** Whether the directory is there; never makes it. */
async function folderExists(path: string): Promise<boolean> {
  try {
    let folder = await navigator.storage.getDirectory();
    for (const part of path.split('/')) folder = await folder.getDirectoryHandle(part);
    return true;
  } catch {
    return false;
  }
}

/** The bytes as a source of one chunk. */
function once(bytes: Uint8Array): () => Promise<Uint8Array | undefined> {
  const chunks = [bytes];
  return async () => chunks.pop();
}

async function buildInMemory(initialise: OpenOptions['initialise']): Promise<Uint8Array> {
  const driver = await openMemory({ pageSize: 4096 });
  try {
    initialise?.(driver);
    // A database without a single page is no file; this writes its first one.
    if (!initialise) driver.exec('PRAGMA user_version=0; VACUUM');
    return driver.serialize();
  } finally {
    driver.close();
  }
}
