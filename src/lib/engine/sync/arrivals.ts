// Records of others that wait to be done in the tables. Whoever does them (project.ts) says so here, in the same transaction,
// so that the next record of this file can say what it has seen.
import type { SqlValue } from '../ports.ts';
import { all, run, type Steps } from '../statement.ts';
import { witnessTime, type Journal } from '../write/journal.ts';
import { docName } from './logs.ts';
import { contentOf, decodeRecord, type PlacedRecord } from './record.ts';

export interface Arrival {
  /** In which order they came. */
  seq: number;
  placed: PlacedRecord;
}

/** Those that wait, behind `after`, in the order in which they came. */
export function* arrivals(after = 0, most = 200): Steps<Arrival[]> {
  const rows = yield* all(
    `SELECT i.seq, i.client, i.clock, i.head, i.body, d.branch, d.epoch FROM loam_sync_item i
     JOIN loam_sync_client c ON c.client = i.client JOIN loam_sync_doc d ON d.id = c.doc
     WHERE i.record IS NULL AND i.head IS NOT NULL AND i.seq > ? ORDER BY i.seq LIMIT ?`,
    [after, most],
  );
  return rows.map((row) => ({ seq: Number(row[0]), placed: placedOf(row) }));
}

function placedOf([, client, clock, head, body, branch, epoch]: readonly SqlValue[]): PlacedRecord {
  return {
    doc: docName({ branch: String(branch), epoch: Number(epoch) }),
    client: Number(client),
    clock: Number(clock),
    record: decodeRecord(contentOf(head as Uint8Array, body as Uint8Array)),
  };
}

/**
 * It is in the tables, as the given record of the history; 0 where it is to have none. From now on time here is later than
 * its time. Only where the record of the history has the same operations on the same rows may it get client and clock.
 */
export function* markDone(
  journal: Journal,
  { client, clock, record: { at } }: PlacedRecord,
  record: number,
): Steps<void> {
  yield* witnessTime(journal, at);
  yield* run('UPDATE loam_sync_item SET record = ? WHERE client = ? AND clock = ?', [record, client, clock]);
  yield* settle(client);
}

/** Up to where all records of a client are done: to the first that waits. */
export function* settle(client: number): Steps<void> {
  yield* run(
    `UPDATE loam_sync_client SET done = coalesce((
       SELECT i.clock FROM loam_sync_item i WHERE i.client = ?1 AND i.clock >= loam_sync_client.done
         AND i.record IS NULL AND i.head IS NOT NULL ORDER BY i.clock LIMIT 1), next)
     WHERE client = ?1`,
    [client],
  );
}
