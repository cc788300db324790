// What tables, columns and indexes a database file has, read from SQLite's own schema table; and taking out of it what
// runs by itself (triggers, views, virtual tables). No statement of the file is executed by either.
import { LoamError } from '../errors.ts';
import type { UntrustedDriver } from '../ports.ts';
import { all, type Steps } from '../statement.ts';

export interface FileColumn {
  name: string;
  /** As declared: `varchar(20)`. */
  type: string;
  notNull: boolean;
  /** Text of the DDL default, null where there is none. */
  ddlDefault: string | null;
  primary: boolean;
  /** Computed by the file's own expression. */
  generated: boolean;
  references: string | null;
}

export interface FileTable {
  name: string;
  sql: string;
  columns: Map<string, FileColumn>;
}

export interface FileSchema {
  /** By name in lower case, as SQLite compares them. */
  tables: Map<string, FileTable>;
  indexes: Map<string, { table: string; sql: string }>;
}

/** LaminDB with every module it has known keeps below 2,000; more is no database of this kind. */
const mostObjects = 20_000;

/** Reads the schema. Virtual tables are left out, since asking for their columns runs their module. */
export function* readFileSchema(): Steps<FileSchema> {
  const [count] = (yield* all('SELECT count(*) FROM sqlite_schema'))[0] ?? [];
  if (Number(count) > mostObjects) {
    throw new LoamError(
      'FileUnreadable',
      `The file has ${Number(count).toLocaleString('en')} tables and indexes, which no LaminDB database has. Nothing was changed.`,
    );
  }
  const rows = yield* all(
    `SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL AND rootpage > 0`,
  );
  const schema: FileSchema = { tables: new Map(), indexes: new Map() };
  for (const [type, name, table, sql] of rows) {
    const key = String(name).toLowerCase();
    if (type === 'index') schema.indexes.set(key, { table: String(table).toLowerCase(), sql: String(sql) });
    else if (!key.startsWith('sqlite_'))
      schema.tables.set(key, { name: String(name), sql: String(sql), columns: new Map() });
  }
  const columns = yield* all(
    `SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden FROM sqlite_schema m, pragma_table_xinfo(m.name) c
     WHERE m.type = 'table' AND m.rootpage > 0 AND m.sql IS NOT NULL`,
  );
  for (const [table, name, type, notNull, ddlDefault, primary, hidden] of columns) {
    schema.tables.get(String(table).toLowerCase())?.columns.set(String(name).toLowerCase(), {
      name: String(name),
      type: String(type),
      notNull: Number(notNull) !== 0,
      ddlDefault: ddlDefault === null || ddlDefault === undefined ? null : String(ddlDefault),
      primary: Number(primary) > 0,
      generated: Number(hidden) > 1,
      references: null,
    });
  }
  const references = yield* all(
    `SELECT m.name, f."from", f."table" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
     WHERE m.type = 'table' AND m.rootpage > 0 AND m.sql IS NOT NULL`,
  );
  for (const [table, from, target] of references) {
    const column = schema.tables.get(String(table).toLowerCase())?.columns.get(String(from).toLowerCase());
    if (column) column.references = String(target).toLowerCase();
  }
  return schema;
}

export interface Disarmed {
  triggers: string[];
  views: string[];
  virtual: string[];
}

/**
 * Takes triggers, views and virtual tables out of the schema table, without running or connecting any of them. The
 * tables behind a virtual one stay as ordinary tables. The schema must have been read without an error before.
 */
export function disarm(driver: UntrustedDriver): Disarmed {
  // Read strictly first: while the schema table may be written, SQLite passes over entries it cannot read.
  const found = driver.all(
    `SELECT CASE WHEN type = 'table' THEN 'virtual' ELSE type END, name FROM sqlite_schema
     WHERE type IN ('trigger', 'view') OR (type = 'table' AND coalesce(rootpage, 0) = 0)`,
  );
  const named = (kind: string) => found.filter(([of]) => of === kind).map(([, name]) => String(name));
  const out = { triggers: named('trigger'), views: named('view'), virtual: named('virtual') };
  if (found.length === 0) return out;
  driver.defend('repair');
  try {
    driver.exec('BEGIN');
    driver.run(
      `DELETE FROM sqlite_schema WHERE type IN ('trigger', 'view') OR (type = 'table' AND coalesce(rootpage, 0) = 0)`,
    );
    driver.exec('COMMIT');
    driver.exec('PRAGMA writable_schema=reset');
  } catch (error) {
    if (driver.inTransaction) driver.exec('ROLLBACK');
    throw error;
  } finally {
    driver.defend('full');
  }
  return out;
}
