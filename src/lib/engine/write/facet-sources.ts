// What facet counters count of a registry, as data, and the one statement that gives it: how often each value comes among
// some rows. Feeding adds what it gives for rows that are taken up, a change takes away what it gives for those it is about
// to touch, a question adds what it gives for rows that are not counted yet; so all three agree by construction.
import { nothingHidden, type Hidden } from './hidden.ts';

/** Values that rows of one table lead to. Columns are named as in the file. */
export type FacetSource =
  /** A column of the row itself. */
  | { kind: 'column'; name: string; column: string }
  /** What a link table ties to the row, whatever the feature. */
  | { kind: 'links'; name: string; table: string; host: string; value: string }
  /** The same by feature. */
  | { kind: 'labels'; name: string; table: string; host: string; value: string }
  /** Shared values of features (`lamindb_jsonvalue`) behind a link table. */
  | { kind: 'values'; name: string; table: string; host: string; value: string }
  /** Values of features in cells of the row's own. */
  | { kind: 'cells'; name: string; table: string; host: string; value: string };

export interface CountedTable {
  table: string;
  /** Null where the rows have no branch, or all of them are the latest. */
  branch: string | null;
  latest: string | null;
  /** SQL over `t`: 1 for rows that lists leave out by their kind. */
  aside: { sql: string; column: string } | null;
  sources: FacetSource[];
}

/** Values that nobody can have: a row without a value, and a row that has any. Texts, numbers and blobs differ in SQLite. */
export const none = "x''";
/** Long values of cells are not kept a second time: all of them are this one. */
const long = "x'01'";
const longest = 200;
/** SQL that tells it from other keys. */
export const isLong = (key: string): string => `${key} = ${long}`;
/** Number of the source that counts the rows themselves. */
export const rowsSource = -1;

/** A row's class: what lists show is a few of them. */
export const classOf = (branch: number, latest: boolean, aside: boolean): number =>
  branch * 4 + (latest ? 2 : 0) + (aside ? 1 : 0);

function classSql({ branch, latest, aside }: CountedTable): string {
  const parts = [
    branch === null ? '0' : `coalesce(t."${branch}", -1000) * 4`,
    latest === null ? '2' : `2 * (t."${latest}" = 1)`,
    aside === null ? '0' : `coalesce(${aside.sql}, 0)`,
  ];
  return parts.join(' + ');
}

/**
 * `SELECT source, feature, cls, key, n` over the rows of `t` that `which` names; without a feature it is 0. Of links and
 * values a row counts once per key, and once under `none` if it has any.
 */
export function contributions(
  counted: CountedTable,
  which: string,
  hidden: Hidden = nothingHidden,
  only?: readonly number[],
): string {
  const { table, sources } = counted;
  const wanted = [...sources.entries()].filter(([i]) => only?.includes(i) ?? true);
  const own = wanted.filter(([, { kind }]) => kind === 'column');
  const columns = own.map(([i, source]) => `, t."${(source as { column: string }).column}" AS c${i}`);
  const parts: string[] = [];
  if (only?.includes(rowsSource) ?? true)
    parts.push(
      `SELECT ${rowsSource} AS source, 0 AS feature, cls, ${none} AS key, count(*) AS n FROM h GROUP BY cls`,
    );
  for (const [i, source] of wanted) {
    if (source.kind === 'column')
      parts.push(
        `SELECT ${i} AS source, 0 AS feature, cls, coalesce(c${i}, ${none}) AS key, count(*) AS n FROM h GROUP BY cls, c${i}`,
      );
    else parts.push(...behind(i, source, hidden));
  }
  return `WITH h AS MATERIALIZED (SELECT t.id, ${classSql(counted)} AS cls${columns.join('')} FROM "${table}" t WHERE ${which}) ${parts.join(' UNION ALL ')}`;
}

/** Each value, then whether there is any. */
function behind(i: number, source: Exclude<FacetSource, { kind: 'column' }>, hidden: Hidden): string[] {
  const { kind, table, host, value } = source;
  const joined = kind === 'values' ? ` CROSS JOIN lamindb_jsonvalue v ON v.id = l."${value}"` : '';
  const feature = { links: '0', labels: 'l."feature_id"', values: 'v."feature_id"', cells: 'l."feature_id"' }[
    kind
  ];
  const known = kind === 'links' ? '' : ` AND ${feature} IS NOT NULL`;
  const from = `FROM h CROSS JOIN "${table}" l ON l."${host}" = h.id${joined} WHERE 1${known}${hidden(table, 'l.id')}`;
  const raw = `coalesce(l."${value}", ${none})`;
  const key = kind === 'cells' ? `CASE WHEN length(${raw}) > ${longest} THEN ${long} ELSE ${raw} END` : raw;
  const by = kind === 'links' ? 'cls' : `cls, ${feature}`;
  return [
    `SELECT ${i} AS source, ${feature} AS feature, cls, ${key} AS key, count(DISTINCT h.id) AS n ${from} GROUP BY ${by}, ${key}`,
    `SELECT ${i} AS source, ${feature} AS feature, cls, ${none} AS key, count(DISTINCT h.id) AS n ${from} GROUP BY ${by}`,
  ];
}
