// Our own tables on Postgres, in the schema `loam` beside LaminDB's: made and brought up to date here and nowhere else.
import { LoamError } from '../src/lib/engine/errors.ts';
import { blobSteps } from './blobs/tables.ts';
import { peopleSteps } from './people/tables.ts';
import { roomSteps } from './rooms/tables.ts';
import { inPostgresTransaction, type Postgres } from './postgres.ts';
import { syncSteps } from './sync/log-tables.ts';

/** One change of the tables. Never edited once it was released: what is done on a database is known by its name. */
export interface SchemaStep {
  name: string;
  sql: string;
}

/** In the order in which they are done. */
export const schemaSteps: readonly SchemaStep[] = [...peopleSteps, ...blobSteps, ...syncSteps, ...roomSteps];

/** Two servers that start at once do it one after the other. */
const lock = 0x10a4;

/** Does what is not done yet, all or nothing. Answers with the names of what was done. */
export async function openLoamSchema(
  postgres: Postgres,
  steps: readonly SchemaStep[] = schemaSteps,
): Promise<string[]> {
  return await postgres.session((session) =>
    inPostgresTransaction(session, async () => {
      await session.query('SELECT pg_advisory_xact_lock($1)', [lock]);
      await session.exec(
        'CREATE SCHEMA IF NOT EXISTS loam; CREATE TABLE IF NOT EXISTS loam.schema_step (place integer PRIMARY KEY, name text NOT NULL UNIQUE, at timestamptz NOT NULL DEFAULT now())',
      );
      const { rows } = await session.query('SELECT name FROM loam.schema_step ORDER BY place');
      const done = rows.map(([name]) => String(name));
      const unknown = done.filter((name) => !steps.some((step) => step.name === name));
      if (unknown.length > 0)
        throw new LoamError(
          'SchemaDrift',
          `The tables of Loam in this database were made by a newer Loam (${unknown.join(', ')}). Start that version, or a newer one.`,
          { unknown },
        );
      const left = steps.filter(({ name }) => !done.includes(name));
      for (const { name, sql } of left) {
        await session.exec(sql);
        await session.query(
          'INSERT INTO loam.schema_step (place, name) SELECT coalesce(max(place), 0) + 1, $1 FROM loam.schema_step',
          [name],
        );
      }
      return left.map(({ name }) => name);
    }),
  );
}
