// A database file that lies elsewhere and is read by ranges: its blocks come when SQLite asks for them. What is written
// stays in memory, over the blocks of the file, and is gone with the connection.
import type { SqlDriver } from '../../engine/ports.ts';
import { blockSize, BlockVfs, newBlockFile } from './block-vfs.ts';
import { openError } from './errors.ts';
import { loadWaSqlite } from './wa-module.ts';
import { createDriver } from './wasm-statements.ts';

/** Bytes that can be had at once, without waiting: SQLite's own calls cannot wait. */
export interface RangeSource {
  size: number;
  /** Bytes `from` to before `to`; throws where they cannot be had. */
  read(from: number, to: number): Uint8Array;
}

/** Blocks fetched at once when one follows another, so that a scan is not one request for each block. */
const mostAhead = 16;

export async function openRemote(source: RangeSource): Promise<SqlDriver> {
  const { module, c, open } = await loadWaSqlite();
  const vfs = new BlockVfs(`loam-remote-${Math.random().toString(36).slice(2)}`);
  module.registerVFS(vfs, false);
  const path = 'main.sqlite3';
  const file = newBlockFile(path);
  file.size = source.size;
  file.blocks = new Array<Uint8Array>(Math.ceil(source.size / blockSize));
  let last = -1;
  let ahead = 1;
  file.fill = (number) => {
    ahead = number === last + 1 ? Math.min(mostAhead, ahead * 2) : 1;
    let count = 1;
    while (count < ahead && number + count < file.blocks.length && !file.blocks[number + count]) count++;
    const bytes = source.read(number * blockSize, Math.min(source.size, (number + count) * blockSize));
    for (let i = 0; i < count; i++) {
      const block = new Uint8Array(blockSize);
      block.set(bytes.subarray(i * blockSize, (i + 1) * blockSize));
      file.blocks[number + i] = block;
    }
    last = number + count - 1;
    return file.blocks[number] as Uint8Array;
  };
  vfs.files.set(path, file);
  // A file left in WAL mode cannot be opened in this VFS; bytes 18 and 19 say so and are safe to reset in a whole file.
  vfs.xOpen(path, -1, 0x6, { setInt32() {} });
  vfs.xWrite(-1, new Uint8Array([1, 1]), 18);
  vfs.xClose(-1);
  try {
    const driver = createDriver(c, open(path, vfs.name), { kind: 'memory', durable: false });
    driver.exec('PRAGMA journal_mode=memory; PRAGMA cache_size=-16384');
    driver.exec('PRAGMA trusted_schema=off; PRAGMA cell_size_check=on; PRAGMA foreign_keys=off');
    driver.exec('PRAGMA recursive_triggers=off; PRAGMA temp_store=memory');
    return driver;
  } catch (error) {
    throw openError(error);
  }
}
