// What a registry may add to the default that follows from the model: fields of its own, rows given back instead of made,
// derived columns, links. A registry without a behaviour (one declared by a plug-in) has the default alone.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import type { Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import type { CreateOptions, Fields } from './registry-types.ts';
import type { Relation } from './relations.ts';

/** A row on its way. */
export interface Draft {
  readonly table: Table;
  /** What was asked for; a behaviour takes out what it handles itself, the rest are columns. */
  given: Fields;
  /** Column values as they will be written. */
  values: Record<string, SqlValue>;
  readonly options: CreateOptions;
}

export interface Found {
  id: number;
  message: string;
  /** True: the row stays as it is. Else it takes the given values, as LaminDB's `update_attributes` has it. */
  asItIs?: boolean;
  /** Columns that it takes although they are part of a row's identity. */
  takes?: readonly string[];
  /** From the trash or another branch it comes to where the new row would have been. */
  comes?: boolean;
}

/** Steps of one creation, in this order; each may be left out. */
export interface CreatePlan {
  /** A row LaminDB gives back for these values. Comes before the look at names. */
  find?: () => Steps<Found | null>;
  /** False where names are not looked at. */
  names?: boolean;
  /** A row with the same name that may not be given back is passed over; throws where LaminDB refuses. */
  accepts?: (id: number) => Steps<boolean>;
  /** The last values: uid, hash. */
  complete?: () => Steps<void>;
  /** After the row is there, or was given back. */
  after?: (id: number, created: boolean) => Steps<void>;
}

/** A change of one row. */
export interface Change {
  readonly table: Table;
  readonly id: number;
  given: Fields;
  values: Record<string, SqlValue>;
  /** The row as it is. */
  readonly row: Readonly<Record<string, SqlValue>>;
  warnings: string[];
}

export interface UpdatePlan {
  /** After the columns are read, before they are written. */
  before?: () => Steps<void>;
  after?: () => Steps<void>;
}

export interface Behaviour {
  /** Fields it takes beside the columns, for the message that lists valid ones. */
  takes?: readonly string[];
  create?: (tx: Transaction, draft: Draft) => Steps<CreatePlan>;
  update?: (tx: Transaction, change: Change) => Steps<UpdatePlan>;
  /** After ties that a row of this registry owns were added or removed. */
  relinked?: (
    tx: Transaction,
    id: number,
    relation: Relation,
    added: readonly number[],
    removed: readonly number[],
  ) => Steps<void>;
  /** Throws where rows of this registry may not be deleted. */
  remove?: (tx: Transaction, ids: readonly number[]) => Steps<void>;
}

/** Takes a field out of what was given. */
export function take(given: Fields, field: string): unknown {
  const value = given[field];
  delete given[field];
  return value;
}

/** A step without statements. */
export function* without<T>(body: () => T): Steps<T> {
  return body();
}
