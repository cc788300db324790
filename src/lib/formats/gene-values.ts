// One variable of an AnnData's matrix, for every cell: a column of a dense array, a slice of CSC, or a pass over CSR, which
// keeps values by cells and so must be read whole. More than a few megabytes are told before they are read.
import type { ViewContent } from '../engine/ports.ts';
import { numbersView } from './cell-colours.ts';
import { matrixAt, type Matrix } from './cells.ts';
import { cellsAt, rowsOf, type Report } from './embeddings.ts';
import { frameColumn, frameNames } from './frame-columns.ts';
import { cellText, count } from './summary.ts';
import { boxBytes, Unsupported, type TreeNode, type Values } from './tree.ts';

/** Up to this many bytes (unpacked) are read without asking. */
const UNASKED = 64 * 1024 * 1024;
/** Bytes, or items of a sparse matrix, that are read by one call. */
const STEP = 16 * 1024 * 1024;
const ITEMS = 2 * 1024 * 1024;
/** Names of variables one answer has. */
const NAMES = 200_000;
/** Columns of var that hold the names people know, where the index is of identifiers. */
const SYMBOLS = [
  'feature_name',
  'gene_symbols',
  'gene_symbol',
  'symbol',
  'gene_name',
  'gene_names',
  'gene_short_name',
  'hgnc_symbol',
];

async function openMatrix(cells: TreeNode, path: string): Promise<Matrix> {
  const matrix = await matrixAt(cells, path);
  if (matrix === null) throw new Error(`there is no matrix ${cellText(path)}`);
  return matrix;
}

/** The names of a matrix's variables: raw has a var of its own. */
export async function viewGenes(root: TreeNode, path: string, matrix: string): Promise<ViewContent> {
  const cells = await cellsAt(root, path);
  const raw = await cells.get('raw').catch(() => null);
  const frame =
    matrix === 'raw/X' ? await raw?.get('var') : await cells.get(matrix === 'raw.X' ? 'raw.var' : 'var');
  if (!frame) throw new Error('it has no var');
  const { index, columns } = await frameNames(frame);
  const namesOf = async (column: string): Promise<{ names: string[]; rows: number }> => {
    const found = await frameColumn(cells, frame, column);
    const take = Math.min(found.rows, NAMES);
    if (found.field !== undefined) {
      const names: string[] = [];
      for await (const piece of found.values.scan(found.field))
        names.push(...Array.from(piece as string[], (one) => cellText(one) ?? ''));
      return { names: names.slice(0, take), rows: found.rows };
    }
    const values = await found.values.box([0], [take]);
    const labels = found.categories === null ? null : await found.categories.read(NAMES);
    return {
      names: Array.from(
        values as ArrayLike<unknown>,
        (value) => cellText(labels === null ? value : labels[Number(value)]) ?? '',
      ),
      rows: found.rows,
    };
  };
  if (index === null) throw new Error('its var has no index');
  const { names, rows } = await namesOf(index);
  const symbol = SYMBOLS.find((name) => columns.includes(name));
  const symbols =
    symbol === undefined
      ? null
      : await namesOf(symbol)
          .then((found) => found.names)
          .catch(() => null);
  return { kind: 'genes', names, symbols, more: rows - names.length };
}

