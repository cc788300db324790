// An act in a line, as the frame, histories and the audit log tell it.
import type { SqlValue } from '../ports.ts';
import { isoMicros } from '../time.ts';
import type { ActSummary } from './history-types.ts';

/** Of a row that begins with the act's uid, kind, title and time, its user's handle, and when its root was undone. */
export const summaryOf = ([uid, kind, title, at, by, undone]: readonly SqlValue[]): ActSummary => ({
  uid: String(uid),
  kind: String(kind),
  title: String(title),
  at: isoMicros(Number(at)),
  by: String(by ?? ''),
  undone: undone !== null,
});
