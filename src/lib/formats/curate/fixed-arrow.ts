// Record batches with fixes applied, for tables that are kept as Arrow holds them: categories stay categories, columns that no
// fix names stay the very ones. And what pandas notes about the table, under the new names and types.
import type * as ArrowModule from 'apache-arrow';
import type { Field, Vector } from 'apache-arrow';
import { LoamError } from '../../engine/errors.ts';
import { fixedColumns, fixedIndex, type CastTo, type Fix, type FixedColumn } from '../../engine/ports.ts';
import { pandasNotes } from '../facts/pandas-notes.ts';
import { changedVector, type SharedCategories } from './fixed-vector.ts';

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
  // Of several levels none is what fixes call the names of rows.
  const changes = index.size === 1 ? fixedIndex('columns', fixes) : [];
  // The index is no column to whoever looks at the table; fixes count without it.
  const places = names.flatMap((name, at) => (index.has(name) ? [] : [at]));
  const columns = fixedColumns(
    'columns',
    places.map((at) => names[at] ?? ''),
    fixes,
  ).map((column) => ({ at: places[column.at] ?? 0, column }));
  const kept = names.flatMap((name, at) =>
    index.has(name) ? [{ at, column: { at, name, changes } satisfies FixedColumn }] : [],
  );
  return [...columns, ...kept].sort((a, b) => a.at - b.at);
}

/** One Arrow IPC stream into another. `metadata` is the table's, where the stream does not tell it. */
export function fixedIpc(
  arrow: Arrow,
  ipc: Uint8Array,
  fields: readonly { at: number; column: FixedColumn }[],
  metadata?: Map<string, string>,
): Uint8Array {
  const table = arrow.tableFromIPC(ipc);
  const vectors = fields.map(({ at, column }) =>
    vectorOf(arrow, table.schema.fields[at], table.getChildAt(at), at, column),
  );
  const batch = batchOf(
    arrow,
    table.schema.fields,
    metadata ?? table.schema.metadata,
    fields,
    vectors,
    table.numRows,
  );
  return arrow.tableToIPC(new arrow.Table(batch.schema, [batch]), 'stream');
}

export function vectorOf(
  arrow: Arrow,
  field: Field | undefined,
  vector: Vector | null,
  at: number,
  column: FixedColumn,
  shared?: SharedCategories,
): Vector {
  if (field === undefined || vector === null) throw new Error(`its column ${at + 1} is missing`);
  return column.changes.length === 0 ? vector : changedVector(arrow, field, vector, column, shared);
}

export function batchOf(
  arrow: Arrow,
  fields: readonly Field[],
  metadata: Map<string, string>,
  fixed: readonly { at: number; column: FixedColumn }[],
  vectors: readonly Vector[],
  rows: number,
): ArrowModule.RecordBatch {
  if (vectors.length === 0) throw new LoamError('InvalidArgument', 'Every column would be left out.');
  const made = fixed.map(({ at, column }, i) => {
    const own = vectors[i] as Vector;
    return new arrow.Field(column.name, own.type as ArrowModule.DataType, true, fields[at]?.metadata);
  });
  const data = arrow.makeData({
    type: new arrow.Struct(made),
    length: rows,
    nullCount: 0,
    children: vectors.map((vector) => oneChunk(arrow, vector)),
  });
  return new arrow.RecordBatch(new arrow.Schema(made, metadata), data);
}

function oneChunk(arrow: Arrow, vector: Vector): ArrowModule.Data {
  const [only] = vector.data;
  if (vector.data.length === 1 && only !== undefined) return only;
  if (vector.data.length === 0) return arrow.makeData({ type: vector.type, length: 0 } as never);
  throw new LoamError('NotImplementedError', 'A batch of this file is cut into several pieces.');
}

/** What pandas notes of a column that was converted: whole numbers and truth values may then have gaps. */
const converted: Record<CastTo, { pandas_type: string; numpy_type: string }> = {
  int: { pandas_type: 'int64', numpy_type: 'Int64' },
  float: { pandas_type: 'float64', numpy_type: 'float64' },
  bool: { pandas_type: 'bool', numpy_type: 'boolean' },
  str: { pandas_type: 'unicode', numpy_type: 'object' },
  category: { pandas_type: 'categorical', numpy_type: 'int8' },
};

interface Noted {
  name: unknown;
  field_name?: unknown;
  numpy_type?: unknown;
}

/** pandas' notes under the new names and types; null where they cannot be read, so that they are better left out. */
export function fixedNotes(
  text: string | undefined,
  names: readonly string[],
  fields: readonly { at: number; column: FixedColumn }[],
): string | null {
  if (text === undefined) return freshNotes(fields);
  try {
    const notes = JSON.parse(text) as { columns?: Noted[]; index_columns?: unknown[] };
    const known = new Map(fields.map(({ at, column }) => [names[at] ?? '', column]));
    notes.columns = (notes.columns ?? []).flatMap((one) => {
      const stored = String(one.field_name ?? one.name);
      const column = known.get(stored);
      if (column === undefined) return [];
      const now = column.name === stored ? one : { ...one, name: column.name, field_name: column.name };
      return [{ ...now, ...typeNoted(one, column) }];
    });
    return JSON.stringify(notes);
  } catch {
    return null;
  }
}

/** A table that came from elsewhere has none; types that may have gaps need one to be told apart from floats and objects. */
function freshNotes(fields: readonly { column: FixedColumn }[]): string | null {
  const columns = fields.flatMap(({ column }) => {
    const cast = column.changes.findLast((change) => change.kind === 'cast');
    if (cast?.kind !== 'cast' || (cast.to !== 'int' && cast.to !== 'bool')) return [];
    return [{ name: column.name, field_name: column.name, ...converted[cast.to], metadata: null }];
  });
  if (columns.length === 0) return null;
  return JSON.stringify({ index_columns: [], column_indexes: [], columns, pandas_version: '2.3.3' });
}

function typeNoted({ numpy_type: before }: Noted, { changes }: FixedColumn): object {
  const cast = changes.findLast((change) => change.kind === 'cast');
  if (cast?.kind === 'cast') return { ...converted[cast.to], metadata: null };
  const texts = changes.flatMap((change) =>
    change.kind === 'map' ? [...change.values.values()] : change.kind === 'fill' ? [change.value] : [],
  );
  const parts = texts.some((value) => value !== '' && !/^\s*[+-]?\d+\s*$/.test(value));
  // Whole numbers that may have gaps, and get a fraction.
  return typeof before === 'string' && /^U?Int\d+$/.test(before) && parts ? { numpy_type: 'Float64' } : {};
}
