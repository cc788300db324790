// node-sqlite3-wasm as a NodeConnection. Its public rows are objects keyed by column name, which lose columns of equal
// name, so rows are taken through the row reader underneath with column numbers as keys (package pinned at 0.8.60).
// It has no memory that processes share, so that it refuses WAL but where one alone has the file.
import type { ParamValue, SqlDriver, SqlValue, ValueKind } from '../../engine/ports.ts';
import { holdOpen } from './node-lock.ts';
import { createNodeDriver } from './node-rows.ts';

interface WasmStatement {
  readonly _ptr: number;
  finalize(): void;
  _bind(values: SqlValue[] | Record<string, ParamValue>): void;
  _step(): boolean;
  _reset(): boolean;
  _getColumnNames(): string[];
  _getRow(keys: string[], expand: boolean): Record<string, SqlValue>;
}

interface WasmDatabase {
  readonly _ptr: number;
  exec(sql: string): void;
  prepare(sql: string): WasmStatement;
  readonly inTransaction: boolean;
  function(name: string, fn: (...args: SqlValue[]) => SqlValue, options: { deterministic: boolean }): void;
  close(): void;
}

export interface NodeWasmModule {
  Database: new (path: string) => WasmDatabase;
  _sqlite3_changes(db: number): number;
  _sqlite3_column_type(statement: number, column: number): number;
  _sqlite3_last_insert_rowid(db: number): bigint;
}

const kinds: Record<number, ValueKind> = { 1: 'integer', 2: 'real', 3: 'text', 4: 'blob', 5: 'null' };

function opened(library: NodeWasmModule, path: string, letGo: () => void): WasmDatabase {
  try {
    return new library.Database(path);
  } catch (error) {
    letGo();
    throw error;
  }
}

export function openNodeWasm(library: NodeWasmModule, path: string, alone = false): SqlDriver {
  const letGo = holdOpen(path);
  const db = opened(library, path, letGo);
  // A transaction holds a lock folder beside the file: it is kept for good only where nobody else is to come.
  const driver = createNodeDriver(
    {
      exec: (sql) => db.exec(sql),
      prepare(sql) {
        const statement = db.prepare(sql);
        return {
          run(params) {
            try {
              // The library's own `run` takes one step, which is too few for a RETURNING clause.
              statement._bind(params);
              while (statement._step());
              const changes = library._sqlite3_changes(db._ptr);
              return { changes, lastId: Number(library._sqlite3_last_insert_rowid(db._ptr)) };
            } finally {
              statement._reset();
            }
          },
          *rows(params, named = {}) {
            try {
              statement._bind(Object.keys(named).length > 0 ? named : params);
              let keys: string[] | null = null;
              while (statement._step()) {
                keys ??= statement._getColumnNames().map((_, i) => String(i));
                yield Object.values(statement._getRow(keys, false));
              }
            } finally {
              statement._reset();
            }
          },
          names: () => statement._getColumnNames(),
          kind: (column) => kinds[library._sqlite3_column_type(statement._ptr, column)] ?? 'null',
          finalize: () => statement.finalize(),
        };
      },
      inTransaction: () => db.inTransaction,
      createFunction(name, args, fn) {
        // The library reads the number of arguments from the function's length.
        const sized = Object.defineProperty((...values: SqlValue[]) => fn(...values), 'length', {
          value: args,
        });
        db.function(name, sized, { deterministic: true });
      },
      close() {
        db.close();
        letGo();
      },
    },
    path,
  );
  try {
    // Before the first look into the file, which may be in WAL mode already.
    if (alone) {
      driver.exec('PRAGMA page_size=4096; PRAGMA locking_mode=exclusive');
      driver.exec('PRAGMA journal_mode=wal; PRAGMA synchronous=normal');
    }
    driver.exec('PRAGMA page_size=4096; PRAGMA foreign_keys=on; PRAGMA trusted_schema=off');
    driver.exec('PRAGMA cache_size=-65536; PRAGMA temp_store=memory');
    driver.all('SELECT count(*) FROM sqlite_schema');
    return driver;
  } catch (error) {
    driver.close();
    throw error;
  }
}
