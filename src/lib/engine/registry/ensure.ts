// Rows that are to be there, whoever brought them: found by row key or by an identifying unique value, else inserted as they
// are given, uid included. For transfers from other instances and for catalogues; running it again changes nothing.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { insert, type Values } from '../write/apply.ts';
import { tableOf } from '../write/journal.ts';
import type { Transaction } from '../write/transaction.ts';
import { findClash, refuseClash } from './uniques.ts';

export interface Ensured {
  /** One per row given. */
  ids: number[];
  /** Which of them were inserted, in the same order. */
  fresh: boolean[];
}

/**
 * Columns of `n` rows as they are stored, references as ids of rows here. A row whose uid is new but whose identifying values
 * (ontology id with organism, scientific name …) are known is the known one, as LaminDB maps it; another clash of unique
 * values is an IntegrityError.
 */
export function* ensureRows(tx: Transaction, name: string, n: number, values: Values): Steps<Ensured> {
  const table = tableOf(tx.journal.model, name);
  const valueAt = (column: string, row: number): SqlValue => {
    const value = values[column];
    return (Array.isArray(value) ? (value as SqlValue[])[row] : (value as SqlValue)) ?? null;
  };
  const keys = Array.from({ length: n }, (_, row) => table.rowKey.columns.map((c) => valueAt(c, row)));
  const texts = keys.map((key) => JSON.stringify(key));
  const known = yield* byKey(table, keys);
  const fresh: number[] = [];
  const seen = new Set<string>();
  for (const [row, text] of texts.entries()) {
    if (known.has(text) || seen.has(text)) continue;
    if (hasOtherUniques(table)) {
      const own = Object.fromEntries(Object.keys(values).map((c) => [c, valueAt(c, row)]));
      const clash = yield* findClash(table, own);
      if (clash?.known) {
        known.set(text, clash.id);
        continue;
      }
      if (clash) yield* refuseClash(table, clash, own);
    }
    seen.add(text);
    fresh.push(row);
  }
  if (fresh.length > 0) {
    const picked: Values = {};
    for (const [column, value] of Object.entries(values))
      picked[column] = Array.isArray(value) ? fresh.map((row) => (value as SqlValue[])[row] ?? null) : value;
    const first = yield* insert(tx, name, fresh.length, picked);
    for (const [i, row] of fresh.entries()) known.set(texts[row] ?? '', first + i);
  }
  const inserted = new Set(fresh);
  return { ids: texts.map((text) => known.get(text) ?? 0), fresh: texts.map((_, row) => inserted.has(row)) };
}

/** One row. */
export function* ensureRow(
  tx: Transaction,
  name: string,
  values: Record<string, SqlValue>,
): Steps<{ id: number; inserted: boolean }> {
  const { ids, fresh } = yield* ensureRows(tx, name, 1, values);
  return { id: ids[0] ?? 0, inserted: fresh[0] ?? false };
}

/** Rows by the text of their key. */
function* byKey(table: Table, keys: readonly SqlValue[][]): Steps<Map<string, number>> {
  const columns = table.rowKey.columns;
  const terms = columns.map((c, i) => `t."${c}" ${i === 0 ? '=' : 'IS'} json_extract(j.value, '$[${i}]')`);
  const rows = yield* all(
    `SELECT j.key, min(t.id) FROM json_each(?) j JOIN "${table.name}" t ON ${terms.join(' AND ')} GROUP BY j.key`,
    [JSON.stringify(keys)],
  );
  return new Map(rows.map((r) => [JSON.stringify(keys[Number(r[0])]), Number(r[1])]));
}

/** Unique values that are not the row key. */
function hasOtherUniques(table: Table): boolean {
  const key = table.rowKey.columns.join();
  return (
    table.columns.some((c) => c.unique && c.name !== key) ||
    table.uniques.some((u) => u.columns.join() !== key)
  );
}
