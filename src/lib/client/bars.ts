// Bars of the dashboard: which of them are chosen, what a click does to the filter, and what they are called. The bars of
// one histogram that are chosen are one condition at the top of the filter, as the values of a facet are.
import type { FilterNode, HistogramBar, ListHistogram, View } from '../workers/wire.ts';
import { writeNode } from './view-address.ts';
import { bytes, count } from './words.ts';

export interface Bar {
  /** Tells it from its neighbours. */
  id: string;
  label: string;
  count: number;
  on: boolean;
  toggle: () => void;
}

const barsOf = ({ bars, missingFilter }: ListHistogram): FilterNode[] => [
  ...bars.map(({ filter }) => filter),
  missingFilter,
];

/** Which conditions at the top are bars of the histogram, or were when it was counted. */
function ownOf(histogram: ListHistogram): (item: FilterNode) => boolean {
  const bars = new Set(barsOf(histogram).map(writeNode));
  const left = new Set(histogram.left.map(writeNode));
  return (item) =>
    left.has(writeNode(item)) ||
    bars.has(writeNode(item)) ||
    (item.kind === 'any' &&
      !item.not &&
      item.items.length > 0 &&
      item.items.every((one) => bars.has(writeNode(one))));
}

function chosen(view: View, histogram: ListHistogram): FilterNode[] {
  if (view.filter.kind !== 'all' || view.filter.not) return [];
  return view.filter.items
    .filter(ownOf(histogram))
    .flatMap((item) => (item.kind === 'any' ? item.items : [item]));
}

export function isBarOn(view: View, histogram: ListHistogram, bar: FilterNode): boolean {
  const text = writeNode(bar);
  return chosen(view, histogram).some((one) => writeNode(one) === text);
}

/**
 * With the bar chosen, or no longer. Ranges of the same field that are no bar of the histogram now give way, since its
 * counts do not heed them.
 */
export function toggleBar(view: View, histogram: ListHistogram, bar: FilterNode): View {
  const next = barsOf(histogram).filter(
    (one) => isBarOn(view, histogram, one) !== (writeNode(one) === writeNode(bar)),
  );
  const [only] = next;
  const plain = view.filter.kind === 'all' && !view.filter.not;
  const own = ownOf(histogram);
  const rest = plain ? view.filter.items.filter((item) => !own(item)) : [view.filter];
  const fresh: FilterNode[] = next.length > 1 ? [{ kind: 'any', items: next }] : only ? [only] : [];
  return { ...view, filter: { kind: 'all', items: [...rest, ...fresh] } };
}

/* ---------- words ---------- */

const utc = { timeZone: 'UTC' } as const;
const dayMonth = new Intl.DateTimeFormat('en-GB', {
  ...utc,
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});
const month = new Intl.DateTimeFormat('en-GB', { ...utc, month: 'short', year: 'numeric' });

export function barWords({ kind, unit }: ListHistogram, { from, to }: HistogramBar): string {
  if (kind === 'size') {
    if (to === null) return `${bytes(Number(from))} and more`;
    return from === 0 ? `under ${bytes(Number(to))}` : `${bytes(Number(from))} to ${bytes(Number(to))}`;
  }
  if (kind === 'number') return `${count(Number(from))} to ${count(Number(to))}`;
  const day = (text: number | string | null) => new Date(`${String(text)}T00:00:00Z`);
  if (unit === 'day') return dayMonth.format(day(from));
  if (unit === 'week') return `week of ${dayMonth.format(day(from))}`;
  if (unit === 'month') return month.format(day(from));
  const [first, last] = [String(from).slice(0, 4), String(to).slice(0, 4)];
  return first === last ? first : `${first} to ${last}`;
}

/** Where an axis begins and ends; classes of sizes have none. */
export function axisEnds({ kind, bars }: ListHistogram): [string, string] | undefined {
  const [first, last] = [bars[0], bars.at(-1)];
  if (kind === 'size' || !first || !last) return undefined;
  if (kind === 'number') return [count(Number(first.from)), count(Number(last.to))];
  const day = (text: number | string | null) => dayMonth.format(new Date(`${String(text)}T00:00:00Z`));
  return [day(first.from), day(last.to)];
}

const percentage = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
/** `33 %`; what is there but hardly is `< 1 %`, what is nearly all is `> 99 %`. */
export function shareWords(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %';
  const share = (part / whole) * 100;
  if (share < 1) return '< 1 %';
  return share > 99 && part < whole ? '> 99 %' : `${percentage.format(share)} %`;
}
