// Values of one column after its changes, wherever the column is stored: texts, categories, numbers and truth values. Values are
// named by the texts that findings tell (as Python prints them); types are settled from the changes and not from the values,
// so that a file that is written in pieces has one type for all of them.
import { LoamError } from '../../engine/errors.ts';
import {
  changedText,
  decimal,
  truthOf,
  type CastTo,
  type Change,
  type FixedColumn,
} from '../../engine/ports.ts';
import { boolText, floatText } from '../facts/python-text.ts';
import type { NumberType } from '../zarr-write.ts';

/** `missing` is null where the layout knows no gaps: then a text is empty and a number is NaN. */
export type StoredColumn =
  | { kind: 'texts'; values: readonly string[]; missing: Uint8Array | null }
  | { kind: 'category'; categories: readonly string[]; codes: ArrayLike<number | bigint> }
  | { kind: 'numbers'; type: NumberType; values: ArrayLike<number | bigint>; missing: Uint8Array | null };

type Numbers = StoredColumn & { kind: 'numbers' };

/** The column after its changes, in their order. */
export function fixedValues(column: StoredColumn, { name, changes }: FixedColumn): StoredColumn {
  let now = column;
  let texts: Change[] = [];
  const settle = (): void => {
    if (texts.length > 0) now = mended(now, texts, name);
    texts = [];
  };
  for (const change of changes) {
    if (change.kind !== 'cast') texts.push(change);
    else {
      settle();
      now = cast(now, change.to, name);
    }
  }
  settle();
  return now;
}

function mended(column: StoredColumn, changes: readonly Change[], name: string): StoredColumn {
  if (column.kind === 'numbers') return mendedNumbers(column, changes, name);
  if (column.kind === 'category') return mendedCategories(column, changes);
  const { values, missing } = column;
  const known = new Map<string, string | null>();
  const filled = changedText(null, changes);
  const gaps = missing && new Uint8Array(values.length);
  const made = values.map((text, i) => {
    let now: string | null | undefined = missing?.[i] ? filled : known.get(text);
    if (now === undefined) known.set(text, (now = changedText(text, changes)));
    if (now === null && gaps) gaps[i] = 1;
    return now ?? '';
  });
  return { kind: 'texts', values: made, missing: gaps };
}

/** Categories that have become the same are one, in the order of the first of them. */
function mendedCategories(
  { categories, codes }: StoredColumn & { kind: 'category' },
  changes: readonly Change[],
): StoredColumn {
  const names: string[] = [];
  const places = new Map<string, number>();
  const placeOf = (text: string | null): number => {
    if (text === null) return -1;
    let place = places.get(text);
    if (place === undefined) places.set(text, (place = names.push(text) - 1));
    return place;
  };
  const to = categories.map((text) => placeOf(changedText(text, changes)));
  // Whether a cell is filled or not: pieces of one column have the same categories.
  const empty = placeOf(changedText(null, changes));
  const made = new Int32Array(codes.length);
  for (let i = 0; i < codes.length; i++) {
    const code = Number(codes[i]);
    made[i] = code < 0 ? empty : (to[code] ?? -1);
  }
  return { kind: 'category', categories: names, codes: made };
}

/** A category's codes as narrow as pandas keeps them. */
export function narrowCodes(
  codes: ArrayLike<number | bigint>,
  categories: number,
): Int8Array | Int16Array | Int32Array {
  const plain = Array.from(codes as ArrayLike<number>, Number);
  if (categories <= 127) return Int8Array.from(plain);
  return categories <= 32_767 ? Int16Array.from(plain) : Int32Array.from(plain);
}

const isFloat = (type: NumberType): boolean => type.startsWith('float');

/** A number as findings tell it. */
function numberText(type: NumberType, value: number | bigint): string {
  if (type === 'bool') return boolText(Boolean(Number(value)));
  return isFloat(type) ? floatText(Number(value)) : String(value);
}

const whole = /^\s*[+-]?\d+\s*$/;

