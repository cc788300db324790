// Conditions as SQL with Django's meaning (5.2): which look-ups share a join, NULL under a negation, and `exclude` over
// many-valued relations, which asks per look-up whether there is no such row (so `exclude(a__x=1, a__y=2)` is not the
// opposite of the filter). Joins are LEFT unless a condition makes sure of their row: the rows are the same as Django's.
import type { Model } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { column, createJoins, type Alias, type Counter, type Joins } from './joins.ts';
import { buildLookup, isSubquery, type Built, type Subquery } from './lookups.ts';
import { columnType, type Operand } from './operands.ts';
import { endOf, pathOf, type Path } from './paths.ts';
import type { QueryValue } from './query.ts';

/** A condition whose values are ready: references resolved, features turned into look-ups. */
export type Test =
  | { kind: 'and' | 'or'; items: Test[] }
  | { kind: 'not'; item: Test }
  | {
      kind: 'lookup';
      lookup: string;
      value: QueryValue | Subquery;
      /** Holds for nearly every row, so no index should be taken for it. */
      residual?: boolean;
      /** The feature whose plain values this joins. */
      feature?: number;
    };

export interface Where {
  sql: string;
  params: SqlValue[];
  /** Aliases that have a row wherever the condition holds. */
  strict: Set<Alias>;
  /** The condition is that the row's id is among these, and nothing else. */
  among?: Subquery;
}

interface Context {
  joins: Joins;
  /** Joins into many rows that this filter has made. */
  reuse: Set<Alias>;
  /** Somewhere above is a negation; above are an odd number of them. */
  negated: boolean;
  odd: boolean;
}

export interface WhereBuilder {
  /** The condition of one `.filter(…)`; a negated one is `.exclude(…)`. `made` are the joins it has used. */
  filter(test: Test): { where: Where; made: Set<Alias> };
}

