// Rows of a nested parquet column put together from levels and values (Dremel's record assembly): lists become arrays,
// structs arrays of fields, maps arrays of pairs, what is missing null.
import type { FileMetaData } from 'hyparquet';
import type { ByteSource } from '../../engine/ports.ts';
import { pagesOf, type Stored } from './parquet-pages.ts';
import type { Leaf, ParquetNode } from './parquet-schema.ts';

/** A leaf's value is what is stored; a struct has its fields in order, a map pairs of key and value. */
export type Nested =
  null | { leaf: unknown } | { list: Nested[] } | { fields: Nested[] } | { pairs: [Nested, Nested][] };

export const leavesOf = (node: ParquetNode): Leaf[] => {
  switch (node.shape) {
    case 'leaf':
      return [node.leaf];
    case 'struct':
      return node.fields.flatMap(leavesOf);
    case 'list':
      return leavesOf(node.item);
    case 'map':
      return [...leavesOf(node.key), ...leavesOf(node.value)];
  }
};

interface Cursor {
  def: number[];
  rep: number[];
  values: unknown[];
  at: number;
  valueAt: number;
  maxDef: number;
}

/** All rows of one row group. */
export async function rowsOf(
  source: ByteSource,
  group: FileMetaData['row_groups'][number],
  node: ParquetNode,
): Promise<Nested[]> {
  const cursors = new Map<Leaf, Cursor>();
  for (const leaf of leavesOf(node)) cursors.set(leaf, await load(source, group, leaf));
  const rows: Nested[] = [];
  const count = Number(group.num_rows);
  for (let row = 0; row < count; row++) rows.push(assemble(node, cursors));
  return rows;
}

async function load(
  source: ByteSource,
  group: FileMetaData['row_groups'][number],
  leaf: Leaf,
): Promise<Cursor> {
  const chunk = group.columns[leaf.index]?.meta_data;
  if (chunk === undefined) throw new Error('a column chunk is missing');
  const cursor: Cursor = { def: [], rep: [], values: [], at: 0, valueAt: 0, maxDef: leaf.maxDef };
  for await (const page of pagesOf(source, chunk, leaf)) {
    if ('entries' in page) continue;
    for (let i = 0; i < page.slots; i++) {
      cursor.def.push(page.def === null ? leaf.maxDef : (page.def[i] ?? 0));
      cursor.rep.push(page.rep === null ? 0 : (page.rep[i] ?? 0));
    }
    const { dictionary, values } = page;
    for (let i = 0; i < values.length; i++)
      cursor.values.push(dictionary === null ? values[i] : entryOf(dictionary, values[i]));
  }
  return cursor;
}

export function entryOf(dictionary: Stored, code: unknown): unknown {
  const at = Number(code);
  if (!(at >= 0 && at < dictionary.length)) throw new Error('a value points outside of its dictionary');
  return dictionary[at];
}

function assemble(node: ParquetNode, cursors: Map<Leaf, Cursor>): Nested {
  const first = cursors.get(leavesOf(node)[0] as Leaf);
  if (first === undefined || first.at >= first.def.length) throw new Error('fewer rows than announced');
  const def = first.def[first.at] ?? 0;
  const skip = (): void => {
    for (const leaf of leavesOf(node)) {
      const cursor = cursors.get(leaf);
      if (cursor) cursor.at++;
    }
  };
  if (node.shape === 'leaf') {
    first.at++;
    return def === first.maxDef ? { leaf: first.values[first.valueAt++] } : null;
  }
  if (def < node.def) {
    skip();
    return null;
  }
  if (node.shape === 'struct') return { fields: node.fields.map((field) => assemble(field, cursors)) };
  const { rep, filled } = node;
  const items = <T>(item: () => T): T[] => {
    if (def < filled) {
      skip();
      return [];
    }
    const found: T[] = [];
    do found.push(item());
    while (first.rep[first.at] === rep && first.at < first.rep.length);
    return found;
  };
  return node.shape === 'list'
    ? { list: items(() => assemble(node.item, cursors)) }
    : { pairs: items((): [Nested, Nested] => [assemble(node.key, cursors), assemble(node.value, cursors)]) };
}
