// What a validation answers: findings, plain data that crosses the worker border. An error is what LaminDB 2.12.1 refuses a
// dataset for; a notice is what LaminDB lets pass without a word (unknown columns, unknown genes) and a stricter schema
// would tell. Nothing here decides anything.

/** What is wrong, by the place where it is mended. */
export type FindingKind =
  /** A required column is not there. */
  | 'missing_column'
  /** A column that the schema does not name. */
  | 'unexpected_column'
  | 'column_order'
  /** The same name twice. */
  | 'duplicate_column'
  /** The column's type, or the type of some of its values. */
  | 'dtype'
  /** Empty cells where none may be. */
  | 'nulls'
  /** Values that no row of the registry has. */
  | 'terms'
  /** Names of columns or keys (in a slot like `var.T`: names of rows) that no row of the slot's registry has. */
  | 'names'
  /** The table's index is not what the schema's index feature asks for. */
  | 'index'
  /** A part of the dataset that the schema names is not there, or cannot be validated. */
  | 'slot'
  /** External features, beside the dataset. */
  | 'metadata'
  /** More than one row of a registry has the name. */
  | 'ambiguous'
  /** The schema itself cannot be used for this dataset. */
  | 'schema';

/** LaminDB's own key of the same refusal: pandera's for tables, else the class of its error. */
export type LaminCheck =
  | 'COLUMN_NOT_IN_DATAFRAME'
  | 'COLUMN_NOT_IN_SCHEMA'
  | 'COLUMN_NOT_ORDERED'
  | 'DUPLICATE_COLUMN_LABELS'
  | 'WRONG_DATATYPE'
  | 'DATATYPE_COERCION'
  | 'SERIES_CONTAINS_NULLS'
  | 'DATAFRAME_CHECK'
  | 'MISMATCH_INDEX'
  | 'ValidationError'
  | 'InvalidArgument'
  | 'ValueError'
  | 'TypeError'
  | 'DoesNotExist'
  | 'AttributeError'
  | 'OrganismNotSet';

/** A value that the finding is about, once however often it occurs. */
export interface FindingValue {
  /** As it is written in the file (as Python would print it). */
  text: string;
  /** How many cells have it; null where that was not counted (names of columns and keys). */
  count: number | null;
  /** The first rows that have it, counted from 0 behind the header; at most `firstRows`. */
  rows: number[];
  /** The name it is a synonym (or another spelling by capitals) of, as the registry writes it; null where it is none. */
  standard: string | null;
  /** Whether a public ontology has it, asked by whoever can; null where nobody was asked. */
  inPublic: boolean | null;
  /** Names of the registry that are like it, best first. Empty until asked for (`suggest`). */
  suggestions: string[];
}

export const firstRows = 5;

/** A finding keeps at most this many values; `valueCount` says how many there are. */
export const mostValues = 1000;

export interface Finding {
  severity: 'error' | 'notice';
  kind: FindingKind;
  /** `columns` for the table itself, else the slot's name: `obs`, `var.T`, `rna:obs`, `attrs:sample`, `__external__`. */
  slot: string;
  /** Name of the column, key or index; null where the finding is about the slot as a whole. */
  column: string | null;
  /** What is wrong, which value, and what to do. */
  message: string;
  /** LaminDB's key; null for notices. */
  check: LaminCheck | null;
  values: FindingValue[];
  /** How many distinct values there are, also beyond those listed. */
  valueCount: number;
  /** How many cells are concerned; null where the whole column or slot is. */
  cells: number | null;
  /** Where the values were looked for: registry and field, in their order. Null where no registry was asked. */
  terms: FindingTerms | null;
}

export interface FindingTerms {
  /** `ULabel`, `bionty.CellType`. */
  registry: string;
  field: string;
  /** The type (a record or label) that values have to stand below. */
  typeUid: string | null;
  typeName: string | null;
  /** Organism that was looked in. */
  organism: string | null;
  /** Other registries of a union, after the first one. */
  others: { registry: string; field: string }[];
  /** Feature whose values they are; null for names of columns or genes. */
  featureUid: string | null;
}

/** What became of one slot. */
export interface SlotResult {
  slot: string;
  schemaUid: string;
  schemaName: string | null;
  ok: boolean;
  /** Rows and columns that were looked at. */
  rows: number;
  columns: number;
  /** Names of columns (or of rows, for `var.T`) that a row of the slot's registry has. */
  known: number;
  errors: number;
  notices: number;
}

export interface ValidationCounts {
  errors: number;
  notices: number;
  /** Cells that an error names. */
  cells: number;
  /** Distinct values that were looked up in registries, and those of them that are there. */
  terms: number;
  validTerms: number;
}

export interface ValidationResult {
  ok: boolean;
  schema: { uid: string; name: string | null };
  slots: SlotResult[];
  /** Errors first, by slot in the schema's order, then by column in the table's. */
  findings: Finding[];
  counts: ValidationCounts;
}