export function createWhere(
  model: Model,
  joins: Joins,
  counter: Counter,
  /** Starts of texts as ranges, too, where an index serves them. */
  ranges = true,
): WhereBuilder {
  const operandAt = (path: Path, alias: Alias, name: string): Operand => {
    const operand = operandOf(path, alias, name);
    return ranges ? operand : { ...operand, indexed: false };
  };

  function build(test: Test, context: Context): Where {
    if (test.kind === 'lookup') return lookup(test.lookup, test.value, context, test.residual);
    if (test.kind === 'not') {
      const inner = build(test.item, { ...context, negated: true, odd: !context.odd });
      return { sql: `NOT (${inner.sql})`, params: inner.params, strict: new Set() };
    }
    const items = test.items.map((item) => build(item, context));
    if (items.length === 0) return { sql: '1', params: [], strict: new Set() };
    const [first] = items;
    if (items.length === 1 && first) return first;
    const all = test.kind === 'and';
    return {
      sql: items.map((item) => `(${item.sql})`).join(all ? ' AND ' : ' OR '),
      params: items.flatMap((item) => item.params),
      strict: items
        .map((item) => item.strict)
        .reduce((a, b) => (all ? new Set([...a, ...b]) : new Set([...a].filter((alias) => b.has(alias))))),
    };
  }

  function lookup(name: string, value: QueryValue | Subquery, context: Context, residual?: boolean): Where {
    const path = pathOf(model, joins.root.table, name);
    if (context.negated && path.relations.some((relation) => relation.many))
      return excluded(path, value, context);
    const { hops, column: last } = endOf(path);
    const taken = [context.joins.root];
    for (const hop of hops)
      taken.push(context.joins.join(taken.at(-1) as Alias, hop, hop.many ? context.reuse : null));
    for (const alias of taken) context.reuse.add(alias);
    const alias = taken.at(-1) as Alias;
    const operand = operandAt(path, alias, last);
    // No index helps to find what is not there: the ranges that would lead to it only cost time.
    if (context.negated) operand.indexed = false;
    // The unary plus hides the column from SQLite's planner (model.md §7.2).
    const built = buildLookup(residual ? { ...operand, sql: `+${operand.sql}` } : operand, path.rest, value);
    const { sql, params } = built;
    const strict = built.isNull === true ? [] : [alias];
    if (context.odd && built.isNull === null && value !== null && nullable(alias, last)) {
      // NULL differs from every value, in Python as under this NOT.
      return { sql: `${sql} AND ${operand.sql} IS NOT NULL`, params, strict: new Set(strict) };
    }
    const among = alias === context.joins.root && last === 'id' && isSubquery(value) ? { among: value } : {};
    return { sql, params, strict: new Set(strict), ...among };
  }

  /** NOT (…) of the caller turns this into "there is no such row". */
  function excluded(path: Path, value: QueryValue | Subquery, context: Context): Where {
    const { hops, column: last } = endOf(path);
    const first = hops.findIndex((hop) => hop.many);
    const many = hops[first];
    if (!many) throw new Error(`${path.name} leads to one row`);
    // Rows that have nothing there are found only from the row before: `__isnull=True`.
    const asksForNone = isNullTest(path, value);
    const before = first === 0 ? joins.root.table : (hops[first - 1]?.table ?? joins.root.table);
    const inner = createJoins(asksForNone ? before : many.table, counter, joins.hidden);
    const start = inner.root;
    let alias = start;
    for (const hop of hops.slice(asksForNone ? first : first + 1)) alias = inner.join(alias, hop, null);
    const built = buildLookup(operandAt(path, alias, last), path.rest, value);
    const tests = [built.sql];
    const same = sameJoin(path, first + (asksForNone ? 0 : 1), context);
    const outer = same ? null : outerColumn(path, first, context);
    if (same) tests.push(`${column(start, 'id')} = ${column(same, 'id')}`);
    else tests.push(`${column(start, asksForNone ? 'id' : many.to)} = ${outer}`);
    const strict: Set<Alias> = asksForNone ? new Set() : new Set([alias]);
    let sql = `EXISTS (SELECT 1 ${inner.sql(strict)} WHERE ${tests.map((t) => `(${t})`).join(' AND ')}${inner.own()})`;
    if (asksForNone && outer !== null && hops.slice(0, first).some((hop) => hop.nullable))
      sql = `${sql} OR ${outer} IS NULL`;
    return { sql, params: built.params, strict: new Set() };
  }

  /** What the inner rows belong to: the id before the first step into many rows. */
  function outerColumn(path: Path, first: number, context: Context): string {
    const prefix = endOf(path).hops.slice(0, first);
    const from = prefix.at(-1);
    let alias = context.joins.root;
    context.reuse.add(alias);
    for (const hop of prefix.slice(0, -1)) {
      alias = context.joins.join(alias, hop, null);
      context.reuse.add(alias);
    }
    return column(alias, from ? from.from : 'id');
  }

  /**
   * Django's rule within one filter: where it has joined the same table before, the row that must not be is that one.
   * It goes by the alias's name, which is the table's for its first use and T2, T3 … for later ones.
   */
  function sameJoin(path: Path, position: number, context: Context): Alias | null {
    const tables = [joins.root.table, ...endOf(path).hops.map((hop) => hop.table)];
    const table = tables[position];
    const name = tables.indexOf(table as never) === position ? table?.name : `T${position + 1}`;
    return [...context.reuse].find((alias) => alias.name === name) ?? null;
  }

  function isNullTest(path: Path, value: QueryValue | Subquery): boolean {
    const probe = createJoins(joins.root.table, { next: 0 });
    const built: Built = buildLookup(operandOf(path, probe.root, 'id'), path.rest, value);
    return built.isNull === true;
  }

  return {
    filter(test) {
      const made = new Set<Alias>();
      return { where: build(test, { joins, reuse: made, negated: false, odd: false }), made };
    },
  };
}

/** The column at the end of a path as the left side of a look-up. */
export function operandOf(path: Path, alias: Alias, name: string): Operand {
  const sql = column(alias, name);
  const common = { sql, params: [], name: path.name };
  const relation = path.column ? null : path.relations.at(-1);
  if (relation) return { ...common, type: 'relation', target: relation.target };
  const own = path.column;
  if (!own) throw new Error(`${path.name} has no end`);
  return { ...common, type: columnType(own), indexed: own.indexed || own.unique };
}

function nullable(alias: Alias, name: string): boolean {
  return alias.optional || (alias.table.column.get(name)?.nullable ?? false);
}
