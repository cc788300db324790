// One folder of opfs-sahpool files: it belongs to one worker at a time and holds one database (`main`). Installing it,
// bringing a file in, and connecting with the measured settings are here; what a database is used for is not.
import type { SAHPoolUtil } from '@sqlite.org/sqlite-wasm';
import type { SqlDriver, UntrustedDriver } from '../../engine/ports.ts';
import { openError } from './errors.ts';
import type { OfficialModule } from './official-module.ts';
import { untrusted } from './untrusted.ts';
import { createDriver } from './wasm-statements.ts';

export const main = '/db.sqlite3';

export const directoryOf = (name: string): string => `.lamin-sah/${name}`;

/** Names a folder and a VFS. */
export const isPoolName = (name: string): boolean => /^[\w-]{1,60}$/.test(name);

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

/** Safari's pool fails at random at first (sqlite-wasm #79) and Chrome may keep handles for a moment after a reload. */
export async function installPool(
  official: OfficialModule,
  poolName: string,
  capacity: number,
): Promise<SAHPoolUtil> {
  let failure: unknown;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    try {
      const options = {
        name: `lamin-${poolName}`,
        directory: directoryOf(poolName),
        initialCapacity: capacity,
        preserveOnInitFailure: true,
        // Missing in the package's types.
        forceReinitIfPreviouslyFailed: true,
      };
      const pool = await official.sqlite3.installOpfsSAHPoolVfs(options);
      if (pool.isPaused()) await pool.unpauseVfs();
      await pool.reserveMinimumCapacity(capacity);
      return pool;
    } catch (error) {
      failure = error;
    }
  }
  throw openError(failure);
}

/** Brings a file in by chunks; the pool checks that it begins as a database and clears WAL mode in its header. */
export async function copyIn(
  pool: SAHPoolUtil,
  name: string,
  next: () => Promise<Uint8Array | undefined>,
): Promise<void> {
  try {
    await pool.importDb(name, next);
  } catch (error) {
    throw openError(error);
  }
}

/**
 * Ahead of `settings` for a file that was brought in this moment and is on the disk: turning to WAL then changes two bytes
 * of its header without a journal file and five flushes of 2 to 5 ms each. Cut off in between, either is a whole file.
 */
const settingsOfNew = ['PRAGMA journal_mode=memory', 'PRAGMA synchronous=off'];

/** `isNew`: the file has just been brought in and nothing is written to it yet. */
export function connectPool(official: OfficialModule, pool: SAHPoolUtil, isNew = false): SqlDriver {
  return connecting(official, pool, (driver) => {
    for (const sql of isNew ? [...settingsOfNew, ...settings] : settings) driver.exec(sql);
    return driver;
  });
}

/** For a file that nobody vouches for: rollback journal, and every guard up before the first read. */
export function connectUntrusted(official: OfficialModule, pool: SAHPoolUtil): UntrustedDriver {
  return connecting(official, pool, (driver, db) => {
    const guarded = untrusted(official, db, driver);
    guarded.exec('PRAGMA locking_mode=exclusive; PRAGMA cache_size=-65536');
    return guarded;
  });
}

function connecting<T extends SqlDriver>(
  official: OfficialModule,
  pool: SAHPoolUtil,
  setUp: (driver: SqlDriver, db: number) => T,
): T {
  let driver: SqlDriver | null = null;
  try {
    const db = official.open(main, pool.vfsName);
    driver = createDriver(official.c, db, { kind: 'opfs-sahpool', durable: true, ioErrorMeansFull: true });
    return setUp(driver, db);
  } catch (error) {
    driver?.close();
    throw openError(error);
  }
}
