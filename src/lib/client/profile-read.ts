// What a profile's statements answered, as the screen shows it: one ColumnProfile per column, first of a sample and then
// of all rows.
import { binWidth, LABEL_MOST } from './profile-sql.ts';
import type { ResultColumn } from './result-sql.ts';

export interface ProfileRow {
  at: number;
  what: string;
  label: string | null;
  n: number | null;
}

export interface Bin {
  /** From here, this included. Times are seconds since 1970. */
  from: number;
  /** To here, this excluded but in the last bar, which ends with the greatest value. */
  to: number;
  n: number;
}

export interface TopValue {
  value: string;
  n: number;
  /** Only its beginning is told. */
  cut: boolean;
}

export interface ColumnProfile {
  column: ResultColumn;
  rows: number;
  nulls: number;
  /** Different values that are not null; null where nobody counted. */
  distinct: number | null;
  /** `distinct` is an estimate. */
  aboutDistinct: boolean;
  /** Quantiles are estimates. */
  aboutQuantiles: boolean;
  nan: number;
  /** Values that are infinite, of numbers and times. */
  infinite: number;
  zeros: number | null;
  empty: number | null;
  /** As the engine writes them. */
  min: string | null;
  max: string | null;
  /** The same as numbers, where values stand on a line. */
  lo: number | null;
  hi: number | null;
  mean: number | null;
  deviation: number | null;
  quartiles: [q1: number, median: number, q3: number] | null;
  /** Characters, items or bytes. */
  shortest: number | null;
  longest: number | null;
  bins: Bin[];
  top: TopValue[];
  /** `top` is of the sample though the rest is of all rows. */
  topOfSample: boolean;
}

export function profilesOf(columns: readonly ResultColumn[], rows: readonly ProfileRow[]): ColumnProfile[] {
  return columns.map((column, at) =>
    profileOf(
      column,
      rows.filter((row) => row.at === at),
    ),
  );
}

/** `rows` are all those about the column. */
export function profileOf(column: ResultColumn, rows: readonly ProfileRow[]): ColumnProfile {
  const facts = new Map(rows.filter(({ n }) => n === null).map(({ what, label }) => [what, label]));
  const number = (what: string): number | null => {
    const text = facts.get(what);
    return text === undefined || text === null ? null : Number(text);
  };
  const all = number('rows') ?? 0;
  const present = number('present') ?? 0;
  const placed = number('placed') ?? 0;
  const [lo, hi] = [number('lo'), number('hi')];
  const quartiles = [number('q1'), number('median'), number('q3')];
  const nan = number('nan') ?? 0;
  const whole = number('small') === placed;
  return {
    column,
    rows: all,
    nulls: all - present,
    distinct: number('distinct') ?? number('about'),
    aboutDistinct: number('distinct') === null && number('about') !== null,
    aboutQuantiles: facts.has('about'),
    nan,
    infinite: facts.has('placed') ? present - placed - nan : 0,
    zeros: number('zeros'),
    empty: number('empty'),
    min: facts.get('min') ?? null,
    max: facts.get('max') ?? null,
    lo,
    hi,
    mean: whole ? number('mean') : null,
    deviation: whole ? number('deviation') : null,
    quartiles: quartiles.every((one) => one !== null) ? (quartiles as [number, number, number]) : null,
    shortest: number('shortest'),
    longest: number('longest'),
    bins: lo === null || hi === null ? [] : binsOf(column, lo, hi, rows),
    top: rows
      .filter(({ what }) => what === 'top')
      .map(({ label, n }) => ({
        value: label ?? '',
        n: n ?? 0,
        cut: [...(label ?? '')].length >= LABEL_MOST,
      }))
      .sort((a, b) => b.n - a.n),
    topOfSample: false,
  };
}

/** All bars between the limits, the empty ones too. */
function binsOf(column: ResultColumn, lo: number, hi: number, rows: readonly ProfileRow[]): Bin[] {
  const counts = new Map(
    rows.filter(({ what }) => what === 'bin').map(({ label, n }) => [Number(label), n ?? 0]),
  );
  if (counts.size === 0) return [];
  const width = binWidth(column, lo, hi);
  if (!(width > 0)) return [{ from: lo, to: hi, n: counts.get(0) ?? 0 }];
  const last = Math.max(...counts.keys(), Math.ceil((hi - lo) / width) - 1);
  return Array.from({ length: last + 1 }, (_, i) => ({
    from: lo + i * width,
    to: i === last ? hi : lo + (i + 1) * width,
    n: counts.get(i) ?? 0,
  }));
}
