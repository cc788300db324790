// What history shows, as plain data that crosses the worker border.

export interface ActSummary {
  uid: string;
  /** One user intention: drop, annotate, rename, import, undo, redo … */
  kind: string;
  title: string;
  /** ISO 8601 UTC. */
  at: string;
  by: string;
  undone: boolean;
}

/** A row that a value names, for a link to its page; none where the row is gone. */
export interface NamedRow {
  registry: string;
  key: string;
}

export interface HistoryChange {
  /** A field, or of ties the feature or the relation they are of. */
  field: string;
  old: string | null;
  new: string | null;
  oldRow?: NamedRow;
  newRow?: NamedRow;
  /** Names it for a restore of this alone (registry/restore-state.ts). */
  part: string;
}

/** What a restore would change. */
export interface RestoreLine {
  part: string;
  field: string;
  now: string | null;
  then: string | null;
  /** Why it has to stay as it is, in words; null where nothing is in the way. */
  problem: string | null;
}

export interface HistoryEntry {
  act: ActSummary;
  /** Name of the branch it was done on. */
  branch: string;
  kind: 'create' | 'update' | 'delete' | 'restore' | 'link' | 'unlink';
  table: string;
  changes: HistoryChange[];
  /** Ties of the same kind that came or went with this one and are not told one by one. */
  more: number;
  /** The restore button puts the old values back as a new act. */
  restorable: boolean;
  /** Names the entry for `restoreFields`, and the state of the row after it for `restoreState`. */
  ref: { record: number; operation: number; table: string; id: number };
}

export interface HistoryAsk {
  limit?: number;
  /** What the page before this one gave. */
  before?: number | null;
  /** Only changes of this field, or of ties of this feature or relation. */
  field?: string | null;
}

export interface HistoryPage {
  entries: HistoryEntry[];
  /** Where the next page begins; null where nothing earlier is known. */
  before: number | null;
}
