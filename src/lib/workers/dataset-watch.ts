// What validations and the mending of datasets have in common: an artifact's bytes wherever they lie, and work that is watched
// under a token.
import type { Engine } from '../engine/index.ts';
import type { DatasetRead, FrameAsk, Payload } from '../engine/ports.ts';
import type { RowsTable } from '../formats/curate/read-dataset.ts';
import { payloadOf, type Finder } from './find-bytes.ts';
import type { ViewProgress } from './storages.ts';
import { createWatched, type Watch, type Watched } from './watched.ts';

/** Reads parts of a dataset in the worker that can be ended. */
export type ReadDataset = (
  payload: Payload | { rows: RowsTable },
  name: string,
  asks: readonly FrameAsk[],
  watch: Watch,
) => Promise<DatasetRead>;

export interface DatasetWatch extends Watched {
  /** What an artifact's dataset is called; its suffix tells how a text table is read. */
  nameOf(uid: string): string;
  payloadOf(uid: string): Promise<Payload>;
}

export interface DatasetWatchDeps {
  engine: Pick<Engine, 'whereabouts'>;
  find: Finder['find'];
  tell: (progress: ViewProgress) => void;
}

export function createDatasetWatch({ engine, find, tell }: DatasetWatchDeps): DatasetWatch {
  const nameOf = (uid: string): string => {
    const { name, suffix } = engine.whereabouts(uid);
    return name.endsWith(suffix) ? name : `${name}${suffix}`;
  };

  return {
    nameOf,
    payloadOf: async (uid) => payloadOf(nameOf(uid), await find(engine.whereabouts(uid))),
    ...createWatched(tell),
  };
}
