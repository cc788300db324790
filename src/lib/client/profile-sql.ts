// The statements of a column profile. The first looks at the first rows only and says everything about them at once; the
// others go over all rows. Answers are rows of (at, what, label, n): the number of the column, what is told, and of what.
import { asNumber, asTable, asText, columnName, isPlaced, isWhole, type ResultColumn } from './result-sql.ts';

/** Bars of a histogram, at most. */
export const BINS = 24;
/** Most frequent values told. */
export const TOP = 8;
/** Characters told of a value; one that is longer cannot be asked for by it. */
export const LABEL_MOST = 200;
/** Rows of the sample, fewer where they are wide. */
export const SAMPLE_ROWS = 100_000;
/** The same of a statement that is still being written. */
export const WRITTEN_ROWS = 20_000;
const SAMPLE_CELLS = 2_000_000;
/** Columns profiled at once. */
export const COLUMNS_MOST = 100;
/** Beyond so many different values they are counted approximately, since counting needs memory for each. */
export const DISTINCT_MOST = 1_000_000;

export const sampleRows = (columns: number, most = SAMPLE_ROWS): number =>
  Math.max(1000, Math.min(most, Math.floor(SAMPLE_CELLS / Math.max(1, columns))));

/** Above this a sum of squares leaves what a DOUBLE holds, and the engine refuses. */
const SQUARES_MOST = '1e150';

/** Pairs of what is told and the aggregate that tells it; every value as a text. */
function facts(column: ResultColumn, exact: boolean): [what: string, sql: string][] {
  const name = columnName(column.name);
  const text = asText(column);
  const told: [string, string][] = [
    ['rows', 'count(*)'],
    ['present', `count(${name})`],
    exact
      ? ['distinct', `count(DISTINCT ${column.kind === 'other' ? text : name})`]
      : ['about', `approx_count_distinct(${column.kind === 'other' ? text : name})`],
  ];
  if (column.kind === 'number' || column.kind === 'time') {
    const value = asNumber(column);
    const only = `FILTER (WHERE ${isPlaced(column)})`;
    told.push(['placed', `count(*) ${only}`]);
    told.push(['lo', `min(${value}) ${only}`], ['hi', `max(${value}) ${only}`]);
    told.push(['min', `min(${name}) ${only}`], ['max', `max(${name}) ${only}`]);
    if (column.kind === 'number') {
      const small = `FILTER (WHERE ${isPlaced(column)} AND abs(${value}) < ${SQUARES_MOST})`;
      told.push(['mean', `avg(${value}) ${small}`], ['deviation', `stddev_samp(${value}) ${small}`]);
      told.push(['small', `count(*) ${small}`], ['zeros', `count(*) FILTER (WHERE ${value} = 0)`]);
      if (/^(?:FLOAT|REAL|DOUBLE)/.test(column.type))
        told.push(['nan', `count(*) FILTER (WHERE isnan(${name}))`]);
    }
    // One aggregate for all three: the engine sees that they are the same.
    const quantiles = `(${exact ? 'quantile_cont' : 'approx_quantile'}(${value}, [0.25, 0.5, 0.75]) ${only})`;
    told.push(['q1', `${quantiles}[1]`], ['median', `${quantiles}[2]`], ['q3', `${quantiles}[3]`]);
  } else if (column.kind === 'text') {
    told.push(['shortest', `min(length(${text}))`], ['longest', `max(length(${text}))`]);
    told.push(['empty', `count(*) FILTER (WHERE ${text} = '')`]);
    told.push(['min', `left(min(${text}), ${LABEL_MOST})`], ['max', `left(max(${text}), ${LABEL_MOST})`]);
  } else if (column.kind === 'clock') told.push(['min', `min(${name})`], ['max', `max(${name})`]);
  else if (/\]$/.test(column.type))
    told.push(['shortest', `min(len(${name}))`], ['longest', `max(len(${name}))`]);
  else if (column.type === 'BLOB')
    told.push(['shortest', `min(octet_length(${name}))`], ['longest', `max(octet_length(${name}))`]);
  return told;
}

const list = (values: readonly string[]) => `[${values.join(', ')}]`;

function factRows(column: ResultColumn, at: number, from: string, exact: boolean): string {
  const told = facts(column, exact);
  return `SELECT ${at} AS at, unnest(${list(told.map(([what]) => `'${what}'`))}) AS what, unnest(${list(
    told.map(([, sql]) => `CAST(${sql} AS VARCHAR)`),
  )}) AS label, CAST(NULL AS BIGINT) AS n FROM ${from}`;
}

export const hasBins = ({ kind }: ResultColumn): boolean => kind === 'number' || kind === 'time';
/** Values that can be told apart by a short text. */
export const hasTop = ({ kind, type }: ResultColumn): boolean =>
  kind === 'text' || kind === 'boolean' || kind === 'clock' || (kind === 'other' && type !== 'BLOB');

