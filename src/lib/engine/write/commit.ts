// Transactions and acts: BEGIN, the changes, their record, COMMIT; then the feed. Data and history are one commit, so
// there is no moment at which one exists without the other. An act of many transactions is `open` until its last one:
// its own records are the journal from which an unfinished act is rolled back at the next start (recover.ts).
import { strToU8 } from 'fflate';
import type { SqlValue } from '../ports.ts';
import { LoamError } from '../errors.ts';
import { inTransaction, many, one, run, type Steps } from '../statement.ts';
import { forget, recordTime, tableNumber, type Journal } from './journal.ts';
import { recordRows, updateRows } from './journal-tables.ts';
import {
  encode,
  encodeText,
  idsOf,
  jsonText,
  localIds,
  type LocalPart,
  type Operation,
  type RecordBody,
  type RowKey,
} from './operation.ts';
import { markLatest } from './derived.ts';
import { noteDevice } from './devices.ts';
import { noteTexts } from './search-index.ts';
import type { WrittenRecord } from './synced.ts';
import {
  createTransaction,
  type Author,
  type LoggedOperation,
  type TableChange,
  type Transaction,
} from './transaction.ts';

export interface ActSpec {
  /** Names the request: the same uid sent twice is applied once. */
  uid: string;
  kind: string;
  /** In words, for the undo toast and the history: "Drop 25 files". */
  title: string;
}

export interface Act {
  id: number;
  uid: string;
  kind: string;
  title: string;
  /** The act whose effect this one adds (+1) or takes away (-1). */
  root: number;
  sign: 1 | -1;
  /** It is made of several transactions, and the last one is still to come. */
  open: boolean;
}

export interface Committed<T> {
  value: T;
  act: Act;
  changes: TableChange[];
}

const maxRecordBytes = 128 * 1024;
/** Deflated text may be long all the same; who receives it unpacks it within bounds (sync/record.ts). */
const maxRecordText = 8 * 1024 * 1024;

/** One act in one transaction. */
export function* transact<T>(
  journal: Journal,
  author: Author,
  spec: ActSpec,
  body: (tx: Transaction) => Steps<T>,
  chain?: { root: number; sign: 1 | -1 },
): Steps<Committed<T>> {
  return yield* atomically(journal, author, function* (tx) {
    const act = yield* insertAct(tx, spec, 'done', chain);
    const value = yield* body(tx);
    // What changed nothing is no act: it would be an undo step without an effect.
    if (tx.log.length === 0) yield* run('DELETE FROM loam_act WHERE id = ?', [act.id]);
    yield* finish(tx, act);
    return { value, act, changes: [...tx.changes.values()] };
  });
}

/** Opens an act of several transactions. Close it with `closeAct`; until then nothing of it is sent or undone. */
export function* openAct(
  journal: Journal,
  author: Author,
  spec: ActSpec,
  chain?: { root: number; sign: 1 | -1 },
): Steps<Act> {
  return yield* atomically(journal, author, (tx) => insertAct(tx, spec, 'open', chain));
}

/** One transaction of an act; what an open one inserts stays hidden. */
export function* slice<T>(
  journal: Journal,
  author: Author,
  act: Act,
  body: (tx: Transaction) => Steps<T>,
): Steps<Committed<T>> {
  const mark = journal.hidden.mark(act.id);
  try {
    return yield* atomically(journal, author, function* (tx) {
      const value = yield* body(tx);
      hideInserts(tx, act);
      yield* finish(tx, act);
      return { value, act, changes: [...tx.changes.values()] };
    });
  } catch (error) {
    journal.hidden.rollback(act.id, mark);
    throw error;
  }
}

/** Before the latest versions are chosen: a hidden row does not stand for its family. */
function hideInserts(tx: Transaction, act: Act): void {
  if (!act.open) return;
  for (const { operation, local } of tx.log) {
    if (operation.k !== 'i') continue;
    for (const [from, to] of runsOf(local)) tx.journal.hidden.hide(act.id, operation.t, from, to);
  }
}

function runsOf(local: LocalPart): [number, number][] {
  if (local.contiguous) return [[local.ids[0] ?? 0, (local.ids[0] ?? 0) + (local.ids[1] ?? 0) - 1]];
  return local.ids.map((id) => [id, id]);
}

/** The last transaction of an open act: from here on all of it is there for everybody. `last` is part of it. */
export function* closeAct(journal: Journal, author: Author, act: Act, last?: Steps<void>): Steps<void> {
  yield* atomically(journal, author, function* (tx) {
    if (last) yield* last;
    yield* run("UPDATE loam_act SET status = 'done' WHERE id = ?", [act.id]);
    tx.families = journal.hidden.reveal(act.id);
    yield* markLatest(tx);
    if (journal.places) yield* journal.places.close(tx, act);
  });
  act.open = false;
}

/** BEGIN … COMMIT around the body; any failure rolls everything back and drops the caches. */
export function* atomically<T>(
  journal: Journal,
  author: Author,
  body: (tx: Transaction) => Steps<T>,
): Steps<T> {
  const at = yield* recordTime(journal);
  const tx = createTransaction(journal, author, at);
  try {
    return yield* inTransaction(body(tx));
  } catch (error) {
    forget(journal);
    throw error;
  }
}

