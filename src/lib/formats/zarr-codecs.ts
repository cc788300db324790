// zstd, LZ4 and Blosc chunks of Zarr in plain JavaScript. The WASM codecs that zarrita loads by itself make functions
// from text, which the app's content security policy forbids (they fail without 'unsafe-eval').
import { unzlibSync } from 'fflate';
import { decompressZstd } from 'hyparquet-compressors';
import type * as Zarr from 'zarrita';
import { decodeLz4Block } from './lz4-frame.ts';

/** One unpacked chunk. */
const MAX_CHUNK = 256 * 1024 * 1024;

/** Replaces zarrita's packers of the same names; may be called again. */
export function registerCodecs(zarr: typeof Zarr): void {
  const decoders: Record<string, (bytes: Uint8Array) => Uint8Array> = {
    zstd: (bytes) => decompressZstd(bytes).slice(),
    lz4: decodeNumcodecsLz4,
    blosc: decodeBlosc,
  };
  for (const [name, decode] of Object.entries(decoders)) {
    const entry = {
      kind: 'bytes_to_bytes' as const,
      fromConfig: () => ({
        kind: 'bytes_to_bytes' as const,
        decode,
        encode: (): never => {
          throw new Error('writing is not supported');
        },
      }),
    };
    for (const key of [name, `numcodecs.${name}`]) zarr.registry.set(key, () => Promise.resolve(entry));
  }
}

/** numcodecs writes the size before the block. */
function decodeNumcodecsLz4(bytes: Uint8Array): Uint8Array {
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  return decodeLz4Block(bytes.subarray(4), limited(size));
}

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
    case 1:
      return decodeLz4Block;
    case 3:
      return (data, size) => unzlibSync(data, { out: new Uint8Array(size) });
    case 4:
      return (data, size) => decompressZstd(data, new Uint8Array(size));
    default:
      throw new Error(
        `packed with Blosc's ${code === 0 ? 'BloscLZ' : 'Snappy'}, which cannot be unpacked here`,
      );
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
function unshuffleBits(bytes: Uint8Array, width: number): Uint8Array {
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
