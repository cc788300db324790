// Who takes files that are dropped on the window: a screen that offered to, else they become artifacts.
import type { Picked } from './files.ts';

export interface DropTaker {
  /** What will happen, before the files fall: "look at their columns". */
  does: string;
  more: string;
  take: (picked: Picked) => void;
}

let taker = $state.raw<DropTaker | null>(null);

export const dropTaker = {
  get current(): DropTaker | null {
    return taker;
  },
  /** Until the answered function is called. */
  offer(mine: DropTaker): () => void {
    taker = mine;
    return () => {
      if (taker === mine) taker = null;
    };
  },
};
