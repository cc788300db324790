// Tables of AnnData, MuData and SpatialData as fixed copies see them, in HDF5 and Zarr alike: where the table of a slot lies, how
// each column is laid out there, and which tables repeat the names of its rows.
import { LoamError } from '../../engine/errors.ts';
import { fixedIndex, type Change, type Fix, type FixedColumn } from '../../engine/ports.ts';
import type { ScverseKind } from '../anndata.ts';
import { allValues, textAttr, type TreeNode } from '../tree.ts';
import type { NumberType, WrittenValues } from '../zarr-write.ts';
import { narrowCodes, type StoredColumn } from './fixed-values.ts';

/** A table that changes. */
export interface ChangedTable {
  /** Below the root, without slashes at its ends: `obs`, `mod/rna/var`, `tables/cells/obs`. */
  path: string;
  /** As fixes name it; null where only its names of rows follow those of another table. */
  slot: string | null;
  index: Change[];
}

export async function changedTables(
  root: TreeNode,
  kind: ScverseKind,
  fixes: readonly Fix[],
): Promise<ChangedTable[]> {
  const tables = new Map<string, ChangedTable>();
  for (const { slot } of fixes) {
    const own = slot.replace(/\.T$/, '');
    const path = pathOf(kind, own);
    if (tables.has(path)) continue;
    const index = fixedIndex(own, fixes);
    if (index.length > 0 && kind === 'MuData')
      throw new LoamError(
        'NotImplementedError',
        'Names of rows of a MuData stand in its modalities and in the whole, and are not changed in a copy. Change them where the dataset was made.',
        { slot },
      );
    tables.set(path, { path, slot: own, index });
    if (kind === 'SpatialData') await refuseKeys(root, path, own, fixes);
    if (index.length > 0)
      for (const beside of await tablesBeside(root, path))
        tables.set(beside, { path: beside, slot: null, index });
  }
  return [...tables.values()];
}

function pathOf(kind: ScverseKind, slot: string): string {
  const parts = slot.split(':');
  const table = parts.at(-1) ?? '';
  const [first = '', name = ''] = parts;
  const named = table === 'obs' || table === 'var';
  if (named && parts.length === 1 && kind !== 'SpatialData') return table;
  if (named && parts.length === 2 && kind === 'MuData') return `mod/${first}/${table}`;
  if (named && parts.length === 3 && kind === 'SpatialData' && first === 'tables')
    return `tables/${name}/${table}`;
  throw new LoamError(
    'NotImplementedError',
    `The slot '${slot}' cannot be changed in a copy; obs and var can.`,
    { slot },
  );
}

export async function nodeAt(root: TreeNode, path: string): Promise<TreeNode | null> {
  let node: TreeNode | null = root;
  for (const part of path.split('/')) node = (await node?.get(part)) ?? null;
  return node;
}

/** Tables of obsm and varm name their rows as obs and var do, and anndata refuses files in which they differ. */
async function tablesBeside(root: TreeNode, path: string): Promise<string[]> {
  const beside = `${path}m`;
  const group = await nodeAt(root, beside);
  const found: string[] = [];
  for (const key of group?.kind === 'group' ? await group.keys() : []) {
    const node = await group?.get(key);
    if (node?.kind === 'group' && textAttr(node, 'encoding-type') === 'dataframe')
      found.push(`${beside}/${key}`);
  }
  return found;
}

/** Columns of obs by which rows of a SpatialData's table stand for places of its elements. */
async function refuseKeys(root: TreeNode, path: string, slot: string, fixes: readonly Fix[]): Promise<void> {
  if (!path.endsWith('/obs')) return;
  const keys = await nodeAt(root, path.replace(/obs$/, 'uns/spatialdata_attrs'));
  for (const key of ['region_key', 'instance_key']) {
    const node = await keys?.get(key);
    const [column] = node?.kind === 'array' && node.shape.length === 0 ? await node.read(1) : [];
    if (fixes.some((fix) => fix.slot === slot && !fix.index && fix.column === column))
      throw new LoamError(
        'NotImplementedError',
        `The column '${String(column)}' joins the table with the elements that it annotates, so it is not changed in a copy. Change it where the dataset was made.`,
        { column: String(column) },
      );
  }
}

