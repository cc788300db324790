// The report of a validation as it is read back from its file: plain data that crosses the worker border. The file may come
// from anywhere, so that each part of it may be missing; nothing in it is believed beyond what it says.
import type { ValidationCounts } from './finding.ts';

export interface ReportValue {
  text: string;
  /** How many cells have it; null where that was not counted. */
  cells: number | null;
  /** The first rows that have it, counted from 1 behind the header. */
  rows: number[];
  /** The name that it is a synonym of. */
  standard: string | null;
}

export interface ReportFinding {
  severity: 'error' | 'notice';
  kind: string;
  slot: string;
  column: string | null;
  message: string;
  values: ReportValue[];
  /** How many distinct values there are, also beyond those listed. */
  valueCount: number;
  cells: number | null;
}

export interface ReportSlot {
  slot: string;
  schema: { uid: string | null; name: string | null };
  ok: boolean;
  rows: number;
  columns: number;
  known: number;
  errors: number;
  notices: number;
}

export interface ValidationReport {
  artifact: { uid: string | null; key: string | null };
  schema: { uid: string | null; name: string | null };
  /** ISO 8601. */
  at: string | null;
  /** Only where no finding is an error, whatever the file says. */
  ok: boolean;
  counts: ValidationCounts;
  slots: ReportSlot[];
  findings: ReportFinding[];
  /** Findings beyond those that are shown. */
  more: number;
}
