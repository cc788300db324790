// Takes records of the log back as they were made, newest first: values go back, inserted rows go, deleted ones come back under
// their ids. Nothing is checked or logged, for it only ever happens in a transaction that is rolled back (as-of.ts): what
// comes out is what stood there, row by row, and derived columns are chosen again at the end.
import { isLoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, inSavepoint, many, one, run, type Steps } from '../statement.ts';
import { tableOf, type Journal } from '../write/journal.ts';
import { recordRows } from '../write/journal-tables.ts';
import { idsOf, type LocalPart, type Operation } from '../write/operation.ts';
import { readRecord } from '../write/packs.ts';
import { reachOf } from '../write/reach.ts';
import { columnsOf } from '../write/touch.ts';
import { noteFamily, type Transaction } from '../write/transaction.ts';
import { bornValues } from '../write/undo.ts';
import { timeText } from '../time.ts';

/** Rows whose values went back: when each was changed last is to be found again. */
export type Restamped = Map<string, Set<number>>;

/** Answers the act of the record. Of another branch only what is the same on all of them was ever in the tables that main shows. */
export function* unmake(tx: Transaction, record: number, restamped: Restamped): Steps<number> {
  const { act, body, locals } = yield* readRecord(tx.journal, record);
  for (let index = body.o.length - 1; index >= 0; index--) {
    const operation = body.o[index] as Operation;
    const local = locals[index] as LocalPart;
    const table = tableOf(tx.journal.model, operation.t);
    if (body.b !== tx.author.branchUid && reachOf(table) !== 'shared') continue;
    if (operation.k === 'i') yield* takeOut(tx, table, local);
    else if (operation.k === 'u') yield* putBack(tx, table, operation, local, restamped);
    else yield* bringBack(tx, table, operation, local, restamped);
  }
  return act;
}

function* takeOut(tx: Transaction, table: Table, local: LocalPart): Steps<void> {
  const ids = idsOf(local);
  yield* noteFamilies(tx, table, ids);
  const [from = 0, n = 0] = local.ids;
  if (local.contiguous)
    yield* run(`DELETE FROM "${table.name}" WHERE id BETWEEN ? AND ?`, [from, from + n - 1]);
  else yield* many(`DELETE FROM "${table.name}" WHERE id = ?`, ids.length, [ids]);
}

function* putBack(
  tx: Transaction,
  table: Table,
  operation: Operation,
  local: LocalPart,
  restamped: Restamped,
): Steps<void> {
  const ids = idsOf(local);
  const columns = [...columnsOf(operation)].filter((name) => {
    const column = table.column.get(name);
    return column !== undefined && !column.derived && local.pre?.[name] !== undefined;
  });
  if (columns.length > 0) {
    yield* noteFamilies(tx, table, ids);
    const sql = `UPDATE "${table.name}" SET ${columns.map((c) => `"${c}" = ?`).join(', ')} WHERE id = ?`;
    const values = columns.map((c) => local.pre?.[c] ?? []);
    yield* forced(table, columns, ids, values, sql);
    if (columns.includes('uid')) yield* noteFamilies(tx, table, ids);
  }
  noteStamps(table, ids, restamped);
}

function noteStamps(table: Table, ids: readonly number[], restamped: Restamped): void {
  if (!table.column.has('updated_at')) return;
  let rows = restamped.get(table.name);
  if (!rows) restamped.set(table.name, (rows = new Set()));
  for (const id of ids) rows.add(id);
}

