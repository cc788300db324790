// Which row of Postgres a row of the replica is. Ids of epoch 0 are the same on both sides (copy.ts); of later rows `loam_mirror`
// has the id there, in the replica and so in its transaction; what it does not know is found by the row key.
import type { Model, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import type { PostgresSession } from '../postgres.ts';
import { castOf } from './values.ts';

const tables = [
  `CREATE TABLE IF NOT EXISTS loam_mirror (tab TEXT NOT NULL, id INTEGER NOT NULL, theirs INTEGER NOT NULL, PRIMARY KEY (tab, id)) WITHOUT ROWID`,
  'CREATE INDEX IF NOT EXISTS loam_mirror_theirs ON loam_mirror(tab, theirs)',
  // Up to here the ids of a table are the same on both sides.
  `CREATE TABLE IF NOT EXISTS loam_mirror_base (tab TEXT PRIMARY KEY, upto INTEGER NOT NULL) WITHOUT ROWID`,
];

export interface RowIds {
  /** Ids in Postgres of these rows, as far as they are known here. */
  known(table: string, ids: readonly number[]): Map<number, number>;
  /** The row here that has this id in Postgres. */
  hereOf(table: string, theirs: number): number | null;
  /** Finds rows in Postgres by their keys; those whose key names rows that are not known there are not. */
  find(session: PostgresSession, table: Table, ids: readonly number[]): Promise<Map<number, number>>;
  note(table: string, pairs: readonly (readonly [id: number, theirs: number])[]): void;
  forget(table: string, ids: readonly number[]): void;
}

/** Says that all rows that are here now have the ids that they have in Postgres. */
export function noteEpoch(driver: SqlDriver, model: Model): void {
  for (const sql of tables) driver.run(sql);
  for (const name of model.order) {
    const upto = Number(driver.all(`SELECT coalesce(max(id), 0) FROM "${name}"`)[0]?.[0]);
    driver.run('INSERT OR REPLACE INTO loam_mirror_base(tab, upto) VALUES (?, ?)', [name, upto]);
  }
}

/** Rows of one look-up; their keys travel as one JSON text. */
const findAtOnce = 2000;

export function createRowIds(driver: SqlDriver): RowIds {
  for (const sql of tables) driver.run(sql);
  const bases = new Map(
    driver.all('SELECT tab, upto FROM loam_mirror_base').map(([name, upto]) => [String(name), Number(upto)]),
  );

  function known(table: string, ids: readonly number[]): Map<number, number> {
    const rows = driver.all(
      'SELECT id, theirs FROM loam_mirror WHERE tab = ? AND id IN (SELECT value FROM json_each(?))',
      [table, JSON.stringify(ids)],
    );
    const found = new Map(rows.map(([id, theirs]) => [Number(id), Number(theirs)]));
    const base = bases.get(table) ?? 0;
    for (const id of ids) if (id <= base && !found.has(id)) found.set(id, id);
    return found;
  }

  async function find(
    session: PostgresSession,
    table: Table,
    ids: readonly number[],
  ): Promise<Map<number, number>> {
    const found = new Map<number, number>();
    if (table.rowKey.backing === 'none') return found;
    const columns = table.rowKey.columns.map((name) => table.column.get(name)).filter((c) => c !== undefined);
    for (let start = 0; start < ids.length; start += findAtOnce) {
      const rows = driver.all(
        `SELECT id, ${columns.map(({ name }) => `"${name}"`).join(', ')} FROM "${table.name}"
         WHERE id IN (SELECT value FROM json_each(?))`,
        [JSON.stringify(ids.slice(start, start + findAtOnce))],
      );
      const keys: (SqlValue | null)[][] = rows.map((row) => [...row]);
      const whole = new Set(keys);
      for (const [c, { references }] of columns.entries()) {
        if (!references) continue;
        const targets = keys.flatMap((key) => (key[c + 1] === null ? [] : [Number(key[c + 1])]));
        const theirs = known(references.table, [...new Set(targets)]);
        for (const key of keys) {
          if (key[c + 1] === null) continue;
          const id = theirs.get(Number(key[c + 1]));
          if (id === undefined) whole.delete(key);
          else key[c + 1] = id;
        }
      }
      if (whole.size === 0) continue;
      // Equality alone is answered by an index; a part that may be NULL is looked at beside.
      const same = columns.map(({ name, nullable }, c) =>
        nullable
          ? `t."${name}" IS NOT DISTINCT FROM k.c${c}::${castOf(table, name)}`
          : `t."${name}" = k.c${c}::${castOf(table, name)}`,
      );
      const answer = await session.query(
        `SELECT k.at, min(t.id) FROM json_to_recordset($1::json) AS k(at bigint, ${columns.map((_, c) => `c${c} text`).join(', ')})
         JOIN public."${table.name}" t ON ${same.join(' AND ')} GROUP BY k.at`,
        [
          JSON.stringify(
            [...whole].map(([id, ...parts]) => ({
              at: id,
              ...Object.fromEntries(parts.map((part, c) => [`c${c}`, part === null ? null : String(part)])),
            })),
          ),
        ],
      );
      for (const [id, theirs] of answer.rows) found.set(Number(id), Number(theirs));
    }
    return found;
  }

  return {
    known,
    find,
    hereOf(table, theirs) {
      const row = driver.all('SELECT id FROM loam_mirror WHERE tab = ? AND theirs = ?', [table, theirs])[0];
      if (row) return Number(row[0]);
      return theirs <= (bases.get(table) ?? 0) ? theirs : null;
    },
    note(table, pairs) {
      if (pairs.length === 0) return;
      driver.many('INSERT OR REPLACE INTO loam_mirror(tab, id, theirs) VALUES (?, ?, ?)', pairs.length, [
        [table],
        pairs.map(([id]) => id),
        pairs.map(([, theirs]) => theirs),
      ]);
    },
    forget(table, ids) {
      driver.run('DELETE FROM loam_mirror WHERE tab = ? AND id IN (SELECT value FROM json_each(?))', [
        table,
        JSON.stringify(ids),
      ]);
    },
  };
}
