// wa-sqlite's synchronous wasm build as a SqliteModule. It was built without BigInt support, so 64-bit integers cross
// as two 32-bit halves.
import load, { type WaModule } from 'wa-sqlite/dist/wa-sqlite.mjs';
import { LoamError } from '../../engine/errors.ts';
import type { SqlValue } from '../../engine/ports.ts';
import { progressSteps, type Authorizer, type SqliteModule } from './sqlite-module.ts';
import { encodeText, readCString, readText } from './wasm-text.ts';

const UTF8_DETERMINISTIC = 1 | 0x800;
const READWRITE_CREATE_EXRESCODE = 0x2 | 0x4 | 0x02000000;
/** SQLite copies the value before the call returns. */
const TRANSIENT = -1;

export interface WaSqlite {
  module: WaModule;
  c: SqliteModule;
  open(path: string, vfs: string): number;
}

let loading: Promise<WaSqlite> | null = null;

export function loadWaSqlite(): Promise<WaSqlite> {
  loading ??= load().then(wrap);
  return loading;
}

function wrap(m: WaModule): WaSqlite {
  const heap = () => m.HEAPU8;
  const text = (pointer: number) => readCString(m.HEAPU8, pointer);
  const halves = (value: bigint): [number, number] => [
    Number(BigInt.asIntN(32, value)),
    Number(value >> 32n),
  ];
  const join = (low: number): bigint => (BigInt(m.getTempRet0()) << 32n) | BigInt(low >>> 0);
  const malloc = (bytes: number) => {
    const at = m._sqlite3_malloc(Math.max(bytes, 1));
    if (at === 0)
      throw new LoamError('InternalError', `The database is out of memory (${bytes} bytes wanted).`);
    return at;
  };

  /** A value argument of an SQL function. */
  function argument(value: number): SqlValue {
    switch (m._sqlite3_value_type(value)) {
      case 1: {
        const double = m._sqlite3_value_double(value);
        return Number.isSafeInteger(double) ? double : join(m._sqlite3_value_int64(value));
      }
      case 2:
        return m._sqlite3_value_double(value);
      case 3: {
        const at = m._sqlite3_value_text(value);
        return readText(m.HEAPU8, at, m._sqlite3_value_bytes(value));
      }
      case 4: {
        const at = m._sqlite3_value_blob(value);
        return m.HEAPU8.slice(at, at + m._sqlite3_value_bytes(value));
      }
      default:
        return null;
    }
  }

  function withBytes(bytes: Uint8Array, work: (at: number) => void): void {
    const at = malloc(bytes.length);
    m.HEAPU8.set(bytes, at);
    work(at);
    m._sqlite3_free(at);
  }

  function answer(context: number, value: SqlValue): void {
    if (value === null) m._sqlite3_result_null(context);
    else if (typeof value === 'number') {
      if (value === (value | 0)) m._sqlite3_result_int(context, value);
      else if (Number.isSafeInteger(value)) m._sqlite3_result_int64(context, ...halves(BigInt(value)));
      else m._sqlite3_result_double(context, value);
    } else if (typeof value === 'bigint') m._sqlite3_result_int64(context, ...halves(value));
    else if (typeof value === 'string') {
      const bytes = encodeText(value);
      withBytes(bytes, (at) => m._sqlite3_result_text(context, at, bytes.length, TRANSIENT));
    } else withBytes(value, (at) => m._sqlite3_result_blob(context, at, value.length, TRANSIENT));
  }

  const authorizers = new Map<number, Authorizer | null>();

  const c: SqliteModule = {
    heap,
    malloc,
    free: (pointer) => void m._sqlite3_free(pointer),
    prepare: m._sqlite3_prepare_v2,
    step: m._sqlite3_step,
    reset: m._sqlite3_reset,
    finalize: m._sqlite3_finalize,
    exec: (db, sql) => m._sqlite3_exec(db, sql, 0, 0, 0),
    close(db) {
      authorizers.delete(db);
      return m._sqlite3_close(db);
    },
    errmsg: (db) => text(m._sqlite3_errmsg(db)),
    errcode: (_db, code) => code,
    parameterCount: m._sqlite3_bind_parameter_count,
    parameterName: (statement, index) => text(m._sqlite3_bind_parameter_name(statement, index)),
    bindNull: m._sqlite3_bind_null,
    bindInt: m._sqlite3_bind_int,
    bindInt64: (statement, index, value) => m._sqlite3_bind_int64(statement, index, ...halves(value)),
    bindDouble: m._sqlite3_bind_double,
    bindText: (statement, index, at, bytes) => m._sqlite3_bind_text(statement, index, at, bytes, 0),
    bindBlob: (statement, index, at, bytes) => m._sqlite3_bind_blob(statement, index, at, bytes, 0),
    columnCount: m._sqlite3_column_count,
    columnName: (statement, column) => text(m._sqlite3_column_name(statement, column)),
    columnType: m._sqlite3_column_type,
    columnDouble: m._sqlite3_column_double,
    columnInt64: (statement, column) => join(m._sqlite3_column_int64(statement, column)),
    columnText: m._sqlite3_column_text,
    columnBlob: m._sqlite3_column_blob,
    columnBytes: m._sqlite3_column_bytes,
    changes: m._sqlite3_changes,
    lastId: null,
    autocommit: (db) => m._sqlite3_get_autocommit(db) !== 0,
    onProgress(db, stop) {
      if (stop) m.progressHandler(db, progressSteps, () => (stop() ? 1 : 0), null);
      else m.progressHandler(db, 0, null, null);
    },
    createFunction: (db, name, args, fn) =>
      m.createFunction(db, name, args, UTF8_DETERMINISTIC, 0, (context, pointers) => {
        try {
          // Read before calling: the view is lost when memory grows.
          const values = [...pointers].map(argument);
          answer(context, fn(...values));
        } catch (error) {
          const bytes = encodeText(error instanceof Error ? error.message : String(error));
          withBytes(bytes, (at) => m._sqlite3_result_error(context, at, bytes.length));
        }
      }),
    onAuthorize(db, allow) {
      // Installed once: each installing makes SQLite compile every cached statement again.
      if (allow && !authorizers.has(db)) {
        m.setAuthorizer(
          db,
          (_data, action, first, second) => {
            const ask = authorizers.get(db);
            return !ask || ask(action, first, second) ? 0 : 1;
          },
          null,
        );
      }
      if (allow || authorizers.has(db)) authorizers.set(db, allow);
    },
    limit: m._sqlite3_limit,
    errorOffset: () => -1,
    declaredType: () => null,
    origin: () => null,
    serialize() {
      throw new LoamError('InternalError', 'This build of SQLite cannot serialize; its VFS does.');
    },
  };

  function open(path: string, vfs: string): number {
    const at = malloc(4);
    const code = m.ccall(
      'sqlite3_open_v2',
      'number',
      ['string', 'number', 'number', 'string'],
      [path, at, READWRITE_CREATE_EXRESCODE, vfs],
    );
    const db = new DataView(m.HEAPU8.buffer).getInt32(at, true);
    m._sqlite3_free(at);
    if (code !== 0) {
      const message = db ? c.errmsg(db) : 'no connection';
      if (db) m._sqlite3_close(db);
      throw new Error(`${message} (${code})`);
    }
    return db;
  }
  return { module: m, c, open };
}
