// The query engine (DuckDB) as it crosses the worker border: what a statement asks for and what comes back, plain data
// only. The worker implements DuckdbApi; the page reaches it through client/duckdb.ts.

import type { LeftOutColumn } from '../formats/table-batches.ts';
import type { Annotations, Drift, LeftOut, SourceUse, StatementSource } from '../statements/types.ts';
import type { AnyFile } from './find-bytes.ts';
import type { ParameterValues } from '../statements/parameter-values.ts';

export type { Drift, DriftColumn, SourceFormat, SourceKind, SourceUse } from '../statements/types.ts';

/** One artifact, or one file that the page holds. */
export type DuckdbSource = StatementSource<AnyFile>;

/** Where a source stands in the statement, and how it is to be read. */
export interface PlannedUse extends SourceUse {
  from: number;
  to: number;
  /** Options for the reader, `header = false`. */
  options: string[];
  /** Columns and what they are read as. */
  types: [column: string, type: string][];
}

export interface DuckdbPlan {
  /** The statement with the values of its parameters in place. */
  sql: string;
  /** Sources in the order they are written. */
  uses: PlannedUse[];
  /** Names of tables that are no files; those of the registries are sent along. */
  tables: string[];
  /** Whether annotations of the artifacts may be asked for. */
  annotations: boolean;
}

/** A table of the registries as parquet, under the name by which the statement calls it. */
export interface DuckdbTable {
  name: string;
  file: File;
}

export interface DuckdbAnnotations extends Annotations {
  file: File;
}

export interface DuckdbSpec {
  /** Chosen by the page; pages, cancelling and progress go by it. */
  uid: string;
  sql: string;
  /** Of its parameters. */
  values?: ParameterValues;
  /** Rows of a page, at least one batch (2,048 rows at most) and at most 1,000,000. */
  rows: number;
  /** For each source that the statement names, in the order of the plan, the artifacts that it means. */
  sources: DuckdbSource[][];
  tables?: DuckdbTable[];
  annotations?: DuckdbAnnotations | null;
  /** Columns of several kinds are read as texts instead of being refused with `SchemaDrift`. */
  mixed?: boolean;
}

/** Bytes read from the files since the statement began, and what they hold in all. Pages kept in memory cost none. */
export interface DuckdbMeter {
  files: number;
  totalBytes: number;
  readBytes: number;
  reads: number;
  leftOut: LeftOut;
  /** Of files that lie elsewhere: null where there are none. */
  far: FarMeter | null;
}

export interface FarMeter {
  files: number;
  /** Fetched over the network since the statement began. */
  bytes: number;
  requests: number;
  /** Reads that this device answered by itself. */
  kept: number;
  /** Some server was not reached: what was read before is all there is. */
  offline: boolean;
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
  /** How files differ that are one table here; columns of several kinds are among them only where they were allowed. */
  drift: Drift[];
  /** Columns inside files that no table can hold, by file. */
  leftOut: { file: string; columns: LeftOutColumn[] }[];
}

export interface DuckdbProgress {
  type: 'progress';
  uid: string;
  /**
   * `tables`: tables inside files are read once; `files`: footers are looked at; `converting`: a file is rewritten once;
   * `running`: the statement works.
   */
  phase: 'tables' | 'files' | 'converting' | 'running';
  /** Rows that are there so far. */
  rows: number;
  /** `needed` is null where nobody can know it: then only `done` is true. Bytes, or files in the phases `tables` and `files`. */
  done: number;
  needed: number | null;
  /** Null before the engine has seen the statement. */
  meter: DuckdbMeter | null;
}

/** How many rows of a statement are kept, so that any of them can be asked for. */
export interface DuckdbKept {
  /** The first row that is kept: those before came as pages. */
  from: number;
  /** Behind the last one. */
  to: number;
  bytes: number;
  /** There may be more rows. */
  more: boolean;
  ms: number;
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
  plan(sql: string, values?: ParameterValues): Promise<DuckdbPlan>;
  /** The first page; later ones by `next`. Errors are told in words; fewer rows never are an answer. */
  run(spec: DuckdbSpec): Promise<DuckdbPage>;
  next(uid: string): Promise<DuckdbPage>;
  /**
   * Goes on until the row before `to` is there and keeps what comes outside of memory; from then on the rows are asked for
   * by `kept`. Throws `StorageFull` where there is no room; what was kept before can still be asked for.
   */
  keep(uid: string, to: number): Promise<DuckdbKept>;
  /** The page with this row, as an Arrow IPC stream. Throws `StatementCancelled` where it is not kept. */
  kept(uid: string, row: number): Promise<{ ipc: Uint8Array<ArrayBuffer>; from: number; rows: number }>;
  /** The kept rows are not needed any more. */
  forgetRows(uid: string): Promise<void>;
  /** All rows as a parquet file that is kept until it is forgotten. Throws `ValueError` where there is no row. */
  write(spec: DuckdbSpec): Promise<{ file: File; rows: number }>;
  /** The file of this name, which `write` gave, is not needed any more. */
  forget(name: string): Promise<void>;
  /** Ends a statement between its pages or while it works; an unknown one is no error. */
  cancel(uid: string): Promise<void>;
  status(): Promise<DuckdbStatus>;
}
