// Opens HDF5 by h5wasm without loading the file: a node of its in-memory file system answers reads from our source.
// Guards against what is known to break it: bad files do not throw, and some packed strings crash the WASM.
import type * as H5 from 'h5wasm';
import { clip, count } from './summary.ts';
import type { SyncByteSource } from './source.ts';
import { MAX_KEYS, type TreeNode } from './tree.ts';

type Module = typeof H5;
let loading: Promise<Module> | null = null;
let opened = 0;
let damaged = false;

/** True once the WASM crashed: its memory is suspect, and the worker should be replaced. */
export function hdf5Damaged(): boolean {
  return damaged;
}

/** Sources that cannot be read synchronously are copied into memory up to this size. */
const COPY_LIMIT = 256 * 1024 * 1024;
const BLOCK = 64 * 1024;
const BLOCKS = 256;
/** Bytes one read of values may take. */
const READ_LIMIT = 64 * 1024 * 1024;

export class Hdf5Problem extends Error {
  override readonly name = 'Hdf5Problem';
}

/** Calls `use` with the root and closes the file afterwards. */
export async function withHdf5<T>(source: SyncByteSource, use: (root: TreeNode) => Promise<T>): Promise<T> {
  if (damaged) throw new Hdf5Problem('The HDF5 reader has to be restarted after a damaged file. Try again.');
  loading ??= load();
  const h5 = await loading;
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
    return await use(nodeOf(h5, file));
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) damaged = true;
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

/** HDF5 prints a page of its inner state for each failed call, though the failure is handled; those lines are dropped. */
async function load(): Promise<Module> {
  const { error } = console;
  // The library binds console.error while it starts, so it keeps this filter after the original is back.
  console.error = (...words: unknown[]) => {
    if (!/HDF5-DIAG|^\s*#\d{3}: |^\s*(major|minor): /.test(String(words[0]))) error.apply(console, words);
  };
  try {
    const h5 = await import('h5wasm');
    await h5.ready;
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

const FILTERS: Record<number, string> = {
  1: 'gzip',
  2: 'shuffle',
  3: 'fletcher32',
  4: 'szip',
  5: 'nbit',
  6: 'scaleoffset',
  307: 'bzip2',
  32000: 'LZF',
  32001: 'Blosc',
  32004: 'LZ4',
  32008: 'bitshuffle',
  32013: 'zfp',
  32015: 'zstd',
  32026: 'Blosc2',
};

function nodeOf(h5: Module, entity: H5.Group | H5.Dataset): TreeNode {
  const empty = {
    shape: [],
    type: 'group',
    fields: null,
    packing: null,
    blocked: null,
    read: () => Promise.resolve([]),
  };
  if (entity instanceof h5.Group) {
    return {
      ...empty,
      kind: 'group',
      attrs: attributes(entity),
      keys: () => Promise.resolve(guard(() => entity.keys()).slice(0, MAX_KEYS)),
      get: (name) => {
        // Names may hold slashes only as separators, which HDF5 follows itself.
        const child = guard(() => entity.get(name));
        return Promise.resolve(
          child instanceof h5.Group || child instanceof h5.Dataset ? nodeOf(h5, child) : null,
        );
      },
    };
  }
  const { metadata } = entity;
  const filters = guard(() => entity.filters);
  const shape = metadata.shape ?? [];
  const missing = filters.find((filter) => filter.id > 6 || filter.id === 4);
  const packer = missing === undefined ? null : (FILTERS[missing.id] ?? `filter ${missing.id}`);
  const readable =
    shape.length === 0 || (metadata.chunks?.reduce((a, b) => a * b, metadata.size) ?? 0) <= READ_LIMIT;
  return {
    ...empty,
    kind: 'array',
    attrs: attributes(entity),
    keys: () => Promise.resolve([]),
    get: () => Promise.resolve(null),
    shape,
    type: typeName(metadata),
    fields:
      metadata.compound_type?.members.map((member) => ({ name: member.name, type: typeName(member) })) ??
      null,
    packing:
      filters
        .filter((filter) => filter.id !== 2)
        .map((filter) => FILTERS[filter.id] ?? `filter ${filter.id}`)
        .join(', ') || null,
    blocked:
      packer !== null
        ? `they are packed with ${packer}, which cannot be unpacked here.`
        : readable
          ? null
          : 'they are stored in pieces too large for a preview.',
    read: (limit) => {
      if (packer !== null || !readable)
        return Promise.reject(new Error(packer === null ? 'pieces too large' : `packed with ${packer}`));
      const value = guard(() =>
        shape.length === 0
          ? entity.value
          : entity.slice([[0, Math.min(limit, shape[0] ?? 0)], ...shape.slice(1).map((): [] => [])]),
      );
      if (value === null) return Promise.resolve([]);
      return Promise.resolve(
        Array.isArray(value) || ArrayBuffer.isView(value)
          ? Array.from(value as unknown as Iterable<unknown>)
          : [value],
      );
    },
  };
}

/** Runs a call into the WASM; a crash there marks the reader as damaged. */
function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) damaged = true;
    throw error;
  }
}

/** Attribute values on demand; names that cannot be read are there with undefined. */
function attributes(entity: H5.Group | H5.Dataset): Record<string, unknown> {
  const attrs = guard(() => entity.attrs);
  const values: Record<string, unknown> = {};
  for (const [name, attribute] of Object.entries(attrs).slice(0, 200)) {
    Object.defineProperty(values, name, {
      enumerable: true,
      get: () => {
        try {
          if (attribute.metadata.type === 7 || attribute.metadata.total_size > READ_LIMIT) return undefined;
          return guard(() => attribute.value);
        } catch {
          return undefined;
        }
      },
    });
  }
  return values;
}

type Typed = Pick<H5.Metadata, 'type' | 'size' | 'signed' | 'enum_type' | 'vlen_type' | 'compound_type'>;

function typeName(metadata: Typed): string {
  switch (metadata.type) {
    case 0:
      return `${metadata.signed ? 'int' : 'uint'}${metadata.size * 8}`;
    case 1:
      return `float${metadata.size * 8}`;
    case 3:
      return 'str';
    case 6:
      return clip(`record of ${metadata.compound_type?.nmembers ?? '?'} fields`);
    case 7:
      return 'reference';
    case 8: {
      const names = Object.keys(metadata.enum_type?.members ?? {}).map((name) => name.toUpperCase());
      return names.length === 2 && names.includes('TRUE') && names.includes('FALSE') ? 'bool' : 'enum';
    }
    case 9:
      return `list of ${metadata.vlen_type ? typeName(metadata.vlen_type) : 'values'}`;
    case 10:
      return 'array';
    default:
      return 'unknown';
  }
}
