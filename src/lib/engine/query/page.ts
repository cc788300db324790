// Paging by keyset: the cursor of a row is what orders it and its id, so that the millionth page costs what the first one
// does. A row comes once, whatever its joins. Which way is taken to the rows is tried out, since SQLite keeps no statistics
// here: a short walk along the order's index, then the matches themselves if they are few, then the whole walk.
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { fromWhere, narrowed } from './compile.ts';
import { draft, tableOf, type Draft } from './draft.ts';
import { orderTerms, type OrderTerm } from './order.ts';
import { pathOf } from './paths.ts';
import type { QueryScope } from './prepare.ts';
import type { Query, QueryValue } from './query.ts';
import { readRows, searching } from './read.ts';

/** Values of the order, then the id. Values are SQLite's own. */
export type Cursor = QueryValue[];

export interface PageIds {
  ids: number[];
  /** Cursors of the first and the last row. */
  first: Cursor | null;
  last: Cursor | null;
}

export interface Page extends PageIds {
  /** The fields of the rows; one that many rows stand behind gives a list. */
  rows: QueryValue[][];
}

export const usualPage = 50;
const maxPage = 10_000;
/** Rows that are walked along an index before anything else is tried. */
const shortWalk = 2_000;
/** So many matches are few: they are fetched and sorted. */
const few = 5_000;

/** The page behind `query.after`, or before `query.before`, of `query.limit` rows in the query's order. */
export function* readPage(scope: QueryScope, query: Query, fields: readonly string[]): Steps<Page> {
  const page = yield* pageIds(scope, query);
  const { registry } = query;
  const found = yield* readRows(scope, { registry, filters: [{ id__in: [...page.ids] }] }, ['id', ...fields]);
  const table = tableOf(scope, registry);
  const many = fields.map((field) => pathOf(scope.model, table, field).relations.some((r) => r.many));
  const byId = new Map<QueryValue, QueryValue[]>();
  for (const [id = null, ...row] of found) {
    const known = byId.get(id);
    if (!known)
      byId.set(
        id,
        row.map((value, i) => (many[i] ? (value === null ? [] : [value]) : value)),
      );
    else for (const [i, value] of row.entries()) if (many[i]) add(known[i] as QueryValue[], value);
  }
  return { ...page, rows: page.ids.map((id) => byId.get(id) ?? []) };
}

function add(values: QueryValue[], value: QueryValue): void {
  if (value !== null && !values.includes(value)) values.push(value);
}

export function* pageIds(scope: QueryScope, query: Query): Steps<PageIds> {
  const of = yield* draft(scope, query);
  const terms = yield* orderTerms(of);
  const backwards = query.before !== undefined;
  const cursor = checkCursor(query.before ?? query.after, terms.length + 1);
  const order: PageOrder = { terms, cursor, backwards, limit: Math.min(query.limit ?? usualPage, maxPage) };
  const column = walkable(of);
  const rows = column === null ? yield* sortedPage(of, order) : yield* walkedPage(of, order, column);
  if (backwards) rows.reverse();
  return {
    ids: rows.map((row) => Number(row.at(-1))),
    first: (rows[0] as Cursor | undefined) ?? null,
    last: (rows.at(-1) as Cursor | undefined) ?? null,
  };
}

interface PageOrder {
  terms: readonly OrderTerm[];
  cursor: SqlValue[] | null;
  backwards: boolean;
  limit: number;
}

function checkCursor(cursor: Cursor | undefined, length: number): SqlValue[] | null {
  if (cursor === undefined || cursor.length === 0) return null;
  const plain = cursor.every((value) => value === null || ['string', 'number'].includes(typeof value));
  if (!plain || cursor.length !== length || typeof cursor.at(-1) !== 'number')
    throw new LoamError(
      'ValueError',
      'The cursor belongs to another order. Begin with the first page again.',
    );
  return cursor as SqlValue[];
}

