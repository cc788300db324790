// What people chose where a branch and its parent differ. A choice is kept on the branch; it holds while the parent has what
// was seen when it was made, so that a later change there is looked at again.
import { jsonOfWords, jsonWords } from '../json-text.ts';
import type { SqlValue } from '../ports.ts';
import { all, many, run, type Steps } from '../statement.ts';
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
  branch: number,
  conflicts: readonly Conflict[],
  { side, value }: Choice,
): Steps<void> {
  const names = conflicts.map(nameOfConflict);
  yield* many(
    'INSERT OR REPLACE INTO loam_choice(branch, tab, id, col, choice, value, seen) VALUES (?, ?, ?, ?, ?, ?, ?)',
    names.length,
    [
      [branch],
      names.map(({ tab }) => tab),
      names.map(({ id }) => id),
      names.map(({ column }) => column),
      [side],
      conflicts.map((conflict) => meantBy(conflict, value)),
      conflicts.map(({ seen }) => seen),
    ],
  );
}

/** Of a key of an object another value is given, and told, in the words it is read by. */
export const toldChoice = ({ key }: Conflict, choice: Choice | null): Choice | null =>
  key && choice?.side === 'edit' && typeof choice.value === 'string'
    ? { ...choice, value: jsonWords(choice.value) }
    : choice;

const meantBy = ({ key }: Conflict, value: SqlValue): SqlValue =>
  key && value !== null ? jsonOfWords(String(value)) : value;

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
