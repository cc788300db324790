// The main backend: sqlite-wasm over the opfs-sahpool VFS, with the measured settings of reference browser-sqlite §0.
// Needs a dedicated worker and the database's Web Lock: the pool belongs to one worker at a time.
import type { SAHPoolUtil } from '@sqlite.org/sqlite-wasm';
import { LoamError } from '../../engine/errors.ts';
import type { SqlDriver } from '../../engine/ports.ts';
import { openError } from './errors.ts';
import { openMemory } from './memory.ts';
import { loadOfficial, type OfficialModule } from './official-module.ts';
import type { OpenedDatabase, OpenOptions } from './opened.ts';
import { exportPoolFile, poolFile } from './opfs-file.ts';
import { gatheringFrames } from './wal-frames.ts';
import { createDriver } from './wasm-statements.ts';

const capacity = 12;
const main = '/db.sqlite3';
/** A fully received file on its way to becoming `main`; found at open, the move is finished. */
const incoming = '/incoming.sqlite3';

/** The order matters: WAL works in this VFS only under an exclusive lock. */
const settings = [
  'PRAGMA locking_mode=exclusive',
  'PRAGMA journal_mode=wal',
  'PRAGMA synchronous=normal',
  'PRAGMA cache_size=-65536',
  'PRAGMA foreign_keys=on',
  'PRAGMA temp_store=memory',
  'PRAGMA trusted_schema=off',
];

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

export async function openOpfs(options: OpenOptions): Promise<OpenedDatabase> {
  if (!/^[\w-]{1,60}$/.test(options.name)) {
    throw new LoamError('InvalidArgument', `"${options.name}" cannot name a database.`);
  }
  if (!hasSyncAccessHandles()) {
    throw new LoamError(
      'StorageUnavailable',
      'This browser has no private file system (OPFS) for the database.',
    );
  }
  options.onProgress?.('loading');
  const official = await loadOfficial();
  options.onProgress?.('opening');
  const directory = `.lamin-sah/${options.name}`;
  const pool = await gatheringFrames(() => installPool(official, `lamin-${options.name}`, directory));

  async function copyIn(name: string, next: () => Promise<Uint8Array | undefined>): Promise<void> {
    try {
      await pool.importDb(name, next);
    } catch (error) {
      throw openError(error);
    }
  }

  /** Second half of `replace`; run again at open if the first run was cut off. */
  async function finishReplace(): Promise<void> {
    for (const name of [main, `${main}-wal`, `${main}-journal`]) pool.unlink(name);
    const reader = (await exportPoolFile(directory, incoming)).getReader();
    await copyIn(main, async () => (await reader.read()).value);
    pool.unlink(incoming);
  }

  function connect(): SqlDriver {
    let driver: SqlDriver | null = null;
    try {
      const db = official.open(main, pool.vfsName);
      driver = createDriver(official.c, db, { kind: 'opfs-sahpool', durable: true, ioErrorMeansFull: true });
      for (const sql of settings) driver.exec(sql);
      return driver;
    } catch (error) {
      driver?.close();
      throw openError(error);
    }
  }

  /** Answers whether the database is a new one. */
  async function createIfMissing(): Promise<boolean> {
    if (pool.getFileNames().includes(incoming)) await finishReplace();
    if (pool.getFileNames().includes(main)) return false;
    const existing = await options.existing?.();
    if (existing) {
      await copyIn(main, once(existing));
      return false;
    }
    // 142 tables one by one in OPFS take seconds; built in memory and brought in as a file, 75 ms.
    options.onProgress?.('creating');
    const bytes = await buildInMemory(options.initialise);
    await copyIn(main, once(bytes));
    return true;
  }

  let created: boolean;
  let first: SqlDriver;
  try {
    created = await createIfMissing();
    first = connect();
  } catch (error) {
    // Without this the worker would keep the files from a tab that could open them.
    pool.pauseVfs();
    throw error;
  }
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
        await copyIn(incoming, next);
        await finishReplace();
      },
      async size() {
        return (await poolFile(directory, main)).size - 4096;
      },
    },
    reopen() {
      opened.driver = connect();
      return opened.driver;
    },
    async close() {
      opened.driver.close();
      pool.pauseVfs();
    },
  };
  options.onProgress?.('ready');
  return opened;
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

/** Safari's pool fails at random at first (sqlite-wasm #79) and Chrome may keep handles for a moment after a reload. */
async function installPool(official: OfficialModule, name: string, directory: string): Promise<SAHPoolUtil> {
  let failure: unknown;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    try {
      const settings = {
        name,
        directory,
        initialCapacity: capacity,
        preserveOnInitFailure: true,
        // Missing in the package's types.
        forceReinitIfPreviouslyFailed: true,
      };
      const pool = await official.sqlite3.installOpfsSAHPoolVfs(settings);
      if (pool.isPaused()) await pool.unpauseVfs();
      await pool.reserveMinimumCapacity(capacity);
      return pool;
    } catch (error) {
      failure = error;
    }
  }
  throw openError(failure);
}
