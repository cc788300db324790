// Rows for another copy of the database: all their columns but those of this device, references by the row keys of what they
// refer to.
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import type { Steps } from '../statement.ts';
import { keysOf, nullableKeys, type Journal } from '../write/journal.ts';
import { valuesOf } from '../write/kept-rows.ts';
import type { RowKey } from '../write/operation.ts';

/** Rows with all their columns; of references the keys. `values[c][i]` is column c of row i. */
export interface BundleRows {
  table: string;
  keys: RowKey[];
  columns: string[];
  values: RowKey[][];
}

/** Not of this device, nor following from other columns. */
export const isCarried = ({ name, derived, foreign }: Column): boolean =>
  name !== 'id' && !derived && !foreign;

/** Notes ids that are referred to. */
export type Use = (table: string, values: readonly (SqlValue | undefined)[]) => void;

export function* rowsOf(journal: Journal, table: Table, ids: readonly number[], use: Use): Steps<BundleRows> {
  const rows = yield* valuesOf(table, ids);
  const columns: string[] = [];
  const values: RowKey[][] = [];
  for (const { name, references } of table.columns.filter(isCarried)) {
    const held = rows.values[rows.columns.indexOf(name)] ?? [];
    columns.push(name);
    if (references) use(references.table, held);
    values.push(references ? yield* nullableKeys(journal, references.table, held) : (held as RowKey[]));
  }
  return { table: table.name, keys: yield* keysOf(journal, table.name, rows.ids), columns, values };
}
