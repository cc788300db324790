// Where the two slots of the list of databases lie: beside the databases themselves, in OPFS or in IndexedDB.
import { LoamError } from '../../engine/errors.ts';
import { hasSyncAccessHandles } from './opfs-sahpool.ts';
import type { Slots } from './shelf.ts';

/** The slots of this browser; in memory where it keeps nothing at all. */
export function slotsFor(name: string): Slots {
  const database = typeof indexedDB === 'undefined' ? null : indexedDbSlots(name);
  if (!hasSyncAccessHandles()) return database ?? memorySlots();
  const files = opfsSlots(name);
  // A browser that has learnt to keep files in OPFS may hold a list from the time before.
  const earlier = async (slot: 0 | 1) => ((await hasDatabase(name)) ? (database?.read(slot) ?? null) : null);
  return { ...files, read: async (slot) => (await files.read(slot)) ?? earlier(slot) };
}

/** Files of OPFS, `.lamin-sah/<name>.shelf-0.json` and `-1`. Needs a worker. */
function opfsSlots(name: string): Slots {
  const file = async (slot: number, create: boolean) => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('.lamin-sah', { create });
    return folder.getFileHandle(`${name}.shelf-${slot}.json`, { create });
  };
  return {
    async read(slot) {
      try {
        return await (await (await file(slot, false)).getFile()).text();
      } catch (error) {
        if (error instanceof DOMException && error.name === 'NotFoundError') return null;
        throw error;
      }
    },
    async write(slot, text) {
      const bytes = new TextEncoder().encode(text);
      const handle = await (await file(slot, true)).createSyncAccessHandle();
      try {
        handle.truncate(0);
        if (handle.write(bytes, { at: 0 }) !== bytes.length)
          throw new LoamError(
            'StorageFull',
            'The storage of this device is full. Free some space and try again.',
          );
        handle.flush();
      } finally {
        handle.close();
      }
    },
  };
}

/** Asked first, since opening would make it. */
async function hasDatabase(name: string): Promise<boolean> {
  if (typeof indexedDB === 'undefined') return false;
  return (await indexedDB.databases()).some((one) => one.name === `loam-shelf-${name}`);
}

/** Slots in memory, where nothing is kept anyway. */
export function memorySlots(): Slots {
  const held: (string | null)[] = [null, null];
  return {
    read: (slot) => Promise.resolve(held[slot] ?? null),
    write: (slot, text) => Promise.resolve(void (held[slot] = text)),
  };
}

function indexedDbSlots(name: string): Slots {
  const open = () =>
    new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(`loam-shelf-${name}`, 1);
      request.onupgradeneeded = () => request.result.createObjectStore('slots');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () =>
        reject(new LoamError('StorageUnavailable', `IndexedDB cannot be opened: ${String(request.error)}`));
    });
  async function run<T>(
    mode: IDBTransactionMode,
    work: (slots: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const db = await open();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = db.transaction('slots', mode);
        const request = work(transaction.objectStore('slots'));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB aborted'));
      });
    } finally {
      db.close();
    }
  }
  return {
    read: async (slot) => (await run<string | undefined>('readonly', (slots) => slots.get(slot))) ?? null,
    write: async (slot, text) => void (await run('readwrite', (slots) => slots.put(text, slot))),
  };
}
