// What a chart shows: columns on its places, the mark that draws them and how many rows become one value. What is usual
// is chosen from the kinds of the columns; everything can be changed.
import type { ColumnKind, ResultColumn } from './result-sql.ts';

export const MARKS = ['bar', 'histogram', 'line', 'dot', 'box', 'heat'] as const;
export type Mark = (typeof MARKS)[number];
export const AGGREGATES = ['count', 'sum', 'mean', 'median'] as const;
export type Aggregate = (typeof AGGREGATES)[number];
export const PLACES = ['x', 'y', 'colour', 'facet'] as const;
export type Place = (typeof PLACES)[number];

export interface ChartSpec {
  mark: Mark;
  x: string | null;
  y: string | null;
  colour: string | null;
  facet: string | null;
  aggregate: Aggregate;
}

export const markNames: Record<Mark, string> = {
  bar: 'Bars',
  histogram: 'Histogram',
  line: 'Line',
  dot: 'Dots',
  box: 'Boxes',
  heat: 'Heat map',
};
export const placeNames: Record<Place, string> = { x: 'X', y: 'Y', colour: 'Colour', facet: 'Facet' };
export const aggregateNames: Record<Aggregate, string> = {
  count: 'Count of rows',
  sum: 'Sum',
  mean: 'Mean',
  median: 'Median',
};

/** Values stand on a line, not side by side. */
export const isContinuous = (kind: ColumnKind | undefined): boolean => kind === 'number' || kind === 'time';
/** Lists, structs and bytes are on no place of a chart. */
export const isDrawable = ({ kind }: ResultColumn): boolean => kind !== 'other';

/** What the mark needs and does not have, in words; null where it can be drawn. */
export function lacking(spec: ChartSpec, columns: readonly ResultColumn[]): string | null {
  const [x, y] = [columnOf(spec.x, columns), columnOf(spec.y, columns)];
  const continuous = (column: ResultColumn | null) => column !== null && isContinuous(column.kind);
  switch (spec.mark) {
    case 'bar':
      if (!x) return 'Bars need a column on X.';
      break;
    case 'histogram':
      if (!continuous(x)) return 'A histogram needs numbers or times on X.';
      break;
    case 'line':
      if (!continuous(x)) return 'A line needs numbers or times on X.';
      break;
    case 'dot':
      if (!continuous(x) || !continuous(y)) return 'Dots need numbers or times on X and on Y.';
      return null;
    case 'box':
      if (y?.kind !== 'number') return 'Boxes need numbers on Y; X says into which groups they go.';
      return null;
    case 'heat':
      if (!x || !y) return 'A heat map needs a column on X and one on Y.';
  }
  if (spec.aggregate === 'count') return null;
  const value = valueColumn(spec, columns);
  const place = spec.mark === 'heat' ? 'Colour' : 'Y';
  return value?.kind === 'number' ? null : `${aggregateNames[spec.aggregate]} needs numbers on ${place}.`;
}

/** The column whose values are put together: of a heat map the one on Colour. */
export const valueColumn = (spec: ChartSpec, columns: readonly ResultColumn[]): ResultColumn | null =>
  columnOf(spec.mark === 'heat' ? spec.colour : spec.y, columns);

export const columnOf = (name: string | null, columns: readonly ResultColumn[]): ResultColumn | null =>
  name === null ? null : (columns.find((column) => column.name === name) ?? null);

/** The mark that is usual for what is on X and Y. */
export function usualMark(x: ColumnKind | undefined, y: ColumnKind | undefined): Mark {
  if (x === undefined) return y === 'number' ? 'box' : 'bar';
  if (y === undefined) return isContinuous(x) ? 'histogram' : 'bar';
  if (x === 'time' && y === 'number') return 'line';
  if (isContinuous(x) && isContinuous(y)) return 'dot';
  return y === 'number' ? 'box' : 'heat';
}

/** With the column on the place, or the place empty; the mark changes only where it no longer fits. */
export function withColumn(
  spec: ChartSpec,
  place: Place,
  name: string | null,
  columns: readonly ResultColumn[],
): ChartSpec {
  const next = { ...spec, [place]: name };
  if (place === 'x' || place === 'y') {
    const [x, y] = [columnOf(next.x, columns)?.kind, columnOf(next.y, columns)?.kind];
    const before = usualMark(columnOf(spec.x, columns)?.kind, columnOf(spec.y, columns)?.kind);
    if (spec.mark === before || lacking(next, columns) !== null) next.mark = usualMark(x, y);
  }
  return withAggregate(next, columns);
}

