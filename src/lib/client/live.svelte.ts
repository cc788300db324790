// A question to the engine as rune state: asked again when its inputs change or an act touches its tables.
// Old data stays on screen while the next answer is on its way, so nothing flickers.
import { tick, untrack } from 'svelte';
import type { FeedEvent } from '../workers/wire.ts';
import type { WireError } from '../engine/errors.ts';
import { asWireError } from './notices.svelte.ts';
import { createRefresher } from './refresh.ts';
import { session } from './session.svelte.ts';

/** Questions of the screen that have had no answer yet: until there is none, content may still come in and move what is below it. */
let unanswered = $state(0);
export const asking = {
  get first() {
    return unanswered > 0;
  },
};

export interface Live<T> {
  readonly value: T | undefined;
  readonly error: WireError | null;
  /** True only until the first answer or failure. */
  readonly opening: boolean;
  reload(): void;
}

/** Table names are prefixes: `lamindb_artifact` follows its link tables too. */
export function touches(feed: FeedEvent, tables: readonly string[]): boolean {
  return feed.tables.some((changed) => tables.some((prefix) => changed.table.startsWith(prefix)));
}

/** Calls `run` after events that touch the tables, as often as refresh.ts allows; `run` settles with its answer. */
export function followFeed(
  tables: readonly string[],
  run: () => Promise<unknown>,
  took?: () => number,
): () => void {
  const refresher = createRefresher(run, undefined, took);
  const stop = session.onFeed((feed) => {
    if (touches(feed, tables)) refresher.wish(!feed.last);
  });
  return () => {
    stop();
    refresher.stop();
  };
}

/** Must be called while a component is being created. `ask` may read rune state before its first await. */
export function live<T>(ask: () => Promise<T>, tables: readonly string[]): Live<T> {
  let value = $state.raw<T | undefined>(undefined);
  let error = $state.raw<WireError | null>(null);
  let opening = $state(true);
  let turn = $state(0);
  let newest = 0;
  let asking: Promise<void> = Promise.resolve();
  let took = 0;

  $effect(() => {
    if (!opening) return;
    untrack(() => (unanswered += 1));
    return () => untrack(() => (unanswered -= 1));
  });
  $effect(() => {
    void turn;
    if (session.state !== 'ready') return;
    const mine = ++newest;
    const start = performance.now();
    asking = ask().then(
      (answer) => {
        took = performance.now() - start;
        if (mine !== newest) return;
        value = answer;
        error = null;
        opening = false;
      },
      (problem: unknown) => {
        if (mine !== newest) return;
        error = asWireError(problem);
        opening = false;
      },
    );
  });

  const reload = () => untrack(() => (turn += 1));
  $effect(() =>
    followFeed(
      tables,
      async () => {
        reload();
        await tick(); // the effect above asks
        await asking;
      },
      () => took,
    ),
  );

  return {
    get value() {
      return value;
    },
    get error() {
      return error;
    },
    get opening() {
      return opening;
    },
    reload,
  };
}
