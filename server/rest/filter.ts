// Filters as LaminHub's clients write them, put into the engine's query language (engine/query/query.ts), which alone says
// what they mean and checks them:
//   { name: { eq: 'x' } }  { uid: { startswith: 'ab' } }  { and: [ … ] }  { or: [ … ] }  { not: { … } }
//   { 'ulabels.name': { in: [ … ] } } or { ulabels: { name: { in: [ … ] } } }
// LaminDB's own look-ups (`ulabels__name__in`) and the engine's `$and`, `$or`, `$not`, `$feature` may stand beside them.
import { LoamError } from '../../src/lib/engine/errors.ts';
import { fieldOrder } from '../../src/lib/engine/model/python-order.ts';
import type { Model, Table } from '../../src/lib/engine/model/types.ts';
import {
  checkQuery,
  isObject,
  type Condition,
  type Order,
  type Query,
  type QueryValue,
} from '../../src/lib/engine/query/query.ts';
import { registryOf } from './names.ts';

/** LaminHub's words for LaminDB's look-ups. */
const operators = new Map<string, string>([
  ['eq', 'exact'],
  ['exact', 'exact'],
  ['is_null', 'isnull'],
  ...[
    ...['gt', 'gte', 'lt', 'lte', 'in', 'contains', 'icontains', 'startswith', 'istartswith', 'endswith'],
    ...['iendswith', 'iexact', 'regex', 'iregex', 'isnull', 'range', 'has_key', 'has_keys', 'has_any_keys'],
  ].map((name) => [name, name] as const),
]);
const negated = new Map<string, string>([
  ['ne', 'exact'],
  ['neq', 'exact'],
  ['not_in', 'in'],
  ['nin', 'in'],
]);

/** As deep as the query language goes. */
const maxDepth = 32;

const refuse = (message: string, field = 'filter'): never => {
  throw new LoamError('ValidationError', message, { field });
};

/** Throws `ValidationError` in words for what is no filter. */
export function conditionOf(filter: unknown, prefix = '', depth = 0): Condition {
  if (!isObject(filter)) return refuse('A filter is an object, as in {"name": {"eq": "x"}}.');
  if (depth > maxDepth) return refuse(`The filter is nested more than ${maxDepth} deep.`);
  const lookups: Record<string, QueryValue> = Object.create(null) as Record<string, QueryValue>;
  const parts: Condition[] = [];
  for (const [key, value] of Object.entries(filter)) {
    if (key === '$feature') {
      if (prefix !== '') return refuse('"$feature" stands at the top of a filter, not below a relation.');
      checkInner(filter, depth);
      return filter as Condition;
    }
    const name = key.replace(/^\$/, '');
    if ((name === 'and' || name === 'or') && Array.isArray(value)) {
      const items = value.map((one) => conditionOf(one, prefix, depth + 1));
      parts.push(name === 'and' ? { $and: items } : { $or: items });
    } else if (name === 'not' && isObject(value)) parts.push({ $not: conditionOf(value, prefix, depth + 1) });
    else if (key.startsWith('$')) refuse(`"${key.slice(0, 40)}" is no part of a filter.`);
    else addField(`${prefix}${pathOf(key)}`, value);
  }
  const own: Condition[] = Object.keys(lookups).length > 0 ? [{ ...lookups }] : [];
  const all = [...own, ...parts];
  return all.length === 1 ? (all[0] as Condition) : all.length === 0 ? {} : { $and: all };

  function addField(path: string, value: unknown): void {
    if (!isObject(value) || isMarked(value)) return add(path, value);
    const names = Object.keys(value);
    if (names.length === 0) refuse(`There is no comparison behind “${path.slice(0, 80)}”.`);
    if (!names.every((one) => operators.has(one) || negated.has(one))) {
      // A relation, or a key in JSON: what is in it is said of what it leads to.
      parts.push(conditionOf(value, `${path}__`, depth + 1));
      return;
    }
    for (const [operator, right] of Object.entries(value)) {
      const not = negated.get(operator);
      const name = not ?? operators.get(operator) ?? operator;
      const none = right === null && name === 'exact';
      const [lookup, side] = none ? [`${path}__isnull`, true] : [`${path}__${name}`, right];
      if (not === undefined) add(lookup, side);
      else {
        checkInner(side, depth);
        parts.push({ $not: { [lookup]: side as QueryValue } });
      }
    }
  }

  function add(lookup: string, value: unknown): void {
    checkInner(value, depth);
    const plain = lookup.replace(/__exact$/, '');
    if (plain in lookups) parts.push({ [plain]: value as QueryValue });
    else lookups[plain] = value as QueryValue;
  }
}

