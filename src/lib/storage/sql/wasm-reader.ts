// Readers over the wasm statement layer: statements that people write, stepped under SQLite's authorizer, with limits
// on what one statement may hold and a stop that is asked while it works. The connection stays the only one.
import { LoamError } from '../../engine/errors.ts';
import type {
  ReaderColumn,
  ReaderOptions,
  ReaderRow,
  SqlReader,
  SqlValue,
  ValueKind,
} from '../../engine/ports.ts';
import { changesRows } from './errors.ts';
import { checkText, paramOf, placeOf, refusalOf, refused } from './read-only.ts';
import type { SqliteModule } from './sqlite-module.ts';
import { encodeText, readText } from './wasm-text.ts';

const ROW = 100;
const DONE = 101;
const TOO_BIG = 18;
const OUT_OF_MEMORY = 7;
const INTERRUPTED = 9;

const MiB = 1 << 20;
/** Longest text or blob a reader's statement may make or meet. */
const valueLimit = 32 * MiB;
/** How much wasm memory may grow under a reader before its statement is stopped. Memory that has grown never shrinks. */
const growthLimit = 256 * MiB;
/** Of the whole module: what straight-line code can take before the stop is asked. */
const heapLimit = 1024 * MiB;

/** SQLite's limit numbers (sqlite3.h) and what they are while a reader works. */
const limits: readonly [which: number, value: number][] = [
  [0, valueLimit],
  [1, 1_000_000], // length of a statement
  [2, 500], // columns
  [5, 1_000_000], // instructions of a compiled statement
  [6, 64], // arguments of a function
  [7, 0], // attached databases
  [8, 256], // length of a LIKE or GLOB pattern: matching is as slow as pattern times text
];

/** Which readers have to be closed before a statement runs. */
export type Disturbance = 'none' | 'unkept' | 'all';

/**
 * A write changes what an open reader sees, so only kept ones stay. Checkpoints, DDL, VACUUM and pragmas that set
 * something cannot be done beside an open statement.
 */
export function disturbance(sql: string): Disturbance {
  if (/^\s*(?:select|explain|values)\b/i.test(sql)) return 'none';
  if (/^\s*with\b/i.test(sql)) return changesRows(sql) ? 'unkept' : 'none';
  if (/^\s*(?:insert|update|delete|replace|begin|commit|end|rollback|savepoint|release)\b/i.test(sql)) {
    return /;\s*\S/.test(sql) ? 'all' : 'unkept';
  }
  return /^\s*pragma\s+(?:data_version|integrity_check|quick_check|table_info\([^)]*\))\s*$/i.test(sql)
    ? 'none'
    : 'all';
}

const kinds: Record<number, ValueKind> = { 1: 'integer', 2: 'real', 3: 'text', 4: 'blob', 5: 'null' };

/** What the statement layer lends its readers. */
export interface ReaderHost {
  /** Compiles without caching. */
  compile(sql: string): number;
  failure(sql: string, code: number): LoamError;
  cell(statement: number, column: number): SqlValue;
  /** Names of functions written in JavaScript. */
  functions: ReadonlySet<string>;
  /** Puts back the stop that belongs to the connection itself. */
  restoreStop(): void;
  exec(sql: string): void;
}

export interface Readers {
  open(sql: string, options: ReaderOptions): SqlReader;
  readonly kept: boolean;
  /** Closes the readers that cannot stay beside a write, or all of them. */
  close(which: 'unkept' | 'all'): void;
}

