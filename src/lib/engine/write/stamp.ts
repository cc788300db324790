// When a row was last changed (`updated_at`) is not logged: it is the time of the record that changed it last, but for this.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';

/**
 * A merge that says of rows only where they lie from now on leaves their time as it is, here and wherever its record comes
 * to: LaminDB's merge sets `branch_id` beside the model's save (2.12.1 `merge`).
 */
export const keepsStamp = (kind: string, columns: readonly string[]): boolean =>
  kind === 'merge' && columns.length === 1 && columns[0] === 'branch_id';

/** `updated_at` of the rows as they are: given to an update, it leaves them. */
export function* stampsOf(table: Table, ids: readonly number[]): Steps<Record<string, SqlValue[]>> {
  if (!table.column.has('updated_at')) return {};
  const rows = new Map(
    (yield* all(`SELECT id, updated_at FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`, [
      JSON.stringify(ids),
    ])).map(([id, at = null]) => [Number(id), at]),
  );
  return { updated_at: ids.map((id) => rows.get(id) ?? null) };
}
