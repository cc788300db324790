// A window into an array of any store: values along one or two axes at a place on the others. Only the pieces that the window
// touches are read; what would need too many is refused in words.
import type { ArrayValues, ViewAsk, ViewContent } from '../engine/ports.ts';
import { find } from './ome-zarr.ts';
import { cellText, clip, count, PREVIEW_ROWS } from './summary.ts';
import { Unsupported, type TreeNode, type Values } from './tree.ts';

/** Values of one window, and texts. */
const NUMBERS = 512 * 512;
const TEXTS = 5_000;

type ArrayAsk = Extract<ViewAsk, { kind: 'array' }>;

export async function viewArray(root: TreeNode, ask: ArrayAsk): Promise<ViewContent> {
  const node = await find(root, ask.path);
  if (node?.kind !== 'array') throw new Error(`there is no array at “${clip(ask.path, 100)}”`);
  if (node.blocked) throw new Unsupported(`its values are not shown: ${node.blocked}`);
  if (!node.filled) throw new Error('it is empty');
  if (node.fields !== null) return records(node, node.fields);
  const { shape } = node;
  const { axes } = ask;
  if (axes.length !== Math.min(2, shape.length) && axes.length !== Math.min(1, shape.length))
    throw new Error(`an array of ${count(shape.length)} axes is looked at along one or two of them`);
  if (
    new Set(axes).size !== axes.length ||
    axes.some((axis) => !(Number.isInteger(axis) && axis >= 0 && axis < shape.length))
  )
    throw new Error(`it has the axes 0 to ${count(shape.length - 1)}`);
  const most =
    node.element !== null && ['text', 'bytes', 'unicode'].includes(node.element.kind) ? TEXTS : NUMBERS;
  const start = shape.map((size, axis) => clamp(ask.at[axis] ?? 0, Math.max(0, size - 1)));
  const length = shape.map((size) => Math.min(1, size));
  let left = most;
  const from: number[] = [];
  const lengths: number[] = [];
  for (const [i, axis] of axes.entries()) {
    const size = shape[axis] ?? 0;
    const first = clamp(ask.from[i] ?? 0, Math.max(0, size - 1));
    const items = Math.min(clamp(ask.count[i] ?? 1, left), size - first);
    left = Math.floor(left / Math.max(1, items));
    start[axis] = first;
    length[axis] = items;
    from.push(first);
    lengths.push(items);
  }
  if (length.includes(0)) return { kind: 'array', from, count: lengths, values: [] };
  const values = await node.box(start, length);
  const [rows = 0, columns = 0] = axes;
  const turned = axes.length === 2 && rows > columns;
  return {
    kind: 'array',
    from,
    count: lengths,
    values: turned ? transposed(values, lengths[1] ?? 0) : values,
  };
}

/** A whole number from 0 to `most`. */
const clamp = (value: number, most: number): number =>
  Number.isNaN(value) ? 0 : Math.min(most, Math.max(0, Math.floor(value)));

/** `rows`: of what comes in, row by row. */
function transposed(values: Values, rows: number): ArrayValues {
  const columns = Math.floor(values.length / Math.max(1, rows));
  const turned = values.slice();
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      (turned as unknown[])[column * rows + row] = values[row * columns + column];
  return turned;
}

async function records(node: TreeNode, fields: readonly { name: string }[]): Promise<ViewContent> {
  const rows = (await node.read(PREVIEW_ROWS)) as unknown[][];
  return {
    kind: 'rows',
    preview: {
      columns: fields.map(({ name }) => clip(name)),
      rows: rows.map((row) => fields.map((_, at) => cellText(row[at]))),
    },
  };
}
