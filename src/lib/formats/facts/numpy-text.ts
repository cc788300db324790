// One-dimensional NumPy arrays as NumPy prints them: columns of lists show their rows that way. The layout (padding of
// numbers, lines of 75 characters, three items at each end beyond 1,000) follows numpy/core/arrayprint.py of NumPy 2.
import { boolText, quoted, shortest, type Digits } from './python-text.ts';

const LINE = 75;
const THRESHOLD = 1000;
const EDGE = 3;
const PRECISION = 8;

/** An array as pandas holds it in a cell: numbers, bools, or Python objects by their repr(). */
export type NumpyArray =
  | {
      dtype: 'int64' | 'int32' | 'int16' | 'int8' | 'uint64' | 'uint32' | 'uint16' | 'uint8';
      values: ArrayLike<number | bigint>;
    }
  | { dtype: 'float64' | 'float32' | 'float16'; values: ArrayLike<number> }
  | { dtype: 'bool'; values: ArrayLike<boolean> }
  /** Texts of times, or null. */
  | { dtype: `datetime64[${string}]` | `timedelta64[${string}]`; values: ArrayLike<string | null> }
  | { dtype: 'object'; values: ArrayLike<string> };

/** str(array). */
export const arrayStr = (array: NumpyArray): string => layout(array, ' ', ' ', LINE);

/** Types whose name repr() leaves out, as it follows from the values. */
const PLAIN = new Set(['int64', 'float64', 'bool']);

/** repr(array). */
export function arrayRepr(array: NumpyArray): string {
  const prefix = 'array(';
  const { length } = array.values;
  const text = prefix + layout(array, ', ', ' '.repeat(prefix.length + 1), LINE - 1);
  const extras: string[] = [];
  if (length > THRESHOLD) extras.push(`shape=(${length},)`);
  if (!PLAIN.has(array.dtype) || length === 0)
    extras.push(`dtype=${array.dtype.includes('[') ? `'${array.dtype}'` : array.dtype}`);
  if (extras.length === 0) return `${text})`;
  const more = extras.join(', ');
  const lastLine = text.length - (text.lastIndexOf('\n') + 1);
  const space = lastLine + more.length + 3 > LINE ? `\n${' '.repeat(prefix.length)}` : ' ';
  return `${text},${space}${more})`;
}

function layout(array: NumpyArray, separator: string, indent: string, width: number): string {
  const { length } = array.values;
  if (length === 0) return '[]';
  const cut = length > THRESHOLD;
  const shown = cut ? [...range(0, EDGE), ...range(length - EDGE, length)] : range(0, length);
  const words = formatted(array, shown);
  const limit = width - Math.max(separator.trimEnd().length, 1);
  let done = '';
  let line = indent;
  const put = (word: string): void => {
    const parts = word.split('\n');
    const longest = Math.max(...parts.map((part) => part.length));
    const wraps = line.length + longest > limit && line.length > indent.length;
    if (wraps) {
      done += `${line.trimEnd()}\n`;
      line = indent;
    }
    const hanging = wraps ? indent : ' '.repeat(line.length);
    line += parts[0] ?? '';
    for (const part of parts.slice(1)) {
      done += `${line.trimEnd()}\n`;
      line = hanging + part;
    }
    if (parts.length > 1) line += ' '.repeat(longest - (parts.at(-1)?.length ?? 0));
  };
  words.forEach((word, i) => {
    put(word);
    if (i < words.length - 1) line += separator;
    if (cut && i === EDGE - 1) {
      put('...');
      line += separator;
    }
  });
  return `[${(done + line).slice(indent.length)}]`;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

function formatted(array: NumpyArray, shown: readonly number[]): string[] {
  switch (array.dtype) {
    case 'object': {
      const { values } = array;
      return shown.map((i) => values[i] ?? '');
    }
    case 'bool': {
      const { values } = array;
      return shown.map((i) => boolText(values[i] ?? false).padStart(5));
    }
    case 'float64':
    case 'float32':
    case 'float16': {
      const { values, dtype } = array;
      return floats(
        shown.map((i) => values[i] ?? 0),
        dtype,
      );
    }
    default: {
      const { values, dtype } = array as { values: ArrayLike<unknown>; dtype: string };
      const texts = shown.map((i) => {
        const value = values[i];
        if (value === null || value === undefined) return dtype.startsWith('datetime') ? "'NaT'" : 'NaT';
        return dtype.startsWith('datetime') ? quoted(String(value)) : String(value);
      });
      return padded(texts);
    }
  }
}

function padded(texts: readonly string[]): string[] {
  const width = Math.max(0, ...texts.map((text) => text.length));
  return texts.map((text) => text.padStart(width));
}

/** Shortest digits of a float of that width. */
function digitsOf(value: number, dtype: string): Digits {
  if (dtype === 'float64') return shortest(value.toExponential());
  for (let digits = 0; digits < 9; digits++) {
    const text = rounded(Math.abs(value), digits);
    const back = dtype === 'float32' ? Math.fround(Number(text)) : toHalf(Number(text));
    if (back === Math.abs(value)) return shortest(text);
  }
  return shortest(value.toExponential());
}

/** `toExponential`, but what lies exactly in the middle goes to the even digit, as NumPy rounds. */
function rounded(value: number, digits: number): string {
  const up = value.toExponential(digits);
  // 100 digits hold every 16- and 32-bit float, and all 64-bit ones that can lie in the middle of these few digits.
  const exact = value.toExponential(100);
  const [mantissa = '', exponent = ''] = exact.split('e');
  const all = mantissa.replace('.', '');
  const last = all[digits] ?? '0';
  const middle = /^50*$/.test(all.slice(digits + 1));
  if (!middle || Number(last) % 2 === 1) return up;
  const kept = all.slice(0, digits + 1);
  return `${kept[0]}${digits > 0 ? `.${kept.slice(1)}` : ''}e${exponent}`;
}

/** The nearest 16-bit float, ties to even. */
function toHalf(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), -14);
  const step = 2 ** (exponent - 10);
  const scaled = value / step;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  return (rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor) * step;
}

