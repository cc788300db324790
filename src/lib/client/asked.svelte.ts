// A question to the server as rune state: asked when the screen opens and when what it reads changes, never by itself again.
import { untrack } from 'svelte';
import type { WireError } from '../engine/errors.ts';
import { asWireError } from './notices.svelte.ts';

export interface Asked<T> {
  readonly value: T | undefined;
  readonly error: WireError | null;
  readonly busy: boolean;
  reload(): Promise<void>;
}

/** Must be called while a component is being created. `ask` reads rune state before its first await; null: there is nothing to ask. */
export function asked<T>(ask: () => Promise<T> | null): Asked<T> {
  let value = $state.raw<T | undefined>(undefined);
  let error = $state.raw<WireError | null>(null);
  let busy = $state(false);
  let newest = 0;

  async function run(question: Promise<T> | null): Promise<void> {
    const mine = ++newest;
    if (!question) return;
    busy = true;
    try {
      const answer = await question;
      if (mine !== newest) return;
      value = answer;
      error = null;
    } catch (problem) {
      if (mine === newest) error = asWireError(problem);
    } finally {
      if (mine === newest) busy = false;
    }
  }
  $effect(() => {
    const question = ask();
    untrack(() => void run(question));
  });

  return {
    get value() {
      return value;
    },
    get error() {
      return error;
    },
    get busy() {
      return busy;
    },
    reload: () => untrack(() => run(ask())),
  };
}
