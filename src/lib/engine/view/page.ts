// One page of a list: the ids of its rows by keyset, so that the millionth row costs what the first one does. The cursor of
// a row is what orders it, then its id; pages go on after it or, turned round, before it.
import { LoamError } from '../errors.ts';
import { nameField } from '../model/name-field.ts';
import type { SqlValue } from '../ports.ts';
import { fromWhere, narrowed } from '../query/compile.ts';
import { draft, select, type Draft } from '../query/draft.ts';
import { findFeature } from '../query/feature-tests.ts';
import { pathOf } from '../query/paths.ts';
import type { QueryScope } from '../query/prepare.ts';
import type { Query } from '../query/query.ts';
import { searching } from '../query/read.ts';
import { all, one, type Steps } from '../statement.ts';
import { walkedRows } from './walk.ts';

/** Value of the order, then id. */
export type Cursor = [SqlValue, number];

export interface PageSpec {
  /** The row before the page; null for the start. */
  after: Cursor | null;
  /** Goes from the end to the start. Rows still come in the list's own order. */
  backwards?: boolean;
  /** Rows left out between the cursor and the page. */
  skip?: number;
  limit: number;
}

export interface PageIds {
  /** In the order of the list. */
  ids: number[];
  /** Of the first and last row. */
  cursors: { first: Cursor; last: Cursor } | null;
  /** An index gives the order, so that every page is near. */
  indexed: boolean;
}

export interface OrderBy {
  sql: string;
  params: SqlValue[];
  descending: boolean;
  nullable: boolean;
  indexed: boolean;
  /** The registry's own column that is ordered by, where it has an index. */
  column: string | null;
}

export const maxPage = 2000;

/** Longer pages are read whole. */
const maxWalked = 500;

/** `filtered` says that the query asks for more than what its registry shows by itself. */
export function* pageIds(scope: QueryScope, query: Query, page: PageSpec, filtered = true): Steps<PageIds> {
  const of = yield* draft(scope, query);
  const order = yield* orderTerm(of);
  const descending = order.descending !== (page.backwards ?? false);
  const limit = Math.max(0, Math.min(maxPage, Math.floor(page.limit)));
  let skip = Math.max(0, Math.floor(page.skip ?? 0));
  const rows: [SqlValue, number][] = [];
  for (const part of parts(order, descending, page.after)) {
    if (rows.length === limit) break;
    const found = yield* read(of, order, descending, part, skip, limit - rows.length, filtered);
    rows.push(...found);
    if (found.length > 0) skip = 0;
    else if (skip > 0) skip -= yield* countPart(of, part, skip);
  }
  if (page.backwards) rows.reverse();
  const [first, last] = [rows[0], rows.at(-1)];
  return {
    ids: rows.map((row) => row[1]),
    cursors: first && last ? { first, last } : null,
    indexed: order.indexed,
  };
}

/** A stretch of the order: rows that have a value, or rows that have none, behind the cursor. */
interface Part {
  sql: string;
  params: SqlValue[];
}

/** SQLite puts NULL first. An index is walked from the cursor on only where NULL is no part of the condition. */
function parts(order: OrderBy, descending: boolean, after: Cursor | null): Part[] {
  const { sql, params } = order;
  const values = { sql: `${sql} IS NOT NULL`, params };
  const nulls = { sql: `${sql} IS NULL`, params };
  const direction = descending ? '<' : '>';
  if (!after) {
    if (!order.nullable) return [{ sql: '1', params: [] }];
    return descending ? [values, nulls] : [nulls, values];
  }
  const [value, id] = after;
  const ID = 't0."id"';
  if (value === null) {
    const rest = { sql: `${sql} IS NULL AND ${ID} ${direction} ?`, params: [...params, id] };
    return descending ? [rest] : [rest, values];
  }
  const behind = {
    sql: `${sql} ${direction}= ? AND (${sql} ${direction} ? OR ${ID} ${direction} ?)`,
    params: [...params, value, ...params, value, id],
  };
  return descending && order.nullable ? [behind, nulls] : [behind];
}

