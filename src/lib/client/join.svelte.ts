// Joining a team with the database of this device: one act of the worker, told of as it goes and cancelled by a button. What happens there:
// the team's database is fetched beside the own one, and what was here becomes a branch of it (0040).
import type { WireError } from '../engine/errors.ts';
import { methodKinds } from '../workers/methods.ts';
import { asWireError } from './notices.svelte.ts';

export interface JoinProgress {
  /** What is being done, in words. */
  words: string;
  /** From 0 to 1; null while it is not known. */
  part: number | null;
}

/** What the engine offers for it; absent in a build whose engine cannot join. */
export const canJoin = 'joinTeam' in methodKinds;

let progress = $state.raw<JoinProgress | null>(null);
let error = $state.raw<WireError | null>(null);
let branch = $state<string | null>(null);

export const joining = {
  get progress() {
    return progress;
  },
  get error() {
    return error;
  },
  /** Name of the branch that what was here before is on; null until it has joined. */
  get branch() {
    return branch;
  },
  async run(work: (tell: (progress: JoinProgress) => void) => Promise<string | null>): Promise<void> {
    error = null;
    progress = { words: 'Asking the server', part: null };
    try {
      branch = await work((next) => (progress = next));
    } catch (problem) {
      const told = asWireError(problem);
      if (told.code !== 'Cancelled') error = told;
    } finally {
      progress = null;
    }
  },
};
