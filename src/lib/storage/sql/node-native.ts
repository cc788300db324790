// node:sqlite as a NodeConnection: WAL, so that a second process can read while we write.
import type { ParamValue, SqlDriver, SqlValue, ValueKind } from '../../engine/ports.ts';
import { createNodeDriver } from './node-rows.ts';

interface NativeStatement {
  run(...params: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(
    ...params: (SqlValue | Record<string, ParamValue>)[]
  ): Iterable<SqlValue[] | Record<string, SqlValue>>;
  columns?(): { name: string }[];
  setReadBigInts(on: boolean): void;
  setReturnArrays?(on: boolean): void;
}

interface NativeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NativeStatement;
  readonly isTransaction?: boolean;
  function(name: string, options: object, fn: (...args: SqlValue[]) => SqlValue): void;
  close(): void;
}

/** What is used of node:sqlite; declared here because the types are those of Node 20. */
export interface NativeModule {
  DatabaseSync: new (path: string, options?: object) => NativeDatabase;
}

function narrowed(value: SqlValue): SqlValue {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Integers are bigint before they are narrowed, so a number is a REAL. */
function kindOf(value: SqlValue | undefined): ValueKind {
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return 'real';
  if (typeof value === 'string') return 'text';
  return value ? 'blob' : 'null';
}

export function openNative(library: NativeModule, path: string, readOnly = false): SqlDriver {
  const db = new library.DatabaseSync(path, { readOnly });
  // Before 24.0 there is no `isTransaction`; a savepoint that begins a transaction cannot be told apart otherwise.
  const inTransaction = () => db.isTransaction ?? probe();
  function probe(): boolean {
    try {
      db.exec('BEGIN');
      db.exec('ROLLBACK');
      return false;
    } catch {
      return true;
    }
  }
  const driver = createNodeDriver(
    {
      exec: (sql) => db.exec(sql),
      prepare(sql) {
        const statement = db.prepare(sql);
        // Integers come as bigint and are narrowed: the library throws at unsafe ones otherwise.
        statement.setReadBigInts(true);
        statement.setReturnArrays?.(true);
        let names: string[] = [];
        let last: SqlValue[] = [];
        return {
          run(params) {
            const { changes, lastInsertRowid } = statement.run(...params);
            return { changes: Number(changes), lastId: Number(lastInsertRowid) };
          },
          *rows(params, named = {}) {
            const values = Object.keys(named).length > 0 ? [named] : params;
            for (const row of statement.iterate(...values)) {
              if (!Array.isArray(row)) names = Object.keys(row);
              last = Array.isArray(row) ? row : Object.values(row);
              yield last.map(narrowed);
            }
          },
          names: () => statement.columns?.().map((column) => column.name) ?? names,
          kind: (column) => kindOf(last[column]),
          finalize() {},
        };
      },
      inTransaction,
      createFunction(name, args, fn) {
        const options = { deterministic: true, useBigIntArguments: true, varargs: args < 0 };
        const sized = (...values: SqlValue[]) => fn(...values.map(narrowed));
        db.function(name, options, Object.defineProperty(sized, 'length', { value: Math.max(args, 0) }));
      },
      close: () => db.close(),
    },
    path,
  );
  try {
    if (!readOnly) driver.exec('PRAGMA page_size=4096; PRAGMA journal_mode=wal; PRAGMA synchronous=normal');
    driver.exec(
      'PRAGMA foreign_keys=on; PRAGMA trusted_schema=off; PRAGMA cache_size=-65536; PRAGMA temp_store=memory',
    );
    return driver;
  } catch (error) {
    driver.close();
    throw error;
  }
}
