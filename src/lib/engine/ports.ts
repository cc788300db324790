// The engine's view of the world: SQL, bytes, clock and randomness are passed in through these interfaces.
// Storage implements them, workers join them; the engine never imports an implementation.

/** A value SQLite can hold. Booleans travel as 0/1, dates as LaminDB's text forms, JSON as text. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** A query result as columns. `names[i]` names `columns[i]`; every column has `count` values. */
export interface ColumnBatch {
  names: string[];
  columns: SqlValue[][];
  count: number;
}

/**
 * One synchronous SQL connection. Synchronous on purpose: no `await` can cut a transaction in two
 * (architecture decision 5). Every failure is thrown as a `LoamError` (`IntegrityError`, `StorageFull`, `SqlError`, …).
 */
export interface SqlDriver {
  readonly kind: 'opfs-sahpool' | 'wa-sqlite' | 'memory' | 'node';
  /** False when a closed browser loses the data (memory, private windows). */
  readonly durable: boolean;
  /** Runs any number of statements without parameters. */
  exec(sql: string): void;
  /** Runs one statement (cached by its text). `changes` counts the rows it changed. */
  run(sql: string, params?: readonly SqlValue[]): { changes: number; lastId: number };
  /** Rows as arrays in column order. Integers beyond 2^53 come as bigint. */
  all(sql: string, params?: readonly SqlValue[]): SqlValue[][];
  /** The same as `all`, by column and with names. */
  columns(sql: string, params?: readonly SqlValue[]): ColumnBatch;
  /** Runs one prepared statement `n` times; row i binds `columns[0][i], …`. A column of one value holds for all rows. */
  many(sql: string, n: number, columns: readonly (readonly SqlValue[])[]): void;
  readonly inTransaction: boolean;
  /** Statements that run longer than `ms` from now are stopped with `StatementCancelled`; null lifts the limit. */
  deadline(ms: number | null): void;
  /** Registers a deterministic scalar function (regexp, …). */
  createFunction(name: string, args: number, fn: (...args: SqlValue[]) => SqlValue): void;
  /** The whole database as bytes (small databases, tests). */
  serialize(): Uint8Array;
  close(): void;
}

/** The whole-file side of a database: streaming import and export. The driver must be closed around `replace`. */
export interface DatabaseFile {
  /** Streams the checkpointed file. */
  export(): Promise<ReadableStreamLike>;
  /** Replaces the file by the chunks pulled from `next` (undefined = end). */
  replace(next: () => Promise<Uint8Array | undefined>): Promise<void>;
  size(): Promise<number>;
}

/** Structural stand-in for a WHATWG ReadableStream of bytes (the engine has no DOM types). */
export interface ReadableStreamLike {
  getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }>; releaseLock(): void };
}

/** Bytes with random access: a dropped File, an OPFS file, a range of a URL. */
export interface ByteSource {
  readonly size: number;
  /** Bytes [start, end), end clipped to size. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** A folder as a flat list of its files; `path` is relative, `/`-separated, without a leading slash. */
export interface FolderSource {
  files: { path: string; source: ByteSource }[];
}

/**
 * Artifact bytes under one storage root, addressed by storage key (`.lamindb/<uid><suffix>`).
 * A key is visible only after `commit`: bytes are first written beside it under a token.
 */
export interface BlobStore {
  readonly root: string;
  /** Writes to a staging file; throws `StorageFull` when fewer bytes were taken than given. */
  stage(
    token: string,
    path: string,
    source: ByteSource,
    onProgress?: (bytes: number) => void,
    signal?: AbortSignalLike,
  ): Promise<void>;
  /** Moves everything staged under the token to its storage key (file or folder). Idempotent. */
  commit(token: string, key: string): Promise<void>;
  discard(token: string): Promise<void>;
  /** Tokens with staged bytes, for the journal at open. */
  staged(): Promise<string[]>;
  open(key: string): Promise<ByteSource>;
  list(key: string): Promise<string[]>;
  exists(key: string): Promise<boolean>;
  remove(key: string): Promise<void>;
  /** Every stored key with its size, for the meter and the orphan check. */
  keys(): Promise<{ key: string; size: number }[]>;
}

export interface AbortSignalLike {
  readonly aborted: boolean;
}

/** Milliseconds since 1970 UTC. */
export type Clock = () => number;
/** Fills the array with cryptographically strong random bytes and returns it. */
export type Random = (bytes: Uint8Array) => Uint8Array;

/* ---------- inspection ---------- */

export interface SummaryColumn {
  name: string;
  type: string;
  nulls?: number | null;
  categories?: number | null;
}

/** What the inspect worker found by content. `problem` is set (in words) where the file could not be read. */
export interface FileSummary {
  /** Format found by content: parquet, csv, arrow, anndata, zarr, fasta, json, markdown, image, pdf, text, binary … */
  format: string;
  /** LaminDB's otype where the content has one: DataFrame, AnnData, MuData, SpatialData. */
  otype: string | null;
  suffixFromContent: string | null;
  rows: number | null;
  nObservations: number | null;
  shape: { observations: number; variables: number } | null;
  /** At most 2,000; `columnCount` is exact. */
  columns: SummaryColumn[] | null;
  columnCount: number | null;
  obs: SummaryColumn[] | null;
  vars: SummaryColumn[] | null;
  /** Label-value facts worth showing: codec, encoding, separator, zarr version, sequences … */
  facts: { label: string; value: string }[];
  /** First rows, at most 50 × 200, as text. */
  preview: { columns: string[]; rows: (string | null)[][] } | null;
  /** Text of JSON, Markdown, FASTA heads; at most 64 KiB. */
  text: string | null;
  /** For pictures and PDFs: their media type; the page shows the bytes themselves. */
  media: { type: string; width: number | null; height: number | null } | null;
  problem: string | null;
}

/** A dropped file or folder as the platform holds it (File), or the storage key of stored bytes: never opened by the engine. */
export interface Payload {
  name: string;
  file: unknown;
  files: { path: string; file: unknown }[] | null;
}

/** Hashes and summaries are made elsewhere (a killable worker): bytes never pass through the engine. */
export interface Inspector {
  hash(
    payload: Payload,
    onProgress: (bytes: number) => void,
    signal: AbortSignalLike,
  ): Promise<{ hash: string; hashType: string; size: number; nFiles: number | null }>;
  /** Never rejects for a bad file: `problem` says in words what is wrong with it. */
  inspect(payload: Payload): Promise<FileSummary>;
  /** Full sha256 as hex; for folders over the sorted `path\0sha256` lines. */
  checksum(payload: Payload): Promise<string>;
}
