// Bars of a summary: which parts a range of numbers, sizes or days is cut into, and the condition each part stands for.
// Parts do not overlap, and the condition of a bar finds the rows that the bar counts. No SQL here.
import type { FilterGroup, FilterNode, FilterTest, TestOp } from './view.ts';

export interface BarSpec {
  field: string;
  feature?: boolean;
}

export type TimeUnit = 'day' | 'week' | 'month' | 'year';

/** A part of a time axis: days, both included. */
export interface TimePart {
  from: string;
  to: string;
}

/** Lower bounds of the classes of sizes, in bytes: each holds sizes up to the next one, the last all that are larger. */
export const sizeClasses = [0, 1e3, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12] as const;

const mostParts = 40;
const dayMs = 86_400_000;

const test = ({ field, feature }: BarSpec, op: TestOp, value: FilterTest['value']): FilterTest => ({
  kind: 'test',
  field,
  op,
  value,
  ...(feature ? { feature } : {}),
});
const both = (items: FilterNode[]): FilterGroup => ({ kind: 'all', items });

/* ---------- conditions ---------- */

export function sizeCondition(spec: BarSpec, from: number, below: number | null): FilterNode {
  return below === null ? test(spec, 'gte', from) : test(spec, 'range', [from, below - 1]);
}

/** `from <= value < below`; without `below` the bar ends with the largest value. */
export function numberCondition(spec: BarSpec, from: number, to: number, below: boolean): FilterNode {
  return both([test(spec, 'gte', from), test(spec, below ? 'lt' : 'lte', to)]);
}

/** Moments are told to the microsecond, and in UTC, as LaminDB stores them. */
export function timeCondition(spec: BarSpec, { from, to }: TimePart): FilterNode {
  // Dates of features are texts in JSON: "2026-01-31T09:00" comes after "2026-01-31" and before "2026-02-01".
  if (spec.feature) return both([test(spec, 'gte', from), test(spec, 'lt', addDays(to, 1))]);
  if (from === to) return test(spec, 'date', from);
  return test(spec, 'range', [from, `${to} 23:59:59.999999`]);
}

export const noneCondition = (spec: BarSpec): FilterNode => test(spec, 'isnull', true);

/** Whether the condition is one that a bar of the field could have given, or several of them joined by "or". */
export function isBar(node: FilterNode, { field, feature = false }: BarSpec): boolean {
  if (node.not) return false;
  const own = (one: FilterNode, ...ops: TestOp[]): boolean =>
    one.kind === 'test' &&
    !one.not &&
    one.field === field &&
    (one.feature ?? false) === feature &&
    ops.includes(one.op);
  if (node.kind !== 'test') {
    if (node.kind === 'any')
      return node.items.length > 0 && node.items.every((one) => isBar(one, { field, feature }));
    const [first, last, ...more] = node.items;
    return !!first && !!last && more.length === 0 && own(first, 'gte') && own(last, 'lt', 'lte');
  }
  if (own(node, 'range', 'date')) return true;
  const last = sizeClasses[sizeClasses.length - 1];
  return own(node, 'isnull', 'gte') && node.value === (node.op === 'isnull' ? true : last);
}

/** The filter without the bars of the field at its top: a bar does not narrow the counts of its neighbours. */
export function withoutBars(filter: FilterGroup, spec: BarSpec): FilterGroup {
  if (filter.kind !== 'all' || filter.not) return filter;
  return { ...filter, items: filter.items.filter((item) => !isBar(item, spec)) };
}

/* ---------- numbers ---------- */

/** Round edges, rising, the last above every value; null where numbers are too large to be told apart. */
export function numberEdges(min: number, max: number, most: number): number[] | null {
  const step = roundStep(max - min, most);
  const first = Math.floor(min / step);
  const edges: number[] = [];
  for (let at = first; edges.length <= most + 2; at++) {
    // 3 * 0.1 is not 0.3: the edge is the number that a person reads.
    const edge = Number((at * step).toPrecision(12));
    if (edges.length > 0 && edge <= (edges.at(-1) ?? 0)) return null;
    edges.push(edge);
    if (edge > max) return (edges[0] ?? 0) <= min ? edges : null;
  }
  return null;
}

/** 1, 2 or 5 times a power of ten, so that at most `most` of them cover the range. */
function roundStep(range: number, most: number): number {
  if (!(range > 0) || !Number.isFinite(range)) return 1;
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((of) => of * power >= rough) ?? 10);
}

/* ---------- days ---------- */

const stamp = (day: string): number => Date.parse(`${day}T00:00:00Z`);
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const addDays = (day: string, n: number): string => dayOf(stamp(day) + n * dayMs);

/** A day of the calendar, in four, two and two digits. */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(stamp(text)) && dayOf(stamp(text)) === text;

/** Parts without a gap from the first day to the last: days, weeks from Monday, months, or one or several years. */
export function timeParts(first: string, last: string): { unit: TimeUnit; parts: TimePart[] } {
  const days = (stamp(last) - stamp(first)) / dayMs + 1;
  const [year, lastYear] = [Number(first.slice(0, 4)), Number(last.slice(0, 4))];
  const unit: TimeUnit = days <= 31 ? 'day' : days <= 182 ? 'week' : lastYear - year < 3 ? 'month' : 'year';
  const every =
    [1, 2, 5, 10, 20, 50, 100, 200, 500].find((n) => (lastYear - year) / n < mostParts - 1) ?? 500;
  const parts: TimePart[] = [];
  let from = begin(first, unit, every);
  while (from <= last) {
    const next = following(from, unit, every);
    if (next <= from) {
      // The calendar of four digits ends.
      parts.push({ from, to: '9999-12-31' });
      break;
    }
    parts.push({ from, to: addDays(next, -1) });
    from = next;
  }
  return { unit, parts };
}

function begin(day: string, unit: TimeUnit, every: number): string {
  if (unit === 'day') return day;
  if (unit === 'week') return addDays(day, -((new Date(stamp(day)).getUTCDay() + 6) % 7));
  if (unit === 'month') return `${day.slice(0, 7)}-01`;
  const year = Number(day.slice(0, 4));
  return `${String(Math.max(1, Math.floor(year / every) * every)).padStart(4, '0')}-01-01`;
}

function following(day: string, unit: TimeUnit, every: number): string {
  if (unit === 'day') return addDays(day, 1);
  if (unit === 'week') return addDays(day, 7);
  const [year = 0, month = 0] = day.split('-').map(Number);
  if (unit === 'month') {
    const next = month === 12 ? [year + 1, 1] : [year, month + 1];
    return `${String(next[0]).padStart(4, '0')}-${String(next[1]).padStart(2, '0')}-01`;
  }
  return `${String(Math.floor(year / every) * every + every).padStart(4, '0')}-01-01`;
}
