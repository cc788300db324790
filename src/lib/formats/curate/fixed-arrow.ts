// Record batches with fixes applied, for tables that are kept as Arrow holds them: categories stay categories, columns that no
// fix names stay the very ones. And what pandas notes about the table, under the new names.
import type * as ArrowModule from 'apache-arrow';
import type { Field, Vector } from 'apache-arrow';
import { LoamError } from '../../engine/errors.ts';
import { changedText, fixedColumns, type Fix, type FixedColumn } from '../../engine/ports.ts';
import { pandasNotes } from '../facts/pandas-notes.ts';

type Arrow = typeof ArrowModule;

/** What becomes of each field of the file, in its order; fields that are left out are not among them. */
export function fixedFields(
  names: readonly string[],
  pandas: string | undefined,
  fixes: readonly Fix[],
): { at: number; column: FixedColumn }[] {
  const index = new Set(
    (pandasNotes(pandas).index ?? []).flatMap((one) => ('column' in one ? [one.column] : [])),
  );
  // The index is no column to whoever looks at the table; fixes count without it.
  const places = names.flatMap((name, at) => (index.has(name) ? [] : [at]));
  const columns = fixedColumns(
    'columns',
    places.map((at) => names[at] ?? ''),
    fixes,
  ).map((column) => ({ at: places[column.at] ?? 0, column }));
  const kept = names.flatMap((name, at) =>
    index.has(name) ? [{ at, column: { at, name, changes: [] } satisfies FixedColumn }] : [],
  );
  return [...columns, ...kept].sort((a, b) => a.at - b.at);
}

/** One Arrow IPC stream into another. */
export function fixedIpc(
  arrow: Arrow,
  ipc: Uint8Array,
  fields: readonly { at: number; column: FixedColumn }[],
): Uint8Array {
  const table = arrow.tableFromIPC(ipc);
  const vectors: Vector[] = [];
  const made: Field[] = [];
  for (const { at, column } of fields) {
    const field = table.schema.fields[at];
    const vector = table.getChildAt(at);
    if (field === undefined || vector === null) throw new Error(`its column ${at + 1} is missing`);
    const own = column.changes.length === 0 ? vector : changedVector(arrow, field, vector, column);
    vectors.push(own);
    made.push(new arrow.Field(column.name, own.type, true, field.metadata));
  }
  const schema = new arrow.Schema(made, table.schema.metadata);
  const [first] = vectors;
  const data = arrow.makeData({
    type: new arrow.Struct(made),
    length: table.numRows,
    nullCount: 0,
    children: vectors.map((vector) => oneChunk(arrow, vector)),
  });
  if (first === undefined) throw new LoamError('InvalidArgument', 'Every column would be left out.');
  const batch = new arrow.RecordBatch(schema, data);
  return arrow.tableToIPC(new arrow.Table(schema, [batch]), 'stream');
}

function oneChunk(arrow: Arrow, vector: Vector): ArrowModule.Data {
  const [only] = vector.data;
  if (vector.data.length === 1 && only !== undefined) return only;
  if (vector.data.length === 0) return arrow.makeData({ type: vector.type, length: 0 } as never);
  throw new LoamError('NotImplementedError', 'A batch of this file is cut into several pieces.');
}

function changedVector(arrow: Arrow, field: Field, vector: Vector, { name, changes }: FixedColumn): Vector {
  const { type } = field;
  const category = arrow.DataType.isDictionary(type);
  const of = category ? (type as ArrowModule.Dictionary).dictionary : type;
  if (!arrow.DataType.isUtf8(of) && !arrow.DataType.isLargeUtf8(of))
    throw new LoamError(
      'NotImplementedError',
      `The column "${name}" holds no texts (${String(type)}), and values of such columns are not changed here. Change them where the file was made.`,
      { column: name },
    );
  // A column has few distinct texts, so each is changed once.
  const known = new Map<string | null, string | null>();
  const values: (string | null)[] = [];
  for (const value of vector as Iterable<string | null>) {
    let now = known.get(value);
    if (now === undefined) known.set(value, (now = changedText(value, changes)));
    values.push(now);
  }
  return category ? categories(arrow, values) : arrow.makeVector(textData(arrow, values));
}

// Made by hand: Arrow's own builders make functions out of texts, which the app's policy forbids.

function gapsOf(values: readonly (string | null)[]): { nullCount: number; nullBitmap: Uint8Array } {
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  for (const [i, value] of values.entries()) {
    if (value === null) nullCount++;
    else nullBitmap[i >> 3] = (nullBitmap[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return { nullCount, nullBitmap };
}

function textData(arrow: Arrow, values: readonly (string | null)[]): ArrowModule.Data<ArrowModule.Utf8> {
  const encoder = new TextEncoder();
  const known = new Map<string, Uint8Array>();
  const valueOffsets = new Int32Array(values.length + 1);
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const [i, value] of values.entries()) {
    if (value !== null) {
      let bytes = known.get(value);
      if (bytes === undefined) known.set(value, (bytes = encoder.encode(value)));
      parts.push(bytes);
      size += bytes.length;
    }
    valueOffsets[i + 1] = size;
  }
  const data = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return arrow.makeData({
    type: new arrow.Utf8(),
    length: values.length,
    ...gapsOf(values),
    valueOffsets,
    data,
  });
}

function categories(arrow: Arrow, values: readonly (string | null)[]): Vector {
  const places = new Map<string, number>();
  const codes = Int32Array.from(values, (value) => {
    if (value === null) return 0;
    let place = places.get(value);
    if (place === undefined) places.set(value, (place = places.size));
    return place;
  });
  return arrow.makeVector(
    arrow.makeData({
      type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()),
      length: values.length,
      ...gapsOf(values),
      data: codes,
      dictionary: arrow.makeVector(textData(arrow, [...places.keys()])),
    }),
  );
}

/** pandas' notes under the new names; null where they cannot be read, so that they are better left out. */
export function fixedNotes(
  text: string | undefined,
  names: readonly string[],
  fields: readonly { at: number; column: FixedColumn }[],
): string | null {
  if (text === undefined) return null;
  try {
    const notes = JSON.parse(text) as { columns?: { name: unknown; field_name?: unknown }[] };
    const renamed = new Map(fields.map(({ at, column }) => [names[at] ?? '', column.name]));
    notes.columns = (notes.columns ?? []).flatMap((one) => {
      const stored = String(one.field_name ?? one.name);
      const now = renamed.get(stored);
      if (now === undefined) return [];
      return [now === stored ? one : { ...one, name: now, field_name: now }];
    });
    return JSON.stringify(notes);
  } catch {
    return null;
  }
}
