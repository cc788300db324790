// Parquet: schema, counts and types from the footer, first rows column by column, so one damaged column hides no other.
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { ByteSource } from '../engine/ports.ts';
import {
  cellText,
  clip,
  count,
  MAX_COLUMNS,
  PREVIEW_COLUMNS,
  PREVIEW_ROWS,
  reason,
  summaryOf,
  type FileSummary,
  type SummaryColumn,
} from './summary.ts';

/** Footers of real tables are below 10 MB even at 20,000 columns. */
const MAX_FOOTER = 64 * 1024 * 1024;
/** The preview unpacks whole column chunks; this is what it may cost in total. */
const PREVIEW_BYTES = 48 * 1024 * 1024;

/** The file for the reader and the size of its description, or why it cannot be read. */
export async function parquetEnd(
  source: ByteSource,
): Promise<{ file: AsyncBuffer; footer: number } | { problem: string }> {
  const tail = await source.read(Math.max(0, source.size - 8), source.size);
  const end = String.fromCharCode(...tail.subarray(4));
  if (end === 'PARE') {
    return {
      problem:
        'This parquet file is encrypted. Its columns cannot be shown without the key; it can be stored like any other file.',
    };
  }
  if (source.size < 12 || end !== 'PAR1') {
    return {
      problem:
        'This parquet file is incomplete: its end is missing, as after an interrupted download. Fetch it again.',
    };
  }
  const footer = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  if (footer > MAX_FOOTER || footer + 12 > source.size) {
    return {
      problem: `This parquet file is damaged: it announces a table description of ${count(footer)} bytes.`,
    };
  }
  const file: AsyncBuffer = {
    byteLength: source.size,
    slice: async (start, stop) => {
      const bytes = await source.read(start, stop ?? source.size);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    },
  };
  return { file, footer };
}

export async function summariseParquet(source: ByteSource): Promise<FileSummary> {
  const found = summaryOf('parquet', { suffixFromContent: '.parquet' });
  const end = await parquetEnd(source);
  if ('problem' in end) return { ...found, problem: end.problem };
  const { file, footer } = end;
  let metadata: FileMetaData;
  let tree: SchemaTree;
  try {
    metadata = await parquetMetadataAsync(file, { initialFetchSize: footer + 8 });
    tree = parquetSchema(metadata);
  } catch (error) {
    return {
      ...found,
      problem: `The description at the end of this parquet file is damaged, so its table cannot be read (${reason(error)}).`,
    };
  }
  const rows = Number(metadata.num_rows);
  const top = tree.children;
  const pandas = pandasColumns(metadata);
  const nulls = nullCounts(metadata, Math.min(top.length, MAX_COLUMNS));
  const columns = top.slice(0, MAX_COLUMNS).map((node, i): SummaryColumn => {
    const name = node.element.name;
    const extra = pandas.get(name);
    const column: SummaryColumn = { name: clip(name), type: typeName(node), nulls: nulls[i] ?? null };
    if (extra?.categorical) return { ...column, type: 'category', categories: extra.categories };
    return column;
  });
  const codecs = new Set(
    metadata.row_groups
      .slice(0, 100)
      .flatMap((group) => group.columns.slice(0, 100).map((column) => column.meta_data?.codec ?? 'unknown')),
  );
  const { preview, failed } = await readPreview(file, metadata, top.slice(0, PREVIEW_COLUMNS), rows);
  return {
    ...found,
    otype: 'DataFrame',
    rows,
    nObservations: rows,
    columns,
    columnCount: top.length,
    facts: [
      { label: 'Compression', value: [...codecs].join(', ').toLowerCase() || 'none' },
      { label: 'Row groups', value: count(metadata.row_groups.length) },
      ...(metadata.created_by ? [{ label: 'Written by', value: clip(metadata.created_by) }] : []),
    ],
    preview,
    problem:
      failed.length === 0
        ? null
        : `The values of ${failed.length === 1 ? 'one column' : `${count(failed.length)} columns`} could not be read and are left empty in the preview: ${clip(failed.slice(0, 5).join('; '))}.`,
  };
}

async function readPreview(
  file: AsyncBuffer,
  metadata: FileMetaData,
  top: SchemaTree[],
  rows: number,
): Promise<{ preview: FileSummary['preview']; failed: string[] }> {
  const shown = Math.min(rows, PREVIEW_ROWS);
  const names = top.map((node) => node.element.name);
  const types = top.map(typeName);
  const table = Array.from({ length: shown }, (): (string | null)[] => names.map(() => null));
  const failed: string[] = [];
  let budget = PREVIEW_BYTES;
  for (const [i, name] of names.entries()) {
    if (shown === 0) break;
    const cost = chunkBytes(metadata, name, shown);
    if (cost > budget) {
      failed.push(`${name} (${count(Math.round(cost / 2 ** 20))} MiB before the first row)`);
      continue;
    }
    budget -= cost;
    try {
      const values = await parquetReadObjects({
        file,
        metadata,
        compressors,
        columns: [name],
        rowStart: 0,
        rowEnd: shown,
      });
      values.slice(0, shown).forEach((row, r) => {
        const cells = table[r];
        if (cells) cells[i] = cellText(asDate(types[i], row[name]));
      });
    } catch (error) {
      failed.push(`${name} (${reason(error)})`);
      if (failed.length >= 20) break;
    }
  }
  return { preview: { columns: names.map((name) => clip(name)), rows: table }, failed };
}

