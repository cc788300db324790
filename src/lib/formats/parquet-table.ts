// A table of plain columns written as parquet and read back whole (hyparquet, hyparquet-writer). Logical types are kept:
// text, JSON, whole numbers, truth values, times in microseconds, dates.
import { parquetMetadataAsync, parquetRead, type AsyncBuffer, type SchemaElement } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { ByteWriter, ParquetWriter, type ColumnSource } from 'hyparquet-writer';
import type { ByteSource, TableColumn, TableType, TableValue } from '../engine/ports.ts';

const elements: Record<TableType, Omit<SchemaElement, 'name'>> = {
  int: { type: 'INT64' },
  bool: { type: 'BOOLEAN' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  // Plain text too: pandas shows a JSON column as bytes.
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  datetime: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
  date: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
};

/** Writes batches of rows one after the other; `finish` gives the file. */
export function createParquetTable(columns: readonly Omit<TableColumn, 'values'>[]) {
  const writer = new ByteWriter();
  const schema: SchemaElement[] = [
    { name: 'root', num_children: columns.length },
    ...columns.map((c) => ({
      name: c.name,
      ...elements[c.type],
      repetition_type: c.nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
    })),
  ];
  const parquet = new ParquetWriter({ writer, schema });
  return {
    write(batch: readonly TableColumn[]): void {
      const count = batch[0]?.values.length ?? 0;
      if (count === 0) return;
      parquet.write({
        columnData: batch.map((c) => ({ name: c.name, data: cells(c) }) satisfies ColumnSource),
        rowGroupSize: count,
      });
    },
    finish(): Uint8Array {
      parquet.finish();
      return new Uint8Array(writer.getBuffer());
    },
  };
}

function cells(column: TableColumn): unknown[] {
  if (column.type === 'int') return column.values.map((v) => (typeof v === 'number' ? BigInt(v) : v));
  return column.values;
}

/** Every column of a file; types follow from the file's schema. Throws where the file is damaged. */
export async function readParquetTable(source: ByteSource): Promise<TableColumn[]> {
  const file: AsyncBuffer = {
    byteLength: source.size,
    slice: async (start, stop) => {
      const bytes = await source.read(start, stop ?? source.size);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    },
  };
  const metadata = await parquetMetadataAsync(file);
  const columns = metadata.schema.slice(1).map((element): TableColumn => ({
    name: element.name,
    type: typeOf(element),
    nullable: element.repetition_type !== 'REQUIRED',
    values: [],
  }));
  const names = columns.map((c) => c.name);
  await parquetRead({
    file,
    metadata,
    compressors,
    parsers: {
      // As they are stored: a Date would cut the microseconds.
      timestampFromMilliseconds: (n: bigint) => n * 1000n,
      timestampFromMicroseconds: (n: bigint) => n,
      timestampFromNanoseconds: (n: bigint) => n / 1000n,
      dateFromDays: (days: number) => new Date(days * 86_400_000).toISOString().slice(0, 10),
    } as never,
    onComplete: (rows: unknown[][]) => {
      for (const row of rows) {
        for (const [i, column] of columns.entries()) column.values.push(cell(row[i], names[i] ?? ''));
      }
    },
  });
  return columns;
}

function typeOf(element: SchemaElement): TableType {
  if (element.num_children) throw new Error(`column ${element.name} is nested`);
  if (element.type === 'BOOLEAN') return 'bool';
  if (element.converted_type?.startsWith('TIMESTAMP') || element.logical_type?.type === 'TIMESTAMP')
    return 'datetime';
  if (element.converted_type === 'DATE') return 'date';
  if (element.type === 'INT32' || element.type === 'INT64' || element.type === 'DOUBLE') return 'int';
  return element.converted_type === 'JSON' ? 'json' : 'text';
}

function cell(value: unknown, name: string): TableValue {
  if (value === null || value === undefined) return null;
  // pandas keeps whole numbers with gaps as floats.
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  throw new Error(`column ${name} holds a value that is no text, number, time or truth value`);
}