/** Every term and the id; the id goes the way of the last term, so that an index gives both. */
function directions({ terms, backwards }: PageOrder): boolean[] {
  const descending = terms.map((term) => term.descending !== backwards);
  return [...descending, descending.at(-1) ?? backwards];
}

/** All matches, sorted. */
function* sortedPage(of: Draft, order: PageOrder): Steps<SqlValue[][]> {
  const id: OrderTerm = { sql: `${of.joins.root.sql}."id"`, params: [], descending: false };
  const keys = [...order.terms, id];
  const descending = directions(order);
  const params = keys.flatMap((key) => key.params);
  const behind = behindCursor(keys, descending, order.cursor);
  const from = narrowed(of, params, behind.sql);
  params.push(...behind.params);
  const by = keys.map((_, i) => `${i + 1} ${descending[i] ? 'DESC' : 'ASC'}`).join(', ');
  const columns = keys.map((key) => key.sql).join(', ');
  return yield* searching(
    all(`SELECT DISTINCT ${columns} ${from} ORDER BY ${by} LIMIT ?`, [...params, order.limit]),
  );
}

/** Rows after the cursor, key by key; SQLite puts NULL first. */
function behindCursor(
  keys: readonly OrderTerm[],
  descending: readonly boolean[],
  cursor: SqlValue[] | null,
): { sql: string; params: SqlValue[] } {
  if (!cursor) return { sql: '1', params: [] };
  let rest: { sql: string; params: SqlValue[] } = { sql: '0', params: [] };
  for (let i = keys.length - 1; i >= 0; i--) {
    const { sql, params } = keys[i] as OrderTerm;
    const value = cursor[i] ?? null;
    let beyond: { sql: string; params: SqlValue[] };
    if (value === null)
      beyond = descending[i] ? { sql: '0', params: [] } : { sql: `${sql} IS NOT NULL`, params };
    else if (descending[i])
      beyond = { sql: `(${sql} < ? OR ${sql} IS NULL)`, params: [...params, value, ...params] };
    else beyond = { sql: `${sql} > ?`, params: [...params, value] };
    const inner = rest;
    rest = {
      sql: `(${beyond.sql} OR (${sql} IS ? AND ${inner.sql}))`,
      params: [...beyond.params, ...params, value, ...inner.params],
    };
  }
  return rest;
}

/** The root's column whose index gives the order; null where none does. */
function walkable(of: Draft): string | null {
  const [item, ...more] = of.query.order ?? [];
  if (more.length > 0) return null;
  if (item === undefined) return 'id';
  if (typeof item !== 'string') return null;
  const path = pathOf(of.scope.model, of.table, item.replace(/^-/, ''));
  if (path.rest.length > 0 || path.relations.length > 0 || !path.column) return null;
  const { name, indexed, unique } = path.column;
  return name === 'id' || indexed || unique ? name : null;
}

/** A part of the order without NULL among other values, so that its index can be entered anywhere. */
interface Stretch {
  sql: string;
  params: SqlValue[];
}

function* walkedPage(of: Draft, order: PageOrder, column: string): Steps<SqlValue[][]> {
  const walk = createWalk(of, order, column);
  const rows: SqlValue[][] = [];
  let stretches = walk.stretches(order.cursor);
  for (const [i, stretch] of stretches.entries()) {
    rows.push(...(yield* walk.rows(stretch, order.limit - rows.length, shortWalk)));
    if (rows.length >= order.limit) return rows;
    const edge = yield* walk.edge(stretch);
    if (edge) {
      stretches = [...walk.stretches(edge).slice(0, 1), ...stretches.slice(i + 1)];
      break;
    }
    if (i === stretches.length - 1) return rows;
  }
  const params: SqlValue[] = [];
  const from = fromWhere(of, params);
  const id = `${of.joins.root.sql}."id"`;
  const matches = yield* searching(all(`SELECT DISTINCT ${id} ${from} LIMIT ${few + 1}`, params));
  if (matches.length <= few) return yield* walk.among(matches.map(([match]) => Number(match)));
  for (const stretch of stretches) {
    if (rows.length >= order.limit) break;
    rows.push(...(yield* walk.rows(stretch, order.limit - rows.length, null)));
  }
  return rows;
}

