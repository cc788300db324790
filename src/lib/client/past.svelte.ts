// The moment that all tabs look at instead of the present, as rune state: what the engine says of it, and the ways there and
// back.
import type { PastState, PastStop } from '../workers/wire.ts';
import { attempt } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { exactTime } from './words.ts';

let choosing = $state(false);

export const past = {
  /** Null in the present. */
  get at(): PastState | null {
    return session.status?.past ?? null;
  },
  /** The sheet to choose a moment is open. */
  get choosing(): boolean {
    return choosing;
  },
  choose(open: boolean): void {
    choosing = open;
  },
  /** Answers whether it was reached. */
  async go(stop: PastStop): Promise<boolean> {
    choosing = false;
    return (await attempt('Could not go there', () => session.engine.goToPast(stop))) !== undefined;
  },
  cancel: () => void attempt('Could not cancel', () => session.engine.cancelPast()),
  back: () => attempt('Could not go back to now', () => session.engine.backToNow()),
};

/** "as it was on 3 Mar 2026, 14:02:07", "as it was before “Import 40 labels”". */
export function momentWords({ at, act }: PastState): string {
  return act ? `as it was ${act.side} “${act.title}” (${exactTime(at)})` : `as it was on ${exactTime(at)}`;
}
