// Distinct values of a column with how often and where they come first, in the bounds that the engine set. Columns that are
// coded by a dictionary are counted by code, so that a text is made once for each entry and not for each cell.
import { mostDistinct, type ColumnRead, type ColumnWant, type ValueRead } from '../../engine/ports.ts';
import type { ColumnSource, ObjectValue, Piece } from '../facts/column-facts.ts';
import { boolText, floatText } from '../facts/python-text.ts';

/** A column without its place in the table. */
export type Told = Omit<ColumnRead, 'at' | 'name'>;

const firstRows = 5;

export class Tally {
  readonly #kinds = new Map<string, Map<string, ValueRead>>();
  size = 0;
  cut = false;

  add(kind: string, text: string, row: number, count = 1): void {
    let values = this.#kinds.get(kind);
    if (values === undefined) this.#kinds.set(kind, (values = new Map()));
    const known = values.get(text);
    if (known !== undefined) {
      known.count += count;
      if (known.rows.length < firstRows) known.rows.push(row);
      return;
    }
    if (this.size >= mostDistinct) {
      this.cut = true;
      return;
    }
    this.size++;
    values.set(text, { text, kind, count, rows: [row] });
  }

  values(): ValueRead[] {
    return [...this.#kinds.values()].flatMap((values) => [...values.values()]);
  }
}

/** Python types that were met: each with its first value as an example. */
export class Kinds {
  readonly #kinds = new Map<string, ValueRead>();

  add(kind: string, text: () => string, row: number): void {
    const known = this.#kinds.get(kind);
    if (known === undefined) this.#kinds.set(kind, { text: text(), kind, count: 1, rows: [row] });
    else {
      known.count++;
      if (known.rows.length < firstRows) known.rows.push(row);
    }
  }

  values(): ValueRead[] {
    return [...this.#kinds.values()];
  }
}

/** Empty cells: how many, and the first of them. */
export class Nulls {
  count = 0;
  readonly rows: number[] = [];

  add(row: number): void {
    this.count++;
    if (this.rows.length < firstRows) this.rows.push(row);
  }
}

export interface TallyOptions {
  /** Python's type of what an object column holds, or of the categories. */
  kind: string;
  onRows: (rows: number) => void;
}

/** Counts a column of any layout; used where there is no faster way. */
export async function tally(source: ColumnSource, want: ColumnWant, options: TallyOptions): Promise<Told> {
  switch (source.kind) {
    case 'category':
      return categoryTold(source, want, options);
    case 'bool':
      return plainTold(source.dtype, source.pieces(), want, options, (value) => [
        'bool',
        boolText(Boolean(value)),
      ]);
    case 'number':
      return numberTold(source.dtype, source.pieces(), want, options);
    case 'object':
      return objectTold(source.dtype, source.pieces(), want, options);
  }
}

async function categoryTold(
  { categories, pieces }: ColumnSource & { kind: 'category' },
  want: ColumnWant,
  { kind, onRows }: TallyOptions,
): Promise<Told> {
  const nulls = new Nulls();
  const counts = new Float64Array(categories.length);
  const firsts: number[][] = categories.map(() => []);
  let rows = 0;
  for await (const { values, missing } of pieces()) {
    for (let i = 0; i < values.length; i++, rows++) {
      const code = Number(values[i]);
      if (missing?.[i] || code < 0) nulls.add(rows);
      else if (code >= counts.length)
        throw new Error(`code ${code} names none of ${categories.length} categories`);
      else {
        const now = (counts[code] ?? 0) + 1;
        counts[code] = now;
        if (now <= firstRows) firsts[code]?.push(rows);
      }
    }
    onRows(rows);
  }
  const values = categories.flatMap((text, i): ValueRead[] =>
    counts[i] === 0 ? [] : [{ text, kind, count: counts[i] ?? 0, rows: firsts[i] ?? [] }],
  );
  return {
    ...none('category', rows, nulls),
    // All categories decide on the column's type, also those that no row has.
    kinds:
      categories.length === 0
        ? []
        : [{ text: categories[0] ?? '', kind, count: rows - nulls.count, rows: [] }],
    values: want === 'values' || want === 'whole' ? values.slice(0, mostDistinct) : null,
    cut: values.length > mostDistinct,
  };
}

async function plainTold<T>(
  dtype: string,
  pieces: AsyncIterable<Piece<T>>,
  want: ColumnWant,
  { onRows }: TallyOptions,
  tell: (value: T) => [kind: string, text: string],
): Promise<Told> {
  const nulls = new Nulls();
  const found = want === 'values' ? new Tally() : null;
  let rows = 0;
  for await (const { values, missing } of pieces) {
    for (let i = 0; i < values.length; i++, rows++) {
      if (missing?.[i]) nulls.add(rows);
      else if (found !== null) found.add(...tell(values[i] as T), rows);
    }
    onRows(rows);
  }
  return { ...none(dtype, rows, nulls), values: found?.values() ?? null, cut: found?.cut ?? false };
}

async function numberTold(
  dtype: string,
  pieces: AsyncIterable<Piece<number | bigint>>,
  want: ColumnWant,
  { onRows }: TallyOptions,
): Promise<Told> {
  const nulls = new Nulls();
  const float = /^float/i.test(dtype);
  const all = want === 'values';
  // Of unsigned numbers those matter that 63 bits do not hold.
  const unsigned = want === 'whole' && dtype === 'uint64';
  const found = all || unsigned || (want === 'whole' && float) ? new Tally() : null;
  const matters = (value: number | bigint): boolean =>
    all || (unsigned ? BigInt(value) >= 2n ** 63n : !Number.isInteger(value));
  let rows = 0;
  for await (const { values, missing } of pieces) {
    for (let i = 0; i < values.length; i++, rows++) {
      const value = values[i] as number | bigint;
      if (missing?.[i] || Number.isNaN(Number(value))) nulls.add(rows);
      else if (found !== null && found.size < mostNumbers && matters(value))
        found.add(float ? 'float' : 'int', float ? floatText(Number(value)) : String(value), rows);
    }
    onRows(rows);
  }
  return {
    ...none(dtype, rows, nulls),
    values: found?.values() ?? null,
    cut: (found?.size ?? 0) >= mostNumbers,
  };
}

/** Numbers are never looked up, so that a few of them tell as much as all. */
const mostNumbers = 1000;

async function objectTold(
  dtype: string,
  pieces: AsyncIterable<Piece<ObjectValue>>,
  want: ColumnWant,
  { kind, onRows }: TallyOptions,
): Promise<Told> {
  const nulls = new Nulls();
  const kinds = new Kinds();
  const found = want === 'values' || want === 'whole' ? new Tally() : null;
  const textOf = (value: ObjectValue): string => (typeof value === 'string' ? value : value.shown);
  let rows = 0;
  for await (const { values, missing } of pieces) {
    for (let i = 0; i < values.length; i++, rows++) {
      if (missing?.[i]) {
        nulls.add(rows);
        continue;
      }
      const value = values[i] as ObjectValue;
      kinds.add(kind, () => textOf(value), rows);
      found?.add(kind, textOf(value), rows);
    }
    onRows(rows);
  }
  return {
    ...none(dtype, rows, nulls),
    kinds: kinds.values(),
    values: found?.values() ?? null,
    cut: found?.cut ?? false,
  };
}

export const none = (dtype: string, rows: number, nulls: Nulls): Told => ({
  dtype,
  rows,
  nulls: nulls.count,
  nullRows: nulls.rows,
  kinds: null,
  values: null,
  cut: false,
  problem: null,
});
