// Which row of a list the keys are on and which are chosen: one by one, by a range, or all that the list shows apart from a
// few, so that a hundred thousand rows need not be loaded to be chosen.
/* eslint-disable svelte/prefer-svelte-reactivity -- sets are replaced as a whole */
import { SvelteMap } from 'svelte/reactivity';
import type { ListRow, View } from '../workers/wire.ts';
import type { ListRows } from './list-rows.svelte.ts';

/** What an act is about. */
export type Target = { n: number } & (
  { keys: string[]; view?: undefined } | { view: View; except: string[] }
);

export interface Selection {
  current: string | null;
  readonly n: number;
  readonly everything: boolean;
  readonly selected: Pick<ReadonlySet<string>, 'has'>;
  /** The rows chosen one by one, or else the row the keys are on. */
  rows(): ListRow[];
  target(): Target | null;
  toggle(key: string, to?: string | null): void;
  all(): void;
  clear(): void;
  /** Rows that are no longer there. */
  forget(keys: readonly string[]): void;
  /** Points at the row at this place; answers the place. */
  moveTo(index: number): number | null;
  index(): number;
  /** The row that follows the current one. */
  after(): string | null;
  capture(): Kept;
  restore(kept: Kept): void;
}
export interface Kept {
  current: string | null;
  chosen: [string, ListRow][];
}

/** `filter` names the view's rows whatever their order: a choice of everything holds while it stays the same. */
export function createSelection(rows: ListRows, view: () => View): Selection {
  let current = $state<string | null>(null);
  const chosen = new SvelteMap<string, ListRow>();
  let everything = $state.raw<{ filter: string; except: ReadonlySet<string> } | null>(null);
  let anchor = 0;

  const filter = $derived.by(() => {
    const { registry, filter: tree, search, trash, versions } = view();
    return JSON.stringify([registry, tree, search, trash, versions]);
  });
  const all = $derived(everything?.filter === filter ? everything : null);
  const n = $derived(all ? Math.max(0, (rows.total ?? 0) - all.except.size) : chosen.size);
  const selected = $derived(all ? { has: (key: string) => !all.except.has(key) } : new Set(chosen.keys()));
  const rowOf = (key: string): ListRow | undefined => {
    const index = rows.indexOf(key);
    return index < 0 ? undefined : rows.at(index);
  };

  return {
    get current() {
      return current;
    },
    set current(key) {
      current = key;
    },
    get n() {
      return n;
    },
    get everything() {
      return all !== null;
    },
    get selected() {
      return selected;
    },
    rows() {
      if (chosen.size > 0) return [...chosen.values()];
      const row = current === null ? undefined : rowOf(current);
      return row ? [row] : [];
    },
    target() {
      if (all) return n > 0 ? { n, view: view(), except: [...all.except] } : null;
      const keys = this.rows().map(({ key }) => key);
      return keys.length > 0 ? { n: keys.length, keys } : null;
    },
    toggle(key, to = null) {
      const index = rows.indexOf(key);
      if (all) {
        const others = [...all.except].filter((one) => one !== key);
        everything = { ...all, except: new Set(all.except.has(key) ? others : [...others, key]) };
      } else if (to === 'range') {
        for (let at = Math.min(anchor, index); at <= Math.max(anchor, index); at++) {
          const row = rows.at(at);
          if (row) chosen.set(row.key, row);
        }
      } else if (chosen.has(key)) chosen.delete(key);
      else {
        const row = rowOf(key);
        if (row) chosen.set(key, row);
      }
      anchor = index;
      current = key;
    },
    all: () => (everything = { filter, except: new Set() }),
    clear() {
      chosen.clear();
      everything = null;
    },
    forget(keys) {
      for (const key of keys) chosen.delete(key);
      if (current !== null && keys.includes(current)) current = null;
    },
    moveTo(index) {
      const total = rows.total ?? 0;
      if (total === 0) return null;
      const at = Math.min(total - 1, Math.max(0, index));
      const row = rows.at(at);
      if (row) {
        current = row.key;
        anchor = at;
      }
      return at;
    },
    index: () => (current === null ? -1 : rows.indexOf(current)),
    after: () => (current === null ? null : (rows.at(rows.indexOf(current) + 1)?.key ?? null)),
    capture: () => ({ current, chosen: JSON.parse(JSON.stringify([...chosen])) as [string, ListRow][] }),
    restore(kept) {
      current = kept.current;
      for (const [key, row] of kept.chosen) chosen.set(key, row);
    },
  };
}
