// What `loam inspect` tells about a file. Names and shapes are those of facts computed by Python's readers, so that both
// can be compared field by field; numbers that are not finite are null, as in JSON.

/** Facts of one file or folder; what else there is depends on `kind`. */
export interface Facts {
  /** AnnData, MuData, HDF5, Zarr, Parquet, Arrow, delimited text, FASTA, …, or `unreadable`. */
  kind: string;
  [fact: string]: unknown;
}

/** A table: columns in their order, and its index. */
export interface FrameFacts {
  n: number;
  index_name: string | null;
  /** The first three names. */
  index_head: string[];
  index_unique: boolean;
  columns: Record<string, ColumnFacts>;
}

export type ColumnFacts = CategoryFacts | BoolFacts | NumberFacts | ObjectFacts | UnreadColumn;

interface Column {
  /** pandas' dtype. */
  dtype: string;
  n_null: number;
}

export interface CategoryFacts extends Column {
  dtype: 'category';
  categories: string[];
  n_categories: number;
  ordered: boolean;
  /** Rows of each category, in the order of the categories; also of those without rows. */
  counts: Record<string, number>;
}

export interface BoolFacts extends Column {
  true: number;
}

/** Sum, smallest and largest of the values that are not missing, as 64-bit floats. */
export interface NumberFacts extends Column {
  sum: number | null;
  min: number | null;
  max: number | null;
}

/** Texts and everything else; both are left out where values cannot be written as text. */
export interface ObjectFacts extends Column {
  n_unique?: number;
  /** The first three values. */
  head?: string[];
}

/** A column whose values could not be read, with the reason. */
export interface UnreadColumn {
  dtype: string;
  error: string;
}

/** A matrix: dense, or sparse with its stored values. */
export interface MatrixFacts {
  type: string;
  shape: number[];
  dtype: string;
  nnz?: number;
  format?: string;
  sum?: number | null;
  error?: string;
}

/** JSON has no words for NaN and infinity. */
export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** A record whose keys come from files: no key is special, not even `__proto__`. */
export function record<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  const made = Object.create(null) as Record<string, T>;
  for (const [key, value] of entries) made[key] = value;
  return made;
}
