// Single rows of any registry: read as an object, written column by column with what changed told, a fresh uid.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { one, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { update } from '../write/apply.ts';
import { nameOf as shownName } from '../write/history-names.ts';
import type { Transaction } from '../write/transaction.ts';
import { fieldOf } from './fields.ts';
import { refuseLocked } from './locked.ts';
import type { FieldChange } from './registry-types.ts';
import { labelOf } from './tables.ts';

/** Writes the columns that differ and tells which. Locked rows refuse. */
export function* write(
  tx: Transaction,
  table: Table,
  id: number,
  values: Record<string, SqlValue>,
): Steps<FieldChange[]> {
  const columns = Object.keys(values);
  if (columns.length === 0) return [];
  const row = yield* one(
    `SELECT ${columns.map((c) => `"${c}"`).join(', ')} FROM "${table.name}" WHERE id = ?`,
    [id],
  );
  const changed: FieldChange[] = [];
  for (const [i, name] of columns.entries()) {
    const column = table.column.get(name);
    const [old, fresh] = [row?.[i] ?? null, values[name] ?? null];
    if (!column || old === fresh) continue;
    changed.push({
      field: fieldOf(column),
      old: yield* shownValue(tx, column.references?.table, old),
      new: yield* shownValue(tx, column.references?.table, fresh),
    });
  }
  if (changed.length === 0) return [];
  const unlocks = values['is_locked'] === 0 && changed.length === 1 && changed[0]?.field === 'is_locked';
  if (!unlocks) yield* refuseLocked(table, [id]);
  yield* update(tx, table.name, [id], values);
  return changed;
}

function* shownValue(tx: Transaction, target: string | undefined, value: SqlValue): Steps<string | null> {
  if (value === null) return null;
  return target ? yield* shownName(tx.journal, target, Number(value)) : String(value);
}

/** The row as it is now. */
export function* told(
  table: Table,
  id: number,
): Steps<{ registry: string; id: number; uid: string; row: Record<string, SqlValue> }> {
  const row = (yield* readRow(table, id)) ?? {};
  return { registry: labelOf(table), id, uid: String(row['uid'] ?? ''), row };
}

export const idIn = (value: SqlValue | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

export function* readRow(table: Table, id: number): Steps<Record<string, SqlValue> | null> {
  const values = yield* one(
    `SELECT ${table.columns.map((c) => `"${c.name}"`).join(', ')} FROM "${table.name}" WHERE id = ?`,
    [id],
  );
  return values ? Object.fromEntries(table.columns.map((c, i) => [c.name, values[i] ?? null])) : null;
}

/** A fresh uid; of a versioned registry the first of a new family. */
export function mint(tx: Transaction, table: Table): string {
  return randomUid(table.uidLength, tx.journal.random) + (table.versioned ? '0000' : '');
}