/** Goes through the root's rows in the order of one column and asks of each whether it matches. */
function createWalk(of: Draft, order: PageOrder, column: string) {
  const { table, scope } = of;
  const [down = false] = directions(order);
  const way = down ? 'DESC' : 'ASC';
  const value = `p."${column}"`;
  const byId = column === 'id';
  const by = byId ? `p."id" ${way}` : `${value} ${way}, p."id" ${way}`;
  const columns = byId && order.terms.length === 0 ? 'p."id"' : `${value}, p."id"`;
  const seen = scope.hidden(table.name, 'p."id"', true);
  const nullable = !byId && (table.column.get(column)?.nullable ?? false);

  function stretches(cursor: SqlValue[] | null): Stretch[] {
    const values = { sql: `${value} IS NOT NULL`, params: [] };
    const nulls = { sql: `${value} IS NULL`, params: [] };
    const beyond = down ? '<' : '>';
    if (!cursor) {
      if (!nullable) return [{ sql: '1', params: [] }];
      return down ? [values, nulls] : [nulls, values];
    }
    const [at = null, id = null] = byId ? [null, cursor.at(-1)] : cursor;
    if (byId) return [{ sql: `p."id" ${beyond} ?`, params: [id] }];
    if (at === null) {
      const rest = { sql: `${value} IS NULL AND p."id" ${beyond} ?`, params: [id] };
      return down ? [rest] : [rest, values];
    }
    const rest = {
      sql: `${value} ${beyond}= ? AND (${value} ${beyond} ? OR p."id" ${beyond} ?)`,
      params: [at, at, id],
    };
    return down && nullable ? [rest, nulls] : [rest];
  }

  /** Matching rows of a stretch, of its first `within` rows only where that is given. */
  function* rows(stretch: Stretch, limit: number, within: number | null): Steps<SqlValue[][]> {
    const params: SqlValue[] = [...stretch.params];
    const base = `FROM "${table.name}" p WHERE ${stretch.sql}${seen}`;
    const source =
      within === null
        ? `${base} AND`
        : `FROM (SELECT ${columns} ${base} ORDER BY ${by} LIMIT ${within}) p WHERE`;
    const matches = narrowed(of, params, `${of.joins.root.sql}."id" = p."id"`);
    return yield* searching(
      all(`SELECT ${columns} ${source} EXISTS (SELECT 1 ${matches}) ORDER BY ${by} LIMIT ?`, [
        ...params,
        limit,
      ]),
    );
  }

  /** The row at which a short walk of the stretch ends; null where the stretch is no longer. */
  function* edge(stretch: Stretch): Steps<SqlValue[] | null> {
    const sql = `SELECT ${columns} FROM "${table.name}" p WHERE ${stretch.sql}${seen} ORDER BY ${by} LIMIT 1 OFFSET ${shortWalk - 1}`;
    const [row] = yield* all(sql, stretch.params);
    return row ?? null;
  }

  /** The page of these rows. */
  function* among(ids: readonly number[]): Steps<SqlValue[][]> {
    const keys: OrderTerm[] = [{ sql: 'p."id"', params: [], descending: false }];
    if (columns !== 'p."id"') keys.unshift({ sql: value, params: [], descending: false });
    const behind = behindCursor(keys, directions(order), order.cursor);
    const sql = `SELECT ${columns} FROM json_each(?) j CROSS JOIN "${table.name}" p ON p."id" = j.value WHERE ${behind.sql} ORDER BY ${by} LIMIT ?`;
    return yield* all(sql, [JSON.stringify(ids), ...behind.params, order.limit]);
  }

  return { stretches, rows, edge, among };
}
