// How to reach a page of a long list with the least rows skipped: from a cursor known near it, from the start, or backwards
// from the end. Positions are counted from the start of the list; a mark's cursor is that of the row before its position.
import type { Cursor, PageSpec } from '../workers/wire.ts';

export interface Marks {
  /** The row at `index` has this cursor. */
  add(index: number, cursor: Cursor): void;
  clear(): void;
  plan(start: number, limit: number, total: number | null): PageSpec;
}

export function createMarks(): Marks {
  /** Ascending by index. */
  let known: { index: number; cursor: Cursor }[] = [];

  /** How many marks lie before the index. */
  function before(index: number): number {
    let [low, high] = [0, known.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((known[middle]?.index ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    add(index, cursor) {
      const at = before(index);
      if (known[at]?.index === index) known[at] = { index, cursor };
      else known.splice(at, 0, { index, cursor });
    },
    clear: () => (known = []),
    plan(start, limit, total) {
      const near = known[before(start) - 1];
      const skip = start - (near ? near.index + 1 : 0);
      const forward: PageSpec = { after: near?.cursor ?? null, skip, limit };
      if (total === null || skip === 0) return forward;
      const rows = Math.min(limit, total - start);
      if (rows <= 0) return forward;
      const end = start + rows;
      const next = known[before(end)];
      const back = next ? next.index - end : total - end;
      if (back >= skip) return forward;
      return { after: next?.cursor ?? null, skip: back, limit: rows, backwards: true };
    },
  };
}
