// The statement layer: SqlDriver over a SQLite wasm module's C functions, with cached prepared statements and strings
// bound through a scratch buffer. It owns no file and no VFS; drivers hand it an open connection.
import { LoamError } from '../../engine/errors.ts';
import type { ColumnBatch, SqlDriver, SqlValue } from '../../engine/ports.ts';
import { changesRows, refuseNul, sqliteError, wrongParameterCount } from './errors.ts';
import type { SqliteModule } from './sqlite-module.ts';
import { createReaders, disturbance, type Disturbance } from './wasm-reader.ts';
import { encodeText, readText, writeText } from './wasm-text.ts';

const ROW = 100;
const DONE = 101;
const cacheLimit = 200;
const scratchBytes = 64 * 1024;

interface Prepared {
  pointer: number;
  sql: string;
  parameters: number;
  changesRows: boolean;
  disturbs: Disturbance;
  /** Being stepped: a function called by SQL may run the same text again. */
  busy: boolean;
}

export interface ConnectionOptions {
  kind: SqlDriver['kind'];
  durable: boolean;
  ioErrorMeansFull?: boolean;
  now?: () => number;
  /** Runs before the connection closes, while it can still be read. */
  onClose?: () => void;
  /** Runs after each call that leaves no transaction open, so after each commit. */
  onIdle?: () => void;
  /** Replaces the module's own serialize. */
  serialize?: () => Uint8Array;
}

