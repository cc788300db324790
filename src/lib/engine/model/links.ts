// The shapes in which LaminDB ties two rows together: links with an optional feature, plain pairs, pairs with a role
// or a slot, and the cells of a record's sheet. Each shape fixes the columns, the uniques and the row key.

import { moduleOf, named, plain, short, tableOf, together } from './declare.ts';
import type { Columns, Declaration } from './declare.ts';
import type { RowKey } from './types.ts';

/** Who made a link and when. `run_id` gives way where a run is itself an end of the link. */
export const tracked: Columns = { created_at: 'd*=now', created_by_id: '>user', run_id: '>run?' };

export interface LinkOptions {
  /** Column of the right end where it is not `<right>_id`. */
  rightColumn?: string;
  /** Columns that replace or extend the shape's own; wins over everything. */
  columns?: Columns;
  /** No creator, time or run. */
  bare?: boolean;
}

interface Ends {
  table: string;
  left: string;
  right: string;
  columns: Columns;
}

/** The left end owns the link: deleting it deletes the link, while the right end is protected by it. */
function ends(table: string, left: string, right: string, options: LinkOptions): Ends {
  const l = `${short(left)}_id`;
  const r = options.rightColumn ?? `${short(right)}_id`;
  const own = { [r]: `>${right}`, [l]: `>${left}^` };
  const base = options.bare ? {} : tracked;
  return { table, left: l, right: r, columns: { ...base, ...own, ...options.columns } };
}

const key = (columns: string[], backing: RowKey['backing'] = 'unique'): RowKey => ({ columns, backing });

/**
 * Left, right and perhaps a feature, kept unique by two partial indexes so that a missing feature counts as a value.
 * `featureSecond` is the column order that projectrecord and referencerecord have in their unique.
 */
export function featureLink(
  left: string,
  right: string,
  options: LinkOptions & { featureSecond?: boolean } = {},
): Declaration {
  const name = left + right;
  const e = ends(`lamindb_${name}`, left, right, options);
  const full = options.featureSecond ? [e.left, 'feature_id', e.right] : [e.left, e.right, 'feature_id'];
  const columns = { ...e.columns, feature_id: '>feature?' };
  return plain('link', e.table, columns, key([e.left, e.right, 'feature_id']), [
    named(`unique_${name}`, full, '"feature_id" IS NOT NULL'),
    named(`unique_${name}_null_feature`, [e.left, e.right], '"feature_id" IS NULL'),
  ]);
}

/** Left and right, once. */
export function pairLink(left: string, right: string, options: LinkOptions = {}): Declaration {
  const e = ends(`${moduleOf(right)}_${short(left)}${short(right)}`, left, right, options);
  return plain('link', e.table, e.columns, key([e.left, e.right]), [together(e.table, [e.left, e.right])]);
}

/** A person's role in something. */
export function roleLink(left: string): Declaration {
  const e = ends(`lamindb_${left}user`, left, 'user', { bare: true, columns: { role: 'c32*' } });
  const columns = [e.left, e.right, 'role'];
  return plain('link', e.table, e.columns, key(columns), [together(e.table, columns)]);
}

/** A schema in a slot. Only one per named slot; rows without a slot are not covered by a unique, so the key is weak. */
export function slotLink(
  table: string,
  left: { column: string; target: string },
  right: { column: string; target: string },
  columns: Columns = {},
): Declaration {
  const own = { slot: 'c255?', [left.column]: `>${left.target}^`, [right.column]: `>${right.target}` };
  const rowKey = key([left.column, right.column, 'slot'], 'weak');
  return plain('link', table, { ...tracked, ...own, ...columns }, rowKey, [
    together(table, [left.column, 'slot', right.column]),
    together(table, [left.column, 'slot']),
  ]);
}

/**
 * A label of another module on an artifact or record, as bionty's are: the table is that module's. One plain unique
 * over three columns, which does not cover rows without a feature: weak.
 */
export function labelLink(left: 'artifact' | 'record', right: string): Declaration {
  const rightColumn = left === 'record' ? 'value_id' : undefined;
  const table = `${moduleOf(right)}_${left}${short(right)}`;
  const e = ends(table, left, right, rightColumn ? { rightColumn } : {});
  const columns = [e.left, e.right, 'feature_id'];
  const all = { ...e.columns, feature_id: '>feature?' };
  return plain('link', table, all, key(columns, 'weak'), [together(table, columns)]);
}

/** One cell of a record's sheet: record, feature and a value in another registry. */
export function cell(value: string): Declaration {
  const table = `lamindb_record${value}`;
  const columns = ['record_id', 'feature_id', 'value_id'];
  const own = { record_id: '>record^', feature_id: '>feature', value_id: `>${value}` };
  return plain('cell', table, own, key(columns), [together(table, columns)]);
}

/** The cell that holds its value itself; the value is payload, so there is one per record and feature. */
export function jsonCell(): Declaration {
  const table = tableOf('recordjson');
  const columns = ['record_id', 'feature_id'];
  const own = { record_id: '>record^', feature_id: '>feature', value: 'j=null' };
  return plain('cell', table, own, key(columns), [together(table, columns)]);
}
