// Parts of dates and times in SQL, as Django's transforms give them: year, week, quarter … of LaminDB's time text.
import type { Operand, OperandType } from './operands.ts';

/** By position and not by strftime, which is slower and rounds fractions of a second up. */
const digits = (from: number, count: number) => (text: string) =>
  `CAST(substr(${text}, ${from}, ${count}) AS INTEGER)`;
const day = (text: string) => `substr(${text}, 1, 10)`;
const weekday = (text: string) => `CAST(strftime('%w', ${day(text)}) AS INTEGER)`;
/** The Thursday of a day's ISO week: its year and its day of the year decide the week. */
const thursday = (text: string) => `date(${day(text)}, '-3 days', 'weekday 4')`;

const ofDays: Record<string, (text: string) => string> = {
  month: digits(6, 2),
  day: digits(9, 2),
  quarter: (text) => `((${digits(6, 2)(text)} + 2) / 3)`,
  week_day: (text) => `(${weekday(text)} + 1)`,
  iso_week_day: (text) => `((${weekday(text)} + 6) % 7 + 1)`,
  week: (text) => `((CAST(strftime('%j', ${thursday(text)}) AS INTEGER) - 1) / 7 + 1)`,
};
/** Counted from the end of the day: positions in the time alone. */
const ofTimes: Record<string, (text: string) => string> = {
  hour: digits(1, 2),
  minute: digits(4, 2),
  second: digits(7, 2),
};

/** `YYYY-MM-DD HH:MM:SS[.f…]` -> Python's isoformat of the time: no fraction, or six digits. */
function timeOf(text: string): string {
  const micros = `substr(substr(${text}, 21) || '000000', 1, 6)`;
  return `(substr(${text}, 12, 8) || CASE WHEN ${micros} = '000000' THEN '' ELSE '.' || ${micros} END)`;
}

/** The names that can follow a field of this type. */
export function partNames(type: OperandType): string[] {
  const days = ['year', 'iso_year', ...Object.keys(ofDays)];
  if (type === 'datetime') return ['date', 'time', ...days, ...Object.keys(ofTimes)];
  if (type === 'date') return days;
  return type === 'time' ? Object.keys(ofTimes) : [];
}

/** The part of a date or time; null where the field has no part of that name. */
export function datePart(of: Operand, name: string): Operand | null {
  if (!partNames(of.type).includes(name)) return null;
  const part = (sql: string, type: OperandType, times = 1): Operand => ({
    sql,
    params: Array.from({ length: times }, () => of.params).flat(),
    type,
    name: `${of.name}__${name}`,
  });
  if (name === 'date') return part(day(of.sql), 'date');
  // The text is used three times: once for the seconds, twice for the fraction.
  if (name === 'time') return part(timeOf(of.sql), 'time', 3);
  if (name === 'year') return { ...part(digits(1, 4)(of.sql), 'year'), source: of };
  if (name === 'iso_year') return { ...part(digits(1, 4)(thursday(of.sql)), 'year'), source: of, iso: true };
  const ofDay = ofDays[name];
  if (ofDay) return part(ofDay(of.sql), 'int');
  const time = of.type === 'datetime' ? `substr(${of.sql}, 12)` : of.sql;
  return part((ofTimes[name] ?? digits(1, 2))(time), 'int');
}

/** First and last moment of a year, as Django compares with them. */
export function yearBounds(of: Operand, year: number, iso: boolean): [string, string] {
  let first = `${String(year).padStart(4, '0')}-01-01`;
  let last = `${String(year).padStart(4, '0')}-12-31`;
  if (iso) {
    first = isoMonday(year);
    last = addDays(isoMonday(year + 1), -1);
  }
  return of.type === 'datetime' ? [`${first} 00:00:00`, `${last} 23:59:59.999999`] : [first, last];
}

/** The Monday of the first ISO week. */
function isoMonday(year: number): string {
  const fourth = new Date(Date.UTC(year, 0, 4));
  fourth.setUTCFullYear(year);
  const weekday = (fourth.getUTCDay() + 6) % 7;
  return addDays(fourth.toISOString().slice(0, 10), -weekday);
}

function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
