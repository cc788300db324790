// Integer ids of rows that are written to Postgres: reserved from LaminDB's own sequences, which Python draws from at the
// same time. `setval` would race with it (seen: greatest id 2000, next one 2), so blocks are drawn id by id in one statement.
import { LoamError } from '../src/lib/engine/errors.ts';
import type { Model, Table } from '../src/lib/engine/model/types.ts';
import { all, one, run, type Steps } from '../src/lib/engine/statement.ts';

/** Others draw between ours only while our statement runs; after some tries the ids are taken as they come. */
const tries = 5;
const sequenceOf = (table: Table) => `pg_get_serial_sequence('public."${table.name}"', 'id')::regclass`;
/** The greatest id by the type of the column. */
const greatest: Readonly<Record<string, number>> = { smallint: 32_767, integer: 2_147_483_647 };

/**
 * n ids that nobody else has or will get, ascending. They are consecutive unless somebody else draws all the while. Ids that
 * are not used stay unused, as with a rolled-back insert of Django's.
 */
export function* reserveIds(table: Table, n: number): Steps<number[]> {
  if (n === 0) return [];
  for (let tried = 1; ; tried++) {
    const { first, last } = yield* draw(table, n);
    if (last - first + 1 === n) return Array.from({ length: n }, (_, i) => first + i);
    if (tried < tries) continue;
    const rows = yield* all(`SELECT nextval(${sequenceOf(table)}) FROM generate_series(1, ${n}) ORDER BY 1`);
    return rows.map(([id]) => Number(id));
  }
}

/** The first of n consecutive ids; tries until they are. */
export function* reserveBlock(table: Table, n: number): Steps<number> {
  for (let tried = 1; tried <= tries * 10; tried++) {
    const { first, last } = yield* draw(table, n);
    if (last - first + 1 === n) return first;
  }
  throw new LoamError(
    'OperationalError',
    `No ${n.toLocaleString('en')} consecutive ids of ${table.name} could be reserved, since others write to it all the while. Try again.`,
    { table: table.name, count: n },
  );
}

function* draw(table: Table, n: number): Steps<{ first: number; last: number }> {
  const row = yield* one(
    `SELECT min(id), max(id) FROM (SELECT nextval(${sequenceOf(table)}) AS id FROM generate_series(1, ${n})) drawn`,
  );
  const [first, last] = [Number(row?.[0]), Number(row?.[1])];
  const limit = greatest[table.column.get('id')?.type ?? ''] ?? Number.MAX_SAFE_INTEGER;
  if (last > limit)
    throw new LoamError(
      'DataError',
      `${table.name} has no ids left: the greatest is ${limit.toLocaleString('en')}.`,
      {
        table: table.name,
      },
    );
  return { first, last };
}

/**
 * Moves every sequence beyond the greatest id of its table: after rows with ids of their own were written (seeds, a copy of
 * a file), and for databases that a restore left behind. Never back. Answers with the tables whose sequence was behind.
 */
export function* alignSequences(model: Model, tables: Iterable<string> = model.order): Steps<string[]> {
  const behind: string[] = [];
  for (const name of tables) {
    const table = model.tables.get(name);
    if (!table) continue;
    const row = yield* one(
      `SELECT (SELECT max(id) FROM public."${name}"), coalesce(pg_sequence_last_value(${sequenceOf(table)}), 0)`,
    );
    const [most, last] = [Number(row?.[0] ?? 0), Number(row?.[1] ?? 0)];
    if (most <= last) continue;
    // A lock against inserts: an id that Python drew in the meantime would be given twice.
    yield* run(`LOCK TABLE public."${name}" IN SHARE ROW EXCLUSIVE MODE`);
    yield* all(
      `SELECT setval(${sequenceOf(table)}, greatest((SELECT max(id) FROM public."${name}"), coalesce(pg_sequence_last_value(${sequenceOf(table)}), 1)))`,
    );
    behind.push(name);
  }
  return behind;
}
