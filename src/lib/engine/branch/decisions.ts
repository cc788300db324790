// What was decided, as a merge and an update from the parent read it: what of a row, and the value a cell or a feature is to have.
import type { SqlValue } from '../ports.ts';
import type { CellChange, RowChange } from './changes.ts';
import type { Choice } from './choices.ts';
import type { Conflict, ConflictKind } from './conflicts.ts';
import { cellKeys, mergedObject } from './json-keys.ts';
import type { ValueClash } from './same-values.ts';

export interface Decision {
  conflict: Conflict;
  choice: Choice;
}
export type Decided = ReadonlyMap<RowChange, readonly Decision[]>;

/** The choices by the change that they are about. */
export function byChange(choices: ReadonlyMap<Conflict, Choice>): Decided {
  const decided = new Map<RowChange, Decision[]>();
  for (const [conflict, choice] of choices) {
    const known = decided.get(conflict.change);
    if (known) known.push({ conflict, choice });
    else decided.set(conflict.change, [{ conflict, choice }]);
  }
  return decided;
}

/** What was decided of a row, by the kind of conflict. */
export const decisionOn = (decided: Decided, row: RowChange, kind: ConflictKind): Decision | undefined =>
  decided.get(row)?.find(({ conflict }) => conflict.kind === kind);

/** What a cell that the branch changed is to have. */
export function wantedIn(decided: Decided, change: RowChange, cell: CellChange): SqlValue {
  const known = (decided.get(change) ?? []).filter(
    ({ conflict }) => conflict.kind === 'changed' && conflict.cell?.column === cell.column,
  );
  const keys = cell.parent === cell.base ? null : cellKeys(change.table, cell);
  if (keys) return mergedObject(cell, keys, choiceOfKey(known));
  const choice = known[0]?.choice;
  if (choice?.side === 'parent') return cell.parent;
  return choice?.side === 'edit' ? choice.value : cell.mine;
}

/** The object that a feature is to have where both sides gave one. */
export const wantedObject = (decided: Decided, { change, sides, keys }: ValueClash): SqlValue =>
  sides && keys ? mergedObject(sides, keys, choiceOfKey(decided.get(change) ?? [])) : null;

const choiceOfKey =
  (known: readonly Decision[]) =>
  (key: string): Choice | undefined =>
    known.find(({ conflict }) => conflict.key?.key === key)?.choice;
