// Facets of a list: each value with its count, and how many rows have none. A facet's own choice does not narrow its own
// counts, so that a second value can be added.
import { nameField, registryName } from '../model/name-field.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { fromWhere, narrowed } from '../query/compile.ts';
import { draft, draftOf, select, tableOf, type Draft, type Selected } from '../query/draft.ts';
import { findFeature } from '../query/feature-tests.ts';
import type { QueryScope } from '../query/prepare.ts';
import { hasFeatures } from '../query/prepare.ts';
import type { QueryValue } from '../query/query.ts';
import { searching, tell } from '../query/read.ts';
import { all, one, type Steps } from '../statement.ts';
import { certainPath, isMany, isText } from './conditions.ts';
import { columnTitle } from './columns.ts';
import { countedColumn, countedFeature, countedLinks } from './facet-counts.ts';
import { featureHolders } from './feature-values.ts';
import { idParts } from './id-parts.ts';
import { countList, isWhole } from './list.ts';
import { registryInfo } from './registry-info.ts';
import { choicesOf } from './registry-words.ts';
import { viewQuery } from './view-query.ts';
import type { FilterGroup, View } from './view.ts';

export interface ListFacet {
  field: string;
  feature: boolean;
  title: string;
  values: { value: QueryValue; label: string; count: number }[];
  /** Rows that have no value. */
  missing: number;
  /** Rows that were looked at, those without a value among them. */
  total: number;
  /** There are more values than are listed. */
  more: boolean;
}

export interface FacetSpec {
  field: string;
  feature?: boolean;
  /** Only values that contain this text. */
  search?: string;
  limit?: number;
}

const usualLimit = 50;
const maxFeatures = 20;

/** The registry's own facets, and those of features that its rows carry. */
export function* facetSpecs(scope: QueryScope, view: View): Steps<FacetSpec[]> {
  const table = tableOf(scope, view.registry);
  const specs: FacetSpec[] = registryInfo(scope.model, table).facets.map((field) => ({ field }));
  if (!hasFeatures(table)) return specs;
  for (const name of yield* usedFeatures(scope, table)) specs.push({ field: name, feature: true });
  return specs;
}

/** Names of features with a value on some row; a name that several features have is left out. */
function* usedFeatures(scope: QueryScope, table: Table): Steps<string[]> {
  const holders = featureHolders(scope.model, table, '', scope.hidden);
  const rows = yield* all(
    `SELECT f.name FROM lamindb_feature f WHERE f.is_type = 0 AND +f.branch_id IN (${scope.branches.join(', ')})
       AND (${holders.map(({ used }) => `EXISTS (${used})`).join(' OR ')})
     GROUP BY f.name HAVING count(*) = 1 ORDER BY f.name LIMIT ${maxFeatures}`,
  );
  return rows.map((row) => String(row[0]));
}

export function* listFacet(scope: QueryScope, view: View, spec: FacetSpec): Steps<ListFacet> {
  const table = tableOf(scope, view.registry);
  const without = { ...view, filter: leaveOut(view.filter, spec) };
  const of = yield* draft(scope, viewQuery(scope.model, table, without));
  const whole = isWhole(without) ? without : null;
  if (spec.feature) return yield* featureFacet(scope, table, of, spec, whole);
  const path = certainPath(scope.model, table, spec.field);
  const title = columnTitle(path);
  return isMany(path)
    ? yield* manyFacet(scope, table, of, spec, title, yield* countList(scope, without), whole)
    : yield* ownFacet(
        of,
        spec,
        title,
        isText(path.column),
        choicesOf(path.relations.at(-1)?.target ?? table, path.column?.name ?? ''),
        whole,
      );
}

/** The filter without the facet's own tests at its top. */
function leaveOut(filter: FilterGroup, spec: FacetSpec): FilterGroup {
  if (filter.kind !== 'all' || filter.not) return filter;
  const own = (item: FilterGroup['items'][number]): boolean =>
    item.kind === 'test' && item.field === spec.field && (item.feature ?? false) === (spec.feature ?? false);
  return { ...filter, items: filter.items.filter((item) => !own(item)) };
}

