// Columns of a parquet table as pandas holds them: dtype, values in pieces, categories from the dictionaries of all row
// groups, and what can be told only once all values were seen (whole numbers with gaps are floats, bools with gaps objects).
import type { FileMetaData } from 'hyparquet';
import type { ByteSource } from '../../engine/ports.ts';
import type { ArrowType } from './arrow-type.ts';
import { columnFacts, type ColumnSource, type ObjectValue, type Piece } from './column-facts.ts';
import type { ColumnFacts } from './facts-types.ts';
import type { PandasNotes } from './pandas-notes.ts';
import { pagesOf, type Page, type Stored } from './parquet-pages.ts';
import { entryOf, rowsOf } from './parquet-rows.ts';
import type { Leaf, ParquetNode } from './parquet-schema.ts';
import { nestedText, noteGaps, numberOf, shown, textOf, type Gaps } from './parquet-values.ts';
import { floatText } from './python-text.ts';
import { zoneName } from './time-text.ts';

interface Table {
  source: ByteSource;
  metadata: FileMetaData;
  notes: PandasNotes;
}

/** pandas' dtype of a column in which nothing is missing. */
export function dtypeOf(type: ArrowType, extension: string | undefined): string {
  if (extension !== undefined) return extension;
  switch (type.id) {
    case 'bool':
      return 'bool';
    case 'int':
    case 'uint':
    case 'float':
      return `${type.id}${type.bits}`;
    case 'timestamp':
      return `datetime64[${type.unit}${type.zone === null ? '' : `, ${zoneName(type.zone)}`}]`;
    case 'duration':
      return `timedelta64[${type.unit}]`;
    case 'dictionary':
      return 'category';
    case 'extension':
      return type.name === 'arrow.bool8' ? 'int8' : 'object';
    default:
      return 'object';
  }
}

/** How a missing value is written. */
function missingText(dtype: string): string {
  if (dtype === 'string') return '<NA>';
  return dtype.startsWith('datetime64') || dtype.startsWith('timedelta64') ? 'NaT' : 'None';
}

export async function openColumn(table: Table, node: ParquetNode): Promise<ColumnSource> {
  const { type } = node.field;
  const dtype = dtypeOf(type, table.notes.extensions.get(node.field.name));
  if (node.shape !== 'leaf') {
    const gaps: Gaps = new Set();
    for (const group of table.metadata.row_groups)
      for (const row of await rowsOf(table.source, group, node)) noteGaps(row, node, gaps);
    return { kind: 'object', dtype, pieces: () => nestedPieces(table, node, gaps) };
  }
  const { leaf } = node;
  if (type.id === 'null') return { kind: 'object', dtype, pieces: () => nothing(table) };
  if (type.id === 'dictionary') return categories(table, leaf, type.ordered);
  if (type.id === 'bool')
    return {
      kind: 'bool',
      dtype,
      pieces: () => pieces(table, leaf, (values) => values as ArrayLike<boolean>),
    };
  const plain = type.id === 'extension' && type.name === 'arrow.bool8' ? type.storage : type;
  if (plain.id === 'int' || plain.id === 'uint' || plain.id === 'float')
    return {
      kind: 'number',
      dtype,
      pieces: () => pieces(table, leaf, (values) => map(values, (value) => numberOf(value, plain)), 0),
    };
  return { kind: 'object', dtype, pieces: () => objectPieces(table, leaf, type, missingText(dtype)) };
}

const map = <T>(values: Stored, change: (value: unknown) => T): T[] => {
  const changed = new Array<T>(values.length);
  for (let i = 0; i < values.length; i++) changed[i] = change(values[i]);
  return changed;
};

/** All slots of a flat column: values in their places, and which are missing. */
async function* pieces<T>(
  table: Table,
  leaf: Leaf,
  convert: (values: Stored) => ArrayLike<T>,
  filler?: T,
): AsyncGenerator<Piece<T>, void> {
  for await (const page of dataPages(table, leaf)) {
    const { dictionary } = page;
    const values = convert(
      dictionary === null ? page.values : map(page.values, (code) => entryOf(dictionary, code)),
    );
    yield spread(page, values, leaf.maxDef, filler);
  }
}

function spread<T>(page: Page, values: ArrayLike<T>, maxDef: number, filler?: T): Piece<T> {
  if (page.def === null) return { values };
  const missing = new Uint8Array(page.slots);
  const placed = new Array<T>(page.slots);
  let at = 0;
  for (let i = 0; i < page.slots; i++) {
    if (page.def[i] === maxDef) placed[i] = values[at++] as T;
    else {
      missing[i] = 1;
      placed[i] = filler as T;
    }
  }
  return { values: placed, missing };
}

