// HDF5 files: AnnData and MuData by their layout, 10x matrices, and anything else as a list of its members.
import { scverseKind, summariseScverse } from './anndata.ts';
import { Hdf5Problem, withHdf5 } from './hdf5-file.ts';
import type { SyncByteSource } from './source.ts';
import { count, MAX_FACTS, reason, summaryOf, type FileSummary } from './summary.ts';
import { listTree, type TreeNode } from './tree.ts';

export async function summariseHdf5(source: SyncByteSource): Promise<FileSummary> {
  try {
    return await withHdf5(source, async (root) => {
      const kind = await scverseKind(root);
      if (kind !== null) return summariseScverse(root, kind, kind === 'MuData' ? '.h5mu' : '.h5ad');
      const matrix = await root.get('matrix').catch(() => null);
      if (matrix?.kind === 'group') {
        const tenx = await summarise10x(matrix);
        if (tenx !== null) return tenx;
      }
      const facts = await listTree(root, MAX_FACTS);
      return summaryOf('hdf5', { suffixFromContent: '.h5', facts });
    });
  } catch (error) {
    const problem =
      error instanceof Hdf5Problem
        ? error.message
        : `This HDF5 file is damaged and could not be read (${reason(error)}). Compare it with its origin.`;
    return summaryOf('hdf5', { problem });
  }
}

/** Cell Ranger 3 and later: /matrix with shape (genes × barcodes) and /matrix/features. */
async function summarise10x(matrix: TreeNode): Promise<FileSummary | null> {
  const shape = await matrix.get('shape');
  const barcodes = await matrix.get('barcodes');
  if (shape === null || barcodes === null) return null;
  const [variables, observations] = (await shape.read(2)).map(Number);
  if (variables === undefined || observations === undefined) return null;
  const data = await matrix.get('data');
  const features = await matrix.get('features');
  return summaryOf('10x', {
    suffixFromContent: '.h5',
    rows: observations,
    shape: { observations, variables },
    vars:
      features === null ? null : (await features.keys()).slice(0, 50).map((name) => ({ name, type: 'str' })),
    facts: [
      { label: 'Layout', value: '10x Genomics feature-barcode matrix' },
      { label: 'Stored values', value: count(data?.shape[0] ?? 0) },
    ],
  });
}
