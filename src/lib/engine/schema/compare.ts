// A file's tables against the model: what is missing, what is of another kind, and what only the file has. It decides
// nothing; `judge` in quarantine.ts does.
import type { Column, Model, Table } from '../model/types.ts';
import type { FileColumn, FileSchema, FileTable } from './file-schema.ts';
import { createIndexes, createTable, typeSql } from './sqlite.ts';

export interface Comparison {
  /** Modules of which no table is there. */
  missingModules: string[];
  /** Tables missing from modules that are there. */
  missingTables: string[];
  missingColumns: { table: string; column: string }[];
  /** Columns whose kind of value is another one, so that what is stored there cannot be read as ours. */
  differing: { table: string; column: string; wanted: string; found: string }[];
  /** Columns that only the file has and that it cannot fill by itself: rows could not be added here. */
  blocking: { table: string; column: string }[];
  foreignColumns: { table: string; column: FileColumn }[];
  foreignTables: FileTable[];
  /** Indexes that are missing, or have our name and other content. */
  missingIndexes: { table: string; name: string; sql: string; unique: boolean; replaces: boolean }[];
}

/** Tables of the app itself, and SQLite's own, are no part of the comparison. */
export const isOwnTable = (name: string): boolean => name.startsWith('loam_') || name.startsWith('sqlite_');

export function compareSchema(file: FileSchema, model: Model): Comparison {
  const out: Comparison = {
    missingModules: [],
    missingTables: [],
    missingColumns: [],
    differing: [],
    blocking: [],
    foreignColumns: [],
    foreignTables: [],
    missingIndexes: [],
  };
  const present = new Set<string>();
  for (const table of model.tables.values()) if (file.tables.has(table.name)) present.add(table.module);
  for (const { name } of model.modules) if (!present.has(name)) out.missingModules.push(name);
  for (const table of model.tables.values()) {
    const found = file.tables.get(table.name);
    if (found) compareTable(table, found, file, out);
    else if (present.has(table.module)) out.missingTables.push(table.name);
  }
  for (const [name, table] of file.tables)
    if (!model.tables.has(name) && !isOwnTable(name)) out.foreignTables.push(table);
  return out;
}

function compareTable(table: Table, found: FileTable, file: FileSchema, out: Comparison): void {
  for (const column of table.columns) {
    const there = found.columns.get(column.name);
    if (!there) out.missingColumns.push({ table: table.name, column: column.name });
    else if (differs(column, there)) {
      const what = there.generated ? `${there.type} computed by the file` : there.type || 'no type';
      out.differing.push({ table: table.name, column: column.name, wanted: typeSql(column), found: what });
    }
  }
  for (const column of found.columns.values()) {
    if (table.column.has(column.name.toLowerCase())) continue;
    out.foreignColumns.push({ table: table.name, column });
    if (column.notNull && column.ddlDefault === null && !column.generated)
      out.blocking.push({ table: table.name, column: column.name });
  }
  for (const { name, sql, unique } of createIndexes(table)) {
    const there = file.indexes.get(name.toLowerCase());
    if (there && there.table === table.name && plain(there.sql) === plain(sql)) continue;
    out.missingIndexes.push({ table: table.name, name, sql, unique, replaces: there !== undefined });
  }
}

/** Another length of text is no difference; another kind of value is. */
function differs(wanted: Column, found: FileColumn): boolean {
  if (found.generated) return true;
  if (wanted.name === 'id') return !found.primary || affinity(found.type) !== 'INTEGER';
  return affinity(typeSql(wanted)) !== affinity(found.type);
}

/** SQLite's rules (datatype3.html §3.1). */
function affinity(type: string): string {
  const upper = type.toUpperCase();
  if (upper.includes('INT')) return 'INTEGER';
  if (/CHAR|CLOB|TEXT/.test(upper)) return 'TEXT';
  if (upper === '' || upper.includes('BLOB')) return 'BLOB';
  return /REAL|FLOA|DOUB/.test(upper) ? 'REAL' : 'NUMERIC';
}

/** SQL without what does not count: case, quotes, spaces. */
const plain = (sql: string) => sql.toLowerCase().replace(/["`[\]\s;]/g, '');

/** Statements that make the tables of the given names, with their indexes. */
export function tableDdl(model: Model, names: readonly string[]): string[] {
  const wanted = new Set(names);
  const tables = model.order
    .filter((name) => wanted.has(name))
    .map((name) => model.tables.get(name) as Table);
  return [
    ...tables.map(createTable),
    ...tables.flatMap((table) => createIndexes(table).map(({ sql }) => sql)),
  ];
}
