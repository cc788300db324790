// Old small records of the log, repacked many to a blob: all values, authors and times stay, only the bytes go. A row of
// its own costs a one-cell edit some 250 bytes; by column, beside its like, the same edit costs a tenth of that.
// Packs are written once and read whole. Rows of loam_touch and loam_span go on naming records by their ids.
import { LoamError } from '../errors.ts';
import { all, inTransaction, many, one, run, type Steps } from '../statement.ts';
import type { Journal } from './journal.ts';
import { decode, jsonText, type LocalPart, type RecordBody } from './operation.ts';
import { openBytes, pack, unpack, type LogRecord, type OpenPack } from './pack-format.ts';

export type { LogRecord } from './pack-format.ts';

/** Opened packs, the newest used last. */
export type PackCache = Map<number, OpenPack>;

export interface PackLimits {
  /** Records in a pack: enough to be alike, few enough to be packed or read in a slice. */
  size: number;
  /** The newest records, which undo and new acts still come upon, stay rows. */
  keep: number;
  /** Records with more bytes than this are blocks of many rows already, and stay rows too. */
  bytes: number;
}

export const packLimits: PackLimits = { size: 800, keep: 500, bytes: 1200 };

/** Version of the log from the first pack on: an older Loam must not take such a log for a whole one (own-tables.ts). */
export const packedVersion = 2;

/** From now on only a Loam that knows this version of the log opens the file. */
export function* raiseVersion(version: number): Steps<void> {
  yield* run(
    `INSERT INTO loam_setting(name, value) VALUES ('version', ?)
     ON CONFLICT DO UPDATE SET value = excluded.value WHERE CAST(value AS INTEGER) < CAST(excluded.value AS INTEGER)`,
    [String(version)],
  );
}

const cached = 64;

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
  if (pack && Number(pack[1]) >= id) {
    const opened = yield* openPack(journal, Number(pack[0]));
    const place = placeOf(opened, id);
    if (place >= 0) return opened.record(place);
  }
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

/**
 * The last record that was written up to a moment, 0 where none was. Records are numbered in the order of their times: of
 * those that are rows it is the first from the newest down that is old enough, and halving finds the pack.
 */
export function* lastRecordAt(journal: Journal, at: number): Steps<number> {
  const row = yield* one('SELECT id FROM loam_record WHERE at <= ? ORDER BY id DESC LIMIT 1', [at]);
  let found = Number(row?.[0] ?? 0);
  const packs = (yield* all('SELECT rec_from FROM loam_pack ORDER BY rec_from')).map(([from]) =>
    Number(from),
  );
  let [lower, upper] = [0, packs.length - 1];
  while (lower <= upper) {
    const middle = (lower + upper) >> 1;
    const { ids, times } = yield* openPack(journal, packs[middle] ?? 0);
    if ((times[0] ?? 0) > at) upper = middle - 1;
    else {
      const place = times.findLastIndex((time) => time <= at);
      found = Math.max(found, ids[place] ?? 0);
      lower = middle + 1;
    }
  }
  return found;
}

/** Records from `to` down to just above `from`, newest first, at most `most`. */
export function* recordsBetween(journal: Journal, from: number, to: number, most: number): Steps<number[]> {
  const rows = yield* all('SELECT id FROM loam_record WHERE id > ? AND id <= ? ORDER BY id DESC LIMIT ?', [
    from,
    to,
    most,
  ]);
  const ids = rows.map(([id]) => Number(id));
  // Packs are looked at as far down as the rows reach, or to the end where those are all.
  const reach = ids.length < most ? from : Math.max(from, (ids.at(-1) ?? 0) - 1);
  const packs = yield* all(
    'SELECT rec_from FROM loam_pack WHERE rec_from <= ? AND rec_to > ? ORDER BY rec_from DESC',
    [to, reach],
  );
  let packed = 0;
  for (const [first] of packs) {
    if (packed >= most) break;
    for (const id of (yield* openPack(journal, Number(first))).ids)
      if (id > reach && id <= to) {
        ids.push(id);
        packed++;
      }
  }
  return ids.sort((a, b) => b - a).slice(0, most);
}

/** The first records behind `from`, at most `most`. */
export function* recordsAfter(journal: Journal, from: number, most: number): Steps<number[]> {
  const rows = yield* all('SELECT id FROM loam_record WHERE id > ? ORDER BY id LIMIT ?', [from, most]);
  const ids = rows.map(([id]) => Number(id));
  let packed = 0;
  for (const [first] of yield* all('SELECT rec_from FROM loam_pack WHERE rec_to > ? ORDER BY rec_from', [
    from,
  ])) {
    if (packed >= most) break;
    for (const id of (yield* openPack(journal, Number(first))).ids)
      if (id > from) {
        ids.push(id);
        packed++;
      }
  }
  return ids.sort((a, b) => a - b).slice(0, most);
}

/** Where a record stands in a pack, -1 where it is not in it. */
function placeOf({ ids }: OpenPack, id: number): number {
  let low = 0;
  let high = ids.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const here = ids[middle] ?? 0;
    if (here === id) return middle;
    if (here < id) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Records of an act, newest first. */
export function* recordsOf(journal: Journal, act: number): Steps<number[]> {
  const ids = (yield* all('SELECT id FROM loam_record WHERE act = ?', [act])).map((row) => Number(row[0]));
  for (const [from] of yield* all('SELECT rec_from FROM loam_pack WHERE act_from <= ?1 AND act_to >= ?1', [
    act,
  ])) {
    const opened = yield* openPack(journal, Number(from));
    for (const [place, id] of opened.ids.entries()) if (opened.acts[place] === act) ids.push(id);
  }
  return ids.sort((a, b) => b - a);
}

function* openPack(journal: Journal, from: number): Steps<OpenPack> {
  const known = journal.packs.get(from);
  if (known) {
    journal.packs.delete(from);
    journal.packs.set(from, known);
    return known;
  }
  const row = yield* one('SELECT body FROM loam_pack WHERE rec_from = ?', [from]);
  const opened = openBytes(row?.[0] as Uint8Array);
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
      yield* raiseVersion(packedVersion);
    })(),
  );
  return records.length;
}
