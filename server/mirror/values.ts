// Values of rows on their way to Postgres: all as text in one JSON, cast to the column's type there (0038).
import type { Column, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlValue } from '../../src/lib/engine/ports.ts';

const types: Readonly<Record<string, string>> = {
  varchar: 'varchar',
  json: 'jsonb',
  bool: 'boolean',
  datetime: 'timestamptz',
};

/** Postgres' name of a column's type. */
export const castOf = (table: Table, name: string): string => {
  const type = table.column.get(name)?.type ?? 'text';
  return types[type] ?? type;
};

/** Columns that both sides have. */
export const columnsOf = (table: Table): Column[] =>
  table.columns.filter(({ name, foreign }) => name !== 'id' && !foreign);

export const textOf = (value: SqlValue): string | null =>
  value === null || typeof value === 'string' ? value : String(value);

/** JSON that means the same is the same; Postgres keeps neither the order of keys nor blanks. */
export function sameValue(column: Column, ours: SqlValue, theirs: SqlValue): boolean {
  if (ours === null || theirs === null) return ours === theirs;
  if (column.type !== 'json') return String(ours) === String(theirs);
  const [a, b] = [String(ours), String(theirs)];
  return a === b || ordered(a) === ordered(b);
}

function ordered(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    );
  } catch {
    return text;
  }
}
