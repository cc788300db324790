// How long to wait before a server is asked again: ever longer, and by chance, so that a thousand peers do not all come back in
// the moment in which it has started.
import type { Random } from '../ports.ts';

const [firstMs, mostMs] = [500, 60_000];

export interface Backoff {
  /** Milliseconds to wait after one more failure. */
  next(): number;
  /** It worked. */
  reset(): void;
}

/** Between half and all of a time that doubles with each failure, from half a second to a minute. */
export function createBackoff(random: Random): Backoff {
  let failures = 0;
  return {
    next() {
      const whole = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 20));
      failures++;
      const [a = 0, b = 0] = random(new Uint8Array(2));
      return Math.round(whole * (0.5 + (0.5 * (a * 256 + b)) / 65_535));
    },
    reset() {
      failures = 0;
    },
  };
}
