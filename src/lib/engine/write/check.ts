// Value rules that SQLite does not enforce but Postgres and LaminDB do (model.md §5): lengths in code points,
// 0/1 booleans, 32-bit integers, valid JSON, no U+0000. Refused here, so that every row can go to the mirror.
import { LoamError } from '../errors.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';

const loneSurrogate = /\p{Surrogate}/u;
const intLimit = 2_147_483_647;

export function checkValue(table: Table, column: Column, value: SqlValue): void {
  if (column.foreign) return;
  if (value === null) {
    if (column.nullable) return;
    throw new LoamError('ValidationError', `${label(table)} needs a value for "${column.name}".`, {
      table: table.name,
      column: column.name,
    });
  }
  switch (column.type) {
    case 'varchar':
    case 'text':
      checkText(table, column, value);
      return;
    case 'bool':
      if (value !== 0 && value !== 1) refuse(table, column, value, 'true or false');
      return;
    case 'smallint':
      if (!Number.isInteger(value) || Math.abs(value as number) > 32_767)
        refuse(table, column, value, 'a whole number up to 32,767');
      return;
    case 'integer':
      if (!Number.isInteger(value) || Math.abs(value as number) > intLimit)
        refuse(table, column, value, 'a whole number up to 2,147,483,647');
      return;
    case 'bigint':
      if (typeof value !== 'bigint' && !Number.isInteger(value))
        refuse(table, column, value, 'a whole number');
      return;
    case 'json':
      checkJson(table, column, value);
      return;
    case 'datetime':
      if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/.test(value))
        refuse(table, column, value, 'a time');
      return;
    case 'date':
      if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value))
        refuse(table, column, value, 'a date');
  }
}

function checkText(table: Table, column: Column, value: SqlValue): void {
  if (typeof value !== 'string') return refuse(table, column, value, 'text');
  if (value.includes('\u0000')) return refuse(table, column, value, 'text without the character U+0000');
  if (loneSurrogate.test(value)) return refuse(table, column, value, 'well-formed Unicode text');
  const limit = column.length;
  // A string has at most as many code points as UTF-16 units, so the cheap test comes first.
  if (limit !== null && value.length > limit && [...value].length > limit) {
    throw new LoamError(
      'DataError',
      `"${column.name}" of ${label(table)} may have ${limit} characters, this has ${[...value].length}: ${short(value)}. Shorten it.`,
      { table: table.name, column: column.name, limit },
    );
  }
}

function checkJson(table: Table, column: Column, value: SqlValue): void {
  if (typeof value !== 'string') return refuse(table, column, value, 'JSON');
  if (value.includes('\\u0000')) return refuse(table, column, value, 'JSON without the character U+0000');
  try {
    JSON.parse(value);
  } catch {
    refuse(table, column, value, 'JSON');
  }
}

function refuse(table: Table, column: Column, value: SqlValue, wanted: string): never {
  throw new LoamError(
    'ValidationError',
    `"${column.name}" of ${label(table)} must be ${wanted}, not ${short(String(value))}.`,
    {
      table: table.name,
      column: column.name,
    },
  );
}

function label(table: Table): string {
  return table.registry ?? table.name;
}

function short(text: string): string {
  return text.length > 60 ? `"${text.slice(0, 60)}…"` : `"${text}"`;
}
