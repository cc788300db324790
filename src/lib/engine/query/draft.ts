// A query on its way to a statement: its filters compiled, its joins open for the fields that are read and that order.
import { LoamError } from '../errors.ts';
import { findRegistry } from '../model/name-field.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { one, type Steps } from '../statement.ts';
import { createJoins, column, type Alias, type Counter, type Joins } from './joins.ts';
import { isSubquery, transformed, type Subquery } from './lookups.ts';
import { columnType, type OperandType } from './operands.ts';
import { endOf, pathOf } from './paths.ts';
import { prepareFilter, type QueryScope } from './prepare.ts';
import type { Query } from './query.ts';
import { possibleHits, type PossibleHits } from '../write/search-index.ts';
import { createWhere, operandOf, type Test, type Where } from './where.ts';

/** One field that is read: its expression, and how its value is told. */
export interface Selected {
  name: string;
  sql: string;
  params: SqlValue[];
  type: OperandType;
}

/** A query as it is being put together: what orders, pages and counts add to. */
export interface Draft {
  scope: QueryScope;
  query: Query;
  table: Table;
  joins: Joins;
  counter: Counter;
  wheres: Where[];
  /** Joins to values of a feature that filters have made, and what further filters ask of its values. */
  featureJoins: Map<number, { alias: Alias; further: Subquery[] }>;
}

export function tableOf(scope: QueryScope, registry: string): Table {
  const table = findRegistry(scope.model, registry);
  if (!table)
    throw new LoamError('InvalidArgument', `There is no registry "${registry.slice(0, 60)}".`, {
      registry: registry.slice(0, 60),
    });
  return table;
}

export function* draft(scope: QueryScope, query: Query): Steps<Draft> {
  const table = tableOf(scope, query.registry);
  const calls: Test[] = [];
  const { filters = [] } = query;
  // A query starts with `Registry.filter()`; what is excluded later is taken from that.
  const first = filters[0];
  const conditions = first === undefined || '$not' in first ? [{}, ...filters] : filters;
  for (const condition of conditions) calls.push(...(yield* prepareFilter(scope, table, condition)));
  const of = draftOf(scope, query, table, calls);
  for (const text of query.texts ?? []) {
    const hits = possibleHits(scope.index, table, text);
    if (hits && (yield* isRare(hits))) of.wheres.push(among(of, hits));
  }
  return of;
}

/** Of what many rows have, a walk along the order soon finds a page; gathering all of them first would take longer. */
const many = 2_000;

function* isRare({ sql, params }: PossibleHits): Steps<boolean> {
  const row = yield* one(`SELECT count(*) FROM (SELECT 1 FROM (${sql}) LIMIT ?)`, [...params, many + 1]);
  return Number(row?.[0]) <= many;
}

/** The rows that an index of texts names. */
export const among = (of: Draft, { sql, params }: PossibleHits): Where => ({
  sql: `${of.joins.root.sql}."id" IN (${sql})`,
  params,
  strict: new Set(),
});

/** From calls that are prepared already. */
export function draftOf(scope: QueryScope, query: Query, table: Table, calls: readonly Test[]): Draft {
  const counter: Counter = { next: 0 };
  const joins = createJoins(table, counter, scope.hidden);
  const builder = createWhere(scope.model, joins, counter, scope.ranges);
  const featureJoins: Draft['featureJoins'] = new Map();
  const wheres = calls.map((call) => {
    const { where, made } = builder.filter(call);
    const alias = [...made].find((a) => a.parent === joins.root);
    if (call.kind === 'lookup' && call.feature !== undefined && alias) {
      const known = featureJoins.get(call.feature);
      if (!known) featureJoins.set(call.feature, { alias, further: [] });
      else if (isSubquery(call.value)) known.further.push(call.value);
    }
    return where;
  });
  return { scope, query, table, joins, counter, wheres, featureJoins };
}

/** A field to read: `key`, `run__transform__uid`, `ulabels__name`, `created_at__year`, `params__lr`. */
export function select(of: Draft, name: string): Selected {
  const path = pathOf(of.scope.model, of.table, name);
  const { hops, column: last } = endOf(path);
  let alias = of.joins.root;
  for (const hop of hops) alias = of.joins.join(alias, hop, null);
  if (!path.column) {
    if (path.rest.length > 0) transformed(operandOf(path, alias, last), path.rest[0] ?? '', path.rest);
    const own = alias.table.column.get(last);
    return { name, sql: column(alias, last), params: [], type: own ? columnType(own) : 'int' };
  }
  let operand = operandOf(path, alias, last);
  for (const part of path.rest) operand = transformed(operand, part, [part]);
  return { name, sql: operand.sql, params: operand.params, type: operand.type };
}