function numberOf(text: string): number | bigint | null {
  if (whole.test(text)) {
    const value = BigInt(text.trim().replace(/^\+/, ''));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (decimal.test(text)) return Number(text);
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text.trim());
  return infinite ? (infinite[1] === '-' ? -Infinity : Infinity) : null;
}

function truthNumber(text: string): number | null {
  const truth = truthOf(text);
  return truth === null ? null : Number(truth);
}

/** The type that holds its own values and those that a change brings. */
function typeAfter(type: NumberType, change: Change, name: string): NumberType {
  if (change.kind === 'cast') return type;
  let now = type;
  for (const text of change.kind === 'map' ? change.values.values() : [change.value]) {
    if (text === '') continue;
    const value = now === 'bool' ? truthNumber(text) : numberOf(text);
    if (value === null)
      throw new LoamError(
        'InvalidArgument',
        `The column '${name}' holds ${now === 'bool' ? 'true and false' : `numbers (${type})`}, and '${text}' is none. Change it to one, or convert the column to text first.`,
        { column: name },
      );
    if (isFloat(now) || now === 'bool') continue;
    if (typeof value === 'number' && !Number.isInteger(value)) now = 'float64';
    else if (!fits(now, BigInt(value))) now = 'int64';
    if (now === 'int64' && !fits(now, BigInt(value))) throw tooLarge(name, text);
  }
  return now;
}

function fits(type: NumberType, value: bigint): boolean {
  const bits = BigInt(/\d+$/.exec(type)?.[0] ?? '64');
  if (type.startsWith('u')) return value >= 0n && value < 1n << bits;
  return value >= -(1n << (bits - 1n)) && value < 1n << (bits - 1n);
}

const tooLarge = (name: string, text: string): LoamError =>
  new LoamError('InvalidArgument', `'${text}' is larger than whole numbers of the column '${name}' can be.`, {
    column: name,
  });

function mendedNumbers(
  { type, values, missing }: Numbers,
  changes: readonly Change[],
  name: string,
): Numbers {
  // Each change names values as the one before left them.
  const types = [type];
  for (const change of changes) types.push(typeAfter(types.at(-1) ?? type, change, name));
  const settled = types.at(-1) ?? type;
  const changedNumber = (given: number | bigint | null): number | bigint | null => {
    let now = given;
    for (const [i, change] of changes.entries()) {
      const text = now === null ? null : numberText(types[i] ?? type, now);
      const changed = changedText(text, [change]);
      if (changed === null) now = null;
      else if (changed !== text)
        now = (types[i + 1] === 'bool' ? truthNumber(changed) : numberOf(changed)) ?? NaN;
    }
    return now;
  };
  const fill = changedNumber(null);
  const known = new Map<number | bigint, number | bigint | null>();
  const made = new Array<number | bigint>(values.length);
  const gaps = new Uint8Array(values.length);
  let empty = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    let now: number | bigint | null | undefined = fill;
    if (!missing?.[i] && !Number.isNaN(value)) {
      now = known.get(value);
      if (now === undefined) known.set(value, (now = changedNumber(value)));
    }
    if (now === null) {
      gaps[i] = 1;
      empty++;
    }
    made[i] = now ?? 0;
  }
  return gapped(settled, made, gaps, empty, missing !== null);
}

/** Gaps as the layout knows them; plain whole numbers with gaps are floats to pandas. */
function gapped(
  type: NumberType,
  values: (number | bigint)[],
  gaps: Uint8Array,
  empty: number,
  masked: boolean,
): Numbers {
  if (masked) return { kind: 'numbers', type, values, missing: gaps };
  if (empty === 0) return { kind: 'numbers', type, values, missing: null };
  if (type === 'bool') return { kind: 'numbers', type, values, missing: gaps };
  const floats = values.map((value, i) => (gaps[i] ? NaN : Number(value)));
  return { kind: 'numbers', type: isFloat(type) ? type : 'float64', values: floats, missing: null };
}

