// One file of a zip archive, unpacked as a stream of chunks.
import type { ByteSource } from '../engine/ports.ts';
import { chunks, inflateStream } from './source.ts';
import type { ZipEntry } from './zip.ts';

/** Unpacked bytes in order; at most `limit`, then an error. */
export async function* entryChunks(
  source: ByteSource,
  entry: ZipEntry,
  limit: number,
): AsyncGenerator<Uint8Array, void> {
  const header = await source.read(entry.at, entry.at + 30);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length < 30 || view.getUint32(0, true) !== 0x04034b50)
    throw new Error(`${entry.path} is damaged`);
  const start = entry.at + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const end = start + entry.packed;
  if (end > source.size) throw new Error(`${entry.path} is cut off`);
  const packed: ByteSource = {
    size: entry.packed,
    read: (from, to) => source.read(start + from, Math.min(start + to, end)),
  };
  if (entry.method !== 0 && entry.method !== 8) throw new Error(`${entry.path} is packed in an unknown way`);
  let out = 0;
  for await (const part of entry.method === 0
    ? chunks(packed)
    : inflateStream(chunks(packed), 'deflate-raw')) {
    out += part.length;
    if (out > limit) throw new Error(`${entry.path} unpacks to more than ${limit} bytes`);
    yield part;
  }
}
