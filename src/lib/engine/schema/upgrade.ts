// What a database in use lacks of the model of this version of the app: whole modules, tables, columns, indexes. Found
// out at open by one comparison of a fingerprint; added in one transaction, after the caller has kept a copy.
import { LoamError } from '../errors.ts';
import type { Column, Model } from '../model/types.ts';
import type { Clock, SqlDriver } from '../ports.ts';
import { runSync } from '../statement.ts';
import { addIndexes, addModules, addMigrations } from './adopt.ts';
import { compareSchema, tableDdl, type Comparison } from './compare.ts';
import { readFileSchema } from './file-schema.ts';
import { columnSql } from './sqlite.ts';

const setting = 'model';

/** Made once for each model: 60,000 characters, in code that the browser has not compiled yet. */
const fingerprints = new WeakMap<Model, string>();

/** Names what the model has; two models of one fingerprint make the same tables. FNV-1a over names and marks. */
export function fingerprint(model: Model): string {
  let known = fingerprints.get(model);
  if (known === undefined) fingerprints.set(model, (known = hashOf(model)));
  return known;
}

function hashOf(model: Model): string {
  let text = '';
  for (const table of model.tables.values()) {
    text += table.name;
    for (const c of table.columns)
      if (!c.foreign)
        text += `${c.name},${c.type},${c.length},${c.nullable},${c.indexed},${c.unique},${c.ddlDefault};`;
    for (const unique of table.uniques) text += unique.name;
  }
  // A variable of this function alone: one that a closure shares would be a new object for each character.
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16);
}

/** Says that the database is as this model has it. */
export function markUpToDate(driver: SqlDriver, model: Model): void {
  driver.run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [setting, fingerprint(model)]);
}

/** What has to be added; null where nothing has. */
export function planUpgrade(driver: SqlDriver, model: Model): Comparison | null {
  const known = driver.all('SELECT value FROM loam_setting WHERE name = ?', [setting])[0]?.[0];
  if (known === fingerprint(model)) return null;
  const found = compareSchema(runSync(driver, readFileSchema()), model);
  const { missingModules, missingTables, missingColumns, missingIndexes } = found;
  if ([missingModules, missingTables, missingColumns, missingIndexes].some((list) => list.length > 0))
    return found;
  markUpToDate(driver, model);
  return null;
}

/** Adds it, all or nothing. */
export function upgrade(driver: SqlDriver, model: Model, plan: Comparison, clock: Clock): void {
  // References of added tables and columns may lead to tables that come later.
  driver.exec('PRAGMA foreign_keys=off');
  driver.exec('BEGIN');
  try {
    addModules(driver, model, plan.missingModules, { clock });
    for (const sql of tableDdl(model, plan.missingTables)) driver.exec(sql);
    for (const { table, column } of plan.missingColumns) {
      const declared = model.tables.get(table)?.column.get(column);
      if (declared) addColumn(driver, table, declared);
    }
    addIndexes(driver, plan.missingIndexes);
    const touched = new Set(
      [...plan.missingTables, ...plan.missingColumns.map(({ table }) => table)].map(
        (name) => model.tables.get(name)?.module,
      ),
    );
    for (const module of model.modules) if (touched.has(module.name)) addMigrations(driver, module);
    markUpToDate(driver, model);
    driver.exec('COMMIT');
  } catch (error) {
    if (driver.inTransaction) driver.exec('ROLLBACK');
    throw error;
  } finally {
    driver.exec('PRAGMA foreign_keys=on');
  }
}

function addColumn(driver: SqlDriver, table: string, column: Column): void {
  if (column.unique || column.ddlDefault === 'now' || (!column.nullable && column.ddlDefault === undefined)) {
    throw new LoamError(
      'DatabaseDamaged',
      `This version of Loam needs ${table}.${column.name}, which it cannot add to your database. Nothing was changed. Open an earlier version of Loam and export the database.`,
      { table, column: column.name },
    );
  }
  driver.exec(`ALTER TABLE "${table}" ADD COLUMN ${columnSql(column)}`);
}
