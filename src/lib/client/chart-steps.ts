// Steps in which numbers and times are put together on an axis: round ones, and for times those of clock and calendar.

/** Steps of a number axis are of one length; times also go by months and years, which are not. */
export type Step = { every: number; from: number } | { unit: 'month' | 'quarter' | 'year' };

/** 1, 2 or 5 times a power of ten, at least so large that `most` of them cover the range. */
export function roundStep(range: number, most: number, whole: boolean): number {
  if (!(range > 0)) return 1;
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough * (1 - 1e-9)) ?? 10);
  return whole ? Math.max(1, Math.round(step)) : step;
}

const minute = 60;
const hour = 3600;
const day = 86_400;
const times = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14].map((n) => n * day),
];
/** Weeks begin with Mondays: 1970 began with a Thursday. */
const monday = 4 * day;

/** Seconds, minutes … or calendar units so that at most `most` cover the range. */
export function timeStep(lo: number, hi: number, most: number): Step {
  const range = hi - lo;
  if (range > 0 && range < 1) return numberStep(lo, hi, most, false);
  const every = times.find((one) => range / one <= most);
  if (every !== undefined) {
    const origin = every >= 7 * day ? monday : 0;
    return { every, from: Math.floor((lo - origin) / every) * every + origin };
  }
  if (range / (30.4 * day) <= most) return { unit: 'month' };
  if (range / (91.3 * day) <= most) return { unit: 'quarter' };
  const years = range / (365.25 * day);
  if (years <= most) return { unit: 'year' };
  const every_ = roundStep(years, most, true) * 365.25 * day;
  return { every: every_, from: Math.floor(lo / every_) * every_ };
}

/** Whole numbers are in the middle of nothing: their steps are whole, so that no step is empty by its nature. */
export function numberStep(lo: number, hi: number, most: number, whole: boolean): Step {
  const every = roundStep(hi - lo, most, whole);
  return { every, from: Math.floor(lo / every + 1e-9) * every };
}

/** 0.30000000000000004 is 0.3 where steps are tenths. */
export function tidy(value: number, step: number): number {
  const digits = Math.min(15, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(step)))));
  return Math.abs(value) < 1e15 ? Number(value.toFixed(digits)) : value;
}

/** Where the step that begins at `from` ends; seconds for times. */
export function stepEnd(step: Step, from: number): number {
  if ('every' in step) return tidy(from + step.every, step.every);
  const date = new Date(Math.round(from * 1000));
  const months = { month: 1, quarter: 3, year: 12 }[step.unit];
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) / 1000;
}

/** Where the step with this value begins. */
export function stepStart(step: Step, value: number): number {
  if ('every' in step)
    return tidy(step.from + Math.floor((value - step.from) / step.every + 1e-9) * step.every, step.every);
  const date = new Date(Math.floor(value * 1000));
  const months = { month: 1, quarter: 3, year: 12 }[step.unit];
  const month = Math.floor(date.getUTCMonth() / months) * months;
  return Date.UTC(date.getUTCFullYear(), month, 1) / 1000;
}

/** The whole steps from one value to another: what is drawn as one bar is chosen as one. Its end is no part of it. */
export function wholeSteps(step: Step, one: number, other: number): { from: number; to: number } {
  const from = stepStart(step, Math.min(one, other));
  const last = stepStart(step, Math.max(one, other));
  const ends = last === Math.max(one, other) && last > from;
  return { from, to: ends ? last : stepEnd(step, last) };
}
