// What is kept out of the tables, what it waits for, and what it had before; and how a row is taken out of them.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, run, type Steps } from '../statement.ts';
import { childrenOf, removeWalked } from '../write/apply.ts';
import { tableNumber, tableOf } from '../write/journal.ts';
import { keptText, readKept } from '../write/kept-rows.ts';
import { settleConflictsElsewhere } from './conflicts.ts';
import { namesOf, rememberNames } from './names.ts';
import { branchOf, enqueue, enqueueOn, type Settling } from './settling.ts';

export interface Wait {
  column: string;
  table: Table;
  id: number;
  reason: 'missing' | 'taken';
  /** The whole row waits, not only the cell. */
  whole: boolean;
}

export function* keepWaits(
  settling: Settling,
  table: Table,
  id: number,
  waits: readonly Wait[],
): Steps<void> {
  if (!settling.waits && waits.length === 0) return;
  const { tx } = settling;
  const tab = yield* tableNumber(tx.journal, table.name);
  const branch = branchOf(tx, table);
  yield* run('DELETE FROM loam_wait WHERE branch = ? AND tab = ? AND id = ?', [branch, tab, id]);
  if (waits.length === 0) return;
  settling.waits = true;
  const on: number[] = [];
  for (const wait of waits) on.push(yield* tableNumber(tx.journal, wait.table.name));
  yield* many(
    'INSERT OR REPLACE INTO loam_wait(branch, tab, id, col, on_tab, on_id, reason, whole) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    waits.length,
    [
      [branch],
      [tab],
      [id],
      waits.map(({ column }) => column),
      on,
      waits.map((wait) => wait.id),
      waits.map(({ reason }) => reason),
      waits.map(({ whole }) => Number(whole)),
    ],
  );
}

/** What waits for this row is settled again. */
export function* wake(settling: Settling, table: Table, id: number): Steps<void> {
  if (!settling.waits) return;
  const { tx } = settling;
  const rows = yield* all(
    `SELECT DISTINCT t.name, w.id, w.branch FROM loam_wait w JOIN loam_table t ON t.id = w.tab
     WHERE w.on_tab = ? AND w.on_id = ?`,
    [yield* tableNumber(tx.journal, table.name), id],
  );
  for (const [name, waiting, branch] of rows) {
    const waiter = tx.journal.model.tables.get(String(name));
    if (waiter) enqueueOn(settling, Number(branch), waiter, Number(waiting));
  }
}

/** Rows of the table, among these, that wait for something. */
export function* waitingAmong(settling: Settling, table: Table, ids: readonly number[]): Steps<Set<number>> {
  if (!settling.waits) return new Set();
  const { tx } = settling;
  const rows = yield* all(
    'SELECT id FROM loam_wait WHERE branch = ? AND tab = ? AND id IN (SELECT value FROM json_each(?))',
    [branchOf(tx, table), yield* tableNumber(tx.journal, table.name), JSON.stringify(ids)],
  );
  return new Set(rows.map(([id]) => Number(id)));
}

/**
 * The values that no fact tells: those of the row itself, and for what is kept out of it those that it had before. Nothing
 * for a row that never was here.
 */
export function* groundOf(
  settling: Settling,
  table: Table,
  id: number,
  now: ReadonlyMap<string, SqlValue> | null,
): Steps<Map<string, SqlValue> | null> {
  if (!settling.waits) return now && new Map(now);
  const tab = yield* tableNumber(settling.tx.journal, table.name);
  const kept = readKept(yield* all('SELECT id, vals FROM loam_hidden WHERE tab = ? AND id = ?', [tab, id]));
  if (kept.ids.length === 0) return now && new Map(now);
  const before = new Map(kept.columns.map((name, c) => [name, kept.values[c]?.[0] ?? null]));
  if (!now) return before;
  const ground = new Map(now);
  for (const [col] of yield* all('SELECT col FROM loam_wait WHERE branch = ? AND tab = ? AND id = ?', [
    branchOf(settling.tx, table),
    tab,
    id,
  ]))
    ground.set(String(col), before.get(String(col)) ?? null);
  return ground;
}

export function* keepGround(
  settling: Settling,
  table: Table,
  id: number,
  ground: ReadonlyMap<string, SqlValue> | null,
): Steps<void> {
  if (!settling.waits) return;
  const tab = yield* tableNumber(settling.tx.journal, table.name);
  if (!ground) yield* run('DELETE FROM loam_hidden WHERE tab = ? AND id = ?', [tab, id]);
  else
    yield* run('INSERT OR REPLACE INTO loam_hidden(tab, id, vals) VALUES (?, ?, ?)', [
      tab,
      id,
      keptText([...ground.keys()], [...ground.values()]),
    ]);
}

/** Out of the tables, deleted or kept aside; what leans on it is settled next. */
export function* takeOut(settling: Settling, table: Table, id: number): Steps<void> {
  const { tx } = settling;
  const { journal } = tx;
  const names = yield* namesOf(table, [id]);
  yield* rememberNames(journal, table, names.ids, names.texts);
  for (const child of journal.model.incoming.get(table.name) ?? [])
    for (const row of yield* childrenOf(tx, child.table, child.column, [id]))
      enqueue(settling, tableOf(journal.model, child.table), row.id);
  yield* removeWalked(tx, table.name, [id]);
  yield* settleConflictsElsewhere(settling, table, [id]);
  yield* wake(settling, table, id);
}