/** Width of a bar, in SQL over `lo` and `hi`: whole for whole numbers, so that no bar stands between two of them. */
const widthSql = ({ type }: ResultColumn): string =>
  isWhole(type) ? `greatest(1, ceil((hi - lo + 1) / ${BINS}.0))` : `((hi - lo) / ${BINS}.0)`;

/** The same in numbers, for all rows once their least and greatest are known. */
export function binWidth({ type }: ResultColumn, lo: number, hi: number): number {
  return isWhole(type) ? Math.max(1, Math.ceil((hi - lo + 1) / BINS)) : (hi - lo) / BINS;
}

function binRows(column: ResultColumn, at: number, from: string): string {
  const value = asNumber(column);
  const width = widthSql(column);
  const limits = `(SELECT min(${value}) AS lo, max(${value}) AS hi FROM ${from} WHERE ${isPlaced(column)}) AS limits`;
  const bin = `CASE WHEN ${width} > 0 THEN least(${BINS - 1}, CAST(floor((${value} - lo) / ${width}) AS BIGINT)) ELSE 0 END`;
  return `SELECT ${at}, 'bin', CAST(bin AS VARCHAR), count(*) FROM (SELECT ${bin} AS bin FROM ${from}, ${limits} WHERE ${isPlaced(column)}) GROUP BY bin`;
}

function topRows(column: ResultColumn, at: number, from: string): string {
  return `SELECT ${at}, 'top', left(label, ${LABEL_MOST}), n FROM (SELECT ${asText(column)} AS label, count(*) AS n FROM ${from} WHERE ${columnName(column.name)} IS NOT NULL GROUP BY 1 ORDER BY n DESC, label LIMIT ${TOP})`;
}

/** Everything about the first `rows` rows of the statement. */
export function sampleProfile(sql: string, columns: readonly ResultColumn[], rows: number): string {
  const names = columns.map(({ name }) => columnName(name)).join(', ');
  const parts = columns.flatMap((column, at) => [
    factRows(column, at, 'loam_sample', true),
    ...(hasBins(column) ? [binRows(column, at, 'loam_sample')] : []),
    ...(hasTop(column) ? [topRows(column, at, 'loam_sample')] : []),
  ]);
  return `WITH loam_sample AS MATERIALIZED (SELECT ${names} FROM ${asTable(sql)} AS loam_rows LIMIT ${rows})\n${parts.join('\nUNION ALL ')}`;
}

/** Facts about all rows; what different values there are is counted approximately here. */
export function wholeFacts(sql: string, column: ResultColumn, at: number): string {
  return factRows(column, at, `${asTable(sql)} AS loam_rows`, false);
}

/** Bars over all rows, once the limits are known exactly. */
export function wholeBins(sql: string, column: ResultColumn, at: number, lo: number, hi: number): string {
  const width = binWidth(column, lo, hi);
  const value = asNumber(column);
  const bin =
    width > 0
      ? `least(${BINS - 1}, CAST(floor((${value} - CAST('${lo}' AS DOUBLE)) / CAST('${width}' AS DOUBLE)) AS BIGINT))`
      : '0';
  return `SELECT ${at} AS at, 'bin' AS what, CAST(bin AS VARCHAR) AS label, count(*) AS n FROM (SELECT ${bin} AS bin FROM ${asTable(sql)} AS loam_rows WHERE ${isPlaced(column)}) GROUP BY bin`;
}

/** How many different values there are, exactly, and the most frequent of them. */
export function wholeTop(sql: string, column: ResultColumn, at: number): string {
  const groups = `(SELECT ${asText(column)} AS label, count(*) AS n FROM ${asTable(sql)} AS loam_rows WHERE ${columnName(column.name)} IS NOT NULL GROUP BY 1)`;
  const different = hasTop(column) ? 'count(*)' : 'NULL';
  return `WITH loam_groups AS MATERIALIZED ${groups}
SELECT ${at} AS at, 'distinct' AS what, CAST(${different} AS VARCHAR) AS label, CAST(NULL AS BIGINT) AS n FROM loam_groups
UNION ALL SELECT ${at}, 'top', left(label, ${LABEL_MOST}), n FROM (SELECT * FROM loam_groups ORDER BY n DESC, label LIMIT ${TOP})`;
}

/** How many different values there are, exactly. */
export function wholeDistinct(sql: string, column: ResultColumn, at: number): string {
  return `SELECT ${at} AS at, 'distinct' AS what, CAST(count(DISTINCT ${columnName(column.name)}) AS VARCHAR) AS label, CAST(NULL AS BIGINT) AS n FROM ${asTable(sql)} AS loam_rows`;
}
