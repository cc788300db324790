// Making an examined file a database of ours, in the place where it was examined: missing tables, indexes and our own
// log are added in one transaction; nothing that is LaminDB's is changed. A file that can only be shown is filled up
// with what it lacks, so that every reader finds its columns; such a copy is never written to or given back.
import { LoamError, isLoamError } from '../errors.ts';
import type { Column, Model, Module } from '../model/types.ts';
import type { Clock, SqlDriver } from '../ports.ts';
import { timeText } from '../time.ts';
import { leaveSync } from '../write/synced.ts';
import { createJournalTables } from '../write/writer.ts';
import { tableDdl, type Comparison } from './compare.ts';
import { unseenSetting } from '../registry/device-storage.ts';
import { remoteSetting } from '../sync/remote.ts';
import { foreignSetting } from './file-model.ts';
import { isLogTable, ownVersion } from './own-tables.ts';
import { inWords, type Judged } from './quarantine.ts';
import { typeSql } from './sqlite.ts';

export interface AdoptOptions {
  /** Shown in the top bar. */
  instance: string;
  clock: Clock;
}

export function adopt(driver: SqlDriver, model: Model, judged: Judged, options: AdoptOptions): void {
  const { comparison, examination, schema } = judged;
  driver.exec('BEGIN');
  try {
    for (const { name } of schema.tables.values())
      if (name.startsWith('loam_') && (examination.history === 'none' || !isLogTable(name)))
        driver.exec(`DROP TABLE "${name.replaceAll('"', '""')}"`);
    addModules(driver, model, comparison.missingModules, options);
    if (examination.verdict === 'read-only') fillUp(driver, model, comparison);
    else addIndexes(driver, comparison.missingIndexes);
    createJournalTables(driver);
    const set = 'INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)';
    driver.run(set, ['instance', options.instance]);
    driver.run(set, ['version', String(ownVersion)]);
    driver.run(set, [foreignSetting, JSON.stringify(comparison.foreignColumns)]);
    // Which stored bytes are on this device is found out by the engine that opens it.
    driver.run(set, [unseenSetting, '1']);
    // The journal of drops names bytes staged on another device, or none at all.
    driver.exec('DELETE FROM loam_drop');
    driver.exec('UPDATE loam_blob SET only_here = 0');
    // A file that was brought here is not connected by that: whoever made it could have put words into the mouth of whoever
    // opens it, at a server where they are signed in. Joining (attachRemote) says anew where it belongs.
    driver.run('DELETE FROM loam_setting WHERE name = ?', [remoteSetting]);
    if (examination.history === 'closed') {
      driver.exec("UPDATE loam_act SET status = 'closed' WHERE status = 'done'");
      // Its logs do not know what the other program did, and others would never hear of it.
      for (const sql of leaveSync) driver.exec(sql);
    }
    driver.exec('COMMIT');
  } catch (error) {
    if (driver.inTransaction) driver.exec('ROLLBACK');
    throw inWords(error);
  }
}

/** Tables, first rows and Django's record of modules that a file lacks as a whole. */
export function addModules(
  driver: SqlDriver,
  model: Model,
  names: readonly string[],
  { clock }: { clock: Clock },
): void {
  const missing = model.modules.filter(({ name }) => names.includes(name));
  if (missing.length === 0) return;
  const tables = [...model.tables.values()].filter(({ module }) => names.includes(module));
  for (const sql of tableDdl(
    model,
    tables.map(({ name }) => name),
  ))
    driver.exec(sql);
  const userId = Number(driver.all('SELECT min(id) FROM lamindb_user')[0]?.[0] ?? 1);
  for (const module of missing)
    addRows(driver, module, { now: timeText(Math.floor(clock() * 1000)), userId });
}

function addRows(driver: SqlDriver, module: Module, at: { now: string; userId: number }): void {
  for (const { table, columns, rows } of module.seeds?.(at) ?? []) {
    const names = columns.map((column) => `"${column}"`).join(', ');
    driver.many(
      `INSERT INTO "${table}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
      rows.length,
      columns.map((_, c) => rows.map((row) => row[c] ?? null)),
    );
  }
  addMigrations(driver, module);
}

/** Django's record that a module's migrations were applied. */
export function addMigrations(driver: SqlDriver, module: Module): void {
  for (const [name, applied] of module.migrations)
    driver.run(
      `INSERT INTO django_migrations(app, name, applied) SELECT ?1, ?2, ?3
       WHERE NOT EXISTS (SELECT 1 FROM django_migrations WHERE app = ?1 AND name = ?2)`,
      [module.name, name, applied],
    );
}

/** Missing indexes, and those that have our name but index something else. */
export function addIndexes(driver: SqlDriver, missing: Comparison['missingIndexes']): void {
  for (const { name, table, sql, replaces } of missing) {
    try {
      if (replaces) driver.exec(`DROP INDEX "${name}"`);
      driver.exec(sql);
    } catch (error) {
      if (!isLoamError(error, 'IntegrityError')) throw error;
      throw new LoamError(
        'FileUnreadable',
        `${table} holds two rows that LaminDB's rule ${name} forbids. Remove one of them in Python and open the file again. Nothing was changed.`,
        { table, index: name },
      );
    }
  }
}

function fillUp(driver: SqlDriver, model: Model, { missingTables, missingColumns }: Comparison): void {
  for (const { table, column } of missingColumns) {
    const declared = model.tables.get(table)?.column.get(column);
    if (!declared) continue;
    const value = standIn(declared);
    const sql = typeof value === 'number' ? String(value) : `'${value?.replaceAll("'", "''")}'`;
    driver.exec(
      `ALTER TABLE "${table}" ADD COLUMN "${column}" ${typeSql(declared)}${value === null ? '' : ` DEFAULT ${sql}`}`,
    );
  }
  for (const sql of tableDdl(model, missingTables)) driver.exec(sql);
}

/** What every row of an older file has in a column it did not know: the value LaminDB's migration would have given. */
function standIn(column: Column): string | number | null {
  if (column.derived) return 1;
  const value = column.appDefault ?? column.ddlDefault ?? null;
  if (value === 'now') return null;
  if (value !== null || column.nullable || column.references) return value;
  return ['varchar', 'text', 'json', 'datetime', 'date'].includes(column.type) ? '' : 0;
}
