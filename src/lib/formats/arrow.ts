// Arrow IPC files and Feather V2, plain or packed with LZ4 or zstd: schema, rows and first rows.
import type * as ArrowModule from 'apache-arrow';
import type { DataType, RecordBatch, Schema } from 'apache-arrow';
import { decompressZstd } from 'hyparquet-compressors';
import type { ByteSource } from '../engine/ports.ts';
import { decodeLz4Frame } from './lz4-frame.ts';
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
} from './summary.ts';

/** Arrow batches are read whole, so larger files are described by their schema and first batch only. */
const COUNT_BYTES = 128 * 1024 * 1024;
const MAX_BUFFER = 256 * 1024 * 1024;

type Arrow = typeof ArrowModule;

/** The part of Arrow's asynchronous file reader that is used; its own types do not name this source. */
export interface BatchReader extends AsyncIterable<RecordBatch> {
  open(): Promise<unknown>;
  readonly schema: Schema;
  readonly numRecordBatches: number;
}

let loading: Promise<Arrow> | null = null;

export function loadArrow(): Promise<Arrow> {
  loading ??= import('apache-arrow').then((arrow) => {
    arrow.compressionRegistry.set(arrow.CompressionType.LZ4_FRAME, {
      decode: (data) => decodeLz4Frame(data, MAX_BUFFER),
    });
    arrow.compressionRegistry.set(arrow.CompressionType.ZSTD, {
      decode: (data) => decompressZstd(data).slice(),
    });
    return arrow;
  });
  return loading;
}

/** In words why this is no whole Arrow file; null where its end is there. */
export async function cutOff(source: ByteSource): Promise<string | null> {
  const end = await source.read(Math.max(0, source.size - 6), source.size);
  return String.fromCharCode(...end) === 'ARROW1'
    ? null
    : 'This Arrow file is incomplete: its end is missing, as after an interrupted download. Fetch it again.';
}

/** The file's batches, one after the other; each is read when it is asked for. */
export async function openArrow(arrow: Arrow, source: ByteSource): Promise<BatchReader> {
  // The reader takes node's FileHandle; this one reads from our source.
  const handle = {
    fd: 1,
    stat: () => Promise.resolve({ size: source.size }),
    read: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
      const bytes = await source.read(position, position + length);
      buffer.set(bytes, offset);
      return { bytesRead: bytes.length, buffer };
    },
    close: () => Promise.resolve(),
  };
  const reader = (await arrow.RecordBatchReader.from(
    handle as unknown as AsyncIterable<Uint8Array>,
  )) as unknown as BatchReader;
  await reader.open();
  return reader;
}

export async function summariseArrow(source: ByteSource): Promise<FileSummary> {
  const found = summaryOf('arrow', { suffixFromContent: '.arrow' });
  const cut = await cutOff(source);
  if (cut !== null) return { ...found, problem: cut };
  const arrow = await loadArrow();
  let problem: string | null = null;
  let rows: number | null = 0;
  let first: RecordBatch | null = null;
  let batches = 0;
  try {
    const reader = await openArrow(arrow, source);
    const fields = reader.schema.fields;
    const whole = source.size <= COUNT_BYTES;
    try {
      for await (const batch of reader) {
        batches++;
        first ??= batch;
        rows += batch.numRows;
        if (!whole && batches < reader.numRecordBatches) {
          rows = null;
          break;
        }
      }
    } catch (error) {
      rows = null;
      problem = `The values of this Arrow file could not be read (${reason(error)}); its column names and types are shown.`;
    }
    const columns = fields
      .slice(0, MAX_COLUMNS)
      .map((field) => ({ name: clip(field.name), type: typeName(arrow, field.type) }));
    return {
      ...found,
      rows,
      columns,
      columnCount: fields.length,
      facts: whole
        ? [{ label: 'Record batches', value: count(batches) }]
        : [{ label: 'Rows', value: 'not counted in a file of this size' }],
      preview:
        first === null
          ? null
          : previewOf(
              arrow,
              first,
              fields.slice(0, PREVIEW_COLUMNS).map((field) => field.name),
            ),
      problem,
    };
  } catch (error) {
    return {
      ...found,
      problem: `This Arrow file is damaged: its description cannot be read (${reason(error)}).`,
    };
  }
}

function previewOf(arrow: Arrow, batch: RecordBatch, names: string[]): FileSummary['preview'] {
  const shown = Math.min(batch.numRows, PREVIEW_ROWS);
  const vectors = names.map((_, i) => batch.getChildAt(i));
  const rows = Array.from({ length: shown }, (_, r) =>
    vectors.map((vector) => {
      try {
        const value: unknown = vector?.get(r);
        // Lists come as vectors and rows as proxies, which have toJSON.
        const plain =
          value !== null && typeof value === 'object' && 'toJSON' in value
            ? (value as { toJSON(): unknown }).toJSON()
            : value;
        return cellText(asTime(arrow, vector?.type, plain));
      } catch {
        return '(unreadable)';
      }
    }),
  );
  return { columns: names.map((name) => clip(name)), rows };
}

/** Dates and timestamps come as milliseconds. */
function asTime(arrow: Arrow, type: DataType | undefined, value: unknown): unknown {
  if (type === undefined || typeof value !== 'number') return value;
  if (arrow.DataType.isDate(type)) return new Date(value).toISOString().slice(0, 10);
  return arrow.DataType.isTimestamp(type) ? new Date(value) : value;
}

function typeName(arrow: Arrow, type: DataType): string {
  const { DataType: T } = arrow;
  if (T.isDictionary(type)) return 'category';
  if (T.isInt(type)) return `${type.isSigned ? 'int' : 'uint'}${type.bitWidth}`;
  if (T.isFloat(type)) return ['float16', 'float32', 'float64'][type.precision] ?? 'float';
  if (T.isUtf8(type) || T.isLargeUtf8(type)) return 'string';
  if (T.isBool(type)) return 'bool';
  if (T.isDate(type)) return 'date';
  if (T.isTimestamp(type)) {
    const unit = ['s', 'ms', 'us', 'ns'][type.unit] ?? '?';
    return type.timezone ? `timestamp[${unit}, ${type.timezone}]` : `timestamp[${unit}]`;
  }
  if (T.isList(type) || T.isFixedSizeList(type)) return 'list';
  if (T.isStruct(type)) return 'struct';
  if (T.isMap(type)) return 'map';
  if (T.isDecimal(type)) return `decimal(${type.precision}, ${type.scale})`;
  return clip(String(type).toLowerCase());
}
