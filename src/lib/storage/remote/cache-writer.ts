// The one writer of the range cache: makes and finds an object's file, writes fetched blocks, throws away what was least
// used when the cache is full. Only one worker may run it at a time (workers/remote.worker.ts holds a lock).
import { LoamError, storageFull } from '../../engine/errors.ts';
import {
  boxPrefix,
  cacheDirectory,
  headerBytes,
  layoutOf,
  sharedHandle,
  tableAt,
  type CacheHeader,
  type Layout,
} from './cache-layout.ts';

/** Of what was fetched so many bytes are kept; what was not used for longest goes first. */
export const keptMost = 2e9;

export interface CacheFile {
  readonly id: string;
  readonly header: CacheHeader;
  readonly layout: Layout;
  has(block: number): boolean;
  /** Whole blocks from `first` on; the object's last block may be short. They are on disk when this returns. */
  write(first: number, bytes: Uint8Array): Promise<void>;
  /** Null where a block is missing. */
  read(from: number, to: number): Uint8Array | null;
  /** Takes all blocks away: the object is another one now. Readers that have it open see them gone. */
  empty(): void;
  close(): void;
}

export interface KeptObject extends CacheHeader {
  id: string;
  /** Bytes on this device. */
  kept: number;
  /** Milliseconds since 1970. */
  used: number;
}

export interface Cache {
  /** The file of an object as it is now; files of what it was before are removed as soon as nobody reads them. */
  open(header: CacheHeader): Promise<CacheFile>;
  /** What is kept of an object whatever it is now, newest first. */
  known(identity: string): Promise<KeptObject[]>;
  kept(): Promise<KeptObject[]>;
  /** Removes what nobody reads at the moment; answers the bytes. */
  clear(ids?: readonly string[]): Promise<number>;
  /** Asked when room is needed: files that are open for nobody should be closed then. */
  whenFull(letGo: () => Promise<void>): void;
}

