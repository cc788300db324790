// The conditions of a view as conditions of the query language. Each test is asked of the row alone: "a label is a" and
// "a label is b" may mean two labels, none repeats a row, and "not" is the plain opposite. Django would share joins.
import { LoamError } from '../errors.ts';
import { registryName } from '../model/name-field.ts';
import type { Column, Model, Table } from '../model/types.ts';
import { pathOf, unknownField, type Path } from '../query/paths.ts';
import type { Condition, FeatureOperator, QueryValue } from '../query/query.ts';
import type { FilterNode, FilterTest, TestOp } from './view.ts';
import { withinLookups } from './within.ts';

/** A chain of fields that must exist. Behind a JSON field its keys may follow. Throws `FieldError`. */
export function certainPath(model: Model, table: Table, field: string): Path {
  const path = pathOf(model, table, field);
  const [unread] = path.rest;
  if (unread !== undefined && path.column?.type !== 'json') {
    const last = path.relations.at(-1);
    if (!path.column && last) throw unknownField(model, last.target, unread);
    throw new LoamError('FieldError', `${path.name} has no part "${unread}".`, { field });
  }
  return path;
}

export const isMany = (path: Path): boolean => path.relations.some((relation) => relation.many);

export const isText = (column: Column | null): boolean =>
  column?.type === 'varchar' || column?.type === 'text';

/** The chain up to its last relation, where a missing row means a missing value. */
export const relationChain = (path: Path): string => {
  const names = path.name.split('__');
  return (path.column ? names.slice(0, -1) : names).join('__');
};

export function conditionOf(model: Model, table: Table, node: FilterNode): Condition {
  const inner = positive(model, table, node);
  return node.not ? { $not: inner } : inner;
}

function positive(model: Model, table: Table, node: FilterNode): Condition {
  if (node.kind === 'test') return node.feature ? featureCondition(node) : fieldCondition(model, table, node);
  const items = node.items.map((item) => conditionOf(model, table, item));
  return node.kind === 'all' ? { $and: items } : { $or: items };
}

function fieldCondition(model: Model, table: Table, test: FilterTest): Condition {
  const path = certainPath(model, table, test.field);
  const missing = () => missingCondition(model, table, test.field, path);
  if (asksForNone(test)) return test.value === false ? { $not: missing() } : missing();
  if (test.op === 'in') {
    const listed = listOf(test);
    const values = listed.filter((value) => value !== null);
    const among = ask(table, path, { [`${test.field}__in`]: values });
    return values.length === listed.length ? among : { $or: [among, missing()] };
  }
  if (test.op === 'within')
    return ask(table, path, withinLookups(model, table, path, relationChain(path), test));
  if (test.op === 'range') listOf(test);
  return ask(table, path, { [lookupOf(test.field, test.op)]: test.value });
}

export const lookupOf = (field: string, op: TestOp): string => (op === 'exact' ? field : `${field}__${op}`);

/** "has none" in any of its forms. */
export const asksForNone = (test: FilterTest): boolean =>
  test.op === 'isnull' || (test.op === 'exact' && test.value === null);

export function listOf(test: FilterTest): QueryValue[] {
  if (Array.isArray(test.value)) return test.value;
  throw new LoamError('TypeError', `${test.field} is compared with a list of values.`, { field: test.field });
}

/** A look-up as a test of one row: behind a many-valued relation among the rows that have such a one. */
function ask(table: Table, path: Path, lookups: { [lookup: string]: QueryValue }): Condition {
  // Below `$or` an id, uid or hash does not lift the default view to rows of all branches.
  if (!isMany(path)) return { $or: [lookups] };
  const registry = registryName(table);
  return {
    $or: [{ id__in: { $query: { registry, ofRow: true, filters: [{ branch: null, ...lookups }] } } }],
  };
}

/** No row there, no value, or an empty text. */
function missingCondition(model: Model, table: Table, field: string, path: Path): Condition {
  if (isMany(path)) return { $not: ask(table, path, { [`${relationChain(path)}__isnull`]: false }) };
  const none = { [`${field}__isnull`]: true };
  if (!isText(path.column)) return { $or: [none] };
  // SQLite takes no index for a NULL that cannot be.
  const certain = path.relations.length === 0 && path.column?.nullable === false;
  return { $or: [...(certain ? [] : [none]), { [field]: '' }] };
}

const featureOps: Partial<Record<TestOp, FeatureOperator>> = {
  exact: '==',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  icontains: 'icontains',
  istartswith: 'istartswith',
  iendswith: 'iendswith',
  regex: 'regex',
};

/** Below `$or` a feature is a test; at the top it would join its annotations and repeat rows. */
function featureCondition(test: FilterTest): Condition {
  const { field, op } = test;
  const feature = (operator: FeatureOperator, value: QueryValue): Condition => ({
    $feature: field,
    op: operator,
    value,
  });
  if (asksForNone(test)) return { $or: [feature('isnull', test.value !== false)] };
  if (op === 'in')
    return {
      $or: listOf(test).map((one) =>
        one === null ? feature('isnull', true) : feature('==', anyNumber(one)),
      ),
    };
  if (op === 'range') {
    const [first = null, last = null] = listOf(test);
    return { $or: [{ $and: [feature('>=', first), feature('<=', last)] }] };
  }
  const operator = featureOps[op];
  if (!operator)
    throw new LoamError('FieldError', `The feature "${field}" cannot be compared by ${op}.`, {
      feature: field,
    });
  return { $or: [feature(operator, op === 'exact' ? anyNumber(test.value) : test.value)] };
}

/** 5 typed by a person is 5 and 5.0 alike. */
const anyNumber = (value: QueryValue): QueryValue =>
  Number.isSafeInteger(value) ? { $number: value as number } : value;