function* insertAct(
  tx: Transaction,
  spec: ActSpec,
  status: 'open' | 'done',
  chain?: { root: number; sign: 1 | -1 },
): Steps<Act> {
  const row = yield* one('SELECT coalesce(max(id), 0) + 1 FROM loam_act');
  const id = Number(row?.[0]);
  const root = chain?.root ?? id;
  const sign = chain?.sign ?? 1;
  try {
    yield* run(
      `INSERT INTO loam_act(id, uid, kind, title, status, root, sign, user_id, branch_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [id, spec.uid, spec.kind, spec.title, status, root, sign, tx.author.userId, tx.author.branchId, tx.at],
    );
  } catch (error) {
    if (error instanceof LoamError && error.code === 'IntegrityError') {
      throw new LoamError('IntegrityError', `The act ${spec.uid} was already applied.`, {
        act: spec.uid,
        applied: true,
      });
    }
    throw error;
  }
  yield* noteDevice(tx.journal, id, tx.journal.device);
  return { id, uid: spec.uid, kind: spec.kind, title: spec.title, root, sign, open: status === 'open' };
}

/** Derived columns, records, and the index from rows to records. */
function* finish(tx: Transaction, act: Act): Steps<void> {
  yield* markLatest(tx);
  if (!tx.logged) return;
  if (tx.journal.search) yield* noteTexts(tx.journal.search, tx.journal.model.tables, tx.log);
  const records: Encoded[] = [];
  let pending: LoggedOperation[] = [];
  let rows = 0;
  for (const entry of tx.log) {
    const most = entry.operation.k === 'u' ? updateRows : recordRows;
    if (pending.length > 0 && rows + entry.operation.n > most) {
      encodeRecords(tx, act, pending, records);
      pending = [];
      rows = 0;
    }
    pending.push(entry);
    rows += entry.operation.n;
  }
  if (pending.length > 0) encodeRecords(tx, act, pending, records);
  yield* writeRecords(tx, act, records);
  tx.log = [];
}

interface Encoded {
  bytes: Uint8Array;
  entries: LoggedOperation[];
}

function encodeRecords(tx: Transaction, act: Act, entries: LoggedOperation[], records: Encoded[]): void {
  const body: RecordBody = {
    f: 1,
    u: tx.author.userUid,
    b: tx.author.branchUid,
    k: act.kind,
    o: entries.map((e) => e.operation),
  };
  const text = strToU8(jsonText(body));
  const bytes = encodeText(text);
  if (bytes.length > maxRecordBytes || text.length > maxRecordText) {
    const halves = split(entries);
    if (halves) {
      for (const half of halves) encodeRecords(tx, act, half, records);
      return;
    }
  }
  tx.journal.places?.check(entries, bytes.length, text.length);
  records.push({ bytes, entries });
}

function* writeRecords(tx: Transaction, act: Act, records: readonly Encoded[]): Steps<void> {
  const { places } = tx.journal;
  const place = places && !act.open && records.length > 0 ? yield* places.take(tx, records) : null;
  const written: WrittenRecord[] = [];
  for (const [i, { bytes, entries }] of records.entries()) {
    const { lastId: id } = yield* run(
      'INSERT INTO loam_record(act, at, client, clock, body, local) VALUES (?, ?, ?, ?, ?, ?)',
      [
        act.id,
        tx.at,
        place?.client ?? null,
        place ? place.clock + i : null,
        bytes,
        encode(entries.map((e) => e.local)),
      ],
    );
    yield* indexRecord(tx, id, entries);
    if (places) written.push({ id, bytes, entries });
  }
  if (places && place) yield* places.note(tx, act, place, written);
  else places?.hold(act.id, written);
}

/** Too big for one record: half the operations, or half the rows of a single one. One row is never split. */
function split(entries: LoggedOperation[]): [LoggedOperation[], LoggedOperation[]] | null {
  if (entries.length > 1) {
    const half = Math.ceil(entries.length / 2);
    return [entries.slice(0, half), entries.slice(half)];
  }
  const entry = entries[0];
  if (!entry || entry.operation.n < 2) return null;
  const half = Math.ceil(entry.operation.n / 2);
  return [[part(entry, 0, half)], [part(entry, half, entry.operation.n)]];
}

function part(entry: LoggedOperation, from: number, to: number): LoggedOperation {
  const { operation, local } = entry;
  const cut = <V extends RowKey | SqlValue>(
    columns: Record<string, V[]> | undefined,
  ): Record<string, V[]> | undefined =>
    columns &&
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.slice(from, to)]));
  const piece: Operation = { ...operation, n: to - from };
  if (operation.v) piece.v = cut(operation.v) ?? {};
  if (operation.r) piece.r = operation.r.slice(from, to);
  const rest: LocalPart = localIds(idsOf(local).slice(from, to)) as LocalPart;
  const pre = cut(local.pre);
  if (pre) rest.pre = pre;
  return { operation: piece, local: rest };
}

/** The way from rows to the records that concern them. */
export function* indexRecord(
  tx: Transaction,
  record: number,
  entries: readonly LoggedOperation[],
): Steps<void> {
  const single = new Map<number, Set<number>>();
  for (const { operation, local } of entries) {
    const tab = yield* tableNumber(tx.journal, operation.t);
    if (local.contiguous && (operation.k === 'i' || operation.n > 2)) {
      const [from, n] = local.ids as [number, number];
      yield* run('INSERT OR IGNORE INTO loam_span(tab, id_from, rec, id_to) VALUES (?, ?, ?, ?)', [
        tab,
        from,
        record,
        from + n - 1,
      ]);
      continue;
    }
    let ids = single.get(tab);
    if (!ids) single.set(tab, (ids = new Set()));
    for (const id of idsOf(local)) ids.add(id);
  }
  for (const [tab, ids] of single) {
    const sorted = [...ids].sort((a, b) => a - b);
    yield* many('INSERT OR IGNORE INTO loam_touch(tab, id, rec) VALUES (?, ?, ?)', sorted.length, [
      [tab],
      sorted,
      [record],
    ]);
  }
}
