// Unpackers for HDF5's filters beyond its own gzip: LZF, Blosc, LZ4, bitshuffle and zstd, in plain TypeScript, reached from
// the WASM through the plug-ins of hdf5-plugin.ts. One that fails answers 0, which HDF5 reports as a failed read.
import type * as H5 from 'h5wasm';
import { decompressZstd } from 'hyparquet-compressors';
import { decodeBlosc, MAX_CHUNK, unshuffleBits } from './blosc.ts';
import { CALL_WORDS, filterPlugin } from './hdf5-plugin.ts';
import { decodeLz4Block } from './lz4-frame.ts';
import { decodeLzf } from './lzf.ts';

type H5Module = Awaited<typeof H5.ready>;

/** `parameters` are the filter's words in the file, `expected` the size the chunk should have. */
type Unpack = (packed: Uint8Array, parameters: readonly number[], expected: number) => Uint8Array;

const unpackers: Readonly<Record<number, Unpack>> = {
  32000: (packed, parameters, expected) => decodeLzf(packed, parameters[2] ?? expected, MAX_CHUNK),
  32001: (packed) => decodeBlosc(packed),
  32004: unpackLz4,
  32008: unpackBitshuffle,
  32015: (packed) => decompressZstd(packed).slice(),
};

/** Names of filters as people know them. */
export const FILTERS: Readonly<Record<number, string>> = {
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

/** Whether values packed with this filter can be read: HDF5's own but szip, and ours. */
export const canUnpack = (filter: number): boolean =>
  filter in unpackers || (filter >= 1 && filter <= 6 && filter !== 4);

const FOLDER = '/loam-filters';
const DEVICE = '/loam-filter-calls';
/** H5Z_FLAG_REVERSE: the filter is asked to unpack, not to pack. */
const REVERSE = 0x100;

/** The parts of the file system that h5wasm's types leave out. */
interface Files {
  mkdir(path: string): unknown;
  writeFile(path: string, data: Uint8Array): void;
  open(path: string, mode: string): { fd: number };
  lookupPath(path: string, options: object): { node: unknown };
}
interface Heap {
  readonly HEAPU8: Uint8Array;
  _H5allocate_memory(size: number, clear: number): number;
  _H5free_memory(pointer: number): void;
}

/** Makes HDF5 find our filters; once per module. */
export function installFilters(module: H5Module): void {
  const files = module.FS as unknown as Files;
  const heap = module as unknown as Heap;
  files.writeFile(DEVICE, new Uint8Array());
  const node = files.lookupPath(DEVICE, {}).node as { stream_ops: Record<string, unknown> };
  node.stream_ops = {
    ...node.stream_ops,
    write: (_stream: unknown, _buffer: unknown, offset: number) => unpack(heap, offset),
  };
  const { fd } = files.open(DEVICE, 'r+');
  files.mkdir(FOLDER);
  for (const filter of Object.keys(unpackers).map(Number))
    files.writeFile(`${FOLDER}/lib${filter}.so`, filterPlugin(filter, fd));
  module.insert_plugin_search_path(FOLDER, 0);
}

/** One call of a filter, whose words lie at `at`: the buffer is replaced by an unpacked one. Answers its bytes, or 0. */
function unpack(heap: Heap, at: number): number {
  try {
    const words = (): Uint32Array => new Uint32Array(heap.HEAPU8.buffer);
    const [filter = 0, flags = 0, count = 0, parameters = 0, bytes = 0, size = 0, buffer = 0] =
      words().subarray(at >>> 2, (at >>> 2) + CALL_WORDS.length);
    const packed = words()[buffer >>> 2] ?? 0;
    if ((flags & REVERSE) === 0) return 0;
    const plain = unpackers[filter]?.(
      heap.HEAPU8.slice(packed, packed + bytes),
      Array.from(words().subarray(parameters >>> 2, (parameters >>> 2) + count)),
      words()[size >>> 2] ?? 0,
    );
    if (plain === undefined || plain.length === 0) return 0;
    // HDF5 frees the buffer by its own means, so it must come from there. The heap may move when it grows.
    const target = heap._H5allocate_memory(plain.length, 0);
    if (target === 0) return 0;
    heap.HEAPU8.set(plain, target);
    heap._H5free_memory(packed);
    words()[buffer >>> 2] = target;
    words()[size >>> 2] = plain.length;
    return plain.length;
  } catch {
    return 0;
  }
}

/** The HDF5 LZ4 filter: big-endian total size (8 bytes) and block size (4), then blocks, each behind its packed size. */
function unpackLz4(packed: Uint8Array): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const total = limited(Number(view.getBigUint64(0)));
  const block = Math.max(1, Math.min(view.getUint32(8), total));
  const plain = new Uint8Array(total);
  let at = 12;
  for (let start = 0; start < total; start += block) {
    const length = Math.min(block, total - start);
    const size = view.getUint32(at);
    const part = packed.subarray(at + 4, at + 4 + size);
    if (part.length !== size) throw new Error('LZ4 chunk is cut off');
    plain.set(size === length ? part : decodeLz4Block(part, length), start);
    at += 4 + size;
  }
  return plain;
}

/**
 * Bitshuffle: values in blocks of a multiple of eight are stored bit plane by bit plane, packed by LZ4 or zstd or not at
 * all; the last values that fill no group of eight are stored as they are.
 */
function unpackBitshuffle(packed: Uint8Array, parameters: readonly number[], expected: number): Uint8Array {
  const [, , width = 1, asked = 0, method = 0] = parameters;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const total = limited(
    method === 0
      ? expected > 0
        ? Math.min(expected, packed.length)
        : packed.length
      : Number(view.getBigUint64(0)),
  );
  const values = Math.floor(total / width);
  // Where the writer named no size, blocks hold about 8 KiB, in multiples of eight values, at least 128.
  const usual = Math.max(Math.floor(8192 / width / 8) * 8, 128);
  const block = method === 0 ? asked || usual : Math.max(8, Math.floor(view.getUint32(8) / width));
  const plain = new Uint8Array(total);
  let at = method === 0 ? 0 : 12;
  let done = 0;
  while (values - done >= 8) {
    const count = Math.min(block, Math.floor((values - done) / 8) * 8);
    const length = count * width;
    let part: Uint8Array;
    if (method === 0) {
      part = packed.subarray(at, at + length);
      at += length;
    } else {
      const size = view.getUint32(at);
      const bytes = packed.subarray(at + 4, at + 4 + size);
      part = method === 2 ? decodeLz4Block(bytes, length) : decompressZstd(bytes, new Uint8Array(length));
      at += 4 + size;
    }
    if (part.length !== length) throw new Error('bitshuffle chunk is cut off');
    plain.set(unshuffleBits(part, width), done * width);
    done += count;
  }
  plain.set(packed.subarray(at, at + total - done * width), done * width);
  return plain;
}

function limited(size: number): number {
  if (size > MAX_CHUNK) throw new Error('a chunk is too large');
  return size;
}
