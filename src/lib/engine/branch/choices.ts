// What people chose where a branch and its parent differ. A choice is kept on the branch; it holds while the parent has what
// was seen when it was made, so that a later change there is looked at again.
import { LoamError } from '../errors.ts';
import { jsonOfWords } from '../json-text.ts';
import type { Model } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, one, run, type Steps } from '../statement.ts';
import { tableOf } from '../write/journal.ts';
import type { Conflict } from './conflicts.ts';

/** `branch`: what the branch has; `parent`: what its parent has; `edit`: the given value. */
export type Side = 'branch' | 'parent' | 'edit';

export interface Choice {
  side: Side;
  value: SqlValue;
}

/** Names what a choice is about: table number, row, and column (empty for the row as a whole), with a key of its object. */
export interface CellName {
  tab: number;
  id: number;
  column: string;
}

const keyOf = ({ tab, id, column }: CellName): string => `${tab} ${id} ${column}`;

export const nameOfConflict = ({ change, cell, key, kind }: Conflict): CellName => ({
  tab: change.tab,
  id: change.id,
  column: `${kind === 'changed' ? (cell?.column ?? '') : `!${kind}`}${key ? `.${key.key}` : ''}`,
});

/** The choices that still hold, by conflict. */
export function* choicesFor(branch: number, conflicts: readonly Conflict[]): Steps<Map<Conflict, Choice>> {
  const rows = yield* all('SELECT tab, id, col, choice, value, seen FROM loam_choice WHERE branch = ?', [
    branch,
  ]);
  const made = new Map(
    rows.map(([tab, id, column, side, value = null, seen = null]) => [
      keyOf({ tab: Number(tab), id: Number(id), column: String(column) }),
      { side: side as Side, value, seen },
    ]),
  );
  const held = new Map<Conflict, Choice>();
  for (const conflict of conflicts) {
    const choice = made.get(keyOf(nameOfConflict(conflict)));
    if (choice && choice.seen === conflict.seen)
      held.set(conflict, { side: choice.side, value: choice.value });
  }
  return held;
}

export function* choose(
  model: Model,
  branch: number,
  conflicts: readonly Conflict[],
  { side, value }: Choice,
): Steps<void> {
  const names = conflicts.map(nameOfConflict);
  const values: SqlValue[] = [];
  for (const conflict of conflicts) values.push(yield* meantBy(model, conflict, value));
  yield* many(
    'INSERT OR REPLACE INTO loam_choice(branch, tab, id, col, choice, value, seen) VALUES (?, ?, ?, ?, ?, ?, ?)',
    names.length,
    [
      [branch],
      names.map(({ tab }) => tab),
      names.map(({ id }) => id),
      names.map(({ column }) => column),
      [side],
      values,
      conflicts.map(({ seen }) => seen),
    ],
  );
}

/**
 * Another value as it is given: a key of an object in the words it is read by, a row that is referred to by its uid (or its id
 * where it has none), all else as it is.
 */
function* meantBy(model: Model, { key, cell, change }: Conflict, value: SqlValue): Steps<SqlValue> {
  if (value === null) return null;
  if (key) return jsonOfWords(String(value));
  const target = cell ? change.table.column.get(cell.column)?.references?.table : undefined;
  if (target === undefined) return value;
  const table = tableOf(model, target);
  const by = typeof value === 'string' && table.column.has('uid') ? 'uid' : 'id';
  const row = yield* one(`SELECT id FROM "${target}" WHERE ${by} = ?`, [value]);
  if (row) return Number(row[0]);
  throw new LoamError(
    'DoesNotExist',
    `There is no ${table.registry ?? target} ${String(value).slice(0, 60)}. Choose one that is there.`,
    { registry: table.registry ?? target, value: String(value).slice(0, 60) },
  );
}

export function* unchoose(branch: number, conflicts: readonly Conflict[]): Steps<void> {
  for (const conflict of conflicts) {
    const { tab, id, column } = nameOfConflict(conflict);
    yield* run('DELETE FROM loam_choice WHERE branch = ? AND tab = ? AND id = ? AND col = ?', [
      branch,
      tab,
      id,
      column,
    ]);
  }
}
