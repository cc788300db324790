// History of one row and of what hangs on it: who created, changed, deleted or restored it, when, field by field, with old
// and new values, newest first and a page at a time. A reader of the log: the index names the records, and only those that
// are shown are read.
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { one, type Steps } from '../statement.ts';
import { summaryOf } from './act-summary.ts';
import { update } from './apply.ts';
import { fieldChanges, tieChanges } from './history-cells.ts';
import type { Names } from './history-names.ts';
import { newestFirst, placesIn, recordsBefore, sourcesOf, type HistorySource } from './history-sources.ts';
import type { HistoryAsk, HistoryEntry, HistoryPage } from './history-types.ts';
import { tableOf, type Journal } from './journal.ts';
import { idsOf, type LocalPart, type Operation } from './operation.ts';
import { readRecord, type LogRecord } from './packs.ts';
import { columnsOf } from './touch.ts';
import type { Transaction } from './transaction.ts';

/** Links that one operation made or cut are told one by one up to here. */
const tiesTold = 20;
/** Records that one page may read where a filter leaves most of them out; what is earlier is the next page's. */
const readMost = 300;
const usual = 200;

/** Changes of a row and of what hangs on it. `branches`: acts of others are left out; null for none. */
export function* historyPage(
  journal: Journal,
  table: string,
  id: number,
  { limit = usual, before = null, field = null }: HistoryAsk = {},
  branches: readonly number[] | null = null,
): Steps<HistoryPage> {
  const sources = yield* sourcesOf(journal, tableOf(journal.model, table), id);
  const entries: HistoryEntry[] = [];
  const names: Names = new Map();
  const acts = new Map<number, KnownAct | null>();
  const most = Math.max(1, Math.min(500, limit));
  let cursor = Math.min(before ?? Infinity, newestFirst(journal));
  for (let read = 0; read < readMost && entries.length < most;) {
    const part = yield* recordsBefore(sources, cursor, Math.min(most, 50) + 1);
    const [first] = part;
    if (first === undefined) return { entries, before: null };
    for (const number of part) {
      cursor = number;
      read++;
      const record = yield* readRecord(journal, number);
      let act = acts.get(record.act);
      if (act === undefined) acts.set(record.act, (act = yield* actOf(record.act)));
      if (!act || (branches && !branches.includes(act.branchId))) continue;
      for (const entry of yield* entriesOf(journal, names, sources, id, record, act))
        if (field === null || entry.changes.some((change) => change.field === field)) entries.push(entry);
      if (entries.length >= most || read >= readMost) break;
    }
  }
  const [more] = yield* recordsBefore(sources, cursor, 1);
  return { entries, before: more === undefined ? null : cursor };
}

interface KnownAct {
  act: HistoryEntry['act'];
  branchId: number;
  branch: string;
}

/** Null while it is going on: until then it is nobody's history. */
function* actOf(id: number): Steps<KnownAct | null> {
  const row = yield* one(
    `SELECT a.uid, a.kind, a.title, a.at, u.handle, r.undone, a.status, a.branch_id, b.name FROM loam_act a
     JOIN loam_act r ON r.id = a.root LEFT JOIN lamindb_user u ON u.id = a.user_id
     LEFT JOIN lamindb_branch b ON b.id = a.branch_id WHERE a.id = ?`,
    [id],
  );
  if (!row || row[6] === 'open') return null;
  return {
    act: summaryOf(row),
    branchId: Number(row[7]),
    branch: String(row[8] ?? row[7]),
  };
}

/** What a record did to the row and to what hangs on it, its last operation first. */
function* entriesOf(
  journal: Journal,
  names: Names,
  sources: readonly HistorySource[],
  own: number,
  record: LogRecord,
  { act, branch }: KnownAct,
): Steps<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for (let index = record.body.o.length - 1; index >= 0; index--) {
    const operation = record.body.o[index] as Operation;
    for (const source of sources) {
      if (source.table.name !== operation.t) continue;
      const places = placesIn(record.locals[index] as LocalPart, source.ids);
      const tie = source.hosts.length > 0;
      for (const { place, id } of places.slice(0, tiesTold)) {
        const changes = tie
          ? yield* tieChanges(journal, names, source, own, record, index, place)
          : yield* fieldChanges(journal, names, record, index, place);
        entries.push({
          act,
          branch,
          kind: tie ? tieKind(operation) : kindOf(operation),
          table: operation.t,
          changes,
          more: 0,
          restorable: operation.k === 'u',
          ref: { record: record.id, operation: index, table: operation.t, id },
        });
      }
      const last = entries.at(-1);
      if (last && places.length > tiesTold) last.more = places.length - tiesTold;
    }
  }
  return entries;
}

/** What an operation did to a row. */
export function kindOf(operation: Operation): HistoryEntry['kind'] {
  if (operation.k === 'u') return 'update';
  if (operation.k === 'd') return 'delete';
  return operation.w ? 'restore' : 'create';
}

/** Of a link, a value or a note. */
export function tieKind(operation: Operation): HistoryEntry['kind'] {
  if (operation.k === 'u') return 'update';
  return operation.k === 'd' ? 'unlink' : 'link';
}

/** Puts back the values an update replaced, as a new act of the caller's transaction. */
export function* restoreFields(tx: Transaction, ref: HistoryEntry['ref']): Steps<number> {
  const record = yield* readRecord(tx.journal, ref.record);
  const operation = record.body.o[ref.operation];
  const local = record.locals[ref.operation];
  if (!operation || !local || operation.k !== 'u') {
    throw new LoamError(
      'InvalidArgument',
      'This history entry replaced no values, so there is nothing to restore.',
    );
  }
  const row = idsOf(local).indexOf(ref.id);
  const values: Record<string, SqlValue> = {};
  for (const column of columnsOf(operation)) values[column] = local.pre?.[column]?.[row] ?? null;
  return yield* update(tx, operation.t, [ref.id], values);
}
