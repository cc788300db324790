// The rows of a list of any length and registry: pages are asked for as they come into sight, from the nearest row that is
// known, and stay on screen until newer ones arrive. Way-marks through a long list are laid while nothing else is to do.
/* eslint-disable svelte/prefer-svelte-reactivity -- pages are replaced as a whole; the rest is bookkeeping no screen reads */
import { untrack } from 'svelte';
import type { WireError } from '../engine/errors.ts';
import type { ColumnInfo, Cursor, FeedEvent, ListRow, View } from '../workers/wire.ts';
import { touches } from './live.svelte.ts';
import { asWireError } from './notices.svelte.ts';
import { createMarks } from './page-plan.ts';
import { createRefresher } from './refresh.ts';
import { session } from './session.svelte.ts';

const PAGE = 100;
/** Rows between two way-marks, how many are laid by one call, and from which length on they are worth it. */
const STEP = 2000;
const MARKS_AT_ONCE = 5;
const LONG = 6000;
const REST = 400;

export interface ListRows {
  /** How many rows there are room for; null until the first answer. */
  readonly total: number | null;
  /** How many there are; null until they are counted. */
  readonly count: number | null;
  readonly columns: readonly ColumnInfo[];
  readonly error: WireError | null;
  at(index: number): ListRow | undefined;
  indexOf(key: string): number;
  /** Tells which rows are in sight. */
  show(first: number, last: number): void;
  again(): void;
}

/** Must be called while a component is being created. Null shows nothing, e.g. while an address cannot be read. */
export function listRows(view: () => View | null): ListRows {
  let pages = $state.raw<ReadonlyMap<number, ListRow[]>>(new Map());
  let columns = $state.raw<readonly ColumnInfo[]>([]);
  let total = $state<number | null>(null);
  let count = $state<number | null>(null);
  let error = $state.raw<WireError | null>(null);
  let wanted = { first: 0, last: 0 };
  /** Answers to an earlier view or an earlier state of the database are dropped. */
  let generation = 0;
  const asked = new Map<number, number>();
  const marks = createMarks();
  let viewKey = '';
  let shownView = '';
  let counted: number | null = null;
  let tables: readonly string[] = [''];
  let resting: ReturnType<typeof setTimeout> | undefined;
  let took = 0;
  /** An act goes on: the list will be another one in a moment, so way-marks through it would be laid in vain. */
  let changing = false;

  const fail = (mine: number, problem: unknown): void => {
    if (mine === generation) error = asWireError(problem);
  };

  async function load(page: number): Promise<void> {
    const mine = generation;
    const now = view();
    if (!now || asked.get(page) === mine) return;
    asked.set(page, mine);
    const start = page * PAGE;
    try {
      const answer = await session.engine.listRows(now, marks.plan(start, PAGE, counted));
      if (mine !== generation) return;
      const { rows, cursors } = answer;
      if (cursors) {
        marks.add(start, cursors.first);
        marks.add(start + rows.length - 1, cursors.last);
      }
      // The first page of a new view replaces what the old view showed; a refresh replaces page by page.
      pages = new Map(shownView === viewKey ? pages : []).set(page, rows);
      if (shownView !== viewKey || total === null) total = counted ?? start + rows.length;
      shownView = viewKey;
      columns = answer.columns;
      tables = answer.tables;
      indexed = answer.indexed;
      error = null;
    } catch (problem) {
      fail(mine, problem);
    }
  }
  let indexed = false;

  async function loadWanted(): Promise<void> {
    const loads: Promise<void>[] = [];
    const last = counted === null ? wanted.last : Math.min(wanted.last, Math.max(0, counted - 1));
    for (let page = Math.floor(wanted.first / PAGE); page <= Math.floor(last / PAGE); page++)
      loads.push(load(page));
    await Promise.all(loads);
  }

  async function recount(): Promise<void> {
    const mine = generation;
    const now = view();
    if (!now) return;
    try {
      const found = await session.engine.countList(now);
      if (mine !== generation) return;
      counted = total = count = found;
      void loadWanted();
    } catch (problem) {
      fail(mine, problem);
    }
  }

  /** From the start to the end, a few at a time, so that a jump finds a place to start from. */
  async function layMarks(): Promise<void> {
    const mine = generation;
    const now = view();
    let after: Cursor | null = null;
    for (let index = -1; now && indexed && !changing && counted !== null && index + STEP < counted;) {
      const found: Cursor[] = await session.engine
        .listMarks(now, after, STEP, MARKS_AT_ONCE)
        .catch((): Cursor[] => []);
      if (mine !== generation || found.length === 0) return;
      for (const cursor of found) marks.add((index += STEP), cursor);
      after = found.at(-1) ?? null;
    }
  }

  async function again(): Promise<void> {
    generation += 1;
    counted = null;
    marks.clear();
    clearTimeout(resting);
    const mine = generation;
    const start = performance.now();
    // Rows first: what is in sight matters more than how much there is.
    await Promise.all([loadWanted(), recount()]);
    if (mine === generation) took = performance.now() - start;
    if (mine !== generation || changing || counted === null || counted < LONG) return;
    resting = setTimeout(() => void layMarks(), REST);
  }

  $effect(() => {
    const now = view();
    const key = JSON.stringify(now);
    if (session.state !== 'ready') return;
    untrack(() => {
      if (key !== viewKey) error = null;
      viewKey = key;
      changing = false;
      void again();
    });
  });
  $effect(() => {
    const refresher = createRefresher(again, undefined, () => took);
    const stop = session.onFeed((feed: FeedEvent) => {
      if (!touches(feed, tables)) return;
      changing = !feed.last;
      if (changing) clearTimeout(resting);
      refresher.wish(changing);
    });
    return () => {
      stop();
      refresher.stop();
      clearTimeout(resting);
      generation += 1;
    };
  });

  return {
    get total() {
      return total;
    },
    get count() {
      return count;
    },
    get columns() {
      return columns;
    },
    get error() {
      return error;
    },
    at: (index) => pages.get(Math.floor(index / PAGE))?.[index % PAGE],
    indexOf(key) {
      for (const [page, rows] of pages) {
        const at = rows.findIndex((row) => row.key === key);
        if (at >= 0) return page * PAGE + at;
      }
      return -1;
    },
    show(first, last) {
      wanted = { first, last };
      if (session.state === 'ready') void loadWanted();
    },
    again: () => void again(),
  };
}
