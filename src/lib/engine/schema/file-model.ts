// The model of one opened file: the declared one, plus the columns that only this file has. Those are never written by
// us, but a delete takes them along and its undo brings them back.
import type { Column, Model, Table } from '../model/types.ts';
import type { SqlDriver } from '../ports.ts';
import type { FileColumn } from './file-schema.ts';

/** Where adoption leaves the list of columns, in `loam_setting`. */
export const foreignSetting = 'foreign_columns';

/** The model for an adopted file. */
export function fileModel(driver: SqlDriver, model: Model): Model {
  const stored = driver.all('SELECT value FROM loam_setting WHERE name = ?', [foreignSetting])[0]?.[0];
  if (typeof stored !== 'string' || stored === '[]') return model;
  return withForeignColumns(model, JSON.parse(stored) as { table: string; column: FileColumn }[]);
}

function withForeignColumns(model: Model, foreign: readonly { table: string; column: FileColumn }[]): Model {
  const tables = new Map(model.tables);
  for (const { table, column } of foreign) {
    const known = tables.get(table);
    // A name that no object of JavaScript can hold is left alone.
    if (!known || column.generated || column.name === '__proto__') continue;
    // Statements put names between double quotes, so a quote in one is doubled here, once for all.
    const columns = [...known.columns, foreignColumn(column.name.replaceAll('"', '""'))];
    tables.set(table, { ...known, columns, column: new Map(columns.map((c) => [c.name, c])) });
  }
  const registry = new Map(
    [...model.registry].map(([name, table]) => [name, tables.get(table.name) as Table] as const),
  );
  return { ...model, tables, registry };
}

function foreignColumn(name: string): Column {
  return {
    name,
    type: 'text',
    length: null,
    nullable: true,
    ddlDefault: undefined,
    appDefault: undefined,
    indexed: false,
    unique: false,
    references: null,
    derived: false,
    foreign: true,
  };
}