function* ownFacet(
  of: Draft,
  spec: FacetSpec,
  title: string,
  text: boolean,
  choices: ReturnType<typeof choicesOf>,
  whole: View | null,
): Steps<ListFacet> {
  const field = select(of, spec.field);
  const limit = spec.limit ?? usualLimit;
  const counted = whole && (yield* countedColumn(of.scope, whole, of.table, spec.field));
  const rows = counted ?? (whole ? yield* countedByParts(of, field) : yield* countedAtOnce(of, field));
  const isNone = (value: SqlValue | undefined) =>
    value === null || value === undefined || (text && value === '');
  const missing = rows.filter((row) => isNone(row[0])).reduce((n, row) => n + Number(row[1]), 0);
  const values = rows
    .filter((row) => !isNone(row[0]))
    .map((row) => {
      const value = tell(field.type, row[0] ?? null);
      return { value, label: labelOf(value, choices), count: Number(row[1]) };
    })
    .filter(({ label }) => contains(label, spec.search));
  return {
    field: spec.field,
    feature: false,
    title,
    values: values.slice(0, limit),
    missing,
    total: rows.reduce((n, row) => n + Number(row[1]), 0),
    more: values.length > limit,
  };
}

/** Values with their numbers, the most frequent first. The plus keeps an index away that would lead to every row one by one. */
function* countedAtOnce(of: Draft, field: Selected): Steps<SqlValue[][]> {
  const params = [...field.params];
  const from = fromWhere(of, params);
  return yield* searching(
    all(`SELECT +${field.sql} AS v, count(*) ${from} GROUP BY 1 ORDER BY 2 DESC, 1`, params),
  );
}

/** The same where no condition spares looking at every row, in statements between which others get their turn. */
function* countedByParts(of: Draft, field: Selected): Steps<SqlValue[][]> {
  const params = [...field.params];
  const from = narrowed(of, params, `t0."id" BETWEEN ? AND ?`);
  const counts = new Map<SqlValue, number>();
  for (const part of yield* idParts(of.table)) {
    const rows = yield* all(`SELECT +${field.sql} AS v, count(*) ${from} GROUP BY 1`, [...params, ...part]);
    for (const [value = null, n] of rows) counts.set(value, (counts.get(value) ?? 0) + Number(n));
  }
  return [...counts].sort(([a, n], [b, m]) => m - n || (inOrder(a, b) ? -1 : 1));
}

/** SQLite's order within one type; NULL comes first. */
const inOrder = (a: SqlValue, b: SqlValue): boolean => a === null || (b !== null && a < b);

const contains = (label: string, search: string | undefined): boolean =>
  search === undefined || label.toLowerCase().includes(search.toLowerCase());

