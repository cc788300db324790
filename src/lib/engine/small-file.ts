// Small files are read once and whole: hash, full checksum and summary come from the same bytes, which are then stored
// without reading the file again. What a summary is, the readers know; they are passed in.
import { LoamError } from './errors.ts';
import { hashBytes } from './hash.ts';
import type { ByteSource, FileSummary, SmallFile } from './ports.ts';

/** Files up to this many bytes are dropped in batches. LaminDB's hash of them is the md5 of all bytes. */
export const smallFile = 1024 * 1024;

/** A source over bytes in memory, for readers that need one; `read` copies, since readers may keep or change it. */
export interface MemorySource extends ByteSource {
  readSync(start: number, end: number): Uint8Array;
}

export function memorySource(bytes: Uint8Array): MemorySource {
  const readSync = (start: number, end: number) => bytes.slice(start, end);
  return { size: bytes.length, readSync, read: async (start, end) => readSync(start, end) };
}

/** Throws `FileUnreadable` where the file gives fewer bytes than it said: a hash of something else must not be kept. */
export async function readSmallFile(
  size: number,
  read: () => Promise<Uint8Array>,
  inspect: (source: MemorySource) => Promise<FileSummary>,
): Promise<SmallFile> {
  const bytes = await read();
  if (bytes.length !== size) {
    throw new LoamError(
      'FileUnreadable',
      `The file changed while it was read: ${bytes.length.toLocaleString('en')} of ${size.toLocaleString('en')} bytes came. Add it again.`,
      { wanted: size, got: bytes.length },
    );
  }
  const hashes = await hashBytes(bytes);
  return { bytes, ...hashes, summary: await inspect(memorySource(bytes)) };
}
