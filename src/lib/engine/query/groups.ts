// Groups of rows: what rows have in common (`dimensions`) and figures over each group (`measures`), as Django's
// `values(…).annotate(…)` gives them, but that a row counts once in a group however many links lead there.
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { fromWhere, narrowed } from './compile.ts';
import { draft, draftOf, select, type Draft, type Selected } from './draft.ts';
import type { QueryScope } from './prepare.ts';
import type { Query, QueryValue } from './query.ts';
import { searching, tell } from './read.ts';

export type GroupFigure = 'count' | 'sum' | 'min' | 'max' | 'mean';

export interface GroupSpec {
  /** Fields or chains of fields. None: one group of all rows. */
  dimensions: readonly string[];
  measures: readonly { field: string; figure: GroupFigure }[];
  /** 1,000 unless said otherwise, at most 10,000. */
  limit?: number;
}

export interface Groups {
  /** Values of the dimensions, then the measures, ordered by the dimensions. */
  rows: QueryValue[][];
  /** There are more groups than are listed. */
  more: boolean;
}

const mostFields = 20;

export function* groupRows(scope: QueryScope, query: Query, spec: GroupSpec): Steps<Groups> {
  const { dimensions, measures } = spec;
  if (dimensions.length + measures.length > mostFields)
    throw new LoamError('InvalidArgument', `There are more than ${mostFields} dimensions and measures.`);
  if (dimensions.length + measures.length === 0)
    throw new LoamError('InvalidArgument', 'Name a dimension or a measure to group by.');
  const limit = Math.max(1, Math.min(spec.limit ?? 1_000, 10_000));
  const of = yield* draft(scope, { ...query, order: [] });
  // What filters join must not decide which values are counted.
  const filtered = of.joins.aliases.some((alias) => alias.hop?.many);
  const base = filtered ? draftOf(scope, { registry: query.registry }, of.table, []) : of;
  const keys = dimensions.map((name) => select(base, name));
  const counted = measures.map(({ field, figure }) => measured(base, field, figure));
  const params: SqlValue[] = [...keys, ...counted].flatMap((field) => field.params);
  const id = `${base.joins.root.sql}."id"`;
  const columns = [
    `${id} AS r`,
    ...keys.map((field, i) => `${field.sql} AS d${i}`),
    ...counted.map((field, i) => `${field.sql} AS m${i}`),
  ];
  const from = filtered ? among(base, of, id, params) : fromWhere(base, params);
  // Several links to one value would repeat the row within its group.
  const repeats = base.joins.aliases.some((alias) => alias.hop?.many);
  const inner = `SELECT ${repeats ? 'DISTINCT ' : ''}${columns.join(', ')} ${from}`;
  const figures = measures.map(({ figure }, i) => figureSql(figure, `m${i}`));
  const told = [...keys.map((_, i) => `d${i}`), ...figures].join(', ');
  const by = keys.map((_, i) => String(i + 1)).join(', ');
  const grouped = by === '' ? '' : ` GROUP BY ${by} ORDER BY ${by}`;
  const rows = yield* searching(
    all(`SELECT ${told} FROM (${inner})${grouped} LIMIT ?`, [...params, limit + 1]),
  );
  return {
    rows: rows.slice(0, limit).map((row) => row.map((value, i) => shown(i, value))),
    more: rows.length > limit,
  };

  function shown(i: number, value: SqlValue): QueryValue {
    const key = keys[i];
    if (key) return tell(key.type, value);
    const at = i - keys.length;
    const field = counted[at];
    const extreme = measures[at]?.figure === 'min' || measures[at]?.figure === 'max';
    return field && extreme ? tell(field.type, value) : tell('int', value);
  }
}

function figureSql(figure: GroupFigure, column: string): string {
  return `${figure === 'mean' ? 'avg' : figure}(${column})`;
}

/** A field that a figure is made of: counts take any, sums and means numbers, extremes what has an order. */
function measured(of: Draft, name: string, figure: GroupFigure): Selected {
  const field = select(of, name);
  const fits =
    figure === 'count' ||
    ['int', 'bool', 'year', 'key'].includes(field.type) ||
    (['min', 'max'].includes(figure) && field.type !== 'json');
  if (fits) return field;
  throw new LoamError(
    'FieldError',
    `There is no ${figure} of ${name}: it holds no numbers. Count it instead.`,
    {
      field: name,
    },
  );
}

function among(base: Draft, of: Draft, id: string, params: SqlValue[]): string {
  const own: SqlValue[] = [];
  const inner = `${id} IN (SELECT ${of.joins.root.sql}."id" ${fromWhere(of, own)})`;
  const from = narrowed(base, params, inner);
  params.push(...own);
  return from;
}