/** `{ $ref: … }`, `{ $query: … }` and the like: values of the query language. */
const isMarked = (value: Record<string, unknown>): boolean =>
  Object.keys(value).some((key) => key.startsWith('$') && !['$and', '$or', '$not', '$feature'].includes(key));

/** Inner queries are checked like outer ones; the engine checks what stands outside alone. */
function checkInner(value: unknown, depth: number): void {
  if (depth > maxDepth) refuse(`A value is nested more than ${maxDepth} deep.`);
  if (Array.isArray(value)) for (const one of value) checkInner(one, depth + 1);
  else if (isObject(value))
    for (const [key, one] of Object.entries(value)) {
      if (key === '$query' || key === '$below') {
        const inner = checkQuery(one);
        for (const condition of inner.filters ?? []) checkInner(condition, depth + 1);
      } else if (key === '$ref') {
        const [registry, lookups] = Array.isArray(one) ? (one as unknown[]) : [];
        if (typeof registry !== 'string' || !isObject(lookups))
          refuse('"$ref" takes the name of a registry and look-ups.');
        checkInner(lookups, depth + 1);
      } else checkInner(one, depth + 1);
    }
}

/** `run.transform.key` as LaminDB writes it, with two underscores. Names of features may hold nearly anything else. */
export function pathOf(field: string): string {
  if (field === '' || field.length > 300 || /[\p{Cc}"`;]/u.test(field))
    refuse(`“${field.slice(0, 60)}” is no name of a field.`, field.slice(0, 60));
  return field.split('.').join('__');
}

export interface OrderBy {
  field: string;
  descending?: boolean | null;
}

export interface Asked {
  filter?: unknown;
  search?: string | null;
  search_in?: string[] | null;
  order_by?: OrderBy[] | null;
  scope?: { branch_ids?: number[] | null; space_ids?: number[] | null } | null;
}

/** The query that stands for a request's filter, scope and order. `search` is the caller's. */
export function queryOf(table: Table, asked: Asked): Query {
  const filters: Condition[] = [asked.filter == null ? {} : conditionOf(asked.filter)];
  const { branch_ids, space_ids } = asked.scope ?? {};
  if (branch_ids) filters[0] = { $and: [filters[0] as Condition, { branch_id__in: branch_ids }] };
  if (space_ids) filters.push({ space_id__in: space_ids });
  const order = (asked.order_by ?? []).map(
    ({ field, descending }): Order => `${descending ? '-' : ''}${pathOf(field.replace(/^-/, ''))}`,
  );
  return checkQuery({ registry: registryOf(table), filters, order });
}

/** A search as a condition: one of the fields has the text, in any case. Own text fields where none are named. */
export function searchCondition(
  model: Model,
  table: Table,
  search: string,
  fields: readonly string[] | null | undefined,
): Condition {
  const named = fields?.map(pathOf) ?? textFields(model, table);
  if (named.length === 0)
    refuse(
      `There is no text to search in: ${registryOf(table)} has none of its own. Say "search_in".`,
      'search',
    );
  return { $or: named.map((field) => ({ [`${field}__icontains`]: search })) };
}

/** The fields that LaminDB's `search` looks at. */
const textFields = (model: Model, table: Table): string[] =>
  fieldOrder(model, table).columns.filter((name) =>
    ['varchar', 'text'].includes(table.column.get(name)?.type ?? ''),
  );
