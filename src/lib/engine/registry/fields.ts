// Fields as callers name and write them, turned into column values: LaminDB's names (`type` for `type_id`, `dtype` for
// `_dtype_str`), references by uid or name, JSON, dates and times in LaminDB's text forms. Unknown fields and wrong types
// are refused with LaminDB's error names.
import { LoamError } from '../errors.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { toPythonJson } from '../python-json.ts';
import type { Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Fields, Ref } from './registry-types.ts';
import { findRef, resolveRef } from './resolve.ts';
import { isTyped, labelOf } from './tables.ts';

/** Set by the engine, never by a caller. */
const kept = new Set([
  ...['id', 'uid', 'created_at', 'updated_at', 'created_by_id', 'created_on_id', 'is_latest', 'hash'],
  ...['n_members', '_status_code', '_hash_type', '_key_is_virtual', '_overwrite_versions', '_real_key'],
]);
/** LaminDB's names for columns that are called otherwise. */
const aliases = new Map([
  ['dtype', '_dtype_str'],
  ['version', 'version_tag'],
]);

/** What a field is called outside. */
export const fieldOf = (column: Column): string =>
  [...aliases].find(([, name]) => name === column.name)?.[0] ??
  (column.references ? column.name.replace(/_id$/, '') : column.name);

/** The column a field name stands for, or null. */
export function columnOf(table: Table, field: string): Column | null {
  const name = [field, `${field}_id`, aliases.get(field) ?? ''].find(
    (n) => !kept.has(n) && table.column.has(n),
  );
  return name === undefined ? null : (table.column.get(name) ?? null);
}

export const validFields = (table: Table): string[] =>
  table.columns.filter((c) => !kept.has(c.name)).map(fieldOf);

/** Column values of the given fields. `extra` are names that the registry's own rules take beside its columns. */
export function* readFields(
  tx: Transaction,
  table: Table,
  given: Fields,
  extra: readonly string[] = [],
): Steps<Record<string, SqlValue>> {
  const values: Record<string, SqlValue> = {};
  for (const [field, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const column = columnOf(table, field);
    if (!column) {
      const valid = [...validFields(table), ...extra].join(', ');
      throw new LoamError(
        'FieldValidationError',
        `"${field}" is no field of ${labelOf(table)}. Only ${valid} are valid.`,
        { registry: labelOf(table), field },
      );
    }
    values[column.name] = yield* readValue(tx, table, column, value);
  }
  return values;
}

export function* readValue(tx: Transaction, table: Table, column: Column, value: unknown): Steps<SqlValue> {
  if (value === null) return null;
  if (column.references) return yield* readReference(tx, table, column, value as Ref);
  switch (column.type) {
    case 'bool':
      if (value === true || value === 1) return 1;
      if (value === false || value === 0) return 0;
      throw wrong(table, column, value, 'true or false');
    case 'json':
      return toPythonJson(value);
    case 'date':
      if (!isDay(value)) throw wrong(table, column, value, 'a date like 2026-01-31');
      return value;
    case 'datetime':
      return readTime(table, column, value);
    case 'varchar':
    case 'text':
      if (typeof value !== 'string') throw wrong(table, column, value, 'text');
      return value;
    default:
      if (typeof value !== 'number' && typeof value !== 'bigint')
        throw wrong(table, column, value, 'a whole number');
      return value;
  }
}

function* readReference(tx: Transaction, table: Table, column: Column, ref: Ref): Steps<number> {
  const target = tx.journal.model.tables.get(column.references?.table ?? '');
  if (!target) throw new LoamError('FieldError', `${labelOf(table)}.${column.name} refers to nothing.`);
  const scope = { author: tx.author };
  if (column.name === 'type_id' && isTyped(table)) {
    // Of two rows with the name, the type is meant; a row that is none is refused by the type rules.
    const type = yield* findRef(target, ref, { ...scope, where: 'is_type = 1' });
    if (type !== null) return type;
  }
  return yield* resolveRef(target, ref, scope, fieldOf(column));
}

/** ISO 8601 as LaminDB keeps times: UTC, six decimals, no offset. A time without an offset is UTC. */
function readTime(table: Table, column: Column, value: unknown): string {
  const match =
    typeof value === 'string' &&
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(value);
  if (!match || !isDay(match[1])) throw wrong(table, column, value, 'a time like 2026-01-31T12:00:00Z');
  const [, day, clock = '00:00', seconds = '00', fraction = '', offset = 'Z'] = match;
  const at = Date.parse(`${day}T${clock}:${seconds}${offset === 'Z' ? 'Z' : offset}`);
  if (Number.isNaN(at)) throw wrong(table, column, value, 'a time like 2026-01-31T12:00:00Z');
  const whole = new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  return `${whole}.${fraction.padEnd(6, '0').slice(0, 6)}`;
}

export function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

function wrong(table: Table, column: Column, value: unknown, wanted: string): LoamError {
  const text = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? String(value));
  return new LoamError(
    'ValidationError',
    `"${fieldOf(column)}" of ${labelOf(table)} must be ${wanted}, not ${text.length > 60 ? `${text.slice(0, 60)}…` : text}.`,
    { registry: labelOf(table), field: fieldOf(column) },
  );
}
