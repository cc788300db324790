// Charts as SQL: everything that is put together is put together by the engine over all rows; only dots are a sample.
import type { Aggregate } from './chart-spec.ts';
import type { Step } from './chart-steps.ts';
import {
  asNumber,
  asTable,
  asText,
  columnName,
  isPlaced,
  type ResultColumn,
  textLiteral,
} from './result-sql.ts';

/** Points that are drawn of more. */
export const DOTS_MOST = 20_000;
/** What values beyond the most frequent ones are called, where they are put together. */
export const OTHER = 'other values';
export const NULL = '(null)';

/** A column on a place of a chart, with what is known about its values. */
export type Axis =
  | { of: 'values'; column: ResultColumn; lo: number; hi: number }
  | { of: 'steps'; column: ResultColumn; step: Step; lo: number; hi: number }
  /** `rest`: what is done with values that are none of these. */
  | { of: 'groups'; column: ResultColumn; groups: string[]; total: number; rest: 'together' | 'left out' };

export const limitsSql = (sql: string, column: ResultColumn): string => {
  const value = asNumber(column);
  return `SELECT min(${value}) AS lo, max(${value}) AS hi, count(*) AS n FROM ${asTable(sql)} AS loam_rows WHERE ${isPlaced(column)}`;
};

/** The most frequent values with their rows, and how many different ones there are. */
export const groupsSql = (sql: string, column: ResultColumn, most: number): string =>
  `SELECT label, n, count(*) OVER () AS total FROM (SELECT ${label(column)} AS label, count(*) AS n FROM ${asTable(sql)} AS loam_rows GROUP BY 1) ORDER BY n DESC, label LIMIT ${most}`;

const label = (column: ResultColumn): string => `coalesce(${asText(column)}, ${textLiteral(NULL)})`;

function placeSql(axis: Axis): string {
  if (axis.of === 'values') return asNumber(axis.column);
  if (axis.of === 'groups') {
    const own = label(axis.column);
    if (axis.rest === 'left out' || axis.groups.length >= axis.total) return own;
    return `CASE WHEN ${own} IN (${axis.groups.map(textLiteral).join(', ')}) THEN ${own} ELSE ${textLiteral(OTHER)} END`;
  }
  const value = asNumber(axis.column);
  const { step } = axis;
  if ('unit' in step)
    return `(epoch_us(CAST(date_trunc('${step.unit}', ${columnName(axis.column.name)}) AS TIMESTAMP)) / 1e6)`;
  const every = `CAST('${step.every}' AS DOUBLE)`;
  const from = `CAST('${step.from}' AS DOUBLE)`;
  return `floor((${value} - ${from}) / ${every} + 1e-9)`;
}

/** Rows that have a place on all axes. */
function conditions(axes: readonly (Axis | null)[]): string {
  const tests = axes.flatMap((axis) => {
    if (!axis) return [];
    if (axis.of !== 'groups') return [isPlaced(axis.column)];
    if (axis.rest === 'together' || axis.groups.length >= axis.total) return [];
    return [`${label(axis.column)} IN (${axis.groups.map(textLiteral).join(', ')})`];
  });
  return tests.length > 0 ? ` WHERE ${tests.join(' AND ')}` : '';
}

/** Numbers that are none, NaN and infinity, are no part of sums and means. */
export function aggregateSql(aggregate: Aggregate, column: ResultColumn | null): string {
  if (aggregate === 'count' || !column) return 'count(*)';
  const call = { sum: 'sum', mean: 'avg', median: 'median' }[aggregate];
  return `CAST(${call}(${asNumber(column)}) FILTER (WHERE ${isPlaced(column)}) AS DOUBLE)`;
}

export interface Axes {
  x: Axis | null;
  y: Axis | null;
  colour: Axis | null;
  facet: Axis | null;
}

const names = ['x', 'y', 'colour', 'facet'] as const;

/** One row for each place: x, y, colour and facet as far as they are there, then `value` and `n`, the rows behind it. */
export function groupedSql(
  sql: string,
  axes: Axes,
  aggregate: Aggregate,
  column: ResultColumn | null,
): string {
  const used = names.flatMap((name) => (axes[name] ? [{ name, axis: axes[name] }] : []));
  const places = used.map(({ name, axis }) => `${placeSql(axis)} AS ${name}`);
  const by = used.length > 0 ? ` GROUP BY ${used.map((_, i) => i + 1).join(', ')}` : '';
  return `SELECT ${[...places, `${aggregateSql(aggregate, column)} AS value`, 'count(*) AS n'].join(', ')} FROM ${asTable(sql)} AS loam_rows${conditions(Object.values(axes))}${by}`;
}

export const countSql = (sql: string, axes: Axes): string =>
  `SELECT count(*) AS n FROM ${asTable(sql)} AS loam_rows${conditions(Object.values(axes))}`;

/** Points as they are; of more than DOTS_MOST a random sample, the same one each time. */
export function dotsSql(sql: string, axes: Axes, sampled: boolean): string {
  const used = names.flatMap((name) => (axes[name] ? [`${placeSql(axes[name])} AS ${name}`] : []));
  const points = `SELECT ${used.join(', ')} FROM ${asTable(sql)} AS loam_rows${conditions(Object.values(axes))}`;
  return sampled
    ? `SELECT * FROM (${points}) AS loam_points USING SAMPLE reservoir(${DOTS_MOST} ROWS) REPEATABLE (7)`
    : points;
}

/**
 * Quartiles of each group, whiskers to the last values within 1.5 times the distance of the quartiles (Tukey), and how many
 * values lie beyond.
 */
export function boxesSql(sql: string, { x, facet }: Pick<Axes, 'x' | 'facet'>, y: ResultColumn): string {
  const group = x ? placeSql(x) : `''`;
  const row = facet ? placeSql(facet) : `''`;
  const where = conditions([x, facet, { of: 'values', column: y, lo: 0, hi: 0 }]);
  return `WITH loam_values AS (SELECT ${group} AS x, ${row} AS facet, ${asNumber(y)} AS v FROM ${asTable(sql)} AS loam_rows${where}),
loam_boxes AS (SELECT x, facet, quantile_cont(v, 0.25) AS q1, quantile_cont(v, 0.5) AS q2, quantile_cont(v, 0.75) AS q3 FROM loam_values GROUP BY 1, 2)
SELECT b.x, b.facet, q1, q2, q3, min(v) FILTER (WHERE v >= q1 - 1.5 * (q3 - q1)) AS low, max(v) FILTER (WHERE v <= q3 + 1.5 * (q3 - q1)) AS high,
  count(*) FILTER (WHERE v < q1 - 1.5 * (q3 - q1) OR v > q3 + 1.5 * (q3 - q1)) AS beyond, count(*) AS n
FROM loam_values AS v JOIN loam_boxes AS b ON v.x = b.x AND v.facet = b.facet GROUP BY 1, 2, 3, 4, 5`;
}
