// Locked rows take no edits (LaminDB's `is_locked`, which its SQLite does not enforce). Unlocking is the one change that
// a locked row takes.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { one, type Steps } from '../statement.ts';
import { labelOf, nameOf } from './tables.ts';

export function* refuseLocked(table: Table, ids: readonly number[]): Steps<void> {
  if (!table.column.has('is_locked') || ids.length === 0) return;
  const row = yield* one(
    `SELECT "${nameOf(table)}", uid FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) AND is_locked = 1 LIMIT 1`,
    [JSON.stringify(ids)],
  );
  if (!row) return;
  const name = String(row[0] ?? row[1]);
  throw new LoamError(
    'NoWriteAccess',
    `It is not allowed to modify locked rows: ${labelOf(table)} "${name}" has is_locked. Unlock it first.`,
    { registry: labelOf(table), field: 'is_locked', name },
  );
}
