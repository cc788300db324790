// The trash and the archive as plain data that crosses the worker border.

export type BinPlace = 'trash' | 'archive';

export interface BinAsk {
  where: BinPlace;
  registry?: string | null;
  /** Handle of who put it there. */
  person?: string | null;
  /** ISO 8601, of when. */
  from?: string | null;
  to?: string | null;
  limit?: number;
  /** What the page before this one gave. */
  before?: string | null;
}

export interface BinRow {
  registry: string;
  /** uid or, where the registry has none, id. */
  key: string;
  name: string;
  /** When it went there. */
  at: string | null;
  /** Who put it there, and by which act, as far as the log knows. */
  by: string | null;
  act: string | null;
  /** Of artifacts, in bytes. */
  size: number | null;
}

export interface BinPage {
  rows: BinRow[];
  before: string | null;
}

export interface EmptyPlan {
  registries: { registry: string; count: number }[];
  /** Rows in the trash, and whole objects that go with them. */
  rows: number;
  along: number;
  /** Stored files and bytes that go. */
  files: number;
  bytes: number;
  /** What stays, since rows that stay refer to it. */
  refused: { registry: string; usedBy: string; count: number }[];
}

export interface Emptied {
  rows: number;
  bytes: number;
  /** Bytes that stay because another database on this device names them. */
  kept: number;
  left: { registry: string; count: number; why: string }[];
}
