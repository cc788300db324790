// Files and folders of this computer as datasets that a schema is asked of: what a validation wants to know of them is read
// where they lie.
import { existsSync, statSync } from 'node:fs';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { DatasetReader } from '../src/lib/engine/curate/part.ts';
import { readDataset } from '../src/lib/formats/curate/read-dataset.ts';
import { localFile, localFolder } from './local-files.ts';

/** `close` lets the file go. `onRows` is told of rows gone through. */
export function datasetAt(
  path: string,
  onRows?: (rows: number) => void,
): { reader: DatasetReader; close: () => void } {
  if (!existsSync(path)) throw new LoamError('DoesNotExist', `There is no file or folder ${path}.`, { path });
  if (statSync(path).isDirectory()) {
    const folder = localFolder(path);
    return { reader: (asks) => readDataset(folder, path, asks, onRows), close: () => {} };
  }
  const { source, close } = localFile(path);
  return { reader: (asks) => readDataset(source, path, asks, onRows), close };
}
