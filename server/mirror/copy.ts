// Epoch 0: LaminDB's tables of a Postgres database copied into the replica's, with their ids. No log is made up for what was
// there before (architecture §6).
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import type { PostgresSession } from '../postgres.ts';
import { noteEpoch } from './row-ids.ts';
import { columnsOf } from './values.ts';

const atOnce = 5000;

/**
 * Copies every row of every table of the model into a SQLite file whose tables are empty, within the caller's transaction of
 * Postgres, which is to see one state of it. All or nothing.
 */
export async function copyIntoReplica(
  session: PostgresSession,
  driver: SqlDriver,
  model: Model,
): Promise<void> {
  driver.exec('BEGIN IMMEDIATE');
  try {
    // A table may refer to one that is copied later.
    driver.exec('PRAGMA defer_foreign_keys=ON');
    for (const name of model.order) {
      const table = model.tables.get(name);
      if (!table) continue;
      const columns = columnsOf(table);
      const given = columns.map(({ name: column, type }) =>
        type === 'json' ? `"${column}"::text` : `"${column}"`,
      );
      const named = columns.map(({ name: column }) => `"${column}"`);
      for (let after = -32_768; ;) {
        const { rows } = await session.query(
          `SELECT ${['id', ...given].join(', ')} FROM public."${name}" WHERE id > $1::bigint ORDER BY id LIMIT ${atOnce}`,
          [after],
        );
        if (rows.length === 0) break;
        driver.many(
          `INSERT INTO "${name}" (${['id', ...named].join(', ')}) VALUES (?${', ?'.repeat(named.length)})`,
          rows.length,
          // One value of a column would hold for all rows, which is what it says where there is one row.
          Array.from({ length: named.length + 1 }, (_, c) => rows.map((row): SqlValue => row[c] ?? null)),
        );
        after = Number(rows.at(-1)?.[0]);
      }
    }
    noteEpoch(driver, model);
    driver.exec('COMMIT');
  } catch (error) {
    driver.exec('ROLLBACK');
    throw error;
  }
}
