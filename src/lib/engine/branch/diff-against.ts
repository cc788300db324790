// A branch beside another one of the same parent: its changes with the other's in the place of the parent.
import { LoamError } from '../errors.ts';
import type { RowChange } from './changes.ts';

/**
 * The changes of one branch with another's in the place of the parent. Both come from the same parent; what both have alike is
 * no difference.
 */
export function changesAgainst(mine: readonly RowChange[], theirs: readonly RowChange[]): RowChange[] {
  const key = ({ table, id, kind }: RowChange) => `${kind} ${table.name} ${id}`;
  const others = new Map(theirs.map((change) => [key(change), change]));
  const out: RowChange[] = [];
  for (const change of mine) {
    const other = others.get(key(change));
    others.delete(key(change));
    if (change.kind === 'made') out.push(change);
    else if (change.kind === 'changed') {
      const cells = change.cells.map((cell) => ({
        ...cell,
        parent: other?.cells.find(({ column }) => column === cell.column)?.mine ?? cell.parent,
      }));
      const more = (other?.cells ?? [])
        .filter(({ column }) => !change.cells.some((cell) => cell.column === column))
        .map((cell) => ({ ...cell, mine: cell.parent, parent: cell.mine }));
      const differ = [...cells, ...more].filter((cell) => cell.mine !== cell.parent);
      if (differ.length > 0) out.push({ ...change, cells: differ });
    } else if (!theirs.some((one) => one.kind === change.kind && sameLink(one, change))) out.push(change);
  }
  for (const change of others.values()) {
    if (change.kind === 'changed')
      out.push({
        ...change,
        cells: change.cells.map((cell) => ({ ...cell, mine: cell.parent, parent: cell.mine })),
      });
    else if (change.kind !== 'made' && !mine.some((one) => one.kind === change.kind && sameLink(one, change)))
      out.push({ ...change, kind: change.kind === 'added' ? 'taken' : 'added' });
  }
  return out;
}

const incidental = new Set(['created_at', 'created_by_id', 'run_id']);

function sameLink(a: RowChange, b: RowChange): boolean {
  if (a.table !== b.table) return false;
  return Object.entries(a.values ?? {}).every(
    ([name, value]) => incidental.has(name) || b.values?.[name] === value,
  );
}

export const notSiblings = (a: string, b: string) =>
  new LoamError(
    'InvalidArgument',
    `"${a}" and "${b}" come from different branches. Compare each with the one it comes from.`,
  );
