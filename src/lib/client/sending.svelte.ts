// A form that is sent to the server: whether it is on its way, and what was wrong with it, at which of its fields.
import { asWireError } from './notices.svelte.ts';
import { fieldOf } from './server.ts';

export interface Problem {
  words: string;
  /** The field that it is about; null: none. */
  field: string | null;
}

export interface Sending {
  readonly busy: boolean;
  readonly problem: Problem | null;
  /** As before anything was sent. */
  reset(): void;
  /** Sends; what fails is the problem. */
  run(send: () => Promise<void>): Promise<void>;
}

export function createSending(): Sending {
  let busy = $state(false);
  let problem = $state.raw<Problem | null>(null);
  return {
    get busy() {
      return busy;
    },
    get problem() {
      return problem;
    },
    reset() {
      problem = null;
    },
    async run(send) {
      busy = true;
      problem = null;
      try {
        await send();
      } catch (failure) {
        problem = { words: asWireError(failure).message, field: fieldOf(failure) };
      }
      busy = false;
    },
  };
}
