// Ways to one page of a filtered list whose order has an index. Where many rows match, the index is walked and each row
// asked; where few do, they are gathered by an index of the filter and sorted. SQLite keeps no statistics here, so which it
// is, is tried out: a short walk, then for each condition whether an index finds few rows, then the whole walk.
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { fromWhere, narrowed } from '../query/compile.ts';
import { draft, type Draft } from '../query/draft.ts';
import type { QueryScope } from '../query/prepare.ts';
import type { Condition, Query } from '../query/query.ts';
import { searching, walking } from '../query/read.ts';
import { all, one, type Steps } from '../statement.ts';
import { possibleHits, type PossibleHits } from '../write/search-index.ts';
import { zoneColumns, zoneIds, zonesOf } from '../write/zones.ts';

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
  const way = yield* wayOf(walk);
  const edge = yield* edgeOf(walk, way);
  const found = yield* step(walk, each, edge ? bounded(way, edge) : way, limit);
  if (found.length === limit || !edge) return found;
  if (found.length * farther >= limit) return yield* step(walk, each, way, limit);
  let many = false;
  for (const candidates of yield* candidatesOf(of, query)) {
    const ids = yield* fewOf(candidates);
    if (ids !== null) return yield* gathered(walk, each, way, ids);
    many = true;
  }
  if (!many) return null;
  return (yield* leapt(walk, each, way)) ?? (yield* step(walk, each, way, limit));
}

/** All ids of the statement's one column as JSON; null where they are more than few. */
function* fewOf({ sql, params }: PossibleHits): Steps<string | null> {
  const row = yield* searching(
    one(
      `WITH found(id) AS (SELECT * FROM (${sql}) LIMIT ${few + 1}) SELECT count(*), json_group_array(id) FROM found`,
      params,
    ),
  );
  return Number(row?.[0] ?? 0) > few ? null : String(row?.[1]);
}

/** The walk's own part of a statement over `p`. */
interface Way {
  columns: string;
  by: string;
  where: string;
  params: SqlValue[];
}

/** Conditions on the column that orders belong to it: they bound it. */
function* wayOf({ of, query, column, descending, stretch }: Walk): Steps<Way> {
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
  return {
    columns: byId ? 'p."id"' : `p."${column}", p."id"`,
    by: byId ? `p."id" ${way}` : `p."${column}" ${way}, p."id" ${way}`,
    where: `${where.join(' AND ')}${of.scope.hidden(of.table.name, 'p."id"')}`,
    params,
  };
}

const bounded = (way: Way, { sql, params }: Stretch): Way => ({
  ...way,
  where: `${way.where} AND ${sql}`,
  params: [...way.params, ...params],
});

/** Where a short walk ends; null where the whole way is no longer. */
function* edgeOf({ of, column, descending }: Walk, way: Way): Steps<Stretch | null> {
  const sql = `SELECT ${way.columns} FROM "${of.table.name}" p WHERE ${way.where} ORDER BY ${way.by} LIMIT 1 OFFSET ${shortWalk - 1}`;
  const row = yield* one(sql, way.params);
  if (!row) return null;
  const [value = null, id = null] = [row[0], row.at(-1)];
  const before = descending ? '>' : '<';
  if (column === 'id' || value === null) return { sql: `p."id" ${before}= ?`, params: [id] };
  const own = `p."${column}"`;
  return {
    sql: `${own} ${before}= ? AND (${own} ${before} ? OR p."id" ${before}= ?)`,
    params: [value, value, id],
  };
}

/** Matching rows of the way, walked one after the other. */
function* step(walk: Walk, each: Draft, way: Way, limit: number): Steps<Row[]> {
  const from = `FROM "${walk.of.table.name}" p WHERE ${way.where} AND`;
  return yield* asked(`SELECT ${way.columns} ${from}`, way.by, each, way.params, limit);
}

/** Matching rows of the way among these. */
function* gathered(walk: Walk, each: Draft, way: Way, ids: string): Steps<Row[]> {
  const from = `FROM (SELECT DISTINCT value FROM json_each(?)) j CROSS JOIN "${walk.of.table.name}" p ON p."id" = j.value WHERE ${way.where} AND`;
  return yield* asked(`SELECT ${way.columns} ${from}`, way.by, each, [ids, ...way.params], walk.limit);
}

