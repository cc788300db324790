// From conditions as they are written to tests that can be compiled: references found, features told from fields, and
// LaminDB's default view (current branch and main) put into each filter that does not say what it wants to see.
import { LoamError } from '../errors.ts';
import { findField } from '../model/relations.ts';
import type { Model, Table } from '../model/types.ts';
import { parentsOf } from '../ontology/tables.ts';
import { all, type Steps } from '../statement.ts';
import { featureCalls, featureTest, type FeatureCondition } from './feature-tests.ts';
import { isReference, mapKeyword, refuseBareName } from './keywords.ts';
import type { Subquery } from './lookups.ts';
import type { RowValue } from './operands.ts';
import { availableFields, unknownField } from './paths.ts';
import { isObject, type Condition, type Lookups, type Query, type QueryValue } from './query.ts';
import type { Test } from './where.ts';
import type { FacetCounters } from '../write/facet-counters.ts';
import type { Hidden } from '../write/hidden.ts';
import type { SearchIndex } from '../write/search-index.ts';
import type { Zones } from '../write/zones.ts';

/** What a query is read with. */
export interface QueryScope {
  model: Model;
  /** Ids of the branches that are seen without asking: the current one, then main. */
  branches: readonly number[];
  /** Keeps rows that an unfinished act has made from being seen. */
  hidden: Hidden;
  /** Where texts are; null where all rows are read for them. */
  index: SearchIndex | null;
  /** How often values of facets come among all rows; null where they are not counted. */
  counters: FacetCounters | null;
  /** Bounds of stretches of rows; null where none are kept. */
  zones: Zones | null;
  /**
   * Inner queries about the row are asked of the row `p` alone, for statements that walk an index and look at one row
   * after the other; otherwise SQLite gathers all that they find first.
   */
  each: boolean;
  /** Starts of texts are looked up by ranges that an index serves; false where a person is to read the statement. */
  ranges: boolean;
  /** Finds the row that a reference names. */
  row(registry: string, lookups: Lookups): Steps<RowValue>;
  /** A query as the right side of `in`. */
  subquery(query: Query): Steps<Subquery>;
}

/** Registries whose rows carry feature values. */
export const hasFeatures = (table: Table): boolean =>
  ['Artifact', 'Run', 'Record'].includes(table.registry ?? '');

const sees = ['id', 'uid', 'hash', 'id__in', 'uid__in', 'hash__in'];
const namesBranch = (lookup: string): boolean => /^branch(_id)?(__|$)/.test(lookup);

type Item = { lookup: string; value: QueryValue; residual?: boolean };

/** What nearly every row fulfils: an index on it would be worse than none. */
function residual({ lookup, value }: Item): boolean {
  const column = lookup.replace(/__exact$/, '');
  if (column === 'is_latest') return value === true;
  if (column === 'is_locked') return value === false;
  return column === 'space' || column === 'space_id' ? value === 1 : false;
}

/** One entry of `filters` as the filter calls it stands for, each with joins of its own. */
export function* prepareFilter(
  scope: QueryScope,
  table: Table,
  condition: Condition,
  /** Without it an unknown name is an unknown field, as in `get`. */
  withFeatures = hasFeatures(table),
): Steps<Test[]> {
  if ('$not' in condition && isObject(condition.$not))
    return [{ kind: 'not', item: yield* nested(scope, table, condition.$not as Condition) }];
  const { keywords, features, others } = topLevel(condition);
  const fields: Item[] = [];
  const named: FeatureCondition[] = [];
  yield* sortOut(scope, table, keywords, fields, named, withFeatures);
  if (features.length > 0 && !hasFeatures(table)) {
    throw new LoamError(
      'FieldError',
      `Feature predicates are only supported for Artifact, Run, and Record, not ${table.registry}.`,
      { registry: table.registry ?? table.name },
    );
  }
  for (const { lookup, value } of fields) refuseBareName(scope.model, table, lookup, value);
  const items: Test[] = [];
  for (const other of others) items.push(yield* nested(scope, table, other));
  const shown = visible(scope, table, fields, condition).sort((a, b) => (a.lookup < b.lookup ? -1 : 1));
  for (const item of shown) {
    const value = yield* resolved(scope, item.value);
    items.push({
      kind: 'lookup',
      lookup: item.lookup,
      value,
      residual: item.residual ?? residual({ ...item, value }),
    });
  }
  return [
    ...(yield* featureCalls(scope, table, named)),
    ...(items.length > 0 ? [{ kind: 'and' as const, items }] : []),
    ...(yield* featureCalls(scope, table, yield* resolvedFeatures(scope, features))),
  ];
}

