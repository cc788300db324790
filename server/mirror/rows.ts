// Rows of LaminDB's tables in Postgres, written many at a time: values travel as one JSON text and are cast there.
import type { Column, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import type { PostgresSession } from '../postgres.ts';
import { castOf, columnsOf, textOf } from './values.ts';

export interface MirrorRow {
  /** In the replica, or in Postgres: as the caller says. */
  id: number;
  /** By `columnsOf` or the columns that are written; references are ids of Postgres once they are translated. */
  values: SqlValue[];
}

/** Rows of one statement. */
export const atOnce = 2000;

export const pieces = <T>(list: readonly T[], size = atOnce): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));

export const idArray = (ids: readonly number[]): string => `{${ids.join(',')}}`;

/** Rows of the replica, references as they are there. */
export function readRows(driver: SqlDriver, table: Table, ids: readonly number[]): MirrorRow[] {
  const rows = driver.all(
    `SELECT id, ${columnsOf(table)
      .map(({ name }) => `"${name}"`)
      .join(', ')} FROM "${table.name}"
     WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
    [JSON.stringify(ids)],
  );
  return rows.map(([id, ...values]) => ({ id: Number(id), values }));
}

/** The same rows as Postgres has them. */
export async function readTheirs(
  session: PostgresSession,
  table: Table,
  ids: readonly number[],
): Promise<MirrorRow[]> {
  const given = columnsOf(table).map(({ name, type }) => (type === 'json' ? `"${name}"::text` : `"${name}"`));
  const { rows } = await session.query(
    `SELECT id, ${given.join(', ')} FROM public."${table.name}" WHERE id = ANY ($1::bigint[])`,
    [idArray(ids)],
  );
  return rows.map(([id, ...values]) => ({ id: Number(id), values }));
}

const recordset = (columns: readonly Column[]): string =>
  `json_to_recordset($1::json) AS v(id bigint, ${columns.map((_, c) => `c${c} text`).join(', ')})`;
const cast = (table: Table, { name }: Column, c: number): string => `v.c${c}::${castOf(table, name)}`;

function jsonOf(rows: readonly MirrorRow[]): string {
  return JSON.stringify(
    rows.map(({ id, values }) => ({
      id,
      ...Object.fromEntries(values.map((value, c) => [`c${c}`, textOf(value)])),
    })),
  );
}

/** New rows under the ids that were drawn for them. */
export async function insertRows(
  session: PostgresSession,
  table: Table,
  rows: readonly MirrorRow[],
): Promise<number> {
  const columns = columnsOf(table);
  const { changes } = await session.query(
    `INSERT INTO public."${table.name}" (id, ${columns.map(({ name }) => `"${name}"`).join(', ')})
     SELECT v.id, ${columns.map((column, c) => cast(table, column, c)).join(', ')} FROM ${recordset(columns)}`,
    [jsonOf(rows)],
  );
  return changes;
}

/** These columns of rows. */
export async function updateRows(
  session: PostgresSession,
  table: Table,
  columns: readonly Column[],
  rows: readonly MirrorRow[],
): Promise<number> {
  const { changes } = await session.query(
    `UPDATE public."${table.name}" t SET ${columns.map((column, c) => `"${column.name}" = ${cast(table, column, c)}`).join(', ')}
     FROM ${recordset(columns)} WHERE t.id = v.id`,
    [jsonOf(rows)],
  );
  return changes;
}

export async function deleteRows(
  session: PostgresSession,
  table: Table,
  ids: readonly number[],
): Promise<number> {
  const { changes } = await session.query(
    `DELETE FROM public."${table.name}" WHERE id = ANY ($1::bigint[])`,
    [idArray(ids)],
  );
  return changes;
}

/** Those of the ids that Postgres has. */
export async function idsThere(
  session: PostgresSession,
  table: string,
  ids: readonly number[],
): Promise<Set<number>> {
  const { rows } = await session.query(`SELECT id FROM public."${table}" WHERE id = ANY ($1::bigint[])`, [
    idArray(ids),
  ]);
  return new Set(rows.map(([id]) => Number(id)));
}
