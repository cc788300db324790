// History of one row: who created, changed, deleted or restored it, when, field by field, with old and new values.
// A reader of the log: spans and touches name the records, the records hold the values.
import type { HistoryEntry } from './history-types.ts';
import { LoamError } from '../errors.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { update } from './apply.ts';
import { idsByKey, recordIds, tableOf, type Journal } from './journal.ts';
import { idsOf, type LocalPart, type Operation, type RowKey } from './operation.ts';
import { readRecord, type LogRecord } from './packs.ts';
import { columnsOf, recordsTouching } from './touch.ts';
import type { Transaction } from './transaction.ts';

/** Entries newest first; `limit` bounds the records that are decoded. */
export function* historyOf(journal: Journal, table: string, id: number, limit = 200): Steps<HistoryEntry[]> {
  const records = yield* recordsTouching(journal, table, [id], 0);
  const entries: HistoryEntry[] = [];
  for (const rec of records.slice(-limit).reverse()) {
    const record = yield* readRecord(journal, rec);
    const act = yield* actOf(record.act);
    if (!act) continue;
    const branch = yield* branchOf(record.body.b);
    for (const [index, operation] of record.body.o.entries()) {
      if (operation.t !== table) continue;
      const row = idsOf(record.locals[index] as LocalPart).indexOf(id);
      if (row < 0) continue;
      entries.push({
        act,
        branch,
        kind: kindOf(operation),
        table,
        changes: yield* changesOf(journal, record, index, row),
        restorable: operation.k === 'u',
        ref: { record: rec, operation: index, table, id },
      });
    }
  }
  return entries;
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

function kindOf(operation: Operation): HistoryEntry['kind'] {
  if (operation.k === 'u') return 'update';
  if (operation.k === 'd') return 'delete';
  return operation.w ? 'restore' : 'create';
}

/** Null while it is going on: until then it is nobody's history. */
function* actOf(id: number): Steps<HistoryEntry['act'] | null> {
  const row = yield* one(
    `SELECT a.uid, a.kind, a.title, a.at, u.handle, r.undone, a.status FROM loam_act a JOIN loam_act r ON r.id = a.root
     LEFT JOIN lamindb_user u ON u.id = a.user_id WHERE a.id = ?`,
    [id],
  );
  if (row?.[6] === 'open') return null;
  return {
    uid: String(row?.[0]),
    kind: String(row?.[1]),
    title: String(row?.[2]),
    at: new Date(Number(row?.[3]) / 1000).toISOString(),
    by: String(row?.[4] ?? ''),
    undone: row?.[5] !== null,
  };
}

/** The branch's name now; its uid where the branch is gone. */
function* branchOf(uid: string): Steps<string> {
  return String((yield* one('SELECT name FROM lamindb_branch WHERE uid = ?', [uid]))?.[0] ?? uid);
}

function* changesOf(
  journal: Journal,
  record: LogRecord,
  index: number,
  row: number,
): Steps<HistoryEntry['changes']> {
  const operation = record.body.o[index] as Operation;
  const local = record.locals[index] as LocalPart;
  const table = tableOf(journal.model, operation.t);
  const changes: HistoryEntry['changes'] = [];
  for (const column of columnsOf(operation)) {
    const target = table.column.get(column);
    if (!target || (operation.k === 'i' && quietColumns.has(column))) continue;
    const fresh = operation.v?.[column]?.[row] ?? operation.c?.[column] ?? null;
    const pre = local.pre?.[column]?.[row] ?? null;
    const old = operation.k === 'u' ? yield* shownId(journal, target, pre) : null;
    changes.push({ field: column.replace(/_id$/, ''), old, new: yield* shownKey(journal, target, fresh) });
  }
  return changes;
}

/** Columns every insert sets alike; listing them would hide what the user did. */
export const quietColumns = new Set([
  'created_by_id',
  'space_id',
  'branch_id',
  'created_on_id',
  'is_locked',
  'uid',
  '_key_is_virtual',
  '_overwrite_versions',
]);

function* shownId(journal: Journal, column: Column, value: SqlValue): Steps<string | null> {
  if (value === null) return null;
  if (!column.references) return String(value);
  return yield* nameOf(journal, column.references.table, Number(value));
}

function* shownKey(journal: Journal, column: Column, key: RowKey): Steps<string | null> {
  if (key === null) return null;
  if (!column.references) return typeof key === 'object' ? JSON.stringify(key) : String(key);
  const [id] = yield* idsByKey(journal, column.references.table, [key]);
  if (id === null || id === undefined) return typeof key === 'object' ? JSON.stringify(key) : String(key);
  return yield* nameOf(journal, column.references.table, id);
}

/** What people call a row: its name, key or handle; else its uid or value. */
export function* nameOf(journal: Journal, name: string, id: number): Steps<string> {
  const table = tableOf(journal.model, name);
  const column = nameColumn(table);
  const row = yield* one(`SELECT "${column}" FROM "${name}" WHERE id = ?`, [id]);
  return row?.[0] === null || row?.[0] === undefined ? String(id) : String(row[0]);
}

export function nameColumn(table: Table): string {
  return ['name', 'key', 'handle', 'symbol', 'root', 'uid', 'value'].find((c) => table.column.has(c)) ?? 'id';
}

/** Link rows of an object have histories of their own: their ids, also those since removed, by the log. */
export function* linkHistory(
  journal: Journal,
  table: string,
  column: string,
  id: number,
): Steps<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  const present = yield* all(`SELECT id FROM "${table}" WHERE "${column}" = ?`, [id]);
  const ids = new Set(present.map((r) => Number(r[0])));
  for (const past of yield* recordIds(journal, table, column, id)) ids.add(past);
  for (const link of ids) {
    for (const entry of yield* historyOf(journal, table, link, 20)) {
      const kind =
        entry.kind === 'create' || entry.kind === 'restore'
          ? 'link'
          : entry.kind === 'delete'
            ? 'unlink'
            : entry.kind;
      entries.push({ ...entry, kind });
    }
  }
  return entries;
}
