// The column profile of a statement: its columns, then everything about its first rows, then the exact numbers of all
// rows column by column. It asks statements like everybody else, so the engine's gate judges each of them.
import type { DuckdbMeter, Queries } from './duckdb.ts';
import { type ColumnProfile, profileOf, type ProfileRow, profilesOf } from './profile-read.ts';
import {
  COLUMNS_MOST,
  DISTINCT_MOST,
  hasBins,
  hasTop,
  sampleProfile,
  sampleRows,
  wholeBins,
  wholeDistinct,
  wholeFacts,
  wholeTop,
} from './profile-sql.ts';
import { ask, type AskOptions } from './result-ask.ts';
import { describeColumns, kindOf, type ResultColumn } from './result-sql.ts';

export interface SampleProfile {
  /** All columns of the result; the first COLUMNS_MOST of them are profiled. */
  columns: ResultColumn[];
  profiles: ColumnProfile[];
  /** Rows that were looked at. */
  rows: number;
  /** They are all there are, so every number is exact. */
  complete: boolean;
  meter: DuckdbMeter;
}

type Asks = Pick<Queries, 'run'>;

/** Columns of the statement's result. Throws what the statement itself would. */
export async function columnsOf(queries: Asks, sql: string, options: AskOptions): Promise<ResultColumn[]> {
  const { rows } = await ask(queries, describeColumns(sql), options);
  return rows.map(([name, type]) => ({ name: String(name), type: String(type), kind: kindOf(String(type)) }));
}

/** `rowsMost`: at most so many are looked at, and fewer where there are many columns. */
export async function profileSample(
  queries: Asks,
  sql: string,
  options: AskOptions,
  rowsMost?: number,
): Promise<SampleProfile> {
  const columns = await columnsOf(queries, sql, options);
  const shown = columns.slice(0, COLUMNS_MOST);
  const most = sampleRows(shown.length, rowsMost);
  const answer = await ask(queries, sampleProfile(sql, shown, most), options);
  const profiles = profilesOf(shown, profileRows(answer.rows));
  const rows = profiles[0]?.rows ?? 0;
  return { columns, profiles, rows, complete: rows < most, meter: answer.meter };
}

/** The same column over all rows. `sample` gives the most frequent values where there are too many to count. */
export async function profileWhole(
  queries: Asks,
  sql: string,
  sample: ColumnProfile,
  options: AskOptions,
): Promise<ColumnProfile> {
  const { column } = sample;
  const rows = async (statement: string) => profileRows((await ask(queries, statement, options)).rows);
  const found = await rows(wholeFacts(sql, column, 0));
  const facts = profileOf(column, found);
  const few = (facts.distinct ?? 0) <= DISTINCT_MOST;
  if (hasBins(column) && facts.lo !== null && facts.hi !== null)
    found.push(...(await rows(wholeBins(sql, column, 0, facts.lo, facts.hi))));
  if (few && hasTop(column)) found.push(...(await rows(wholeTop(sql, column, 0))));
  else if (few && column.kind !== 'other') found.push(...(await rows(wholeDistinct(sql, column, 0))));
  const profile = profileOf(column, found);
  if (few || !hasTop(column)) return profile;
  return { ...profile, top: sample.top, topOfSample: true };
}

const profileRows = (rows: readonly (readonly unknown[])[]): ProfileRow[] =>
  rows.map(([at, what, label, n]) => ({
    at: Number(at),
    what: String(what),
    label: label === null ? null : String(label),
    n: n === null ? null : Number(n),
  }));
