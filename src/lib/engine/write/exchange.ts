// Changes of rows that are no change of anybody's: what a switch of branches puts in and takes out. Nothing is logged or
// checked, values are those of another time; counters, bounds and texts follow as in apply.ts.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, run, type Steps } from '../statement.ts';
import { beforeInsert, beforeRemove, beforeUpdate } from './facet-counters.ts';
import { noteTexts } from './search-index.ts';
import { noteChange, noteFamily, type Transaction } from './transaction.ts';
import { widenZones } from './zones.ts';

/** Sets columns of rows; `values` by column, one for each id. */
export function* setCells(
  tx: Transaction,
  table: Table,
  ids: readonly number[],
  columns: readonly string[],
  values: readonly (readonly SqlValue[])[],
): Steps<void> {
  const { name } = table;
  const changing = Object.fromEntries(columns.map((column, c) => [column, values[c] ?? []]));
  if (table.versioned && 'branch_id' in changing) {
    const uids = yield* all(`SELECT uid FROM "${name}" WHERE id IN (SELECT value FROM json_each(?))`, [
      JSON.stringify(ids),
    ]);
    for (const [uid] of uids) noteFamily(tx, name, uid ?? null);
  }
  yield* beforeUpdate(tx.journal.facets, name, ids, changing);
  // Rows that swap a unique value collide on the way: parked values first.
  const unique = columns.filter(
    (c) => table.column.get(c)?.unique && table.column.get(c)?.type !== 'integer',
  );
  if (unique.length > 0 && ids.length > 1)
    yield* many(
      `UPDATE "${name}" SET ${unique.map((c) => `"${c}" = ?`).join(', ')} WHERE id = ?`,
      ids.length,
      [...unique.map(() => ids.map((id) => `\u0001${id}`)), ids],
    );
  yield* many(
    `UPDATE "${name}" SET ${columns.map((c) => `"${c}" = ?`).join(', ')} WHERE id = ?`,
    ids.length,
    [...values, ids],
  );
  yield* widenZones(tx.journal.zones, name, ids, columns);
  yield* noteStale(tx, table, 'u', ids, columns);
  noteChange(tx, name, 'updated', ids);
}

/** Puts whole rows in; `values` by column, one for each id. */
export function* putRows(
  tx: Transaction,
  table: Table,
  ids: readonly number[],
  columns: readonly string[],
  values: readonly (readonly SqlValue[])[],
): Steps<void> {
  const { name } = table;
  const given = Object.fromEntries(columns.map((column, c) => [column, values[c] ?? []]));
  yield* beforeInsert(tx.journal.facets, name, ids, given);
  yield* many(
    `INSERT INTO "${name}"(id, ${columns.map((c) => `"${c}"`).join(', ')}) VALUES (?${', ?'.repeat(columns.length)})`,
    ids.length,
    [ids, ...values],
  );
  yield* widenZones(tx.journal.zones, name, ids);
  yield* noteStale(tx, table, 'i', ids, columns);
  noteChange(tx, name, 'inserted', ids);
  tx.emptyTables.delete(name);
}

export function* takeRows(tx: Transaction, table: Table, ids: readonly number[]): Steps<void> {
  yield* beforeRemove(tx.journal.facets, table.name, ids);
  yield* run(`DELETE FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`, [
    JSON.stringify(ids),
  ]);
  noteChange(tx, table.name, 'deleted', ids);
}

function* noteStale(
  tx: Transaction,
  table: Table,
  kind: 'i' | 'u',
  ids: readonly number[],
  columns: readonly string[],
): Steps<void> {
  if (!tx.journal.search) return;
  const operation = {
    k: kind,
    t: table.name,
    n: ids.length,
    v: Object.fromEntries(columns.map((column) => [column, []])),
  };
  yield* noteTexts(tx.journal.search, tx.journal.model.tables, [
    { operation, local: { ids: [...ids], contiguous: false } },
  ]);
}
