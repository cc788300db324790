// The trash (branch −1) and the archive (branch 0) for every registry that has branches: rows go there and come back to
// the branch they came from, which LaminDB forgets. A type takes the rows below it along, as in LaminDB; coming back, it
// comes alone.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { all, many, type Steps } from '../statement.ts';
import { update } from '../write/apply.ts';
import { tableNumber } from '../write/journal.ts';
import type { Transaction } from '../write/transaction.ts';
import { behaviourOf } from './behaviours.ts';
import { refuseLocked } from './locked.ts';
import { archiveBranch, hasTrash, isTyped, labelOf, trashBranch, visibleBranches } from './tables.ts';
import { membersBelow } from './typing.ts';

export function* trashRows(tx: Transaction, table: Table, ids: readonly number[]): Steps<number> {
  return yield* move(tx, table, ids, trashBranch);
}

export function* archiveRows(tx: Transaction, table: Table, ids: readonly number[]): Steps<number> {
  return yield* move(tx, table, ids, archiveBranch);
}

function* move(tx: Transaction, table: Table, asked: readonly number[], branch: number): Steps<number> {
  refuseWithout(table);
  const ids = yield* withMembers(tx, table, asked);
  const refuse = behaviourOf(table).remove;
  if (refuse) yield* refuse(tx, ids);
  yield* refuseLocked(table, ids);
  const rows = yield* all(
    `SELECT id, branch_id FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) AND branch_id <> ? ORDER BY id`,
    [JSON.stringify(ids), branch],
  );
  const tab = yield* tableNumber(tx.journal, table.name);
  const live = rows.filter((r) => Number(r[1]) !== trashBranch && Number(r[1]) !== archiveBranch);
  // Kept after coming back: an undo of the restore puts the row into the trash again without coming by here.
  yield* many('INSERT OR REPLACE INTO loam_trashed(tab, id, branch_id) VALUES (?, ?, ?)', live.length, [
    [tab],
    live.map((r) => r[0] ?? null),
    live.map((r) => r[1] ?? null),
  ]);
  return yield* update(
    tx,
    table.name,
    rows.map((r) => Number(r[0])),
    { branch_id: branch },
  );
}

function refuseWithout(table: Table): void {
  if (hasTrash(table)) return;
  throw new LoamError(
    'ValueError',
    `Soft delete is not possible for ${labelOf(table)}: it has no trash. Delete it for good instead.`,
    { registry: labelOf(table) },
  );
}

/** A type goes with all rows below it that queries show (LaminDB's `delete` of a type). */
function* withMembers(tx: Transaction, table: Table, asked: readonly number[]): Steps<number[]> {
  const ids = new Set(asked);
  if (!isTyped(table)) return [...ids];
  const types = yield* all(
    `SELECT id FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) AND is_type = 1`,
    [JSON.stringify(asked)],
  );
  for (const [id] of types)
    for (const member of yield* membersBelow(table, Number(id), visibleBranches(tx.author))) ids.add(member);
  return [...ids].sort((a, b) => a - b);
}

/** Back to the branch each row came from; main where that is not known, or where that branch is gone. */
export function* restoreRows(tx: Transaction, table: Table, ids: readonly number[]): Steps<number> {
  refuseWithout(table);
  const tab = yield* tableNumber(tx.journal, table.name);
  const rows = yield* all(
    `SELECT t.id, coalesce(b.id, 1) FROM "${table.name}" t LEFT JOIN loam_trashed f ON f.tab = ?1 AND f.id = t.id
     LEFT JOIN lamindb_branch b ON b.id = f.branch_id
     WHERE t.id IN (SELECT value FROM json_each(?2)) AND t.branch_id IN (${trashBranch}, ${archiveBranch}) ORDER BY t.id`,
    [tab, JSON.stringify(ids)],
  );
  yield* refuseLocked(
    table,
    rows.map((r) => Number(r[0])),
  );
  return yield* update(
    tx,
    table.name,
    rows.map((r) => Number(r[0])),
    { branch_id: rows.map((r) => r[1] ?? 1) },
  );
}
