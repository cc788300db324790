// Facts of a column from its values in pieces: null counts, category counts, sums, distinct values. Memory stays bounded,
// whatever the column's length; a float column beyond 2 million values is gone through twice, since the order in which
// NumPy adds depends on how many of them are not missing.
import { Distinct } from './distinct.ts';
import { finite, record, type ColumnFacts, type FrameFacts } from './facts-types.ts';
import { PairwiseSum } from './pairwise-sum.ts';

/** Values and which of them are missing; `missing` may be left out where none is. */
export interface Piece<T> {
  values: ArrayLike<T>;
  missing?: ArrayLike<number | boolean> | undefined;
}

/** Can be gone through more than once. */
export type Pieces<T> = () => AsyncIterable<Piece<T>>;

/**
 * A value of an object column: as str() writes it, and as pandas' astype(str) does where that differs (bytes). A null text
 * is bytes that are no UTF-8, which pandas cannot write: such a column has neither `n_unique` nor `head`.
 */
export type ObjectValue = string | { shown: string; text: string | null };

export type ColumnSource =
  /** Codes into categories; negative ones are missing. */
  | {
      kind: 'category';
      categories: string[];
      /** Python's type of the categories; texts where it is left out. */
      of?: 'int' | 'float' | 'bool';
      ordered: boolean;
      pieces: Pieces<number | bigint>;
    }
  | { kind: 'bool'; dtype: string; pieces: Pieces<number | boolean> }
  | { kind: 'number'; dtype: string; pieces: Pieces<number | bigint> }
  | { kind: 'object'; dtype: string; pieces: Pieces<ObjectValue> };

const HELD = 2 ** 21;
const HEAD = 3;

export async function columnFacts(source: ColumnSource): Promise<ColumnFacts> {
  switch (source.kind) {
    case 'category':
      return categoryFacts(source.categories, source.ordered, source.pieces);
    case 'bool':
      return boolFacts(source.dtype, source.pieces);
    case 'number':
      return numberFacts(source.dtype, source.pieces);
    case 'object':
      return objectFacts(source.dtype, source.pieces);
  }
}

async function categoryFacts(
  categories: string[],
  ordered: boolean,
  pieces: Pieces<number | bigint>,
): Promise<ColumnFacts> {
  const rows = new Float64Array(categories.length);
  let nulls = 0;
  for await (const { values, missing } of pieces()) {
    for (let i = 0; i < values.length; i++) {
      const code = Number(values[i]);
      if (missing?.[i] || code < 0) nulls++;
      else if (code < rows.length) rows[code] = (rows[code] ?? 0) + 1;
      else throw new Error(`code ${code} names none of ${categories.length} categories`);
    }
  }
  return {
    dtype: 'category',
    n_null: nulls,
    categories,
    n_categories: categories.length,
    ordered,
    counts: record(categories.map((name, i) => [name, rows[i] ?? 0] as const)),
  };
}

async function boolFacts(dtype: string, pieces: Pieces<number | boolean>): Promise<ColumnFacts> {
  let nulls = 0;
  let yes = 0;
  for await (const { values, missing } of pieces()) {
    for (let i = 0; i < values.length; i++) {
      if (missing?.[i]) nulls++;
      else if (values[i]) yes++;
    }
  }
  return { dtype, n_null: nulls, true: yes };
}

async function numberFacts(dtype: string, pieces: Pieces<number | bigint>): Promise<ColumnFacts> {
  let nulls = 0;
  let count = 0;
  let min = Infinity;
  let max = -Infinity;
  let held: Float64Array | null = new Float64Array(1024);
  for await (const { values, missing } of pieces()) {
    for (let i = 0; i < values.length; i++) {
      const value = Number(values[i]);
      if (missing?.[i] || Number.isNaN(value)) {
        nulls++;
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
      if (held !== null) {
        if (count === HELD) held = null;
        else {
          if (count === held.length) held = grown(held);
          held[count] = value;
        }
      }
      count++;
    }
  }
  const sum = new PairwiseSum(count);
  if (held !== null) sum.add(held.subarray(0, count));
  else {
    for await (const { values, missing } of pieces()) sum.add(present(values, missing));
  }
  return {
    dtype,
    n_null: nulls,
    sum: finite(sum.total),
    min: count === 0 ? null : finite(min),
    max: count === 0 ? null : finite(max),
  };
}

function grown(values: Float64Array): Float64Array {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}

function present(values: ArrayLike<number | bigint>, missing: Piece<unknown>['missing']): number[] {
  const kept: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (!missing?.[i] && !Number.isNaN(value)) kept.push(value);
  }
  return kept;
}

async function objectFacts(dtype: string, pieces: Pieces<ObjectValue>): Promise<ColumnFacts> {
  let nulls = 0;
  let readable = true;
  const distinct = new Distinct();
  const head: string[] = [];
  for await (const { values, missing } of pieces()) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? '';
      if (missing?.[i]) nulls++;
      const { shown, text } = typeof value === 'string' ? { shown: value, text: value } : value;
      if (text === null) readable = false;
      // pandas counts texts up to their first zero character.
      else distinct.add(text.includes('\0') ? text.slice(0, text.indexOf('\0')) : text);
      if (head.length < HEAD) head.push(shown);
    }
  }
  return readable ? { dtype, n_null: nulls, n_unique: distinct.size, head } : { dtype, n_null: nulls };
}

export interface FrameSource {
  rows: number;
  indexName: string | null;
  /** Names of the rows; null for the plain numbers 0, 1, 2 … */
  index: (() => AsyncIterable<ArrayLike<string>>) | null;
  columns: { name: string; dtype: string; open: () => Promise<ColumnSource> | ColumnSource }[];
}

/** Facts of a table. A column that cannot be read has the reason in its place; `onProblem` is told too. */
export async function frameFacts(
  source: FrameSource,
  onProblem: (what: string, error: unknown) => string,
): Promise<FrameFacts> {
  let unique = true;
  const head: string[] = [];
  if (source.index === null) {
    for (let i = 0; i < Math.min(HEAD, source.rows); i++) head.push(String(i));
  } else {
    const distinct = new Distinct();
    for await (const names of source.index()) {
      for (let i = 0; i < names.length; i++) {
        const name = names[i] ?? '';
        if (head.length < HEAD) head.push(name);
        if (!distinct.add(name)) unique = false;
      }
    }
  }
  const columns: [string, ColumnFacts][] = [];
  for (const { name, dtype, open } of source.columns) {
    try {
      columns.push([name, await columnFacts(await open())]);
    } catch (error) {
      columns.push([name, { dtype, error: onProblem(`column ${name}`, error) }]);
    }
  }
  return {
    n: source.rows,
    index_name: source.indexName,
    index_head: head,
    index_unique: unique,
    columns: record(columns),
  };
}
