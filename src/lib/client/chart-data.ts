// The data of a chart: limits and frequent values first, so that steps are round and groups few, then one statement for
// what is drawn. What is left out or sampled is told in words.
import {
  type Axes,
  type Axis,
  boxesSql,
  countSql,
  DOTS_MOST,
  dotsSql,
  groupedSql,
  groupsSql,
  limitsSql,
  NULL,
} from './chart-sql.ts';
import { type ChartSpec, columnOf, isContinuous, valueColumn } from './chart-spec.ts';
import { numberStep, stepEnd, tidy, timeStep } from './chart-steps.ts';
import type { Queries } from './duckdb.ts';
import { ask, type AskOptions, type Plain } from './result-ask.ts';
import { isWhole, type ResultColumn } from './result-sql.ts';
import { count, plural } from './words.ts';

/** One thing that is drawn. Places on lines are numbers (seconds for times), groups are texts. */
export interface Datum {
  x: number | string | null;
  /** End of the step. */
  x2: number | null;
  y: number | string | null;
  y2: number | null;
  colour: string | null;
  facet: string | null;
  /** What was put together; null where nothing had a value. */
  value: number | null;
  /** Rows behind it. */
  n: number;
  box: { q1: number; q2: number; q3: number; low: number; high: number; beyond: number } | null;
}

export interface ChartData {
  axes: Axes;
  data: Datum[];
  /** What is left out or sampled, in sentences. */
  notes: string[];
  /** Rows that were drawn or put together. */
  rows: number;
}

const most = { bar: 30, box: 24, heat: 30, colour: 8, facet: 6, histogram: 40, line: 150, heatSteps: 40 };

export async function chartData(
  queries: Pick<Queries, 'run'>,
  sql: string,
  spec: ChartSpec,
  columns: readonly ResultColumn[],
  options: AskOptions,
): Promise<ChartData> {
  const column = (name: string | null) => columnOf(name, columns);
  const rowsOf = async (statement: string) =>
    (await ask(queries, statement, { ...options, most: 200_000 })).rows;
  const notes: string[] = [];

  async function limits(of: ResultColumn): Promise<{ lo: number; hi: number; n: number }> {
    const [[lo, hi, n] = []] = await rowsOf(limitsSql(sql, of));
    return { lo: Number(lo ?? 0), hi: Number(hi ?? 0), n: Number(n ?? 0) };
  }
  async function groups(of: ResultColumn, limit: number, rest: 'together' | 'left out'): Promise<Axis> {
    const found = await rowsOf(groupsSql(sql, of, limit));
    const total = Number(found[0]?.[2] ?? 0);
    if (total > found.length)
      notes.push(
        `${of.name}: the ${found.length} most frequent of ${plural(total, 'value')}${rest === 'together' ? ', the others together' : ''}.`,
      );
    return { of: 'groups', column: of, groups: sorted(of, found), total, rest };
  }
  async function steps(of: ResultColumn, limit: number): Promise<Axis> {
    const { lo, hi } = await limits(of);
    const step = of.kind === 'time' ? timeStep(lo, hi, limit) : numberStep(lo, hi, limit, isWhole(of.type));
    return { of: 'steps', column: of, step, lo, hi };
  }
  const place = (of: ResultColumn | null, limit: number, stepLimit: number) =>
    of === null ? null : isContinuous(of.kind) ? steps(of, stepLimit) : groups(of, limit, 'left out');

  const [x, y] = [column(spec.x), column(spec.y)];
  const axes: Axes = { x: null, y: null, colour: null, facet: null };
  const facet = column(spec.facet);
  if (facet) axes.facet = await groups(facet, most.facet, 'left out');
  const colour = spec.mark === 'heat' || spec.mark === 'box' ? null : column(spec.colour);
  if (colour) axes.colour = await groups(colour, most.colour, 'together');

  if (spec.mark === 'dot' && x && y) {
    for (const [name, of] of [
      ['x', x],
      ['y', y],
    ] as const) {
      const { lo, hi } = await limits(of);
      axes[name] = { of: 'values', column: of, lo, hi };
    }
    const [[all] = []] = await rowsOf(countSql(sql, axes));
    const points = Number(all ?? 0);
    const sampled = points > DOTS_MOST;
    if (sampled) notes.push(`${count(DOTS_MOST)} of ${count(points)} points, drawn at random.`);
    const rows = await rowsOf(dotsSql(sql, axes, sampled));
    return { axes, notes, rows: rows.length, data: rows.map((row) => datum(axes, row, false)) };
  }
  if (spec.mark === 'box' && y) {
    if (x) axes.x = await groups(x, most.box, 'left out');
    const rows = await rowsOf(boxesSql(sql, axes, y));
    const data = rows.map(([of, row, q1, q2, q3, low, high, beyond, n]) => ({
      ...nothing,
      x: text(of ?? null),
      facet: facet ? text(row ?? null) : null,
      n: Number(n),
      box: {
        q1: Number(q1),
        q2: Number(q2),
        q3: Number(q3),
        low: Number(low),
        high: Number(high),
        beyond: Number(beyond),
      },
    }));
    return { axes, notes, data: inOrder(data, axes), rows: data.reduce((sum, { n }) => sum + n, 0) };
  }
  if (spec.mark === 'bar' && x) axes.x = await groups(x, most.bar, 'left out');
  else
    axes.x = await place(
      x,
      most.heat,
      spec.mark === 'line' ? most.line : spec.mark === 'heat' ? most.heatSteps : most.histogram,
    );
  if (spec.mark === 'heat') axes.y = await place(y, most.heat, most.heatSteps);
  const rows = await rowsOf(groupedSql(sql, axes, spec.aggregate, valueColumn(spec, columns)));
  const data = rows.map((row) => datum(axes, row, true));
  return { axes, notes, data: inOrder(data, axes), rows: data.reduce((sum, { n }) => sum + n, 0) };
}

