// Feature values in conditions, as LaminDB compiles them for SQLite: plain values are compared as stored JSON (numbers by
// value for < and >), categories by the dtype's field among labels that must exist. Values that a dataset's own columns
// gave and values set from outside are kept alike and found alike.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { categoryLink, isLabelOf, type CategoryLink } from './category-links.ts';
import { isCategorical, labelDtypes } from './feature-dtype.ts';
import { buildLookup, type Subquery } from './lookups.ts';
import { isRow, plain, shown, textOf, type Operand } from './operands.ts';
import type { QueryScope } from './prepare.ts';
import { isObject, type FeatureOperator, type QueryValue } from './query.ts';
import type { Test } from './where.ts';

export interface FeatureCondition {
  $feature: string;
  op: FeatureOperator;
  value: QueryValue;
}

interface FoundFeature {
  id: number;
  name: string;
  dtype: string;
}

const comparators: Record<string, string> = { '==': '', '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' };

/** Conditions at the top of a filter: one filter call each, so that every matching annotation gives a row. */
export function* featureCalls(
  scope: QueryScope,
  table: Table,
  conditions: readonly FeatureCondition[],
): Steps<Test[]> {
  const calls: Test[] = [];
  for (const condition of conditions) {
    const feature = yield* findFeature(scope, condition.$feature);
    if (condition.op === 'isnull' && condition.value === false && isCategorical(feature.dtype)) {
      const { accessor } = certainLink(scope, table, feature);
      calls.push({ kind: 'lookup', lookup: `${accessor}__feature`, value: feature.id });
    } else if (condition.op === '!=' || condition.op === 'isnull')
      calls.push(yield* featureTest(scope, table, condition));
    else
      calls.push(
        yield* joined(scope, table, feature, comparators[condition.op] ?? condition.op, condition.value),
      );
  }
  return calls;
}

/** A condition as a test of the row, which never repeats it. */
export function* featureTest(scope: QueryScope, table: Table, condition: FeatureCondition): Steps<Test> {
  const feature = yield* findFeature(scope, condition.$feature);
  if (condition.op === 'isnull') return presence(scope, table, feature, condition.value);
  const different = condition.op === '!=';
  const comparator = different ? '' : (comparators[condition.op] ?? condition.op);
  const holders = yield* holdersOf(scope, table, feature, comparator, condition.value);
  const test: Test = { kind: 'lookup', lookup: 'id__in', value: holders };
  return different ? { kind: 'not', item: test } : test;
}

/** By name, on the visible branches; several of one name are an error. */
export function* findFeature(scope: QueryScope, name: string): Steps<FoundFeature> {
  const rows = yield* all(
    `SELECT id, name, _dtype_str FROM lamindb_feature WHERE name = ? AND +branch_id IN (${scope.branches.join(', ')})${scope.hidden('lamindb_feature', 'id')} ORDER BY id LIMIT 2`,
    [name],
  );
  const [row] = rows;
  if (!row) {
    throw new LoamError(
      'DoesNotExist',
      `Feature matching query does not exist: there is no feature "${name}" here.`,
      {
        feature: name,
      },
    );
  }
  if (rows.length > 1) {
    throw new LoamError(
      'MultipleObjectsReturned',
      `Several features are called "${name}". Rename one, or query by its relation.`,
      { feature: name },
    );
  }
  return { id: Number(row[0]), name, dtype: String(row[2] ?? '') };
}

/** In a walk only the row that is looked at is asked about. */
const ofRow = (scope: QueryScope, host: string): string => (scope.each ? `${host} = p."id" AND ` : '');

