// Small answers of the query engine about a result: all their rows as plain values, for profiles and charts.
import { type Table, tableFromIPC } from 'apache-arrow';
import { LoamError } from '../engine/errors.ts';
import type { ParameterValues } from '../statements/parameter-values.ts';
import type { Queries, DuckdbMeter } from './duckdb.ts';

export type Plain = string | number | boolean | null;

export interface Answer {
  names: string[];
  rows: Plain[][];
  /** What was read for it. */
  meter: DuckdbMeter;
}

export interface AskOptions {
  signal?: AbortSignal;
  /** Columns of several kinds are read as texts. */
  mixed?: boolean;
  /** Of the statement's parameters. */
  values?: ParameterValues;
  /** More rows than that are an error: nobody draws them. */
  most?: number;
}

/** Numbers wider than a double lose digits; dates and the like are milliseconds since 1970, as Arrow gives them. */
export async function ask(
  queries: Pick<Queries, 'run'>,
  sql: string,
  { most = 100_000, ...options }: AskOptions = {},
): Promise<Answer> {
  const result = await queries.run(sql, { ...options, rows: 16_384 });
  const rows: Plain[][] = [];
  for (let page = result.first; ; page = await result.next()) {
    const table = tableFromIPC(page.ipc);
    append(rows, table);
    if (rows.length > most) {
      result.close();
      throw new LoamError(
        'InvalidArgument',
        `More than ${most.toLocaleString('en')} rows came where fewer were awaited.`,
      );
    }
    if (!page.more) return { names: table.schema.fields.map(({ name }) => name), rows, meter: page.meter };
  }
}

function append(rows: Plain[][], table: Table): void {
  const columns = table.schema.fields.map((_, i) => table.getChildAt(i));
  for (let row = 0; row < table.numRows; row++)
    rows.push(columns.map((column) => plain(column?.get(row) as unknown)));
}

function plain(value: unknown): Plain {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  return String(value);
}
