// The fallback where OPFS has no sync access handles: wa-sqlite over memory, mirrored to IndexedDB at most 200 ms
// after a commit. One IndexedDB transaction carries each mirror step, so the stored file is always a committed state.
import type { SqlDriver } from '../../engine/ports.ts';
import { LoamError, storageFull } from '../../engine/errors.ts';
import { blockSize, BlockVfs, fileBytes, newBlockFile, type BlockFile } from './block-vfs.ts';
import { openError } from './errors.ts';
import { readChunks, streamOf, type OpenedDatabase, type OpenOptions } from './opened.ts';
import { loadWaSqlite } from './wa-module.ts';
import { createDriver } from './wasm-statements.ts';
import { mirrorExists, storeName } from './mirror.ts';

const mirrorDelay = 200;
/** A mirror that failed (a full disk) tries again by itself. */
const mirrorRetry = 3_000;

/** Opens the mirrored database; `close` and `settled` wait until IndexedDB has everything. */
export async function openWaSqlite(
  options: OpenOptions,
): Promise<OpenedDatabase & { settled(): Promise<void> }> {
  const { module, c, open } = await loadWaSqlite();
  const store = await openStore(storeName(options.name));
  const vfs = new BlockVfs(`loam-${options.name}-${Math.random().toString(36).slice(2)}`);
  module.registerVFS(vfs, false);
  const path = 'main.sqlite3';
  const stored = await store.load(path);
  const created = stored === null;
  if (stored) vfs.files.set(path, stored);

  let timer: ReturnType<typeof setTimeout> | null = null;
  let writing: Promise<void> | null = null;
  let behind = false;
  let closed = false;
  let driver: SqlDriver;

  function mirror(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    writing ??= copyChanges().finally(() => (writing = null));
    return writing;
  }

  /**
   * Step by step until nothing is left. One step at a time: a second one beside a step that then fails would leave the
   * later changes stored without the earlier ones.
   */
  async function copyChanges(): Promise<void> {
    for (let file = changed(); file; file = changed()) {
      const dirty = [...file.dirty];
      file.dirty.clear();
      // Copies are taken now, while no transaction is open; later commits wait for the next step.
      const { blocks, size } = file;
      const copies = dirty
        .filter((n) => n >= 0 && n < blocks.length)
        .map((n) => [n, blocks[n]!.slice()] as const);
      try {
        await store.save(size, copies);
      } catch (error) {
        for (const n of dirty) file.dirty.add(n);
        behind = true;
        options.onMirror?.(openError(error));
        if (!closed) timer ??= setTimeout(() => void mirror(), mirrorRetry);
        return;
      }
      if (behind) options.onMirror?.(null);
      behind = false;
    }
  }

  /** The database file, if it has changes that can be copied now. A commit calls `onIdle` when its time has come. */
  function changed(): BlockFile | null {
    const file = vfs.files.get(path);
    return file && file.dirty.size > 0 && !driver.inTransaction ? file : null;
  }

  function onIdle(): void {
    if (timer !== null || (vfs.files.get(path)?.dirty.size ?? 0) === 0) return;
    timer = setTimeout(() => void mirror(), mirrorDelay);
  }

  function connect(): SqlDriver {
    try {
      const made = createDriver(c, open(path, vfs.name), {
        kind: 'wa-sqlite',
        durable: true,
        onIdle,
        serialize: () => fileBytes(vfs.files.get(path) ?? newBlockFile(path)),
      });
      made.exec('PRAGMA page_size=4096; PRAGMA journal_mode=memory; PRAGMA cache_size=-16384');
      made.exec('PRAGMA foreign_keys=on; PRAGMA trusted_schema=off; PRAGMA temp_store=memory');
      return made;
    } catch (error) {
      throw openError(error);
    }
  }

  driver = connect();
  if (created) {
    try {
      options.initialise?.(driver);
    } catch (error) {
      if (timer !== null) clearTimeout(timer);
      driver.close();
      store.close();
      throw error;
    }
    await mirror();
  }

  return {
    driver,
    created,
    file: {
      async export() {
        return streamOf(driver.serialize());
      },
      async replace(next) {
        const chunks = await readChunks(next);
        const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        const magic = new TextDecoder().decode(chunks[0]?.subarray(0, 15));
        if (magic !== 'SQLite format 3' || bytes % 512 !== 0)
          throw openError(new Error('file is not a database'));
        const file = newBlockFile(path);
        vfs.files.set(path, file);
        const id = -1;
        vfs.xOpen(path, id, 0x6, { setInt32() {} });
        let at = 0;
        for (const chunk of chunks) {
          vfs.xWrite(id, chunk, at);
          at += chunk.length;
        }
        // No WAL in this VFS (see official importDb, which does the same).
        vfs.xWrite(id, new Uint8Array([1, 1]), 18);
        vfs.xClose(id);
        await mirror();
      },
      async size() {
        return vfs.files.get(path)?.size ?? 0;
      },
    },
    reopen() {
      driver = connect();
      return driver;
    },
    settled: mirror,
    async close() {
      driver.close();
      closed = true;
      await mirror();
      if (timer !== null) clearTimeout(timer);
      store.close();
    },
  };
}

