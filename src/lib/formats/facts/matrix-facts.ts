// Facts of matrices: dense arrays and sparse groups (csr, csc), with the sum of all values read in pieces.
import { numpyName } from '../element-type.ts';
import { numbersAttr, textAttr, type TreeNode, Unsupported } from '../tree.ts';
import { finite, type MatrixFacts } from './facts-types.ts';
import { PairwiseSum } from './pairwise-sum.ts';
import type { Problems } from './problems.ts';

/** `csr` or `csc` where the group is a sparse matrix, in anndata's words or in those of h5sparse before. */
export function sparseFormat(node: TreeNode): string | null {
  if (node.kind !== 'group') return null;
  const format = /^(cs[rc])_matrix$/.exec(textAttr(node, 'encoding-type') ?? '')?.[1];
  return format ?? textAttr(node, 'h5sparse_format');
}

export function matrixShape(node: TreeNode): number[] | null {
  if (node.kind === 'array') return node.shape;
  return numbersAttr(node, 'shape') ?? numbersAttr(node, 'h5sparse_shape');
}

/** Null where there is no matrix: an array marked as null, or none at all. */
export async function matrixFacts(
  node: TreeNode | null,
  what: string,
  problems: Problems,
): Promise<MatrixFacts | null> {
  if (node === null || isNull(node)) return null;
  const format = sparseFormat(node);
  if (node.kind === 'group' && format === null) {
    const error = problems.note(what, new Unsupported('it is no dense or sparse matrix'));
    return { type: textAttr(node, 'encoding-type') ?? 'unknown', shape: [], dtype: 'unknown', error };
  }
  const data = format === null ? node : await node.get('data').catch(() => null);
  const facts: MatrixFacts = {
    type: format === null ? 'ndarray' : `${format}_matrix`,
    shape: matrixShape(node) ?? [],
    dtype: data?.element ? numpyName(data.element) : 'unknown',
    ...(format === null ? {} : { nnz: data?.shape[0] ?? 0, format }),
  };
  try {
    if (data === null) throw new Error('its values are missing');
    const kind = data.element?.kind ?? 'object';
    if (!['bool', 'int', 'uint', 'float'].includes(kind))
      throw new Unsupported(`values of type ${facts.dtype} are not added up`);
    const sum = new PairwiseSum(data.shape.reduce((size, axis) => size * axis, 1));
    for await (const piece of data.scan()) sum.add(piece as ArrayLike<number>);
    return { ...facts, sum: finite(sum.total) };
  } catch (error) {
    return { ...facts, error: problems.note(what, error) };
  }
}

export const isNull = (node: TreeNode): boolean =>
  node.kind === 'array' && (!node.filled || textAttr(node, 'encoding-type') === 'null');
