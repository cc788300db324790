// Indexes of an empty table that is about to get very many rows: set aside while they are written and made again at the end,
// which spares writing most of their pages anew with every transaction (browser-sqlite.md: 100k rows 10.2 → 4.5 s). Which
// they are is kept in the file, so that a crash in between costs none: they come back at the next opening.
import type { SqlDriver } from '../ports.ts';
import { all, inTransaction, one, run, runSync, type Steps } from '../statement.ts';

const note = (table: string): string => `indexes aside: ${table}`;

/** What each index is made by. Those that SQLite makes itself for unique columns cannot be set aside. */
export function* indexesOf(table: string): Steps<string[]> {
  const rows = yield* all(
    "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL AND sql NOT LIKE 'CREATE UNIQUE%' ORDER BY name",
    [table],
  );
  return rows.map(([sql]) => String(sql));
}

/** Within the caller's transaction. */
export function* setAside(table: string): Steps<void> {
  const names = yield* all(
    "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL AND sql NOT LIKE 'CREATE UNIQUE%'",
    [table],
  );
  const sqls = yield* indexesOf(table);
  yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
    note(table),
    JSON.stringify(sqls),
  ]);
  for (const [name] of names) yield* run(`DROP INDEX "${String(name)}"`);
}

/** Makes one of them again, within the caller's transaction; answers how many are left. */
export function* bringBackOne(table: string): Steps<number> {
  const row = yield* one('SELECT value FROM loam_setting WHERE name = ?', [note(table)]);
  if (!row) return 0;
  const [sql, ...rest] = JSON.parse(String(row[0])) as string[];
  if (sql !== undefined) yield* run(sql.replace(/^CREATE INDEX /i, 'CREATE INDEX IF NOT EXISTS '));
  if (rest.length === 0) yield* run('DELETE FROM loam_setting WHERE name = ?', [note(table)]);
  else yield* run('UPDATE loam_setting SET value = ? WHERE name = ?', [JSON.stringify(rest), note(table)]);
  return rest.length;
}

/** At open, and after an import that was given up. What cannot be made now (no room) is tried at the next opening. */
export function bringBackAll(driver: SqlDriver): void {
  const notes = driver.all("SELECT name FROM loam_setting WHERE name LIKE 'indexes aside: %'");
  for (const [name] of notes) {
    const table = String(name).slice(note('').length);
    try {
      while (runSync(driver, inTransaction(bringBackOne(table))) > 0);
    } catch {
      // Questions about the table are slow until then, and right.
    }
  }
}
