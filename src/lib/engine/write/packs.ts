// Old small records of the log, repacked many to a blob: all values, authors and times stay, only the bytes go. A row of
// its own costs a one-cell edit some 250 bytes; by column, beside its like, the same edit costs a tenth of that.
// Packs are written once and read whole. Rows of loam_touch and loam_span go on naming records by their ids.
import { LoamError } from '../errors.ts';
import { all, inTransaction, many, one, run, type Steps } from '../statement.ts';
import type { Journal } from './journal.ts';
import { decode, encode, jsonText, type LocalPart, type RecordBody } from './operation.ts';

export interface LogRecord {
  id: number;
  act: number;
  at: number;
  client: number | null;
  clock: number | null;
  body: RecordBody;
  locals: LocalPart[];
}

/** Decoded packs, the newest used last. */
export type PackCache = Map<number, Map<number, LogRecord>>;

export interface PackLimits {
  /** Records in a pack: enough to be alike, few enough to be packed or read in a slice. */
  size: number;
  /** The newest records, which undo and new acts still come upon, stay rows. */
  keep: number;
  /** Records with more bytes than this are blocks of many rows already, and stay rows too. */
  bytes: number;
}

export const packLimits: PackLimits = { size: 500, keep: 500, bytes: 1200 };

/** Version of the log from the first pack on: an older Loam must not take such a log for a whole one (own-tables.ts). */
export const packedVersion = 2;

const cached = 16;

/* ---------- reading ---------- */

/** A record by its id, as a row or out of a pack. */
export function* readRecord(journal: Journal, id: number): Steps<LogRecord> {
  const row = yield* one('SELECT id, act, at, client, clock, body, local FROM loam_record WHERE id = ?', [
    id,
  ]);
  if (row) return fromRow(row);
  const pack = yield* one(
    'SELECT rec_from, rec_to FROM loam_pack WHERE rec_from <= ? ORDER BY rec_from DESC LIMIT 1',
    [id],
  );
  const found =
    pack && Number(pack[1]) >= id ? (yield* openPack(journal, Number(pack[0]))).get(id) : undefined;
  if (found) return found;
  throw new LoamError(
    'DatabaseDamaged',
    `The history has no record ${id}, although something refers to it.`,
    {
      record: id,
    },
  );
}

/** The act of a record, without reading what lies in it where that can be helped. */
export function* actOfRecord(journal: Journal, id: number): Steps<number> {
  const row = yield* one('SELECT act FROM loam_record WHERE id = ?', [id]);
  return row ? Number(row[0]) : (yield* readRecord(journal, id)).act;
}

/** Records of an act, newest first. */
export function* recordsOf(journal: Journal, act: number): Steps<number[]> {
  const ids = (yield* all('SELECT id FROM loam_record WHERE act = ?', [act])).map((row) => Number(row[0]));
  for (const [from] of yield* all('SELECT rec_from FROM loam_pack WHERE act_from <= ?1 AND act_to >= ?1', [
    act,
  ]))
    for (const record of (yield* openPack(journal, Number(from))).values())
      if (record.act === act) ids.push(record.id);
  return ids.sort((a, b) => b - a);
}

function* openPack(journal: Journal, from: number): Steps<Map<number, LogRecord>> {
  const known = journal.packs.get(from);
  if (known) {
    journal.packs.delete(from);
    journal.packs.set(from, known);
    return known;
  }
  const row = yield* one('SELECT body FROM loam_pack WHERE rec_from = ?', [from]);
  const opened = new Map(unpack(row?.[0] as Uint8Array).map((record) => [record.id, record]));
  journal.packs.set(from, opened);
  const oldest = journal.packs.keys().next().value;
  if (journal.packs.size > cached && oldest !== undefined) journal.packs.delete(oldest);
  return opened;
}

