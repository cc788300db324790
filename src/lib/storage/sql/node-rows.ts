// The part of the Node drivers that does not depend on the library: parameters, transactions of `many`, deadlines and
// the statement cache. A library gives `prepare` and the few calls below.
import { readFileSync } from 'node:fs';
import { LoamError } from '../../engine/errors.ts';
import type { SqlDriver, SqlValue } from '../../engine/ports.ts';
import { changesRows, refuseNul, sqliteError, wrongParameterCount } from './errors.ts';
import { atomically } from './wasm-statements.ts';

const cacheLimit = 200;

export interface NodeStatement {
  run(params: SqlValue[]): { changes: number; lastId: number };
  rows(params: SqlValue[]): Iterable<SqlValue[]>;
  names(): string[];
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

  function guard<T>(sql: string, work: () => T): T {
    if (!open) throw new LoamError('ConnectionLost', 'The database was closed.');
    try {
      return work();
    } catch (error) {
      if (error instanceof LoamError) throw error;
      const code = (error as { errcode?: number }).errcode ?? 0;
      throw sqliteError({ code, message: error instanceof Error ? error.message : String(error), sql });
    }
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
    createFunction: (name, args, fn) => guard(name, () => connection.createFunction(name, args, fn)),
    serialize() {
      if (driver.inTransaction) throw new LoamError('SqlError', 'Commit before the database is copied.');
      driver.all('PRAGMA wal_checkpoint(TRUNCATE)');
      return new Uint8Array(readFileSync(path));
    },
    close() {
      if (!open) return;
      for (const { statement } of cache.values()) statement.finalize();
      cache.clear();
      open = false;
      connection.close();
    },
  };
  return driver;
}
