// The charts of the Query screen: which there are and what they show. They stay while the columns they show do, so that
// a changed condition does not take them away.
import { columnsOf } from './profiler.ts';
import { type ChartSpec, columnOf, PLACES, usualCharts } from './chart-spec.ts';
import { chartData, type ChartData } from './chart-data.ts';
import type { AskOptions } from './result-ask.ts';
import type { ResultColumn } from './result-sql.ts';
import { resultFilters } from './result-filters.svelte.ts';
import { isLoamError } from '../engine/errors.ts';

/** More of them would be no overview. */
export const CHARTS_MOST = 6;

export interface ShownChart {
  id: string;
  spec: ChartSpec;
}

let list = $state.raw<readonly ShownChart[]>([]);
let made = 0;

const fits = ({ spec }: ShownChart, columns: readonly ResultColumn[]) =>
  PLACES.every((place) => spec[place] === null || columnOf(spec[place], columns) !== null);

export const charts = {
  get list() {
    return list;
  },
  /** Keeps those whose columns are there; where none is left, what is usual takes their place. */
  follow(
    columns: readonly ResultColumn[],
    different: ReadonlyMap<string, number>,
    rows: number | null,
  ): void {
    for (const one of list) if (!fits(one, columns)) resultFilters.drop(one.id);
    const kept = list.filter((one) => fits(one, columns));
    if (kept.length === 0)
      list = usualCharts(columns, different, rows).map((spec) => ({ id: `chart-${++made}`, spec }));
    else if (kept.length < list.length) list = kept;
  },
  add(spec: ChartSpec): void {
    if (list.length < CHARTS_MOST) list = [...list, { id: `chart-${++made}`, spec }];
  },
  change(id: string, spec: ChartSpec): void {
    const before = list.find((one) => one.id === id)?.spec;
    // A filter stays where the axis that it was drawn on does.
    if (before && (before.x !== spec.x || before.y !== spec.y)) resultFilters.drop(id);
    list = list.map((one) => (one.id === id ? { id, spec } : one));
  },
  remove(id: string): void {
    resultFilters.drop(id);
    list = list.filter((one) => one.id !== id);
  },
};

/** Once more where the worker was replaced for the sake of another question. */
async function patiently<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isLoamError(error, 'ConnectionLost') || signal?.aborted) throw error;
    return work();
  }
}

export async function askColumns(sql: string, options: AskOptions): Promise<ResultColumn[]> {
  const { lookQueries } = await import('./queries.ts');
  return patiently(() => columnsOf(lookQueries, sql, options), options.signal);
}

export async function askChart(
  sql: string,
  spec: ChartSpec,
  columns: readonly ResultColumn[],
  options: AskOptions,
): Promise<ChartData> {
  const { lookQueries } = await import('./queries.ts');
  return patiently(() => chartData(lookQueries, sql, spec, columns, options), options.signal);
}
