// The projection: what any set of records comes to in the tables, whatever order, batches or repetitions they come in. Every
// device that has the same records has the same rows. A call is one transaction. Records whose causal past is not here wait;
// those of a branch that is not checked out change what is kept for it (decision 0037).
import { isLoamError } from '../errors.ts';
import { timeText } from '../time.ts';
import { randomUid } from '../uid.ts';
import { all, inSavepoint, one, run, type Steps } from '../statement.ts';
import { checkOut } from '../branch/checkout.ts';
import { atomically, indexRecord } from '../write/commit.ts';
import { markLatest } from '../write/derived.ts';
import { dropKeys, recordTime, refuseInPast, tableOf, type Journal } from '../write/journal.ts';
import { decode, encode, localIds } from '../write/operation.ts';
import { reachOf } from '../write/reach.ts';
import type { Author, LoggedOperation, TableChange, Transaction } from '../write/transaction.ts';
import { emptyRecord, writeConsequences, writeSaid } from './chronicle.ts';
import { keptOut, openConflicts, type KeptOut, type SyncConflict } from './conflicts.ts';
import { shadowOf, type Shadow } from './facts.ts';
import { applyOperations, columnsOf, isKnown, type Done } from './incoming.ts';
import {
  firstUnseen,
  keepIndexed,
  loadKnown,
  noteKnown,
  pastOf,
  placeAt,
  type Known,
  type Place,
} from './known.ts';
import { rowsNamed } from './names.ts';
import { takeOwn } from './own.ts';
import { createProjectionTables } from './projection-tables.ts';
import type { PlacedRecord, SyncRecord } from './record.ts';
import { settleQueue, settleRow } from './settle.ts';
import { enqueue, type Settling } from './settling.ts';

/** What came of one act of somebody else, for the feed. */
export interface ProjectedAct {
  uid: string;
  title: string;
  changes: TableChange[];
}

export interface Projected {
  /** Records that joined the facts; repetitions do not count. */
  applied: number;
  /** Records here that wait for others, or for their branch. */
  waiting: number;
  /** Records whose content no Loam writes: they change nothing, on any device. */
  refused: { client: number; clock: number; reason: string }[];
  acts: ProjectedAct[];
}

export interface Projector {
  /** Projects the records in one transaction. Without any it takes up what was written here since. */
  project(placed: readonly PlacedRecord[]): Steps<Projected>;
  /** Of each client, all records below this clock are in the tables. */
  vector(): Steps<Map<number, number>>;
  /** What several wrote at once, on the checked-out branch. */
  conflicts(): Steps<SyncConflict[]>;
  /** What is kept out of the tables, and why. */
  keptOut(): Steps<KeptOut[]>;
}

/** In `loam_setting`: records up to this one were there before the database was shared, and are in every copy of it. */
export const sharedFrom = 'sync base';

/** Kind of acts that only say what followed from others' records for other rows; nobody undoes them. */
const settledKind = 'settle';

/** Told in the same transaction of each record that is in the tables now, and which record of the history it is here. */
export type WhenDone = (placed: PlacedRecord, record: number) => Steps<void>;

export function createProjector(journal: Journal, author: Author, whenDone?: WhenDone): Projector {
  let known: Known | null = null;
  let ready = false;

  function* open(): Steps<Known> {
    if (!ready) yield* createProjectionTables();
    ready = true;
    return (known ??= yield* loadKnown());
  }

  function* project(placed: readonly PlacedRecord[]): Steps<Projected> {
    refuseInPast(journal);
    // Hybrid logical time: what is written here from now on is later than all that was seen.
    if (journal.lastAt === 0) yield* recordTime(journal);
    const before = { ...author };
    try {
      return yield* atomically(journal, author, function* (tx) {
        const result = yield* projectAll(tx, yield* open(), placed, whenDone);
        if (author.branchId !== before.branchId) yield* goTo(tx, before.branchId);
        return result;
      });
    } catch (error) {
      Object.assign(author, before);
      known = null;
      ready = false;
      throw error;
    }
  }

  return {
    project,
    *vector() {
      return new Map((yield* open()).vector);
    },
    *conflicts() {
      yield* open();
      return yield* openConflicts(journal, author.branchId);
    },
    *keptOut() {
      yield* open();
      return yield* keptOut(journal, author.branchId);
    },
  };
}

function* goTo(tx: Transaction, branch: number): Steps<void> {
  yield* markLatest(tx);
  const { changes } = tx;
  yield* checkOut(tx, branch);
  // A switch there and back is no change of anybody's.
  tx.changes = changes;
}

