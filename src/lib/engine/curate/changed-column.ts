// What a column of a dataset is after its changes, by the distinct values that are held of it. What the last list of changes left is
// kept with the column, so that one more change costs what that change does.
import { castValues } from './cast-column.ts';
import { firstRows } from './finding.ts';
import { changedText, type Change } from './fixes.ts';
import type { ColumnRead, ColumnWant, ValueRead } from './frame.ts';
import { decimal, floatText } from './number-text.ts';

/**
 * A column as it would be read after its changes. `textual` is a file of texts, whose types are found anew from what its
 * cells then say; of other files whole types are converted by changes alone.
 */
export function changedColumn(
  read: ColumnRead,
  changes: readonly Change[],
  textual: boolean,
  want: ColumnWant = 'values',
): ColumnRead {
  if (changes.length === 0 || read.values === null) return read;
  const state = stateOf(read, changes, textual);
  const typed = textual && state.dtype === 'object' ? retyped(state, want) : state;
  // Of numbers whoever asks whether they are whole hears of those that are not.
  if (want !== 'whole' || !/^float/i.test(typed.dtype)) return typed;
  if (typed.spelt === 'whole') return { ...typed, values: [] };
  return { ...typed, values: (typed.values ?? []).filter(({ text }) => !Number.isInteger(Number(text))) };
}

interface Kept {
  keys: string[];
  state: ColumnRead;
}
const kept = new WeakMap<ColumnRead, Kept>();

const keyOf = (change: Change): string =>
  change.kind === 'map'
    ? JSON.stringify([...change.values])
    : `${change.kind} ${change.kind === 'fill' ? change.value : change.to}`;

function stateOf(read: ColumnRead, changes: readonly Change[], textual: boolean): ColumnRead {
  const keys = changes.map(keyOf);
  const last = kept.get(read);
  const known =
    last !== undefined && last.keys.every((key, i) => key === keys[i]) ? last : { keys: [], state: read };
  let state = known.state;
  let texts: Change[] = [];
  const settle = (): void => {
    if (texts.length > 0) state = mended(state, texts, textual);
    texts = [];
  };
  for (const change of changes.slice(known.keys.length)) {
    if (change.kind !== 'cast') {
      texts.push(change);
      // Each change of numbers is named as the one before left them.
      if (isPlain(state.dtype)) settle();
    } else if (!textual) {
      settle();
      state = castValues(state, change.to);
    }
  }
  settle();
  kept.set(read, { keys, state });
  return state;
}

/** Values mapped and gaps filled, and the type that the column then has. */
function mended(read: ColumnRead, changes: readonly Change[], textual: boolean): ColumnRead {
  const moved: ValueRead[] = [];
  let values: ValueRead[] = [];
  let nulls = 0;
  let nullRows: number[] = [];
  const empty = (count: number, rows: readonly number[]): void => {
    nulls += count;
    nullRows = merged(nullRows, rows);
  };
  for (const value of read.values ?? []) {
    const now = changedText(value.text, changes);
    if (now === value.text) values.push(value);
    else if (now === null) empty(value.count, value.rows);
    else moved.push({ ...value, text: now, kind: textual ? value.kind : 'str' });
  }
  if (read.nulls > 0) {
    const now = changedText(null, changes);
    if (now === null) empty(read.nulls, read.nullRows);
    else moved.push({ text: now, kind: 'str', count: read.nulls, rows: read.nullRows });
  }
  if (read.dtype !== 'object' && read.dtype !== 'category' && read.dtype !== 'string') {
    const typed = numbered(read, moved, values, nulls);
    if (typed !== null) return { ...typed, nulls, nullRows };
  }
  if (moved.length > 0) values = joined(values, moved);
  const changed: ColumnRead = { ...read, values, nulls, nullRows };
  if (isPlain(read.dtype)) return { ...changed, dtype: 'object', kinds: kindsOf(values) };
  return read.kinds === null || (textual && read.dtype === 'object')
    ? changed
    : { ...changed, kinds: kindsOf(values) };
}

const isInt = (dtype: string): boolean => /^u?int\d+$/i.test(dtype);
const isFloat = (dtype: string): boolean => /^float\d+$/i.test(dtype);
const isBool = (dtype: string): boolean => dtype === 'bool' || dtype === 'boolean';
const isPlain = (dtype: string): boolean => isInt(dtype) || isFloat(dtype) || isBool(dtype);

const whole = /^\s*[+-]?\d{1,18}\s*$/;
const truth = /^(true|True|TRUE|false|False|FALSE)$/;

