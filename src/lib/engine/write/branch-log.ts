// What a branch changes of rows that are not its own, kept beside the tables: cells with the value that the branch found
// (`base`) and the one that is not in the table now (`other`: the parent's while the branch is checked out, the branch's
// own otherwise); rows of tables without a branch that it added or took out. Rows made on a branch are its own by their
// branch_id, as in LaminDB: they change in place. The write path calls these before each change (decision 0033).
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, one, run, type Steps } from '../statement.ts';
import { tableNumber } from './journal.ts';
import { keptText } from './kept-rows.ts';
import { reachOf } from './reach.ts';
import type { Transaction } from './transaction.ts';

/** Whether changes of this table have to be kept for a branch. */
export const isBranched = (tx: Transaction, table: Table): boolean =>
  tx.author.branchId > 1 && reachOf(table) !== 'shared';

const added = 1;
const taken = -1;

export interface Edit {
  column: string;
  pre: readonly SqlValue[];
  next: readonly SqlValue[];
}

/** Rows of the checked-out branch's own among these: made on it, wherever it has moved them since. */
function* ownRows(tx: Transaction, table: Table, tab: number, ids: readonly number[]): Steps<Set<number>> {
  const sql =
    reachOf(table) === 'placed'
      ? `SELECT t.id FROM "${table.name}" t LEFT JOIN loam_cell c
           ON c.branch = ?1 AND c.tab = ?2 AND c.id = t.id AND c.col = 'branch_id'
         WHERE t.id IN (SELECT value FROM json_each(?3)) AND CASE WHEN c.id IS NULL THEN t.branch_id ELSE c.other END = ?1`
      : `SELECT id FROM loam_row WHERE branch = ?1 AND tab = ?2 AND kind = ${added} AND id IN (SELECT value FROM json_each(?3))`;
  const rows = yield* all(sql, [tx.author.branchId, tab, JSON.stringify(ids)]);
  return new Set(rows.map(([id]) => Number(id)));
}

/** Before cells change. `edits` hold one value for each id; `updated_at` is among them where it changes. */
export function* noteEdits(
  tx: Transaction,
  table: Table,
  ids: readonly number[],
  edits: readonly Edit[],
): Steps<void> {
  const branch = tx.author.branchId;
  const tab = yield* tableNumber(tx.journal, table.name);
  const own = yield* ownRows(tx, table, tab, ids);
  for (const { column, pre, next } of edits) {
    // Where a row of its own goes (the trash) is kept as well: on other branches it stays where it was made.
    const at = ids.flatMap((id, i) => (column === 'branch_id' || !own.has(id) ? [i] : []));
    if (at.length === 0) continue;
    const cells = at.map((i) => ids[i] ?? 0);
    const before = at.map((i) => pre[i] ?? null);
    yield* many(
      `INSERT INTO loam_cell(branch, tab, id, col, base, other, held) VALUES (?, ?, ?, ?, ?, ?, 0)
       ON CONFLICT DO UPDATE SET other = excluded.other, held = 0 WHERE held = 1`,
      at.length,
      [[branch], [tab], cells, [column], before, before],
    );
    // Back at what the parent has: nothing is changed any more.
    yield* many(
      'DELETE FROM loam_cell WHERE branch = ? AND tab = ? AND id = ? AND col = ? AND base IS ? AND other IS base',
      at.length,
      [[branch], [tab], cells, [column], at.map((i) => next[i] ?? null)],
    );
  }
}

/**
 * After cells changed: what an undo brought back to the value that the branch had found follows the parent again, and a row
 * without any other change has the parent's `updated_at`. Gives the cells to set.
 */
export function* cellsToFollow(
  tx: Transaction,
  table: Table,
  ids: readonly number[],
  edits: readonly Edit[],
): Steps<{ id: number; column: string; value: SqlValue }[]> {
  const tab = yield* tableNumber(tx.journal, table.name);
  const rows = yield* all(
    'SELECT id, col, base, other FROM loam_cell WHERE branch = ? AND tab = ? AND held = 0 AND id IN (SELECT value FROM json_each(?))',
    [tx.author.branchId, tab, JSON.stringify(ids)],
  );
  const position = new Map(ids.map((id, i) => [id, i]));
  const after = new Map(edits.map((edit) => [edit.column, edit.next]));
  const follow: { id: number; column: string; value: SqlValue }[] = [];
  const left = new Map<number, { stamp: SqlValue | undefined; others: number }>();
  for (const [id, col, base, other] of rows) {
    const column = String(col);
    const now = after.get(column)?.[position.get(Number(id)) ?? -1];
    const back = tx.undoing && column !== 'updated_at' && now !== undefined && now === base;
    if (back) follow.push({ id: Number(id), column, value: other ?? null });
    const entry = left.get(Number(id)) ?? { stamp: undefined, others: 0 };
    if (column === 'updated_at') entry.stamp = other ?? null;
    else if (!back) entry.others++;
    left.set(Number(id), entry);
  }
  for (const [id, { stamp, others }] of left)
    if (others === 0 && stamp !== undefined) follow.push({ id, column: 'updated_at', value: stamp });
  yield* many('DELETE FROM loam_cell WHERE branch = ? AND tab = ? AND id = ? AND col = ?', follow.length, [
    [tx.author.branchId],
    [tab],
    follow.map(({ id }) => id),
    follow.map(({ column }) => column),
  ]);
  return follow;
}

/**
 * Before rows get values: what the branch freed by changing it is still the parent's, and could not come back if another row
 * had it. `at(column, i)` is the value that row i is to have; undefined where it keeps its own.
 */