function* projectAll(
  tx: Transaction,
  known: Known,
  placed: readonly PlacedRecord[],
  whenDone?: WhenDone,
): Steps<Projected> {
  const base = yield* one('SELECT value FROM loam_setting WHERE name = ?', [sharedFrom]);
  const settling: Settling = {
    tx,
    reader: { journal: tx.journal, known, base: Number(base?.[0] ?? 0), cache: new Map() },
    queue: new Map(),
    waits: (yield* one('SELECT 1 FROM loam_wait LIMIT 1')) !== undefined,
    conflicts: (yield* one('SELECT 1 FROM loam_conflict LIMIT 1')) !== undefined,
  };
  const result: Projected = { applied: 0, waiting: 0, refused: [], acts: [] };
  const home = tx.author.branchId;
  dropKeys(tx.journal);
  const unplacedFrom = yield* takeOwn(settling);
  yield* unpark(settling);
  yield* flushSettled(settling);
  keepChanges(result, tx, 'settle', '', true);

  let waiting = yield* gather(known, placed);
  // In the history here too: what is written next is later, also after a restart.
  for (const { record } of waiting) tx.journal.lastAt = Math.max(tx.journal.lastAt, record.at + 1);
  tx.at = tx.journal.lastAt;
  tx.time = timeText(tx.at);
  const stored = new Set((yield* all('SELECT client, clock FROM loam_waiting')).map(([c, k]) => `${c} ${k}`));
  for (let progress = true; progress && waiting.length > 0;) {
    progress = false;
    const left: PlacedRecord[] = [];
    for (const one of waiting) {
      if ((known.vector.get(one.client) ?? 0) > one.clock) continue;
      const branch = isReady(known, one) ? yield* branchIdOf(one.record.branch) : null;
      if (branch === null) {
        left.push(one);
        continue;
      }
      progress = true;
      if (tx.author.branchId !== branch) yield* goTo(tx, branch);
      const reason = yield* take(settling, one, unplacedFrom);
      if (reason !== null) result.refused.push({ client: one.client, clock: one.clock, reason });
      result.applied++;
      if (whenDone) yield* whenDone(one, (yield* placeAt(known, one.client, one.clock))?.rec ?? 0);
      keepChanges(
        result,
        tx,
        one.record.act.uid,
        one.record.act.message ?? one.record.act.kind,
        branch === home,
      );
    }
    waiting = left;
  }
  result.waiting = waiting.length;
  for (const { client, clock, doc, record } of waiting)
    if (!stored.delete(`${client} ${clock}`))
      yield* run('INSERT INTO loam_waiting(client, clock, doc, record) VALUES (?, ?, ?, ?)', [
        client,
        clock,
        doc,
        encode({ ...record, signature: null }),
      ]);
  for (const key of stored) {
    const [client, clock] = key.split(' ').map(Number);
    yield* run('DELETE FROM loam_waiting WHERE client = ? AND clock = ?', [client ?? 0, clock ?? 0]);
  }
  yield* markLatest(tx);
  if (unplacedFrom === Infinity) {
    const newest = yield* one('SELECT max(id) FROM loam_record');
    if (Number(newest?.[0] ?? 0) > known.indexed) yield* keepIndexed(known, Number(newest?.[0]));
  }
  return result;
}

/** All records that are not projected yet, those that waited among them, in the order of their times. */
function* gather(known: Known, placed: readonly PlacedRecord[]): Steps<PlacedRecord[]> {
  const found = new Map<string, PlacedRecord>();
  for (const [client, clock, doc, record] of yield* all(
    'SELECT client, clock, doc, record FROM loam_waiting',
  ))
    found.set(`${String(client)} ${String(clock)}`, {
      client: Number(client),
      clock: Number(clock),
      doc: String(doc),
      record: decode<SyncRecord>(record as Uint8Array),
    });
  for (const one of placed)
    if ((known.vector.get(one.client) ?? 0) <= one.clock) found.set(`${one.client} ${one.clock}`, one);
  return [...found.values()].sort(
    (a, b) => a.record.at - b.record.at || a.client - b.client || a.clock - b.clock,
  );
}

function isReady(known: Known, { client, clock, record }: PlacedRecord): boolean {
  if ((known.vector.get(client) ?? 0) !== clock) return false;
  return record.seen.every(([other, upto]) => other === client || (known.vector.get(other) ?? 0) >= upto);
}

function* branchIdOf(uid: string): Steps<number | null> {
  const row = yield* one('SELECT id FROM lamindb_branch WHERE uid = ?', [uid]);
  return row ? Number(row[0]) : null;
}

/* ---------- one record ---------- */

