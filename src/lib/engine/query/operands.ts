// What stands left of a look-up (a column, a part of a date, a key in JSON), and how a value is made ready to be compared
// with it. The rules of conversion, and the names of the errors, are those of Django's fields (5.2) on SQLite.
import { LoamError } from '../errors.ts';
import { pythonText, toPythonJson } from '../python-json.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { isObject, type QueryValue } from './query.ts';

export type OperandType =
  'char' | 'text' | 'json' | 'key' | 'bool' | 'int' | 'date' | 'datetime' | 'time' | 'year' | 'relation';

export interface Operand {
  sql: string;
  params: SqlValue[];
  type: OperandType;
  /** As the look-up names it, for messages. */
  name: string;
  /** `year`: what it is the year of. `key`: the JSON column. */
  source?: Operand;
  /** `key`: the way into the JSON value. */
  keys?: string[];
  /** `year`: counted by ISO weeks. */
  iso?: boolean;
  /** `relation`: where it leads to. */
  target?: Table;
  /** An index on the bare column can serve the look-up. */
  indexed?: boolean;
}

/** Django's names of field classes, for messages. */
export const fieldClass: Record<OperandType, string> = {
  char: 'CharField',
  text: 'TextField',
  json: 'JSONField',
  key: 'JSONField',
  bool: 'BooleanField',
  int: 'IntegerField',
  date: 'DateField',
  datetime: 'DateTimeField',
  time: 'TimeField',
  year: 'IntegerField',
  relation: 'ForeignKey',
};

export function columnType(column: Column): OperandType {
  switch (column.type) {
    case 'varchar':
      return 'char';
    case 'integer':
    case 'smallint':
    case 'bigint':
      return 'int';
    default:
      return column.type;
  }
}

/** A row that was found for `{ $ref: … }`; queries carry it in this form once references are resolved. */
export interface RowValue {
  $row: { table: string; id: number };
}
export const isRow = (value: unknown): value is RowValue => isObject(value) && isObject(value['$row']);

const isFloat = (value: unknown): value is { $float: number } =>
  isObject(value) && typeof value['$float'] === 'number';
/** `{ $float: 1 }` as a number; other values as they are. */
export const plain = (value: QueryValue): QueryValue => (isFloat(value) ? value.$float : value);

/** The value as SQLite compares it with this operand. `round` is Django's for `gte` and `lt` on integers. */
export function prepared(operand: Operand, value: QueryValue, round: 'up' | 'cut' = 'cut'): SqlValue {
  switch (operand.type) {
    case 'char':
    case 'text':
      return textOf(value);
    case 'int':
    case 'year':
      return integerOf(operand, value, round);
    case 'relation':
      return referenceOf(operand, value);
    case 'bool':
      return booleanOf(operand, value);
    case 'datetime':
      return datetimeOf(operand, value);
    case 'date':
      return dateOf(operand, value);
    case 'time':
      return timeOf(operand, value);
    case 'json':
    case 'key':
      return jsonOf(value);
  }
}

/** Python's `str()`. */
export function textOf(value: QueryValue): string {
  if (typeof value === 'string') return value;
  return value === null ? 'None' : isFloat(value) ? pythonText(value.$float, true) : pythonText(value, false);
}

/** What LaminDB writes into a JSON column for this value. */
export function jsonOf(value: QueryValue): string {
  return isFloat(value) ? toPythonJson(value.$float, { float: true }) : toPythonJson(value);
}

function integerOf(operand: Operand, value: QueryValue, round: 'up' | 'cut'): SqlValue {
  const number = plain(value);
  if (typeof number === 'boolean') return number ? 1 : 0;
  if (typeof number === 'number') return round === 'up' ? Math.ceil(number) : Math.trunc(number);
  if (typeof number === 'string' && /^\s*[+-]?\d+(_\d+)*\s*$/.test(number)) {
    const big = BigInt(number.trim().replace(/[_+]/g, ''));
    return Number.isSafeInteger(Number(big)) ? Number(big) : big;
  }
  throw expectedNumber(operand.name, value, typeof number === 'string' ? 'ValueError' : 'TypeError');
}

