// A list that is read a page at a time and begun anew when what it asks for changes or something is done: the first page is asked
// again, as far as more pages were wanted, so that nothing on screen is lost.
import type { WireError } from '../engine/errors.ts';
import { followFeed } from './live.svelte.ts';
import { asWireError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

export interface Pages<Row> {
  readonly rows: readonly Row[];
  readonly error: WireError | null;
  /** Until the first answer. */
  readonly opening: boolean;
  /** There are rows behind these. */
  readonly more: boolean;
  next(): Promise<void>;
}

/**
 * Must be called while a component is being created. `ask` reads rune state before its first await; `key` names a row, since a
 * page may tell one again.
 */
export function pages<Row, Cursor>(
  ask: (before: Cursor | null) => Promise<{ rows: Row[]; before: Cursor | null }>,
  key: (row: Row) => string,
): Pages<Row> {
  let rows = $state.raw<readonly Row[]>([]);
  let before = $state.raw<Cursor | null>(null);
  let error = $state.raw<WireError | null>(null);
  let opening = $state(true);
  let turn = $state(0);
  let newest = 0;
  let wanted = 1;

  async function load(first: Promise<{ rows: Row[]; before: Cursor | null }>, mine: number): Promise<void> {
    try {
      let page = await first;
      const found = [...page.rows];
      for (let read = 1; read < wanted && page.before !== null && mine === newest; read++) {
        page = await ask(page.before);
        found.push(...page.rows);
      }
      if (mine !== newest) return;
      rows = unlike(found);
      before = page.before;
      error = null;
    } catch (problem) {
      if (mine === newest) error = asWireError(problem);
    } finally {
      if (mine === newest) opening = false;
    }
  }

  function unlike(all: readonly Row[]): Row[] {
    const known: Record<string, true> = {};
    return all.filter((row) => !known[key(row)] && (known[key(row)] = true));
  }

  let asking: Promise<void> = Promise.resolve();
  let turned = 0;
  $effect(() => {
    // Another question begins with one page; the same one, asked again, keeps those that were wanted.
    if (turn === turned) wanted = 1;
    turned = turn;
    if (session.state !== 'ready') return;
    const mine = ++newest;
    asking = load(ask(null), mine);
  });
  $effect(() =>
    followFeed([''], async () => {
      turn += 1;
      await Promise.resolve();
      await asking;
    }),
  );

  return {
    get rows() {
      return rows;
    },
    get error() {
      return error;
    },
    get opening() {
      return opening;
    },
    get more() {
      return before !== null;
    },
    async next() {
      if (before === null) return;
      const mine = newest;
      wanted++;
      try {
        const page = await ask(before);
        if (mine !== newest) return;
        rows = unlike([...rows, ...page.rows]);
        before = page.before;
      } catch (problem) {
        error = asWireError(problem);
      }
    },
  };
}
