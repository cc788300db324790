// What crosses the border when rows of any registry are written: how a row is named, what a creation answers, what a
// purge would take. Plain data only.
import type { SqlValue } from '../ports.ts';

/**
 * Names a row. A text is its uid (of a versioned row also the stem, which means the latest version), else its name, key,
 * handle or symbol, resolved as LaminDB resolves names; `{ uid }` and `{ id }` are exact.
 */
export type Ref = string | number | { uid: string } | { id: number };

/** Field names are LaminDB's (`name`, `type`, `is_type` …); references take a `Ref`. */
export type Fields = Record<string, unknown>;

/** How the rows at the other end of a relation change. */
export interface RelationChange {
  add?: readonly Ref[];
  remove?: readonly Ref[];
  /** Ties that say which feature they stand for, in which slot, in which role. */
  feature?: Ref;
  slot?: string;
  role?: string;
}

/** What happens to feature values: all are replaced, some added, those of the named features replaced, some taken away. */
export type ValueAct = 'set' | 'add' | 'update' | 'remove';

/** By feature name; pairs name a feature exactly, where several have the name. `remove` takes names alone as well. */
export type FeatureValues =
  Record<string, unknown> | readonly (readonly [Ref, unknown])[] | readonly Ref[] | null;

/** How values are read. */
export interface ValueReading {
  /** Text typed by a person is read by the dtype; else a value has to be of the dtype, unless the feature coerces. */
  typed?: boolean;
  /** Makes ULabels of unknown names, as LaminDB's own screens do when a label is typed; else they are refused. */
  createLabels?: boolean;
}

export interface CreateOptions {
  /** Feature values, for Record and Run. */
  features?: FeatureValues;
  /** Rows to tie, by relation name: `{ parents: ['Atlas'] }`. */
  links?: Record<string, readonly Ref[]>;
  /** False skips LaminDB's look at rows of the same or a similar name (`settings.creation.search_names`). */
  searchNames?: boolean;
  /** True makes a row of its own where LaminDB would give back the one with the same content. */
  skipHashLookup?: boolean;
}

export interface FieldChange {
  field: string;
  old: string | null;
  new: string | null;
}

export interface Created {
  registry: string;
  id: number;
  uid: string;
  /** False where LaminDB gives back a row that is there already. */
  created: boolean;
  /** Fields of the row given back that took new values. */
  changed: FieldChange[];
  /** Rows with a similar name, best first: perhaps one of them was meant. */
  similar: string[];
  /** In words, where the outcome may surprise. */
  message: string | null;
  row: Record<string, SqlValue>;
}

export interface Updated {
  registry: string;
  uid: string;
  changed: FieldChange[];
  /** What the change means elsewhere, e.g. datasets that still hold the old name. */
  warnings: string[];
}

/** What deleting for good would take, listed before anything is touched. */
export interface PurgePlan {
  registry: string;
  /** What was asked for. */
  rows: { uid: string; name: string }[];
  /** Every table that loses rows, the asked ones first; `dangerous` marks whole objects that fall with them. */
  tables: { table: string; registry: string | null; count: number; names: string[]; dangerous: boolean }[];
  /** Stored bytes that go, by storage key. */
  blobs: { key: string; bytes: number }[];
  bytes: number;
  /** Rows elsewhere that stand in the way (LaminDB's PROTECT). Nothing is deleted while there are any. */
  refused: { table: string; registry: string | null; column: string; count: number; names: string[] }[];
}

export interface Purged {
  rows: number;
  bytes: number;
  /** Bytes that stay on this device because another database on it names them. */
  kept: number;
}

/** A table by columns, all of the same length. */
export type Columns = Record<string, readonly unknown[]>;

export interface ImportOptions extends ValueReading {
  /** The column that names the rows, where the sheet has no index; else `__lamindb_record_name__`, else `name`. */
  name?: string;
}

export interface Imported {
  type: { uid: string; name: string };
  created: number;
  /** Uids of the rows, in the order of the table. */
  uids: string[];
  /** Columns that are no feature of the sheet. */
  ignored: string[];
}
