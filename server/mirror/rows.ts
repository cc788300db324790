// Rows of LaminDB's tables in Postgres, written many at a time: values travel as one JSON text and are cast there. References
// are deferred there, so rows may come in any order but for types, which LaminDB's checks look up.
import { isLoamError } from '../../src/lib/engine/errors.ts';
import type { Column, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import type { PostgresSession } from '../postgres.ts';
import { castOf, columnsOf, sameValue, textOf } from './values.ts';

export interface MirrorRow {
  /** In the replica. */
  id: number;
  /** By `columnsOf`; references are ids of Postgres once they are translated. */
  values: SqlValue[];
}

const atOnce = 2000;

/** Rows of the replica. */
export function readRows(
  driver: SqlDriver,
  table: Table,
  ids: readonly number[],
): { columns: Column[]; rows: MirrorRow[] } {
  const columns = columnsOf(table);
  const rows = driver.all(
    `SELECT id, ${columns.map(({ name }) => `"${name}"`).join(', ')} FROM "${table.name}"
     WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
    [JSON.stringify(ids)],
  );
  return { columns, rows: rows.map(([id, ...values]) => ({ id: Number(id), values })) };
}

export async function deleteRows(
  session: PostgresSession,
  table: string,
  ids: readonly number[],
): Promise<number> {
  let rows = 0;
  for (let start = 0; start < ids.length; start += atOnce)
    rows += (
      await session.query(`DELETE FROM public."${table}" WHERE id = ANY ($1::bigint[])`, [
        `{${ids.slice(start, start + atOnce).join(',')}}`,
      ])
    ).changes;
  return rows;
}

const recordset = (table: Table, columns: readonly Column[]): string =>
  `json_to_recordset($1::json) AS v(id bigint, ${columns.map((_, c) => `c${c} text`).join(', ')})`;
const cast = (table: Table, { name }: Column, c: number): string => `v.c${c}::${castOf(table, name)}`;

function jsonOf(rows: readonly { id: number; values: readonly SqlValue[] }[]): string {
  return JSON.stringify(
    rows.map(({ id, values }) => ({
      id,
      ...Object.fromEntries(values.map((value, c) => [`c${c}`, textOf(value)])),
    })),
  );
}

/** `theirs`: the ids that were drawn for them. */
export async function insertRows(
  session: PostgresSession,
  table: Table,
  rows: readonly MirrorRow[],
  theirs: ReadonlyMap<number, number>,
): Promise<number> {
  const columns = columnsOf(table);
  const named = rows.map(({ id, values }) => ({ id: theirs.get(id) as number, values }));
  for (const level of levels(table, columns, named))
    for (let start = 0; start < level.length; start += atOnce)
      await session.query(
        `INSERT INTO public."${table.name}" (id, ${columns.map(({ name }) => `"${name}"`).join(', ')})
         SELECT v.id, ${columns.map((column, c) => cast(table, column, c)).join(', ')} FROM ${recordset(table, columns)}`,
        [jsonOf(level.slice(start, start + atOnce))],
      );
  return rows.length;
}

/** Rows whose own table they refer to come after those: a check looks for the type of a row. */
function levels(
  table: Table,
  columns: readonly Column[],
  rows: { id: number; values: SqlValue[] }[],
): { id: number; values: SqlValue[] }[][] {
  const own = columns.flatMap(({ references }, c) => (references?.table === table.name ? [c] : []));
  if (own.length === 0) return [rows];
  const out: (typeof rows)[] = [];
  let left = rows;
  while (left.length > 0) {
    const open = new Set(left.map(({ id }) => id));
    const ready = left.filter(({ id, values }) =>
      own.every((c) => values[c] === null || Number(values[c]) === id || !open.has(Number(values[c]))),
    );
    // A circle: references are deferred, so it may be written at once.
    if (ready.length === 0) return [...out, left];
    out.push(ready);
    const done = new Set(ready);
    left = left.filter((row) => !done.has(row));
  }
  return out;
}

/** Writes the columns that differ. */
export async function updateRows(
  session: PostgresSession,
  table: Table,
  rows: readonly MirrorRow[],
  theirs: ReadonlyMap<number, number>,
): Promise<number> {
  let written = 0;
  for (let start = 0; start < rows.length; start += atOnce)
    written += await updateSome(session, table, rows.slice(start, start + atOnce), theirs);
  return written;
}

async function updateSome(
  session: PostgresSession,
  table: Table,
  rows: readonly MirrorRow[],
  theirs: ReadonlyMap<number, number>,
): Promise<number> {
  const columns = columnsOf(table);
  const named = new Map(rows.map(({ id, values }) => [theirs.get(id) as number, values]));
  const { rows: found } = await session.query(
    `SELECT id, ${columns.map(({ name, type }) => (type === 'json' ? `"${name}"::text` : `"${name}"`)).join(', ')}
     FROM public."${table.name}" WHERE id = ANY ($1::bigint[])`,
    [`{${[...named.keys()].join(',')}}`],
  );
  const groups = new Map<string, { columns: number[]; rows: { id: number; values: SqlValue[] }[] }>();
  for (const [id, ...there] of found) {
    const values = named.get(Number(id)) as SqlValue[];
    named.delete(Number(id));
    const differ = columns.flatMap((column, c) =>
      sameValue(column, values[c] ?? null, there[c] ?? null) ? [] : [c],
    );
    if (differ.length === 0) continue;
    const key = differ.join();
    const group = groups.get(key) ?? { columns: differ, rows: [] };
    groups.set(key, group);
    group.rows.push({ id: Number(id), values: differ.map((c) => values[c] ?? null) });
  }
  // Deleted there by somebody whose edit is still on its way: it comes back, and goes with that edit.
  const lost = [...named].map(([id, values]) => ({ id, values }));
  if (lost.length > 0) await insertRows(session, table, lost, new Map(lost.map(({ id }) => [id, id])));
  const all = [...groups.values()];
  if (all.length === 0) return lost.length;
  // A unique value that moves from one row to another collides on the way: then all are parked first.
  await session.query('SAVEPOINT loam_mirror');
  try {
    for (const group of all) await write(session, table, columns, group);
    await session.query('RELEASE SAVEPOINT loam_mirror');
  } catch (error) {
    if (!isLoamError(error, 'IntegrityError')) throw error;
    await session.query('ROLLBACK TO SAVEPOINT loam_mirror');
    for (const group of all) await park(session, table, columns, group);
    for (const group of all) await write(session, table, columns, group);
    await session.query('RELEASE SAVEPOINT loam_mirror');
  }
  return all.reduce((sum, { rows: some }) => sum + some.length, lost.length);
}

interface Group {
  columns: number[];
  rows: { id: number; values: SqlValue[] }[];
}

async function write(
  session: PostgresSession,
  table: Table,
  columns: readonly Column[],
  group: Group,
): Promise<void> {
  const some = group.columns.map((c) => columns[c] as Column);
  await session.query(
    `UPDATE public."${table.name}" t SET ${some.map((column, c) => `"${column.name}" = ${cast(table, column, c)}`).join(', ')}
     FROM ${recordset(table, some)} WHERE t.id = v.id`,
    [jsonOf(group.rows)],
  );
}

async function park(
  session: PostgresSession,
  table: Table,
  columns: readonly Column[],
  group: Group,
): Promise<void> {
  const inUnique = new Set(table.uniques.flatMap(({ columns: names }) => names));
  const some = group.columns
    .map((c) => columns[c] as Column)
    .filter(
      ({ name, unique, references, type }) =>
        (unique || inUnique.has(name)) && !references && (type === 'varchar' || type === 'text'),
    );
  if (some.length === 0) return;
  await session.query(
    `UPDATE public."${table.name}" t SET ${some.map(({ name }) => `"${name}" = '~' || t.id`).join(', ')}
     WHERE t.id = ANY ($1::bigint[])`,
    [`{${group.rows.map(({ id }) => id).join(',')}}`],
  );
}