/** Keywords and predicates at the top of a condition; the rest is LaminDB's Q. */
function topLevel(condition: Condition): {
  keywords: Item[];
  features: FeatureCondition[];
  others: Condition[];
} {
  const parts =
    '$and' in condition && Array.isArray(condition.$and) ? (condition.$and as Condition[]) : [condition];
  const keywords: Item[] = [];
  const features: FeatureCondition[] = [];
  const others: Condition[] = [];
  for (const part of parts) {
    if ('$feature' in part) features.push(part as FeatureCondition);
    else if ('$and' in part || '$or' in part || '$not' in part) others.push(part);
    else for (const [lookup, value] of Object.entries(part as Lookups)) keywords.push({ lookup, value });
  }
  return { keywords, features, others };
}

/** Tells keywords of fields from those of features. Both may stand in one filter, other than in LaminDB. */
function* sortOut(
  scope: QueryScope,
  table: Table,
  keywords: readonly Item[],
  fields: Item[],
  features: FeatureCondition[],
  withFeatures = hasFeatures(table),
  /** Below the top what is unknown is an unknown field. */
  below = false,
): Steps<void> {
  const unknown: string[] = [];
  for (const { lookup, value } of keywords) {
    const [mapped, own] = mapKeyword(table, lookup, value);
    const first = mapped.split('__')[0] ?? '';
    if (findField(scope.model, table, first)) fields.push({ lookup: mapped, value: own });
    else unknown.push(lookup);
  }
  if (unknown.length === 0) return;
  const names = unknown.map((lookup) => lookup.split('__')[0] ?? '');
  const known = withFeatures ? yield* featureNames(names) : new Set<string>();
  const missing = names.filter((name) => !known.has(name));
  const [first] = missing;
  if (first !== undefined) {
    // LaminDB goes by the first keyword: a field there makes all of them fields.
    const asFields = below || !withFeatures || fieldFirst(scope.model, table, keywords[0]?.lookup ?? '');
    if (asFields) throw unknownField(scope.model, table, first);
    throw new LoamError(
      'InvalidArgument',
      `You can query either by available fields: ${availableFields(scope.model, table).join(', ')}\nOr fix invalid feature names: ${[...missing].sort().join(', ')}`,
      { field: first, registry: table.registry ?? table.name },
    );
  }
  for (const lookup of unknown) {
    const item = keywords.find((k) => k.lookup === lookup);
    const parts = lookup.split('__');
    // With more than one suffix LaminDB compares for equality, whatever they say.
    const op = parts.length === 2 ? (parts[1] ?? '') : '';
    features.push({
      $feature: parts[0] ?? '',
      op: op === '' ? '==' : (op as FeatureCondition['op']),
      value: yield* resolved(scope, item?.value ?? null),
    });
  }
}

const fieldFirst = (model: Model, table: Table, lookup: string): boolean =>
  findField(model, table, lookup.split('__')[0] ?? '') !== null ||
  mapKeyword(table, lookup, null)[0] !== lookup;

function* featureNames(names: readonly string[]): Steps<Set<string>> {
  const rows = yield* all(
    'SELECT DISTINCT name FROM lamindb_feature WHERE name IN (SELECT value FROM json_each(?))',
    [JSON.stringify(names)],
  );
  return new Set(rows.map((row) => String(row[0])));
}

