// Single columns of AnnData's obs and var, whole or row by row, in each layout that anndata has had: a member of the
// group, codes with categories (also the old `__categories`), values with a mask, or one field of an array of records.
import { cellText } from './summary.ts';
import { allValues, listAttr, textAttr, Unsupported, type TreeNode, type Values } from './tree.ts';

/** Rows of a column that are read whole, and of one kept as records, which are read whole for any row. */
export const MOST_ROWS = 4_000_000;

export interface FrameColumn {
  values: TreeNode;
  /** Of an array of records. */
  field?: string;
  categories: TreeNode | null;
  /** True where a value is missing. */
  mask: TreeNode | null;
  rows: number;
}

/** The name of the index, then the columns in their order. Null where the table cannot be understood. */
export async function frameNames(frame: TreeNode): Promise<{ index: string | null; columns: string[] }> {
  if (frame.kind === 'array') {
    const [index = null, ...columns] = (frame.fields ?? []).map(({ name }) => name);
    return { index, columns };
  }
  const keys = await frame.keys();
  const index = textAttr(frame, '_index') ?? ['_index', 'index'].find((name) => keys.includes(name)) ?? null;
  const columns =
    listAttr(frame, 'column-order') ?? keys.filter((key) => key !== index && key !== '__categories');
  return { index, columns };
}

/** Throws where there is no such column, or its values must not be read. `root` is the AnnData, for old categories in uns. */
export async function frameColumn(root: TreeNode, frame: TreeNode, name: string): Promise<FrameColumn> {
  const found = await locate(root, frame, name);
  for (const part of [found.values, found.categories, found.mask])
    if (part?.blocked)
      throw new Unsupported(`the values of “${cellText(name)}” cannot be read: ${part.blocked}`);
  return found;
}

async function locate(root: TreeNode, frame: TreeNode, name: string): Promise<FrameColumn> {
  const old = { mask: null, rows: frame.shape[0] ?? 0 };
  if (frame.kind === 'array') {
    if (!frame.fields?.some((field) => field.name === name)) throw none(name);
    const uns = await root.get('uns').catch(() => null);
    const categories = (await uns?.get(`${name}_categories`).catch(() => null)) ?? null;
    return {
      ...old,
      values: frame,
      field: name,
      categories: categories?.kind === 'array' ? categories : null,
    };
  }
  const child = await frame.get(name);
  if (child === null) throw none(name);
  if (child.kind === 'array') {
    const categories = (await (await frame.get('__categories').catch(() => null))?.get(name)) ?? null;
    return { values: child, categories, mask: null, rows: child.shape[0] ?? 0 };
  }
  const [codes, categories, values, mask] = await Promise.all(
    ['codes', 'categories', 'values', 'mask'].map((part) => child.get(part)),
  );
  if (codes?.kind === 'array' && categories?.kind === 'array')
    return { values: codes, categories, mask: null, rows: codes.shape[0] ?? 0 };
  if (values?.kind === 'array')
    return { values, categories: null, mask: mask ?? null, rows: values.shape[0] ?? 0 };
  throw new Unsupported(`“${cellText(name)}” is kept in a way that is not known here`);
}

const none = (name: string): Error => new Error(`there is no column “${cellText(name)}”`);

/** The column's values of some rows as text, in the order asked; null is missing. */
export async function columnRows(column: FrameColumn, rows: readonly number[]): Promise<(string | null)[]> {
  const { values, field, categories, mask } = column;
  const found = field === undefined ? await pick(values, rows) : await pickField(column, field, rows);
  const missing = mask === null ? null : await pick(mask, rows);
  const names = categories === null ? null : await pick(categories, codesOf(found, categories));
  let place = 0;
  return found.map((value, i) => {
    if (missing?.[i]) return null;
    if (names !== null && categories !== null)
      return inRange(value, categories) ? cellText(names[place++]) : null;
    if (values.element?.kind === 'bool') return value ? 'true' : 'false';
    return cellText(value);
  });
}

const inRange = (code: unknown, categories: TreeNode): boolean =>
  Number(code) >= 0 && Number(code) < (categories.shape[0] ?? 0);
const codesOf = (codes: readonly unknown[], categories: TreeNode): number[] =>
  codes.filter((code) => inRange(code, categories)).map(Number);

async function pickField(column: FrameColumn, field: string, rows: readonly number[]): Promise<unknown[]> {
  if (column.rows > MOST_ROWS) throw new Unsupported('it is one array of too many records');
  const all = await allValues(column.values, field);
  return rows.map((row) => all[row]);
}

/** Values that lie this near to each other are read together. */
const NEAR = 256;

/** Single values of an array with one axis. Those of one chunk of text or numbers are read by one call. */
async function pick(node: TreeNode, rows: readonly number[]): Promise<unknown[]> {
  const length = node.shape[0] ?? 0;
  if (node.shape.length !== 1) throw new Unsupported('it has not one axis');
  const wanted = [...new Set(rows)].filter((row) => row >= 0 && row < length).sort((a, b) => a - b);
  const found = new Map<number, unknown>();
  for (let i = 0; i < wanted.length;) {
    const start = wanted[i] as number;
    let end = i + 1;
    while (end < wanted.length && (wanted[end] as number) - (wanted[end - 1] as number) <= NEAR) end++;
    const last = wanted[end - 1] as number;
    const values: Values = await node.box([start], [last - start + 1]);
    for (; i < end; i++) found.set(wanted[i] as number, values[(wanted[i] as number) - start]);
  }
  return rows.map((row) => found.get(row) ?? null);
}
