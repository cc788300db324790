// zstd, LZ4 and Blosc chunks of Zarr in plain JavaScript. The WASM codecs that zarrita loads by itself make functions
// from text, which the app's content security policy forbids (they fail without 'unsafe-eval').
import { decompressZstd } from 'hyparquet-compressors';
import type * as Zarr from 'zarrita';
import { decodeBlosc, MAX_CHUNK } from './blosc.ts';
import { decodeLz4Block } from './lz4-frame.ts';

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
  if (size > MAX_CHUNK) throw new Error('a chunk is too large for a preview');
  return decodeLz4Block(bytes.subarray(4), size);
}