/** Numbers and days on an axis of groups stand in their own order, other values by how many rows have them. */
function sorted(of: ResultColumn, found: readonly Plain[][]): string[] {
  const values = found.map(([label]) => String(label));
  if (of.kind === 'number') return values.sort((a, b) => Number(a) - Number(b));
  return of.kind === 'time' || of.kind === 'clock' ? values.sort() : values;
}

const text = (value: Plain): string => (value === null ? NULL : String(value));
const nothing: Datum = {
  x: null,
  x2: null,
  y: null,
  y2: null,
  colour: null,
  facet: null,
  value: null,
  n: 1,
  box: null,
};

function datum(axes: Axes, row: readonly Plain[], grouped: boolean): Datum {
  const made = { ...nothing };
  let at = 0;
  for (const name of ['x', 'y', 'colour', 'facet'] as const) {
    const axis = axes[name];
    if (!axis) continue;
    const value = row[at++] ?? null;
    if (name === 'colour' || name === 'facet') made[name] = text(value);
    else if (axis.of === 'groups') made[name] = text(value);
    else if (axis.of === 'values') made[name] = Number(value);
    else {
      const { step } = axis;
      const from = 'unit' in step ? Number(value) : tidy(step.from + Number(value) * step.every, step.every);
      made[name] = from;
      made[name === 'x' ? 'x2' : 'y2'] = stepEnd(step, from);
    }
  }
  if (grouped) {
    const value = row[at] ?? null;
    made.value = value === null ? null : Number(value);
    made.n = Number(row[at + 1] ?? 0);
  }
  return made;
}

function inOrder(data: Datum[], axes: Axes): Datum[] {
  const rank = (axis: Axis | null, value: number | string | null) =>
    axis?.of === 'groups' ? axis.groups.indexOf(String(value)) : Number(value ?? 0);
  return data.sort((a, b) => rank(axes.x, a.x) - rank(axes.x, b.x) || rank(axes.y, a.y) - rank(axes.y, b.y));
}
