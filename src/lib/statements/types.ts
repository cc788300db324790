// What statements over files are made of, as plain data: the sources they name, how files differ, what is known of the
// artifacts beside their files. Shared by the page's query worker and by Node.

import type { TableAsk } from '../formats/table-ask.ts';

/** What the reader of a file is; others cannot be asked yet. */
export type SourceFormat = 'parquet' | 'csv' | 'json';

/** One artifact, or one file that the page holds. */
export interface StatementSource<File = unknown> {
  /** Of the artifact; for held files a name of the page's own making without a slash. */
  uid: string;
  key: string;
  format: SourceFormat;
  /**
   * Lazily read. `path` is empty for a single file, else it is below the folder; of a table inside a file it is the table
   * (`obs`, `rna:obs`), and the file its copy as parquet.
   */
  files: { path: string; file: File }[];
}

/**
 * What a statement names: `artifact('key')` and lists of them, `collection('key')`, `artifacts('a saved view')`.
 */
export type SourceKind = 'artifact' | 'collection' | 'artifacts';

/**
 * `artifact('a')` and `FROM 'a'` are one table as it is. Lists, collections and views are one table of many artifacts, with
 * artifact_uid, artifact_key and what the artifacts are annotated with as further columns.
 */
export interface SourceUse {
  of: SourceKind;
  names: string[];
  list: boolean;
  /** `obs(…)` and `var(…)`: not the files themselves but this table inside each. Null for the files. */
  table: TableAsk | null;
}

/** A row per artifact, with `artifact_uid`, as lines of JSON; the types are the engine's. */
export interface Annotations {
  columns: { name: string; type: string; feature?: string }[];
}

/** How the files of one list differ from the table that they make together. */
export interface DriftColumn {
  name: string;
  /** Types that are no two ways of writing the same kind of value; empty where only files miss the column. */
  types: { type: string; files: number; example: string }[];
  /** Files without the column, whose rows have null there. */
  missing: number;
  missingExample: string | null;
  /** What to read it as, so that all files agree. */
  proposal: string | null;
}

export interface Drift {
  /** Which of the statement's sources it is, counted from 0. */
  use: number;
  files: number;
  columns: DriftColumn[];
  /** What to write in place of the source, from and to which character of the statement, so that all files agree. */
  fix: { from: number; to: number; text: string } | null;
}

/** Files of the lists that were not opened, since the statement's own conditions leave nothing of them. */
export interface LeftOut {
  byAnnotations: number;
  byFooters: number;
}
