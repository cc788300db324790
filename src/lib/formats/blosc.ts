// Blosc 1 chunks, of Zarr and of HDF5 (filter 32001): LZ4, BloscLZ, Snappy, zlib or zstd blocks, split and shuffled.
// Bitshuffle, which HDF5 also has as a filter of its own, is undone here too.
import { unzlibSync } from 'fflate';
import { decompressSnappy, decompressZstd } from 'hyparquet-compressors';
import { decodeLz4Block } from './lz4-frame.ts';

/** One unpacked chunk. */
export const MAX_CHUNK = 256 * 1024 * 1024;

function limited(size: number): number {
  if (size > MAX_CHUNK) throw new Error('a chunk is too large for a preview');
  return size;
}

/** Blosc 1: a header, offsets of blocks, each block split by byte position and shuffled. */
export function decodeBlosc(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(2);
  const width = Math.max(1, view.getUint8(3));
  const size = limited(view.getUint32(4, true));
  const blockSize = view.getUint32(8, true);
  if ((flags & 2) !== 0) return bytes.slice(16, 16 + size);
  const output = new Uint8Array(size);
  if (size === 0) return output;
  if (blockSize === 0) throw new Error('damaged Blosc header');
  const unpack = unpacker(flags >> 5);
  const blocks = Math.ceil(size / blockSize);
  for (let block = 0; block < blocks; block++) {
    const start = block * blockSize;
    const length = Math.min(blockSize, size - start);
    // Only whole blocks are split, and only where the writer did not say otherwise.
    const splits = (flags & 16) === 0 && length === blockSize ? width : 1;
    const part = length / splits;
    let at = view.getUint32(16 + block * 4, true);
    const plain = new Uint8Array(length);
    for (let split = 0; split < splits; split++) {
      const packed = view.getUint32(at, true);
      at += 4;
      const data = bytes.subarray(at, at + packed);
      plain.set(packed === part ? data : unpack(data, part), split * part);
      at += packed;
    }
    output.set(
      (flags & 1) !== 0 ? unshuffle(plain, width) : (flags & 4) !== 0 ? unshuffleBits(plain, width) : plain,
      start,
    );
  }
  return output;
}

function unpacker(code: number): (data: Uint8Array, size: number) => Uint8Array {
  switch (code) {
    case 0:
      return decodeBloscLz;
    case 1:
      return decodeLz4Block;
    case 2:
      return (data, size) => exactly(decompressSnappy(data, size), size);
    case 3:
      return (data, size) => unzlibSync(data, { out: new Uint8Array(size) });
    case 4:
      return (data, size) => decompressZstd(data, new Uint8Array(size));
    default:
      throw new Error(`packed with Blosc's method ${code}, which is not known`);
  }
}

function exactly(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw new Error('Blosc block is cut off');
  return bytes;
}

/** Matches farther away than this have their distance in two more bytes. */
const FAR = 8191;

/** BloscLZ, Blosc's own relative of LZF. */
export function decodeBloscLz(input: Uint8Array, size: number): Uint8Array {
  const output = new Uint8Array(size);
  let length = 0;
  let at = 0;
  const next = (): number => {
    const byte = input[at++];
    if (byte === undefined) throw new Error('BloscLZ block is cut off');
    return byte;
  };
  // The first byte can only start literals.
  for (let control = next() & 31; ; control = next()) {
    if (control < 32) {
      const end = at + control + 1;
      if (end > input.length || length + end - at > size) throw new Error('BloscLZ block is damaged');
      output.set(input.subarray(at, end), length);
      length += end - at;
      at = end;
    } else {
      let count = (control >> 5) - 1;
      let distance = (control & 31) << 8;
      if (count === 6) {
        for (let more = 255; more === 255;) {
          more = next();
          count += more;
        }
      }
      const low = next();
      if (low === 255 && distance === 31 << 8) distance = (next() << 8) + next() + FAR;
      else distance += low;
      count += 3;
      let from = length - distance - 1;
      if (from < 0 || length + count > size) throw new Error('BloscLZ block is damaged');
      for (let i = 0; i < count; i++) output[length++] = output[from++] ?? 0;
    }
    if (at >= input.length) return exactly(output.subarray(0, length), size);
  }
}

/** First all first bytes, then all second bytes, … back to whole values. */
function unshuffle(bytes: Uint8Array, width: number): Uint8Array {
  const values = Math.floor(bytes.length / width);
  if (width === 1 || values === 0) return bytes;
  const out = new Uint8Array(bytes);
  for (let j = 0; j < width; j++) {
    for (let i = 0; i < values; i++) out[i * width + j] = bytes[j * values + i] ?? 0;
  }
  return out;
}

/** The same by bits. Blosc 1 leaves blocks alone whose number of values is no multiple of eight. */
export function unshuffleBits(bytes: Uint8Array, width: number): Uint8Array {
  const values = Math.floor(bytes.length / width);
  if (values % 8 !== 0) return bytes;
  const out = new Uint8Array(bytes);
  out.fill(0, 0, values * width);
  const row = values / 8;
  for (let j = 0; j < width; j++) {
    for (let bit = 0; bit < 8; bit++) {
      for (let i = 0; i < values; i++) {
        const source = bytes[(j * 8 + bit) * row + (i >> 3)] ?? 0;
        const target = i * width + j;
        out[target] = (out[target] ?? 0) | (((source >> (i & 7)) & 1) << bit);
      }
    }
  }
  return out;
}
