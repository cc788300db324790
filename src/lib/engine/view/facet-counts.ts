// Facets of a whole list from counters (write/facet-counters.ts): what is counted of each registry, and the answers in the
// words of the list. Null wherever counters cannot say it: then the rows are looked at.
import { nameField } from '../model/name-field.ts';
import type { Model, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { categoryLinksOf } from '../query/category-links.ts';
import { labelDtypes } from '../query/feature-dtype.ts';
import { pathOf } from '../query/paths.ts';
import { hasFeatures, type QueryScope } from '../query/prepare.ts';
import { all, one, type Steps } from '../statement.ts';
import { countedSql, filledSources, newParts, newSql } from '../write/facet-counters.ts';
import {
  classOf,
  isLong,
  none,
  rowsSource,
  type CountedTable,
  type FacetSource,
} from '../write/facet-sources.ts';
import { jsonLabel } from './feature-values.ts';
import { registryInfo } from './registry-info.ts';
import { hidesKinds, kindAside } from './view-query.ts';
import type { View } from './view.ts';

/** Of every registry that has facets. */
export function countedTables(model: Model): CountedTable[] {
  return [...model.registry.values()].flatMap((table) => {
    const sources = [...fieldSources(model, table), ...featureSources(model, table)];
    if (sources.length === 0) return [];
    const has = (name: string): string | null => (table.column.has(name) ? name : null);
    return [
      {
        table: table.name,
        branch: has('branch_id'),
        latest: table.versioned ? 'is_latest' : null,
        aside: kindAside(table),
        sources,
      },
    ];
  });
}

function fieldSources(model: Model, table: Table): FacetSource[] {
  const sources = registryInfo(model, table).facets.flatMap(
    (field) => fieldSource(model, table, field) ?? [],
  );
  return [...new Map(sources.map((source) => [source.name, source])).values()];
}

/** Own columns, references and what one link table leads to; longer ways are not counted. */
function fieldSource(model: Model, table: Table, field: string): FacetSource | null {
  const { relations, column, rest } = pathOf(model, table, field);
  const [relation, ...more] = relations;
  if (rest.length > 0 || more.length > 0) return null;
  const own = relation ? relation.column : column;
  if (own) return { kind: 'column', name: own.name, column: own.name };
  const [link, far] = relation?.hops ?? [];
  if (relation?.direction !== 'pair' || !link || far?.to !== 'id') return null;
  return { kind: 'links', name: link.table.name, table: link.table.name, host: link.to, value: far.from };
}

function featureSources(model: Model, table: Table): FacetSource[] {
  if (!hasFeatures(table)) return [];
  const host = `${table.name.replace(/^[a-z]+_/, '')}_id`;
  const plain: FacetSource =
    table.registry === 'Record'
      ? { kind: 'cells', name: 'cells', table: 'lamindb_recordjson', host, value: 'value' }
      : {
          kind: 'values',
          name: 'values',
          table: `lamindb_${host.replace(/_id$/, '')}jsonvalue`,
          host,
          value: 'jsonvalue_id',
        };
  const labels = categoryLinksOf(model, table).map((link): FacetSource => ({
    kind: 'labels',
    name: `${link.link.name}/feature`,
    table: link.link.name,
    host: link.host,
    value: link.label,
  }));
  return [plain, ...labels].filter((source) => source.kind === 'column' || model.tables.has(source.table));
}

/** Keys with their numbers, `source, key, n`; the key is NULL for rows without a value, or with any. */
interface Keys {
  sql: string;
  params: SqlValue[];
}

function* keysOf(
  scope: QueryScope,
  view: View,
  table: Table,
  sourcesOf: (counted: CountedTable) => number[],
  feature = 0,
  noneOnly = false,
): Steps<Keys | null> {
  const counters = scope.counters;
  const counted = counters?.counted.get(table.name);
  if (!counters || !counted || !counters.upto.has(table.name)) return null;
  const wanted = sourcesOf(counted);
  if (wanted.length === 0) return null;
  const filled = yield* filledSources(counters, counted);
  // One that is asked for alone has its answer, be it nothing.
  const sources = wanted.length === 1 ? wanted : wanted.filter((source) => filled.includes(source));
  if (sources.length === 0) sources.push(...wanted.slice(0, 1));
  const asked = { sources, classes: shownClasses(scope, table, view), hidden: scope.hidden, noneOnly };
  // Rows that are taken up meanwhile would count twice.
  for (let tries = 0; tries < 5; tries++) {
    const upto = counters.upto.get(table.name) ?? 0;
    const fresh = new Map<string, [number, SqlValue, number]>();
    for (const part of yield* newParts(table.name, upto)) {
      for (const [source, key, n] of yield* all(newSql(counted, asked), [...part, feature])) {
        // One of the long values, which only the rows themselves tell apart.
        if (key instanceof Uint8Array && key.length > 0) return null;
        const known = key instanceof Uint8Array ? null : (key ?? null);
        const at = `${String(source)}/${JSON.stringify(known)}`;
        fresh.set(at, [Number(source), known, (fresh.get(at)?.[2] ?? 0) + Number(n)]);
      }
    }
    if (counters.upto.get(table.name) !== upto) continue;
    const added =
      "SELECT json_extract(value, '$[0]'), coalesce(json_extract(value, '$[1]'), x''), json_extract(value, '$[2]') FROM json_each(?)";
    return {
      sql: `SELECT source, nullif(key, ${none}) AS key, sum(n) AS n FROM (${countedSql(counted, asked)} UNION ALL ${added}) GROUP BY 1, 2 HAVING sum(n) > 0`,
      params: [feature, table.name, feature, JSON.stringify([...fresh.values()])],
    };
  }
  return null;
}

function shownClasses(scope: QueryScope, table: Table, view: View): number[] {
  const latest = table.versioned && view.versions ? [true, false] : [true];
  const aside = hidesKinds(table, view) ? [false] : [false, true];
  const branches = table.column.has('branch_id') ? scope.branches : [0];
  return branches.flatMap((branch) =>
    latest.flatMap((last) => aside.map((left) => classOf(branch, last, left))),
  );
}

/** How many rows the whole list has. */
export function* countedRows(scope: QueryScope, view: View, table: Table): Steps<number | null> {
  const keys = yield* keysOf(scope, view, table, () => [rowsSource]);
  if (!keys) return null;
  const row = yield* one(`SELECT sum(n) FROM (${keys.sql})`, keys.params);
  return Number(row?.[0] ?? 0);
}

const numberOf = (scope: QueryScope, table: Table, field: string) => {
  const source = fieldSource(scope.model, table, field);
  return (counted: CountedTable): number[] => {
    const at = source
      ? counted.sources.findIndex((one) => JSON.stringify(one) === JSON.stringify(source))
      : -1;
    return at < 0 ? [] : [at];
  };
};

/** `value, n` of a column or of a field behind a reference, the most frequent first; NULL is a value. */
export function* countedColumn(
  scope: QueryScope,
  view: View,
  table: Table,
  field: string,
): Steps<SqlValue[][] | null> {
  const { relations, column } = pathOf(scope.model, table, field);
  const keys = yield* keysOf(scope, view, table, numberOf(scope, table, field));
  if (!keys) return null;
  const target = column ? relations[0]?.target : undefined;
  const value = target && column ? `x."${column.name}"` : 'k.key';
  const join = target ? ` LEFT JOIN "${target.name}" x ON x.id = k.key` : '';
  return yield* all(
    `SELECT ${value}, sum(k.n) FROM (${keys.sql}) k${join} GROUP BY 1 ORDER BY 2 DESC, 1`,
    keys.params,
  );
}

export interface CountedValues {
  /** `value, n`, or `value, label, n` of a feature. */
  rows: SqlValue[][];
  /** Rows with any value. */
  any: number;
}

export interface Wanted {
  /** A pattern for LIKE, escaped by a backslash. */
  like: string | null;
  limit: number;
}

/** Names (`name`) of what links lead to. Null also where two of one name may be on one row, which keys cannot tell. */
export function* countedLinks(
  scope: QueryScope,
  view: View,
  table: Table,
  field: string,
  name: string,
  wanted: Wanted,
): Steps<CountedValues | null> {
  const target = pathOf(scope.model, table, field).relations[0]?.target;
  // A link to what has no name is no value of the facet.
  if (!target || (target.column.get(name)?.nullable ?? true)) return null;
  const keys = yield* keysOf(scope, view, table, numberOf(scope, table, field));
  if (!keys) return null;
  const of = `SELECT x."${name}" AS value, x."${name}" AS label, k.n FROM k JOIN "${target.name}" x ON x.id = k.key`;
  const rows = yield* values(keys, of, wanted);
  const any = yield* keysOf(scope, view, table, numberOf(scope, table, field), 0, true);
  if (!rows || !any) return null;
  const [n = 0] = (yield* one(`SELECT sum(n) FROM (${any.sql})`, any.params)) ?? [];
  return { rows: rows.map(([value = null, , count = 0]) => [value, count]), any: Number(n ?? 0) };
}

/** Values (JSON) and labels of a feature. */
export function* countedFeature(
  scope: QueryScope,
  view: View,
  table: Table,
  feature: { id: number; dtype: string },
  wanted: Wanted,
): Steps<CountedValues | null> {
  const sourcesOf = ({ sources }: CountedTable): number[] =>
    sources.flatMap(({ kind }, i) => (['labels', 'values', 'cells'].includes(kind) ? [i] : []));
  const any = yield* keysOf(scope, view, table, sourcesOf, feature.id, true);
  const counted = scope.counters?.counted.get(table.name);
  if (!any || !counted) return null;
  const [[at = null, n = 0] = [], ...more] = yield* all(
    `SELECT source, sum(n) FROM (${any.sql}) GROUP BY 1`,
    any.params,
  );
  // Values in two places may be of one row.
  if (more.length > 0) return null;
  const source = at === null ? undefined : counted.sources[Number(at)];
  if (!source) return { rows: [], any: 0 };
  const keys = yield* keysOf(scope, view, table, () => [Number(at)], feature.id);
  if (!keys) return null;
  if (source.kind === 'cells') {
    const long = yield* one(`SELECT 1 FROM (${keys.sql}) WHERE ${isLong('key')} LIMIT 1`, keys.params);
    if (long) return null;
  }
  const rows = yield* values(keys, told(scope.model, table, source, feature.dtype), wanted);
  return rows && { rows, any: Number(n) };
}

function told(model: Model, table: Table, source: FacetSource, dtype: string): string {
  if (source.kind === 'cells')
    return `SELECT k.key AS value, ${jsonLabel('k.key')} AS label, k.n FROM k WHERE k.key IS NOT NULL`;
  if (source.kind === 'values')
    return `SELECT v.value AS value, ${jsonLabel('v.value')} AS label, k.n FROM k JOIN lamindb_jsonvalue v ON v.id = k.key`;
  const link = categoryLinksOf(model, table).find((one) => `${one.link.name}/feature` === source.name);
  if (!link) throw new Error(`${source.name} is no link of ${table.name}`);
  const field = labelField(model, link.target, dtype);
  return `SELECT json_quote(x."${field}") AS value, x."${field}" AS label, k.n FROM k JOIN "${link.target.name}" x ON x.id = k.key`;
}

/** The field that labels are told by: the dtype's, else their name. */
export const labelField = (model: Model, target: Table, dtype: string): string =>
  labelDtypes(model, dtype).find((label) => label.table === target)?.field ?? nameField(target) ?? 'id';

/** `value, label, n`, the most frequent first. Null where two keys have one value. */
function* values(keys: Keys, of: string, { like, limit }: Wanted): Steps<SqlValue[][] | null> {
  const search = like === null ? '' : ` AND label LIKE ? ESCAPE '\\'`;
  const rows = yield* all(
    `WITH k AS MATERIALIZED (${keys.sql}) SELECT value, label, sum(n), max(count(*)) OVER ()
     FROM (${of}) WHERE value IS NOT NULL${search} GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT ?`,
    [...keys.params, ...(like === null ? [] : [like]), limit],
  );
  return Number(rows[0]?.[3] ?? 1) > 1 ? null : rows;
}