/** Tables of plain values: shared ones behind a link for artifacts and runs, own cells for records. */
function jsonPlaces(
  scope: QueryScope,
  table: Table,
): { accessor: string; values: string; holders: (ids: string) => string } {
  if (table.registry === 'Record') {
    return {
      accessor: 'values_json',
      values: 'lamindb_recordjson',
      holders: (where) =>
        `SELECT record_id FROM lamindb_recordjson WHERE ${ofRow(scope, 'record_id')}${where}${scope.hidden('lamindb_recordjson', 'id')}`,
    };
  }
  const host = table.name.replace(/^[a-z]+_/, '');
  if (scope.each) {
    const links = `lamindb_${host}jsonvalue`;
    return {
      accessor: 'json_values',
      values: 'lamindb_jsonvalue',
      holders: (where) =>
        `SELECT l.${host}_id FROM ${links} l WHERE ${ofRow(scope, `l.${host}_id`)}EXISTS (SELECT 1 FROM lamindb_jsonvalue WHERE id = l.jsonvalue_id AND ${where})${scope.hidden(links, 'l.id')}`,
    };
  }
  return {
    accessor: 'json_values',
    values: 'lamindb_jsonvalue',
    holders: (where) =>
      `SELECT ${host}_id FROM lamindb_${host}jsonvalue WHERE jsonvalue_id IN (SELECT id FROM lamindb_jsonvalue WHERE ${where})${scope.hidden(`lamindb_${host}jsonvalue`, 'id')}`,
  };
}

function* joined(
  scope: QueryScope,
  table: Table,
  feature: FoundFeature,
  comparator: string,
  value: QueryValue,
): Steps<Test> {
  if (!isCategorical(feature.dtype)) {
    const { accessor, values } = jsonPlaces(scope, table);
    const { sql, params } = valueTest(feature, comparator, value);
    const ids: Subquery = {
      $sql: `SELECT id FROM ${values} WHERE feature_id = ? AND ${sql}`,
      params: [feature.id, ...params],
    };
    return { kind: 'lookup', lookup: `${accessor}__id__in`, value: ids, feature: feature.id };
  }
  const link = linkOf(scope, table, feature);
  const labels = yield* labelsOf(scope, feature, comparator, value);
  if (!link) throw unlinked(scope, table, feature);
  return {
    kind: 'and',
    items: [
      { kind: 'lookup', lookup: `${link.accessor}__feature`, value: feature.id },
      { kind: 'lookup', lookup: `${link.accessor}__${link.field}__in`, value: labels },
    ],
  };
}

/** Ids of the rows that have such a value. */
function* holdersOf(
  scope: QueryScope,
  table: Table,
  feature: FoundFeature,
  comparator: string,
  value: QueryValue,
): Steps<Subquery> {
  if (!isCategorical(feature.dtype)) {
    const { sql, params } = valueTest(feature, comparator, value);
    return {
      $sql: jsonPlaces(scope, table).holders(`feature_id = ? AND ${sql}`),
      params: [feature.id, ...params],
    };
  }
  const link = linkOf(scope, table, feature);
  const labels = yield* labelsOf(scope, feature, comparator, value);
  if (!link) throw unlinked(scope, table, feature);
  return {
    $sql: `SELECT ${link.host} FROM ${link.link.name} WHERE ${ofRow(scope, link.host)}feature_id = ? AND ${link.label} IN (SELECT value FROM json_each(?))${scope.hidden(link.link.name, 'id')}`,
    params: [feature.id, JSON.stringify(labels)],
  };
}

function presence(scope: QueryScope, table: Table, feature: FoundFeature, value: QueryValue): Test {
  if (typeof value !== 'boolean') {
    throw new LoamError('ValueError', `${feature.name}__isnull must be True or False, not ${shown(value)}.`, {
      feature: feature.name,
    });
  }
  const holders: Subquery = isCategorical(feature.dtype)
    ? labelled(scope, certainLink(scope, table, feature), feature)
    : { $sql: jsonPlaces(scope, table).holders('feature_id = ?'), params: [feature.id] };
  const test: Test = { kind: 'lookup', lookup: 'id__in', value: holders };
  return value ? { kind: 'not', item: test } : test;
}

const labelled = (scope: QueryScope, link: CategoryLink, feature: FoundFeature): Subquery => ({
  $sql: `SELECT ${link.host} FROM ${link.link.name} WHERE ${ofRow(scope, link.host)}feature_id = ?${scope.hidden(link.link.name, 'id')}`,
  params: [feature.id],
});