/** Numbers and truth values that stay such; null where a value is none. */
function numbered(
  read: ColumnRead,
  moved: readonly ValueRead[],
  values: readonly ValueRead[],
  nulls: number,
): ColumnRead | null {
  const { dtype } = read;
  const to = (type: string, kind: string, text: (one: string) => string, others = values): ColumnRead => ({
    ...read,
    dtype: type,
    values: joined(
      others,
      moved.map((value) => ({ ...value, kind, text: text(value.text) })),
    ),
  });
  if (isBool(dtype)) {
    if (!moved.every(({ text }) => truth.test(text))) return null;
    const told = to(nulls > 0 && dtype === 'bool' ? 'object' : dtype, 'bool', (text) =>
      /^t/i.test(text) ? 'True' : 'False',
    );
    return told.dtype === 'object' ? { ...told, kinds: kindsOf(told.values ?? []) } : told;
  }
  if (!isInt(dtype) && !isFloat(dtype)) return null;
  if (!moved.every(({ text }) => decimal.test(text))) return null;
  // Whole numbers may be floats for their gaps alone.
  const ints =
    isInt(dtype) ||
    read.spelt === 'whole' ||
    (values.length > 0 && values.every(({ kind }) => kind === 'int'));
  const extension = /^[UIF]/.test(dtype);
  if (!ints || moved.some(({ text }) => !whole.test(text))) {
    const type = isFloat(dtype) ? dtype : extension ? 'Float64' : 'float64';
    const floats = ints
      ? values.map((value) => ({ ...value, kind: 'float', text: floatOf(value.text) }))
      : values;
    const { spelt: _gone, ...rest } = to(type, 'float', floatOf, floats);
    return rest;
  }
  const plain = (text: string): string => String(BigInt(text.trim().replace(/^\+/, '')));
  if (nulls > 0 && !extension) return { ...to('float64', 'int', plain), spelt: 'whole' };
  const { spelt: _gone, ...rest } = to(isInt(dtype) ? dtype : 'int64', 'int', plain);
  return rest;
}

const floatOf = (text: string): string => floatText(Number(text));

/** Values that have become others are counted with those; what did not change stays the very object. */
function joined(values: readonly ValueRead[], moved: readonly ValueRead[]): ValueRead[] {
  if (moved.length === 0) return [...values];
  const targets = new Set(moved.map(({ text }) => text));
  const out = [...values];
  const places = new Map<string, number>();
  for (const [i, { text, kind }] of out.entries())
    if (targets.has(text) && !places.has(text))
      places.set(text, kind === 'str' || kind === moved[0]?.kind ? i : -1);
  for (const value of moved) {
    const place = places.get(value.text) ?? -1;
    const known = out[place];
    if (known === undefined) {
      places.set(value.text, out.length);
      out.push(value);
    } else {
      const count = known.count + value.count;
      out[place] = { ...known, count, rows: merged(known.rows, value.rows) };
    }
  }
  return out;
}

const merged = (a: readonly number[], b: readonly number[]): number[] =>
  [...a, ...b].sort((x, y) => x - y).slice(0, firstRows);

/** Python types, each with its first values as examples. */
function kindsOf(values: readonly ValueRead[]): ValueRead[] {
  const kinds = new Map<string, ValueRead>();
  for (const { text, kind, count, rows } of values) {
    const known = kinds.get(kind);
    if (known === undefined) {
      kinds.set(kind, { text, kind, count, rows: [...rows] });
      continue;
    }
    known.count += count;
    const last = known.rows.length < firstRows ? Infinity : (known.rows.at(-1) ?? Infinity);
    if ((rows[0] ?? Infinity) < last) known.rows = merged(known.rows, rows);
  }
  return [...kinds.values()];
}

/** A column of texts whose last odd value was mended is numbers, as pandas would read it. */
function retyped(read: ColumnRead, want: ColumnWant): ColumnRead {
  const values = read.values ?? [];
  if (read.cut || values.length === 0) return { ...read, kinds: kindsOf(values) };
  const all = (pattern: RegExp): boolean => values.every(({ text }) => pattern.test(text));
  const of = (kind: string): ValueRead[] =>
    values.map((value) => (value.kind === kind ? value : { ...value, kind }));
  // Numbers are listed for those who ask for values; of whole ones nobody else needs them.
  const numbers = (dtype: string, kind: string): ColumnRead => ({
    ...read,
    dtype,
    kinds: null,
    values: want === 'values' ? of(kind) : dtype === 'float64' ? values : null,
  });
  if (all(whole))
    return read.nulls > 0 ? { ...numbers('float64', 'float'), spelt: 'whole' } : numbers('int64', 'int');
  if (all(decimal)) return numbers('float64', 'float');
  if (all(truth)) {
    const bools = of('bool');
    return { ...read, dtype: read.nulls > 0 ? 'object' : 'bool', values: bools, kinds: kindsOf(bools) };
  }
  const texts = of('str');
  return { ...read, values: texts, kinds: kindsOf(texts) };
}
