// Any store of this room as a tree: HDF5, Zarr in a folder, Zarr in a zip file.
import type { FolderSource } from '../engine/ports.ts';
import { withHdf5 } from './hdf5-file.ts';
import type { SyncByteSource } from './source.ts';
import type { TreeNode } from './tree.ts';
import { openZarr } from './zarr-node.ts';
import { folderStore, zipStore } from './zarr-store.ts';
import { listZip } from './zip.ts';

/** Calls `use` with the root, and closes the file afterwards. Throws where it is no such store. */
export async function withTree<T>(
  input: SyncByteSource | FolderSource,
  use: (root: TreeNode) => Promise<T>,
): Promise<T> {
  if ('files' in input) return use(rootOf(await openZarr(folderStore(input))));
  const [p, k] = await input.read(0, 2);
  if (p !== 0x50 || k !== 0x4b) return withHdf5(input, use);
  return use(rootOf(await openZarr(await zipStore(input, await listZip(input)))));
}

function rootOf(root: TreeNode | null): TreeNode {
  if (root === null) throw new Error('the description of this Zarr store is missing or damaged');
  return root;
}
