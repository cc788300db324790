// What a validation asks of a dataset, and what its reader answers: plain data between the engine, which decides, and the
// readers of files, which only look. Columns are told as pandas 2 holds them, since LaminDB validates what pandas loads.
// Matrices are never asked for.

/** A part of a dataset, as a schema's slot names it, and what of it is to be read. */
export interface FrameAsk {
  /** `columns` for a file that is one table, else `obs`, `var`, `uns:key`, `rna:obs`, `tables:cells:var`, `attrs:key`. */
  slot: string;
  /** The index becomes the columns (`var.T`). */
  transposed: boolean;
  /** What is read of columns by their place; of others only the names are told. */
  columns: { at: number; want: ColumnWant }[];
  index: 'none' | ColumnWant;
  /** Only names are wanted yet; how many rows there are may stay 0 where that costs reading. */
  namesOnly: boolean;
}

/**
 * `type`: dtype and empty cells. `kinds`: also which Python types are in an object column. `whole`: also the numbers that are
 * no whole ones. `values`: also every distinct value with its count and first rows.
 */
export type ColumnWant = 'type' | 'kinds' | 'whole' | 'values';

/** A cell's value as far as validation needs it. */
export interface ValueRead {
  /** As `str()` writes it. */
  text: string;
  /** Python's type: str, int, float, bool, date, datetime, time, decimal, bytes, dict, `list[str]`, `array[int64]`, other. */
  kind: string;
  count: number;
  /** First rows, from 0. */
  rows: number[];
}

export interface ColumnRead {
  at: number;
  name: string;
  /** pandas' dtype: int64, float64, bool, object, category, datetime64[ns], `datetime64[us, UTC]`, Int64, boolean, string. */
  dtype: string;
  /** Cells, empty ones among them. */
  rows: number;
  nulls: number;
  nullRows: number[];
  /** Python types of an object column's values, or of a category's categories; null where the dtype tells all. */
  kinds: ValueRead[] | null;
  /** Distinct values, or with `whole` those that are no whole numbers. Elements of lists count as values of their own. */
  values: ValueRead[] | null;
  /** Distinct values beyond `mostDistinct` were not kept. */
  cut: boolean;
  /** Numbers of a text table that are spelt as whole ones, and are floats for their empty cells alone. */
  spelt?: 'whole';
  /** Why the values could not be read; the column is then told by dtype alone. */
  problem: string | null;
}

export interface IndexRead extends Omit<ColumnRead, 'at' | 'name'> {
  /** Its name in the file; null where it has none. */
  name: string | null;
  /** Plain numbers 0, 1, 2 … that are stored nowhere. */
  range: boolean;
  /** Several levels; pandas' MultiIndex. */
  levels: number;
}

export interface FrameRead {
  slot: string;
  /** Set where the dataset has no such part, with what it has instead. */
  missing: { message: string; available: string[] } | null;
  rows: number;
  /** Names of the columns in their order, repeated ones too. */
  names: string[];
  columns: ColumnRead[];
  index: IndexRead | null;
}

/** What a dataset is, by its content, and its parts as they were asked for. */
export interface DatasetRead {
  /** LaminDB's otype: DataFrame, AnnData, MuData, SpatialData; null where it is none of them. */
  otype: string | null;
  frames: FrameRead[];
  bytesRead: number | null;
}

/** Distinct values of one column that are kept at most. */
export const mostDistinct = 1_000_000;
