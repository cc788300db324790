// A Postgres database that is LaminDB's: made with its tables and first rows where it is empty, taken as it is where
// LaminDB has made it. What is another version's, or only half there, is refused and left alone.
import { LoamError } from '../src/lib/engine/errors.ts';
import type { Model } from '../src/lib/engine/model/types.ts';
import { postgresDdl } from '../src/lib/engine/schema/postgres.ts';
import { seedStatements, type SeedOptions } from '../src/lib/engine/schema/seed.ts';
import { all, many, run, type Steps } from '../src/lib/engine/statement.ts';
import { alignSequences } from './ids.ts';
import { inPostgresTransaction, runSteps, type Postgres, type PostgresSession } from './postgres.ts';

/** What was found, and so done. */
export type Taken = 'made' | 'found';

/** Two servers that start at once make it one after the other. Any number; it must only be the same everywhere. */
const lock = 0x10a3;

/**
 * Makes or takes the database, in one transaction. `seed` is who and where it belongs to, as `lamin init` writes it; it is
 * not looked at where the tables are there already.
 */
export async function openLamindb(postgres: Postgres, model: Model, seed: SeedOptions): Promise<Taken> {
  return await postgres.session((session) =>
    inPostgresTransaction(session, async () => {
      await session.query('SELECT pg_advisory_xact_lock($1)', [lock]);
      const there = await runSteps(session, tablesThere());
      const ours = model.order.filter((name) => there.has(name));
      if (ours.length > 0) {
        compare(model, there);
        return 'found';
      }
      await makeLamindb(session, model, seed);
      return 'made';
    }),
  );
}

/** Tables, first rows, sequences. Within a transaction of the caller's. */
export async function makeLamindb(session: PostgresSession, model: Model, seed: SeedOptions): Promise<void> {
  await session.exec(postgresDdl(model).join(';\n'));
  await runSteps(session, writeSeed(model, seed));
}

function* writeSeed(model: Model, options: SeedOptions): Steps<void> {
  const seeds = seedStatements(options, model.modules);
  for (const { table, columns, rows } of seeds) {
    const names = columns.map((name) => `"${name}"`).join(', ');
    const marks = columns.map(() => '?').join(', ');
    yield* many(
      `INSERT INTO "${table}" (${names}) VALUES (${marks})`,
      rows.length,
      // One value of a column would hold for all rows, which is what it says where there is one row.
      columns.map((_, i) => rows.map((row) => row[i] ?? null)),
    );
  }
  yield* alignSequences(
    model,
    seeds.map(({ table }) => table),
  );
  // Planned for by statistics from the first query on.
  yield* run('ANALYZE');
}

type Columns = Map<string, string>;

function* tablesThere(): Steps<Map<string, Columns>> {
  const rows = yield* all(
    `SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`,
  );
  const tables = new Map<string, Columns>();
  for (const [table, column, type] of rows) {
    const columns = tables.get(String(table)) ?? new Map<string, string>();
    tables.set(String(table), columns.set(String(column), String(type)));
  }
  return tables;
}

const typeNames: Readonly<Record<string, string>> = {
  varchar: 'character varying',
  json: 'jsonb',
  bool: 'boolean',
  datetime: 'timestamp with time zone',
};

/** Every table and column of the model must be there with its type; what more the database has is no matter. */
function compare(model: Model, there: Map<string, Columns>): void {
  const wrong: string[] = [];
  for (const table of model.tables.values()) {
    const columns = there.get(table.name);
    if (!columns) wrong.push(`table ${table.name} is missing`);
    else
      for (const { name, type, foreign } of table.columns) {
        const found = columns.get(name);
        const wanted = typeNames[type] ?? type;
        if (found === wanted || foreign) continue;
        wrong.push(`${table.name}.${name} is ${found ?? 'missing'}, where ${wanted} is wanted`);
      }
  }
  if (wrong.length === 0) return;
  const more = wrong.length > 5 ? `, and ${wrong.length - 5} more` : '';
  throw new LoamError(
    'SchemaDrift',
    `The Postgres database is not that of LaminDB 2.12: ${wrong.slice(0, 5).join('; ')}${more}. Migrate it with \`lamin migrate deploy\` (lamindb 2.12.1 with bionty 2.5.2), or name an empty database.`,
    { differences: wrong },
  );
}
