// Rows, counts and single objects of a query: the statements run, and SQLite's values as LaminDB tells them (booleans, ISO
// times with offset, parsed JSON).
import { LoamError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { nothingHidden, type Hidden } from '../write/hidden.ts';
import type { Journal } from '../write/journal.ts';
import { all, one, type Steps } from '../statement.ts';
import { countStatement, fromWhere, narrowed, selectStatement } from './compile.ts';
import { draft, select, tableOf, type Selected } from './draft.ts';
import { getId } from './get.ts';
import type { Subquery } from './lookups.ts';
import type { OperandType } from './operands.ts';
import type { QueryScope } from './prepare.ts';
import type { Query, QueryValue } from './query.ts';
import { searchFailure, startSearching } from './regex.ts';

/** What the writer keeps beside the rows so that questions need not read them all. */
export type Derived = Partial<Pick<Journal, 'search' | 'facets' | 'zones'>>;

/** A query's view of the database: whose branch, and how references and inner queries are read. */
export function createScope(
  model: Model,
  branches: readonly number[],
  hidden: Hidden = nothingHidden,
  { search = null, facets = null, zones = null }: Derived = {},
  each = false,
  ranges = true,
): QueryScope {
  const scope: QueryScope = {
    model,
    branches,
    hidden,
    index: search,
    counters: facets,
    zones,
    each,
    ranges,
    *row(registry, lookups) {
      const table = tableOf(scope, registry);
      return { $row: { table: table.name, id: yield* getId(scope, registry, lookups) } };
    },
    *subquery(query) {
      if (query.ofRow) return yield* rowTest(scope, query);
      const { sql, params } = yield* statementOf(scope, query, ['id']);
      return { $sql: sql, params } satisfies Subquery;
    },
  };
  return scope;
}

/** The same scope for the rows of a walk. */
export const walking = ({ model, branches, hidden, index, counters, zones }: QueryScope): QueryScope =>
  createScope(model, branches, hidden, { search: index, facets: counters, zones }, true);

function* rowTest(scope: QueryScope, query: Query): Steps<Subquery> {
  const of = yield* draft(scope, query);
  const id = `${of.joins.root.sql}."id"`;
  const params: SqlValue[] = [];
  const from = scope.each ? narrowed(of, params, `${id} = p."id"`) : fromWhere(of, params);
  return { $sql: `SELECT ${id} ${from}`, params };
}

/** Ids of the branches a query sees by default: the named or checked-out one, then main. */
export function* branchesOf(branch: string | undefined): Steps<number[]> {
  if (branch === undefined || branch === 'main') return [1];
  const row = yield* one('SELECT id FROM lamindb_branch WHERE name = ?1 OR uid = ?1 ORDER BY id LIMIT 1', [
    branch,
  ]);
  if (!row)
    throw new LoamError('DoesNotExist', `There is no branch "${branch.slice(0, 60)}" in this database.`, {
      branch: branch.slice(0, 60),
    });
  const id = Number(row[0]);
  return id === 1 ? [1] : [id, 1];
}

function* statementOf(scope: QueryScope, query: Query, fields: readonly string[]) {
  const of = yield* draft(scope, query);
  return yield* selectStatement(
    of,
    fields.map((field) => select(of, field)),
  );
}

/** The fields of every row, in the order of the query. */
export function* readRows(scope: QueryScope, query: Query, fields: readonly string[]): Steps<QueryValue[][]> {
  const of = yield* draft(scope, query);
  const selected = fields.map((field) => select(of, field));
  const { sql, params } = yield* selectStatement(of, selected);
  const rows = yield* searching(all(sql, params));
  return rows.map((row) => selected.map((field, i) => told(field, row[i] ?? null)));
}

export function* countRows(scope: QueryScope, query: Query): Steps<number> {
  const { sql, params } = countStatement(yield* draft(scope, query));
  const [row] = yield* searching(all(sql, params));
  return Number(row?.[0] ?? 0);
}

export function* readIds(scope: QueryScope, query: Query): Steps<number[]> {
  const { sql, params } = yield* statementOf(scope, query, ['id']);
  return (yield* searching(all(sql, params))).map((row) => Number(row[0]));
}

/** Runs a statement that may match patterns: with a budget of steps, and with the error of the pattern in words. */
export function* searching<T>(steps: Steps<T>): Steps<T> {
  startSearching();
  let answer: T;
  try {
    answer = yield* steps;
  } catch (error) {
    throw searchFailure() ?? error;
  }
  const failure = searchFailure();
  if (failure) throw failure;
  return answer;
}

const told = (field: Selected, value: SqlValue): QueryValue => tell(field.type, value);

/** A stored value as LaminDB's Python would print it in JSON. */
export function tell(type: OperandType, value: SqlValue): QueryValue {
  if (value === null) return null;
  switch (type) {
    case 'bool':
      return value === 1;
    case 'datetime':
      return isoformat(String(value));
    case 'json':
      return parsed(String(value));
    case 'key':
      return typeof value === 'string' ? parsed(value) : (value as number);
    default:
      return typeof value === 'bigint' ? String(value) : (value as QueryValue);
  }
}

function parsed(text: string): QueryValue {
  try {
    return JSON.parse(text) as QueryValue;
  } catch {
    return text;
  }
}

/** `YYYY-MM-DD HH:MM:SS[.f…]` -> `YYYY-MM-DDTHH:MM:SS[.ffffff]+00:00`. */
export function isoformat(text: string): string {
  const [seconds = text, fraction = ''] = text.split('.');
  const micros = fraction.padEnd(6, '0').slice(0, 6);
  return `${seconds.replace(' ', 'T')}${micros === '000000' ? '' : `.${micros}`}+00:00`;
}
