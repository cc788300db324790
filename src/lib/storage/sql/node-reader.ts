// Readers in Node, where neither library lets us install an authorizer (node:sqlite has one from Node 24.10 on). Two
// other fences hold: the text may only begin as a reading statement or be a listed pragma, and `query_only` makes
// SQLite itself refuse every write of what passes (WITH … DELETE). ATTACH, VACUUM, transactions and settings cannot
// pass the text check. A step cannot be interrupted here, so `stop` acts between rows.
import { LoamError } from '../../engine/errors.ts';
import type { ReaderColumn, ReaderOptions, ReaderRow, SqlReader, SqlValue } from '../../engine/ports.ts';
import type { NodeConnection } from './node-rows.ts';
import { checkText, findFunction, paramOf, paramsIn, placeOf, refused } from './read-only.ts';
import { sqliteError } from './errors.ts';

export interface NodeReader extends SqlReader {
  readonly keep: boolean;
}

export interface NodeReaderHost {
  connection: NodeConnection;
  /** The open ones of this connection. */
  readers: Set<NodeReader>;
  functions: ReadonlySet<string>;
  failure(error: unknown, sql: string): LoamError;
}

export function openNodeReader(host: NodeReaderHost, sql: string, options: ReaderOptions): NodeReader {
  const { connection, readers } = host;
  checkText(sql);
  const found = findFunction(sql, new Set([...host.functions, 'regexp']));
  if (found) throw refused(`The function ${found.name} is not available in the console.`, sql, found.offset);

  /** Runs `work` while SQLite refuses every write. */
  function guarded<T>(work: () => T): T {
    connection.exec('PRAGMA query_only=on');
    try {
      return work();
    } catch (error) {
      throw inWords(host.failure(error, sql), sql);
    } finally {
      connection.exec('PRAGMA query_only=off');
    }
  }

  const statement = guarded(() => connection.prepare(sql));
  const named = paramsIn(sql).map((name) => [name, paramOf(name, options.params ?? {})] as const);
  const rows = statement.rows([], Object.fromEntries(named))[Symbol.iterator]();
  let current: SqlValue[] = [];
  let waiting: SqlValue[] | null = null;
  let columns: ReaderColumn[] | null = null;
  let open = true;
  let ended = false;

  /** The libraries tell the names once a row is there, so the first one is fetched for them and kept. */
  function known(): ReaderColumn[] {
    if (columns || !open) return columns ?? [];
    const next = guarded(() => rows.next());
    waiting = next.done ? null : next.value;
    columns = statement.names().map((name) => ({ name, declared: null, table: null, column: null }));
    if (next.done) end();
    return columns;
  }

  function end(): void {
    ended = true;
    reader.close();
  }

  const row: ReaderRow = {
    kind: (column) => statement.kind(column),
    bytes: (column) => sizeOf(current[column]),
    value(column, most = Infinity) {
      const value = current[column] ?? null;
      return sizeOf(value) > most ? cut(value, most) : value;
    },
  };

  const reader: NodeReader = {
    keep: options.keep ?? false,
    get columns() {
      return known();
    },
    get open() {
      return open;
    },
    read(visit) {
      if (open) known();
      if (ended) return false;
      if (!open) throw new LoamError('ConnectionLost', 'The statement is closed.');
      try {
        return guarded(() => {
          for (;;) {
            if (options.stop()) throw sqliteError({ code: 9, message: 'interrupted', sql });
            const next = waiting ? { value: waiting, done: false as const } : rows.next();
            waiting = null;
            if (next.done) break;
            current = next.value;
            if (!visit(row)) return true;
          }
          end();
          return false;
        });
      } catch (error) {
        reader.close();
        throw error;
      }
    },
    close() {
      if (!open) return;
      open = false;
      readers.delete(reader);
      rows.return?.();
      statement.finalize();
    },
  };
  readers.add(reader);
  return reader;
}

function sizeOf(value: SqlValue | undefined): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  return value instanceof Uint8Array ? value.length : 0;
}

function cut(value: SqlValue, most: number): SqlValue {
  if (value instanceof Uint8Array) return value.slice(0, most);
  if (typeof value !== 'string') return value;
  const target = new Uint8Array(most);
  const { read } = new TextEncoder().encodeInto(value, target);
  return value.slice(0, read);
}

/** SQLite's refusal of a write, and the place of an error, in the same words as under the authorizer. */
function inWords(error: LoamError, sql: string): LoamError {
  if (/readonly database/i.test(error.message)) {
    return refused(
      'This would change the database. The console only reads; changes go through the app, which keeps their history and can undo them.',
      sql,
      -1,
    );
  }
  if (error.code !== 'SqlError') return error;
  return new LoamError('SqlError', error.message, { ...error.details, offset: placeOf(error.message, sql) });
}
