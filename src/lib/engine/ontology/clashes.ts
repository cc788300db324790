// Which terms of a batch are rows already. bionty 2.5.2 inserts with "ignore conflicts", so a row that has a unique value
// of a term stays as it is; here it is looked up before, since the write path ignores nothing.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import type { TermBatch } from './types.ts';

export interface Known {
  id: number;
  sourceId: number | null;
}

/** Sets of columns that are unique together, those with one column first. */
const uniquesOf = (table: Table): string[][] => [
  ...table.columns.filter((column) => column.unique).map(({ name }) => [name]),
  ...table.uniques
    .filter(({ where, expression }) => where === null && !expression)
    .map(({ columns }) => columns),
];

/** The rows that hold a unique value of the terms from … to of a batch, by place within the batch. */
export function* knownRows(
  table: Table,
  batch: TermBatch,
  from: number,
  to: number,
  constants: Readonly<Record<string, SqlValue>>,
): Steps<Map<number, Known>> {
  const found = new Map<number, Known>();
  const valueOf = (column: string, at: number): SqlValue =>
    column === 'uid' ? (batch.uids[at] ?? null) : (batch.values[column]?.[at] ?? constants[column] ?? null);
  for (const columns of uniquesOf(table)) {
    const [first = ''] = columns;
    if (first !== 'uid' && !batch.values[first]) continue;
    const wanted = new Map<string, number>();
    for (let at = from; at < to; at++) {
      const values = columns.map((column) => valueOf(column, at));
      // NULL in any member lifts the rule.
      if (!values.includes(null)) wanted.set(JSON.stringify(values), at);
    }
    if (wanted.size === 0) continue;
    const firsts = [...new Set([...wanted.values()].map((at) => valueOf(first, at)))];
    const rows = yield* all(
      `SELECT id, source_id, ${columns.map((c) => `"${c}"`).join(', ')} FROM "${table.name}"
       WHERE "${first}" IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(firsts)],
    );
    for (const [id, source, ...values] of rows) {
      const at = wanted.get(JSON.stringify(values));
      if (at !== undefined && !found.has(at))
        found.set(at, { id: Number(id), sourceId: source === null ? null : Number(source) });
    }
  }
  return found;
}

/** Unique columns beside the uid and the key, in which two terms of one pack may clash. */
export const otherUniques = (table: Table, key: string): string[] =>
  table.columns
    .filter(({ name, unique }) => unique && name !== 'uid' && name !== key)
    .map(({ name }) => name);
