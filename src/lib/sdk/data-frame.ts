// A data frame of `ln`: columns with pandas' dtypes as LaminDB's `to_dataframe` gives them, seen by columns or by rows.
import type { Frame } from '../workers/query-wire.ts';
import { LoamError } from '../engine/errors.ts';
import { textTable } from './text-table.ts';

type Column = Frame['columns'][number];

export class DataFrame {
  readonly columns: readonly Column[];
  readonly index: readonly unknown[];
  readonly indexName: string | null;

  constructor({ columns, index, indexName }: Frame) {
    this.columns = columns;
    this.index = index;
    this.indexName = indexName;
  }

  /** Rows and columns. */
  get shape(): [number, number] {
    return [this.index.length, this.columns.length];
  }
  get columnNames(): string[] {
    return this.columns.map(({ name }) => name);
  }
  /** Values of one column; undefined where there is none. */
  column(name: string): readonly unknown[] | undefined {
    return this.columns.find((one) => one.name === name)?.values;
  }
  /** One object a row, for `console.table`. */
  rows(): Record<string, unknown>[] {
    return this.index.map((_, i) =>
      Object.fromEntries(this.columns.map(({ name, values }) => [name, values[i] ?? null])),
    );
  }
  /** Another frame with the rows by the values of a column; rows of equal values stay in their order. */
  sortValues(
    by: string,
    { ascending = true, naPosition = 'last' }: { ascending?: boolean; naPosition?: 'first' | 'last' } = {},
  ): DataFrame {
    const values = this.column(by);
    if (!values) throw new LoamError('KeyError', `The frame has no column "${by}".`, { field: by });
    const rank = (value: unknown) => ((value ?? null) === null ? (naPosition === 'first' ? -1 : 1) : 0);
    const order = [...values.keys()].sort((a, b) => {
      const [left, right] = [values[a], values[b]];
      const missing = rank(left) - rank(right);
      return missing !== 0 || rank(left) !== 0 ? missing : (ascending ? 1 : -1) * compare(left, right);
    });
    const pick = <T>(from: readonly T[]): T[] => order.map((i) => from[i] as T);
    const columns = this.columns.map((column) => ({ ...column, values: pick(column.values) }));
    return new DataFrame({ columns, index: pick(this.index) as Frame['index'], indexName: this.indexName });
  }
  /** As text, columns without a value left out. */
  toString(): string {
    const kept = this.columns.filter(({ values }) => values.some((value) => value !== null));
    return textTable([{ name: this.indexName ?? '', dtype: 'object', values: [...this.index] }, ...kept]);
  }
}

/** Numbers by size, all else by text, as code points stand. */
function compare(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  const [a, b] = [left, right].map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0;
}
