// The part of the Node drivers that does not depend on the library: parameters, transactions of `many`, deadlines and
// the statement cache. A library gives `prepare` and the few calls below.
import { readFileSync } from 'node:fs';
import { LoamError } from '../../engine/errors.ts';
import type { ParamValue, SqlDriver, SqlValue, ValueKind } from '../../engine/ports.ts';
import { changesRows, refuseNul, sqliteError, wrongParameterCount } from './errors.ts';
import { openNodeReader, type NodeReader } from './node-reader.ts';
import { disturbance } from './wasm-reader.ts';
import { atomically } from './wasm-statements.ts';

const cacheLimit = 200;

export interface NodeStatement {
  run(params: SqlValue[]): { changes: number; lastId: number };
  /** `named`: values of `$name`s, by their names with the sign. */
  rows(params: SqlValue[], named?: Record<string, ParamValue>): Iterable<SqlValue[]>;
  /** Known from the first row on. */
  names(): string[];
  /** Storage class of a value of the row given last. */
  kind(column: number): ValueKind;
  finalize(): void;
}

export interface NodeConnection {
  exec(sql: string): void;
  prepare(sql: string): NodeStatement;
  inTransaction(): boolean;
  createFunction(name: string, args: number, fn: (...args: SqlValue[]) => SqlValue): void;
  close(): void;
}

interface Cached {
  statement: NodeStatement;
  parameters: number;
  changesRows: boolean;
}

/** Parameters are positional (`?`); what stands in quotes or comments does not count. */
function countParameters(sql: string): number {
  const bare = sql.replace(
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\//g,
    ' ',
  );
  let count = 0;
  for (const [, number] of bare.matchAll(/\?(\d*)/g))
    count = number ? Math.max(count, Number(number)) : count + 1;
  return count;
}

function checked(value: SqlValue | undefined): SqlValue {
  if (value === undefined)
    throw new LoamError('InvalidArgument', 'A missing value cannot be stored in SQLite.');
  if (typeof value === 'string') {
    if (value.includes('\0')) throw refuseNul();
    return value.toWellFormed();
  }
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) {
    throw new LoamError('InvalidArgument', `The number ${value} does not fit in 64 bits.`);
  }
  if (typeof value === 'number' && Number.isNaN(value)) return null;
  return value;
}

export function createNodeDriver(connection: NodeConnection, path: string): SqlDriver {
  const cache = new Map<string, Cached>();
  let end: number | null = null;
  let open = true;
  const readers = new Set<NodeReader>();
  const functions = new Set<string>();

  /** The same rule as in the wasm drivers: no reader beside a change, but for kept ones beside a write. */
  function makeRoom(sql: string): void {
    if (readers.size === 0) return;
    const disturbs = disturbance(sql);
    for (const reader of [...readers])
      if (disturbs === 'all' || (disturbs === 'unkept' && !reader.keep)) reader.close();
  }

  function guard<T>(sql: string, work: () => T): T {
    if (!open) throw new LoamError('ConnectionLost', 'The database was closed.');
    makeRoom(sql);
    try {
      return work();
    } catch (error) {
      throw failure(error, sql);
    }
  }

  function failure(error: unknown, sql: string): LoamError {
    if (error instanceof LoamError) return error;
    const code = (error as { errcode?: number }).errcode ?? 0;
    return sqliteError({ code, message: error instanceof Error ? error.message : String(error), sql });
  }

  function take(sql: string): Cached {
    const known = cache.get(sql);
    if (known) {
      cache.delete(sql);
      cache.set(sql, known);
      return known;
    }
    if (sql.trim() === '') throw new LoamError('SqlError', 'The statement is empty.', { sql: '' });
    const statement = connection.prepare(sql);
    const made = { statement, parameters: countParameters(sql), changesRows: changesRows(sql) };
    cache.set(sql, made);
    if (cache.size > cacheLimit) {
      const oldest = cache.entries().next().value;
      if (oldest) {
        cache.delete(oldest[0]);
        oldest[1].statement.finalize();
      }
    }
    return made;
  }

  function bound(sql: string, cached: Cached, params: readonly SqlValue[]): SqlValue[] {
    if (params.length !== cached.parameters) throw wrongParameterCount(sql, cached.parameters, params.length);
    return params.map(checked);
  }

  function* rowsInTime(sql: string, params: readonly SqlValue[]): Generator<SqlValue[]> {
    const cached = take(sql);
    for (const row of cached.statement.rows(bound(sql, cached, params))) {
      if (end !== null && performance.now() > end)
        throw sqliteError({ code: 9, message: 'interrupted', sql });
      yield row;
    }
  }

  const driver: SqlDriver = {
    kind: 'node',
    durable: true,
    exec: (sql) => guard(sql, () => connection.exec(sql)),
    run(sql, params = []) {
      return guard(sql, () => {
        const cached = take(sql);
        const result = cached.statement.run(bound(sql, cached, params));
        return { changes: cached.changesRows ? result.changes : 0, lastId: result.lastId };
      });
    },
    all: (sql, params = []) => guard(sql, () => [...rowsInTime(sql, params)]),
    columns(sql, params = []) {
      return guard(sql, () => {
        const rows = [...rowsInTime(sql, params)];
        const names = take(sql).statement.names();
        return {
          names,
          columns: names.map((_, i) => rows.map((row) => row[i] as SqlValue)),
          count: rows.length,
        };
      });
    },
    many(sql, n, columns) {
      guard(sql, () =>
        atomically(driver, () => {
          const cached = take(sql);
          for (let row = 0; row < n; row++) {
            // A column of one value holds for all rows.
            const values = columns.map((column) => checked(column.length === 1 ? column[0] : column[row]));
            cached.statement.run(bound(sql, cached, values));
          }
        }),
      );
    },
    get inTransaction() {
      return open && connection.inTransaction();
    },
    deadline(ms) {
      end = ms === null ? null : performance.now() + ms;
    },
    reader(sql, options) {
      if (!open) throw new LoamError('ConnectionLost', 'The database was closed.');
      return openNodeReader({ connection, readers, functions, failure }, sql, options);
    },
    get reading() {
      return [...readers].some(({ keep }) => keep);
    },
    createFunction(name, args, fn) {
      functions.add(name.toLowerCase());
      guard(name, () => connection.createFunction(name, args, fn));
    },
    serialize() {
      if (driver.inTransaction) throw new LoamError('SqlError', 'Commit before the database is copied.');
      driver.all('PRAGMA wal_checkpoint(TRUNCATE)');
      return new Uint8Array(readFileSync(path));
    },
    close() {
      if (!open) return;
      for (const reader of [...readers]) reader.close();
      for (const { statement } of cache.values()) statement.finalize();
      cache.clear();
      open = false;
      connection.close();
    },
  };
  return driver;
}
