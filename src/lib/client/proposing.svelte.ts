// Looking into a file for its columns: how far it is, what it found, and an end to it.
import type { WireError } from '../engine/errors.ts';
import type { SchemaProposal, UnsavedFile } from '../workers/wire.ts';
import { asWireError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

export type Source = { uid: string } | UnsavedFile;

export interface Proposing {
  readonly busy: boolean;
  /** From 0 to 1 once it is known. */
  readonly part: number | null;
  readonly error: WireError | null;
  /** Null where it failed or was ended. */
  ask(source: Source): Promise<SchemaProposal | null>;
  cancel(): void;
}

/** Must be called while a component is being created. */
export function proposing(): Proposing {
  let token = $state.raw<string | null>(null);
  let part = $state<number | null>(null);
  let error = $state.raw<WireError | null>(null);

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
    if (token !== null) void session.engine.cancelValidation(token).catch(() => {}); // it may have ended by then
    token = null;
    part = null;
  }

  return {
    get busy() {
      return token !== null;
    },
    get part() {
      return part;
    },
    get error() {
      return error;
    },
    async ask(source) {
      cancel();
      const mine = crypto.randomUUID();
      token = mine;
      error = null;
      try {
        const found = await ('uid' in source
          ? session.engine.proposeSchema(source.uid, mine)
          : session.engine.proposeFileSchema(source, mine));
        return token === mine ? found : null;
      } catch (failure) {
        if (token === mine) error = asWireError(failure);
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