/** Gives why the record was refused; null where it was done. Refused or not, it counts as seen. */
function* take(settling: Settling, placed: PlacedRecord, unplacedFrom: number): Steps<string | null> {
  const { tx, reader } = settling;
  const { client, clock, record } = placed;
  const past = yield* pastOf(reader.known, client);
  const seen = new Map(past);
  for (const [other, upto] of record.seen) seen.set(other, Math.max(upto, seen.get(other) ?? 0));
  reader.known.pasts.set(client, seen);
  const since = yield* firstUnseen(reader.known, client, seen, unplacedFrom);
  reader.known.pasts.set(client, seen);
  const place: Place = { rec: 0, client, clock, at: record.at };
  let reason: string | null = null;
  const before = { log: tx.log.length, queue: new Map(settling.queue) };
  try {
    yield* inSavepoint(
      (function* () {
        yield* doRecord(settling, placed, place, since, past);
      })(),
    );
  } catch (error) {
    if (!isLoamError(error) || !refusals.has(error.code)) throw error;
    reason = error.message;
    tx.log.length = before.log;
    settling.queue = before.queue;
    settling.reader.cache.clear();
    dropKeys(tx.journal);
    reader.known.vector.delete(client);
    if (clock > 0) reader.known.vector.set(client, clock);
    reader.known.steps.delete(client);
    reader.known.pasts.set(client, past);
    // It stands for nothing, here as everywhere: the next records go on after it.
    const act = yield* actOf(tx, record);
    yield* noteKnown(reader.known, { ...place, rec: yield* emptyRecord(tx, act.id, placed) }, record.seen);
  }
  return reason;
}

/** What content that no Loam writes leads to; everything else is no fault of the record. */
const refusals: ReadonlySet<string> = new Set([
  'ValidationError',
  'DataError',
  'FieldError',
  'InvalidArgument',
  'IntegrityError',
  'ProtectedError',
  'DoesNotExist',
]);

function* doRecord(
  settling: Settling,
  placed: PlacedRecord,
  place: Place,
  since: number,
  past: Map<number, number>,
): Steps<void> {
  const { tx, reader } = settling;
  const { client, clock, record } = placed;
  const act = yield* actOf(tx, record);
  tx.undoing = record.act.sign < 0;
  const done = yield* applyOperations({ settling, place, record, since });
  const asSaid =
    done.open.length === 0 &&
    done.parked.length === 0 &&
    tx.log.length === record.operations.length &&
    tx.log.every(({ operation: { k, t, n } }, i) => {
      const said = record.operations[i];
      return k === said?.k && t === said.t && n === (done.ids[i]?.length ?? 0);
    });
  let rec: number;
  if (asSaid && record.operations.length > 0) {
    rec = yield* writeSaid(tx, act.id, placed);
  } else {
    yield* writeConsequences(tx, act, record.author);
    rec = yield* emptyRecord(tx, act.id, placed);
    yield* keepShadow(tx, rec, placed, done);
  }
  reader.known.pasts.set(client, past);
  yield* noteKnown(reader.known, { ...place, rec }, record.seen);
  yield* run('UPDATE loam_birth SET rec = ? WHERE client = ? AND clock = ? AND rec = 0', [
    rec,
    client,
    clock,
  ]);
  // First its own rows, which are part of the act, then what follows for others.
  const others = settling.queue;
  settling.queue = new Map();
  for (const { table, id } of done.open) {
    enqueue(settling, table, id);
    others.delete(`${table.name} ${id}`);
  }
  const own = [...settling.queue.values()];
  settling.queue = others;
  for (const { table, id } of own) yield* settleRow(settling, table, id);
  yield* writeConsequences(tx, act, record.author);
  tx.undoing = false;
  yield* flushSettled(settling);
}

/** Settles what is in the queue; what changed is an act of its own, which is nobody's. */
function* flushSettled(settling: Settling): Steps<void> {
  const { tx } = settling;
  yield* settleQueue(settling);
  if (tx.log.length === 0) return;
  const id = yield* nextAct();
  yield* run(
    `INSERT INTO loam_act(id, uid, kind, title, status, root, sign, user_id, branch_id, at) VALUES (?, ?, ?, ?, 'done', ?, 1, ?, ?, ?)`,
    [
      id,
      `settle-${randomUid(12, tx.journal.random)}`,
      settledKind,
      'Settled with what others did at the same time',
      id,
      tx.author.userId,
      tx.author.branchId,
      tx.at,
    ],
  );
  yield* writeConsequences(tx, { id, kind: settledKind }, tx.author.userUid);
}

function* nextAct(): Steps<number> {
  const row = yield* one('SELECT coalesce(max(id), 0) + 1 FROM loam_act');
  return Number(row?.[0]);
}

