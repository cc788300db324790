// Terms of a public source on their way into a registry: what is asked, and how the rows come. They come in batches from
// where they are read (another worker, a file), so that neither side holds more than it works on.

/** Which version of which public source: bionty's unique fields of a Source, without the registry. */
export interface SourceName {
  /** cl, ensembl, uniprot. */
  name: string;
  version: string;
  /** `all` where it is of no organism. */
  organism: string;
  description?: string | null;
  url?: string | null;
  website?: string | null;
}

/** Rows in the order they are taken; `links` are pairs of places in that order, child and parent. */
export interface TermBatch {
  /** Place of the first row. */
  from: number;
  count: number;
  /** bionty's uids, one a row. */
  uids: string[];
  /** By column of the registry's table. */
  values: Record<string, (string | number | null)[]>;
  links: Uint32Array;
  /** 1 for terms that are no longer to be used; empty where nothing says so. */
  deprecated: Uint8Array;
  replacedBy: (string | null)[] | null;
}

export interface TermFeed {
  /** Rows and links of all batches together. */
  rows: number;
  links: number;
  /** The next batch; null at the end. Gives up with `Cancelled` once it is told so. */
  next(cancelled: () => boolean): Promise<TermBatch | null>;
}

export interface ImportedTerms {
  registry: string;
  source: { uid: string; name: string; version: string };
  /** Rows written; rows that were there and stayed as they were. */
  added: number;
  kept: number;
  /** Rows brought to the new version. */
  updated: number;
  links: number;
  /** Terms that cannot be kept, in words, at most 20, and how many. */
  refused: string[];
  refusedCount: number;
  /** Uid of the act, for its undo. */
  act: string;
}

/** What reads terms offers of them, whatever file they come from. */
export interface TermRows {
  count: number;
  /** The column that names a row outside: ontology_id, ensembl_gene_id … */
  key: string;
  has(column: string): boolean;
  value(column: string, row: number): string | null;
  parents(row: number): ArrayLike<number>;
  isDeprecated(row: number): boolean;
  /** Rows that are not taken, since an earlier one has their key. */
  repeated: readonly number[];
}
