// Opens HDF5 by h5wasm without loading the file: a node of its in-memory file system answers reads from our source.
// Guards against what is known to break it: bad files do not throw, and some packed strings crash the WASM.
import type * as H5 from 'h5wasm';
import { count } from './summary.ts';
import type { SyncByteSource } from './source.ts';
import { installFilters } from './hdf5-filters.ts';
import { guard, hdf5Node } from './hdf5-node.ts';
import type { TreeNode } from './tree.ts';

type Module = typeof H5;
let loading: Promise<Module> | null = null;
let opened = 0;

/** True once the WASM crashed: its memory is suspect, and the worker should be replaced. */
export const hdf5Damaged = (): boolean => guard.damaged;

/** Sources that cannot be read synchronously are copied into memory up to this size. */
const COPY_LIMIT = 256 * 1024 * 1024;
const BLOCK = 64 * 1024;
const BLOCKS = 256;

export class Hdf5Problem extends Error {
  override readonly name = 'Hdf5Problem';
}

/** Calls `use` with the root and closes the file afterwards. */
export async function withHdf5<T>(source: SyncByteSource, use: (root: TreeNode) => Promise<T>): Promise<T> {
  if (guard.damaged)
    throw new Hdf5Problem('The HDF5 reader has to be restarted after a damaged file. Try again.');
  const h5 = await loadHdf5();
  const module = await h5.ready;
  const readSync = await syncReader(source);
  const path = `/file-${++opened}`;
  mount(module.FS, path, source.size, readSync);
  let file: H5.File | null = null;
  try {
    file = new h5.File(path, 'r');
    // A file that is still being written opens only in this mode.
    if (file.file_id === -1n) file = new h5.File(path, 'Sr');
    if (file.file_id === -1n) {
      file = null;
      throw new Hdf5Problem(
        'This HDF5 file is damaged or incomplete, as after an interrupted download. Fetch it again.',
      );
    }
    return await use(hdf5Node(h5, module, file));
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) guard.damaged = true;
    throw error;
  } finally {
    try {
      file?.close();
      module.FS.unlink(path);
    } catch {
      // Closing a damaged file may fail; the file system node is small.
    }
  }
}

export function loadHdf5(): Promise<Module> {
  loading ??= load();
  return loading;
}

/** HDF5 prints a page of its inner state for each failed call, though the failure is handled; those lines are dropped. */
async function load(): Promise<Module> {
  const { error } = console;
  // The library binds console.error while it starts, so it keeps this filter after the original is back.
  console.error = (...words: unknown[]) => {
    if (!/HDF5-DIAG|^\s*#\d{3}: |^\s*(major|minor): |^, filename = /.test(String(words[0])))
      error.apply(console, words);
  };
  try {
    const h5 = await import('h5wasm');
    installFilters(await h5.ready);
    return h5;
  } finally {
    console.error = error;
  }
}

async function syncReader(source: SyncByteSource): Promise<(start: number, end: number) => Uint8Array> {
  const { readSync } = source;
  if (readSync === undefined) {
    if (source.size > COPY_LIMIT)
      throw new Hdf5Problem(
        `This HDF5 file of ${count(source.size)} bytes can be read only in a browser's worker.`,
      );
    const whole = await source.read(0, source.size);
    return (start, end) => whole.subarray(start, end);
  }
  // HDF5 asks for many small pieces; blocks spare a call to the browser for each.
  const cache = new Map<number, Uint8Array>();
  const block = (index: number): Uint8Array => {
    const known = cache.get(index);
    if (known !== undefined) return known;
    const bytes = readSync.call(source, index * BLOCK, Math.min((index + 1) * BLOCK, source.size));
    const oldest = cache.keys().next();
    if (cache.size >= BLOCKS && !oldest.done) cache.delete(oldest.value);
    cache.set(index, bytes);
    return bytes;
  };
  return (start, end) => {
    if (end - start > 4 * BLOCK) return readSync.call(source, start, end);
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end;) {
      const index = Math.floor(at / BLOCK);
      const part = block(index).subarray(at - index * BLOCK, end - index * BLOCK);
      if (part.length === 0) break;
      bytes.set(part, at - start);
      at += part.length;
    }
    return bytes;
  };
}

/** What h5wasm's file system offers beyond its type declarations. */
interface FileNode {
  stream_ops: Record<string, unknown>;
  node_ops: { getattr: (node: FileNode) => Record<string, unknown> } & Record<string, unknown>;
}
interface Stream {
  position: number;
}

function mount(
  fs: {
    writeFile(path: string, data: Uint8Array): void;
    lookupPath(path: string, options: object): { node: unknown };
  },
  path: string,
  size: number,
  readSync: (start: number, end: number) => Uint8Array,
): void {
  fs.writeFile(path, new Uint8Array());
  const node = fs.lookupPath(path, {}).node as FileNode;
  const { getattr } = node.node_ops;
  node.node_ops = {
    ...node.node_ops,
    getattr: (asked) => ({ ...getattr(asked), size, blocks: Math.ceil(size / 4096) }),
  };
  node.stream_ops = {
    ...node.stream_ops,
    llseek: (stream: Stream, offset: number, whence: number) =>
      offset + (whence === 1 ? stream.position : whence === 2 ? size : 0),
    read: (_stream: Stream, buffer: Uint8Array, offset: number, length: number, position: number) => {
      const end = Math.min(size, position + length);
      if (position >= end) return 0;
      const bytes = readSync(position, end);
      buffer.set(bytes, offset);
      return bytes.length;
    },
  };
}