/** The mirrored database file of an earlier session without sync access handles, or null. */
export async function mirroredBytes(name: string): Promise<Uint8Array | null> {
  if (!(await mirrorExists(name))) return null;
  const store = await openStore(storeName(name));
  try {
    const file = await store.load('mirror');
    return file && fileBytes(file);
  } finally {
    store.close();
  }
}

/** Keeps a whole file as the mirror of that name, in place of an earlier one. */
export async function keepMirror(name: string, bytes: Uint8Array): Promise<void> {
  const store = await openStore(storeName(name));
  try {
    const count = Math.ceil(bytes.length / blockSize);
    const blocks = Array.from({ length: count }, (_, n) => {
      const block = new Uint8Array(blockSize);
      block.set(bytes.subarray(n * blockSize, (n + 1) * blockSize));
      return [n, block] as const;
    });
    await store.save(bytes.length, blocks);
  } finally {
    store.close();
  }
}

/** Removes the mirror once its content lives in OPFS. */
export async function forgetMirror(name: string): Promise<void> {
  if (typeof indexedDB !== 'undefined') await done(indexedDB.deleteDatabase(storeName(name)));
}

/* ---------- IndexedDB ---------- */

interface Store {
  load(name: string): Promise<BlockFile | null>;
  save(size: number, blocks: readonly (readonly [number, Uint8Array])[]): Promise<void>;
  close(): void;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

async function openStore(name: string): Promise<Store> {
  if (typeof indexedDB === 'undefined') {
    throw new LoamError('StorageUnavailable', 'This browser offers neither OPFS nor IndexedDB here.');
  }
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore('blocks');
  const db = await done(request).catch((error: unknown) => {
    throw new LoamError('StorageUnavailable', `IndexedDB cannot be opened: ${String(error)}`);
  });
  return {
    async load(fileName) {
      const blocks = db.transaction('blocks').objectStore('blocks');
      const [keys, values] = await Promise.all([done(blocks.getAllKeys()), done(blocks.getAll())]);
      const file = newBlockFile(fileName);
      keys.forEach((key, i) => {
        if (key === 'size') file.size = values[i] as number;
        else file.blocks[key as number] = values[i] as Uint8Array;
      });
      file.blocks = Array.from(file.blocks, (block) => block ?? new Uint8Array(blockSize));
      return file.size > 0 ? file : null;
    },
    save(size, changed) {
      return new Promise((resolve, reject) => {
        const transaction = db.transaction('blocks', 'readwrite');
        const blocks = transaction.objectStore('blocks');
        for (const [number, bytes] of changed) blocks.put(bytes, number);
        blocks.put(size, 'size');
        blocks.delete(IDBKeyRange.bound(Math.ceil(size / blockSize), Infinity));
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => {
          const quota = transaction.error?.name === 'QuotaExceededError';
          const bytes = changed.length * blockSize;
          reject(quota ? storageFull(bytes, null) : (transaction.error ?? new Error('IndexedDB aborted')));
        };
      });
    },
    close: () => db.close(),
  };
}
