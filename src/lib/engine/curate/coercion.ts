// Whether the values of a column can be made what a feature asks for (`coerce`), as pandas 2 does it: numbers by
// `to_numeric` without loss, times by `to_datetime`, which takes the first value's format for all.
import type { ColumnRead, ValueRead } from './frame.ts';
import { decimal } from './number-text.ts';

const isInt = (dtype: string): boolean => /^u?int\d+$/i.test(dtype);
const isFloat = (dtype: string): boolean => /^float\d+$/i.test(dtype);
const isTime = (dtype: string): boolean => dtype.startsWith('datetime64');

/** The values that cannot be made so; null where the dtype as a whole cannot. Empty: all can. */
export type Unfit = ValueRead[] | null;

export function unfitForInt(read: ColumnRead): Unfit {
  const { dtype } = read;
  if (isInt(dtype) || dtype === 'bool' || dtype === 'boolean') return [];
  // A time's number of nanoseconds; a missing one has a number too.
  if (isTime(dtype) || dtype.startsWith('timedelta64')) return [];
  // Readers tell of floats those that are no whole numbers.
  if (isFloat(dtype)) return read.values ?? [];
  if ((read.kinds ?? []).some(({ kind }) => /^(list|array|tuple|set|dict)/.test(kind))) return null;
  const values = read.values ?? [];
  const negative = values.some(({ text }) => /^\s*-/.test(text));
  return values.filter((value) => {
    const number = numberOf(value);
    // Beyond 63 bits numbers are unsigned, which those below zero cannot be.
    if (negative && number !== null && number >= 2 ** 63) return true;
    return number === null || !(Number.isInteger(number) || Number.isNaN(number));
  });
}

export function unfitForFloat(read: ColumnRead): Unfit {
  const { dtype } = read;
  if (isInt(dtype) || isFloat(dtype) || dtype === 'bool' || dtype === 'boolean') return [];
  if (isTime(dtype) || dtype.startsWith('timedelta64')) return [];
  if ((read.kinds ?? []).some(({ kind }) => /^(list|array|tuple|set|dict)/.test(kind))) return null;
  return (read.values ?? []).filter((value) => numberOf(value) === null);
}

/** NaN for what pandas takes as missing; null for what it refuses. */
function numberOf({ kind, text }: ValueRead): number | null {
  if (kind === 'bool') return text === 'True' ? 1 : 0;
  if (kind === 'decimal') return Number(text);
  if (!['str', 'int', 'float'].includes(kind)) return null;
  if (text === '') return NaN;
  if (/^\s*[+-]?\d{19,}\s*$/.test(text)) {
    const whole = BigInt(text.trim().replace(/^\+/, ''));
    return whole >= -(2n ** 63n) && whole < 2n ** 64n ? Number(whole) : null;
  }
  if (decimal.test(text)) return Number(text);
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^nan$/i.test(text) ? NaN : null;
}

/** `date` and `datetime`. A zone is no hindrance for times, but for days it is. */
export function unfitForTime(read: ColumnRead, what: 'date' | 'datetime'): Unfit {
  const { dtype } = read;
  // Numbers are nanoseconds, of which 63 bits hold all that there can be.
  if (dtype === 'uint64') return (read.values ?? []).filter(({ text }) => BigInt(text) >= 2n ** 63n);
  if (isInt(dtype) || isFloat(dtype)) return [];
  if (isTime(dtype)) return what === 'date' && dtype.includes(',') ? null : [];
  if (dtype === 'bool' || dtype === 'boolean' || dtype.startsWith('timedelta64')) return null;
  if (hasOthers(read)) return null;
  const values = [...(read.values ?? [])].sort((a, b) => (a.rows[0] ?? 0) - (b.rows[0] ?? 0));
  const first = values.find((value) => value.kind === 'str' && !missing.has(value.text));
  const format = first === undefined ? null : (readTime(first.text)?.format ?? null);
  return values.filter((value) => {
    if (value.kind === 'date' || value.kind === 'datetime') return !inRange(value.text);
    if (value.kind === 'int' || value.kind === 'float') return false;
    if (value.kind !== 'str') return true;
    if (missing.has(value.text)) return false;
    const time = readTime(value.text);
    // A day with a zone is none to pandas.
    if (what === 'date' && time?.format.endsWith('z')) return true;
    return time === null || (format !== null && time.format !== format) || !inRange(time.date);
  });
}

