// A query as one SQL statement. Fields that are read and fields that order share the joins of the filters (Django reuses
// the newest one); without an order rows come by id, where LaminDB leaves it open.
import type { SqlValue } from '../ports.ts';
import type { Steps } from '../statement.ts';
import type { Draft, Selected } from './draft.ts';
import { orderTerms } from './order.ts';

export interface Statement {
  sql: string;
  params: SqlValue[];
}

/** `SELECT …` of the fields, ordered, cut to the query's limit and offset. */
export function* selectStatement(of: Draft, selected: readonly Selected[]): Steps<Statement> {
  const { query } = of;
  const order = yield* orderTerms(of);
  const columns = selected.map((field, i) => `${field.sql} AS c${i}`);
  const params = selected.flatMap((field) => field.params);
  if (query.distinct) {
    // What orders is part of a row, as in Django.
    for (const [i, term] of order.entries()) {
      columns.push(`${term.sql} AS o${i}`);
      params.push(...term.params);
    }
  }
  const parts = [`SELECT ${query.distinct ? 'DISTINCT ' : ''}${columns.join(', ')}`, fromWhere(of, params)];
  const byId = `${of.joins.root.sql}."id"`;
  const terms = order.map((term) => `${term.sql} ${term.descending ? 'DESC' : 'ASC'}`);
  for (const term of order) params.push(...term.params);
  if (!order.some((term) => term.sql === byId)) {
    if (!query.distinct || selected.some((field) => field.sql === byId)) terms.push(byId);
    else if (terms.length === 0) terms.push(...selected.map((_, i) => `c${i}`));
  }
  if (terms.length > 0) parts.push(`ORDER BY ${terms.join(', ')}`);
  if (typeof query.limit === 'number' || query.offset) {
    parts.push('LIMIT ? OFFSET ?');
    params.push(query.limit ?? -1, query.offset ?? 0);
  }
  return { sql: parts.join(' '), params };
}

/** `fromWhere` with one more condition, which comes last. */
export function narrowed(of: Draft, params: SqlValue[], condition: string): string {
  const from = fromWhere(of, params);
  const some = of.wheres.some((where) => where.sql !== '1') || of.joins.own() !== '';
  return `${from} ${some ? 'AND' : 'WHERE'} ${condition}`;
}

/** `FROM … WHERE …`; pushes the parameters of the conditions. */
export function fromWhere(of: Draft, params: SqlValue[]): string {
  const strict = new Set(of.wheres.flatMap((where) => [...where.strict]));
  const tests = of.wheres.filter((where) => where.sql !== '1');
  for (const where of tests) params.push(...where.params);
  const condition = tests.map((where) => `(${where.sql})`).join(' AND ');
  const own = of.joins.own();
  const all = condition === '' ? own.replace(/^ AND /, '') : condition + own;
  return `${of.joins.sql(strict)}${all === '' ? '' : ` WHERE ${all}`}`;
}

/** How many rows there are, joins repeating them as in the rows themselves. */
export function countStatement(of: Draft): Statement {
  const params: SqlValue[] = [];
  const what = of.query.distinct ? `DISTINCT ${of.joins.root.sql}."id"` : '*';
  const sql = `SELECT count(${what}) ${fromWhere(of, params)}`;
  const alone = of.wheres.length === 1 && of.joins.aliases.every((alias) => !alias.parent);
  // With nothing but the branch to go by its index is the fastest way to count.
  return { sql: alone ? sql.replace(/\+(t\d+\."branch_id" IN)/, '$1') : sql, params };
}
