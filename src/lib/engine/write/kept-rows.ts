// Rows that are in no table just now: those of branches that are not checked out. Each is one text that names its columns.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { fromJsonText, jsonText } from './operation.ts';

/** Rows by column: `values[c][i]` is column c of row i. */
export interface KeptRows {
  ids: number[];
  columns: string[];
  values: SqlValue[][];
}

export const keptText = (columns: readonly string[], values: readonly SqlValue[]): string =>
  jsonText([columns, values]);

/** Rows of `id, vals`; those without values are left out. */
export function readKept(rows: readonly SqlValue[][]): KeptRows {
  const out: KeptRows = { ids: [], columns: [], values: [] };
  for (const [id, text] of rows) {
    if (typeof text !== 'string') continue;
    const [columns, values] = fromJsonText<[string[], SqlValue[]]>(text);
    if (out.ids.length === 0) {
      out.columns = columns;
      out.values = columns.map(() => []);
    }
    const same = columns.length === out.columns.length && columns.every((name, c) => name === out.columns[c]);
    for (const [c, name] of out.columns.entries())
      out.values[c]?.push(values[same ? c : columns.indexOf(name)] ?? null);
    out.ids.push(Number(id));
  }
  return out;
}

/** The rows that are in the table now. */
export function* valuesOf(table: Table, ids: readonly number[]): Steps<KeptRows> {
  const columns = table.columns.flatMap(({ name }) => (name === 'id' ? [] : [name]));
  const rows = yield* all(
    `SELECT id, ${columns.map((name) => `"${name}"`).join(', ')} FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
    [JSON.stringify(ids)],
  );
  return {
    ids: rows.map(([id]) => Number(id)),
    columns,
    values: columns.map((_, c) => rows.map((row) => row[c + 1] ?? null)),
  };
}

export function pickRows(rows: KeptRows, which: (id: number) => boolean): KeptRows {
  const at = rows.ids.flatMap((id, i) => (which(id) ? [i] : []));
  return {
    ids: at.map((i) => rows.ids[i] ?? 0),
    columns: rows.columns,
    values: rows.values.map((list) => at.map((i) => list[i] ?? null)),
  };
}
