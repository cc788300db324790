// Counts the records of a text table without decoding it: bytes (or 16-bit units) in, number of filled lines out.
import type { ByteSource } from '../engine/ports.ts';
import { chunks, DecompressionLimit, gunzipChunks, type Encoding } from './source.ts';
import { COUNT_LIMIT, FAR_LIMIT, reason } from './summary.ts';

export interface RecordCount {
  /** Header included, blank lines not. */
  records: number;
  /** True where the file was not read to its end. */
  estimated: boolean;
  /** Unpacked bytes read. */
  bytes: number;
  problem: string | null;
}

export async function countRecords(
  source: ByteSource,
  gzip: boolean,
  encoding: Encoding,
  separator: number,
): Promise<RecordCount> {
  const limit = source.far ? FAR_LIMIT : COUNT_LIMIT;
  const wide = encoding.label.startsWith('utf-16');
  const counter = createCounter(separator);
  let bytes = 0;
  let skip = encoding.bom;
  let odd: number | null = null;
  let problem: string | null = null;
  let whole: boolean;
  try {
    for await (const chunk of gzip ? gunzipChunks(source, limit + 1) : chunks(source, limit)) {
      bytes += chunk.length;
      const start = Math.min(skip, chunk.length);
      skip -= start;
      const body = chunk.subarray(start);
      if (!wide) counter.push(body);
      else {
        // Chunks may end inside a 16-bit unit.
        const joined: Uint8Array = odd === null ? body : Uint8Array.from([odd, ...body]);
        odd = joined.length % 2 === 1 ? (joined[joined.length - 1] ?? null) : null;
        counter.push(units(joined, encoding.label === 'utf-16le'));
      }
    }
    whole = gzip ? bytes <= limit : source.size <= limit;
  } catch (error) {
    whole = false;
    problem =
      error instanceof DecompressionLimit
        ? 'This compressed file unpacks to more than 200 times its size. Reading was stopped; the first rows are shown.'
        : `The compressed file is damaged or cut off; only its first part could be read (${reason(error)}).`;
  }
  const records = counter.end();
  if (whole || problem !== null || gzip) return { records, estimated: !whole, bytes, problem };
  return {
    records: Math.round((records * source.size) / Math.max(bytes, 1)),
    estimated: true,
    bytes,
    problem,
  };
}

function units(bytes: Uint8Array, littleEndian: boolean): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Uint16Array(bytes.length >> 1);
  for (let i = 0; i < out.length; i++) out[i] = view.getUint16(2 * i, littleEndian);
  return out;
}

/**
 * A quote opens only at the start of a cell, as in RFC 4180, so a stray inch mark does not swallow lines.
 * An unclosed quote at the end means the quotes were no quotes: then plain line ends count.
 */
function createCounter(separator: number): { push(units: Uint8Array | Uint16Array): void; end(): number } {
  let records = 0;
  let plain = 0;
  let inQuotes = false;
  let cellStart = true;
  /** Directly behind a closing quote. */
  let reopens = false;
  let filled = false;
  let plainFilled = false;
  return {
    push(data) {
      for (let i = 0; i < data.length; i++) {
        const unit = data[i];
        if (unit === 10 || unit === 13) {
          if (plainFilled) plain++;
          plainFilled = false;
          if (inQuotes) continue;
          if (filled) records++;
          filled = false;
          cellStart = true;
          continue;
        }
        plainFilled = true;
        filled = true;
        if (unit === 34) {
          if (inQuotes) inQuotes = false;
          else if (cellStart) inQuotes = true;
          // The second of a doubled quote opens again.
          else if (reopens) inQuotes = true;
          reopens = !inQuotes;
          cellStart = false;
          continue;
        }
        reopens = false;
        cellStart = unit === separator && !inQuotes;
      }
    },
    end() {
      if (inQuotes) return plain + (plainFilled ? 1 : 0);
      return records + (filled ? 1 : 0);
    },
  };
}