function* read(
  of: Draft,
  order: OrderBy,
  descending: boolean,
  part: Part,
  skip: number,
  limit: number,
  filtered: boolean,
): Steps<[SqlValue, number][]> {
  const way = descending ? 'DESC' : 'ASC';
  const tail = `ORDER BY ${order.sql} ${way}, t0."id" ${way} LIMIT ?`;
  function* rowsOf(stretch: Part): Steps<[SqlValue, number][]> {
    const params = [...order.params];
    const sql = `SELECT ${order.sql}, t0."id" ${within(of, stretch, params)} ${tail} OFFSET ?`;
    const rows = yield* searching(all(sql, [...params, ...order.params, limit, skip]));
    return rows.map((row) => [row[0] ?? null, Number(row[1])]);
  }
  if (filtered && order.column !== null && skip === 0 && limit <= maxWalked) {
    const { query } = of;
    const rows = yield* walkedRows({ of, query, column: order.column, descending, stretch: part, limit });
    if (rows) return rows;
  }
  return yield* rowsOf(part);
}

/** How many rows of a stretch were skipped whole. */
function* countPart(of: Draft, part: Part, most: number): Steps<number> {
  const params: SqlValue[] = [];
  const from = within(of, part, params);
  const row = yield* searching(one(`SELECT count(*) FROM (SELECT 1 ${from} LIMIT ?)`, [...params, most]));
  return Number(row?.[0] ?? 0);
}

/** `FROM … WHERE …` of the query within one stretch; pushes the parameters. */
function within(of: Draft, part: Part, params: SqlValue[]): string {
  if (part.sql === '1') return fromWhere(of, params);
  const from = narrowed(of, params, `(${part.sql})`);
  params.push(...part.params);
  return from;
}

/** What the rows are ordered by before their id. */
export function* orderTerm(of: Draft): Steps<OrderBy> {
  const [item] = of.query.order ?? [];
  if (item === undefined)
    return { sql: 't0."id"', params: [], descending: false, nullable: false, indexed: true, column: 'id' };
  if (typeof item !== 'string') return yield* featureOrder(of, item.$feature, item.descending ?? false);
  const descending = item.startsWith('-');
  const name = descending ? item.slice(1) : item;
  const path = pathOf(of.scope.model, of.table, name);
  const relation = path.column ? null : path.relations.at(-1);
  // By the name of the row that a reference leads to, as the list shows it.
  const named = relation ? nameField(relation.target) : null;
  const { sql, params } = select(of, named ? `${name}__${named}` : name);
  const optional = path.relations.some((one) => one.hops.some((hop) => hop.nullable));
  const column = path.column;
  const own = path.relations.length === 0 && column !== null;
  const indexed = own && (column.indexed || column.unique || column.name === 'id');
  return {
    sql,
    params,
    descending,
    nullable: optional || (column?.nullable ?? true),
    indexed,
    column: indexed ? column.name : null,
  };
}

/** The least of a row's values; rows without one come where NULL does. */
function* featureOrder(of: Draft, name: string, descending: boolean): Steps<OrderBy> {
  const feature = yield* findFeature(of.scope, name);
  const host = of.table.name.replace(/^[a-z]+_/, '');
  const values =
    of.table.registry === 'Record'
      ? 'SELECT v.value FROM lamindb_recordjson v WHERE v.record_id = t0.id AND v.feature_id = ?'
      : `SELECT v.value FROM lamindb_${host}jsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id WHERE l.${host}_id = t0.id AND v.feature_id = ?`;
  if (!/^(int|float|num|str|bool|date|datetime|path|url)/.test(feature.dtype))
    throw new LoamError('FieldError', `Cannot order by feature '${name}': its dtype is ${feature.dtype}.`, {
      feature: name,
    });
  const sql = `(SELECT min(json_extract(x.value, '$')) FROM (${values}) x)`;
  return { sql, params: [feature.id], descending, nullable: true, indexed: false, column: null };
}
