// A list in numbers, for its dashboard: how many rows and bytes, histograms of sizes, of times and of features with numbers
// or dates, and the features that most rows carry. All are counted within the filter of the list; bars of the same
// histogram do not narrow each other, as the values of one facet do not (facets.ts).
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { fromWhere, narrowed } from '../query/compile.ts';
import { draft, select, tableOf, type Draft } from '../query/draft.ts';
import { findFeature } from '../query/feature-tests.ts';
import { hasFeatures, type QueryScope } from '../query/prepare.ts';
import { searching } from '../query/read.ts';
import { all, type Steps } from '../statement.ts';
import { columnTitle } from './columns.ts';
import { certainPath, isMany } from './conditions.ts';
import { featureHolders } from './feature-values.ts';
import { idParts } from './id-parts.ts';
import { countList, isWhole } from './list.ts';
import {
  isDay,
  noneCondition,
  numberCondition,
  numberEdges,
  sizeClasses,
  sizeCondition,
  timeCondition,
  timeParts,
  withoutBars,
  type BarSpec,
  type TimeUnit,
} from './summary-bars.ts';
import { viewQuery } from './view-query.ts';
import type { FilterNode, View } from './view.ts';

export interface ListTotals {
  rows: number;
  /** Of rows whose size is known. */
  bytes: number;
}

export interface HistogramBar {
  /** The part of the axis: sizes and numbers from `from` to below `to` (null: open), or days, both included. */
  from: number | string;
  to: number | string | null;
  count: number;
  /** The condition that finds the rows of the bar. */
  filter: FilterNode;
}

export interface ListHistogram {
  field: string;
  feature: boolean;
  title: string;
  kind: 'size' | 'number' | 'time';
  unit: TimeUnit | null;
  bars: HistogramBar[];
  /** Rows without a value. */
  missing: number;
  missingFilter: FilterNode;
  /** Conditions of the view that it was counted without: bars of its own. */
  left: FilterNode[];
  /** Rows that were looked at, those without a value among them. */
  total: number;
}

export interface UsedFeature {
  name: string;
  /** How it is drawn: bars of numbers, of days, or its values as a facet. */
  kind: 'number' | 'time' | 'values';
  /** Rows of the list that carry it. */
  count: number;
}

const numberParts = 12;
const numbers = ['int', 'float', 'num'];
const times = ['date', 'datetime'];

/** Rows of `SELECT <columns> FROM … WHERE …`, in parts where the list is whole, so that others get their turn. */
function* inParts(
  of: Draft,
  whole: boolean,
  columns: string,
  params: readonly SqlValue[],
  end = '',
): Steps<SqlValue[][]> {
  const given = [...params];
  if (!whole) {
    const from = fromWhere(of, given);
    return yield* searching(all(`SELECT ${columns} ${from}${end}`, given));
  }
  const from = narrowed(of, given, 't0."id" BETWEEN ? AND ?');
  const rows: SqlValue[][] = [];
  for (const part of yield* idParts(of.table))
    rows.push(...(yield* all(`SELECT ${columns} ${from}${end}`, [...given, ...part])));
  return rows;
}

/** How many artifacts the list has and what they weigh. Throws as lists do for what the view asks wrongly. */
export function* listTotals(scope: QueryScope, view: View): Steps<ListTotals> {
  const table = tableOf(scope, view.registry);
  const of = yield* draft(scope, viewQuery(scope.model, table, view));
  const { sql, params } = select(of, 'size');
  const rows = yield* inParts(of, isWhole(view), `count(*), total(${sql})`, params);
  return rows.reduce<ListTotals>(
    (sum, [n, bytes]) => ({ rows: sum.rows + Number(n), bytes: sum.bytes + Number(bytes) }),
    { rows: 0, bytes: 0 },
  );
}

/** Bars of `size`, of a field with times, or of a feature with numbers or dates. Throws `FieldError` for any other. */
export function* listHistogram(scope: QueryScope, view: View, spec: BarSpec): Steps<ListHistogram> {
  const table = tableOf(scope, view.registry);
  const without = { ...view, filter: withoutBars(view.filter, spec) };
  const left = view.filter.items.filter((item) => !without.filter.items.includes(item));
  const of = yield* draft(scope, viewQuery(scope.model, table, without));
  const told = {
    field: spec.field,
    feature: spec.feature ?? false,
    missingFilter: noneCondition(spec),
    left,
  };
  if (spec.feature) {
    const feature = yield* findFeature(scope, spec.field);
    const held = heldBy(scope, table, of, feature);
    const total = yield* countList(scope, without);
    const about = { ...told, title: spec.field, total };
    if (numbers.includes(feature.dtype)) return { ...about, ...(yield* featureNumbers(held, spec, total)) };
    if (times.includes(feature.dtype)) return { ...about, ...(yield* featureTimes(held, spec, total)) };
    throw notDrawn(`the feature "${spec.field}"`, spec);
  }
  const path = certainPath(scope.model, table, spec.field);
  const type = path.column?.type;
  if (isMany(path) || path.rest.length > 0) throw notDrawn(spec.field, spec);
  const about = { ...told, title: columnTitle(path) };
  if (spec.field === 'size') return { ...about, ...(yield* sizes(of, isWhole(without), spec)) };
  if (type === 'datetime') return { ...about, ...(yield* moments(of, isWhole(without), spec)) };
  throw notDrawn(spec.field, spec);
}

