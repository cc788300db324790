// Rows that readers do not see: what an unfinished act has inserted (architecture §6, "open acts"), and what is on branches
// other than those of the checked-out one. The write path itself sees every row. Kept in memory, since there is one
// connection: after a crash unfinished acts are taken back before anything is read. Updates and deletes of an unfinished act
// stay visible; those of a branch are not in the tables while it is not checked out (branch-log.ts).
import type { Model } from '../model/types.ts';
import { reachOf } from './reach.ts';
import type { Author } from './transaction.ts';

/**
 * What a query adds to the conditions on one table: ` AND NOT (…)`, or nothing while nothing of it is hidden. `id` is
 * the SQL of the row's id (`a.id`). In an outer join it belongs to the ON of the table's own join. `anyBranch` for
 * readers that choose branches themselves, as LaminDB's `get` by uid.
 */
export interface Hidden {
  (table: string, id: string, anyBranch?: boolean): string;
  /** Ids of the branches whose rows are seen: the checked-out one first, main last. */
  branches(): readonly number[];
}

/** Of unfinished acts alone. */
export type Unfinished = (table: string, id: string) => string;

export const nothingHidden: Hidden = Object.assign(() => '', { branches: () => [1] });

export interface HiddenRows {
  readonly without: Hidden;
  readonly unfinished: Unfinished;
  /** From now on the branches that this author sees. */
  follow(author: Pick<Author, 'visible' | 'others'>): void;
  hide(act: number, table: string, from: number, to: number): void;
  /** How much an act hides, for `rollback` to a transaction that failed. */
  mark(act: number): number;
  rollback(act: number, mark: number): void;
  /** A family with hidden rows beside others: its latest version is to be chosen again when they are shown. */
  mixed(table: string, stem: string): void;
  /** The act is done, or all of it is taken back. Gives the mixed families by table. */
  reveal(act: number): Map<string, Set<string>>;
  /** SQL function `loam_hidden(table handle, id)`, for acts whose rows lie in too many pieces to write them out. */
  readonly covers: (handle: number, id: number) => boolean;
}

interface Block {
  table: string;
  from: number;
  to: number;
}

/** More pieces than this are looked up by the SQL function. */
const writtenOut = 32;

export function createHiddenRows(model: Model): HiddenRows {
  let author: Pick<Author, 'visible' | 'others'> = { visible: [1], others: [] };
  const acts = new Map<number, Block[]>();
  const handles: string[] = [];
  let families = new Map<string, Set<string>>();
  /** Sorted, joined pieces by table; made anew after each change. */
  const pieces = new Map<string, [from: number, to: number][]>();

  function piecesOf(table: string): [number, number][] {
    const known = pieces.get(table);
    if (known) return known;
    const joined: [number, number][] = [];
    const blocks = [...acts.values()].flatMap((of) => of.filter((block) => block.table === table));
    for (const { from, to } of blocks.sort((a, b) => a.from - b.from)) {
      const last = joined.at(-1);
      if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
      else joined.push([from, to]);
    }
    pieces.set(table, joined);
    return joined;
  }

  function unfinished(table: string, id: string): string {
    if (acts.size === 0) return '';
    const hidden = piecesOf(table);
    if (hidden.length === 0) return '';
    if (hidden.length <= writtenOut)
      return ` AND NOT (${hidden.map(([from, to]) => `${id} BETWEEN ${from} AND ${to}`).join(' OR ')})`;
    if (!handles.includes(table)) handles.push(table);
    return ` AND NOT loam_hidden(${handles.indexOf(table)}, ${id})`;
  }

  function elsewhere(table: string, id: string): string {
    if (author.others.length === 0) return '';
    const known = model.tables.get(table);
    if (!known || reachOf(known) !== 'placed') return '';
    return ` AND +${id.replace(/"?id"?$/, '')}branch_id NOT IN (${author.others.join(', ')})`;
  }

  const without: Hidden = Object.assign(
    (table: string, id: string, anyBranch = false) =>
      `${anyBranch ? '' : elsewhere(table, id)}${unfinished(table, id)}`,
    { branches: () => author.visible },
  );

  function covers(handle: number, id: number): boolean {
    const hidden = piecesOf(handles[handle] ?? '');
    let low = 0;
    let high = hidden.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [from, to] = hidden[middle] as [number, number];
      if (id < from) high = middle - 1;
      else if (id > to) low = middle + 1;
      else return true;
    }
    return false;
  }

  return {
    without,
    unfinished,
    covers,
    follow: (of) => (author = of),
    hide(act, table, from, to) {
      const blocks = acts.get(act);
      if (blocks) blocks.push({ table, from, to });
      else acts.set(act, [{ table, from, to }]);
      pieces.delete(table);
    },
    mark: (act) => acts.get(act)?.length ?? 0,
    rollback(act, mark) {
      acts.get(act)?.splice(mark);
      pieces.clear();
    },
    mixed(table, stem) {
      const stems = families.get(table);
      if (stems) stems.add(stem);
      else families.set(table, new Set([stem]));
    },
    reveal(act) {
      acts.delete(act);
      pieces.clear();
      const found = families;
      families = new Map();
      return found;
    },
  };
}
