// What the audit log shows, as plain data that crosses the worker border.
import type { Device } from '../ports.ts';
import type { ActSummary, HistoryChange, HistoryEntry, NamedRow } from '../write/history-types.ts';

export interface AuditAsk {
  limit?: number;
  /** What the page before this one gave. */
  before?: number | null;
  /** Handle of a user. */
  person?: string | null;
  kind?: string | null;
  /** Acts that changed rows of it, or what hangs on them. */
  registry?: string | null;
  /** ISO 8601; both ends belong to it. */
  from?: string | null;
  to?: string | null;
  /** Uid of a device, or `-` for acts of which none is recorded. */
  device?: string | null;
  /** Name of a branch, or `*` for all; without one what the current branch shows. */
  branch?: string | null;
}

export interface AuditAct extends ActSummary {
  /** Full name of who did it, where known. */
  name: string | null;
  branch: string;
  /** Where it was made; null where that is not recorded. */
  device: Device | null;
  /** The act that this one took back or brought back. */
  of: { uid: string; title: string } | null;
  canUndo: boolean;
  /** All of it was sent to others. */
  synced: boolean;
}

export interface AuditPage {
  acts: AuditAct[];
  before: number | null;
}

export interface AuditChoices {
  people: { handle: string; name: string | null }[];
  kinds: string[];
  branches: string[];
  devices: Device[];
  /** Some acts tell of no device. */
  unrecorded: boolean;
  /** When the first act was done; null where there is none. */
  first: string | null;
}

/** One row that an act changed. */
export interface AuditRow {
  kind: HistoryEntry['kind'];
  /** The registry of the row, or of the row that a link or value hangs on; else the table. */
  registry: string;
  name: string;
  row: NamedRow | null;
  changes: HistoryChange[];
}

export interface AuditRows {
  rows: AuditRow[];
  /** Rows before these; there are more where `more` is true. */
  offset: number;
  more: boolean;
}
