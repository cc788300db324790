// The door of this room for tables inside files: HDF5, Zarr in a folder or a zip archive, Arrow. Found by content.
import type { FolderSource } from '../engine/ports.ts';
import { isLoamError, LoamError } from '../engine/errors.ts';
import { arrowBatches } from './arrow-batches.ts';
import { Hdf5Problem, withHdf5 } from './hdf5-file.ts';
import type { SyncByteSource } from './source.ts';
import { storedTable } from './stored-tables.ts';
import { reason } from './summary.ts';
import { frameBatches, type TableBatches } from './table-batches.ts';
import type { TableAsk } from './table-ask.ts';
import type { TreeNode } from './tree.ts';
import { openZarr, zarrRoot } from './zarr-node.ts';
import { folderStore, zipStore } from './zarr-store.ts';
import { listZip } from './zip.ts';

/** Calls `use` while the file is open. Throws `DoesNotExist` where it holds no such table, `FileUnreadable` for damage. */
export async function withTable<T>(
  input: SyncByteSource | FolderSource,
  ask: TableAsk,
  use: (table: TableBatches) => Promise<T>,
): Promise<T> {
  try {
    if ('files' in input) {
      if (zarrRoot(input.files.map(({ path }) => path)) === null)
        throw new LoamError('DoesNotExist', 'it is a folder without tables such as obs and var.');
      return await use(await fromTree(await openZarr(folderStore(input)), ask));
    }
    if (ask.slot === 'rows') return await use(await arrowBatches(input));
    const [a, b, c, d] = await input.read(0, Math.min(4, input.size));
    if (a === 0x50 && b === 0x4b && c === 3 && d === 4) {
      const entries = await listZip(input);
      if (zarrRoot(entries.map(({ path }) => path)) === null)
        throw new LoamError('DoesNotExist', 'it is a zip archive without a Zarr store.');
      return await use(await fromTree(await openZarr(await zipStore(input, entries)), ask));
    }
    return await withHdf5(input, async (root) => use(await fromTree(root, ask)));
  } catch (error) {
    if (isLoamError(error)) throw error;
    if (error instanceof Hdf5Problem) throw new LoamError('FileUnreadable', error.message);
    throw new LoamError('FileUnreadable', `it is damaged and could not be read (${reason(error)}).`);
  }
}

async function fromTree(root: TreeNode | null, ask: TableAsk): Promise<TableBatches> {
  if (root === null)
    throw new LoamError('FileUnreadable', 'the description of this Zarr store is missing or damaged.');
  return frameBatches(await storedTable(root, ask), ask.slot);
}
