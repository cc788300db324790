// How fetched blocks of one remote object lie in one OPFS file: a header (JSON), a table with a number for each block of the
// object, and slots in the order they were fetched. A block's number is its slot plus one; 0 means that it is not here, so a
// hole never passes for zeros. The file is as large as what was fetched, which is what browsers count as used room.
//
// One worker writes (cache-writer.ts) while others read (cache-reader.ts), without shared memory: a slot that is to be
// used again is first taken out of the table, and whoever reads looks at the table before and after.

export const cacheFolder = 'remote-cache';
export const headerBytes = 4096;
/** The smallest block: what a narrow column of a row group takes in parquet is only a few of them. */
const smallest = 16_384;
/** Blocks of an object at most, so that its table is 1 MiB at most; larger objects have larger blocks. */
const blocksMost = 262_144;

export interface CacheHeader {
  identity: string;
  title: string;
  size: number;
  tag: string;
}

export interface Layout {
  block: number;
  blocks: number;
  /** Where slot 0 begins. */
  slots: number;
}

export function layoutOf(size: number): Layout {
  let block = smallest;
  while (Math.ceil(size / block) > blocksMost) block *= 2;
  const blocks = Math.ceil(size / block);
  const table = headerBytes + blocks * 4;
  return { block, blocks, slots: Math.ceil(table / smallest) * smallest };
}

export const tableAt = (block: number): number => headerBytes + block * 4;

/** Shared handles: others may read while one writes. Browsers without them cannot read remote files in place. */
export async function sharedHandle(handle: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  const open = handle.createSyncAccessHandle as (options: {
    mode: 'readwrite-unsafe';
  }) => Promise<FileSystemSyncAccessHandle>;
  return open.call(handle, { mode: 'readwrite-unsafe' });
}

export async function cacheDirectory(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(cacheFolder, { create: true });
}

/* ---------- the letter box: answers for a thread that waits ---------- */

/** Bytes of an answer at most, and where its text begins. */
export const letterMost = 8192;
export const letterAt = 8;
/** Behind the answer: the turn that the fetching worker has heard of, so that nobody waits where there is none. */
export const heardAt = letterMost;

/** What a reader asks for, over a BroadcastChannel: that needs no port and reaches the worker that fetches now. */
export interface Need {
  type: 'need';
  /** The reader's letter box, in the cache's folder. */
  box: string;
  /** Counts the reader's requests; the answer carries it. */
  turn: number;
  id: string;
  from: number;
  to: number;
  /** Ranges that are likely to be asked for next. */
  ahead: [number, number][];
}

export const channelName = 'loam-remote';
export const boxPrefix = 'box-';

/** Totals of the object since it was opened here. */
export interface Fetched {
  bytes: number;
  requests: number;
}
