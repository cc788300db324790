// HDF5 files: AnnData and MuData by their layout, 10x matrices, and anything else as a tree of its members.
import { scverseKind, summariseScverse } from './anndata.ts';
import { Hdf5Problem, withHdf5 } from './hdf5-file.ts';
import type { SyncByteSource } from './source.ts';
import { MAX_MEMBERS, reason, summaryOf, withArrays, type FileSummary } from './summary.ts';
import { summariseTenx } from './tenx.ts';
import { membersOf } from './tree.ts';

export async function summariseHdf5(source: SyncByteSource): Promise<FileSummary> {
  try {
    const found = await withHdf5(source, async (root) => {
      const kind = await scverseKind(root);
      if (kind !== null) return summariseScverse(root, kind, kind === 'MuData' ? '.h5mu' : '.h5ad');
      const tenx = await summariseTenx(root).catch(() => null);
      if (tenx !== null) return tenx;
      return summaryOf('hdf5', { suffixFromContent: '.h5', ...(await membersOf(root, MAX_MEMBERS)) });
    });
    return withArrays(found);
  } catch (error) {
    const problem =
      error instanceof Hdf5Problem
        ? error.message
        : `This HDF5 file is damaged and could not be read (${reason(error)}). Compare it with its origin.`;
    return summaryOf('hdf5', { problem });
  }
}
