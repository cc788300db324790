// Work that tells how far it is under a token, and is ended by it: views of artifacts, validations, the mending of datasets.
import type { ViewProgress } from './storages.ts';

export interface Watch {
  onProgress: (done: number, total: number) => void;
  signal: AbortSignal;
}

export interface Watched {
  /** Without a token nobody is told, and nobody can end it. */
  watched<T>(token: string | undefined, work: (watch: Watch) => Promise<T>): Promise<T>;
  /** Its call then rejects with `Cancelled`. */
  cancel(token: string): void;
}

export function createWatched(tell: (progress: ViewProgress) => void): Watched {
  const running = new Map<string, AbortController>();
  return {
    async watched(token, work) {
      const abort = new AbortController();
      if (token !== undefined) running.set(token, abort);
      try {
        return await work({
          signal: abort.signal,
          onProgress: (done, total) =>
            token !== undefined && tell({ token, done, total: total === 0 ? 0 : Math.max(total, done) }),
        });
      } finally {
        if (token !== undefined) running.delete(token);
      }
    },
    cancel: (token) => running.get(token)?.abort(),
  };
}
