// @sqlite.org/sqlite-wasm as a SqliteModule, loaded once per thread (the wasm stays warm for a later leader).
import initSqlite, { type Sqlite3Static } from '@sqlite.org/sqlite-wasm';
import type { SqlValue } from '../../engine/ports.ts';
import { progressSteps, type Authorizer, type SqliteModule } from './sqlite-module.ts';
import { readCString } from './wasm-text.ts';

/** The raw C functions: typed here because the package types them as `any`-valued exports. */
type Exports = Record<string, (...args: (number | bigint)[]) => number> & {
  sqlite3_column_int64(statement: number, column: number): bigint;
  sqlite3_last_insert_rowid(db: number): bigint;
};

export interface OfficialModule {
  sqlite3: Sqlite3Static;
  c: SqliteModule;
  /** Opens a connection; `vfs` null means the default (memory) one. */
  open(path: string, vfs: string | null): number;
  /** Sets the limits and switches for a file that is not trusted; see `UntrustedDriver`. */
  defend(db: number, level: 'full' | 'repair'): void;
}

let loading: Promise<OfficialModule> | null = null;
let loaded = false;

/** Loads and compiles the module; later calls get the same one. */
export function loadOfficial(): Promise<OfficialModule> {
  loading ??= initSqlite().then((sqlite3) => {
    loaded = true;
    return wrap(sqlite3);
  });
  return loading;
}

/** Whether `loadOfficial` would answer at once. */
export const officialLoaded = (): boolean => loaded;