const notDrawn = (what: string, { field }: BarSpec): LoamError =>
  new LoamError('FieldError', `There is no histogram of ${what}: it holds neither numbers nor times.`, {
    field,
  });

type Bars = Pick<ListHistogram, 'kind' | 'unit' | 'bars' | 'missing'>;

function* sizes(of: Draft, whole: boolean, spec: BarSpec): Steps<Bars & { total: number }> {
  const { sql, params } = select(of, spec.field);
  const cases = sizeClasses.slice(1).map((below, i) => `WHEN ${sql} < ${below} THEN ${i}`);
  const classOf = `CASE WHEN ${sql} IS NULL THEN NULL ${cases.join(' ')} ELSE ${sizeClasses.length - 1} END`;
  const given = Array.from({ length: cases.length + 1 }, () => params).flat();
  const rows = yield* inParts(of, whole, `${classOf} AS v, count(*)`, given, ' GROUP BY 1');
  const { counts, none, total } = gathered(rows);
  const used = sizeClasses.flatMap((_, i) => (counts.has(i) ? [i] : []));
  const bars = sizeClasses.flatMap((from, i): HistogramBar[] => {
    if (used.length === 0 || i < (used[0] ?? 0) || i > (used.at(-1) ?? 0)) return [];
    const to = sizeClasses[i + 1] ?? null;
    return [{ from, to, count: counts.get(i) ?? 0, filter: sizeCondition(spec, from, to) }];
  });
  return { kind: 'size', unit: null, bars, missing: none, total };
}

/** By days first, of which there are few, then by what suits their range. */
function* moments(of: Draft, whole: boolean, spec: BarSpec): Steps<Bars & { total: number }> {
  const { sql, params } = select(of, spec.field);
  const rows = yield* inParts(of, whole, `substr(${sql}, 1, 10) AS v, count(*)`, params, ' GROUP BY 1');
  const { counts, none, total } = gathered(rows);
  return { ...timeBars(counts, spec), missing: none, total };
}

function gathered(rows: SqlValue[][]): { counts: Map<SqlValue, number>; none: number; total: number } {
  const counts = new Map<SqlValue, number>();
  let none = 0;
  let total = 0;
  for (const [value = null, n] of rows) {
    total += Number(n);
    if (value === null) none += Number(n);
    else counts.set(value, (counts.get(value) ?? 0) + Number(n));
  }
  return { counts, none, total };
}

/** What is no day of the calendar has no bar. */
function timeBars(counts: Map<SqlValue, number>, spec: BarSpec): Omit<Bars, 'missing'> {
  const days = [...counts].map(([day, n]) => [String(day), n] as const).filter(([day]) => isDay(day));
  days.sort(([a], [b]) => (a < b ? -1 : 1));
  const [first, last] = [days[0]?.[0], days.at(-1)?.[0]];
  if (first === undefined || last === undefined) return { kind: 'time', unit: null, bars: [] };
  const { unit, parts } = timeParts(first, last);
  let at = 0;
  const bars = parts.map((part): HistogramBar => {
    let count = 0;
    for (let day = days[at]; day && day[0] <= part.to; day = days[++at]) count += day[1];
    return { ...part, count, filter: timeCondition(spec, part) };
  });
  return { kind: 'time', unit, bars };
}

/* ---------- features ---------- */

interface Held {
  /** `WITH held(host, value)`: values (JSON) of the feature on rows of the list. */
  given: string;
  params: SqlValue[];
}

function heldBy(scope: QueryScope, table: Table, of: Draft, feature: { id: number; dtype: string }): Held {
  const params: SqlValue[] = [];
  const from = fromWhere(of, params);
  // Parameters of the inner query come first; the feature is the one behind them.
  const union = featureHolders(scope.model, table, feature.dtype, scope.hidden)
    .map(({ values }) => values.replace(/\?1\b/g, `?${params.length + 1}`))
    .join(' UNION ALL ');
  return {
    given: `WITH matching(id) AS MATERIALIZED (SELECT t0."id" ${from}), every(host, value, label) AS (${union}),
      held(host, value) AS MATERIALIZED (SELECT host, value FROM every WHERE host IN (SELECT id FROM matching))`,
    params: [...params, feature.id],
  };
}

