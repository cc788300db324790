// The few C functions of SQLite that the statement layer calls, as one interface over differently built wasm modules.
// Pointers are plain numbers (32-bit wasm).
import type { SqlValue } from '../../engine/ports.ts';

/** SQLite's action code and its first two arguments. */
export type Authorizer = (action: number, first: string | null, second: string | null) => boolean;

export interface SqliteModule {
  /** A view of wasm memory; take it again after any call that may grow memory. */
  heap(): Uint8Array;
  malloc(bytes: number): number;
  free(pointer: number): void;
  prepare(db: number, sql: number, bytes: number, outStatement: number, outTail: number): number;
  step(statement: number): number;
  reset(statement: number): number;
  finalize(statement: number): number;
  exec(db: number, sql: number): number;
  close(db: number): number;
  errmsg(db: number): string;
  /** Extended result code where the build has it, else the code given. */
  errcode(db: number, code: number): number;
  parameterCount(statement: number): number;
  /** With its sign, `$name`; empty for `?`. */
  parameterName(statement: number, index: number): string;
  bindNull(statement: number, index: number): number;
  bindInt(statement: number, index: number, value: number): number;
  bindInt64(statement: number, index: number, value: bigint): number;
  bindDouble(statement: number, index: number, value: number): number;
  bindText(statement: number, index: number, pointer: number, bytes: number): number;
  bindBlob(statement: number, index: number, pointer: number, bytes: number): number;
  columnCount(statement: number): number;
  columnName(statement: number, column: number): string;
  columnType(statement: number, column: number): number;
  columnDouble(statement: number, column: number): number;
  columnInt64(statement: number, column: number): bigint;
  columnText(statement: number, column: number): number;
  columnBlob(statement: number, column: number): number;
  columnBytes(statement: number, column: number): number;
  changes(db: number): number;
  /** Null where the build does not export it; the layer then asks by SQL. */
  lastId: ((db: number) => number) | null;
  autocommit(db: number): boolean;
  /** Calls `stop` every few thousand virtual machine steps; a true answer interrupts the statement. */
  onProgress(db: number, stop: (() => boolean) | null): void;
  createFunction(db: number, name: string, args: number, fn: (...args: SqlValue[]) => SqlValue): number;
  /** While `allow` is set, each thing a statement touches is asked about as it is compiled; a false answer refuses it. */
  onAuthorize(db: number, allow: Authorizer | null): void;
  /** Sets one of SQLite's run-time limits and answers the old value. */
  limit(db: number, which: number, value: number): number;
  /** Byte offset of the last error in its statement; -1 where unknown or not told by this build. */
  errorOffset(db: number): number;
  /** The type a result column was declared with; null for expressions, and in builds that do not tell. */
  declaredType(statement: number, column: number): string | null;
  /** The table column a result column comes from; null for expressions, and in builds that do not tell. */
  origin(statement: number, column: number): { table: string; column: string } | null;
  serialize(db: number): Uint8Array;
}

/** Virtual machine steps between two looks at the clock: about 50 µs of work. */
export const progressSteps = 2000;
