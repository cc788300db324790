// The bytes of a pack: records split into shape and values, values by column (all alike, even steps, differences, or as they
// are), deflated. A pack is opened without making its records: a history wants one of 500, and makes that one alone.
import { LoamError } from '../errors.ts';
import { decode, encode, type LocalPart, type RecordBody } from './operation.ts';

export interface LogRecord {
  id: number;
  act: number;
  at: number;
  client: number | null;
  clock: number | null;
  body: RecordBody;
  locals: LocalPart[];
}

/** An opened pack: what its records are called, and each of them when it is asked for. */
export interface OpenPack {
  readonly ids: readonly number[];
  readonly acts: readonly number[];
  readonly times: readonly number[];
  /** By its place among the ids. */
  record(place: number): LogRecord;
}

/**
 * Values of one place in records of the same shape: all alike, whole numbers at even steps, differences of whole
 * numbers, or as they are.
 */
type Column = { c: unknown } | { s: [first: number, step: number] } | { d: number[] } | { v: unknown[] };

interface Packed {
  /** Format version. */
  f: 1;
  n: number;
  id: Column;
  act: Column;
  at: Column;
  client: Column;
  clock: Column;
  /** JSON of the shapes of `[body, locals]`, with 0 in place of each value. */
  shapes: string[];
  /** Shape of each record, by number. */
  of: Column;
  /** Per shape, its values in the order they stand in. */
  values: Column[][];
}

/** Deflate at its best: written once, in idle time. */
const level = 9;

export function pack(records: readonly LogRecord[]): Uint8Array {
  const shapes = new Map<string, { number: number; rows: unknown[][] }>();
  const of = records.map(({ body, locals }) => {
    const values: unknown[] = [];
    const text = JSON.stringify(shapeOf([body, locals], values));
    const shape = shapes.get(text) ?? { number: shapes.size, rows: [] };
    shapes.set(text, shape);
    shape.rows.push(values);
    return shape.number;
  });
  const column = (name: 'id' | 'act' | 'at' | 'client' | 'clock') => toColumn(records.map((r) => r[name]));
  const packed: Packed = {
    f: 1,
    n: records.length,
    id: column('id'),
    act: column('act'),
    at: column('at'),
    client: column('client'),
    clock: column('clock'),
    shapes: [...shapes.keys()],
    of: toColumn(of),
    values: [...shapes.values()].map(({ rows }) =>
      (rows[0] ?? []).map((_, place) => toColumn(rows.map((row) => row[place]))),
    ),
  };
  return encode(packed, level);
}

export function openBytes(bytes: Uint8Array): OpenPack {
  const packed = decode<Packed>(bytes);
  if (packed.f !== 1)
    throw new LoamError(
      'DatabaseDamaged',
      'A pack of the history has an unknown format. It may come from a newer Loam.',
    );
  const { n } = packed;
  const of = fromColumn(packed.of, n) as number[];
  // Which of its shape each record is.
  const counts = packed.values.map(() => 0);
  const rows = of.map((shape) => (counts[shape] = (counts[shape] ?? 0) + 1) - 1);
  const columns = packed.values.map((some, shape) => some.map((one) => reader(one, counts[shape] ?? 0)));
  const shapes: unknown[] = [];
  const [ids, acts, times] = [packed.id, packed.act, packed.at].map((c) => fromColumn(c, n) as number[]);
  const [client, clock] = [packed.client, packed.clock].map((c) => fromColumn(c, n) as (number | null)[]);
  return {
    ids: ids ?? [],
    acts: acts ?? [],
    times: times ?? [],
    record(place) {
      const shape = of[place] ?? 0;
      const row = rows[place] ?? 0;
      shapes[shape] ??= JSON.parse(packed.shapes[shape] ?? '[]') as unknown;
      let next = 0;
      const [body, locals] = filled(shapes[shape], () => columns[shape]?.[next++]?.(row)) as [
        RecordBody,
        LocalPart[],
      ];
      return {
        id: ids?.[place] ?? 0,
        act: acts?.[place] ?? 0,
        at: times?.[place] ?? 0,
        client: client?.[place] ?? null,
        clock: clock?.[place] ?? null,
        body,
        locals,
      };
    },
  };
}

export function unpack(bytes: Uint8Array): LogRecord[] {
  const opened = openBytes(bytes);
  return opened.ids.map((_, place) => opened.record(place));
}

function shapeOf(value: unknown, values: unknown[]): unknown {
  if (Array.isArray(value)) return value.map((one) => shapeOf(one, values));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one, values)]));
  values.push(value);
  return 0;
}

function filled(shape: unknown, next: () => unknown): unknown {
  if (Array.isArray(shape)) return shape.map((one) => filled(one, next));
  if (shape !== null && typeof shape === 'object')
    return Object.fromEntries(Object.entries(shape).map(([key, one]) => [key, filled(one, next)]));
  return next();
}

function toColumn(values: readonly unknown[]): Column {
  const [first] = values;
  if (values.every((value) => value === first)) return { c: first ?? null };
  if (!values.every((value) => Number.isSafeInteger(value))) return { v: [...values] };
  const numbers = values as number[];
  const steps = numbers.map((value, i) => value - (numbers[i - 1] ?? 0));
  if (!steps.every((step) => Number.isSafeInteger(step))) return { v: [...values] };
  const step = steps[1] ?? 0;
  if (steps.slice(1).every((one) => one === step)) return { s: [numbers[0] ?? 0, step] };
  return { d: steps };
}

function fromColumn(column: Column, n: number): unknown[] {
  if ('c' in column) return Array.from({ length: n }, () => column.c);
  if ('v' in column) return column.v;
  if ('s' in column) return Array.from({ length: n }, (_, i) => column.s[0] + i * column.s[1]);
  let sum = 0;
  return column.d.map((step) => (sum += step));
}

/** Single values of a column; only differences have to be summed up first. */
function reader(column: Column, n: number): (i: number) => unknown {
  if ('c' in column) return () => column.c;
  if ('v' in column) return (i) => column.v[i];
  if ('s' in column) return (i) => column.s[0] + i * column.s[1];
  const whole = fromColumn(column, n);
  return (i) => whole[i];
}