/** Wraps the open connection `db`; closing the driver closes it. */
export function createDriver(c: SqliteModule, db: number, options: ConnectionOptions): SqlDriver {
  const now = options.now ?? (() => performance.now());
  const cache = new Map<string, Prepared>();
  const out = c.malloc(8);
  const scratch = c.malloc(scratchBytes);
  /** First free byte of the scratch buffer; a nested call (SQL function) goes on behind its caller. */
  let top = scratch;
  let borrowed: number[] = [];
  let open = true;
  /** End of the time given by `deadline`. */
  let end: number | null = null;
  const functions = new Set<string>();

  /* ---------- errors and text ---------- */

  function failure(sql: string, code: number): LoamError {
    const ioErrorMeansFull = options.ioErrorMeansFull ?? false;
    return sqliteError({ code: c.errcode(db, code), message: c.errmsg(db), sql, ioErrorMeansFull });
  }

  /** Copies text with a closing zero into memory of its own; the caller frees it. */
  function copyText(value: string): { at: number; bytes: number } {
    if (value.includes('\0')) throw refuseNul();
    const encoded = encodeText(value);
    const at = c.malloc(encoded.length + 1);
    const heap = c.heap();
    heap.set(encoded, at);
    heap[at + encoded.length] = 0;
    return { at, bytes: encoded.length };
  }

  /* ---------- statements ---------- */

  function compile(sql: string): Prepared {
    const { at, bytes } = copyText(sql);
    try {
      const code = c.prepare(db, at, bytes + 1, out, out + 4);
      if (code !== 0) throw failure(sql, code);
      const view = new DataView(c.heap().buffer);
      const pointer = view.getInt32(out, true);
      const tail = view.getInt32(out + 4, true);
      if (pointer === 0)
        throw new LoamError('SqlError', 'The statement is empty.', { sql: sql.slice(0, 200) });
      const rest = readText(c.heap(), tail, at + bytes - tail).trim();
      if (rest !== '' && !/^(?:;|--|\/\*)/.test(rest)) {
        c.finalize(pointer);
        throw new LoamError('SqlError', 'Only one statement can be run at a time here.', {
          sql: sql.slice(0, 200),
        });
      }
      return {
        pointer,
        sql,
        parameters: c.parameterCount(pointer),
        changesRows: changesRows(sql),
        disturbs: disturbance(sql),
        busy: false,
      };
    } finally {
      c.free(at);
    }
  }

  /** The cached statement, moved to the young end of the cache; a busy one is compiled a second time. */
  function take(sql: string): Prepared {
    if (!open) throw new LoamError('ConnectionLost', 'The database was closed.');
    const known = cache.get(sql);
    if (known?.busy) return compile(sql);
    if (known) {
      cache.delete(sql);
      cache.set(sql, known);
      return known;
    }
    const made = compile(sql);
    cache.set(sql, made);
    if (cache.size > cacheLimit) {
      for (const [key, old] of cache) {
        if (old.busy) continue;
        cache.delete(key);
        c.finalize(old.pointer);
        break;
      }
    }
    return made;
  }

  /** Runs `work` on the statement and leaves it reset, whatever happens. */
  function using<T>(sql: string, work: (statement: Prepared) => T): T {
    const statement = take(sql);
    if (statement.disturbs !== 'none') readers.close(statement.disturbs);
    const base = top;
    const outer = borrowed;
    borrowed = [];
    statement.busy = true;
    try {
      return work(statement);
    } finally {
      c.reset(statement.pointer);
      statement.busy = false;
      if (cache.get(sql) !== statement) c.finalize(statement.pointer);
      top = base;
      for (const pointer of borrowed) c.free(pointer);
      borrowed = outer;
    }
  }

  /* ---------- binding ---------- */

  function bindBytes(statement: Prepared, index: number, value: Uint8Array, asText: boolean): number {
    let at = top;
    if (top + value.length <= scratch + scratchBytes) {
      top += value.length;
    } else {
      at = c.malloc(value.length);
      borrowed.push(at);
    }
    c.heap().set(value, at);
    if (asText) return c.bindText(statement.pointer, index, at, value.length);
    return c.bindBlob(statement.pointer, index, at, value.length);
  }

  function bindString(statement: Prepared, index: number, value: string): number {
    if (value.includes('\0')) throw refuseNul();
    const written = writeText(c.heap(), top, scratch + scratchBytes - top, value);
    if (written < 0) return bindBytes(statement, index, encodeText(value), true);
    const at = top;
    top += written;
    return c.bindText(statement.pointer, index, at, written);
  }

  function bindNumber(statement: Prepared, index: number, value: number): number {
    if (value === (value | 0)) return c.bindInt(statement.pointer, index, value);
    if (Number.isSafeInteger(value)) return c.bindInt64(statement.pointer, index, BigInt(value));
    if (Number.isNaN(value)) return c.bindNull(statement.pointer, index);
    return c.bindDouble(statement.pointer, index, value);
  }

  function bind(statement: Prepared, index: number, value: SqlValue): void {
    let code: number;
    if (value === null) code = c.bindNull(statement.pointer, index);
    else if (typeof value === 'string') code = bindString(statement, index, value);
    else if (typeof value === 'number') code = bindNumber(statement, index, value);
    else if (typeof value === 'bigint') {
      if (BigInt.asIntN(64, value) !== value) {
        throw new LoamError('InvalidArgument', `The number ${value} does not fit in 64 bits.`);
      }
      code = c.bindInt64(statement.pointer, index, value);
    } else if (value instanceof Uint8Array) code = bindBytes(statement, index, value, false);
    else {
      throw new LoamError('InvalidArgument', `A ${typeof value} cannot be stored in SQLite.`, {
        sql: statement.sql.slice(0, 200),
        parameter: index,
      });
    }
    if (code !== 0) throw failure(statement.sql, code);
  }

  function bindAll(statement: Prepared, params: readonly SqlValue[]): void {
    if (params.length !== statement.parameters) {
      throw wrongParameterCount(statement.sql, statement.parameters, params.length);
    }
    for (let i = 0; i < params.length; i++) bind(statement, i + 1, params[i] as SqlValue);
  }

  /* ---------- stepping and cells ---------- */

  function step(statement: Prepared): boolean {
    const code = c.step(statement.pointer);
    if (code === ROW) return true;
    if (code === DONE) return false;
    throw failure(statement.sql, code);
  }

  function cell(pointer: number, column: number): SqlValue {
    switch (c.columnType(pointer, column)) {
      case 1: {
        // Exact below 2^53, and half the price of a bigint.
        const value = c.columnDouble(pointer, column);
        return Number.isSafeInteger(value) ? value : c.columnInt64(pointer, column);
      }
      case 2:
        return c.columnDouble(pointer, column);
      case 3: {
        const at = c.columnText(pointer, column);
        return readText(c.heap(), at, c.columnBytes(pointer, column));
      }
      case 4: {
        const at = c.columnBlob(pointer, column);
        return c.heap().slice(at, at + c.columnBytes(pointer, column));
      }
      default:
        return null;
    }
  }

  function idle(): void {
    if (options.onIdle && c.autocommit(db)) options.onIdle();
  }

  function restoreStop(): void {
    const until = end;
    c.onProgress(db, until === null ? null : () => now() > until);
  }

  const readers = createReaders(c, db, {
    compile: (sql) => compile(sql).pointer,
    failure,
    cell,
    functions,
    restoreStop,
    exec: (sql) => driver.exec(sql),
  });

  /* ---------- the driver ---------- */

  const driver: SqlDriver = {
    kind: options.kind,
    durable: options.durable,

    exec(sql) {
      if (!open) throw new LoamError('ConnectionLost', 'The database was closed.');
      const disturbs = disturbance(sql);
      if (disturbs !== 'none') readers.close(disturbs);
      const { at } = copyText(sql);
      try {
        const code = c.exec(db, at);
        if (code !== 0) throw failure(sql, code);
      } finally {
        c.free(at);
      }
      idle();
    },

    run(sql, params = []) {
      const result = using(sql, (statement) => {
        bindAll(statement, params);
        while (step(statement));
        const changes = statement.changesRows ? c.changes(db) : 0;
        return { changes, lastId: c.lastId ? c.lastId(db) : 0 };
      });
      if (!c.lastId) result.lastId = driver.all('SELECT last_insert_rowid()')[0]?.[0] as number;
      idle();
      return result;
    },

    all(sql, params = []) {
      const rows = using(sql, (statement) => {
        bindAll(statement, params);
        const found: SqlValue[][] = [];
        let width = -1;
        while (step(statement)) {
          // After the first step, since a changed schema re-prepares the statement there.
          if (width < 0) width = c.columnCount(statement.pointer);
          const row = new Array<SqlValue>(width);
          for (let i = 0; i < width; i++) row[i] = cell(statement.pointer, i);
          found.push(row);
        }
        return found;
      });
      idle();
      return rows;
    },

    columns(sql, params = []): ColumnBatch {
      const batch = using(sql, (statement) => {
        bindAll(statement, params);
        let more = step(statement);
        const width = c.columnCount(statement.pointer);
        const names: string[] = [];
        const columns: SqlValue[][] = [];
        for (let i = 0; i < width; i++) {
          names.push(c.columnName(statement.pointer, i));
          columns.push([]);
        }
        let count = 0;
        for (; more; more = step(statement)) {
          for (let i = 0; i < width; i++) columns[i]?.push(cell(statement.pointer, i));
          count++;
        }
        return { names, columns, count };
      });
      idle();
      return batch;
    },

    many(sql, n, columns) {
      atomically(driver, () =>
        using(sql, (statement) => {
          const width = columns.length;
          if (width !== statement.parameters) throw wrongParameterCount(sql, statement.parameters, width);
          // A column of one value holds for all rows: bound once, since reset keeps bindings.
          const varying: number[] = [];
          for (let i = 0; i < width; i++) {
            if (columns[i]?.length === 1) bind(statement, i + 1, columns[i]?.[0] as SqlValue);
            else varying.push(i);
          }
          const base = top;
          const kept = borrowed;
          borrowed = [];
          for (let row = 0; row < n; row++) {
            for (const i of varying) bind(statement, i + 1, columns[i]?.[row] as SqlValue);
            while (step(statement));
            c.reset(statement.pointer);
            top = base;
            if (borrowed.length > 0) {
              for (const pointer of borrowed) c.free(pointer);
              borrowed = [];
            }
          }
          borrowed = kept;
        }),
      );
      idle();
    },

    get inTransaction() {
      return open && !c.autocommit(db);
    },

    deadline(ms) {
      if (!open) return;
      end = ms === null ? null : now() + ms;
      restoreStop();
    },

    reader(sql, options) {
      if (!open) throw new LoamError('ConnectionLost', 'The database was closed.');
      return readers.open(sql, options);
    },

    get reading() {
      return readers.kept;
    },

    createFunction(name, args, fn) {
      functions.add(name.toLowerCase());
      const code = c.createFunction(db, name, args, fn);
      if (code !== 0) throw failure(`function ${name}`, code);
    },

    serialize() {
      return options.serialize ? options.serialize() : c.serialize(db);
    },

    close() {
      if (!open) return;
      readers.close('all');
      c.onProgress(db, null);
      for (const statement of cache.values()) c.finalize(statement.pointer);
      cache.clear();
      options.onClose?.();
      open = false;
      const code = c.close(db);
      c.free(scratch);
      c.free(out);
      if (code !== 0) throw failure('close', code);
    },
  };
  return driver;
}

/** Runs `work` in a transaction of its own unless one is open, so that a failing row of `many` leaves nothing behind. */
export function atomically(driver: SqlDriver, work: () => void): void {
  if (driver.inTransaction) return work();
  driver.exec('BEGIN');
  try {
    work();
    driver.exec('COMMIT');
  } catch (error) {
    if (driver.inTransaction) driver.exec('ROLLBACK');
    throw error;
  }
}
