// What can be drawn of an AnnData's cells (embeddings, columns, matrices), and rows of obs. What they are coloured by is in
// cell-colours.ts and gene-values.ts.
import type { CellMatrix, ViewContent } from '../engine/ports.ts';
import { summariseAnnData } from './anndata.ts';
import { cellsAt, embeddingsOf } from './embeddings.ts';
import { columnRows, frameColumn, frameNames } from './frame-columns.ts';
import { find } from './ome-zarr.ts';
import { clip, count, reason } from './summary.ts';
import { numbersAttr, textAttr, Unsupported, type TreeNode } from './tree.ts';

/** Rows of obs one answer has, and columns. */
const ROWS = 200;
const COLUMNS = 100;
/** Layers that are looked at. */
const MEMBERS = 100;

export async function viewCells(root: TreeNode, path: string): Promise<ViewContent> {
  const cells = await cellsAt(root, path);
  const { embeddings, notes } = await embeddingsOf(cells);
  const summary = await summariseAnnData(cells, '');
  const observations = summary.rows ?? 0;
  const matrices: CellMatrix[] = [];
  const layers = await cells.get('layers').catch(() => null);
  const paths = [
    'X',
    'raw/X',
    'raw.X',
    ...((await layers?.keys()) ?? []).slice(0, MEMBERS).map((name) => `layers/${name}`),
  ];
  for (const one of paths) {
    const matrix = await matrixAt(cells, one).catch((error: unknown) => {
      notes.push(`${one} cannot be drawn (${reason(error)}).`);
      return null;
    });
    if (matrix === null) continue;
    if (matrix.shape[0] === observations)
      matrices.push({ path: one, layout: matrix.layout, variables: matrix.shape[1] ?? 0 });
  }
  return { kind: 'cells', observations, embeddings, columns: summary.obs ?? [], matrices, notes };
}

export interface Matrix {
  node: TreeNode;
  layout: CellMatrix['layout'];
  shape: number[];
}

/** A matrix of cells × variables, or null where there is none at the path. Throws where it is none that is known. */
export async function matrixAt(cells: TreeNode, path: string): Promise<Matrix | null> {
  const node = await find(cells, path);
  if (node === null) return null;
  if (node.kind === 'array') {
    if (node.shape.length !== 2) throw new Unsupported(`it has ${count(node.shape.length)} axes`);
    return { node, layout: 'dense', shape: node.shape };
  }
  const shape = numbersAttr(node, 'shape') ?? numbersAttr(node, 'h5sparse_shape');
  const told = textAttr(node, 'encoding-type') ?? textAttr(node, 'h5sparse_format') ?? '';
  const layout = /csc/.test(told) ? 'csc' : /csr/.test(told) ? 'csr' : null;
  if (
    shape?.length !== 2 ||
    layout === null ||
    !shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0)
  )
    throw new Unsupported('it is no matrix that is known here');
  return { node, layout, shape };
}

/** Rows of obs as text, the index first. */
export async function viewRows(root: TreeNode, path: string, rows: readonly number[]): Promise<ViewContent> {
  const cells = await cellsAt(root, path);
  const obs = await cells.get('obs');
  if (obs === null) throw new Error('it has no obs');
  const wanted = rows.slice(0, ROWS).filter((row) => Number.isSafeInteger(row) && row >= 0);
  const { index, columns } = await frameNames(obs);
  const names = [...(index === null ? [] : [index]), ...columns].slice(0, COLUMNS);
  const values: (string | null)[][] = [];
  for (const name of names)
    values.push(
      await frameColumn(cells, obs, name)
        .then((column) => columnRows(column, wanted))
        // One that cannot be read leaves the others to be seen; the summary says why.
        .catch(() => wanted.map(() => 'not readable')),
    );
  return {
    kind: 'rows',
    preview: {
      columns: names.map((name) => clip(name)),
      rows: wanted.map((_, row) => values.map((column) => column[row] ?? null)),
    },
  };
}
