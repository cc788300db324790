// How the rows of the example database are made: under short names of the example's own, with uids and times that are the
// same on every machine.
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import type { Steps } from '../../src/lib/engine/statement.ts';
import { insertOne } from '../../src/lib/engine/write/apply.ts';
import type { Transaction } from '../../src/lib/engine/write/transaction.ts';

export type Cells = Record<string, SqlValue>;

/** 2026-11-01 00:00:00 UTC. */
export const start = Date.UTC(2026, 10, 1);
export const stamp = (day: number, rest = '10:00:00.123456'): string =>
  `${new Date(start + day * 86_400_000).toISOString().slice(0, 10)} ${rest}`;

/** Uids that are no random ones: the same each time, of the right length, told apart by number. */
export function uid(prefix: string, number: number, length: number): string {
  return `${prefix}${String(number).padStart(3, '0')}`.padEnd(length, 'x');
}

export interface Rows {
  /** Inserts one row; `created_at` goes up by a day per row of registries unless given. */
  add(table: string, name: string, cells: Cells): Steps<void>;
  /** The id of the row made under that name. */
  id(name: string): number;
  /** A row of a link table, each side by column and name. */
  pair(table: string, left: [string, string], right: [string, string], more?: Cells): Steps<void>;
}

export function exampleRows(tx: Transaction): Rows {
  const made = new Map<string, number>();
  let day = 0;
  function* add(table: string, name: string, cells: Cells): Steps<void> {
    const own = model.tables.get(table);
    const times: Cells = {};
    if (own?.column.has('created_at') && !('created_at' in cells)) times['created_at'] = stamp(day++ % 60);
    if (own?.column.has('updated_at') && !('updated_at' in cells)) times['updated_at'] = stamp(80);
    if (own?.column.has('created_by_id') && !('created_by_id' in cells)) times['created_by_id'] = 1;
    made.set(name, yield* insertOne(tx, table, { ...times, ...cells }));
  }
  const id = (name: string): number => {
    const found = made.get(name);
    if (found === undefined) throw new Error(`the example has no ${name}`);
    return found;
  };
  return {
    add,
    id,
    pair: (table, left, right, more = {}) =>
      add(table, `${table}:${left[1]}:${right[1]}:${String(more['feature_id'] ?? '')}`, {
        [left[0]]: id(left[1]),
        [right[0]]: id(right[1]),
        ...more,
      }),
  };
}