function labelOf(value: QueryValue, choices: ReturnType<typeof choicesOf>): string {
  const known = choices?.find((choice) => choice.value === value);
  if (known) return known.title;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * Counted from the far side: rows that match are asked for, not joined, so that none counts twice. `total` is how many do.
 * The plus keeps SQLite from going through all of them where few rows lead to any other.
 */
function* manyFacet(
  scope: QueryScope,
  table: Table,
  of: Draft,
  spec: FacetSpec,
  title: string,
  total: number,
  whole: View | null,
): Steps<ListFacet> {
  const path = certainPath(scope.model, table, spec.field);
  const target = path.column ? null : path.relations.at(-1)?.target;
  const limit = spec.limit ?? usualLimit;
  const named = target ? `${spec.field}__${nameField(target) ?? 'id'}` : spec.field;
  const tellAll = (type: Selected['type'], rows: SqlValue[][], any: number): ListFacet => ({
    field: spec.field,
    feature: false,
    title,
    values: rows.slice(0, limit).map((row) => {
      const value = tell(type, row[0] ?? null);
      return { value, label: labelOf(value, null), count: Number(row[1]) };
    }),
    missing: total - any,
    total,
    more: rows.length > limit,
  });
  if (whole) {
    const wanted = { like: spec.search === undefined ? null : likeText(spec.search), limit: limit + 1 };
    const name = path.column?.name ?? (target && nameField(target)) ?? 'id';
    const counted = yield* countedLinks(scope, whole, table, spec.field, name, wanted);
    if (counted) return tellAll(select(of, named).type, counted.rows, counted.any);
  }
  const matching = matchingIds(of);

  /** Rows with a value in `name`; such a row has all that the joins lead over, so they need not be LEFT. */
  function having(name: string, search?: string): { field: Selected; from: string; params: SqlValue[] } {
    const far = draftOf(scope, { registry: registryName(table) }, table, []);
    const field = select(far, name);
    const strict = new Set(far.joins.aliases.filter(({ parent }) => parent !== null));
    far.wheres.push({ sql: `${field.sql} IS NOT NULL`, params: field.params, strict });
    const params = [...field.params];
    const like = search === undefined ? '' : ` AND ${field.sql} LIKE ? ESCAPE '\\'`;
    const from = narrowed(far, params, `+t0."id" IN (${matching.sql})${like}`);
    params.push(...matching.params, ...(like ? [...field.params, likeText(search)] : []));
    return { field, from, params };
  }

  const found = having(named, spec.search);
  const rows = yield* searching(
    all(
      `SELECT ${found.field.sql} AS v, count(DISTINCT t0."id") ${found.from} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${limit + 1}`,
      found.params,
    ),
  );
  const any = having(spec.field);
  const count = yield* searching(
    one(`SELECT count(DISTINCT t0."id") ${any.from}`, any.params.slice(any.field.params.length)),
  );
  return tellAll(found.field.type, rows, Number(count?.[0] ?? 0));
}

const likeText = (search: string | undefined): string =>
  `%${(search ?? '').replace(/[\\%_]/g, (c) => `\\${c}`)}%`;

function matchingIds(of: Draft): { sql: string; params: SqlValue[] } {
  const params: SqlValue[] = [];
  const from = fromWhere(of, params);
  return { sql: `SELECT t0."id" ${from}`, params };
}

function* featureFacet(
  scope: QueryScope,
  table: Table,
  of: Draft,
  spec: FacetSpec,
  whole: View | null,
): Steps<ListFacet> {
  const feature = yield* findFeature(scope, spec.field);
  const limit = spec.limit ?? usualLimit;
  const tellAll = (rows: SqlValue[][], total: number, any: number): ListFacet => ({
    field: spec.field,
    feature: true,
    title: spec.field,
    values: rows.slice(0, limit).map((row) => {
      const value = tell('json', row[0] ?? null);
      return { value, label: labelOf(value, null), count: Number(row[2]) };
    }),
    missing: total - any,
    total,
    more: rows.length > limit,
  });
  if (whole) {
    const wanted = { like: spec.search === undefined ? null : likeText(spec.search), limit: limit + 1 };
    const counted = yield* countedFeature(scope, whole, table, feature, wanted);
    if (counted) return tellAll(counted.rows, yield* countList(scope, whole), counted.any);
  }
  const matching = matchingIds(of);
  const held = featureHolders(scope.model, table, feature.dtype, scope.hidden).map(({ values }) => values);
  const union = held.join(' UNION ALL ');
  const like = spec.search === undefined ? '' : ` WHERE label LIKE ?2 ESCAPE '\\'`;
  const given = `WITH matching(id) AS MATERIALIZED (${matching.sql}), held(host, value, label) AS (${union})`;
  // Parameters of the inner query come first and are counted on from there.
  const base = matching.params.length;
  const numbered = (sql: string) => sql.replace(/\?([12])\b/g, (_, n) => `?${base + Number(n)}`);
  const params: SqlValue[] = [...matching.params, feature.id, ...(like ? [likeText(spec.search)] : [])];
  const rows = yield* searching(
    all(
      `${numbered(given)} SELECT value, label, count(DISTINCT host) FROM held JOIN matching ON matching.id = held.host${numbered(like)} GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT ${limit + 1}`,
      params,
    ),
  );
  const counts = yield* searching(
    one(
      `${numbered(given)} SELECT (SELECT count(*) FROM matching), (SELECT count(DISTINCT host) FROM held JOIN matching ON matching.id = held.host)`,
      [...matching.params, feature.id],
    ),
  );
  return tellAll(rows, Number(counts?.[0] ?? 0), Number(counts?.[1] ?? 0));
}
