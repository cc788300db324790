// Every look-up of Django on SQLite as SQL: `exact`, `icontains`, `range`, date parts, JSON keys. LIKE folds ASCII only, so
// `contains` and `startswith` are case-insensitive here as they are in LaminDB on SQLite.
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { datePart, partNames, yearBounds } from './date-parts.ts';
import { hasKeys, jsonKey, jsonSide, keyIsNull } from './json-keys.ts';
import { fieldClass, plain, prepared, shown, textOf, type Operand } from './operands.ts';
import { likePrefix } from './prefix.ts';
import { isObject, type QueryValue } from './query.ts';
import { checkPattern } from './regex.ts';

export interface Built {
  sql: string;
  params: SqlValue[];
  /** True and false for `isnull` (also as `exact` None), null for every other look-up. */
  isNull: boolean | null;
}

/** SQL of a subquery that stands right of `in` or `exact`. */
export interface Subquery {
  $sql: string;
  params: SqlValue[];
}
export const isSubquery = (value: unknown): value is Subquery =>
  isObject(value) && typeof value['$sql'] === 'string';

const comparisons: Record<string, string> = { gt: '>', gte: '>=', lt: '<', lte: '<=' };
const patterns: Record<string, (text: string) => string> = {
  contains: (text) => `%${text}%`,
  startswith: (text) => `${text}%`,
  endswith: (text) => `%${text}`,
};
const ofRelations = ['exact', 'in', 'gt', 'gte', 'lt', 'lte', 'isnull'];
const ofAll = [
  ...['exact', 'iexact', 'contains', 'icontains', 'startswith', 'istartswith', 'endswith', 'iendswith'],
  ...['in', 'gt', 'gte', 'lt', 'lte', 'range', 'isnull', 'regex', 'iregex'],
];
const ofJson = [...ofAll, 'contained_by', 'has_key', 'has_keys', 'has_any_keys'];

/** The look-ups an operand takes, without the parts that can stand before them. */
export function lookupsOf(operand: Operand): string[] {
  if (operand.type === 'relation') return ofRelations;
  return operand.type === 'json' || operand.type === 'key' ? ofJson : ofAll;
}

/** Follows `names` behind a field: parts of dates and JSON keys, then the look-up (`exact` where none is named). */
export function buildLookup(operand: Operand, names: readonly string[], value: QueryValue | Subquery): Built {
  let of = operand;
  const [last, ...before] = [...names].reverse();
  for (const name of before.reverse()) of = transformed(of, name, names);
  if (last === undefined) return compare(of, 'exact', value);
  if (lookupsOf(of).includes(last)) return compare(of, last, value);
  return compare(transformed(of, last, [last]), 'exact', value);
}

/** One step behind a field that is no look-up. */
export function transformed(of: Operand, name: string, names: readonly string[]): Operand {
  if (of.type === 'json' || of.type === 'key') return jsonKey(of, name);
  const part = datePart(of, name);
  if (part) return part;
  const unsupported = names.slice(names.indexOf(name)).join('__');
  const known = [...lookupsOf(of), ...partNames(of.type)];
  throw new LoamError(
    'FieldError',
    `Unsupported lookup '${unsupported}' for ${fieldClass[of.type]} "${of.name}" or join on the field not permitted. Use one of: ${known.join(', ')}.`,
    { field: of.name, lookup: unsupported },
  );
}

function compare(of: Operand, lookup: string, value: QueryValue | Subquery): Built {
  if (isSubquery(value)) return withSubquery(of, lookup, value);
  if (lookup === 'isnull') return isNull(of, value);
  const json = of.type === 'json' || of.type === 'key';
  if (value === null && !(json && lookup === 'exact')) {
    if (lookup === 'exact' || lookup === 'iexact') return isNull(of, true);
    throw new LoamError('ValueError', `Cannot use None as a query value: ${of.name}__${lookup}.`, {
      field: of.name,
    });
  }
  const operator = comparisons[lookup];
  if (operator) return compared(of, lookup, operator, value);
  switch (lookup) {
    case 'exact':
      return exact(of, value);
    case 'in':
      return among(of, value);
    case 'range':
      return between(of, value);
    case 'iexact':
      return built(`${of.sql} LIKE ? ESCAPE '\\'`, [...of.params, escapeLike(textOf(value))]);
    case 'regex':
    case 'iregex': {
      const pattern = `${lookup === 'iregex' ? '(?i)' : ''}${textOf(value)}`;
      checkPattern(pattern);
      return built(`loam_regex(?, ${of.sql})`, [pattern, ...of.params]);
    }
    case 'has_key':
    case 'has_keys':
    case 'has_any_keys':
      return { ...hasKeys(of, lookup, value), isNull: null };
    case 'contained_by':
      throw unsupported(of, lookup);
  }
  if (lookup === 'contains' && json) throw unsupported(of, lookup);
  return like(of, lookup.replace(/^i/, ''), value);
}

const built = (sql: string, params: SqlValue[]): Built => ({ sql, params, isNull: null });

function unsupported(of: Operand, lookup: string): LoamError {
  return new LoamError(
    'NotSupportedError',
    `${lookup} lookup is not supported on SQLite: ${of.name}. Compare a key, as in ${of.name}__key=value, or use icontains.`,
    { field: of.name, lookup },
  );
}