function fromRow(row: readonly unknown[]): LogRecord {
  const number = (value: unknown) => (value === null ? null : Number(value));
  return {
    id: Number(row[0]),
    act: Number(row[1]),
    at: Number(row[2]),
    client: number(row[3]),
    clock: number(row[4]),
    body: decode<RecordBody>(row[5] as Uint8Array),
    locals: decode<LocalPart[]>(row[6] as Uint8Array),
  };
}

/* ---------- writing ---------- */

/**
 * Makes one pack of the oldest records that are rows, in one transaction. Answers how many records it holds: 0 while
 * there are not enough for a whole pack.
 */
export function* packSome(limits: PackLimits = packLimits): Steps<number> {
  const last = Number((yield* one('SELECT max(rec_to) FROM loam_pack'))?.[0] ?? 0);
  const newest = yield* one('SELECT id FROM loam_record ORDER BY id DESC LIMIT 1 OFFSET ?', [limits.keep]);
  // What an unfinished act wrote may still be taken back.
  const open = yield* one(
    "SELECT min(r.id) FROM loam_record r JOIN loam_act a ON a.id = r.act WHERE a.status = 'open'",
  );
  if (!newest) return 0;
  const end = Math.min(Number(newest[0]), Number(open?.[0] ?? Infinity) - 1);
  const rows = yield* all(
    `SELECT id, act, at, client, clock, body, local FROM loam_record
     WHERE id > ? AND id <= ? AND length(body) + length(local) <= ? ORDER BY id LIMIT ?`,
    [last, end, limits.bytes, limits.size],
  );
  if (rows.length < limits.size) return 0;
  const records = rows.map(fromRow);
  const bytes = pack(records);
  // The rows go for good: what comes out must be what went in.
  if (jsonText(unpack(bytes)) !== jsonText(records))
    throw new LoamError(
      'InternalError',
      'Records of the history did not come out of their pack as they were.',
    );
  const ids = records.map(({ id }) => id);
  const acts = records.map(({ act }) => act);
  yield* inTransaction(
    (function* (): Steps<void> {
      yield* run('INSERT INTO loam_pack(rec_from, rec_to, act_from, act_to, body) VALUES (?, ?, ?, ?, ?)', [
        ids[0] ?? 0,
        ids.at(-1) ?? 0,
        Math.min(...acts),
        Math.max(...acts),
        bytes,
      ]);
      yield* many('DELETE FROM loam_record WHERE id = ?', ids.length, [ids]);
      yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
        'version',
        String(packedVersion),
      ]);
    })(),
  );
  return records.length;
}

/* ---------- the format ---------- */

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

export function unpack(bytes: Uint8Array): LogRecord[] {
  const packed = decode<Packed>(bytes);
  if (packed.f !== 1)
    throw new LoamError(
      'DatabaseDamaged',
      'A pack of the history has an unknown format. It may come from a newer Loam.',
    );
  const { n } = packed;
  const of = fromColumn(packed.of, n) as number[];
  const rows = packed.values.map((columns, shape) => {
    const count = of.filter((one) => one === shape).length;
    return columns.map((column) => fromColumn(column, count));
  });
  const taken = packed.values.map(() => 0);
  const shapes = packed.shapes.map((text) => JSON.parse(text) as unknown);
  const [id, act, at] = [packed.id, packed.act, packed.at].map((c) => fromColumn(c, n) as number[]);
  const [client, clock] = [packed.client, packed.clock].map((c) => fromColumn(c, n) as (number | null)[]);
  return of.map((shape, i) => {
    const row = taken[shape] ?? 0;
    taken[shape] = row + 1;
    let place = 0;
    const next = () => rows[shape]?.[place++]?.[row];
    const [body, locals] = filled(shapes[shape], next) as [RecordBody, LocalPart[]];
    return {
      id: id?.[i] ?? 0,
      act: act?.[i] ?? 0,
      at: at?.[i] ?? 0,
      client: client?.[i] ?? null,
      clock: clock?.[i] ?? null,
      body,
      locals,
    };
  });
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
