// The shape of the model as data: what a declaration of a registry, link or block table holds.
// Everything else (DDL, row types, look-ups, forms, sync) is derived from it. Source: lamindb 2.12.1, bionty 2.5.2.
import type { SqlValue } from '../ports.ts';
import type { Declaration } from './declare.ts';

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
  /** A column that only the opened file has (another version's): never written by us, kept by deletes and their undo. */
  foreign?: true;
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
  /** The module that declares it: lamindb, bionty, a plug-in's name; Django's own table belongs to `django`. */
  module: string;
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

/** One app of LaminDB (Django's word): its declarations and what makes an existing database have it. */
export interface Module {
  /** Lower-case letters and digits; every table of it begins with this and an underscore. */
  name: string;
  declarations: readonly Declaration[];
  /** Rows of `django_migrations` that say the tables are there: name, time applied. A plug-in that Python does not know has none. */
  migrations: readonly (readonly [name: string, applied: string])[];
  /** Rows the tables start with. */
  seeds?: (at: SeedPlace) => SeedTable[];
}

/** Whose the seed rows are. */
export interface SeedPlace {
  /** LaminDB's text form, UTC. */
  now: string;
  userId: number;
}

/** Rows to write, with explicit ids. */
export interface SeedTable {
  table: string;
  columns: string[];
  rows: SqlValue[][];
}

export interface Model {
  modules: readonly Module[];
  tables: Map<string, Table>;
  /** Insert order: NOT NULL references come before their users (model.md §4). */
  order: string[];
  /** Tables by Python registry name. */
  registry: Map<string, Table>;
  /** Incoming references: table -> columns elsewhere that point to it. */
  incoming: Map<string, { table: string; column: string; onDelete: OnDelete }[]>;
}
