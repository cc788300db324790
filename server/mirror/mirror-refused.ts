// What Postgres says no to, told of the row: which table, which row key, why.
import { LoamError, type ErrorCode } from '../../src/lib/engine/errors.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';

/** Postgres refuses a row that the replica has: the record that made it is to be refused with this reason. */
export class MirrorRefused extends LoamError {
  constructor(code: ErrorCode, table: string, key: string | null, reason: string) {
    const row = key === null ? `A row of ${table}` : `The row ${key} of ${table}`;
    super(code, `${row} cannot be written to the team’s database. ${reason}`, { table, key, reason });
  }
}

/** Refusals are about what was to be written; everything else (no connection, a lock, a full disk) passes as it is. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>([
  ...(['IntegrityError', 'ValidationError', 'DataError', 'NoWriteAccess'] as const),
]);

export const isRefusal = (error: unknown): error is LoamError =>
  error instanceof LoamError && refusals.has(error.code);

/** A reference to a row that Postgres does not have (any more). */
export const isMissingReference = (error: unknown): boolean =>
  error instanceof LoamError && error.details['state'] === '23503';

/** The row key for people: the uid, or the keys of what a link joins. */
export function keyText(driver: SqlDriver, model: Model, name: string, id: SqlValue): string {
  const table = model.tables.get(name);
  if (!table || id === null) return '-';
  const { columns } = table.rowKey;
  const row = driver.all(`SELECT ${columns.map((c) => `"${c}"`).join(', ')} FROM "${name}" WHERE id = ?`, [
    id,
  ])[0];
  if (!row) return `with id ${String(id)}`;
  return columns
    .map((column, c) => {
      const target = table.column.get(column)?.references?.table;
      return target === undefined ? String(row[c]) : keyText(driver, model, target, row[c] ?? null);
    })
    .join(' + ');
}
