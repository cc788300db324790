// Objects in JSON columns, key by key (sync.md §2.5): who changed other keys of params, `_aux` or a feature's value is in nobody's
// way. Only whole objects on all sides are taken apart, by their top-level keys; lists and plain values are one value.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { jsonOfKeys, keysOfJson, plainJson, sameJson } from '../json-text.ts';
import type { CellChange } from './changes.ts';
import type { Choice } from './choices.ts';

/** A key of which at least one side has another value; texts of JSON, null where the side has no such key. */
export interface KeyChange {
  key: string;
  base: string | null;
  parent: string | null;
  mine: string | null;
}

type Sides = Pick<CellChange, 'base' | 'parent' | 'mine'>;

/** The keys that differ, in the order of the texts; null where the cell is one value. A cell that was empty had no keys. */
export function keyChanges(sides: Sides): KeyChange[] | null {
  const base = sides.base === null ? new Map<string, string>() : keysOfJson(sides.base);
  const [parent, mine] = [keysOfJson(sides.parent), keysOfJson(sides.mine)];
  if (!base || !parent || !mine) return null;
  const found: KeyChange[] = [];
  for (const key of new Set([...base.keys(), ...parent.keys(), ...mine.keys()])) {
    const of = (keys: ReadonlyMap<string, string>) => keys.get(key) ?? null;
    const change = { key, base: of(base), parent: of(parent), mine: of(mine) };
    if (!sameJson(change.base, change.parent) || !sameJson(change.base, change.mine)) found.push(change);
  }
  return found;
}

/** Of a cell of a JSON column; null for every other cell. */
export const cellKeys = (table: Table, cell: CellChange): KeyChange[] | null =>
  table.column.get(cell.column)?.type === 'json' ? keyChanges(cell) : null;

/** Changed by the branch. */
export const isMine = ({ base, mine }: KeyChange): boolean => !sameJson(base, mine);

/** Changed by both, and not to the same. */
export const isDisputed = ({ base, parent, mine }: KeyChange): boolean =>
  !sameJson(base, parent) && !sameJson(base, mine) && !sameJson(parent, mine);

/** What a choice about a key holds on to. */
export const seenOfKey = ({ parent }: KeyChange): SqlValue => (parent === null ? null : plainJson(parent));

/**
 * The parent's object with what the branch changed of it; `choiceOf` decides the keys that both changed. One side's own text
 * where the other changed nothing.
 */
export function mergedObject(
  sides: Sides,
  changes: readonly KeyChange[],
  choiceOf: (key: string) => Choice | undefined,
): SqlValue {
  if (!changes.some(isMine)) return sides.parent;
  if (changes.every(({ base, parent }) => sameJson(base, parent))) return sides.mine;
  const keys = new Map(keysOfJson(sides.parent) ?? []);
  let changed = false;
  for (const change of changes) {
    if (!isMine(change)) continue;
    const choice = isDisputed(change) ? choiceOf(change.key) : undefined;
    if (choice?.side === 'parent') continue;
    const value = choice?.side === 'edit' ? choice.value : change.mine;
    if (sameJson(value === null ? null : String(value), change.parent)) continue;
    changed = true;
    if (value === null) keys.delete(change.key);
    else keys.set(change.key, String(value));
  }
  return changed ? jsonOfKeys(keys) : sides.parent;
}
