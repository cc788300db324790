// Tables as anndata stores them, in HDF5 or Zarr: groups of columns (0.7 and later), and one array of records (before).
// Columns become sources of values; nothing is read here but names and categories.
import type { ElementType } from '../element-type.ts';
import { numpyName } from '../element-type.ts';
import { allValues, listAttr, textAttr, type TreeNode, type Values, Unsupported } from '../tree.ts';
import type { ColumnSource, FrameSource, Piece, Pieces } from './column-facts.ts';

import { boolText, floatText } from './python-text.ts';

/** Codes and names of columns whose categories stand elsewhere, by column. */
export type OutsideCategories = ReadonlyMap<string, string[]>;

export async function frameOf(node: TreeNode, outside: OutsideCategories = new Map()): Promise<FrameSource> {
  return node.kind === 'array' ? recordFrame(node, outside) : groupFrame(node);
}

async function groupFrame(node: TreeNode): Promise<FrameSource> {
  const keys = new Set(await node.keys());
  const index = textAttr(node, '_index') ?? ['_index', 'index'].find((name) => keys.has(name)) ?? null;
  const order =
    listAttr(node, 'column-order') ?? [...keys].filter((key) => key !== index && key !== '__categories');
  const indexNode = index === null ? null : await node.get(index);
  if (index !== null && indexNode === null) throw new Error(`its index ${index} is missing`);
  const categories = keys.has('__categories') ? await node.get('__categories') : null;
  const columns: FrameSource['columns'] = [];
  let rows = indexNode === null ? null : await lengthOf(indexNode);
  for (const name of order) {
    // A damaged column costs no other.
    try {
      const child = await node.get(name);
      if (child === null) throw new Error('it is missing');
      rows ??= await lengthOf(child);
      const old = (await categories?.get(name)) ?? null;
      columns.push({ name, dtype: await dtypeOf(child, old), open: () => columnOf(child, old) });
    } catch (error) {
      columns.push({ name, dtype: 'unknown', open: () => Promise.reject(error as Error) });
    }
  }
  return {
    rows: rows ?? 0,
    indexName: index === '_index' ? null : index,
    index: indexNode === null ? null : () => textPieces(indexNode),
    columns,
  };
}

async function recordFrame(node: TreeNode, outside: OutsideCategories): Promise<FrameSource> {
  const fields = node.element?.fields ?? [];
  const [index, ...rest] = fields;
  return {
    rows: node.shape[0] ?? 0,
    indexName: index?.name ?? null,
    index: index === undefined ? null : () => fieldTexts(node, index.name, index.type),
    columns: rest.map(({ name, type }) => {
      const categories = outside.get(name);
      return {
        name,
        dtype: categories === undefined ? columnDtype(type) : 'category',
        open: (): ColumnSource =>
          categories === undefined
            ? valuesColumn(type, () => scanned(node, name))
            : {
                kind: 'category',
                categories,
                ordered: false,
                pieces: () => scanned(node, name) as AsyncIterable<Piece<number | bigint>>,
              },
      };
    }),
  };
}

async function* fieldTexts(
  node: TreeNode,
  field: string,
  type: ElementType,
): AsyncGenerator<ArrayLike<string>, void> {
  for await (const values of node.scan(field)) yield texts(values, type);
}

async function lengthOf(node: TreeNode): Promise<number> {
  if (node.kind === 'array') return node.shape[0] ?? 0;
  const values = (await node.get('codes')) ?? (await node.get('values'));
  return values?.shape[0] ?? 0;
}

async function dtypeOf(node: TreeNode, old: TreeNode | null): Promise<string> {
  if (node.kind === 'array') return old === null && node.element ? columnDtype(node.element) : 'category';
  if ((await node.get('categories')) !== null) return 'category';
  const values = await node.get('values');
  return values?.element ? nullableDtype(values.element) : (textAttr(node, 'encoding-type') ?? 'unknown');
}

/** pandas' dtype of a plain column: texts are objects. */
function columnDtype(type: ElementType): string {
  const isText = type.kind === 'text' || type.kind === 'bytes' || type.kind === 'unicode';
  return isText ? 'object' : numpyName(type);
}

function nullableDtype(type: ElementType): string {
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 'int':
      return `Int${type.size * 8}`;
    case 'uint':
      return `UInt${type.size * 8}`;
    case 'float':
      return `Float${type.size * 8}`;
    default:
      return 'string';
  }
}