/** A date without the midnight that its reader adds. */
function asDate(type: string | undefined, value: unknown): unknown {
  const valid = value instanceof Date && !Number.isNaN(value.getTime());
  return type === 'date' && valid ? value.toISOString().slice(0, 10) : value;
}

/** Bytes that must be unpacked for the first rows of one column. */
function chunkBytes(metadata: FileMetaData, name: string, rows: number): number {
  let bytes = 0;
  let before = 0;
  for (const group of metadata.row_groups) {
    for (const column of group.columns) {
      if (column.meta_data?.path_in_schema[0] === name)
        bytes += Number(column.meta_data.total_uncompressed_size);
    }
    before += Number(group.num_rows);
    if (before >= rows) break;
  }
  return bytes;
}

/** Null counts of flat columns in file order; null where a chunk has no statistics or a column is nested. */
function nullCounts(metadata: FileMetaData, limit: number): (number | null)[] {
  const flat =
    metadata.row_groups[0]?.columns.every((column) => column.meta_data?.path_in_schema.length === 1) ?? false;
  if (!flat) return [];
  return Array.from({ length: limit }, (_, i) => {
    let sum = 0;
    for (const group of metadata.row_groups) {
      const nulls = group.columns[i]?.meta_data?.statistics?.null_count;
      if (nulls === undefined) return null;
      sum += Number(nulls);
    }
    return sum;
  });
}

function typeName(node: SchemaTree): string {
  const { element } = node;
  const logical = element.logical_type;
  if (logical?.type === 'STRING' || element.converted_type === 'UTF8') return 'string';
  if (logical?.type === 'LIST' || element.converted_type === 'LIST') return 'list';
  if (
    logical?.type === 'MAP' ||
    element.converted_type === 'MAP' ||
    element.converted_type === 'MAP_KEY_VALUE'
  )
    return 'map';
  if (logical?.type === 'DATE' || element.converted_type === 'DATE') return 'date';
  if (logical?.type === 'TIMESTAMP') {
    const unit = { MILLIS: 'ms', MICROS: 'us', NANOS: 'ns' }[logical.unit];
    return logical.isAdjustedToUTC ? `timestamp[${unit}, UTC]` : `timestamp[${unit}]`;
  }
  if (element.converted_type?.startsWith('TIMESTAMP')) return 'timestamp';
  if (element.converted_type?.startsWith('TIME') || logical?.type === 'TIME') return 'time';
  if (element.converted_type === 'DECIMAL' || logical?.type === 'DECIMAL')
    return `decimal(${element.precision ?? '?'}, ${element.scale ?? 0})`;
  if (logical?.type === 'INTEGER') return `${logical.isSigned ? 'int' : 'uint'}${logical.bitWidth}`;
  if (element.converted_type?.startsWith('UINT_') || element.converted_type?.startsWith('INT_')) {
    return element.converted_type.toLowerCase().replace('_', '');
  }
  if (logical !== undefined && logical.type !== 'NULL') return logical.type.toLowerCase();
  if (node.children.length > 0) return 'struct';
  if (element.repetition_type === 'REPEATED') return 'list';
  const physical: Record<string, string> = {
    BOOLEAN: 'bool',
    INT32: 'int32',
    INT64: 'int64',
    INT96: 'timestamp[ns]',
    FLOAT: 'float32',
    DOUBLE: 'float64',
    BYTE_ARRAY: 'bytes',
    FIXED_LEN_BYTE_ARRAY: 'bytes',
  };
  return physical[element.type ?? ''] ?? 'unknown';
}

/** What pandas wrote about its columns: which are categorical, with how many categories. */
function pandasColumns(
  metadata: FileMetaData,
): Map<string, { categorical: boolean; categories: number | null }> {
  const found = new Map<string, { categorical: boolean; categories: number | null }>();
  const text = metadata.key_value_metadata?.find((entry) => entry.key === 'pandas')?.value;
  if (!text) return found;
  try {
    const { columns } = JSON.parse(text) as { columns?: unknown };
    for (const column of Array.isArray(columns) ? (columns as unknown[]) : []) {
      const entry = column as {
        field_name?: unknown;
        pandas_type?: unknown;
        metadata?: { num_categories?: unknown } | null;
      };
      if (typeof entry.field_name !== 'string') continue;
      const number = entry.metadata?.num_categories;
      found.set(entry.field_name, {
        categorical: entry.pandas_type === 'categorical',
        categories: typeof number === 'number' ? number : null,
      });
    }
  } catch {
    // Notes of another program; the schema itself is enough.
  }
  return found;
}
