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

export interface HistoryEntry {
  act: ActSummary;
  /** Name of the branch it was done on. */
  branch: string;
  kind: 'create' | 'update' | 'delete' | 'restore' | 'link' | 'unlink';
  table: string;
  changes: { field: string; old: string | null; new: string | null }[];
  /** The restore button puts the old values back as a new act. */
  restorable: boolean;
  /** Names the entry for `restoreFields`. */
  ref: { record: number; operation: number; table: string; id: number };
}