function* asked(
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

/**
 * Past the rows of which bounds of stretches say that none can match: where those that can begin, the walk begins. A few
 * stretches reach further, mostly for single rows that were changed of late; these are looked through. Null where no
 * bounds are known, or none of the conditions is about them.
 */
function* leapt(walk: Walk, each: Draft, way: Way): Steps<Row[] | null> {
  const { of, column, descending, limit, stretch } = walk;
  const { zones } = of.scope;
  const { name } = of.table;
  const upto = zones?.upto.get(name);
  if (!upto || /IS NULL$/.test(stretch.sql)) return null;
  const tests: Stretch[] = [];
  for (const part of partsOf(walk.query)) {
    const [test, ...more] = (yield* alone(of.scope, walk.query, part)).wheres.filter(
      ({ sql }) => sql !== '1',
    );
    const bound = test && more.length === 0 ? zoneTest(of.table, test) : null;
    if (bound) tests.push(bound);
  }
  if (tests.length === 0 || (column !== 'id' && !zoneColumns(of.table).includes(column))) return null;
  const start = `zone * ${zoneIds}`;
  const reach =
    column === 'id' ? `${start} + ${descending ? zoneIds : 1}` : `"${descending ? 'hi' : 'lo'}_${column}"`;
  const stretches = yield* all(
    `SELECT zone, ${reach} FROM "${zonesOf(name)}" WHERE ${tests.map(({ sql }) => sql).join(' AND ')} AND ${reach} IS NOT NULL ORDER BY 2 ${descending ? 'DESC' : 'ASC'} LIMIT ${outliers + 1}`,
    tests.flatMap(({ params }) => params),
  );
  const from = stretches[outliers]?.[1] ?? null;
  const own = `p."${column}"`;
  const beyond =
    from === null ? way : bounded(way, { sql: `${own} ${descending ? '>' : '<'} ?`, params: [from] });
  const list = JSON.stringify(stretches.slice(0, outliers).map(([zone]) => zone));
  const ids = yield* all(
    `SELECT p."id" FROM json_each(?) j CROSS JOIN "${name}" p ON p."id" > j.value * ${zoneIds} AND p."id" <= (j.value + 1) * ${zoneIds} WHERE ${beyond.where}
     UNION ALL SELECT * FROM (SELECT p."id" FROM "${name}" p WHERE p."id" > ? LIMIT ${few + 1})`,
    [list, ...beyond.params, upto],
  );
  if (ids.length > few) return null;
  const rows = yield* gathered(walk, each, beyond, JSON.stringify(ids.map(([id]) => id)));
  if (rows.length >= limit || from === null) return rows;
  const rest = bounded(way, { sql: `${own} ${descending ? '<' : '>'}= ?`, params: [from] });
  if (column !== 'id') {
    // Many rows may be equal there (an import): of those, only the ones of stretches that can match, and the newest.
    const [first = null, last = null] =
      (yield* one(
        `SELECT min(zone), max(zone) FROM "${zonesOf(name)}" WHERE ${tests.map(({ sql }) => sql).join(' AND ')} AND ${reach} ${descending ? '>' : '<'}= ?`,
        [...tests.flatMap(({ params }) => params), from],
      )) ?? [];
    rest.where += ` AND (${own} <> ? OR p."id" > ? OR p."id" BETWEEN ? AND ?)`;
    rest.params.push(from, upto, Number(first) * zoneIds + 1, (Number(last) + 1) * zoneIds);
  }
  return [...rows, ...(yield* step(walk, each, rest, limit - rows.length))];
}

/** Stretches that are looked through before the walk begins. */
const outliers = 16;

/** A condition on a column of the row as one on the bounds of a stretch that may hold such rows. */
function zoneTest(table: Table, { sql, params }: { sql: string; params: SqlValue[] }): Stretch | null {
  const [, column = '', test = ''] = /^t0\."(\w+)" (=|<|<=|>|>=|BETWEEN) \?(?: AND \?)?$/.exec(sql) ?? [];
  const byId = column === 'id';
  if (!byId && !zoneColumns(table).includes(column)) return null;
  const lo = byId ? `(zone * ${zoneIds} + 1)` : `"lo_${column}"`;
  const hi = byId ? `((zone + 1) * ${zoneIds})` : `"hi_${column}"`;
  const [first = null, last = first] = params;
  if (test.startsWith('<')) return { sql: `${lo} ${test} ?`, params: [first] };
  if (test.startsWith('>')) return { sql: `${hi} ${test} ?`, params: [first] };
  return { sql: `${hi} >= ? AND ${lo} <= ?`, params: [first, last] };
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
    if (hits) found.push(hits);
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
  const sql = test.among ? test.among.$sql : `SELECT t0."id" ${fromWhere(of, params)}`;
  if (test.among) params.push(...test.among.params);
  const plan = yield* all(`EXPLAIN QUERY PLAN ${sql}`, params);
  return plan.some(([, , , detail]) => /^SCAN t\d/.test(String(detail))) ? null : { sql, params };
}

/** One condition of the query by itself. */
function* alone(scope: QueryScope, { registry }: Query, part: Condition): Steps<Draft> {
  return yield* draft(scope, { registry, filters: [{ $and: [{ branch: null }, part] }] });
}
