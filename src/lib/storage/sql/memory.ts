// A database in memory alone: unit tests, the staging place of a new OPFS file, and the last resort in a browser
// without storage (the page then shows a loud banner: architecture decision 4).
import type { SqlDriver, UntrustedDriver } from '../../engine/ports.ts';
import { openError } from './errors.ts';
import { loadOfficial, type OfficialModule } from './official-module.ts';
import { untrusted } from './untrusted.ts';
import { createDriver } from './wasm-statements.ts';

export interface MemoryOptions {
  /** A database file to open; a copy is taken. */
  bytes?: Uint8Array;
  /** Page size of a new database. */
  pageSize?: number;
}

/** Works in browsers and in Node 20 and later. */
export async function openMemory(options: MemoryOptions = {}): Promise<SqlDriver> {
  const { driver } = await connect(options.bytes);
  try {
    if (!options.bytes) driver.exec(`PRAGMA page_size=${options.pageSize ?? 4096}`);
    driver.exec('PRAGMA foreign_keys=on; PRAGMA trusted_schema=off; PRAGMA temp_store=memory');
    if (options.bytes) driver.all('SELECT count(*) FROM sqlite_schema');
    return driver;
  } catch (error) {
    driver.close();
    throw error;
  }
}

/** A file that nobody vouches for, opened in memory with every guard SQLite has. Nothing of it has been read yet. */
export async function openUntrustedMemory(bytes: Uint8Array): Promise<UntrustedDriver> {
  const { official, db, driver } = await connect(bytes);
  try {
    return untrusted(official, db, driver);
  } catch (error) {
    driver.close();
    throw error;
  }
}

async function connect(
  given?: Uint8Array,
): Promise<{ official: OfficialModule; db: number; driver: SqlDriver }> {
  const official = await loadOfficial();
  const { sqlite3, c, open } = official;
  const db = open(':memory:', null);
  if (given && given.length > 0) {
    const { capi, wasm } = sqlite3;
    const bytes = given.slice();
    // A file in WAL mode cannot be opened in memory: bytes 18 and 19 say so and are safe to reset in a whole file.
    if (bytes[18] === 2) bytes.set([1, 1], 18);
    const pointer = wasm.allocFromTypedArray(bytes);
    const flags = capi.SQLITE_DESERIALIZE_FREEONCLOSE | capi.SQLITE_DESERIALIZE_RESIZEABLE;
    const code = capi.sqlite3_deserialize(db, 'main', pointer, bytes.length, bytes.length, flags);
    if (code !== 0) {
      capi.sqlite3_close_v2(db);
      throw openError(new Error(`the bytes could not be opened (${code})`));
    }
  }
  return { official, db, driver: createDriver(c, db, { kind: 'memory', durable: false }) };
}