export function createReaders(c: SqliteModule, db: number, host: ReaderHost): Readers {
  const open = new Map<SqlReader, boolean>();
  const base = c.heap().length;
  let guarding = false;
  let capped = false;

  /** Runs `work` with the authorizer, the limits and the stop in force. */
  function guarded<T>(sql: string, stop: () => boolean, work: () => T): T {
    if (guarding) throw new LoamError('InternalError', 'A reader cannot be used inside another one.');
    if (!capped) host.exec(`PRAGMA hard_heap_limit=${heapLimit}`);
    capped = true;
    const most = Math.max(c.heap().length, base + growthLimit);
    let refusal: string | null = null;
    let grown = false;
    guarding = true;
    c.onAuthorize(db, (action, first, second) => {
      refusal ??= refusalOf(action, first, second, host.functions);
      return refusal === null;
    });
    c.onProgress(db, () => stop() || (grown = c.heap().length > most));
    const before = limits.map(([which, value]) => c.limit(db, which, value));
    try {
      return work();
    } catch (error) {
      throw inWords(error, sql, refusal, grown);
    } finally {
      limits.forEach(([which], i) => c.limit(db, which, before[i] as number));
      c.onAuthorize(db, null);
      host.restoreStop();
      guarding = false;
    }
  }

  /** The error of a statement that someone wrote, with the place in it. */
  function inWords(error: unknown, sql: string, refusal: string | null, grown: boolean): unknown {
    if (!(error instanceof LoamError)) return error;
    const code = Number(error.details['sqlite'] ?? 0) & 0xff;
    if (refusal !== null) return refused(refusal, sql, placeOfName(refusal, sql));
    if (code === TOO_BIG) {
      return new LoamError(
        'SqlError',
        `A text or blob is longer than ${valueLimit / MiB} MiB, the most that can be handled here.`,
        error.details,
      );
    }
    if (code === OUT_OF_MEMORY || (code === INTERRUPTED && grown)) {
      return new LoamError(
        'StatementCancelled',
        'The statement needs more memory than it may have here and was stopped. Ask for fewer rows or columns, or sort and group less.',
        { ...error.details, reason: 'memory' },
      );
    }
    if (error.code !== 'SqlError') return error;
    const bytes = c.errorOffset(db);
    const offset = bytes >= 0 ? charactersOf(sql, bytes) : placeOf(error.message, sql);
    return new LoamError('SqlError', error.message, { ...error.details, offset });
  }

  function openReader(sql: string, options: ReaderOptions): SqlReader {
    checkText(sql);
    let pointer = guarded(sql, options.stop, () => host.compile(sql));
    let ended = false;
    let borrowed: number[] = [];
    try {
      borrowed = bindNamed(c, pointer, options.params ?? {});
    } catch (error) {
      c.finalize(pointer);
      throw error;
    }
    const columns: ReaderColumn[] = [];
    for (let i = 0, n = c.columnCount(pointer); i < n; i++) {
      const origin = c.origin(pointer, i);
      columns.push({
        name: c.columnName(pointer, i),
        declared: c.declaredType(pointer, i),
        table: origin?.table ?? null,
        column: origin?.column ?? null,
      });
    }

    const row: ReaderRow = {
      kind: (column) => kinds[c.columnType(pointer, column)] ?? 'null',
      bytes(column) {
        const type = c.columnType(pointer, column);
        return type === 3 || type === 4 ? c.columnBytes(pointer, column) : 0;
      },
      value(column, most = Infinity) {
        const type = c.columnType(pointer, column);
        const bytes = type === 3 || type === 4 ? c.columnBytes(pointer, column) : 0;
        if (bytes <= most) return host.cell(pointer, column);
        if (type === 4) {
          const at = c.columnBlob(pointer, column);
          return c.heap().slice(at, at + most);
        }
        const at = c.columnText(pointer, column);
        const heap = c.heap();
        let end = at + most;
        while (end > at && ((heap[end] ?? 0) & 0xc0) === 0x80) end--; // the first byte left out begins a character
        return readText(heap, at, end - at);
      },
    };

    const reader: SqlReader = {
      columns,
      get open() {
        return pointer !== 0;
      },
      read(visit) {
        if (ended) return false;
        if (pointer === 0) throw new LoamError('ConnectionLost', 'The statement is closed.');
        try {
          return guarded(sql, options.stop, () => {
            for (;;) {
              const code = c.step(pointer);
              if (code === DONE) break;
              if (code !== ROW) throw host.failure(sql, code);
              if (!visit(row)) return true;
            }
            ended = true;
            reader.close();
            return false;
          });
        } catch (error) {
          reader.close();
          throw error;
        }
      },
      close() {
        if (pointer === 0) return;
        open.delete(reader);
        const closing = pointer;
        pointer = 0;
        c.finalize(closing);
        for (const at of borrowed) c.free(at);
        borrowed = [];
      },
    };
    open.set(reader, options.keep ?? false);
    return reader;
  }

  return {
    open: openReader,
    get kept() {
      return [...open.values()].includes(true);
    },
    close(which) {
      for (const [reader, keep] of [...open]) if (which === 'all' || !keep) reader.close();
    },
  };
}

/** Binds each `$name` of the statement. Answers the memory that texts lie in, which must stay as long as the statement. */
function bindNamed(
  c: SqliteModule,
  statement: number,
  params: NonNullable<ReaderOptions['params']>,
): number[] {
  const borrowed: number[] = [];
  for (let i = 1, n = c.parameterCount(statement); i <= n; i++) {
    const value = paramOf(c.parameterName(statement, i), params);
    if (value === null) c.bindNull(statement, i);
    else if (typeof value === 'bigint') c.bindInt64(statement, i, value);
    else if (typeof value === 'number')
      if (Number.isSafeInteger(value)) c.bindInt64(statement, i, BigInt(value));
      else c.bindDouble(statement, i, value);
    else {
      const bytes = encodeText(value);
      const at = c.malloc(Math.max(1, bytes.length));
      c.heap().set(bytes, at);
      c.bindText(statement, i, at, bytes.length);
      borrowed.push(at);
    }
  }
  return borrowed;
}

/** Where the thing named in quotes in a refusal stands in the statement. */
function placeOfName(refusal: string, sql: string): number {
  const name = /"([^"]+)"|function (\w+)|PRAGMA (\w+)/.exec(refusal);
  const word = (name?.[1] ?? name?.[2] ?? name?.[3] ?? '').toLowerCase();
  return word === '' ? -1 : sql.toLowerCase().indexOf(word);
}

/** UTF-16 units of the first `bytes` bytes of the text's UTF-8 form. */
function charactersOf(sql: string, bytes: number): number {
  let at = 0;
  for (let left = bytes; left > 0 && at < sql.length;) {
    const point = sql.codePointAt(at) ?? 0;
    left -= point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    at += point > 0xffff ? 2 : 1;
  }
  return at;
}