async function* dataPages(table: Table, leaf: Leaf): AsyncGenerator<Page, void> {
  for (const group of table.metadata.row_groups) {
    const chunk = group.columns[leaf.index]?.meta_data;
    if (chunk === undefined) throw new Error('a column chunk is missing');
    for await (const page of pagesOf(table.source, chunk, leaf)) if (!('entries' in page)) yield page;
  }
}

async function* objectPieces(
  table: Table,
  leaf: Leaf,
  type: ArrowType,
  none: string,
): AsyncGenerator<Piece<ObjectValue>, void> {
  const convert = (values: Stored): ObjectValue[] =>
    map(values, (value) => shown(value, type, leaf.physical));
  yield* pieces<ObjectValue>(table, leaf, convert, none);
}

async function* nothing({ metadata }: Table): AsyncGenerator<Piece<ObjectValue>, void> {
  const piece = 65_536;
  for (let left = Number(metadata.num_rows); left > 0; left -= piece) {
    const length = Math.min(piece, left);
    yield { values: new Array<string>(length).fill('None'), missing: new Uint8Array(length).fill(1) };
  }
}

async function* nestedPieces(
  table: Table,
  node: ParquetNode,
  gaps: Gaps,
): AsyncGenerator<Piece<ObjectValue>, void> {
  for (const group of table.metadata.row_groups) {
    const rows = await rowsOf(table.source, group, node);
    yield {
      values: rows.map((row) => nestedText(row, node, gaps)),
      missing: Uint8Array.from(rows, (row) => Number(row === null)),
    };
  }
}

/** Categories stand in the order in which the dictionaries of the row groups bring them up. */
async function categories(table: Table, leaf: Leaf, ordered: boolean): Promise<ColumnSource> {
  const codes = new Map<string, number>();
  const codeOf = (value: unknown): number => {
    const text = textOf(value);
    const known = codes.get(text);
    if (known !== undefined) return known;
    codes.set(text, codes.size);
    return codes.size - 1;
  };
  const groups = table.metadata.row_groups.map((group) => group.columns[leaf.index]?.meta_data);
  for (const chunk of groups) {
    if (chunk === undefined) throw new Error('a column chunk is missing');
    for await (const page of pagesOf(table.source, chunk, leaf)) {
      if ('entries' in page) map(page.entries, codeOf);
      // Pages that the dictionary had no more room for.
      else if (page.dictionary === null) map(page.values, codeOf);
    }
  }
  return {
    kind: 'category',
    categories: [...codes.keys()],
    ordered,
    pieces: () => pieces<number>(table, leaf, (values) => map(values, codeOf), -1),
  };
}

/** Facts of a column once it is known whether something is missing in it. */
export async function settle(table: Table, node: ParquetNode, facts: ColumnFacts): Promise<ColumnFacts> {
  if ('error' in facts || facts.n_null === 0 || table.notes.extensions.has(node.field.name)) return facts;
  const { type } = node.field;
  if ('sum' in facts) return type.id === 'float' ? facts : { ...facts, dtype: 'float64' };
  if ('true' in facts && node.shape === 'leaf')
    return columnFacts({
      kind: 'object',
      dtype: 'object',
      pieces: () => objectPieces(table, node.leaf, type, 'None'),
    });
  return facts;
}

/** Names of rows from a column, as str() writes them; `asText` changes those that are texts. */
export async function* indexTexts(
  table: Table,
  node: ParquetNode,
  asText: (text: string) => string,
): AsyncGenerator<string[], void> {
  const column = await openColumn(table, node);
  if (column.kind === 'category') {
    for await (const { values, missing } of column.pieces())
      yield map(values, (code) => code).map((code, i) =>
        missing?.[i] ? 'nan' : asText(column.categories[Number(code)] ?? ''),
      );
    return;
  }
  const float = node.field.type.id === 'float';
  for await (const { values, missing } of column.pieces() as AsyncIterable<Piece<unknown>>) {
    yield map(values, (value) => value).map((value, i) => {
      if (missing?.[i]) return column.kind === 'number' ? 'nan' : missingText(column.dtype);
      if (column.kind === 'number') return float ? floatText(Number(value)) : String(value);
      if (typeof value === 'boolean') return value ? 'True' : 'False';
      const text = value as ObjectValue;
      return asText(typeof text === 'string' ? text : text.shown);
    });
  }
}
