// Files and folders of this computer as datasets that a schema is asked of: what a validation wants to know of them is read
// where they lie.
import { existsSync, statSync } from 'node:fs';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { DatasetReader } from '../src/lib/engine/curate/part.ts';
import { readDataset } from '../src/lib/formats/curate/read-dataset.ts';
import type { SyncByteSource } from '../src/lib/formats/source.ts';
import { localFile, localFolder } from './local-files.ts';

interface Opened {
  reader: DatasetReader;
  /** Lets the file go. */
  close: () => void;
}

/** Text tables are read by the ending of the name. */
export function datasetAt(path: string, name = path): Opened {
  if (!existsSync(path)) throw new LoamError('DoesNotExist', `There is no file or folder ${path}.`, { path });
  if (statSync(path).isDirectory()) {
    const folder = localFolder(path);
    return { reader: (asks) => readDataset(folder, name, asks), close: () => {} };
  }
  const { source, close } = localFile(path);
  return { reader: (asks) => readDataset(source, name, asks), close };
}

/** Bytes that are held in memory. */
export async function datasetHeld(
  held: Blob | readonly { path: string; file: Blob }[],
  name: string,
): Promise<Opened> {
  const close = (): void => {};
  if (held instanceof Blob) {
    const source = await sourceOf(held);
    return { reader: (asks) => readDataset(source, name, asks), close };
  }
  const files: { path: string; source: SyncByteSource }[] = [];
  for (const { path, file } of held) files.push({ path, source: await sourceOf(file) });
  return { reader: (asks) => readDataset({ files }, name, asks), close };
}

/** HDF5 reads without waiting, so its bytes are all there before. */
async function sourceOf(blob: Blob): Promise<SyncByteSource> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const read = (start: number, end: number): Uint8Array => bytes.subarray(start, Math.min(end, bytes.length));
  return { size: bytes.length, readSync: read, read: async (start, end) => read(start, end) };
}
