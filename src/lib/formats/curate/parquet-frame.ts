// A parquet file as pandas loads it, for validation: the dtype that a column has once its gaps are known, gaps from the
// statistics of the footer where they are told, texts counted by the codes of their dictionaries.
import type { FileMetaData } from 'hyparquet';
import { LoamError } from '../../engine/errors.ts';
import type { ByteSource, ColumnWant } from '../../engine/ports.ts';
import type { ArrowType } from '../facts/arrow-type.ts';
import { dtypeOf, indexTexts, openColumn } from '../facts/parquet-columns.ts';
import { openParquet, type ParquetFile } from '../facts/parquet-facts.ts';
import { pagesOf, type Page, type Stored } from '../facts/parquet-pages.ts';
import type { Leaf, ParquetNode } from '../facts/parquet-schema.ts';
import { numberOf, textOf } from '../facts/parquet-values.ts';
import { boolText } from '../facts/python-text.ts';
import type { CheckedColumn, CheckedFrame, CheckedIndex } from './checked-frame.ts';
import { kindOf } from './python-kinds.ts';
import { listsTold } from './parquet-lists.ts';
import { Kinds, none, Nulls, Tally, tally, type Told } from './tally.ts';

export async function parquetFrame(source: ByteSource): Promise<CheckedFrame> {
  const opened = await openParquet(source);
  if ('problem' in opened) throw new LoamError('FileUnreadable', opened.problem);
  const { file, nodes } = opened;
  const { metadata, notes } = file;
  const named = new Map(nodes.map((node) => [node.field.name, node]));
  const levels = (notes.index ?? []).flatMap((one) => ('column' in one ? [named.get(one.column)] : []));
  const indexNodes = levels.filter((node) => node !== undefined);
  return {
    rows: Number(metadata.num_rows),
    columns: nodes.filter((node) => !indexNodes.includes(node)).map((node) => columnOf(file, node)),
    index: indexOf(file, indexNodes),
    attrs: attrsOf(metadata),
  };
}

