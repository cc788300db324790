// Postgres as the server sees it: sessions that answer with the engine's values, and the runner that drives the engine's
// statement generators on one. `node-postgres.ts` and `embedded-postgres.ts` are its two implementations.
import { LoamError } from '../src/lib/engine/errors.ts';
import type { SqlValue } from '../src/lib/engine/ports.ts';
import type { Statement, Steps } from '../src/lib/engine/statement.ts';
import { rowsOf, translate } from './translate.ts';

export interface PostgresAnswer {
  /** Rows as arrays in column order, with the engine's values (postgres-values.ts). */
  rows: SqlValue[][];
  /** Rows that the statement wrote, or gave. */
  changes: number;
}

/** One connection. Statements are Postgres' own here, with `$1`; values go as text, whose type the server infers. */
export interface PostgresSession {
  query(sql: string, params?: readonly SqlValue[]): Promise<PostgresAnswer>;
  /** Any number of statements without parameters, in one trip. */
  exec(sql: string): Promise<void>;
  /** The same statement for each list of values. They are sent together; the first failure is thrown. */
  each(sql: string, params: readonly (readonly SqlValue[])[]): Promise<void>;
}

export interface Postgres {
  readonly kind: 'postgres' | 'embedded';
  /**
   * Lends a connection for the whole of `use`; one that comes back inside a transaction is rolled back, and said to be a
   * mistake. The embedded database has one connection, so there `use` of another waits.
   */
  session<T>(use: (session: PostgresSession) => Promise<T>): Promise<T>;
  /** Calls back for each notice on the channel until the answer is called. A lost connection is made anew, and called for. */
  listen(channel: string, onNotice: (payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Rows of one INSERT: few enough for the 65,535 parameters a statement may have. */
const rowsPerInsert = 500;
const parameterLimit = 65_535;

/**
 * Drives the engine's steps on a session; a failing statement is thrown into the generator, which may go on yielding.
 * Within a transaction Postgres refuses everything after a failure until a ROLLBACK, so steps may not probe by failing.
 */
export async function runSteps<T>(session: PostgresSession, steps: Steps<T>): Promise<T> {
  let next = steps.next();
  while (!next.done) {
    let answer: unknown;
    try {
      answer = await perform(session, next.value);
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next(answer);
  }
  return next.value;
}

async function perform(session: PostgresSession, statement: Statement): Promise<unknown> {
  if (statement.kind === 'many') return await performMany(session, statement);
  const { rows, changes } = await session.query(translate(statement.sql), statement.params);
  // Postgres tells no id of its own accord: the write path reserves ids before it inserts.
  return statement.kind === 'run' ? { changes, lastId: 0 } : rows;
}

async function performMany(
  session: PostgresSession,
  { sql, n, columns }: Extract<Statement, { kind: 'many' }>,
): Promise<void> {
  if (n === 0) return;
  const valueAt = (i: number) =>
    columns.map((column) => (column.length === 1 ? column[0] : column[i]) ?? null);
  const size = Math.min(rowsPerInsert, Math.floor(parameterLimit / Math.max(1, columns.length)));
  const whole = rowsOf(sql, size);
  if (!whole) {
    await session.each(
      translate(sql),
      Array.from({ length: n }, (_, i) => valueAt(i)),
    );
    return;
  }
  const full = Math.floor(n / size);
  await session.each(
    whole,
    Array.from({ length: full }, (_, part) =>
      Array.from({ length: size }, (_row, i) => valueAt(part * size + i)).flat(),
    ),
  );
  const rest = n - full * size;
  if (rest === 0) return;
  const last = Array.from({ length: rest }, (_, i) => valueAt(full * size + i)).flat();
  await session.query(rowsOf(sql, rest) ?? '', last);
}

/** BEGIN … COMMIT around work that is no generator; a failure rolls it back and is thrown on. */
export async function inPostgresTransaction<T>(
  session: PostgresSession,
  work: () => Promise<T>,
  begin = 'BEGIN',
): Promise<T> {
  await session.query(begin);
  try {
    const value = await work();
    await session.query('COMMIT');
    return value;
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Said where a session comes back inside a transaction, which has then been rolled back. */
export const leftOpen = (): LoamError =>
  new LoamError(
    'InternalError',
    'A piece of work ended inside a Postgres transaction; what it wrote was rolled back. This is a mistake in Loam: please report it.',
  );