/** Of numbers the mean is usual where one value stands for many rows; without numbers rows are counted. */
export function withAggregate(spec: ChartSpec, columns: readonly ResultColumn[]): ChartSpec {
  const numbers = valueColumn(spec, columns)?.kind === 'number';
  if (!numbers && spec.aggregate !== 'count') return { ...spec, aggregate: 'count' };
  const summed = spec.mark === 'bar' || spec.mark === 'line' || spec.mark === 'heat';
  if (numbers && summed && spec.aggregate === 'count') return { ...spec, aggregate: 'mean' };
  return spec;
}

const empty: ChartSpec = { mark: 'bar', x: null, y: null, colour: null, facet: null, aggregate: 'count' };

/** A chart of one column. */
export function chartOf({ name, kind }: ResultColumn): ChartSpec {
  return { ...empty, x: name, mark: usualMark(kind, undefined) };
}

/** So many rows with a name of their own are bars side by side. */
const namedMost = 60;

/** Rows that are groups already, each with its own name or time: their numbers are drawn, not counted. */
function chartsOfGroups(
  columns: readonly ResultColumn[],
  different: ReadonlyMap<string, number>,
  rows: number,
): ChartSpec[] {
  const name = columns.find(
    ({ name, kind }) =>
      different.get(name) === rows && (kind === 'time' || (kind === 'text' && rows <= namedMost)),
  );
  if (!name) return [];
  const numbers = columns.filter(({ kind }) => kind === 'number').slice(0, 2);
  const mark = usualMark(name.kind, 'number') === 'line' ? 'line' : 'bar';
  return numbers.map((one) => ({ ...empty, mark, x: name.name, y: one.name, aggregate: 'sum' }));
}

/**
 * Two charts to begin with: a column that divides the rows into a few groups, and one that measures them; of rows that are
 * groups already, their numbers. `different` tells how many different values a column has, `rows` how many rows there
 * are, where that is known.
 */
export function usualCharts(
  columns: readonly ResultColumn[],
  different: ReadonlyMap<string, number>,
  rows: number | null = null,
): ChartSpec[] {
  const groups = rows === null ? [] : chartsOfGroups(columns, different, rows);
  if (groups.length > 0) return groups;
  const some = (column: ResultColumn, least: number, most: number) => {
    const n = different.get(column.name);
    return n === undefined ? true : n >= least && n <= most;
  };
  const drawable = columns.filter(isDrawable);
  const group =
    drawable.find((one) => one.kind === 'text' && different.has(one.name) && some(one, 2, 30)) ??
    drawable.find((one) => (one.kind === 'text' || one.kind === 'boolean') && some(one, 2, 60));
  const measure =
    drawable.find((one) => one.kind === 'number' && some(one, 8, Infinity)) ??
    drawable.find((one) => isContinuous(one.kind) && some(one, 2, Infinity));
  const found = [group, measure].filter((one) => one !== undefined);
  const rest = drawable.filter((one) => !found.includes(one));
  return [...found, ...rest].slice(0, 2).map(chartOf);
}

/** A title in words: `mean of umi by cell_type`. */
export function titleOf(spec: ChartSpec, columns: readonly ResultColumn[]): string {
  const value = valueColumn(spec, columns);
  const measured =
    spec.aggregate === 'count' || !value ? 'number of rows' : `${spec.aggregate} of ${value.name}`;
  const parts: string[] = [];
  if (spec.mark === 'dot') parts.push(`${spec.y ?? ''} against ${spec.x ?? ''}`);
  else if (spec.mark === 'box') parts.push(`${spec.y ?? ''}${spec.x === null ? '' : ` by ${spec.x}`}`);
  else if (spec.mark === 'heat') parts.push(`${measured} by ${spec.x ?? ''} and ${spec.y ?? ''}`);
  else parts.push(`${measured} by ${spec.x ?? ''}`);
  if (spec.colour !== null && spec.mark !== 'heat' && spec.mark !== 'box')
    parts.push(`coloured by ${spec.colour}`);
  if (spec.facet !== null) parts.push(`one for each ${spec.facet}`);
  const text = parts.join(', ');
  // Names of columns stay as they are.
  return text.startsWith(measured) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
