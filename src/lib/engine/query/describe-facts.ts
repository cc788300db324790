// What descriptions are put together from: a row's columns by name, who made it and when, and facts in two columns.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { one, type Steps } from '../statement.ts';
import { branch, type Branch, type Grid } from './text-layout.ts';

/** One row with its columns by name. */
export type RowFacts = Record<string, SqlValue>;

export function* factsOf(table: Table, id: number): Steps<RowFacts> {
  const names = table.columns.map((column) => column.name);
  const row = yield* one(
    `SELECT ${names.map((n) => `"${n}"`).join(', ')} FROM "${table.name}" WHERE id = ?`,
    [id],
  );
  return Object.fromEntries(names.map((name, i) => [name, row?.[i] ?? null]));
}

/** Facts two by two. */
export function twoColumns(items: readonly string[]): Branch {
  const rows: string[][] = [];
  for (let i = 0; i < items.length; i += 2) rows.push([items[i] ?? '', items[i + 1] ?? '']);
  const columns = [
    { header: '', width: null },
    { header: '', width: null },
  ];
  return branch({ columns, rows, showHeader: false } satisfies Grid);
}

/** `created_at: 2026-11-23 21:51:14 UTC`. */
export const timeOf = (value: SqlValue | undefined, none = 'None'): string =>
  value === null || value === undefined ? none : `${String(value).slice(0, 19)} UTC`;

export function* uidAndRun(row: RowFacts): Steps<string[]> {
  const items = [`uid: ${String(row['uid'])}`];
  if (row['run_id'] === null || row['run_id'] === undefined) return items;
  const found = yield* one(
    'SELECT r.name, r.uid, t.key FROM lamindb_run r JOIN lamindb_transform t ON t.id = r.transform_id WHERE r.id = ?',
    [row['run_id']],
  );
  if (found) items.push(`run: ${String(found[0] ?? String(found[1]).slice(0, 7))} (${String(found[2])})`);
  return items;
}

export function* nameOf(table: string, id: SqlValue | undefined): Steps<string> {
  const row = yield* one(`SELECT name FROM "${table}" WHERE id = ?`, [id ?? null]);
  return String(row?.[0] ?? '');
}

export function* handleOf(row: RowFacts): Steps<string> {
  const user = yield* one('SELECT handle FROM lamindb_user WHERE id = ?', [row['created_by_id'] ?? null]);
  return String(user?.[0] ?? '');
}