export function* refuseFreed(
  tx: Transaction,
  table: Table,
  columns: ReadonlySet<string>,
  n: number,
  at: (column: string, i: number) => SqlValue | undefined,
  ids: readonly number[] = [],
): Steps<void> {
  const sets = [
    ...table.columns.filter((c) => c.unique && c.name !== 'uid').map((c) => [c.name]),
    ...table.uniques.filter((u) => u.expression === null).map((u) => u.columns),
  ].filter((set) => set.some((name) => columns.has(name)));
  if (sets.length === 0) return;
  const names = [...new Set(sets.flat())];
  const tab = yield* tableNumber(tx.journal, table.name);
  const freed = yield* all(
    `SELECT DISTINCT id FROM loam_cell WHERE branch IN (${tx.author.visible.join(', ')}) AND tab = ? AND held = 0
       AND col IN (SELECT value FROM json_each(?))`,
    [tab, JSON.stringify(names)],
  );
  for (const [id] of freed) {
    if (n === 1 && ids[0] === id) continue;
    const row = yield* one(
      `SELECT ${names.map((name) => `"${name}"`).join(', ')} FROM "${table.name}" WHERE id = ?`,
      [id ?? null],
    );
    const parent = new Map(names.map((name, c) => [name, row?.[c] ?? null]));
    for (const [col, other] of yield* all(
      `SELECT col, other FROM loam_cell WHERE branch IN (${tx.author.visible.join(', ')}) AND tab = ? AND id = ? AND held = 0 ORDER BY branch DESC`,
      [tab, id ?? null],
    ))
      if (parent.has(String(col))) parent.set(String(col), other ?? null);
    for (const set of sets)
      for (let i = 0; i < n; i++) {
        const taken = set.every((name) => {
          const value = at(name, i);
          return value !== null && value !== undefined && value === parent.get(name);
        });
        if (taken) throw isFreed(table, set, parent);
      }
  }
}

const isFreed = (table: Table, set: readonly string[], parent: ReadonlyMap<string, SqlValue>) =>
  new LoamError(
    'IntegrityError',
    `Another ${table.registry ?? table.name} has ${set.map((name) => `${name} ${String(parent.get(name))}`).join(', ')} on the branch that this one comes from. Merge the change that frees it first, or choose another value.`,
    { table: table.name, columns: [...set] },
  );

/** After rows were inserted. `again`: they were there before, so the branch may have taken them out. */
export function* noteAdded(
  tx: Transaction,
  table: Table,
  ids: readonly number[],
  again: boolean,
): Steps<void> {
  if (reachOf(table) !== 'loose') return;
  const branch = tx.author.branchId;
  const tab = yield* tableNumber(tx.journal, table.name);
  let fresh = ids;
  if (again) {
    const which = `branch = ? AND tab = ? AND kind = ${taken} AND id IN (SELECT value FROM json_each(?))`;
    const params: SqlValue[] = [branch, tab, JSON.stringify(ids)];
    const back = new Set(
      (yield* all(`SELECT id FROM loam_row WHERE ${which}`, params)).map(([id]) => Number(id)),
    );
    yield* run(`DELETE FROM loam_row WHERE ${which}`, params);
    fresh = ids.filter((id) => !back.has(id));
  }
  yield* many(
    `INSERT OR REPLACE INTO loam_row(branch, tab, id, kind, held, vals) VALUES (?, ?, ?, ${added}, 0, NULL)`,
    fresh.length,
    [[branch], [tab], fresh],
  );
}

/** Before rows are deleted. `pre` holds their values by column; none where the branch itself made them. */
export function* noteTaken(
  tx: Transaction,
  table: Table,
  ids: readonly number[],
  pre: Readonly<Record<string, readonly SqlValue[]>> | null,
): Steps<void> {
  const branch = tx.author.branchId;
  const tab = yield* tableNumber(tx.journal, table.name);
  const own = yield* ownRows(tx, table, tab, ids);
  const foreign = ids.filter((id) => !own.has(id));
  if (foreign.length > 0 && (reachOf(table) === 'placed' || !pre)) throw ofTheParent(table, foreign.length);
  const among = 'branch = ? AND tab = ? AND id IN (SELECT value FROM json_each(?))';
  const cells = yield* all(`SELECT id, col, other FROM loam_cell WHERE ${among} AND held = 0`, [
    branch,
    tab,
    JSON.stringify(foreign),
  ]);
  const params: SqlValue[] = [branch, tab, JSON.stringify(ids)];
  yield* run(`DELETE FROM loam_cell WHERE ${among}`, params);
  yield* run(`DELETE FROM loam_row WHERE ${among} AND kind = ${added}`, params);
  if (!pre || foreign.length === 0) return;
  const position = new Map(ids.map((id, i) => [id, i]));
  const columns = Object.keys(pre);
  const rows = new Map(
    foreign.map((id) => [id, columns.map((name) => pre[name]?.[position.get(id) ?? -1] ?? null)]),
  );
  // As the parent has them.
  for (const [id, col, other] of cells) {
    const row = rows.get(Number(id));
    if (row) row[columns.indexOf(String(col))] = other ?? null;
  }
  yield* many(
    `INSERT INTO loam_row(branch, tab, id, kind, held, vals) VALUES (?, ?, ?, ${taken}, 0, ?)`,
    foreign.length,
    [[branch], [tab], foreign, foreign.map((id) => keptText(columns, rows.get(id) ?? []))],
  );
}

const ofTheParent = (table: Table, count: number) =>
  new LoamError(
    'ProtectedError',
    `Cannot delete for good: ${count === 1 ? 'this row' : `${count} rows`} of ${table.registry ?? table.name} ${count === 1 ? 'was' : 'were'} not made on this branch. Move ${count === 1 ? 'it' : 'them'} to the trash, which goes along with a merge, or switch to main.`,
    { table: table.name, count },
  );
