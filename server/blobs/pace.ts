// How fast one account may ask for bytes and bring them: a bucket of tokens in this process. It keeps a machine that asks
// without end from the others; guessing of secrets is limited elsewhere (people/limits.ts), and by all servers together.
import { LoamError } from '../../src/lib/engine/errors.ts';

export interface Pace {
  /** Takes one, or throws `TooManyTries`. */
  take(who: string): void;
}

/** `burst` at once, then `each` a second. */
export function createPace(now: () => number, { burst = 2_000, each = 200 } = {}): Pace {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(who) {
      const at = now();
      const before = buckets.get(who) ?? { tokens: burst, at };
      const tokens = Math.min(burst, before.tokens + (Math.max(0, at - before.at) / 1000) * each);
      // Full buckets say nothing.
      if (buckets.size > 10_000) buckets.clear();
      // Who is refused takes none.
      buckets.set(who, { tokens: tokens < 1 ? tokens : tokens - 1, at });
      if (tokens < 1) throw new LoamError('TooManyTries', 'Too many requests for files.', { seconds: 1 });
    },
  };
}
