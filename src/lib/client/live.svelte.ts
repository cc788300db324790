// A question to the engine as rune state: asked again when its inputs change or an act touches its tables.
// Old data stays on screen while the next answer is on its way, so nothing flickers.
import { untrack } from 'svelte';
import type { FeedEvent } from '../workers/wire.ts';
import type { WireError } from '../engine/errors.ts';
import { asWireError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

/** A long act (a drop of thousands of files) reports often; screens follow it at most twice a second. */
const REFRESH_MS = 500;

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

/** Calls `run` at once for the first event and then at most twice a second, never dropping the last one. */
export function followFeed(tables: readonly string[], run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let lastRun = 0;
  const stop = session.onFeed((feed) => {
    if (timer !== null || !touches(feed, tables)) return;
    const wait = Math.max(30, lastRun + REFRESH_MS - performance.now());
    timer = setTimeout(() => {
      timer = null;
      lastRun = performance.now();
      run();
    }, wait);
  });
  return () => {
    stop();
    if (timer !== null) clearTimeout(timer);
  };
}

/** Must be called while a component is being created. `ask` may read rune state before its first await. */
export function live<T>(ask: () => Promise<T>, tables: readonly string[]): Live<T> {
  let value = $state.raw<T | undefined>(undefined);
  let error = $state.raw<WireError | null>(null);
  let opening = $state(true);
  let turn = $state(0);
  let newest = 0;

  $effect(() => {
    void turn;
    if (session.state !== 'ready') return;
    const mine = ++newest;
    ask().then(
      (answer) => {
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
  $effect(() => followFeed(tables, reload));

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
