// Which row a link, a value or a note belongs to.
import type { Column, Table } from '../model/types.ts';

/** Column of a link, value or note that says which row it belongs to; null for rows that stand for themselves. */
export function hostColumn(table: Table): Column | null {
  if (table.family === 'registry' || table.family === 'django') return null;
  const candidates =
    table.family === 'block'
      ? table.columns.filter(
          ({ name }) => !['created_by_id', 'branch_id', 'created_on_id', 'space_id', 'run_id'].includes(name),
        )
      : table.rowKey.columns.flatMap((name) => table.column.get(name) ?? []);
  return candidates.find(({ references }) => references) ?? null;
}