/** pandas notes them as JSON; what is none is no note. */
function attrsOf(metadata: FileMetaData): Record<string, unknown> {
  const text = metadata.key_value_metadata?.find((entry) => entry.key === 'PANDAS_ATTRS')?.value;
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    return parsed !== null && typeof parsed === 'object' ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function columnOf(file: ParquetFile, node: ParquetNode): CheckedColumn {
  return { name: node.field.name, tell: (want, onRows) => tell(file, node, want, onRows) };
}

function indexOf(file: ParquetFile, nodes: ParquetNode[]): CheckedIndex {
  const rows = Number(file.metadata.num_rows);
  const [only] = nodes;
  if (only === undefined)
    return {
      name: null,
      levels: 0,
      tell: null,
      names: async () => Array.from({ length: rows }, (_, i) => String(i)),
    };
  const name = file.notes.levels.get(only.field.name) ?? null;
  return {
    name,
    levels: nodes.length,
    // pandas' index has no booleans with gaps and the like, which do not matter here.
    tell: (want, onRows) => tell(file, only, want, onRows),
    async names() {
      const names: string[] = [];
      for await (const part of indexTexts(file, only, (text) => text)) names.push(...part);
      return names;
    },
  };
}

async function tell(
  file: ParquetFile,
  node: ParquetNode,
  want: ColumnWant,
  onRows: (rows: number) => void,
): Promise<Told> {
  const { type } = node.field;
  const extension = file.notes.extensions.get(node.field.name);
  const dtype = dtypeOf(type, extension);
  if (node.shape === 'list') return listsTold(file, node, want, onRows);
  if (node.shape !== 'leaf' || type.id === 'null')
    return tally(await openColumn(file, node), want, { kind: kindOf(type), onRows });
  if (type.id === 'int' || type.id === 'uint' || type.id === 'float') {
    const told = await numbersTold(file, node.leaf, type, dtype, want, onRows);
    // Whole numbers with gaps are floats.
    if (extension !== undefined || told.nulls === 0 || type.id === 'float') return told;
    return { ...told, dtype: 'float64' };
  }
  if (type.id === 'bool') {
    const told = await boolsTold(file, node.leaf, dtype, want, onRows);
    return extension !== undefined || told.nulls === 0 ? told : { ...told, dtype: 'object' };
  }
  const text = type.id === 'dictionary' ? type.values : type;
  if (text.id === 'string') {
    const told = await textsTold(
      file,
      node.leaf,
      type.id === 'dictionary' ? 'category' : dtype,
      want,
      onRows,
    );
    return told;
  }
  // Of times and the like only gaps matter, unless values are asked for.
  if (want === 'type' || (want !== 'values' && dtype !== 'object'))
    return gapsTold(file, node.leaf, dtype, onRows);
  return tally(await openColumn(file, node), want, { kind: kindOf(text), onRows });
}

async function gapsTold(
  file: ParquetFile,
  leaf: Leaf,
  dtype: string,
  onRows: (rows: number) => void,
): Promise<Told> {
  const nulls = new Nulls();
  if (knownNulls(file, leaf) === 0) return none(dtype, Number(file.metadata.num_rows), nulls);
  let at = 0;
  for await (const page of dataPages(file, leaf)) {
    walk(page, leaf, at, nulls, () => {});
    at += page.slots;
    onRows(at);
  }
  return none(dtype, at, nulls);
}

/** Gaps as the footer tells them; null where it does not. */
function knownNulls({ metadata }: ParquetFile, leaf: Leaf): number | null {
  let nulls = 0;
  for (const group of metadata.row_groups) {
    const told = group.columns[leaf.index]?.meta_data?.statistics?.null_count;
    if (told === undefined) return leaf.maxDef === 0 ? 0 : null;
    nulls += Number(told);
  }
  return nulls;
}

async function* dataPages({ source, metadata }: ParquetFile, leaf: Leaf): AsyncGenerator<Page, void> {
  for (const group of metadata.row_groups) {
    const chunk = group.columns[leaf.index]?.meta_data;
    if (chunk === undefined) throw new Error('a column chunk is missing');
    for await (const page of pagesOf(source, chunk, leaf)) if (!('entries' in page)) yield page;
  }
}

/** Walks the values of a page by row; gaps are noted on the way. */
function walk(
  page: Page,
  leaf: Leaf,
  from: number,
  nulls: Nulls,
  each: (value: unknown, row: number) => void,
): void {
  const { def, values, slots } = page;
  if (def === null) {
    for (let i = 0; i < values.length; i++) each(values[i], from + i);
    return;
  }
  let at = 0;
  for (let i = 0; i < slots; i++) {
    if (def[i] === leaf.maxDef) each(values[at++], from + i);
    else nulls.add(from + i);
  }
}

async function numbersTold(
  file: ParquetFile,
  leaf: Leaf,
  type: ArrowType,
  dtype: string,
  want: ColumnWant,
  onRows: (rows: number) => void,
): Promise<Told> {
  const rows = Number(file.metadata.num_rows);
  // Nothing but gaps matters of whole numbers, and the footer mostly tells that there are none.
  if (type.id === 'int' && want !== 'values' && knownNulls(file, leaf) === 0)
    return none(dtype, rows, new Nulls());
  return tally(
    {
      kind: 'number',
      dtype,
      async *pieces() {
        for await (const page of dataPages(file, leaf)) yield numberPiece(page, leaf, type);
      },
    },
    want,
    { kind: 'float', onRows },
  );
}

/** Numbers of a page in their places. */
function numberPiece(
  page: Page,
  leaf: Leaf,
  type: ArrowType,
): { values: ArrayLike<number | bigint>; missing?: Uint8Array } {
  const plain = page.values instanceof Float64Array || page.values instanceof Float32Array;
  if (page.def === null && page.dictionary === null && plain) return { values: page.values as Float64Array };
  const missing = new Uint8Array(page.slots);
  const values: (number | bigint)[] = new Array<number | bigint>(page.slots).fill(0);
  const entries = page.dictionary;
  const nulls = new Nulls();
  walk(page, leaf, 0, nulls, (value, row) => {
    values[row] = numberOf(entries === null ? value : entries[Number(value)], type);
  });
  if (page.def !== null)
    for (let i = 0; i < page.slots; i++) missing[i] = Number(page.def[i] !== leaf.maxDef);
  return { values, missing };
}

async function boolsTold(
  file: ParquetFile,
  leaf: Leaf,
  dtype: string,
  want: ColumnWant,
  onRows: (rows: number) => void,
): Promise<Told> {
  const rows = Number(file.metadata.num_rows);
  if (want !== 'values' && want !== 'whole' && knownNulls(file, leaf) === 0)
    return none(dtype, rows, new Nulls());
  const nulls = new Nulls();
  const found = new Tally();
  const kinds = new Kinds();
  let at = 0;
  for await (const page of dataPages(file, leaf)) {
    walk(page, leaf, at, nulls, (value, row) => {
      found.add('bool', boolText(Boolean(value)), row);
      kinds.add('bool', () => boolText(Boolean(value)), row);
    });
    at += page.slots;
    onRows(at);
  }
  return { ...none(dtype, at, nulls), kinds: kinds.values(), values: found.values() };
}

async function textsTold(
  file: ParquetFile,
  leaf: Leaf,
  dtype: string,
  want: ColumnWant,
  onRows: (rows: number) => void,
): Promise<Told> {
  const rows = Number(file.metadata.num_rows);
  const values = want === 'values' || want === 'whole';
  const known = knownNulls(file, leaf);
  if (!values && known === 0)
    return {
      ...none(dtype, rows, new Nulls()),
      kinds: rows === 0 ? [] : [{ text: '', kind: 'str', count: rows, rows: [0] }],
    };
  const nulls = new Nulls();
  const found = new Tally();
  let at = 0;
  for await (const page of dataPages(file, leaf)) {
    const { dictionary } = page;
    if (dictionary === null)
      walk(page, leaf, at, nulls, (value, row) => {
        if (values) found.add('str', textOf(value), row);
      });
    else countCodes(page, dictionary, leaf, at, nulls, values ? found : null);
    at += page.slots;
    onRows(at);
  }
  const filled = at - nulls.count;
  const list = found.values();
  return {
    ...none(dtype, at, nulls),
    kinds:
      filled === 0
        ? []
        : [{ text: list[0]?.text ?? '', kind: 'str', count: filled, rows: list[0]?.rows ?? [] }],
    values: values ? list : null,
    cut: found.cut,
  };
}

const firstRows = 5;

function countCodes(
  page: Page,
  dictionary: Stored,
  leaf: Leaf,
  from: number,
  nulls: Nulls,
  found: Tally | null,
): void {
  const counts = new Uint32Array(dictionary.length);
  const firsts: number[][] = [];
  walk(page, leaf, from, nulls, (value, row) => {
    const code = value as number;
    if (!(code >= 0 && code < counts.length)) throw new Error('a value points outside of its dictionary');
    const now = (counts[code] ?? 0) + 1;
    counts[code] = now;
    if (now === 1) firsts[code] = [row];
    else if (now <= firstRows) firsts[code]?.push(row);
  });
  if (found === null) return;
  for (let code = 0; code < counts.length; code++) {
    const [first, ...more] = firsts[code] ?? [];
    if (first === undefined) continue;
    const text = textOf(dictionary[code]);
    found.add('str', text, first, (counts[code] ?? 0) - more.length);
    for (const row of more) found.add('str', text, row);
  }
}