/** The comparison of a stored JSON value, as SQL over the table of values. */
function valueTest(
  feature: FoundFeature,
  comparator: string,
  value: QueryValue,
): { sql: string; params: SqlValue[] } {
  const order = { gt: '>', gte: '>=', lt: '<', lte: '<=' }[comparator];
  if (order && ['int', 'float', 'num'].includes(feature.dtype)) {
    const side = plain(value);
    if (side === null)
      throw new LoamError('ValueError', `Cannot use None as a query value: ${feature.name}.`, {
        feature: feature.name,
      });
    if (typeof side === 'object')
      throw new LoamError('TypeError', `${feature.name} cannot be compared with ${shown(side)}.`, {
        feature: feature.name,
      });
    return {
      sql: `CAST(json_extract(value, '$') AS REAL) ${order} ?`,
      params: [typeof side === 'boolean' ? Number(side) : side],
    };
  }
  if (isAnyNumber(value)) {
    // A number from JavaScript, which has one kind of them: 5 and 5.0 are the same there.
    return { sql: 'value IN (?, ?)', params: [String(value.$number), `${value.$number}.0`] };
  }
  // Not offered by LaminDB for stored JSON: it takes icontains instead.
  const lookup = comparator === 'startswith' || comparator === 'contains' ? 'icontains' : comparator;
  const side = order && typeof value !== 'string' ? textOf(value) : value;
  const operand: Operand = { sql: 'value', params: [], type: 'json', name: feature.name };
  return buildLookup(operand, lookup === '' ? [] : [lookup], side);
}

const isAnyNumber = (value: QueryValue): value is { $number: number } =>
  isObject(value) && Number.isSafeInteger(value['$number']);

/** Null where the labels can be put on such rows, but not under a feature. */
function linkOf(scope: QueryScope, table: Table, feature: FoundFeature): CategoryLink | null {
  const [label] = labelDtypes(scope.model, feature.dtype);
  const link = label && categoryLink(scope.model, table, label.table);
  if (!link && !(label && isLabelOf(scope.model, table, label.table))) throw unlinked(scope, table, feature);
  return link ?? null;
}

function certainLink(scope: QueryScope, table: Table, feature: FoundFeature): CategoryLink {
  const link = linkOf(scope, table, feature);
  if (!link) throw unlinked(scope, table, feature);
  return link;
}

function unlinked(scope: QueryScope, table: Table, feature: FoundFeature): LoamError {
  const [label] = labelDtypes(scope.model, feature.dtype);
  return new LoamError(
    'ValueError',
    `${table.registry} cannot be queried by feature "${feature.name}": there is no link from it to ${label?.registry ?? feature.dtype} that carries a feature.`,
    { feature: feature.name, registry: table.registry ?? table.name },
  );
}

/** Ids of the labels that match; none at all is an error and not an empty answer. */
function* labelsOf(
  scope: QueryScope,
  feature: FoundFeature,
  comparator: string,
  value: QueryValue,
): Steps<number[]> {
  if (isRow(value)) return [value.$row.id];
  const [label] = labelDtypes(scope.model, feature.dtype);
  if (typeof value !== 'string' || !label) {
    throw new LoamError(
      'NotImplementedError',
      `The categorical feature "${feature.name}" is compared with one name or one object, not with ${shown(value)}.`,
      { feature: feature.name },
    );
  }
  const lookup = comparator === '' ? label.field : `${label.field}__${comparator}`;
  const registry = label.registry;
  const { $sql, params } = yield* scope.subquery({ registry, filters: [{ [lookup]: value }] });
  const rows = yield* all($sql, params);
  if (rows.length === 0) {
    throw new LoamError(
      'DoesNotExist',
      `Did not find a ${label.table.registry} matching \`${lookup}=${value}\`. Check the spelling, or register it first.`,
      { feature: feature.name, value, python: 'ObjectDoesNotExist' },
    );
  }
  return rows.map((row) => Number(row[0]));
}
