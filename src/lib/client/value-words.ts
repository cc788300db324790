// Values of a result in few words, for axes, bars and chips: numbers with four digits, times as exact as their range asks.
import type { ResultFilter } from './result-sql.ts';

const few = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const large = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 });

/** 12.35, 1,234, 12.35K, 1.2e-7. */
export function numberWords(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4))
    return value
      .toExponential(2)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  if (size >= 1e6) return large.format(value);
  return size >= 1000 ? whole.format(value) : few.format(value);
}

/**
 * A number of a file as it is written, but for digits that only its binary form has: 0.30000000000000004, or 0.1 as a 32-bit
 * float. Six digits tell values of a preview apart; whole numbers keep all of theirs.
 */
export function shortNumber(text: string): string {
  if (!/^-?\d*\.\d+(e[+-]?\d+)?$/i.test(text) || text.replace(/^-?0*\.?0*|e.*$|\./gi, '').length <= 8)
    return text;
  const [digits = text, power = ''] = Number(text).toPrecision(6).split('e');
  return `${digits.replace(/\.?0+$/, '')}${power === '' ? '' : `e${power.replace('+', '')}`}`;
}

/** Seconds since 1970 as a date, with the time of day where `span` seconds are less than two days. */
export function timeWords(seconds: number, span: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  const text = date.toISOString();
  if (span >= 2 * 86_400) return text.slice(0, 10);
  return span >= 120 ? text.slice(0, 16).replace('T', ' ') : text.slice(0, 19).replace('T', ' ');
}

export const shareWords = (part: number, all: number): string => {
  if (all === 0) return '0 %';
  const percent = (part / all) * 100;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  if (percent < 100 && percent > 99.9) return '> 99.9 %';
  return `${few.format(Number(percent.toFixed(1)))} %`;
};

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** A filter as its chip says it: `donor is D1`, `score from 10 to 20`. */
export function filterWords(filter: ResultFilter): string {
  const { name, kind } = filter.column;
  if (filter.test === 'in') {
    const values = filter.values.map((value) =>
      value === null ? 'null' : value === '' ? 'empty' : shortened(value),
    );
    return values.length <= 2 ? `${name} is ${values.join(' or ')}` : `${name} is one of ${values.length}`;
  }
  const span = filter.to - filter.from;
  const words = kind === 'time' ? (value: number) => timeWords(value, span) : numberWords;
  const end = filter.closed ? 'to' : 'to under';
  return `${name} from ${words(filter.from)} ${end} ${words(filter.to)}`;
}
