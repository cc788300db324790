// Domain code that must be atomic is a generator that yields statements; a runner feeds it results.
// One code serves the synchronous drivers (worker, Node) and, later, an asynchronous Postgres runner.
import type { SqlDriver, SqlValue } from './ports.ts';

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
