// Fixes of a dataset as plain data, in the order in which they were made, and what a column becomes by them. The same list
// is applied to distinct values that are held (so that a fix is judged without reading the file again) and to the file
// when its copy is written (formats/curate/fixed-*.ts).
import { firstRows } from './finding.ts';
import type { ColumnRead, ColumnWant, FrameRead, ValueRead } from './frame.ts';

/** Columns are named as they are called when the fix is made. An empty text as a new value means an empty cell. */
export type Fix = { slot: string; column: string } & (
  | { kind: 'map'; values: Record<string, string> }
  /** A value for every empty cell. */
  | { kind: 'fill'; value: string }
  | { kind: 'rename'; to: string }
  | { kind: 'drop' }
);

/** What becomes of one column: which it is in the file, what it is called, and how its texts change. */
export interface FixedColumn {
  /** Place among the columns of the file. */
  at: number;
  name: string;
  changes: TextChange[];
}

export type TextChange =
  { kind: 'map'; values: ReadonlyMap<string, string> } | { kind: 'fill'; value: string };

/** Slots that are the same table seen in two ways: `var` and `var.T`. */
const tableOf = (slot: string): string => slot.replace(/\.T$/, '');

/** The columns that are left, in their order. Fixes of columns that are not there are passed over. */
export function fixedColumns(slot: string, names: readonly string[], fixes: readonly Fix[]): FixedColumn[] {
  let columns: FixedColumn[] = names.map((name, at) => ({ at, name, changes: [] }));
  for (const fix of fixes) {
    if (tableOf(fix.slot) !== tableOf(slot)) continue;
    if (fix.kind === 'drop') {
      columns = columns.filter(({ name }) => name !== fix.column);
      continue;
    }
    for (const column of columns) {
      if (column.name !== fix.column) continue;
      if (fix.kind === 'rename') column.name = fix.to;
      else if (fix.kind === 'map')
        column.changes.push({ kind: 'map', values: new Map(Object.entries(fix.values)) });
      else column.changes.push({ kind: 'fill', value: fix.value });
    }
  }
  return columns;
}

/** A cell's text as the changes leave it; null is an empty cell. */
export function changedText(text: string | null, changes: readonly TextChange[]): string | null {
  let now = text;
  for (const change of changes) {
    if (change.kind === 'fill') now ??= change.value;
    else if (now !== null && change.values.has(now)) now = change.values.get(now) ?? now;
    if (now === '') now = null;
  }
  return now;
}

/**
 * A column as it would be read after its changes. `textual` is a file of texts, whose types are found anew from what its
 * cells then say.
 */
export function changedColumn(
  read: ColumnRead,
  changes: readonly TextChange[],
  textual: boolean,
  want: ColumnWant = 'values',
): ColumnRead {
  if (changes.length === 0) return read;
  if (read.values === null) return read;
  const moved: ValueRead[] = [];
  let values: ValueRead[] = [];
  let nulls = 0;
  let nullRows: number[] = [];
  const empty = (count: number, rows: readonly number[]): void => {
    nulls += count;
    nullRows = merged(nullRows, rows);
  };
  for (const value of read.values) {
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
  if (moved.length > 0) values = joined(values, moved);
  const changed: ColumnRead = { ...read, values, nulls, nullRows };
  const typed =
    textual && read.dtype === 'object'
      ? retyped(changed)
      : read.kinds === null
        ? changed
        : { ...changed, kinds: kindsOf(values) };
  // Of numbers whoever asks whether they are whole hears of those that are not.
  if (want !== 'whole' || !/^float/i.test(typed.dtype)) return typed;
  return { ...typed, values: (typed.values ?? []).filter(({ text }) => !Number.isInteger(Number(text))) };
}

/** Values that have become others are counted with those; what did not change stays the very object. */
function joined(values: readonly ValueRead[], moved: readonly ValueRead[]): ValueRead[] {
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

/** Each Python type with its first value as an example. */
function kindsOf(values: readonly ValueRead[]): ValueRead[] {
  const kinds = new Map<string, ValueRead>();
  for (const { text, kind, count, rows } of values) {
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { text, kind, count, rows: [...rows] });
    else {
      known.count += count;
      known.rows = merged(known.rows, rows);
    }
  }
  return [...kinds.values()];
}

const whole = /^\s*[+-]?\d{1,18}\s*$/;
const decimal = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;
const truth = /^(true|True|TRUE|false|False|FALSE)$/;

/** A column of texts whose last odd value was mended is numbers, as pandas would read it. */
function retyped(read: ColumnRead): ColumnRead {
  const values = read.values ?? [];
  if (read.cut || values.length === 0) return { ...read, kinds: kindsOf(values) };
  const all = (pattern: RegExp): boolean => values.every(({ text }) => pattern.test(text));
  const as = (dtype: string, kind: string): ColumnRead => ({
    ...read,
    dtype,
    kinds: kindsOf(values.map((value) => ({ ...value, kind }))),
    values: values.map((value) => ({ ...value, kind })),
  });
  if (all(whole)) return read.nulls > 0 ? as('float64', 'float') : as('int64', 'int');
  if (all(decimal)) return as('float64', 'float');
  if (all(truth)) return as(read.nulls > 0 ? 'object' : 'bool', 'bool');
  const texts = values.map((value) => ({ ...value, kind: 'str' }));
  return { ...read, values: texts, kinds: kindsOf(texts) };
}

/** A part of a dataset with the names that its fixes leave. */
export function renamedFrame(frame: FrameRead, columns: readonly FixedColumn[]): FrameRead {
  return { ...frame, names: columns.map(({ name }) => name) };
}
