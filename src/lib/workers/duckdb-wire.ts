// The query engine (DuckDB) as it crosses the worker border: what a statement asks for and what comes back, plain data
// only. The worker implements DuckdbApi; the page reaches it through client/duckdb.ts.

/** What the reader of a file is; others cannot be asked yet. */
export type SourceFormat = 'parquet' | 'csv' | 'json';

/** One artifact, or one file that the page holds, under the name by which a statement calls it. */
export interface DuckdbSource {
  /** As written in the statement: a key, a uid or the name of a held file. */
  name: string;
  /** Of the artifact; for held files a name of the page's own making without a slash. */
  uid: string;
  key: string;
  format: SourceFormat;
  /** Lazily read. `path` is empty for a single file, else it is below the folder. */
  files: { path: string; file: File }[];
}

/** `artifact('a')` and `FROM 'a'` are one table as it is; `artifact(['a', 'b'])` adds artifact_uid and artifact_key. */
export interface SourceUse {
  names: string[];
  list: boolean;
}

export interface DuckdbPlan {
  /** Sources in the order they are written. */
  uses: SourceUse[];
}

export interface DuckdbSpec {
  /** Chosen by the page; pages, cancelling and progress go by it. */
  uid: string;
  sql: string;
  /** Rows of a page, at least one batch (2,048 rows at most) and at most 1,000,000. */
  rows: number;
  /** Every source that the statement names. */
  sources: DuckdbSource[];
}

/** Bytes read from the files since the statement began, and what they hold in all. Pages kept in memory cost none. */
export interface DuckdbMeter {
  files: number;
  totalBytes: number;
  readBytes: number;
  reads: number;
}

export interface DuckdbPage {
  /** A complete Arrow IPC stream: schema, record batches, end. */
  ipc: Uint8Array<ArrayBuffer>;
  rows: number;
  /** Rows before this page. */
  from: number;
  /** There may be more; the next page says. */
  more: boolean;
  /** Milliseconds of work since the statement began, waiting between pages left out. */
  ms: number;
  meter: DuckdbMeter;
}

export interface DuckdbProgress {
  type: 'progress';
  uid: string;
  /** `files`: footers are looked at; `converting`: a file is rewritten once; `running`: the statement works. */
  phase: 'files' | 'converting' | 'running';
  /** `needed` is null where nobody can know it: then only `done` is true. Bytes, or files in the phase `files`. */
  done: number;
  needed: number | null;
  meter: DuckdbMeter;
}

export interface DuckdbStatus {
  /** As the engine tells it, for instance `v0.9.2`. */
  version: string;
  bundle: string;
  /** Bytes of its memory; it never shrinks while the worker lives. */
  memory: number;
  memoryLimit: number;
  /** Requests to the network that were refused since the start: 0 unless something tries to get out. */
  refused: number;
}

export interface DuckdbApi {
  /** Starts the engine where it is not started; `bundle` names one of those that are built in. */
  start(bundle?: string): Promise<DuckdbStatus>;
  /** Refuses with `ReadOnly` what is not one statement that reads; else names the sources it needs. */
  plan(sql: string): Promise<DuckdbPlan>;
  /** The first page; later ones by `next`. Errors are told in words; fewer rows never are an answer. */
  run(spec: DuckdbSpec): Promise<DuckdbPage>;
  next(uid: string): Promise<DuckdbPage>;
  /** Ends a statement between its pages or while it works; an unknown one is no error. */
  cancel(uid: string): Promise<void>;
  status(): Promise<DuckdbStatus>;
}
