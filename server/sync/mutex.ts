// One after the other: who asks first is first.

export interface Mutex {
  /** Runs the work when nobody else's is running. Never called within itself: it would wait for its own end. */
  hold<T>(work: () => Promise<T> | T): Promise<T>;
  /** Those that wait or run. */
  readonly length: number;
}

export function createMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  let length = 0;
  return {
    get length() {
      return length;
    },
    hold(work) {
      length++;
      const turn = last.then(work);
      last = turn.then(
        () => length--,
        () => length--,
      );
      return turn;
    },
  };
}
