// What the write path knows of sync: who gives its records their places in a log (sync/places.ts), in the transaction that
// writes them. A database that is not synced has nobody for it, and nothing here costs it anything.
import type { Steps } from '../statement.ts';
import type { LoggedOperation, Transaction } from './transaction.ts';

/** Version of the log once records have places in a log that is synced: an older Loam would write some without. */
export const syncedVersion = 3;

/** Name in `loam_setting`: there once a database is synced; its value names the file (sync/session.ts). */
export const syncSetting = 'sync';

/** In `loam_setting`: records up to this one were there before the database was shared, and are in every copy of it. */
export const sharedFrom = 'sync base';

/** What the projection keeps (sync/projection-tables.ts), for a database that leaves it all. */
const projection = 'known saw waiting void shadow moved parked hidden wait conflict alias birth twin'.split(
  ' ',
);

/** A database with these executed is not synced any more; what others have of it stays with them. */
export const leaveSync: readonly string[] = [
  'DELETE FROM loam_sync_item',
  'DELETE FROM loam_sync_client',
  'DELETE FROM loam_sync_doc',
  `DELETE FROM loam_setting WHERE name IN ('${syncSetting}', '${sharedFrom}', 'sync indexed')`,
  ...projection.map((name) => `DROP TABLE IF EXISTS loam_${name}`),
];

export interface Place {
  client: number;
  clock: number;
}

export interface WrittenRecord {
  id: number;
  /** Its body, as it stands in loam_record. */
  bytes: Uint8Array;
  entries: readonly LoggedOperation[];
}

interface SyncedAct {
  id: number;
  uid: string;
  title: string;
  root: number;
  sign: 1 | -1;
}

export interface Places {
  /** Throws where a record is longer than others would take. */
  check(entries: readonly LoggedOperation[], bytes: number, text: number): void;
  /** Clocks in a row for records that are written next; that of the first. */
  take(tx: Transaction, records: readonly { bytes: Uint8Array }[]): Steps<Place>;
  /** They are written, from that place on. */
  note(tx: Transaction, act: SyncedAct, first: Place, records: readonly WrittenRecord[]): Steps<void>;
  /** Records of an act that is still open: they get their places when it is closed. */
  hold(act: number, records: readonly WrittenRecord[]): void;
  /** In the transaction that closes an act: all its records get their places. */
  close(tx: Transaction, act: SyncedAct): Steps<void>;
}
