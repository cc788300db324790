// A SQLite connection on which a transaction can be held open across waits for Postgres. While it is, what the engine calls a
// transaction is a savepoint within it: nothing of a turn stays unless all of it does.
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';

export interface OuterDriver extends SqlDriver {
  /** The transaction of a turn is open. */
  readonly outer: boolean;
  begin(): void;
  commit(): void;
  /** Takes everything back since `begin`; whoever remembers rows of that time has to forget them. */
  rollback(): void;
}

const inner = 'loam_inner';
const instead: Readonly<Record<string, readonly string[]>> = {
  BEGIN: [`SAVEPOINT ${inner}`],
  'BEGIN IMMEDIATE': [`SAVEPOINT ${inner}`],
  COMMIT: [`RELEASE ${inner}`],
  ROLLBACK: [`ROLLBACK TO ${inner}`, `RELEASE ${inner}`],
};

/** Wraps a connection. The wrapped one is not to be used beside it. */
export function createOuterDriver(driver: SqlDriver): OuterDriver {
  let outer = false;
  let depth = 0;
  /** The statements that stand for one that begins or ends a transaction; null for any other. */
  function steps(sql: string): readonly string[] | null {
    if (!outer || sql.length > 20) return null;
    const word = sql.trim().toUpperCase();
    const found = Object.hasOwn(instead, word) ? (instead[word] ?? null) : null;
    if (found) depth += word.startsWith('BEGIN') ? 1 : -1;
    return found;
  }
  return Object.create(driver, {
    outer: { get: () => outer },
    inTransaction: { get: () => (outer ? depth > 0 : driver.inTransaction) },
    begin: {
      value() {
        driver.run('BEGIN IMMEDIATE');
        outer = true;
        depth = 0;
      },
    },
    commit: {
      value() {
        driver.run('COMMIT');
        outer = false;
      },
    },
    rollback: {
      value() {
        outer = false;
        depth = 0;
        // SQLite has done it itself where the disk was full.
        if (driver.inTransaction) driver.run('ROLLBACK');
      },
    },
    run: {
      value(sql: string, params?: readonly SqlValue[]) {
        const found = steps(sql);
        if (!found) return driver.run(sql, params);
        for (const one of found) driver.run(one);
        return { changes: 0, lastId: 0 };
      },
    },
    exec: {
      value(sql: string) {
        const found = steps(sql);
        if (!found) return driver.exec(sql);
        for (const one of found) driver.run(one);
      },
    },
    all: { value: (sql: string, params?: readonly SqlValue[]) => driver.all(sql, params) },
  }) as OuterDriver;
}
