// Chunks of Zarr packed as their description says, for arrays that are written anew. Each packing's format is kept, so that every
// reader finds what the description names. LZ4 is done in earnest; zstd frames hold their bytes as they are (the format knows
// such blocks), since no packer of zstd runs under the app's policy; Blosc chunks are LZ4 inside, as their heads say.
import { gzipSync, zlibSync } from 'fflate';
import { join } from './source.ts';

/** The packer of a codec by its name (with or without `numcodecs.`); null where there is none. */
export function packerOf(name: string): ((bytes: Uint8Array, width: number) => Uint8Array) | null {
  return packers[name.replace(/^numcodecs\./, '')] ?? null;
}

const packers: Readonly<Record<string, (bytes: Uint8Array, width: number) => Uint8Array>> = {
  blosc: packBlosc,
  zstd: packZstd,
  lz4: packSizedLz4,
  gzip: (bytes) => gzipSync(bytes),
  zlib: (bytes) => zlibSync(bytes),
  crc32c: withCrc32c,
};

const bytesOf = (size: number): { bytes: Uint8Array; view: DataView } => {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
};

/** Blosc 1: one block, not split, LZ4; or as it is where that is smaller. */
function packBlosc(plain: Uint8Array, width: number): Uint8Array {
  const packed = packLz4(plain);
  const whole = plain.length < 32 || packed.length + 8 >= plain.length;
  const size = 16 + (whole ? plain.length : 8 + packed.length);
  const { bytes, view } = bytesOf(size);
  // Version of the format and of LZ4's; `whole` is the flag of bytes as they are, 16 that of blocks that are not split.
  bytes.set([2, 1, whole ? 2 : (1 << 5) | 16, Math.min(255, Math.max(1, width))]);
  view.setUint32(4, plain.length, true);
  view.setUint32(8, plain.length, true);
  view.setUint32(12, size, true);
  if (whole) {
    bytes.set(plain, 16);
    return bytes;
  }
  view.setUint32(16, 20, true);
  view.setUint32(20, packed.length, true);
  bytes.set(packed, 24);
  return bytes;
}

const mostBlock = 128 * 1024;

/** A zstd frame (RFC 8878) of raw blocks, and of blocks of one byte where a block holds no other. */
function packZstd(plain: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const head = bytesOf(9);
  head.view.setUint32(0, 0xfd2fb528, true);
  // One segment, whose size has four bytes.
  head.bytes[4] = 0xa0;
  head.view.setUint32(5, plain.length, true);
  parts.push(head.bytes);
  for (let at = 0; at === 0 || at < plain.length; at += mostBlock) {
    const block = plain.subarray(at, at + mostBlock);
    const last = at + mostBlock >= plain.length ? 1 : 0;
    const [first = 0] = block;
    const same = block.length > 1 && block.every((byte) => byte === first);
    const told = last | (same ? 2 : 0) | (block.length << 3);
    parts.push(Uint8Array.of(told & 255, (told >> 8) & 255, (told >> 16) & 255));
    parts.push(same ? Uint8Array.of(first) : block);
  }
  return join(parts);
}

/** numcodecs writes the size before the block. */
function packSizedLz4(plain: Uint8Array): Uint8Array {
  const { bytes, view } = bytesOf(4);
  view.setUint32(0, plain.length, true);
  return join([bytes, packLz4(plain)]);
}

/** Matches begin at least this far from the end of a block, and end at least five bytes before it. */
const tail = 12;

/** One LZ4 block: the nearest earlier place of each four bytes is tried. */
export function packLz4(plain: Uint8Array): Uint8Array {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const out = new Uint8Array(plain.length + Math.ceil(plain.length / 255) + 16);
  const places = new Int32Array(1 << 15).fill(-1);
  let size = 0;
  let from = 0;
  const length = (value: number): void => {
    let left = value - 15;
    for (; left >= 255; left -= 255) out[size++] = 255;
    out[size++] = left;
  };
  const sequence = (end: number, offset: number, match: number): void => {
    const literals = end - from;
    out[size++] = (Math.min(15, literals) << 4) | (match === 0 ? 0 : Math.min(15, match - 4));
    if (literals >= 15) length(literals);
    out.set(plain.subarray(from, end), size);
    size += literals;
    if (match === 0) return;
    out[size++] = offset & 255;
    out[size++] = offset >> 8;
    if (match - 4 >= 15) length(match - 4);
    from = end + match;
  };
  for (let at = 0; at < plain.length - tail;) {
    const four = view.getUint32(at, true);
    const hash = Math.imul(four, 2_654_435_761) >>> 17;
    const before = places[hash] ?? -1;
    places[hash] = at;
    if (before < 0 || at - before > 65_535 || view.getUint32(before, true) !== four) {
      at++;
      continue;
    }
    let match = 4;
    while (at + match < plain.length - 5 && plain[at + match] === plain[before + match]) match++;
    sequence(at, at - before, match);
    at += match;
  }
  sequence(plain.length, 0, 0);
  return out.subarray(0, size);
}

function withCrc32c(plain: Uint8Array): Uint8Array {
  const { bytes, view } = bytesOf(4);
  view.setUint32(0, crc32c(plain), true);
  return join([plain, bytes]);
}

let table: Uint32Array | null = null;

/** CRC-32C (Castagnoli). */
export function crc32c(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