function wrap(sqlite3: Sqlite3Static): OfficialModule {
  const { capi, wasm } = sqlite3;
  const x = (wasm as unknown as { exports: Exports }).exports;
  const fn = (name: string) => {
    const found = x[name];
    if (!found) throw new Error(`sqlite-wasm lacks ${name}`);
    return found;
  };
  const heap = () => wasm.heap8u() as Uint8Array;
  const text = (pointer: number) => readCString(heap(), pointer);
  const bindText = fn('sqlite3_bind_text');
  const bindBlob = fn('sqlite3_bind_blob');
  const columnName = fn('sqlite3_column_name');
  const parameterName = fn('sqlite3_bind_parameter_name');
  const errmsg = fn('sqlite3_errmsg');
  const exec = fn('sqlite3_exec');
  const autocommit = fn('sqlite3_get_autocommit');
  const zeroblob = fn('sqlite3_bind_zeroblob');
  const extended = fn('sqlite3_extended_errcode');
  const lastRowid = x.sqlite3_last_insert_rowid;
  const declared = fn('sqlite3_column_decltype');
  const originTable = fn('sqlite3_column_table_name');
  const originColumn = fn('sqlite3_column_origin_name');

  const stops = new Map<number, (() => boolean) | null>();
  const authorizers = new Map<number, Authorizer | null>();

  const c: SqliteModule = {
    heap,
    malloc: (bytes) => wasm.alloc(bytes) as number,
    free: (pointer) => wasm.dealloc(pointer),
    prepare: fn('sqlite3_prepare_v2'),
    step: fn('sqlite3_step'),
    reset: fn('sqlite3_reset'),
    finalize: fn('sqlite3_finalize'),
    exec: (db, sql) => exec(db, sql, 0, 0, 0),
    // The wrapper's close also frees the JavaScript functions it converted for this connection.
    close(db) {
      stops.delete(db);
      authorizers.delete(db);
      return capi.sqlite3_close_v2(db);
    },
    errmsg: (db) => text(errmsg(db)),
    errcode: (db) => extended(db),
    parameterCount: fn('sqlite3_bind_parameter_count'),
    parameterName: (statement, index) => text(parameterName(statement, index)),
    bindNull: fn('sqlite3_bind_null'),
    bindInt: fn('sqlite3_bind_int'),
    bindInt64: fn('sqlite3_bind_int64'),
    bindDouble: fn('sqlite3_bind_double'),
    bindText: (statement, index, at, bytes) => bindText(statement, index, at, bytes, 0),
    bindBlob: (statement, index, at, bytes) =>
      bytes === 0 ? zeroblob(statement, index, 0) : bindBlob(statement, index, at, bytes, 0),
    columnCount: fn('sqlite3_column_count'),
    columnName: (statement, column) => text(columnName(statement, column)),
    columnType: fn('sqlite3_column_type'),
    columnDouble: fn('sqlite3_column_double'),
    columnInt64: x.sqlite3_column_int64,
    columnText: fn('sqlite3_column_text'),
    columnBlob: fn('sqlite3_column_blob'),
    columnBytes: fn('sqlite3_column_bytes'),
    changes: fn('sqlite3_changes'),
    lastId: (db) => Number(lastRowid(db)),
    autocommit: (db) => autocommit(db) !== 0,
    onProgress(db, stop) {
      // Installed once: a null answer costs 50 ns in 50 µs, a change of handler costs more.
      if (stop && !stops.has(db)) {
        capi.sqlite3_progress_handler(db, progressSteps, () => (stops.get(db)?.() ? 1 : 0), 0);
      }
      if (stop || stops.has(db)) stops.set(db, stop);
    },
    createFunction(db, name, args, work) {
      const call = (_context: number, ...values: SqlValue[]) => work(...values);
      const flags = capi.SQLITE_UTF8 | capi.SQLITE_DETERMINISTIC;
      return capi.sqlite3_create_function_v2(db, name, args, flags as never, 0, call as never, 0, 0, 0);
    },
    onAuthorize(db, allow) {
      // Installed once: each installing makes SQLite compile every cached statement again.
      if (allow && !authorizers.has(db)) {
        capi.sqlite3_set_authorizer(
          db,
          (_data: number, action: number, first: unknown, second: unknown) => {
            const ask = authorizers.get(db);
            const given = (value: unknown) => (typeof value === 'string' ? value : null);
            return !ask || ask(action, given(first), given(second)) ? capi.SQLITE_OK : capi.SQLITE_DENY;
          },
          0,
        );
      }
      if (allow || authorizers.has(db)) authorizers.set(db, allow);
    },
    limit: fn('sqlite3_limit'),
    errorOffset: fn('sqlite3_error_offset'),
    declaredType: (statement, column) => text(declared(statement, column)) || null,
    origin(statement, column) {
      const table = text(originTable(statement, column));
      return table === '' ? null : { table, column: text(originColumn(statement, column)) };
    },
    serialize: (db) => capi.sqlite3_js_db_export(db),
  };

  function open(path: string, vfs: string | null): number {
    const at = wasm.alloc(8) as number;
    try {
      const flags = capi.SQLITE_OPEN_READWRITE | capi.SQLITE_OPEN_CREATE;
      const code = capi.sqlite3_open_v2(path, at, flags, vfs as never);
      const db = new DataView(heap().buffer).getInt32(at, true);
      if (code !== 0) {
        const message = db ? c.errmsg(db) : capi.sqlite3_js_rc_str(code);
        if (db) capi.sqlite3_close_v2(db);
        throw new Error(`${message} (${code})`);
      }
      return db;
    } finally {
      wasm.dealloc(at);
    }
  }

  function defend(db: number, level: 'full' | 'repair'): void {
    const limits: [number, number][] = [
      [capi.SQLITE_LIMIT_LENGTH, 256 * 1024 * 1024],
      [capi.SQLITE_LIMIT_SQL_LENGTH, 1_000_000],
      [capi.SQLITE_LIMIT_EXPR_DEPTH, 100],
      [capi.SQLITE_LIMIT_COMPOUND_SELECT, 50],
      [capi.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000],
      [capi.SQLITE_LIMIT_ATTACHED, 0],
      [capi.SQLITE_LIMIT_TRIGGER_DEPTH, 1],
    ];
    for (const [limit, value] of limits) capi.sqlite3_limit(db, limit as never, value);
    const full = level === 'full' ? 1 : 0;
    const switches: [number, number][] = [
      [capi.SQLITE_DBCONFIG_DEFENSIVE, full],
      [capi.SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1 - full],
      [capi.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0],
      [capi.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0],
      [capi.SQLITE_DBCONFIG_ENABLE_VIEW, 0],
      [capi.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0],
      [capi.SQLITE_DBCONFIG_DQS_DDL, 0],
    ];
    for (const [what, value] of switches) {
      const code = capi.sqlite3_db_config(db, what as never, value, 0 as never);
      if (code !== 0) throw new Error(`sqlite3_db_config ${what} answered ${code}`);
    }
  }
  return { sqlite3, c, open, defend };
}
