// Taking over what the parent has: the branch goes on from there. What was chosen is written on the branch, and what the
// parent has now is what its edits are compared with from here on (sync.md §2.5; what others call a rebase).
import { all, one, run, type Steps } from '../statement.ts';
import { reinsert, remove, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Branch } from './branches.ts';
import type { Choice } from './choices.ts';
import type { Conflict } from './conflicts.ts';

/** With the branch checked out and every conflict decided. */
export function* takeOver(
  tx: Transaction,
  branch: Branch,
  choices: ReadonlyMap<Conflict, Choice>,
): Steps<void> {
  for (const [conflict, choice] of choices) yield* settle(tx, branch, conflict, choice);
  yield* run('UPDATE loam_cell SET base = other WHERE branch = ? AND held = 0', [branch.id]);
  const row = yield* one('SELECT coalesce(max(id), 0) FROM loam_act');
  yield* run('UPDATE loam_branch SET fork = ?, at = ? WHERE id = ?', [
    Number(row?.[0] ?? 0),
    tx.at,
    branch.id,
  ]);
  // Those about a twin or a version are about rows that stay; the others are settled.
  yield* run("DELETE FROM loam_choice WHERE branch = ? AND col NOT IN ('!name', '!version')", [branch.id]);
}

function* settle(tx: Transaction, branch: Branch, conflict: Conflict, { side, value }: Choice): Steps<void> {
  const { change, cell, kind } = conflict;
  const { table, tab, id } = change;
  if (kind === 'gone') {
    yield* run('DELETE FROM loam_cell WHERE branch = ? AND tab = ? AND id = ?', [branch.id, tab, id]);
    return;
  }
  if (kind === 'changed' && cell) {
    if (side === 'edit') yield* update(tx, table.name, [id], { [cell.column]: value });
    if (side === 'parent') yield* asParent(tx, branch, conflict, [cell.column]);
    return;
  }
  if (kind === 'value') {
    const theirs = conflict.others.map((row) => Number(row['id']));
    if (side === 'branch') yield* remove(tx, table.name, theirs);
    const held = yield* one('SELECT held FROM loam_row WHERE branch = ? AND tab = ? AND id = ?', [
      branch.id,
      tab,
      id,
    ]);
    if (held?.[0] !== 1) {
      if (side === 'parent') yield* remove(tx, table.name, [id]);
      return;
    }
    // It is in no table, since the parent's has its place.
    yield* run('DELETE FROM loam_row WHERE branch = ? AND tab = ? AND id = ?', [branch.id, tab, id]);
    if (side === 'branch') yield* reinsert(tx, table.name, [id], change.values ?? {});
    return;
  }
  if (kind !== 'deleted') return;
  // The parent trashed what the branch changed.
  if (cell === null && side === 'branch') yield* update(tx, table.name, [id], { branch_id: branch.parent });
  else if (side === 'parent') yield* asParent(tx, branch, conflict, cell === null ? null : [cell.column]);
}

/** Cells become the parent's; all of the row where none are named. */
function* asParent(
  tx: Transaction,
  branch: Branch,
  { change }: Conflict,
  columns: string[] | null,
): Steps<void> {
  const { table, tab, id } = change;
  const which = `branch = ? AND tab = ? AND id = ? AND held = 0`;
  const rows = yield* all(`SELECT col, other FROM loam_cell WHERE ${which} AND col <> 'updated_at'`, [
    branch.id,
    tab,
    id,
  ]);
  for (const [col, other] of rows) {
    const column = String(col);
    if (columns && !columns.includes(column)) continue;
    yield* update(tx, table.name, [id], { [column]: other ?? null });
    yield* run(`DELETE FROM loam_cell WHERE ${which} AND col = ?`, [branch.id, tab, id, column]);
  }
}
