// obs and var of AnnData, MuData, SpatialData and the feature tables of 10x Genomics, wherever in a store they lie. X and
// its like are never touched. What a file does not hold is told in words, with what it holds instead.
import { LoamError } from '../engine/errors.ts';
import { scverseKind } from './anndata.ts';
import { categoriesInUns } from './facts/anndata-facts.ts';
import type { ColumnSource, FrameSource } from './facts/column-facts.ts';
import { isNull, matrixShape } from './facts/matrix-facts.ts';
import { frameOf } from './facts/stored-frame.ts';
import { clip } from './summary.ts';
import { slotName, type TableAsk } from './table-ask.ts';
import type { TreeNode } from './tree.ts';

const none = (why: string) => new LoamError('DoesNotExist', why);

/** The columns of the table, none of their values. Throws `DoesNotExist` and `MultipleObjectsReturned` with what there is. */
export async function storedTable(root: TreeNode, ask: TableAsk): Promise<FrameSource> {
  const kind = await scverseKind(root);
  if (kind === null) {
    if (ask.part === null) {
      const found = await tenxTable(root, ask.slot);
      if (found !== null) return found;
    }
    throw none(
      `it holds no ${slotName(ask)}: it is neither AnnData, MuData, SpatialData nor a matrix of 10x Genomics.`,
    );
  }
  if (kind === 'AnnData') {
    if (ask.part !== null)
      throw none(`it is AnnData, which has no parts such as "${clip(ask.part, 60)}". Leave the part out.`);
    return annDataTable(root, ask.slot);
  }
  if (kind === 'MuData' && ask.part === null) return annDataTable(root, ask.slot);
  const word = kind === 'MuData' ? 'modality' : 'table';
  const parts = await root.get(kind === 'MuData' ? 'mod' : 'tables');
  const names = parts?.kind === 'group' ? await parts.keys() : [];
  const listed = names.map((name) => `'${clip(name, 60)}'`).join(', ') || 'none';
  const [only] = names;
  const name = ask.part ?? (names.length === 1 ? only : undefined);
  if (name === undefined)
    throw new LoamError(
      'MultipleObjectsReturned',
      `say which ${word} is meant: ${word} = … Its ${word}s: ${listed}.`,
    );
  const part = names.includes(name) ? await parts?.get(name) : null;
  if (!part)
    throw none(
      `it has no ${word} "${clip(name, 60)}". ${kind === 'MuData' ? 'Its modalities' : 'Its tables'}: ${listed}.`,
    );
  return annDataTable(part, ask.slot);
}

async function annDataTable(root: TreeNode, slot: TableAsk['slot']): Promise<FrameSource> {
  const node = await root.get(slot);
  if (node !== null) {
    const outside = node.kind === 'array' ? await categoriesInUns(await root.get('uns')) : undefined;
    return frameOf(node, outside);
  }
  // Without a table the rows are those of X, which is not read for that.
  const x = await root.get('X');
  const shape = x === null || isNull(x) ? null : matrixShape(x);
  const rows = shape?.[slot === 'obs' ? 0 : 1];
  if (rows === undefined) throw none(`it holds no ${slot}.`);
  return { rows, indexName: null, index: null, columns: [] };
}

/** What stands beside the counts of Cell Ranger 2 files. */
const COUNTS = new Set(['data', 'indices', 'indptr', 'shape', 'barcodes', '_all_tag_keys']);

/**
 * Barcodes are the observations; features have the columns of the file (`name`, `feature_type`, `genome` …), and their
 * ids as index. Null where the file is no such matrix.
 */
async function tenxTable(root: TreeNode, slot: TableAsk['slot']): Promise<FrameSource | null> {
  const matrix = await tenxMatrix(root);
  if (matrix === null) return null;
  const barcodes = await matrix.group.get('barcodes');
  if (slot === 'obs') return barcodes === null ? null : listFrame(barcodes, []);
  const columns: [string, TreeNode][] = [];
  for (const name of await matrix.features.keys()) {
    const node = COUNTS.has(name) ? null : await matrix.features.get(name);
    if (node?.kind === 'array' && node.shape.length === 1) columns.push([name, node]);
  }
  const ids = columns.find(([name]) => name === 'id' || name === 'genes');
  return ids === undefined
    ? null
    : listFrame(
        ids[1],
        columns.filter((one) => one !== ids),
      );
}

async function tenxMatrix(root: TreeNode): Promise<{ group: TreeNode; features: TreeNode } | null> {
  const matrix = await root.get('matrix');
  const features = matrix?.kind === 'group' ? await matrix.get('features') : null;
  if (matrix && features?.kind === 'group') return { group: matrix, features };
  // Cell Ranger 2: one group for each genome; the first is taken.
  for (const name of root.kind === 'group' ? (await root.keys()).slice(0, 10) : []) {
    const genome = await root.get(name);
    if (genome?.kind === 'group' && (await genome.get('genes')) !== null)
      return { group: genome, features: genome };
  }
  return null;
}

/** Plain arrays of one length as a table. */
async function listFrame(index: TreeNode, columns: [string, TreeNode][]): Promise<FrameSource> {
  const open = (node: TreeNode) => (): ColumnSource => ({
    kind: 'object',
    dtype: 'object',
    pieces: async function* () {
      for await (const values of node.scan())
        yield { values: Array.isArray(values) ? values : Array.from(values as Float64Array, String) };
    },
  });
  return {
    rows: index.shape[0] ?? 0,
    indexName: null,
    index: async function* () {
      for await (const values of index.scan())
        yield Array.isArray(values) ? values : Array.from(values, String);
    },
    columns: columns.map(([name, node]) => ({ name, dtype: 'object', open: open(node) })),
  };
}
