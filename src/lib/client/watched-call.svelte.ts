// One call of the engine that may take long and tells how far it is under a token: cancelled by whoever asked, by another
// question, or by leaving the screen. What comes late is dropped.
import { untrack } from 'svelte';
import type { WireError } from '../engine/errors.ts';
import { asWireError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

export interface WatchedCall<Asked extends unknown[], T> {
  /** The last answer. */
  readonly value: T | null;
  readonly error: WireError | null;
  readonly busy: boolean;
  /** From 0 to 1 once it is known. */
  readonly part: number | null;
  /** Ends what was asked before. Null where it failed or was ended. */
  ask(...asked: Asked): Promise<T | null>;
  cancel(): void;
}

export interface WatchedWork<Asked extends unknown[], T> {
  work(token: string, ...asked: Asked): Promise<T>;
  /** The engine's way to end such a call. */
  end(token: string): Promise<unknown>;
  /** An error is put away as soon as something else is asked, not only by an answer. */
  forgets?: boolean;
}

/** Must be called while a component is being created. */
export function watchedCall<Asked extends unknown[], T>({
  work,
  end,
  forgets = false,
}: WatchedWork<Asked, T>): WatchedCall<Asked, T> {
  let value = $state.raw<T | null>(null);
  let error = $state.raw<WireError | null>(null);
  let token = $state.raw<string | null>(null);
  let part = $state<number | null>(null);

  $effect(() => {
    const stop = session.onEvent((event) => {
      if (event.type === 'view' && event.progress.token === token && event.progress.total > 0)
        part = Math.min(1, event.progress.done / event.progress.total);
    });
    return () => {
      stop();
      cancel();
    };
  });

  function cancel(): void {
    // Whoever asks from an effect must not be asked again by what this changes.
    const old = untrack(() => token);
    if (old !== null) void end(old).catch(() => {}); // it may have ended by then
    token = null;
    part = null;
  }

  return {
    get value() {
      return value;
    },
    get error() {
      return error;
    },
    get busy() {
      return token !== null;
    },
    get part() {
      return part;
    },
    async ask(...asked) {
      cancel();
      const mine = crypto.randomUUID();
      token = mine;
      if (forgets) error = null;
      try {
        const found = await work(mine, ...asked);
        if (token !== mine) return null;
        value = found;
        error = null;
        return found;
      } catch (problem) {
        if (token === mine) error = asWireError(problem);
        return null;
      } finally {
        if (token === mine) {
          token = null;
          part = null;
        }
      }
    },
    cancel,
  };
}
