// Ways to one page of a filtered list whose order has an index. Where many rows match, the index is walked and each row
// asked; where few do, they are gathered by an index of the filter and sorted. SQLite keeps no statistics here, so which it
// is, is tried out: a short walk, then for each condition whether an index finds few rows, then the whole walk.
import type { SqlValue } from '../ports.ts';
import { fromWhere, narrowed } from '../query/compile.ts';
import { draft, type Draft } from '../query/draft.ts';
import type { QueryScope } from '../query/prepare.ts';
import type { Condition, Query } from '../query/query.ts';
import { searching, walking } from '../query/read.ts';
import { all, type Steps } from '../statement.ts';
import { possibleHits, type PossibleHits } from '../write/search-index.ts';

/** A stretch of the order, as a condition on the row `t0`. */
export interface Stretch {
  sql: string;
  params: SqlValue[];
}

export interface Walk {
  of: Draft;
  query: Query;
  /** The column that orders, of the registry's own table. */
  column: string;
  descending: boolean;
  stretch: Stretch;
  limit: number;
}

type Row = [SqlValue, number];

/** Rows that are walked before anything else is tried. */
const shortWalk = 2_000;
/** With this many times the rows of a short walk the page is full soon enough. */
const farther = 10;
/** So many rows of an index are few: they are looked at and sorted. */
const few = 10_000;

/** The rows of the walk's stretch in its order, `limit` at most; null where no index has anything to say about the filter. */
export function* walkedRows(walk: Walk): Steps<Row[] | null> {
  const { query, limit, of } = walk;
  const each = yield* draft(walking(of.scope), { ...query, texts: [] });
  const found = yield* step(walk, each, shortWalk);
  if (found.length === limit) return found;
  let many = found.length * farther >= limit;
  if (!many) {
    for (const candidates of yield* candidatesOf(of, query)) {
      const rows = yield* searching(all(`${candidates.sql} LIMIT ${few + 1}`, candidates.params));
      many ||= rows.length > few;
      if (rows.length <= few) return yield* gathered(walk, each, [...new Set(rows.map(([id]) => Number(id)))]);
    }
  }
  return many ? yield* step(walk, each, null) : null;
}

/** The stretch's rows that match, of its first `within` ones where that is given. */
function* step(walk: Walk, each: Draft, within: number | null): Steps<Row[]> {
  const { of, limit } = walk;
  const { base, by, columns, params } = yield* walked(walk);
  const source =
    within === null ? `${base} AND` : `FROM (SELECT ${columns} ${base} ORDER BY ${by} LIMIT ${within}) p WHERE`;
  return yield* asked(of, `SELECT ${columns} ${source}`, by, each, params, limit);
}

/** The stretch's rows among these. */
function* gathered(walk: Walk, each: Draft, ids: readonly number[]): Steps<Row[]> {
  const { of, limit } = walk;
  const { where, by, columns, params } = yield* walked(walk);
  const from = `FROM json_each(?) j CROSS JOIN "${of.table.name}" p ON p."id" = j.value WHERE ${where}`;
  return yield* asked(of, `SELECT ${columns} ${from} AND`, by, each, [JSON.stringify(ids), ...params], limit);
}

function* asked(
  of: Draft,
  select: string,
  by: string,
  each: Draft,
  before: readonly SqlValue[],
  limit: number,
): Steps<Row[]> {
  const params = [...before];
  const matches = narrowed(each, params, `${each.joins.root.sql}."id" = p."id"`);
  const rows = yield* searching(
    all(`${select} EXISTS (SELECT 1 ${matches}) ORDER BY ${by} LIMIT ?`, [...params, limit]),
  );
  return rows.map((row) => [row[0] ?? null, Number(row.at(-1))]);
}

/** The walk's own part of a statement over `p`. Conditions on the column that orders belong to it: they bound it. */
function* walked({ of, query, column, descending, stretch }: Walk) {
  const way = descending ? 'DESC' : 'ASC';
  const byId = column === 'id';
  const where = [overP(stretch.sql)];
  const params = [...stretch.params];
  for (const part of partsOf(query)) {
    if (!namesOnly(part, column)) continue;
    for (const test of (yield* alone(of.scope, query, part)).wheres) {
      if (test.sql === '1') continue;
      where.push(`(${overP(test.sql)})`);
      params.push(...test.params);
    }
  }
  const seen = of.scope.hidden(of.table.name, 'p."id"');
  const condition = `${where.join(' AND ')}${seen}`;
  return {
    columns: byId ? 'p."id"' : `p."${column}", p."id"`,
    by: byId ? `p."id" ${way}` : `p."${column}" ${way}, p."id" ${way}`,
    where: condition,
    base: `FROM "${of.table.name}" p WHERE ${condition}`,
    params,
  };
}

const overP = (sql: string): string => sql.replaceAll('t0."', 'p."');

const partsOf = ({ filters }: Query): Condition[] => {
  const [first] = filters ?? [];
  const parts = (first as { $and?: Condition[] } | undefined)?.$and ?? [];
  return filters?.length === 1 ? parts : [];
};

/** All that the condition asks about is this column of the row. */
function namesOnly(condition: Condition, column: string): boolean {
  const { $and, $or, $not } = condition as { $and?: Condition[]; $or?: Condition[]; $not?: Condition };
  if ($not) return namesOnly($not, column);
  const list = $and ?? $or;
  if (list) return list.length > 0 && list.every((item) => namesOnly(item, column));
  if ('$feature' in condition) return false;
  const names = Object.keys(condition);
  return names.length > 0 && names.every((name) => name.split('__')[0] === column);
}

/** Statements that name every row that can match, one for each text or condition that an index answers. */
function* candidatesOf(of: Draft, query: Query): Steps<PossibleHits[]> {
  const found: PossibleHits[] = [];
  for (const text of query.texts ?? []) {
    const hits = possibleHits(of.scope.index, of.table, text);
    if (hits) found.push({ ...hits, sql: `SELECT * FROM (${hits.sql})` });
  }
  for (const part of partsOf(query)) {
    // Nearly every row is the latest of its family.
    if ('is_latest' in part) continue;
    const statement = yield* candidates(of.scope, query, part);
    if (statement) found.push(statement);
  }
  return found;
}

function* candidates(scope: QueryScope, query: Query, part: Condition): Steps<PossibleHits | null> {
  const of = yield* alone(scope, query, part);
  const [test, ...more] = of.wheres.filter(({ sql }) => sql !== '1');
  if (!test || more.length > 0) return null;
  const params: SqlValue[] = [];
  // What an inner query finds comes one by one only where it is the outer one.
  const sql = test.among ? `SELECT * FROM (${test.among.$sql})` : `SELECT t0."id" ${fromWhere(of, params)}`;
  if (test.among) params.push(...test.among.params);
  const plan = yield* all(`EXPLAIN QUERY PLAN ${sql}`, params);
  return plan.some(([, , , detail]) => /^SCAN t\d/.test(String(detail))) ? null : { sql, params };
}

/** One condition of the query by itself. */
function* alone(scope: QueryScope, { registry }: Query, part: Condition): Steps<Draft> {
  return yield* draft(scope, { registry, filters: [{ $and: [{ branch: null }, part] }] });
}