/** LaminDB's default view: unless branch, id, uid or hash are named, rows of the current branch and of main. */
function visible(scope: QueryScope, table: Table, fields: Item[], condition: Condition): Item[] {
  if (!table.column.has('branch_id')) return fields;
  const asked = fields.filter(
    ({ lookup, value }) => !((lookup === 'branch' || lookup === 'branch_id') && value === null),
  );
  if (fields.some(({ lookup }) => sees.includes(lookup) || namesBranch(lookup)) || mentionsBranch(condition))
    return asked;
  const branches = { lookup: 'branch_id__in', value: [...scope.branches] };
  return [...asked, { ...branches, residual: scope.branches.includes(1) }];
}

function mentionsBranch(condition: Condition): boolean {
  const { $and, $or, $not } = condition as { $and?: Condition[]; $or?: Condition[]; $not?: Condition };
  if ($not) return mentionsBranch($not);
  if ($and ?? $or) return ($and ?? $or ?? []).some(mentionsBranch);
  return !('$feature' in condition) && Object.keys(condition).some(namesBranch);
}

/** A condition below the top, or of an `exclude`: Django's rules, and features as tests. */
function* nested(scope: QueryScope, table: Table, condition: Condition): Steps<Test> {
  const { $and, $or, $not } = condition as { $and?: Condition[]; $or?: Condition[]; $not?: Condition };
  if ($not) return { kind: 'not', item: yield* nested(scope, table, $not) };
  const list = $and ?? $or;
  if (list) {
    const items: Test[] = [];
    for (const item of list) items.push(yield* nested(scope, table, item));
    return { kind: $or ? 'or' : 'and', items };
  }
  if ('$feature' in condition) {
    const [feature] = yield* resolvedFeatures(scope, [condition as FeatureCondition]);
    return yield* featureTest(scope, table, feature as FeatureCondition);
  }
  const fields: Item[] = [];
  const features: FeatureCondition[] = [];
  const keywords = Object.entries(condition as Lookups).map(([lookup, value]) => ({ lookup, value }));
  yield* sortOut(scope, table, keywords, fields, features, hasFeatures(table), true);
  const items: Test[] = [];
  for (const { lookup, value } of fields)
    items.push({ kind: 'lookup', lookup, value: yield* resolved(scope, value) });
  for (const feature of features) items.push(yield* featureTest(scope, table, feature));
  return items.length === 1 && items[0] ? items[0] : { kind: 'and', items };
}

function* resolvedFeatures(
  scope: QueryScope,
  conditions: readonly FeatureCondition[],
): Steps<FeatureCondition[]> {
  const out: FeatureCondition[] = [];
  for (const condition of conditions)
    out.push({ ...condition, value: (yield* resolved(scope, condition.value)) as QueryValue });
  return out;
}

/** Finds the rows that references name, also within lists. */
function* resolved(scope: QueryScope, value: QueryValue): Steps<QueryValue> {
  if (Array.isArray(value)) {
    const items: QueryValue[] = [];
    for (const item of value) items.push(yield* resolved(scope, item));
    return items;
  }
  if (isReference(value)) {
    const [registry, lookups] = value.$ref;
    return (yield* scope.row(registry, lookups)) as unknown as QueryValue;
  }
  if (isObject(value) && isObject(value['$query']))
    return (yield* scope.subquery(value['$query'] as unknown as Query)) as unknown as QueryValue;
  if (isObject(value) && isObject(value['$below']))
    return (yield* below(scope, value['$below'] as unknown as Query)) as unknown as QueryValue;
  return value;
}

/** The rows of a query with all that is below them by the registry's parents. */
function* below(scope: QueryScope, query: Query): Steps<Subquery> {
  const table = scope.model.registry.get(query.registry.split('.').pop() ?? '');
  const parents = table && parentsOf(scope.model, table);
  if (!parents)
    throw new LoamError('FieldError', `${query.registry} has no parents, so nothing is below another.`, {
      registry: query.registry,
    });
  const { $sql, params } = yield* scope.subquery(query);
  return {
    $sql: `WITH RECURSIVE below(id) AS (SELECT * FROM (${$sql}) UNION SELECT l."${parents.child}" FROM below b JOIN "${parents.table}" l ON l."${parents.parent}" = b.id) SELECT id FROM below`,
    params,
  };
}
