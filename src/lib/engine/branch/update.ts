// Taking over what the parent has: the branch goes on from there. What was chosen is written on the branch, and what the
// parent has now is what its edits are compared with from here on (sync.md §2.5; what others call a rebase).
import { all, one, run, type Steps } from '../statement.ts';
import { reinsert, remove, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Branch } from './branches.ts';
import type { RowChange } from './changes.ts';
import type { Choice } from './choices.ts';
import type { Comparison } from './comparison.ts';
import type { Conflict } from './conflicts.ts';
import { byChange, wantedIn, wantedObject } from './decisions.ts';
import { cellKeys } from './json-keys.ts';
import { withObject, type ValueClash } from './same-values.ts';

/** With the branch checked out and every conflict decided. */
export function* takeOver(
  tx: Transaction,
  branch: Branch,
  compared: Comparison,
  choices: ReadonlyMap<Conflict, Choice>,
): Steps<void> {
  yield* takeKeys(tx, branch, compared, choices);
  for (const [conflict, choice] of choices) if (!conflict.key) yield* settle(tx, branch, conflict, choice);
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

/** Of objects the branch takes over the keys that it did not change, or for which the parent's was chosen. */
function* takeKeys(
  tx: Transaction,
  branch: Branch,
  { changes, objects }: Comparison,
  choices: ReadonlyMap<Conflict, Choice>,
): Steps<void> {
  const decided = byChange(choices);
  for (const change of changes)
    for (const cell of change.cells) {
      if (change.missing || cell.parent === cell.base || !cellKeys(change.table, cell)) continue;
      const wanted = wantedIn(decided, change, cell);
      if (wanted === cell.parent) yield* asParent(tx, branch, change, [cell.column]);
      else if (wanted !== cell.mine)
        yield* update(tx, change.table.name, [change.id], { [cell.column]: wanted });
    }
  for (const clash of objects) {
    const text = wantedObject(decided, clash);
    if (text === clash.sides?.parent) yield* settleValue(tx, branch, clash, null);
    else if (text === clash.sides?.mine) yield* settleValue(tx, branch, clash, clash.change.values);
    else yield* settleValue(tx, branch, clash, yield* withObject(tx, clash.change, text));
  }
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
    if (side === 'parent') yield* asParent(tx, branch, change, [cell.column]);
    return;
  }
  if (kind === 'value')
    return yield* settleValue(tx, branch, conflict, side === 'branch' ? change.values : null);
  if (kind !== 'deleted') return;
  // The parent trashed what the branch changed.
  if (cell === null && side === 'branch') yield* update(tx, table.name, [id], { branch_id: branch.parent });
  else if (side === 'parent') yield* asParent(tx, branch, change, cell === null ? null : [cell.column]);
}

/** Of a feature that both gave a value: the branch has these values of its row, or none where the parent's stays. */
function* settleValue(
  tx: Transaction,
  branch: Branch,
  { change, others }: Pick<ValueClash, 'change' | 'others'>,
  values: RowChange['values'],
): Steps<void> {
  const { table, tab, id } = change;
  const which = 'branch = ? AND tab = ? AND id = ?';
  const theirs = others.map((row) => Number(row['id']));
  if (values) yield* remove(tx, table.name, theirs);
  const held = yield* one(`SELECT held FROM loam_row WHERE ${which}`, [branch.id, tab, id]);
  // It is in no table where the parent's has its place.
  if (held?.[0] === 1) yield* run(`DELETE FROM loam_row WHERE ${which}`, [branch.id, tab, id]);
  else if (values === change.values) return;
  else yield* remove(tx, table.name, [id]);
  if (values) yield* reinsert(tx, table.name, [id], values);
}

/** Cells become the parent's; all of the row where none are named. */
function* asParent(
  tx: Transaction,
  branch: Branch,
  { table, tab, id }: RowChange,
  columns: string[] | null,
): Steps<void> {
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
