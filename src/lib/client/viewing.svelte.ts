// A view of a file that may take long: asked for by somebody, with how far it is, and cancelled by them or by another question.
import { untrack } from 'svelte';
import type { WireError } from '../engine/errors.ts';
import type { FileView, ViewAsk } from '../workers/wire.ts';
import { asWireError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

export interface Viewing {
  readonly value: FileView | null;
  readonly error: WireError | null;
  readonly busy: boolean;
  /** From 0 to 1 once it is known. */
  readonly part: number | null;
  /** Ends what was asked before. */
  ask(uid: string, ask: ViewAsk): Promise<FileView | null>;
  cancel(): void;
}

/** Must be called while a component is being created. */
export function viewing(): Viewing {
  let value = $state.raw<FileView | null>(null);
  let error = $state.raw<WireError | null>(null);
  let token = $state.raw<string | null>(null);
  let part = $state<number | null>(null);

  $effect(() => {
    const stop = session.onEvent((event) => {
      if (event.type === 'view' && event.progress.token === token && event.progress.total > 0)
        part = event.progress.done / event.progress.total;
    });
    return () => {
      stop();
      cancel();
    };
  });

  function cancel(): void {
    // Whoever asks from an effect must not be asked again by what this changes.
    const old = untrack(() => token);
    if (old !== null) void session.engine.cancelView(old).catch(() => {}); // it may have ended by then
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
    async ask(uid, ask) {
      cancel();
      const mine = crypto.randomUUID();
      token = mine;
      try {
        const found = await session.engine.view(uid, ask, mine);
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