const usedAt = headerBytes - 8;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function hash(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
  return Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** `most`: bytes that all files together may take. */
export function createCache(most = keptMost): Cache {
  /** Bytes of every file, as far as this worker knows; filled at the first need. */
  let sizes: Map<string, number> | null = null;
  const open = new Set<string>();
  let letGo = () => Promise.resolve();
  /** Until then nothing can be removed: all that is left is read by somebody. */
  let hopeless = 0;

  /**
   * Every file by the part of its name that stands for the object's address. Read from the folder once: nobody else makes
   * or removes files, and a list of thousands of objects asks for each of them.
   */
  let folder: Promise<Map<string, Set<string>>> | null = null;
  const prefixOf = (id: string): string => id.slice(0, id.indexOf('-'));

  async function listed(): Promise<Map<string, Set<string>>> {
    const found = new Map<string, Set<string>>();
    for await (const name of (await cacheDirectory()).keys())
      if (!name.startsWith(boxPrefix)) enter(found, name);
    return found;
  }
  function enter(files: Map<string, Set<string>>, id: string): void {
    const same = files.get(prefixOf(id));
    if (same) same.add(id);
    else files.set(prefixOf(id), new Set([id]));
  }
  function files(): Promise<Map<string, Set<string>>> {
    folder ??= listed();
    folder.catch(() => (folder = null));
    return folder;
  }
  const names = async (): Promise<string[]> => [...(await files()).values()].flatMap((ids) => [...ids]);
  const namesOf = async (prefix: string): Promise<string[]> => [...((await files()).get(prefix) ?? [])];

  async function look(id: string): Promise<KeptObject | null> {
    const file = await (await (await cacheDirectory()).getFileHandle(id)).getFile();
    try {
      const head = new Uint8Array(await file.slice(0, headerBytes).arrayBuffer());
      const view = new DataView(head.buffer);
      const header = JSON.parse(decoder.decode(head.subarray(4, 4 + view.getUint32(0, true)))) as CacheHeader;
      const { slots } = layoutOf(header.size);
      return { ...header, id, kept: Math.max(0, file.size - slots), used: view.getFloat64(usedAt, true) };
    } catch {
      // Cut off while it was made: nothing of it can be trusted.
      return null;
    }
  }

  async function lookAt(ids: readonly string[]): Promise<KeptObject[]> {
    const found = await Promise.all(ids.map((id) => look(id).catch(() => null)));
    return found.filter((one) => one !== null).sort((a, b) => b.used - a.used);
  }
  const kept = async (): Promise<KeptObject[]> => lookAt(await names());

  async function remove(id: string): Promise<number> {
    const directory = await cacheDirectory();
    try {
      const { size } = await (await directory.getFileHandle(id)).getFile();
      // Refused while any reader has it open.
      await directory.removeEntry(id);
      sizes?.delete(id);
      (await files()).get(prefixOf(id))?.delete(id);
      return size;
    } catch {
      return 0;
    }
  }

  async function measured(): Promise<Map<string, number>> {
    if (sizes) return sizes;
    const directory = await cacheDirectory();
    const found = new Map<string, number>();
    for (const id of await names()) found.set(id, (await (await directory.getFileHandle(id)).getFile()).size);
    return (sizes = found);
  }

  /** Makes room for so many more bytes; false where nothing is left to remove. */
  async function makeRoom(more: number, own: string): Promise<boolean> {
    const all = await measured();
    const total = () => [...all.values()].reduce((sum, size) => sum + size, 0);
    if (total() + more <= most) return true;
    if (performance.now() < hopeless) return false;
    await letGo();
    const old = (await kept()).reverse().filter(({ id }) => id !== own && !open.has(id));
    for (const { id } of old) {
      await remove(id);
      if (total() + more <= most) return true;
    }
    hopeless = performance.now() + 1000;
    return false;
  }

  async function fileOf(id: string, header: CacheHeader): Promise<CacheFile> {
    const layout = layoutOf(header.size);
    const before = await look(id).catch(() => null);
    const handle = await sharedHandle(await (await cacheDirectory()).getFileHandle(id, { create: true }));
    enter(await files(), id);
    const table = new Uint32Array(layout.blocks);
    /** Which block a slot holds, for slots that are used again. */
    const holds: (number | undefined)[] = [];
    if (before === null) {
      const text = encoder.encode(JSON.stringify(header));
      const head = new Uint8Array(layout.slots);
      new DataView(head.buffer).setUint32(0, text.length, true);
      head.set(text.subarray(0, usedAt - 4), 4);
      handle.truncate(0);
      if (handle.write(head, { at: 0 }) !== head.length) {
        handle.close();
        await remove(id);
        throw storageFull(head.length, null);
      }
    } else {
      handle.read(new Uint8Array(table.buffer), { at: headerBytes });
      for (const [block, slot] of table.entries()) if (slot > 0) holds[slot - 1] = block;
    }
    handle.write(new Uint8Array(new Float64Array([Date.now()]).buffer), { at: usedAt });
    open.add(id);
    let count = Math.max(0, Math.floor((handle.getSize() - layout.slots + layout.block - 1) / layout.block));
    let oldest = 0;
    sizes?.set(id, handle.getSize());

    function note(block: number, slot: number): void {
      table[block] = slot;
      handle.write(new Uint8Array(new Uint32Array([slot]).buffer), { at: tableAt(block) });
    }

    /** A slot of its own, or the one that was filled first where the cache is full. */
    function slotFor(fresh: boolean): number {
      if (fresh) return count++;
      const slot = oldest++ % count;
      const block = holds[slot];
      if (block !== undefined) note(block, 0);
      return slot;
    }

    return {
      id,
      header,
      layout,
      has: (block) => (table[block] ?? 0) > 0,
      async write(first, bytes) {
        const blocks = Math.ceil(bytes.length / layout.block);
        const fresh = (await makeRoom(bytes.length, id)) || count < blocks;
        const slots: number[] = [];
        for (let i = 0; i < blocks; i++) {
          const slot = slotFor(fresh);
          slots.push(slot);
          const part = bytes.subarray(i * layout.block, (i + 1) * layout.block);
          // At the quota a write does not throw, it takes less.
          if (
            handle.write(part as Uint8Array<ArrayBuffer>, { at: layout.slots + slot * layout.block }) ===
            part.length
          )
            continue;
          count = Math.min(count, slot);
          throw storageFull(bytes.length, null);
        }
        // First the bytes, then the table: after a power cut the table names nothing that is not there.
        handle.flush();
        for (const [i, slot] of slots.entries()) {
          note(first + i, slot + 1);
          holds[slot] = first + i;
        }
        sizes?.set(id, handle.getSize());
      },
      read(from, to) {
        const bytes = new Uint8Array(to - from);
        for (let at = from; at < to;) {
          const block = Math.floor(at / layout.block);
          const slot = table[block] ?? 0;
          const end = Math.min(to, (block + 1) * layout.block);
          if (slot === 0) return null;
          const place = layout.slots + (slot - 1) * layout.block + (at - block * layout.block);
          if (handle.read(bytes.subarray(at - from, end - from), { at: place }) !== end - at) return null;
          at = end;
        }
        return bytes;
      },
      empty() {
        table.fill(0);
        holds.length = 0;
        handle.write(new Uint8Array(table.buffer), { at: headerBytes });
        handle.flush();
      },
      close() {
        open.delete(id);
        handle.close();
      },
    };
  }

  return {
    async open(header) {
      const text = JSON.stringify(header);
      if (encoder.encode(text).length > usedAt - 4)
        throw new LoamError('InvalidArgument', `The address of ${header.title.slice(0, 100)} is too long.`);
      const prefix = await hash(header.identity);
      const id = `${prefix}-${await hash(`${header.size}\n${header.tag}`)}`;
      for (const name of await namesOf(prefix)) if (name !== id) await remove(name);
      return fileOf(id, header);
    },
    async known(identity) {
      return lookAt(await namesOf(await hash(identity)));
    },
    kept,
    async clear(ids) {
      let bytes = 0;
      await letGo();
      for (const id of ids ?? (await names())) bytes += await remove(id);
      return bytes;
    },
    whenFull: (asked) => void (letGo = asked),
  };
}
