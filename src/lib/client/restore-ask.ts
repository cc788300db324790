// A wish to put a row back, as timelines and the sheet that shows what it means hand it to each other.

export interface RestoreAsk {
  /** The state after this record. */
  record: number;
  /** Single parts of it; null for all. */
  parts: string[] | null;
  title: string;
}