async function columnOf(node: TreeNode, old: TreeNode | null): Promise<ColumnSource> {
  if (node.kind === 'array') {
    if (old !== null) return categorical(node, old, old.attrs.ordered);
    if (node.element === null) throw new Unsupported('its type is not known');
    return valuesColumn(node.element, () => scanned(node));
  }
  const [codes, categories] = [await node.get('codes'), await node.get('categories')];
  if (codes !== null && categories !== null) return categorical(codes, categories, node.attrs.ordered);
  const [values, mask] = [await node.get('values'), await node.get('mask')];
  if (values?.element && mask !== null) {
    const missing = (await allValues(mask)) as Uint8Array;
    return valuesColumn(values.element, () => masked(values, missing), nullableDtype(values.element));
  }
  throw new Unsupported(`columns of type ${textAttr(node, 'encoding-type') ?? 'unknown'} are not read here`);
}

async function categorical(codes: TreeNode, categories: TreeNode, ordered: unknown): Promise<ColumnSource> {
  const element = (categories.kind === 'group' ? await categories.get('values') : categories)?.element?.kind;
  const of = element === 'uint' ? 'int' : element;
  return {
    kind: 'category',
    categories: Array.from(await textsOf(categories)),
    ...(of === 'int' || of === 'float' || of === 'bool' ? { of } : {}),
    ordered: Boolean(Number(ArrayBuffer.isView(ordered) ? (ordered as Uint8Array)[0] : ordered)),
    pieces: () => scanned(codes) as AsyncIterable<Piece<number | bigint>>,
  };
}

async function* scanned(
  node: TreeNode,
  field?: string,
): AsyncGenerator<Piece<number | bigint | string>, void> {
  for await (const values of node.scan(field)) yield { values: values as ArrayLike<number> };
}

async function* masked(
  node: TreeNode,
  missing: Uint8Array,
): AsyncGenerator<Piece<number | bigint | string>, void> {
  let at = 0;
  for await (const values of node.scan()) {
    yield { values: values as ArrayLike<number>, missing: missing.subarray(at, at + values.length) };
    at += values.length;
  }
}

function valuesColumn(
  type: ElementType,
  pieces: Pieces<number | bigint | string>,
  dtype = columnDtype(type),
): ColumnSource {
  switch (type.kind) {
    case 'bool':
      return { kind: 'bool', dtype, pieces: pieces as Pieces<number> };
    case 'int':
    case 'uint':
    case 'float':
      return { kind: 'number', dtype, pieces: pieces as Pieces<number> };
    case 'text':
    case 'bytes':
    case 'unicode':
      return {
        kind: 'object',
        dtype,
        pieces: dtype === 'string' ? withNa(pieces as Pieces<string>) : (pieces as Pieces<string>),
      };
    default:
      throw new Unsupported(`columns of type ${dtype} are not read here`);
  }
}

/** Missing texts are written `<NA>`. */
function withNa(pieces: Pieces<string>): Pieces<string> {
  return async function* () {
    for await (const { values, missing } of pieces())
      yield { values: Array.from(values, (value, i) => (missing?.[i] ? '<NA>' : value)), missing };
  };
}

/** The values of an index or of categories as str() writes them. */
export async function textsOf(node: TreeNode): Promise<ArrayLike<string>> {
  const pieces: string[][] = [];
  for await (const part of textPieces(node)) pieces.push(Array.from(part));
  return pieces.flat();
}

async function* textPieces(node: TreeNode): AsyncGenerator<ArrayLike<string>, void> {
  const [values, mask] =
    node.kind === 'group' ? [await node.get('values'), await node.get('mask')] : [node, null];
  if (values?.element == null) throw new Unsupported('an index of this type is not read here');
  const missing = mask === null ? null : ((await allValues(mask)) as Uint8Array);
  let at = 0;
  for await (const part of values.scan()) {
    const names = texts(part, values.element);
    const start = at;
    yield missing === null ? names : Array.from(names, (name, i) => (missing[start + i] ? 'nan' : name));
    at += part.length;
  }
}

function texts(values: Values, type: ElementType): ArrayLike<string> {
  if (Array.isArray(values)) return values;
  if (type.kind === 'bool') return Array.from(values as Uint8Array, (value) => boolText(value !== 0));
  if (type.kind === 'float') return Array.from(values as Float64Array, floatText);
  return Array.from(values as Int32Array, String);
}
