// What a file holds, as far as its footer tells: columns with the types that the query engine gives them, and between
// which values they lie. Files that are to be one table are compared by it, and those that cannot match are left alone.
import {
  parquetSchema,
  type FileMetaData,
  type SchemaElement,
  type SchemaTree,
  type Statistics,
} from 'hyparquet';
import type { LeftOutColumn } from '../formats/table-batches.ts';
import { leftOutKey, leftOutOf } from './left-out.ts';

export interface FileColumn {
  name: string;
  /** As DuckDB 0.9 names it; of nested columns `STRUCT`, `LIST` or `MAP`. */
  type: string;
}

/** The least and greatest value of a column in the whole file; they may lie further apart than what is there. */
export interface Span {
  min: number | bigint | string;
  max: number | bigint | string;
  /** There may be NaN beside them, which the engine takes for the greatest of all. */
  nan: boolean;
}

export interface FileFacts {
  columns: FileColumn[];
  /** By column; a column is missing where some part of the file does not tell. */
  spans: ReadonlyMap<string, Span>;
  /** Of a copy of a table: the columns that are not in it. */
  leftOut: LeftOutColumn[];
}

/** Of wider tables the first are enough to leave files out by. */
const spansMost = 500;

export function factsOf(footer: FileMetaData): FileFacts {
  const top = parquetSchema(footer).children;
  return {
    columns: top.map((node) => ({ name: node.element.name, type: typeOf(node) })),
    spans: spansOf(
      footer,
      top.slice(0, spansMost).filter(({ children }) => children.length === 0),
    ),
    leftOut: leftOutOf(footer.key_value_metadata?.find(({ key }) => key === leftOutKey)?.value),
  };
}

function typeOf({ element, children }: SchemaTree): string {
  if (element.repetition_type === 'REPEATED') return 'LIST';
  if (children.length > 0) {
    const { converted_type, logical_type } = element;
    if (converted_type === 'LIST' || logical_type?.type === 'LIST') return 'LIST';
    if (converted_type === 'MAP' || logical_type?.type === 'MAP') return 'MAP';
    return 'STRUCT';
  }
  return logicalType(element) ?? physicalTypes[element.type ?? ''] ?? 'BLOB';
}

const physicalTypes: Record<string, string> = {
  BOOLEAN: 'BOOLEAN',
  INT32: 'INTEGER',
  INT64: 'BIGINT',
  INT96: 'TIMESTAMP',
  FLOAT: 'FLOAT',
  DOUBLE: 'DOUBLE',
};

const convertedTypes: Record<string, string> = {
  UTF8: 'VARCHAR',
  ENUM: 'VARCHAR',
  JSON: 'VARCHAR',
  DATE: 'DATE',
  TIME_MILLIS: 'TIME',
  TIME_MICROS: 'TIME',
  TIMESTAMP_MILLIS: 'TIMESTAMP',
  TIMESTAMP_MICROS: 'TIMESTAMP',
  INT_8: 'TINYINT',
  INT_16: 'SMALLINT',
  INT_32: 'INTEGER',
  INT_64: 'BIGINT',
  UINT_8: 'UTINYINT',
  UINT_16: 'USMALLINT',
  UINT_32: 'UINTEGER',
  UINT_64: 'UBIGINT',
  INTERVAL: 'INTERVAL',
};

function logicalType({ converted_type, logical_type, precision, scale }: SchemaElement): string | null {
  if (converted_type === 'DECIMAL') return `DECIMAL(${precision ?? 18},${scale ?? 0})`;
  if (converted_type !== undefined && convertedTypes[converted_type]) return convertedTypes[converted_type];
  switch (logical_type?.type) {
    case 'STRING':
    case 'ENUM':
    case 'JSON':
      return 'VARCHAR';
    case 'UUID':
      return 'UUID';
    case 'DATE':
      return 'DATE';
    case 'TIME':
      return 'TIME';
    case 'TIMESTAMP':
      return logical_type.isAdjustedToUTC ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP';
    case 'DECIMAL':
      return `DECIMAL(${logical_type.precision},${logical_type.scale})`;
    case 'INTEGER':
      return convertedTypes[`${logical_type.isSigned ? '' : 'U'}INT_${logical_type.bitWidth}`] ?? null;
    default:
      return null;
  }
}

/** Only what every row group tells counts. */
function spansOf(footer: FileMetaData, top: readonly SchemaTree[]): Map<string, Span> {
  const spans = new Map<string, Span>();
  for (const { element } of top) {
    const nan = element.type === 'FLOAT' || element.type === 'DOUBLE';
    let span = null as Span | null;
    for (const { columns } of footer.row_groups) {
      const chunk = columns.find(({ meta_data }) => {
        const path = meta_data?.path_in_schema;
        return path?.length === 1 && path[0] === element.name;
      });
      const own = chunkSpan(element, chunk?.meta_data?.statistics);
      if (!own) {
        span = null;
        break;
      }
      span = {
        min: span && span.min < own.min ? span.min : own.min,
        max: span && span.max > own.max ? span.max : own.max,
        nan,
      };
    }
    if (span) spans.set(element.name, span);
  }
  return spans;
}

/**
 * The old fields `min` and `max` were written in orders of the writers' own: they are believed of signed numbers alone.
 * Texts are compared as bytes in parquet, which is the order of JavaScript for plain ASCII.
 */
function chunkSpan(
  element: SchemaElement,
  statistics: Statistics | undefined,
): { min: Span['min']; max: Span['max'] } | null {
  if (!statistics) return null;
  const unsigned = /^UINT/.test(element.converted_type ?? '');
  const old = /^(?:INT32|INT64|FLOAT|DOUBLE)$/.test(element.type ?? '') && !unsigned;
  const min = statistics.min_value ?? (old ? statistics.min : undefined);
  const max = statistics.max_value ?? (old ? statistics.max : undefined);
  const isNumber = (value: unknown) =>
    typeof value === 'bigint' || (typeof value === 'number' && !Number.isNaN(value));
  if (isNumber(min) && isNumber(max)) return { min: min as number, max: max as number };
  const plain = (value: unknown) => typeof value === 'string' && /^[\x20-\x7e]*$/.test(value);
  return plain(min) && plain(max) ? { min: min as string, max: max as string } : null;
}