/** The values of a column, read as a whole; null where its layout is none that is written here. */
export async function storedColumn(node: TreeNode): Promise<StoredColumn | null> {
  // Before anndata 0.8 categories stood elsewhere.
  if (node.kind === 'array') return 'categories' in node.attrs ? null : plainColumn(node, null);
  const [codes, categories] = [await node.get('codes'), await node.get('categories')];
  if (codes !== null && categories !== null) {
    const texts = await storedColumn(categories);
    if (texts?.kind !== 'texts' || texts.missing !== null || codes.kind !== 'array') return null;
    return {
      kind: 'category',
      categories: texts.values,
      codes: (await allValues(codes)) as ArrayLike<number>,
    };
  }
  const [values, mask] = [await node.get('values'), await node.get('mask')];
  if (values?.kind !== 'array' || mask?.kind !== 'array') return null;
  return plainColumn(values, Uint8Array.from((await allValues(mask)) as ArrayLike<number>, Number));
}

async function plainColumn(node: TreeNode, missing: Uint8Array | null): Promise<StoredColumn | null> {
  const { element } = node;
  if (element === null || node.shape.length !== 1) return null;
  if (element.kind === 'text' || element.kind === 'unicode' || element.kind === 'bytes')
    return { kind: 'texts', values: (await allValues(node)) as string[], missing };
  const bits = element.size * 8;
  const number = element.kind === 'int' || element.kind === 'uint' || (element.kind === 'float' && bits > 16);
  if (!number && element.kind !== 'bool') return null;
  const type = (element.kind === 'bool' ? 'bool' : `${element.kind}${bits}`) as NumberType;
  return { kind: 'numbers', type, values: (await allValues(node)) as ArrayLike<number>, missing };
}

/** How anndata lays out a column: its encoding, and its arrays by their names below it ('' where it is one itself). */
export interface ColumnLayout {
  encoding: string;
  version: string;
  parts: { name: string; values: WrittenValues }[];
}

export function layoutOf(column: StoredColumn): ColumnLayout {
  switch (column.kind) {
    case 'category': {
      const { categories, codes } = column;
      const narrow = narrowCodes(codes, categories.length);
      const type = narrow instanceof Int8Array ? 'int8' : narrow instanceof Int16Array ? 'int16' : 'int32';
      return {
        encoding: 'categorical',
        version: '0.2.0',
        parts: [
          { name: 'codes', values: { type, values: narrow } },
          { name: 'categories', values: { type: 'text', values: categories } },
        ],
      };
    }
    case 'texts':
      return layout(
        { type: 'text', values: column.values },
        column.missing,
        'string-array',
        'nullable-string-array',
      );
    case 'numbers': {
      const { type, values, missing } = column;
      return layout(
        { type, values },
        missing,
        'array',
        type === 'bool' ? 'nullable-boolean' : 'nullable-integer',
      );
    }
  }
}

function layout(
  values: WrittenValues,
  missing: Uint8Array | null,
  plain: string,
  masked: string,
): ColumnLayout {
  if (missing === null) return { encoding: plain, version: '0.2.0', parts: [{ name: '', values }] };
  return {
    encoding: masked,
    version: '0.1.0',
    parts: [
      { name: 'values', values },
      { name: 'mask', values: { type: 'bool', values: missing } },
    ],
  };
}

/** What anndata calls an array by itself. */
export const arrayEncoding = (values: WrittenValues): string =>
  values.type === 'text' ? 'string-array' : 'array';

export const notChanged = ({ name }: Pick<FixedColumn, 'name'>): LoamError =>
  new LoamError(
    'NotImplementedError',
    `The column '${name}' is stored in a way in which its values are not changed here. Change them where the file was made.`,
    { column: name },
  );

export const notAGroup = (path: string): LoamError =>
  new LoamError(
    'NotImplementedError',
    `${path} is laid out as anndata did before 0.7, which is not written here. Save the file anew with a present anndata.`,
  );

export const twice = (path: string, column: string): LoamError =>
  new LoamError('InvalidArgument', `${path} would hold two columns '${column}'.`, { column });
