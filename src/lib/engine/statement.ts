// Domain code that must be atomic is a generator that yields statements; a runner feeds it results.
// One code serves the synchronous drivers (worker, Node) and, later, an asynchronous Postgres runner.
import type { Clock, SqlDriver, SqlValue } from './ports.ts';

export type Statement =
  | { kind: 'run'; sql: string; params: readonly SqlValue[] }
  | { kind: 'all'; sql: string; params: readonly SqlValue[] }
  | { kind: 'many'; sql: string; n: number; columns: readonly (readonly SqlValue[])[] };

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the runner's answer depends on the statement's kind
export type Steps<T> = Generator<Statement, T, any>;

export function* run(
  sql: string,
  params: readonly SqlValue[] = [],
): Steps<{ changes: number; lastId: number }> {
  return yield { kind: 'run', sql, params };
}

export function* all(sql: string, params: readonly SqlValue[] = []): Steps<SqlValue[][]> {
  return yield { kind: 'all', sql, params };
}

export function* one(sql: string, params: readonly SqlValue[] = []): Steps<SqlValue[] | undefined> {
  const rows: SqlValue[][] = yield { kind: 'all', sql, params };
  return rows[0];
}

export function* many(sql: string, n: number, columns: readonly (readonly SqlValue[])[]): Steps<void> {
  yield { kind: 'many', sql, n, columns };
}

/** BEGIN … COMMIT around the steps; any failure rolls all of it back. */
export function* inTransaction<T>(steps: Steps<T>): Steps<T> {
  yield* run('BEGIN IMMEDIATE');
  try {
    const value = yield* steps;
    yield* run('COMMIT');
    return value;
  } catch (error) {
    try {
      yield* run('ROLLBACK');
    } catch {
      // SQLite rolls back by itself on a full disk or an I/O error; the first error is the one to tell.
    }
    throw error;
  }
}

/** The same within a transaction: any failure takes back the steps alone, and is thrown on. */
export function* inSavepoint<T>(steps: Steps<T>): Steps<T> {
  yield* run('SAVEPOINT loam_part');
  try {
    const value = yield* steps;
    yield* run('RELEASE loam_part');
    return value;
  } catch (error) {
    try {
      yield* run('ROLLBACK TO loam_part');
      yield* run('RELEASE loam_part');
    } catch {
      // As above: the transaction may be gone with it.
    }
    throw error;
  }
}

/** Drives the steps on a synchronous connection. A failing statement is thrown into the generator, which may go on yielding. */
export function runSync<T>(driver: SqlDriver, steps: Steps<T>): T {
  let next = steps.next();
  while (!next.done) {
    const s = next.value;
    let answer: unknown;
    try {
      if (s.kind === 'run') answer = driver.run(s.sql, s.params);
      else if (s.kind === 'all') answer = driver.all(s.sql, s.params);
      else answer = driver.many(s.sql, s.n, s.columns);
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next(answer);
  }
  return next.value;
}

/** Statements that read may go on for this long before others get their turn. */
const turnMs = 10;

/**
 * Drives steps that only read, but lets waiting requests run first, and between statements once it has taken a while.
 * First, since a page that comes back asks for facets, marks and rows in one breath, and rows take a tenth of the time.
 * What the others write in between may show in the later statements: for counts and the like, not for decisions.
 */
export async function runInTurn<T>(
  driver: SqlDriver,
  steps: Steps<T>,
  clock: Clock,
  breathe: () => Promise<void>,
): Promise<T> {
  await breathe();
  let since = clock();
  let next = steps.next();
  while (!next.done) {
    const s = next.value;
    if (s.kind !== 'all') throw new Error('Steps that give way to others only read.');
    // The rows first: what the steps make of them is not to be disturbed by others.
    next = steps.next(driver.all(s.sql, s.params));
    if (!next.done && clock() - since >= turnMs) {
      await breathe();
      since = clock();
    }
  }
  return next.value;
}