/** A row with several numbers is counted as the conditions of the bars find it: from its least to its largest one. */
function* featureNumbers({ given, params }: Held, spec: BarSpec, total: number): Steps<Bars> {
  const spans = `(SELECT min(n) AS least, max(n) AS most FROM (SELECT host, CAST(json_extract(value, '$') AS REAL) AS n FROM held) GROUP BY host)`;
  const [found = []] = yield* searching(
    all(`${given} SELECT count(*), min(least), max(most) FROM ${spans}`, params),
  );
  const [hosts, min, max] = found;
  const about = { kind: 'number' as const, unit: null, missing: total - Number(hosts ?? 0) };
  if (typeof min !== 'number' || typeof max !== 'number' || !Number.isFinite(min) || !Number.isFinite(max))
    return { ...about, bars: [] };
  const edges = numberEdges(min, max, numberParts);
  const below = edges !== null;
  const [first = min, ...ends] = edges ?? [min, max];
  let from = first;
  const parts = ends.map((to) => {
    const part = { from, to };
    from = to;
    return part;
  });
  const sums = parts.map(() => `sum(most >= ? AND least ${below ? '<' : '<='} ?)`);
  const bounds = parts.flatMap((part) => [part.from, part.to]);
  let at = params.length;
  const numbered = sums.map((sum) => sum.replace(/\?/g, () => `?${++at}`));
  const [counts = []] = yield* searching(
    all(`${given} SELECT ${numbered.join(', ')} FROM ${spans}`, [...params, ...bounds]),
  );
  const bars = parts.map((part, i): HistogramBar => ({
    ...part,
    count: Number(counts[i] ?? 0),
    filter: numberCondition(spec, part.from, part.to, below),
  }));
  return { ...about, bars };
}

function* featureTimes({ given, params }: Held, spec: BarSpec, total: number): Steps<Bars> {
  const rows = yield* searching(
    all(
      `${given} SELECT substr(json_extract(value, '$'), 1, 10), count(DISTINCT host) FROM held GROUP BY 1`,
      params,
    ),
  );
  const hosts = yield* searching(all(`${given} SELECT count(DISTINCT host) FROM held`, params));
  return { ...timeBars(gathered(rows).counts, spec), missing: total - Number(hosts[0]?.[0] ?? 0) };
}

/** The features that most rows of the list carry, with how many; a name that several features have is left out. */
export function* listFeatures(scope: QueryScope, view: View, limit: number): Steps<UsedFeature[]> {
  const table = tableOf(scope, view.registry);
  if (!hasFeatures(table)) return [];
  const of = yield* draft(scope, viewQuery(scope.model, table, view));
  const hosts = featureHolders(scope.model, table, '', scope.hidden).map((holder) => holder.hosts);
  const whole = isWhole(view);
  const params: SqlValue[] = [];
  const from = whole ? narrowed(of, params, 't0."id" BETWEEN ? AND ?') : fromWhere(of, params);
  const counted = `WITH matching(id) AS MATERIALIZED (SELECT t0."id" ${from}), every(feature, host) AS (${hosts.join(' UNION ALL ')})
    SELECT feature, count(DISTINCT host) FROM every WHERE host IN (SELECT id FROM matching) GROUP BY 1`;
  const counts = new Map<number, number>();
  for (const part of whole ? yield* idParts(table) : [[]])
    for (const [id, n] of yield* searching(all(counted, [...params, ...part])))
      counts.set(Number(id), (counts.get(Number(id)) ?? 0) + Number(n));
  const names = yield* all(
    `SELECT name, min(id), min(_dtype_str) FROM lamindb_feature WHERE is_type = 0 AND +branch_id IN (${scope.branches.join(', ')})
       AND name IN (SELECT name FROM lamindb_feature WHERE id IN (SELECT value FROM json_each(?)))
       ${scope.hidden('lamindb_feature', 'id')} GROUP BY name HAVING count(*) = 1`,
    [JSON.stringify([...counts.keys()])],
  );
  return names
    .map(([name, id, dtype]): UsedFeature => ({
      name: String(name),
      kind: numbers.includes(String(dtype)) ? 'number' : times.includes(String(dtype)) ? 'time' : 'values',
      count: counts.get(Number(id)) ?? 0,
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, limit);
}
