// Arrow's columns as rows of plain values, as `load` gives those of a file: whole numbers as numbers where they are exact,
// dates and times as Date, decimals as numbers where fifteen digits hold them, lists and structs as arrays and objects.
import type * as Arrow from 'apache-arrow';
import type { DataType, Table, Vector } from 'apache-arrow';

type Row = Record<string, unknown>;
type Reader = (value: unknown) => unknown;

export function rowsOf({ DataType: is }: Pick<typeof Arrow, 'DataType'>, table: Table): Row[] {
  const columns = table.schema.fields.map(({ name, type }, i) => {
    const read = readerOf(is, type as DataType);
    const vector = table.getChildAt(i) as Vector;
    return { name, at: (row: number) => read(vector.get(row)) };
  });
  return Array.from({ length: table.numRows }, (_, row) =>
    Object.fromEntries(columns.map(({ name, at }) => [name, at(row)])),
  );
}

function readerOf(is: typeof DataType, type: DataType): Reader {
  const present =
    (read: Reader): Reader =>
    (value) =>
      value === null || value === undefined ? null : read(value);
  if (is.isDecimal(type)) return present((value) => decimal(value as Uint32Array, type.scale));
  if (is.isTimestamp(type) || is.isDate(type)) return present((value) => new Date(Number(value)));
  return present(plain);
}

/** Values inside of lists and structs as well. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (value instanceof Date) return value;
  const own = value as { toJSON?: () => unknown };
  const json = typeof own.toJSON === 'function' ? own.toJSON() : value;
  if (Array.isArray(json)) return json.map(plain);
  if (json === null || typeof json !== 'object') return plain(json);
  return Object.fromEntries(Object.entries(json).map(([name, one]) => [name, plain(one)]));
}

/** Little-endian words in two's complement, with `scale` digits behind the point. */
function decimal(words: Uint32Array, scale: number): number | string {
  let whole = 0n;
  for (let i = words.length - 1; i >= 0; i--) whole = (whole << 32n) | BigInt(words[i] ?? 0);
  whole = BigInt.asIntN(words.length * 32, whole);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0');
  const behind = scale === 0 ? '' : `.${digits.slice(-scale)}`;
  const text = `${whole < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${behind}`;
  return digits.length <= 15 ? Number(text) : text;
}
