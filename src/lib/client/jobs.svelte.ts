// Acts on many rows as this page sees them: how far each is, whichever tab began it, and how it is said when it ends.
/* eslint-disable svelte/prefer-svelte-reactivity -- replaced as a whole */
import type { JobProgress } from '../workers/wire.ts';
import { asWireError, say, sayError, sayWithUndo } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

/** After this long an act goes on behind the screen, and the job bar tells of it. */
const PATIENCE_MS = 500;

let running = $state.raw<ReadonlyMap<string, JobProgress>>(new Map());

session.onEvent((event) => {
  if (event.type !== 'job') return;
  const next = new Map(running);
  if (event.job.state === 'running' || event.job.state === 'cancelling') next.set(event.job.act, event.job);
  else next.delete(event.job.act);
  running = next;
});

export const jobs = {
  get running(): JobProgress[] {
    return [...running.values()];
  },
  /** What is going on in the tab that holds the database; jobs of a tab that is gone are not among it. */
  async resume(): Promise<void> {
    try {
      const known = await session.engine.jobs();
      running = new Map(known.map((job) => [job.act, job]));
    } catch (problem) {
      sayError(problem, 'Running jobs could not be listed');
    }
  },
  async cancel(act: string): Promise<void> {
    try {
      await session.engine.cancelJob(act);
    } catch (problem) {
      sayError(problem, 'Could not cancel');
    }
  },
};

/**
 * Waits for an act that may be long. Answers a problem in words while the person is still looking at the form; after
 * that null, and what becomes of the act is said in passing. `done` says it in words ("Annotated 3 artifacts").
 */
export async function patiently(act: Promise<unknown>, done: string, failed: string): Promise<string | null> {
  let waiting = true;
  const ended = act.then(
    () => {
      sayWithUndo(done);
      return null;
    },
    (problem: unknown) => {
      const { code, message } = asWireError(problem);
      if (waiting) return message;
      if (code === 'Cancelled') say('Cancelled', message);
      else sayError(problem, failed);
      return null;
    },
  );
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  const problem = await Promise.race([ended, late]);
  waiting = false;
  return problem;
}
