// Unique values that move from one row to another within a flush. Postgres looks at each row as it is written, so whoever has
// such a value is taken out first and put in again with its new ones: references wait for the end of the transaction.
import type { Column, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import type { RowIds } from './row-ids.ts';

interface Rule {
  columns: string[];
  lower: boolean;
  /** Rows with NULL in it count too. */
  partial: boolean;
}

const rulesOf = (table: Table): Rule[] => [
  ...table.columns
    .filter(({ unique }) => unique)
    .map(({ name }) => ({ columns: [name], lower: false, partial: false })),
  ...table.uniques.map(({ columns, expression, where }) => ({
    columns,
    lower: expression !== null,
    partial: where !== null,
  })),
];

/** Whether a value that the row gives up (`old`, as Postgres has it) is that of another row now. */
export function freesForAnother(
  { driver, ids }: { driver: SqlDriver; ids: RowIds },
  table: Table,
  id: number,
  differ: readonly Column[],
  columns: readonly Column[],
  old: readonly SqlValue[],
): boolean {
  const changed = new Set(differ.map(({ name }) => name));
  return rulesOf(table).some((rule) => {
    if (!rule.columns.some((name) => changed.has(name))) return false;
    const values: SqlValue[] = [];
    for (const name of rule.columns) {
      const at = columns.findIndex((column) => column.name === name);
      const value = old[at] ?? null;
      if (value === null && !rule.partial) return false;
      const target = columns[at]?.references?.table;
      if (target === undefined || value === null) values.push(value);
      else {
        const here = ids.hereOf(target, Number(value));
        if (here === null) return false;
        values.push(here);
      }
    }
    const tests = rule.columns.map((name) => (rule.lower ? `lower("${name}") = lower(?)` : `"${name}" IS ?`));
    return (
      driver.all(`SELECT 1 FROM "${table.name}" WHERE ${tests.join(' AND ')} AND id <> ? LIMIT 1`, [
        ...values,
        id,
      ]).length > 0
    );
  });
}