/** All values made another type; those that cannot be are named. */
function cast(column: StoredColumn, to: CastTo, name: string): StoredColumn {
  if (to === 'category')
    return column.kind === 'category' ? column : categorized(plainTexts(column, name, to));
  if (to === 'str') return column.kind === 'texts' ? column : plainTexts(column, name, to);
  const masked = column.kind === 'category' || column.missing !== null;
  const told = column.kind === 'numbers' ? numberCells(column) : textCells(plainTexts(column, name, to));
  const known = new Map<string, number | bigint | null>();
  const odd = new Set<string>();
  const gaps = new Uint8Array(told.length);
  let empty = 0;
  const values = told.map((text, i) => {
    if (text === null) {
      gaps[i] = 1;
      empty++;
      return 0;
    }
    let value = known.get(text);
    if (value === undefined) {
      value = to === 'bool' ? truthNumber(text) : castNumber(text, to);
      known.set(text, value);
      if (value === null) odd.add(text);
    }
    return value ?? 0;
  });
  if (odd.size > 0) throw notMade(name, to, [...odd]);
  if (to === 'float')
    return gapped('float64', values.map(Number), gaps, empty, masked && column.kind !== 'category');
  const type = to === 'bool' ? 'bool' : 'int64';
  return { kind: 'numbers', type, values, missing: masked || empty > 0 ? gaps : null };
}

function castNumber(text: string, to: 'int' | 'float' | 'bool'): number | bigint | null {
  const value = /^(true|false)$/i.test(text) ? truthNumber(text) : numberOf(text);
  if (to !== 'int' || value === null) return value;
  if (typeof value === 'number' && !Number.isInteger(value)) return null;
  return fits('int64', BigInt(value)) ? value : null;
}

const numberCells = ({ type, values, missing }: Numbers): (string | null)[] =>
  Array.from(values, (value, i) => (missing?.[i] || Number.isNaN(value) ? null : numberText(type, value)));

/** An empty text is a gap where the layout knows no other. */
const textCells = ({ values, missing }: StoredColumn & { kind: 'texts' }): (string | null)[] =>
  values.map((text, i) => (missing?.[i] || (missing === null && text === '') ? null : text));

function plainTexts(column: StoredColumn, name: string, to: CastTo): StoredColumn & { kind: 'texts' } {
  if (column.kind === 'texts') return column;
  if (column.kind === 'numbers' && to === 'category')
    throw new LoamError(
      'InvalidArgument',
      `The column '${name}' holds numbers. Convert it to text first, then to categories.`,
      { column: name },
    );
  const cells: (string | null)[] =
    column.kind === 'numbers'
      ? numberCells(column)
      : Array.from(column.codes, (code) => column.categories[Number(code)] ?? null);
  const gaps = Uint8Array.from(cells, (text) => Number(text === null));
  const keeps = column.kind === 'numbers' && column.missing !== null;
  return {
    kind: 'texts',
    values: cells.map((text) => text ?? ''),
    missing: keeps || gaps.includes(1) ? gaps : null,
  };
}

/** In the order of their characters, as pandas sorts them. */
function categorized({ values, missing }: StoredColumn & { kind: 'texts' }): StoredColumn {
  const there = new Set(values.filter((text, i) => !missing?.[i] && !(missing === null && text === '')));
  const categories = [...there].sort();
  const places = new Map(categories.map((text, at) => [text, at]));
  const codes = Int32Array.from(values, (text, i) => (missing?.[i] ? -1 : (places.get(text) ?? -1)));
  return { kind: 'category', categories, codes };
}

const words: Record<CastTo, string> = {
  int: 'whole number',
  float: 'number',
  bool: 'true or false',
  str: 'text',
  category: 'category',
};

function notMade(name: string, to: CastTo, odd: readonly string[]): LoamError {
  const few = odd.slice(0, 3).map((text) => `'${text}'`);
  const more = odd.length > 3 ? ` and ${odd.length - 3} more` : '';
  return new LoamError(
    'InvalidArgument',
    `The column '${name}' cannot be converted: ${few.join(', ')}${more} ${odd.length === 1 ? 'is' : 'are'} no ${words[to]}. Change these values first.`,
    { column: name },
  );
}
