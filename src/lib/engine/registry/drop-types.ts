// Drops as plain data: what is dropped, what became of each item. Crosses the worker border.

export interface DropOptions {
  description?: string;
  labels?: string[];
  projects?: string[];
  /** feature name -> value as typed. */
  features?: Record<string, string>;
  /** What to do where content equals that of an existing artifact with another key. */
  sameContent?: 'existing' | 'duplicate';
  /** Uid of a run that is going on and saves these files; without one the drop is a run of its own. */
  run?: string;
  /** What made these files, in place of the drop: its code becomes a Transform and this drop a Run of it. */
  made?: MadeBy;
}

export interface MadeBy {
  /** Of the Transform, e.g. `queries/cells.sql`. */
  key: string;
  code: string;
  /** Of the Transform; `script` where nothing is said. */
  kind?: 'script' | 'function' | 'pipeline';
  description: string | null;
  params?: Record<string, unknown>;
  /** Uids of the artifacts it read. */
  inputs: string[];
}

/** What is said about artifacts that are there already. */
export interface AnnotateOptions extends Pick<
  DropOptions,
  'description' | 'labels' | 'projects' | 'features'
> {
  /** Features that are made first, in the same act: name -> dtype. One that is there with that dtype is used as it is. */
  newFeatures?: Record<string, string>;
  /** Rows of registries that artifacts are labelled with, such as `bionty.CellType`. */
  terms?: { registry: string; uid: string }[];
}

export type DropState = 'queued' | 'hashing' | 'storing' | 'saved' | 'failed' | 'cancelled' | 'paused';

/**
 * What became of one item.
 * new: a new artifact; version: a new version of `uid`'s family; existing: same key and content, nothing new;
 * existing-key: same content under another key, LaminDB returns that artifact; old-version: equals an older version.
 */
export type DropVerdict = 'new' | 'version' | 'existing' | 'existing-key' | 'old-version' | 'error';

export interface DropProgress {
  drop: string;
  item: string;
  key: string;
  state: DropState;
  size: number;
  done: number;
  verdict: DropVerdict | null;
  /** In words, where LaminDB would stay silent or where something failed. */
  message: string | null;
  artifact: { uid: string; key: string | null; version: number } | null;
  otype: string | null;
  suffix: string | null;
  /** Files of a folder that becomes one artifact; null for a file. */
  nFiles: number | null;
}