export function expectedNumber(name: string, value: QueryValue, code: 'ValueError' | 'TypeError'): LoamError {
  return new LoamError(code, `Field '${name}' expected a number but got ${shown(value)}.`, {
    field: name,
    value: shown(value),
  });
}

function referenceOf(operand: Operand, value: QueryValue): SqlValue {
  if (!isRow(value)) return integerOf({ ...operand, name: 'id' }, value, 'cut');
  if (operand.target && value.$row.table !== operand.target.name) {
    throw new LoamError(
      'ValueError',
      `Cannot query "${operand.name}": it must be a ${operand.target.registry ?? operand.target.name} and not a row of ${value.$row.table}.`,
      { field: operand.name },
    );
  }
  return value.$row.id;
}

const truths: QueryValue[] = [true, 't', 'True', '1', 1];
const falsehoods: QueryValue[] = [false, 'f', 'False', '0', 0];

function booleanOf(operand: Operand, value: QueryValue): SqlValue {
  if (truths.includes(plain(value))) return 1;
  if (falsehoods.includes(plain(value))) return 0;
  throw invalid(operand, value, 'must be either True or False');
}

const datetimePattern =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC, as Python writes it: no fraction where it is zero. */
function datetimeOf(operand: Operand, value: QueryValue): string {
  const match = typeof value === 'string' ? datetimePattern.exec(value.trim()) : null;
  if (!match) throw invalid(operand, value, 'must be YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]');
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const parts = [year, month, day, hour, minute, second].map(Number) as [number, ...number[]];
  const at = Date.UTC(parts[0], (parts[1] ?? 1) - 1, parts[2], parts[3], parts[4], parts[5]);
  const there = new Date(at);
  const valid =
    there.getUTCMonth() + 1 === parts[1] &&
    there.getUTCDate() === parts[2] &&
    (parts[3] ?? 0) < 24 &&
    (parts[4] ?? 0) < 60 &&
    (parts[5] ?? 0) < 60;
  if (!valid) throw invalid(operand, value, 'is no valid time');
  const offset = zone && zone.toUpperCase() !== 'Z' ? zoneMinutes(zone) : 0;
  const text = new Date(at - offset * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  const micros = fraction.padEnd(6, '0');
  return micros === '000000' ? text : `${text}.${micros}`;
}

function zoneMinutes(zone: string): number {
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith('-') ? -minutes : minutes;
}

function dateOf(operand: Operand, value: QueryValue): string {
  const match = typeof value === 'string' ? /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(value.trim()) : null;
  if (!match) throw invalid(operand, value, 'must be YYYY-MM-DD');
  const text = `${match[1]}-${match[2]?.padStart(2, '0')}-${match[3]?.padStart(2, '0')}`;
  const day = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(text))
    throw invalid(operand, value, 'is no valid date');
  return text;
}

function timeOf(operand: Operand, value: QueryValue): string {
  const match =
    typeof value === 'string'
      ? /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?$/.exec(value.trim())
      : null;
  if (!match) throw invalid(operand, value, 'must be HH:MM[:ss[.uuuuuu]]');
  const [, hour = '', minute = '', second = '00', fraction = ''] = match;
  const micros = fraction.padEnd(6, '0');
  return `${hour.padStart(2, '0')}:${minute}:${second}${micros === '000000' ? '' : `.${micros}`}`;
}

/** Django's ValidationError of a field. */
function invalid(operand: Operand, value: QueryValue, rule: string): LoamError {
  return new LoamError('ValidationError', `“${textOf(value)}” is no value for ${operand.name}: it ${rule}.`, {
    field: operand.name,
    value: shown(value),
  });
}

/** As Python's repr shows it, cut. */
export function shown(value: QueryValue): string {
  const text = typeof value === 'string' ? `'${value}'` : textOf(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
