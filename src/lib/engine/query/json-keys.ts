// Keys and indexes into JSON columns, and the look-ups that ask whether a key is there, as Django compiles them for SQLite.
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { toPythonJson } from '../python-json.ts';
import { textOf, type Operand } from './operands.ts';
import type { QueryValue } from './query.ts';

/** JSON's words, which SQLite's json_extract would turn into NULL, 0 and 1. */
const words = ['null', 'false', 'true'];

const step = (key: string): string => (/^[+-]?\d+$/.test(key) ? `[${Number(key)}]` : named(key));
const named = (key: string): string => `.${toPythonJson(key)}`;

export function jsonPath(keys: readonly string[]): string {
  return `$${keys.map(step).join('')}`;
}

/** `extra_data__a__0`: the value under these keys; true, false and null come as these words. */
export function jsonKey(of: Operand, key: string): Operand {
  const source = of.source ?? of;
  const keys = [...(of.keys ?? []), key];
  const path = jsonPath(keys);
  const sql = `(CASE WHEN json_type(${source.sql}, ?) IN ('null', 'false', 'true') THEN json_type(${source.sql}, ?) ELSE json_extract(${source.sql}, ?) END)`;
  const params = Array.from({ length: 3 }, () => [...source.params, path]).flat();
  return { sql, params, type: 'key', name: `${of.name}__${key}`, source, keys };
}

/** A JSON text as the right side of a comparison with a key. */
export function jsonSide(text: string): string {
  return words.includes(text) ? '?' : "json_extract(?, '$')";
}

/** `has_key`, `has_keys`, `has_any_keys`; a whole number names a key here, never an index. */
export function hasKeys(of: Operand, lookup: string, value: QueryValue): { sql: string; params: SqlValue[] } {
  const source = of.source ?? of;
  const list = lookup === 'has_key' ? [value] : value;
  if (!Array.isArray(list)) {
    throw new LoamError('TypeError', `${of.name}__${lookup} takes a list of keys.`, { field: of.name });
  }
  const start = jsonPath(of.keys ?? []);
  const tests = list.map(() => `json_type(${source.sql}, ?) IS NOT NULL`);
  const params = list.flatMap((key) => [...source.params, start + named(textOf(key))]);
  if (tests.length === 0) return { sql: lookup === 'has_keys' ? '1' : '0', params: [] };
  return { sql: `(${tests.join(lookup === 'has_any_keys' ? ' OR ' : ' AND ')})`, params };
}

/** Whether there is a value under the keys at all; JSON null is one. */
export function keyIsNull(of: Operand, isNull: boolean): { sql: string; params: SqlValue[] } {
  const source = of.source ?? of;
  const params = [...source.params, jsonPath(of.keys ?? [])];
  return { sql: `json_type(${source.sql}, ?) IS ${isNull ? '' : 'NOT '}NULL`, params };
}
