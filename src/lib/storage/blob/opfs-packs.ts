// Many small files of a drop in one OPFS file, a pack: the browser needs 1 to 2 ms for every file it makes, but one flush
// brings a whole pack to disk. A pack is a stopover: `settle` lays its files out under their own keys and removes it.
// A pack is only ever added, read, marked entry by entry, and removed, so a crash leaves it whole or unreadable.
import type { AbortSignalLike, KeptFile } from '../../engine/ports.ts';
import { byKey } from './memory.ts';
import { overwrite, writeWhole } from './opfs-write.ts';

/* Layout: magic, number of entries, bytes of the index (both uint32), sha256 of index and data, a mark for each entry
   ("." here, "x" gone), the index as JSON [[key, size], …], and the files' bytes in that order. */
const family = 'LOAMPCK';
const magic = `${family}1`;
const headBytes = 8 + 4 + 4 + 32;
const gone = 0x78;

interface Entry {
  key: string;
  at: number;
  size: number;
  /** Where its mark stands. */
  mark: number;
}

interface Pack {
  name: string;
  entries: Map<string, Entry>;
  dataAt: number;
  digest: Uint8Array;
}

export interface Packs {
  /** One new pack of these files, on disk when this settles. Answers false where it found no room. */
  add(files: readonly KeptFile[]): Promise<boolean>;
  /** The bytes under the key, or null where no pack holds it. */
  read(key: string): Promise<Uint8Array | null>;
  /** All that packs hold at the key or below it; without a key everything. */
  list(key?: string): Promise<{ key: string; size: number }[]>;
  /** The key and all below it are no longer held. Takes no room on the disk. */
  forget(key: string): Promise<void>;
  /** Gives the files of each pack to `write` and removes the pack. Cut off, it begins again with the packs left. */
  settle(write: (files: readonly KeptFile[]) => Promise<void>, signal?: AbortSignalLike): Promise<void>;
}

export function openPacks(folder: FileSystemDirectoryHandle): Packs {
  /** In the order in which they were made: of a key in two packs the later one counts. */
  let loading: Promise<Map<string, Pack>> | null = null;
  /** Marking and laying out of packs, one after the other. */
  let last: Promise<unknown> = Promise.resolve();
  let made = 0;
  const loaded = () => (loading ??= load());

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  }

  async function load(): Promise<Map<string, Pack>> {
    const names: string[] = [];
    for await (const name of folder.keys()) names.push(name);
    const packs = new Map<string, Pack>();
    for (const name of names.sort()) {
      const pack = await parse(name, await (await folder.getFileHandle(name)).getFile());
      if (pack === 'unknown') continue;
      if (pack && pack.entries.size > 0) packs.set(name, pack);
      // Cut off while it was written: nobody was told that its files are stored.
      else await folder.removeEntry(name).catch(() => {});
    }
    return packs;
  }

  async function holder(key: string): Promise<{ pack: Pack; entry: Entry } | null> {
    for (const pack of [...(await loaded()).values()].reverse()) {
      const entry = pack.entries.get(key);
      if (entry) return { pack, entry };
    }
    return null;
  }

  async function drop(pack: Pack): Promise<void> {
    await folder.removeEntry(pack.name).catch(() => {});
    (await loaded()).delete(pack.name);
  }

  async function layOut(pack: Pack, write: (files: readonly KeptFile[]) => Promise<void>): Promise<void> {
    const bytes = new Uint8Array(
      await (await (await folder.getFileHandle(pack.name)).getFile()).arrayBuffer(),
    );
    const digest = await sha256(bytes.subarray(headBytes + marksOf(bytes)));
    // Only a pack that was never brought to disk can differ, and nobody was told of its files.
    if (digest.some((byte, i) => byte !== pack.digest[i])) return drop(pack);
    const files = [...pack.entries.values()].map(({ key, at, size }) => ({
      key,
      bytes: bytes.slice(pack.dataAt + at, pack.dataAt + at + size),
    }));
    await write(files);
    await drop(pack);
  }

  return {
    async add(files) {
      const packs = await loaded();
      const name = `${String(Date.now()).padStart(15, '0')}-${String(made++).padStart(6, '0')}`;
      const bytes = await compose(files);
      const handle = await folder.getFileHandle(name, { create: true });
      let taken = -1;
      try {
        taken = await writeWhole(handle, bytes);
      } finally {
        if (taken !== bytes.length) await folder.removeEntry(name).catch(() => {});
      }
      const pack = await parse(name, new Blob([bytes as Uint8Array<ArrayBuffer>]));
      if (taken !== bytes.length || pack === null || pack === 'unknown') return false;
      packs.set(name, pack);
      return true;
    },
    async read(key) {
      // The pack may be laid out and removed between the two questions; then the file lies under its key.
      const found = await holder(key);
      if (!found) return null;
      const { pack, entry } = found;
      const start = pack.dataAt + entry.at;
      try {
        const file = await (await folder.getFileHandle(pack.name)).getFile();
        return new Uint8Array(await file.slice(start, start + entry.size).arrayBuffer());
      } catch (error) {
        if (await holder(key)) throw error;
        return null;
      }
    },
    async list(key) {
      const found = new Map<string, number>();
      for (const pack of (await loaded()).values())
        for (const entry of pack.entries.values())
          if (key === undefined || entry.key === key || entry.key.startsWith(`${key}/`))
            found.set(entry.key, entry.size);
      return [...found].map(([name, size]) => ({ key: name, size })).sort(byKey);
    },
    async forget(key) {
      if ((await loaded()).size === 0) return;
      await inTurn(async () => {
        for (const pack of [...(await loaded()).values()]) {
          const marked = [...pack.entries.values()].filter(
            (entry) => entry.key === key || entry.key.startsWith(`${key}/`),
          );
          if (marked.length === 0) continue;
          if (marked.length < pack.entries.size) {
            const handle = await folder.getFileHandle(pack.name);
            for (const { mark } of marked) await overwrite(handle, mark, Uint8Array.of(gone));
          }
          for (const entry of marked) pack.entries.delete(entry.key);
          if (pack.entries.size === 0) await drop(pack);
        }
      });
    },
    async settle(write, signal) {
      while (!signal?.aborted) {
        const done = await inTurn(async () => {
          const [oldest] = (await loaded()).values();
          if (oldest) await layOut(oldest, write);
          return !oldest;
        });
        if (done) return;
      }
    },
  };
}

const marksOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

async function compose(files: readonly KeptFile[]): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const index = encoder.encode(JSON.stringify(files.map(({ key, bytes }) => [key, bytes.length])));
  const dataAt = headBytes + files.length + index.length;
  const whole = new Uint8Array(dataAt + files.reduce((sum, { bytes }) => sum + bytes.length, 0));
  whole.set(encoder.encode(magic));
  const view = new DataView(whole.buffer);
  view.setUint32(8, files.length, true);
  view.setUint32(12, index.length, true);
  whole.fill(0x2e, headBytes, headBytes + files.length);
  whole.set(index, headBytes + files.length);
  let at = dataAt;
  for (const { bytes } of files) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  whole.set(await sha256(whole.subarray(headBytes + files.length)), 16);
  return whole;
}

/** Null for what was cut off; 'unknown' for what another version of this code has made. */
async function parse(name: string, file: Blob): Promise<Pack | 'unknown' | null> {
  const part = async (from: number, to: number) => new Uint8Array(await file.slice(from, to).arrayBuffer());
  if (file.size < headBytes) return null;
  const head = await part(0, headBytes);
  const mark = new TextDecoder().decode(head.subarray(0, 8));
  if (mark !== magic) return mark.startsWith(family) ? 'unknown' : null;
  const view = new DataView(head.buffer);
  const [count, indexBytes] = [view.getUint32(8, true), view.getUint32(12, true)];
  const dataAt = headBytes + count + indexBytes;
  if (file.size < dataAt) return null;
  const rest = await part(headBytes, dataAt);
  let index: unknown;
  try {
    index = JSON.parse(new TextDecoder().decode(rest.subarray(count)));
  } catch {
    return null;
  }
  if (!isIndex(index) || index.length !== count) return null;
  const entries = new Map<string, Entry>();
  let at = 0;
  for (const [i, [key, size]] of index.entries()) {
    if (rest[i] !== gone) entries.set(key, { key, at, size, mark: headBytes + i });
    at += size;
  }
  if (file.size !== dataAt + at) return null;
  return { name, entries, dataAt, digest: head.slice(16, 48) };
}

function isIndex(value: unknown): value is [string, number][] {
  return (
    Array.isArray(value) &&
    value.every(
      (one) =>
        Array.isArray(one) &&
        typeof one[0] === 'string' &&
        Number.isSafeInteger(one[1]) &&
        (one[1] as number) >= 0,
    )
  );
}
