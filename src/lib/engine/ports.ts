// The engine's view of the world: SQL, bytes, clock and randomness are passed in through these interfaces.
// Storage implements them, workers join them; the engine never imports an implementation.
import type { SummaryViews } from './file-view.ts';

export type * from './file-view.ts';
export type * from './curate/report.ts';
export type * from './curate/frame.ts';
export { mostDistinct } from './curate/frame.ts';
export type * from './curate/fixes.ts';
export { changedText, fixedColumns, fixedIndex } from './curate/fixes.ts';
export { decimal, truthOf } from './curate/number-text.ts';
export type { PackTermDetail, PackTermHit } from './ontology/library.ts';

/** A value SQLite can hold. Booleans travel as 0/1, dates as LaminDB's text forms, JSON as text. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** A query result as columns. `names[i]` names `columns[i]`; every column has `count` values. */
export interface ColumnBatch {
  names: string[];
  columns: SqlValue[][];
  count: number;
}

/** SQLite's storage class of one value. */
export type ValueKind = 'null' | 'integer' | 'real' | 'text' | 'blob';

/** One column of a reader. What the column was declared as, and which table column it is, where the build tells. */
export interface ReaderColumn {
  name: string;
  declared: string | null;
  table: string | null;
  column: string | null;
}

/** The row a reader stands on; valid only while it is visited. */
export interface ReaderRow {
  kind(column: number): ValueKind;
  /** Length of a text (UTF-8) or blob in bytes; 0 for the rest. */
  bytes(column: number): number;
  /** Text and blobs beyond `most` bytes are cut, text at a whole character. Integers beyond 2^53 come as bigint. */
  value(column: number, most?: number): SqlValue;
}

/** What a `$name` of a statement can be bound to. */
export type ParamValue = Exclude<SqlValue, Uint8Array>;

export interface ReaderOptions {
  /** Asked about every 50 µs of work; true stops the statement with `StatementCancelled`, which closes the reader. */
  stop: () => boolean;
  /** Kept open beside writes. It may or may not see them; other readers are closed by the first write. */
  keep?: boolean;
  /** Values of the statement's `$name`s, by their names without the sign. One that is missing is a `ValueError`. */
  params?: Readonly<Record<string, ParamValue>>;
}

/** A statement that can only read, stepped on demand. It stays open between two calls of `read`. */
export interface SqlReader {
  readonly columns: readonly ReaderColumn[];
  /** False at the end, after a failure, and when a write, a checkpoint or a schema change needed the connection. */
  readonly open: boolean;
  /** Visits row after row until `visit` answers false (then true: there may be more) or no row is left (false). */
  read(visit: (row: ReaderRow) => boolean): boolean;
  close(): void;
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
  /**
   * Opens one statement that may only read; anything else is refused with `ReadOnly`. Values beyond 32 MiB, statements
   * that need more than 256 MiB of memory and the like are errors. For statements that people write.
   */
  reader(sql: string, options: ReaderOptions): SqlReader;
  /** True while a kept reader is open: a checkpoint would close it. */
  readonly reading: boolean;
  /** Registers a deterministic scalar function (regexp, …). */
  createFunction(name: string, args: number, fn: (...args: SqlValue[]) => SqlValue): void;
  /** The whole database as bytes (small databases, tests). */
  serialize(): Uint8Array;
  close(): void;
}

/** A connection to a file whose content nobody vouches for (architecture decision 12). */
export interface UntrustedDriver extends SqlDriver {
  /**
   * `full`: limits on sizes, no triggers, no views, no functions from the schema, no writing of SQLite's own tables.
   * `repair`: the same, but the schema table may be written, to take triggers and views out without running them.
   */
  defend(level: 'full' | 'repair'): void;
}

/** What a column of a portable table holds: whole numbers, truth values, text, JSON text, times, days. */
export type TableType = 'int' | 'bool' | 'text' | 'json' | 'datetime' | 'date';
/** Datetimes are microseconds since 1970 as bigint; dates and JSON are text. */
export type TableValue = null | number | bigint | string | boolean;

/** One column of a table on its way into or out of a file. */
export interface TableColumn {
  name: string;
  type: TableType;
  nullable: boolean;
  values: TableValue[];
}

/**
 * Loam's mark in an exported file: the change counter of its header (bytes 24–27) and the counter its size is valid for
 * (92–95) have this value. Every program that writes to the file counts on from it, so the first write removes it.
 */
export const exportStamp = 0x4c4f414d;

