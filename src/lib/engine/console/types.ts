// What the SQL console asks and is told: plain data that crosses the wire.
import type { ParamValue, SqlValue } from '../ports.ts';

export interface SqlSpec {
  /** Chosen by the page; names the statement when it is cancelled. */
  uid: string;
  sql: string;
  /** Values of its `$name`s, by their names without the sign. */
  params?: Record<string, ParamValue>;
  /** Rows to leave out at the beginning: those that are on screen already. */
  skip: number;
  /** Rows of this page, at most 10,000. */
  limit: number;
  /** Milliseconds of work after which the statement is stopped; 100 to 600,000. */
  timeLimitMs: number;
  /** `stamp` of the page before: whether the database is still the one that page was read from. */
  stamp?: string;
}

export interface SqlColumn {
  name: string;
  /** As declared in its table; null for expressions and where SQLite does not tell. */
  declared: string | null;
  /** The table and column it comes from, where SQLite tells. */
  table: string | null;
  column: string | null;
}

/** Storage classes by number, as they stand in `SqlPage.kinds`. */
export const kindNames = ['null', 'integer', 'real', 'text', 'blob'] as const;

export interface SqlPage {
  columns: SqlColumn[];
  /** `values[column][row]`. Integers beyond 2^53 are bigint. Long texts and blobs are cut: see `cut`. */
  values: SqlValue[][];
  /** Storage class of each value (index in `kindNames`), by column. A REAL of 1 and an INTEGER of 1 differ only here. */
  kinds: Uint8Array[];
  /** Values sent in part, with their whole length in bytes. */
  cut: { column: number; row: number; bytes: number }[];
  count: number;
  /** There are more rows, or may be. */
  more: boolean;
  /** Milliseconds of work, other people's turns not counted. */
  ms: number;
  /** The time was over before the page was full: these rows are what had been found. */
  stopped: boolean;
  /** The database changed while, or since the page before, these rows were read. */
  changed: boolean;
  stamp: string;
  /** Uids among the values that have an artifact page. */
  artifacts: string[];
}

export interface SqlExport {
  rows: number;
  /** The database changed while the rows were written: some may be from before, some from after. */
  changed: boolean;
}

export interface SqlTable {
  name: string;
  /** `registry`: a LaminDB registry; `link`: joins two; `own`: of Loam's bookkeeping; `view`; `other`: all else. */
  kind: 'registry' | 'link' | 'own' | 'view' | 'other';
  /** LaminDB's name of the registry: Artifact, ULabel, CellType. */
  registry: string | null;
  columns: SqlTableColumn[];
}

export interface SqlTableColumn {
  name: string;
  type: string;
  notNull: boolean;
  primary: boolean;
  references: { table: string; column: string } | null;
}