function withSubquery(of: Operand, lookup: string, value: Subquery): Built {
  if (lookup !== 'in') {
    throw new LoamError('ValueError', `A query can stand behind __in only, not behind ${lookup}.`, {
      field: of.name,
    });
  }
  return built(`${of.sql} IN (${value.$sql})`, [...of.params, ...value.params]);
}

function isNull(of: Operand, value: QueryValue): Built {
  if (typeof value !== 'boolean') {
    throw new LoamError('ValueError', `${of.name}__isnull must be True or False, not ${shown(value)}.`, {
      field: of.name,
    });
  }
  if (of.type === 'key') return { ...keyIsNull(of, value), isNull: value };
  return { sql: `${of.sql} IS ${value ? '' : 'NOT '}NULL`, params: of.params, isNull: value };
}

function exact(of: Operand, value: QueryValue): Built {
  if (of.type === 'year' && of.source) {
    const [first, last] = yearOf(of, value);
    return built(`${of.source.sql} BETWEEN ? AND ?`, [...of.source.params, first, last]);
  }
  const side = prepared(of, value);
  if (outside(side)) return built('0', []);
  const right = of.type === 'key' ? jsonSide(String(side)) : '?';
  return built(`${of.sql} = ${right}`, [...of.params, side]);
}

function compared(of: Operand, lookup: string, operator: string, value: QueryValue): Built {
  if (of.type === 'year' && of.source) {
    const [first, last] = yearOf(of, value);
    return built(`${of.source.sql} ${operator} ?`, [
      ...of.source.params,
      lookup === 'gt' || lookup === 'lte' ? last : first,
    ]);
  }
  if (of.type === 'key') return built(`${of.sql} ${operator} ?`, [...of.params, jsonScalar(of, value)]);
  const side = prepared(of, value, lookup === 'gte' || lookup === 'lt' ? 'up' : 'cut');
  const beyond = outside(side);
  // Beyond 64 bits a comparison is decided without looking at the rows.
  if (beyond) return built(beyond > 0 === (lookup === 'lt' || lookup === 'lte') ? '1' : '0', []);
  return built(`${of.sql} ${operator} ?`, [...of.params, side]);
}

function yearOf(of: Operand, value: QueryValue): [string, string] {
  const year = Number(prepared(of, value));
  if (!(year >= 1 && year <= 9999))
    throw new LoamError('ValueError', `year ${year} is out of range: ${of.name}.`, { field: of.name });
  return yearBounds(of.source ?? of, year, of.iso ?? false);
}

/** Keys compare with the plain value: numbers as numbers, texts as texts. */
function jsonScalar(of: Operand, value: QueryValue): SqlValue {
  const simple = plain(value);
  if (typeof simple === 'boolean') return simple ? 1 : 0;
  if (typeof simple === 'number' || typeof simple === 'string') return simple;
  throw new LoamError('TypeError', `${of.name} cannot be compared with ${shown(value)}.`, { field: of.name });
}

function outside(side: SqlValue): -1 | 0 | 1 {
  if (typeof side === 'number' && Number.isInteger(side) && Math.abs(side) >= 2 ** 63)
    return side > 0 ? 1 : -1;
  if (typeof side !== 'bigint' || BigInt.asIntN(64, side) === side) return 0;
  return side > 0n ? 1 : -1;
}

/** Python iterates over a text's characters; so does this, for equal answers. */
function listOf(of: Operand, lookup: string, value: QueryValue): QueryValue[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return [...value];
  throw new LoamError('TypeError', `${of.name}__${lookup} takes a list, not ${shown(value)}.`, {
    field: of.name,
  });
}

function among(of: Operand, value: QueryValue): Built {
  const sides = listOf(of, 'in', value)
    .filter((item) => item !== null)
    .map((item) => prepared(of, item))
    .filter((side) => !outside(side));
  const known = [...new Set(sides)];
  if (known.length === 0) return built('0', []);
  if (of.type === 'key') {
    const list = known.map((side) => jsonSide(String(side))).join(', ');
    return built(`${of.sql} IN (${list})`, [...of.params, ...known]);
  }
  // One parameter for long lists: SQLite takes 32,766 at most.
  if (known.length > 100 && known.every((side) => typeof side !== 'bigint'))
    return built(`${of.sql} IN (SELECT value FROM json_each(?))`, [...of.params, JSON.stringify(known)]);
  return built(`${of.sql} IN (${known.map(() => '?').join(', ')})`, [...of.params, ...known]);
}

function between(of: Operand, value: QueryValue): Built {
  const list = listOf(of, 'range', value);
  if (list.length !== 2 || list.includes(null)) {
    throw new LoamError('ValueError', `${of.name}__range takes two values, the first and the last.`, {
      field: of.name,
    });
  }
  return built(`${of.sql} BETWEEN ? AND ?`, [...of.params, ...list.map((item) => prepared(of, item))]);
}

export const escapeLike = (text: string): string => text.replace(/[\\%_]/g, (c) => `\\${c}`);

function like(of: Operand, lookup: string, value: QueryValue): Built {
  const text = textOf(value);
  const pattern = (patterns[lookup] ?? patterns['contains'])?.(escapeLike(text)) ?? text;
  const test = built(`${of.sql} LIKE ? ESCAPE '\\'`, [...of.params, pattern]);
  const ranged = of.indexed && (of.type === 'char' || of.type === 'text');
  if (lookup !== 'startswith' || !ranged) return test;
  const range = likePrefix(of.sql, text);
  return range ? built(`(${range.sql} AND ${test.sql})`, [...range.params, ...test.params]) : test;
}
