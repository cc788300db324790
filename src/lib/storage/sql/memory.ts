// A database in memory alone: unit tests, the staging place of a new OPFS file, and the last resort in a browser
// without storage (the page then shows a loud banner: architecture decision 4).
import type { SqlDriver } from '../../engine/ports.ts';
import { openError } from './errors.ts';
import { loadOfficial } from './official-module.ts';
import { createDriver } from './wasm-statements.ts';

export interface MemoryOptions {
  /** A database file to open; a copy is taken. */
  bytes?: Uint8Array;
  /** Page size of a new database. */
  pageSize?: number;
}

/** Works in browsers and in Node 20 and later. */
export async function openMemory(options: MemoryOptions = {}): Promise<SqlDriver> {
  const { sqlite3, c, open } = await loadOfficial();
  const db = open(':memory:', null);
  if (options.bytes && options.bytes.length > 0) {
    const { capi, wasm } = sqlite3;
    const bytes = options.bytes.slice();
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
  const driver = createDriver(c, db, { kind: 'memory', durable: false });
  try {
    if (!options.bytes) driver.exec(`PRAGMA page_size=${options.pageSize ?? 4096}`);
    driver.exec('PRAGMA foreign_keys=on; PRAGMA trusted_schema=off; PRAGMA temp_store=memory');
    if (options.bytes) driver.all('SELECT count(*) FROM sqlite_schema');
  } catch (error) {
    driver.close();
    throw error;
  }
  return driver;
}
