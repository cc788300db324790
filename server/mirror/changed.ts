// Which rows of the replica changed since the last flush, whatever changed them. TEMP triggers write them down: they are of
// one connection, no file has them, and their notes roll back with what they note.
import type { Model, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { run, type Steps } from '../../src/lib/engine/statement.ts';
import { capturedTables } from '../capture-sql.ts';

export type RowsByTable = Map<string, Set<number>>;

/** Tables that are mirrored, in the model's order: all that have a key to be named by. */
export function mirroredTables(model: Model): Table[] {
  const byName = new Map(capturedTables(model).map((table) => [table.name, table]));
  return model.order.flatMap((name) => byName.get(name) ?? []);
}

/** Begins to write down; what was written down before stays. */
export function watchRows(driver: SqlDriver, tables: readonly Table[]): void {
  driver.exec(
    'CREATE TEMP TABLE IF NOT EXISTS mirror_dirty (tab INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tab, id)) WITHOUT ROWID',
  );
  const note = (tab: number, row: string) =>
    `INSERT OR IGNORE INTO mirror_dirty(tab, id) VALUES (${tab}, ${row}.id);`;
  for (const [tab, { name }] of tables.entries()) {
    const on = (kind: string, body: string) =>
      driver.exec(
        `CREATE TEMP TRIGGER IF NOT EXISTS "mirror_${kind}_${name}" AFTER ${kind} ON main."${name}" BEGIN ${body} END`,
      );
    on('INSERT', note(tab, 'new'));
    on('UPDATE', note(tab, 'old') + note(tab, 'new'));
    on('DELETE', note(tab, 'old'));
  }
}

/** Ids of changed rows, by table. */
export function changedRows(driver: SqlDriver, tables: readonly Table[]): RowsByTable {
  const found: RowsByTable = new Map();
  for (const [tab, id] of driver.all('SELECT tab, id FROM temp.mirror_dirty ORDER BY tab, id')) {
    const name = tables[Number(tab)]?.name ?? '';
    const list = found.get(name) ?? new Set();
    found.set(name, list.add(Number(id)));
  }
  return found;
}

/** The row is to be written with the next flush, though nothing of it changed here. */
export function* touchRow(model: Model, table: string, id: number): Steps<void> {
  const tab = mirroredTables(model).findIndex(({ name }) => name === table);
  yield* run('INSERT OR IGNORE INTO temp.mirror_dirty(tab, id) VALUES (?, ?)', [tab, id]);
}

/** All of them are there. */
export function forgetChanges(driver: SqlDriver): void {
  driver.run('DELETE FROM temp.mirror_dirty');
}