/** Values of one variable; `needs` where much must be read and nobody said yes. */
export async function viewGene(
  root: TreeNode,
  path: string,
  { gene, matrix: at }: { gene: number; matrix: string },
  anyway: boolean,
  report: Report,
): Promise<ViewContent> {
  const matrix = await openMatrix(await cellsAt(root, path), at);
  const [cells = 0, variables = 0] = matrix.shape;
  if (!Number.isInteger(gene) || gene < 0 || gene >= variables)
    throw new Error(`${at} has ${count(variables)} variables`);
  const values = new Float32Array(rowsOf(cells));
  if (matrix.layout === 'dense') {
    const bytes = boxBytes(matrix.node, [0, gene], [cells, 1]);
    if (bytes > UNASKED && !anyway)
      return { kind: 'needs', bytes, why: `${at} is kept in pieces that hold other genes too` };
    await readColumn(matrix.node, gene, values, report);
    return numbersView(values);
  }
  const parts = await Promise.all(['data', 'indices', 'indptr'].map((part) => matrix.node.get(part)));
  const [data, indices, indptr] = parts as [TreeNode | null, TreeNode | null, TreeNode | null];
  if (data?.kind !== 'array' || indices?.kind !== 'array' || indptr?.kind !== 'array')
    throw new Error(`${at} is no whole sparse matrix`);
  const blocked = [data, indices, indptr].find((part) => part.blocked)?.blocked;
  if (blocked) throw new Unsupported(`its values cannot be read: ${blocked}`);
  const stored = Math.min(data.shape[0] ?? 0, indices.shape[0] ?? 0);
  const item = (data.element?.size ?? 4) + (indices.element?.size ?? 4);
  if (matrix.layout === 'csc') {
    const [start = 0, end = 0] = Array.from((await indptr.box([gene], [2])) as ArrayLike<unknown>, Number);
    if (!(start >= 0 && end >= start && end <= stored)) throw new Error('its index contradicts itself');
    for (let from = start; from < end; from += ITEMS) {
      const items = Math.min(ITEMS, end - from);
      const [rows, found] = [await indices.box([from], [items]), await data.box([from], [items])];
      for (let i = 0; i < items; i++) add(values, Number(rows[i]), found[i]);
      report(from + items - start, end - start);
    }
    return numbersView(values);
  }
  const bytes = stored * item + (indptr.shape[0] ?? 0) * (indptr.element?.size ?? 8);
  if (bytes > UNASKED && !anyway)
    return {
      kind: 'needs',
      bytes,
      why: `${at} is kept cell by cell (CSR), so one gene means to read it all`,
    };
  await passCsr({ data, indices, indptr }, stored, gene, values, report);
  return numbersView(values);
}

/** Values of the same place add up, as SciPy has it. What lies outside is damage and left out. */
function add(values: Float32Array, row: number, value: unknown): void {
  if (row >= 0 && row < values.length) values[row] = (values[row] as number) + Number(value);
}

async function readColumn(node: TreeNode, gene: number, values: Float32Array, report: Report): Promise<void> {
  const rows = values.length;
  if (node.blocked) throw new Unsupported(`its values cannot be read: ${node.blocked}`);
  const chunk = Math.max(1, node.chunks?.[0] ?? 1);
  const each = Math.max(1, boxBytes(node, [0, gene], [Math.min(chunk, rows), 1]));
  const step = Math.max(1, Math.floor(STEP / each)) * chunk;
  for (let start = 0; start < rows; start += step) {
    const items = Math.min(step, rows - start);
    const piece = await node.box([start, gene], [items, 1]);
    for (let i = 0; i < items; i++) values[start + i] = Number(piece[i]);
    report(start + items, rows);
  }
}

async function passCsr(
  { data, indices, indptr }: { data: TreeNode; indices: TreeNode; indptr: TreeNode },
  stored: number,
  gene: number,
  values: Float32Array,
  report: Report,
): Promise<void> {
  const rows = values.length;
  if ((indptr.shape[0] ?? 0) !== rows + 1) throw new Error('its index has another length than its cells');
  const ends = Float64Array.from((await indptr.box([0], [rows + 1])) as ArrayLike<number>, Number);
  const chunk = Math.max(1, indices.chunks?.[0] ?? 1);
  const step = Math.max(1, Math.round(ITEMS / chunk)) * chunk;
  let row = 0;
  for (let from = 0; from < stored; from += step) {
    const items = Math.min(step, stored - from);
    const found = hits(await indices.box([from], [items]), gene);
    const [first, last] = [found[0], found.at(-1)];
    if (first !== undefined && last !== undefined) {
      const piece = await data.box([from + first], [last - first + 1]);
      for (const at of found) {
        while (row < rows && (ends[row + 1] as number) <= from + at) row++;
        add(values, row, piece[at - first]);
      }
    }
    report(from + items, stored);
  }
}

function hits(indices: Values, gene: number): number[] {
  const found: number[] = [];
  const wanted: unknown =
    indices instanceof BigInt64Array || indices instanceof BigUint64Array ? BigInt(gene) : gene;
  const list = indices as unknown as { indexOf(value: unknown, from: number): number };
  for (let at = list.indexOf(wanted, 0); at >= 0; at = list.indexOf(wanted, at + 1)) found.push(at);
  return found;
}
