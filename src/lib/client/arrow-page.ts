// A page of a query over files as the grid holds pages: Arrow's columns as plain values with their storage class. What
// Arrow has and SQLite has not is told in text as DuckDB prints it: true, 2026-01-02 03:04:05, {"a":1}.
import { DataType, tableFromIPC, TimeUnit, Vector, type Data, type Utf8 } from 'apache-arrow';
import type { DuckdbPage } from '../workers/duckdb-wire.ts';
import type { SqlPage } from '../workers/wire.ts';

/** As the engine numbers storage classes (engine/console/types.ts). */
const [NULL, INTEGER, REAL, TEXT, BLOB] = [0, 1, 2, 3, 4];

type Value = SqlPage['values'][number][number];
type Told = [kind: number, value: Value];
type Teller = (value: unknown) => Told;

/** `artifacts` are uids that have a page; `msBefore` is what earlier pages of the statement took. */
export function pageOf(page: DuckdbPage, artifacts: readonly string[], msBefore: number): SqlPage {
  const table = tableFromIPC(page.ipc);
  const values: Value[][] = [];
  const kinds: Uint8Array[] = [];
  for (const [i, field] of table.schema.fields.entries()) {
    const [own, seen]: [Value[], Uint8Array] = [new Array<Value>(page.rows), new Uint8Array(page.rows)];
    let at = 0;
    // Batch by batch: asked for a row, a column of many batches looks for the batch first.
    for (const data of table.getChildAt(i)?.data ?? []) {
      told(data, field.type, own, seen, at);
      at += data.length;
    }
    values.push(own);
    kinds.push(seen);
  }
  return {
    columns: table.schema.fields.map(({ name, type }) => ({
      name,
      declared: String(type),
      table: null,
      column: null,
    })),
    values,
    kinds,
    cut: [],
    count: page.rows,
    more: page.more,
    ms: page.ms - msBefore,
    stopped: false,
    changed: false,
    stamp: '',
    artifacts: [...artifacts],
  };
}

/** The values of one batch, from row `at` on. */
function told(data: Data, type: DataType, own: Value[], seen: Uint8Array, at: number): void {
  if (data.nullCount === 0 && isPlain(type)) {
    const numbers = data.values as ArrayLike<number>;
    for (let row = 0; row < data.length; row++) own[at + row] = numbers[row] ?? null;
    seen.fill(DataType.isFloat(type) ? REAL : INTEGER, at, at + data.length);
    return;
  }
  if (data.nullCount === 0 && DataType.isUtf8(type)) {
    const texts = textsOf(data as Data<Utf8>);
    for (let row = 0; row < texts.length; row++) own[at + row] = texts[row] ?? null;
    seen.fill(TEXT, at, at + data.length);
    return;
  }
  const tell = tellerOf(type);
  const column = new Vector([data]);
  for (let row = 0; row < data.length; row++) {
    const value: unknown = column.get(row);
    const [kind, one] = value === null || value === undefined ? ([NULL, null] as Told) : tell(value);
    own[at + row] = one;
    seen[at + row] = kind;
  }
}

/** Numbers that stand in their buffer as they are told. */
const isPlain = (type: DataType): boolean =>
  (DataType.isInt(type) && type.bitWidth <= 32) || (DataType.isFloat(type) && type.precision > 0);

/** Decoded once for all where each character is one byte. */
function textsOf({ values, valueOffsets: offsets, length }: Data<Utf8>): string[] {
  const first = offsets[0] ?? 0;
  const bytes = values.subarray(first, offsets[length] ?? first);
  const all = utf8.decode(bytes);
  const plain = all.length === bytes.length;
  return Array.from({ length }, (_, row) => {
    const [from, to] = [(offsets[row] ?? 0) - first, (offsets[row + 1] ?? 0) - first];
    return plain ? all.slice(from, to) : utf8.decode(bytes.subarray(from, to));
  });
}
// A mark at the beginning is a part of the text.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function tellerOf(type: DataType): Teller {
  if (DataType.isInt(type)) return integer;
  if (DataType.isFloat(type)) return (value) => [REAL, Number(value)];
  if (DataType.isDecimal(type)) return (value) => decimal(value as Uint32Array, type.scale);
  if (DataType.isBinary(type)) return (value) => [BLOB, value as Uint8Array<ArrayBuffer>];
  if (DataType.isTimestamp(type)) return (value) => [TEXT, time(Number(value), type.unit)];
  if (DataType.isDate(type)) return (value) => [TEXT, new Date(Number(value)).toISOString().slice(0, 10)];
  if (DataType.isTime(type)) return (value) => [TEXT, clock(value as number | bigint, type.unit)];
  return (value) => [TEXT, typeof value === 'string' ? value : json(value)];
}

function integer(value: unknown): Told {
  const number = Number(value);
  return [INTEGER, Number.isSafeInteger(number) ? number : (value as bigint)];
}

/** Little-endian words of a number in two's complement, with `scale` digits behind the point. */
function decimal(words: Uint32Array, scale: number): Told {
  let whole = 0n;
  for (let i = words.length - 1; i >= 0; i--) whole = (whole << 32n) | BigInt(words[i] ?? 0);
  whole = BigInt.asIntN(words.length * 32, whole);
  if (scale === 0) return integer(whole);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0');
  const text = `${whole < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  // A number of 64 bits holds fifteen digits; more of them stay as they are.
  return digits.length <= 15 ? [REAL, Number(text)] : [TEXT, text];
}

/** Arrow gives milliseconds, finer units with a fraction. */
function time(ms: number, unit: TimeUnit): string {
  const text = new Date(Math.floor(ms)).toISOString().replace('T', ' ').slice(0, -1);
  if (unit < TimeUnit.MICROSECOND) return text.replace(/\.000$/, '');
  const micro = Math.round((ms - Math.floor(ms)) * 1000);
  return `${text}${String(micro).padStart(3, '0')}`.replace(/\.000000$/, '');
}

function clock(value: number | bigint, unit: TimeUnit): string {
  const per = [1n, 1_000n, 1_000_000n, 1_000_000_000n][unit] ?? 1n;
  const ticks = BigInt(value);
  const seconds = Number(ticks / per);
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  const rest =
    per > 1n
      ? String(ticks % per)
          .padStart(String(per).length - 1, '0')
          .replace(/0+$/, '')
      : '';
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}${rest ? `.${rest}` : ''}`;
}

/** Lists, structs and maps; whole numbers beyond 2^53 keep their digits. */
function json(value: unknown): string {
  const plain = (_key: string, one: unknown): unknown => {
    if (typeof one === 'bigint') return Number.isSafeInteger(Number(one)) ? Number(one) : String(one);
    return ArrayBuffer.isView(one) ? Array.from(one as Uint8Array) : one;
  };
  const own = value as { toJSON?: () => unknown };
  return JSON.stringify(typeof own.toJSON === 'function' ? own.toJSON() : value, plain) ?? String(value);
}