/** Lists and dictionaries, which are no times whatever is in them. */
const hasOthers = (read: ColumnRead): boolean =>
  (read.kinds ?? []).some(({ kind }) => /^(list|array|tuple|set|dict|bytes|bool)/.test(kind));

/** For times with a zone each value is read by itself. */
export function unfitForZonedTime(read: ColumnRead): Unfit {
  const { dtype } = read;
  if (isTime(dtype) || isInt(dtype) || isFloat(dtype)) return [];
  if (dtype === 'bool' || dtype === 'boolean' || dtype.startsWith('timedelta64')) return null;
  if (hasOthers(read)) return null;
  return (read.values ?? []).filter((value) => {
    if (value.kind === 'date' || value.kind === 'datetime') return !inRange(value.text);
    if (value.kind === 'int' || value.kind === 'float') return false;
    if (value.kind !== 'str') return true;
    const time = missing.has(value.text) ? { date: '2000-01-01' } : readTime(value.text);
    return time === null || !inRange(time.date);
  });
}

/** Texts that `to_datetime` takes as missing. */
const missing = new Set(['', 'NaT', 'nat', 'NaN', 'nan', 'None', '<NA>', 'NA', 'N/A', 'n/a', 'null', 'NULL']);

const months = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*';
const clock = '(?:([T ])(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d+))?)?\\s?(Z|[+-]\\d{2}:?\\d{2}|UTC)?)?';
const forms: [RegExp, (m: RegExpExecArray) => [number, number, number]][] = [
  [new RegExp(`^(\\d{4})-(\\d{1,2})-(\\d{1,2})${clock}$`), (m) => [n(m[1]), n(m[2]), n(m[3])]],
  [new RegExp(`^(\\d{4})/(\\d{1,2})/(\\d{1,2})${clock}$`), (m) => [n(m[1]), n(m[2]), n(m[3])]],
  [new RegExp(`^(\\d{1,2})[/.-](\\d{1,2})[/.-](\\d{4})${clock}$`), dayOrMonthFirst],
  [new RegExp(`^(\\d{4})(\\d{2})(\\d{2})${clock}$`), (m) => [n(m[1]), n(m[2]), n(m[3])]],
  [/^(\d{4})-(\d{2})$/, (m) => [n(m[1]), n(m[2]), 1]],
  [/^(\d{4})$/, (m) => [n(m[1]), 1, 1]],
  [
    new RegExp(`^(\\d{1,2})[ -]${months}[ -](\\d{4})${clock}$`, 'i'),
    (m) => [n(m[3]), monthOf(m[2]), n(m[1])],
  ],
  [new RegExp(`^${months} (\\d{1,2}),? (\\d{4})${clock}$`, 'i'), (m) => [n(m[3]), monthOf(m[1]), n(m[2])]],
];

function readTime(given: string): { format: string; date: string } | null {
  const text = given.trim();
  for (const [i, [pattern, parts]] of forms.entries()) {
    const found = pattern.exec(text);
    if (!found) continue;
    const [year, month, day] = parts(found);
    const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
    const at = new Date(`${date}T00:00:00Z`);
    if (Number.isNaN(at.getTime()) || !at.toISOString().startsWith(date)) return null;
    const [separator, hour, minute, second, fraction, zone] = found.slice(-6);
    if (i !== 4 && i !== 5 && separator !== undefined) {
      if (n(hour) > 23 || n(minute) > 59 || n(second ?? '0') > 59) return null;
      const shape = [
        separator,
        second === undefined ? '' : 's',
        fraction === undefined ? '' : 'f',
        zone ? 'z' : '',
      ];
      return { format: `${i}${shape.join('')}`, date };
    }
    return { format: String(i), date };
  }
  return null;
}

/** The month comes first unless it cannot be one. */
function dayOrMonthFirst(m: RegExpExecArray): [number, number, number] {
  const [first, second] = [n(m[1]), n(m[2])];
  return first > 12 ? [n(m[3]), second, first] : [n(m[3]), first, second];
}

const n = (text: string | undefined): number => Number(text);
const two = (value: number): string => String(value).padStart(2, '0');
const monthOf = (name: string | undefined): number =>
  ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].indexOf(
    (name ?? '').slice(0, 3).toLowerCase(),
  ) + 1;

/** What 64 bits of nanoseconds can tell. */
const inRange = (date: string): boolean => date >= '1677-09-21' && date.slice(0, 10) <= '2262-04-11';