/** The whole-file side of a database: streaming import and export. The driver must be closed around `replace`. */
export interface DatabaseFile {
  /** Streams the checkpointed file, in rollback-journal mode and with `exportStamp`. */
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
  /** It lies elsewhere, and each byte is fetched: what is only nice to know is not worth reading. */
  readonly far?: boolean;
  /** Bytes [start, end), end clipped to size. They are the caller's. */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Bytes that `read` gave and nobody needs any more: long reads give their memory back at once. */
  release?(bytes: Uint8Array): void;
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
  /**
   * Stores small files under their keys, without staging, and brings them to disk. Settles when each is stored or has
   * failed, then rejects with one of the failures (`StorageFull` before others). The caller has journalled the keys,
   * since after a crash any of them may hold a part of its bytes. A stored file is replaced.
   */
  put(files: readonly KeptFile[]): Promise<void>;
  /**
   * `put` may keep many files together at first; this lays them out in LaminDB's layout, in the background. It may be
   * cut anywhere and begun again, and stops between two steps when the signal says so.
   */
  settle(signal?: AbortSignalLike): Promise<void>;
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

/** The bytes of a small file and the storage key they get. */
export interface KeptFile {
  key: string;
  bytes: Uint8Array;
}

export interface AbortSignalLike {
  readonly aborted: boolean;
}

/**
 * Tells a thread that is inside one long step of SQL, and so cannot take messages, that messages wait for it.
 * Whoever has sent one may ring; the step is given up, the messages are taken, and the step begins again.
 */
export interface Bell {
  /** Makes the bell ready to be rung; settles at once where it is. */
  hang(): Promise<void>;
  /** Synchronous, and dear (about 2 ms): ask seldom. A bell that was rung must be hung again. */
  rung(): boolean;
}

/** Where nobody else uses the thread. */
export const noBell: Bell = { hang: () => Promise.resolve(), rung: () => false };

/** Milliseconds since 1970 UTC. */
export type Clock = () => number;
/** Fills the array with cryptographically strong random bytes and returns it. */
export type Random = (bytes: Uint8Array) => Uint8Array;

/** A connection that carries whole messages, in order, until it closes. */
export interface Socket {
  send(bytes: Uint8Array): void;
  /** Bytes that were given to `send` and have not left yet. */
  readonly waiting: number;
  /** `closed` is told of it as of any other end. */
  close(): void;
}

export interface SocketEvents {
  opened(): void;
  received(bytes: Uint8Array): void;
  /** Once, and nothing after it; also where the connection never opened. In words. */
  closed(why: string): void;
}

/** Begins to open a connection to the server. Events are told after this call has returned. */
export type OpenSocket = (events: SocketEvents) => Socket;

/** Runs something after so many milliseconds; gives what calls it off. */
export type Later = (ms: number, run: () => void) => () => void;

/* ---------- inspection ---------- */

export interface SummaryColumn {
  name: string;
  type: string;
  nulls?: number | null;
  categories?: number | null;
}

/** First rows of a table as text. */
export interface SummaryRows {
  columns: string[];
  rows: (string | null)[][];
}

/** A part of a file that is a thing of its own: a sheet, a modality, a table of a store, the references of a header. */
export interface SummaryPart {
  name: string;
  /** What it is, in a word or two: sheet, modality, table. */
  what: string;
  /** Its size in words, such as `700 observations × 765 variables`. */
  size: string;
  rows: number | null;
  columns: SummaryColumn[] | null;
  obs: SummaryColumn[] | null;
  vars: SummaryColumn[] | null;
  preview: SummaryRows | null;
}

/** A member of a store: a group or an array. `attributes` are those worth a line, as text. */
export interface SummaryMember {
  path: string;
  kind: 'group' | 'array' | 'unreadable';
  /** Axes of an array; none of a single value. */
  shape: number[];
  type: string;
  /** How values are packed, for people. */
  packing: string | null;
  attributes: { name: string; value: string }[];
}

/**
 * Counts up when readers tell more than before: summaries of an older count are made anew when somebody looks.
 */
export const summaryReader = 5;

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
  preview: SummaryRows | null;
  /** At most 30. */
  parts: SummaryPart[] | null;
  /** Members of an HDF5 file or a Zarr store, depth first, at most 500. */
  members: SummaryMember[] | null;
  /** Text of JSON, Markdown, FASTA heads; at most 64 KiB. */
  text: string | null;
  /** For pictures and PDFs: their media type; the page shows the bytes themselves. */
  media: { type: string; width: number | null; height: number | null } | null;
  /** What can be looked at beyond this, each by a question of its own (`ViewAsk`). */
  views: SummaryViews | null;
  /** Bytes of the file that were read for all this; null where nobody counted. */
  bytesRead: number | null;
  /** `summaryReader` of the readers that made it. */
  reader: number;
  problem: string | null;
}

/** A dropped file or folder as the platform holds it (File), or the storage key of stored bytes: never opened by the engine. */
export interface Payload {
  name: string;
  file: unknown;
  files: { path: string; file: unknown }[] | null;
}

/** All that a drop needs of a small file, from one read. */
export interface SmallFile {
  bytes: Uint8Array;
  /** LaminDB's hash (md5). */
  hash: string;
  /** Of every byte, as hex. */
  sha256: string;
  summary: FileSummary;
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
  /**
   * Reads single small files (at most `smallFile` bytes) once each, many in one trip: answers in the order given. An
   * error is an answer too; null means that the reader was lost on the way, so that the file must be asked for alone.
   */
  readSmall(
    payloads: readonly Payload[],
    signal: AbortSignalLike,
  ): Promise<(SmallFile | { error: Error } | null)[]>;
  /** Full sha256 as hex; for folders over the sorted `path\0sha256` lines. */
  checksum(payload: Payload): Promise<string>;
}

/** Signs what leaves this device; the key is the device's own. */
export interface BundleSigner {
  /** Base64 of the raw Ed25519 key. */
  publicKey: string;
  /** Base64 of the signature. */
  sign(bytes: Uint8Array): Promise<string>;
}

export interface BundleVerifier {
  verify(publicKey: string, signature: string, bytes: Uint8Array): Promise<boolean>;
}

/** A browser profile, or a person's command line. Kept outside databases, so that a copied file does not take it along. */
export interface Device {
  /** Random, for life. */
  uid: string;
  /** "Chromium on Linux", until a person calls it otherwise. */
  name: string;
}

/**
 * A short text about the file of a database, kept where a copy of the file does not come along: in the browser's storage, in
 * a folder of the person's. By it a file that was restored or copied is told from the one that was last open in its place.
 */
export interface FileNonce {
  read(): Promise<string | null>;
  write(nonce: string): Promise<void>;
}