/** The record's act here: made with its first record; later ones belong to it. */
function* actOf(tx: Transaction, { act, author, at }: SyncRecord): Steps<{ id: number; kind: string }> {
  const known = yield* one('SELECT id, kind FROM loam_act WHERE uid = ?', [act.uid]);
  if (known) return { id: Number(known[0]), kind: String(known[1]) };
  const id = yield* nextAct();
  const user = yield* one('SELECT id FROM lamindb_user WHERE uid = ?', [author]);
  const root =
    act.root === null ? undefined : yield* one('SELECT id FROM loam_act WHERE uid = ?', [act.root]);
  yield* run(
    `INSERT INTO loam_act(id, uid, kind, title, status, root, sign, user_id, branch_id, at) VALUES (?, ?, ?, ?, 'done', ?, ?, ?, ?, ?)`,
    [
      id,
      act.uid,
      act.kind,
      act.message ?? act.kind,
      Number(root?.[0] ?? id),
      act.sign,
      Number(user?.[0] ?? 0),
      tx.author.branchId,
      at,
    ],
  );
  if (root) yield* standing(Number(root[0]));
  return { id, kind: act.kind };
}

/** Whether the first act of a chain stands is said by the newest of its undos and redos, whoever made them. */
function* standing(root: number): Steps<void> {
  const last = yield* one(
    'SELECT id, sign FROM loam_act WHERE root = ?1 AND id <> ?1 ORDER BY at DESC, uid DESC LIMIT 1',
    [root],
  );
  if (!last) return;
  yield* run('UPDATE loam_act SET undone = ?, last = ? WHERE id = ?', [
    Number(last[1]) < 0 ? (last[0] ?? null) : null,
    last[0] ?? null,
    root,
  ]);
}

function* keepShadow(tx: Transaction, rec: number, { record }: PlacedRecord, done: Done): Steps<void> {
  const shadow: Shadow = { o: record.operations, ids: done.ids };
  yield* run('INSERT INTO loam_shadow(rec, body) VALUES (?, ?)', [rec, encode(shadow)]);
  const entries: LoggedOperation[] = record.operations.flatMap(({ k, t }, i) => {
    const ids = done.ids[i] ?? [];
    if (ids.length === 0) return [];
    return [{ operation: { k, t, n: ids.length }, local: localIds(ids) }];
  });
  yield* indexRecord(tx, rec, entries);
  for (const { operation, reason } of done.parked)
    yield* run('INSERT INTO loam_parked(rec, op, reason) VALUES (?, ?, ?)', [rec, operation, reason]);
}

/** Operations that named what this version did not have, once it has it. */
function* unpark(settling: Settling): Steps<void> {
  const { tx } = settling;
  const { model } = tx.journal;
  for (const [record, op] of yield* all('SELECT rec, op FROM loam_parked ORDER BY rec, op')) {
    const [rec, index] = [Number(record), Number(op)];
    const shadow = yield* shadowOf(rec);
    const operation = shadow?.o[index];
    const table = operation && model.tables.get(operation.t);
    if (!operation || !table || !columnsOf(operation).every((name) => isKnown(table.column.get(name))))
      continue;
    if ((shadow.ids[index] ?? []).length === 0) {
      const cell = (name: string, i: number) => operation.v?.[name]?.[i] ?? operation.c?.[name] ?? null;
      const { columns } = table.rowKey;
      const keys =
        operation.r ??
        Array.from({ length: operation.n }, (_, i) =>
          columns.length === 1 ? cell(columns[0] ?? '', i) : columns.map((name) => cell(name, i)),
        );
      const ids = (yield* rowsNamed(tx.journal, table, keys, true)).map((row) => row?.id ?? 0);
      shadow.ids[index] = ids;
      yield* run('UPDATE loam_shadow SET body = ? WHERE rec = ?', [encode(shadow), rec]);
      yield* indexRecord(tx, rec, [
        { operation: { k: operation.k, t: operation.t, n: ids.length }, local: localIds(ids) },
      ]);
    }
    for (const id of shadow.ids[index] ?? []) enqueue(settling, table, id);
    yield* run('DELETE FROM loam_parked WHERE rec = ? AND op = ?', [rec, index]);
  }
}

/** What changed since the last call joins the result; on another branch only what all branches share is seen. */
function keepChanges(result: Projected, tx: Transaction, uid: string, title: string, seen: boolean): void {
  const changes = [...tx.changes.values()].filter(
    ({ table }) => seen || reachOf(tableOf(tx.journal.model, table)) === 'shared',
  );
  tx.changes = new Map();
  if (changes.length === 0) return;
  const last = result.acts.at(-1);
  if (last?.uid === uid) last.changes.push(...changes);
  else result.acts.push({ uid, title, changes });
}