function* bringBack(
  tx: Transaction,
  table: Table,
  operation: Operation,
  local: LocalPart,
  restamped: Restamped,
): Steps<void> {
  const ids = idsOf(local);
  const [record, index] = operation.w ?? [];
  const given: Record<string, SqlValue | readonly SqlValue[]> =
    record !== undefined && index !== undefined
      ? yield* bornValues(tx, { record, operation: index }, ids)
      : (local.pre ?? {});
  const columns = Object.keys(given).filter((name) => table.column.has(name) && name !== 'id');
  // Chosen again at the end.
  const derived = table.columns.filter((c) => c.derived).map(({ name }) => name);
  const names = ['id', ...columns, ...derived];
  const sql = `INSERT INTO "${table.name}" (${names.map((c) => `"${c}"`).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
  const values = [
    ids,
    ...columns.map((name) => {
      const value = given[name] as SqlValue | readonly SqlValue[];
      return Array.isArray(value) ? (value as SqlValue[]) : [value as SqlValue];
    }),
    ...derived.map(() => [1]),
  ];
  yield* forced(
    table,
    columns,
    ids,
    values,
    sql,
    columns.map((_, i) => i + 1),
  );
  yield* noteFamilies(tx, table, ids);
  // Born again with the time of its birth; it may have been changed and changed back since.
  if (operation.w) noteStamps(table, ids, restamped);
}

/**
 * All rows in one statement. Within one transaction two rows may have swapped a unique value; then they go one by one, and
 * whoever holds a value that is not free yet is parked until its own turn, which comes with the same transaction.
 */
function* forced(
  table: Table,
  columns: readonly string[],
  ids: readonly number[],
  values: readonly (readonly SqlValue[])[],
  sql: string,
  places = columns.map((_, i) => i),
): Steps<void> {
  const bound = sql.startsWith('UPDATE') ? [...values, ids] : values;
  try {
    yield* inSavepoint(many(sql, ids.length, bound));
    return;
  } catch (error) {
    if (!isLoamError(error, 'IntegrityError')) throw error;
  }
  const at = (column: readonly SqlValue[], i: number): SqlValue =>
    column[column.length === 1 ? 0 : i] ?? null;
  for (const [i, id] of ids.entries()) {
    for (const [c, name] of columns.entries()) {
      if (!isUnique(table, name)) continue;
      const value = at(values[places[c] ?? 0] ?? [], i);
      const parked = table.column.get(name)?.type === 'integer' ? '-id' : 'char(1) || id';
      if (value !== null)
        yield* run(`UPDATE "${table.name}" SET "${name}" = ${parked} WHERE "${name}" = ? AND id <> ?`, [
          value,
          id,
        ]);
    }
    yield* run(
      sql,
      bound.map((column) => at(column, i)),
    );
  }
}

const isUnique = (table: Table, name: string): boolean => table.column.get(name)?.unique ?? false;

function* noteFamilies(tx: Transaction, table: Table, ids: readonly number[]): Steps<void> {
  if (!table.versioned) return;
  const rows = yield* all(`SELECT uid FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`, [
    JSON.stringify(ids),
  ]);
  for (const [uid] of rows) noteFamily(tx, table.name, uid ?? null);
}

/**
 * `updated_at` is not logged, since it is the time of the record that changed the row last. A row that no record up to
 * `until` had changed has the time of its own making; one that was there before the log keeps the time it has.
 */
export function* restamp(
  journal: Journal,
  table: string,
  ids: readonly number[],
  until: number,
  times: Map<number, string>,
): Steps<void> {
  const [tab] = (yield* one('SELECT id FROM loam_table WHERE name = ?', [table])) ?? [];
  if (tab === undefined || ids.length === 0) return;
  const last = new Map<number, number>();
  const touched = yield* all(
    `SELECT t.id, max(t.rec) FROM json_each(?) j CROSS JOIN loam_touch t ON t.tab = ? AND t.id = j.value WHERE t.rec <= ? GROUP BY t.id`,
    [JSON.stringify(ids), tab, until],
  );
  for (const [id, record] of touched) last.set(Number(id), Number(record));
  const low = Math.min(...ids);
  const high = Math.max(...ids);
  const wanted = [...ids].sort((a, b) => a - b);
  const spans = yield* all(
    `SELECT id_from, id_to, rec FROM loam_span WHERE tab = ? AND id_from BETWEEN ? AND ? AND id_to >= ? AND rec <= ?`,
    [tab, low - recordRows + 1, high, low, until],
  );
  for (const [from, to, record] of spans) {
    for (let i = firstFrom(wanted, Number(from)); i < wanted.length; i++) {
      const id = wanted[i] ?? 0;
      if (id > Number(to)) break;
      last.set(id, Math.max(last.get(id) ?? 0, Number(record)));
    }
  }
  const stamped = [...last];
  const stamps: string[] = [];
  for (const [id, record] of stamped) stamps.push(yield* stampOf(journal, table, id, record, times));
  yield* many(`UPDATE "${table}" SET updated_at = ? WHERE id = ?`, stamped.length, [
    stamps,
    stamped.map(([id]) => id),
  ]);
}

/** The record's time, unless it made the row with another one. */
function* stampOf(
  journal: Journal,
  table: string,
  id: number,
  record: number,
  times: Map<number, string>,
): Steps<string> {
  const known = times.get(record);
  if (known !== undefined) return known;
  const { at, body, locals } = yield* readRecord(journal, record);
  for (const [i, operation] of body.o.entries()) {
    if (operation.t !== table) continue;
    const given = operation.v?.['updated_at'] ?? operation.c?.['updated_at'];
    if (given === undefined) continue;
    const row = idsOf(locals[i] as LocalPart).indexOf(id);
    if (row >= 0) return String(Array.isArray(given) ? given[row] : given);
  }
  if (times.size > 50_000) times.clear();
  const stamp = timeText(at);
  times.set(record, stamp);
  return stamp;
}

function firstFrom(sorted: readonly number[], least: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
