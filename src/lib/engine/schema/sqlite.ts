// SQLite DDL of the model, equal to what LaminDB's migrations leave behind (same types, defaults, checks, indexes and
// index names), save for the order of columns. Nothing in it is stored: it is derived from the declarations.

import type { Column, Model, Table, Unique } from '../model/types.ts';
import { djangoName } from './django-names.ts';

const quote = (name: string) => `"${name}"`;
const list = (names: readonly string[]) => names.map(quote).join(', ');

function defaultSql(column: Column): string {
  const value = column.ddlDefault;
  if (value === undefined) return '';
  if (value === 'now' && column.type === 'datetime') return ` DEFAULT (STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW'))`;
  return ` DEFAULT ${typeof value === 'number' ? value : `'${value.replaceAll("'", "''")}'`}`;
}

/** The column's type as SQLite's DDL writes it. */
export function typeSql(column: Column): string {
  // SQLite's AUTOINCREMENT needs the type `integer` whatever the width elsewhere.
  if (column.name === 'id') return 'integer';
  if (column.type === 'varchar') return `varchar(${column.length ?? 0})`;
  return column.type === 'json' ? 'text' : column.type;
}

/** The column as CREATE TABLE and ADD COLUMN write it. */
export function columnSql(column: Column): string {
  const name = quote(column.name);
  const type = typeSql(column);
  if (column.name === 'id') return `${name} ${type} NOT NULL PRIMARY KEY AUTOINCREMENT`;
  let sql = `${name} ${type}${defaultSql(column)} ${column.nullable ? 'NULL' : 'NOT NULL'}`;
  if (column.unique) sql += ' UNIQUE';
  if (column.type === 'json') sql += ` CHECK ((JSON_VALID(${name}) OR ${name} IS NULL))`;
  if (column.references) {
    sql += ` REFERENCES ${quote(column.references.table)} ("id") DEFERRABLE INITIALLY DEFERRED`;
  }
  return sql;
}

/** CREATE TABLE of one table, without its indexes. */
export function createTable(table: Table): string {
  const parts = table.columns.map(columnSql);
  for (const unique of table.uniques) {
    if (unique.constraint) parts.push(`CONSTRAINT ${quote(unique.name)} UNIQUE (${list(unique.columns)})`);
  }
  for (const check of table.checks) parts.push(`CONSTRAINT ${quote(check.name)} CHECK ((${check.sql}))`);
  return `CREATE TABLE ${quote(table.name)} (${parts.join(', ')})`;
}

function uniqueIndex(table: Table, unique: Unique): string {
  const on = unique.expression ? `(${unique.expression})` : list(unique.columns);
  const where = unique.where ? ` WHERE ${unique.where}` : '';
  return `CREATE UNIQUE INDEX ${quote(unique.name)} ON ${quote(table.name)} (${on})${where}`;
}

export interface IndexDdl {
  name: string;
  sql: string;
  unique: boolean;
}

/** Django's names hold md5 sums, and a model's thousand of them are asked for again and again. */
const known = new WeakMap<Table, readonly IndexDdl[]>();

/** The indexes of one table by name; a bulk load drops and recreates them, and opening a file adds the missing. */
export function createIndexes(table: Table): readonly IndexDdl[] {
  let indexes = known.get(table);
  if (!indexes) known.set(table, (indexes = indexesOf(table)));
  return indexes;
}

function indexesOf(table: Table): IndexDdl[] {
  const out: IndexDdl[] = [];
  for (const unique of table.uniques) {
    if (!unique.constraint) out.push({ name: unique.name, sql: uniqueIndex(table, unique), unique: true });
  }
  for (const column of table.columns) {
    if (!column.indexed) continue;
    const name = djangoName(table.name, [column.name]);
    const sql = `CREATE INDEX ${quote(name)} ON ${quote(table.name)} (${quote(column.name)})`;
    out.push({ name, sql, unique: false });
  }
  return out;
}

/** Every statement that makes an empty database of this model: tables in insert order, then indexes. */
export function sqliteDdl(model: Model): string[] {
  const tables = model.order.flatMap((name) => model.tables.get(name) ?? []);
  return [
    ...tables.map(createTable),
    ...tables.flatMap((table) => createIndexes(table).map((index) => index.sql)),
  ];
}
