// Stands for the mirror where a test is about something else: what it is asked to write is counted, and can be refused.
import { LoamError } from '../../src/lib/engine/errors.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import type { PostgresSession } from '../../server/postgres.ts';
import type { CreateMirror } from '../../server/sync/replica.ts';

export interface StandIn {
  createMirror: CreateMirror;
  copyTables(session: PostgresSession, driver: SqlDriver): Promise<void>;
  /** For whom it wrote. */
  flushed: (string | null)[];
  /** Why it refuses what the replica has now; null: it does not. */
  refuse: (driver: SqlDriver) => string | null;
}

export function standIn(): StandIn {
  const made: StandIn = {
    flushed: [],
    refuse: () => null,
    createMirror: ({ driver }) => ({
      flush(_session, account) {
        const why = made.refuse(driver);
        if (why !== null) return Promise.reject(new LoamError('ValidationError', why));
        made.flushed.push(account);
        return Promise.resolve({ rows: 0 });
      },
      skip: () => Promise.resolve(),
    }),
    // The rows of Postgres as they are, which here are LaminDB's first ones.
    async copyTables(session, driver) {
      driver.exec('PRAGMA foreign_keys=off');
      for (const table of model.order) {
        const columns = model.tables.get(table)?.columns.filter(({ foreign }) => !foreign) ?? [];
        const names = columns.map(({ name }) => `"${name}"`).join(', ');
        const { rows } = await session.query(`SELECT ${names} FROM public."${table}"`);
        driver.many(
          `INSERT INTO "${table}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
          rows.length,
          columns.map((_, i) => rows.map((row) => row[i] ?? null)),
        );
      }
      driver.exec('PRAGMA foreign_keys=on');
    },
  };
  return made;
}