/** From where on numbers are written with exponents: as many digits as the type holds, at most eight. */
const LIMITS: Record<string, { most: number; least: number }> = {
  float32: { most: 1e6, least: Math.fround(1e-4) },
  float16: { most: 1e3, least: 0.00010001659393310547 },
};

function floats(values: readonly number[], dtype: string): string[] {
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((value) => value !== 0).map(Math.abs);
  const largest = Math.max(...sizes);
  const smallest = Math.min(...sizes);
  const { most, least } = LIMITS[dtype] ?? { most: 1e8, least: 1e-4 };
  const exponents = sizes.length > 0 && (largest >= most || smallest < least || largest / smallest > 1000);
  const texts = exponents ? scientific(finite, dtype) : finite.map((value) => positional(value, dtype));
  const left = Math.max(0, ...texts.map((text) => text.indexOf('.')));
  const right = Math.max(0, ...texts.map((text) => text.length - text.indexOf('.') - 1));
  let pad = left;
  if (finite.length < values.length) {
    const room = right + 1;
    const negative = values.some((value) => value === -Infinity);
    pad = Math.max(pad, 3 - room, 3 + Number(negative) - room);
  }
  const width = pad + right + 1;
  let next = 0;
  return values.map((value) => {
    if (!Number.isFinite(value))
      return (Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf').padStart(
        finite.length === 0 ? pad + 1 : width,
      );
    const text = texts[next++] ?? '';
    return text.padStart(pad + text.length - text.indexOf('.')).padEnd(exponents ? 0 : width);
  });
}

/** At most eight digits behind the point, without zeros at the end. */
function positional(value: number, dtype: string): string {
  const { digits, exponent } = digitsOf(value, dtype);
  const fraction = digits.length - 1 - exponent;
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  let text: string;
  if (fraction > PRECISION) text = fixed(Math.abs(value), exponent);
  else if (exponent < 0) text = `0.${'0'.repeat(-exponent - 1)}${digits}`;
  else {
    const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
    text = `${whole}.${digits.slice(exponent + 1)}`;
  }
  return sign + text.replace(/(\.\d*?)0+$/, '$1');
}

/** Eight digits behind the point. */
function fixed(value: number, exponent: number): string {
  const kept = PRECISION + exponent;
  // Smaller than half of the last place, or near it: there is no digit in front to make even.
  if (kept < 0) return value.toFixed(PRECISION);
  return Number(rounded(value, kept)).toFixed(PRECISION);
}

/** With an exponent: all with as many digits as the longest needs, at most eight behind the point. */
function scientific(values: readonly number[], dtype: string): string[] {
  const parts = values.map((value) => {
    const found = digitsOf(value, dtype);
    if (found.digits.length - 1 <= PRECISION) return found;
    return shortest(rounded(Math.abs(value), PRECISION));
  });
  const fraction = Math.max(0, ...parts.map(({ digits }) => digits.length - 1));
  const size = Math.max(2, ...parts.map(({ exponent }) => String(Math.abs(exponent)).length));
  return parts.map((part, i) => {
    const value = values[i] ?? 0;
    // Where another number needs more digits, this one shows more of its own instead of zeros.
    const { digits, exponent } =
      part.digits.length - 1 < fraction ? shortest(rounded(Math.abs(value), fraction)) : part;
    const sign = value < 0 || Object.is(value, -0) ? '-' : '';
    const power = String(Math.abs(exponent)).padStart(size, '0');
    return `${sign}${digits[0]}.${digits.slice(1).padEnd(fraction, '0')}e${exponent < 0 ? '-' : '+'}${power}`;
  });
}
