// What validations and the mending of datasets have in common: an artifact's bytes wherever they lie, and work that tells how far
// it is under a token (as views do) and is ended by it.
import type { Engine } from '../engine/index.ts';
import type { DatasetRead, FrameAsk, Payload } from '../engine/ports.ts';
import type { RowsTable } from '../formats/curate/read-dataset.ts';
import type { Finder } from './find-bytes.ts';
import type { ViewProgress } from './storages.ts';

export interface Watch {
  onProgress: (done: number, total: number) => void;
  signal: AbortSignal;
}

/** Reads parts of a dataset in the worker that can be ended. */
export type ReadDataset = (
  payload: Payload | { rows: RowsTable },
  name: string,
  asks: readonly FrameAsk[],
  watch: Watch,
) => Promise<DatasetRead>;

export interface DatasetWatch {
  /** What an artifact's dataset is called; its suffix tells how a text table is read. */
  nameOf(uid: string): string;
  payloadOf(uid: string): Promise<Payload>;
  /** Without a token nobody is told, and nobody can end it. */
  watched<T>(token: string | undefined, work: (watch: Watch) => Promise<T>): Promise<T>;
  /** Its call then rejects with `Cancelled`. */
  cancel(token: string): void;
}

export interface DatasetWatchDeps {
  engine: Pick<Engine, 'whereabouts'>;
  find: Finder['find'];
  tell: (progress: ViewProgress) => void;
}

export function createDatasetWatch({ engine, find, tell }: DatasetWatchDeps): DatasetWatch {
  const running = new Map<string, AbortController>();

  const nameOf = (uid: string): string => {
    const { name, suffix } = engine.whereabouts(uid);
    return name.endsWith(suffix) ? name : `${name}${suffix}`;
  };

  return {
    nameOf,
    async payloadOf(uid) {
      const name = nameOf(uid);
      const found = await find(engine.whereabouts(uid));
      return 'file' in found
        ? { name, file: found.file, files: null }
        : { name, file: null, files: found.files };
    },
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
