// The shape of the model as data: what a declaration of a registry, link or block table holds.
// Everything else (DDL, row types, look-ups, forms, sync) is derived from it. Source: lamindb 2.12.1, bionty 2.5.2.

export type ColumnType =
  'varchar' | 'text' | 'json' | 'bool' | 'integer' | 'smallint' | 'bigint' | 'datetime' | 'date';

/** Django's on_delete; it is not in the DDL, so the applier walks it. */
export type OnDelete = 'CASCADE' | 'PROTECT';

export interface Column {
  name: string;
  type: ColumnType;
  /** Characters (code points), for varchar. */
  length: number | null;
  nullable: boolean;
  /** DDL default: `undefined` = none; 'now' for timestamps; JSON text for json columns. */
  ddlDefault: string | number | undefined;
  /** Default the application writes where neither DDL nor caller gives one. */
  appDefault: string | number | null | undefined;
  indexed: boolean;
  unique: boolean;
  references: { table: string; onDelete: OnDelete } | null;
  /** Maintained by the applier, never logged (is_latest). */
  derived: boolean;
}

export type Family = 'registry' | 'block' | 'm2m' | 'link' | 'cell' | 'django';

export interface RowKey {
  columns: string[];
  /** 'unique': backed by constraints (null-safe by partial pairs); 'weak': look up by IS before inserting; 'none': never synced. */
  backing: 'unique' | 'weak' | 'none';
}

/** Uniqueness over several columns, over part of the rows or over an expression; a single plain column has `Column.unique`. */
export interface Unique {
  columns: string[];
  /** SQL text of a partial index, e.g. `"key" IS NOT NULL`. */
  where: string | null;
  /** `lower(name)` indexes. */
  expression: string | null;
  /** Index or constraint name. */
  name: string;
  /** On SQLite a table constraint (one case: collection); elsewhere a unique index. */
  constraint: boolean;
}

/** A named CHECK beside the JSON ones, which follow from the column type. */
export interface Check {
  name: string;
  sql: string;
}

export interface Table {
  name: string;
  /** Python class name for registries: Artifact, ULabel, CellType. */
  registry: string | null;
  module: 'lamindb' | 'bionty' | 'django';
  family: Family;
  /** All columns, `id` first. Order is ours, not the file's: always address columns by name. */
  columns: Column[];
  column: Map<string, Column>;
  rowKey: RowKey;
  uniques: Unique[];
  checks: Check[];
  /** Length of the random or derived uid; 0 where there is none. Versioned: stem length. */
  uidLength: number;
  versioned: boolean;
}

export interface Model {
  tables: Map<string, Table>;
  /** Insert order: NOT NULL references come before their users (model.md §4). */
  order: string[];
  /** Tables by Python registry name. */
  registry: Map<string, Table>;
  /** Incoming references: table -> columns elsewhere that point to it. */
  incoming: Map<string, { table: string; column: string; onDelete: OnDelete }[]>;
}
