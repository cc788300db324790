// When a screen asks again: soon after the first wish, then at most twice a second, never twice at once. A wish that
// comes while an answer is on its way is kept for after it: thrown-away answers would let a slow list stand still for
// as long as a long act goes on. While it goes on, a question that takes long is asked seldom, so that the questions of
// all tabs leave the engine room for the act and for what a person asks. It knows nothing about what is asked.

export interface RefreshTimes {
  /** Milliseconds from the first wish to the run, for wishes that come together. */
  soon: number;
  /** Least milliseconds between two runs. */
  every: number;
  /** While more is to come: least time between two runs, in times of what the last one took, and a tenth of it at first. */
  seldom: number;
}

export interface Refresher {
  /** `more` is to come, and with it another wish. */
  wish(more?: boolean): void;
  stop(): void;
}

/** `run` settles when its answer is there, good or bad. The last wish is never lost. */
export function createRefresher(
  run: () => Promise<unknown>,
  { soon, every, seldom }: RefreshTimes = { soon: 30, every: 500, seldom: 20 },
  /** What the question took when it was last asked by other means. */
  before: () => number = () => 0,
): Refresher {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let due = Infinity;
  let running = false;
  /** A wish that came while an answer was on its way, and whether more was to come. */
  let wanted: { more: boolean } | null = null;
  let stopped = false;
  let lastRun = -Infinity;
  let took: number | null = null;

  function wish(more = false): void {
    if (stopped) return;
    if (running) {
      wanted = { more: more && (wanted?.more ?? true) };
      return;
    }
    const now = performance.now();
    const rare = more ? (took ?? before()) * seldom : 0;
    const at = Math.max(now + Math.max(soon, rare / 10), lastRun + Math.max(every, rare));
    if (timer !== null && due <= at) return;
    if (timer !== null) clearTimeout(timer);
    due = at;
    timer = setTimeout(go, at - now);
  }

  function go(): void {
    timer = null;
    due = Infinity;
    running = true;
    lastRun = performance.now();
    const ended = () => {
      running = false;
      took = performance.now() - lastRun;
      const next = wanted;
      wanted = null;
      if (next) wish(next.more);
    };
    run().then(ended, ended);
  }

  return {
    wish,
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
