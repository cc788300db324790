// Records that were refused. Their clocks stay, their content goes, from the log of everybody; the author keeps it in the
// history, to look at, change and save again.
import { all, one, run, type Steps } from '../statement.ts';
import type { DeletedRun } from './item.ts';
import { docName, type Log } from './logs.ts';

export interface Refused {
  doc: string;
  client: number;
  clock: number;
  /** The local record whose effect is to be taken back; null where it never came into the tables. */
  record: number | null;
  /** It was made here. */
  own: boolean;
  /** In words; empty where the other side gave none. */
  reason: string;
}

/** Refuses one record that is here. Answers whether it was not refused before. */
export function* refuse(
  log: Log,
  client: number,
  clock: number,
  reason: string,
  list: Refused[],
): Steps<boolean> {
  const row = yield* one(
    `SELECT i.record, c.own FROM loam_sync_item i JOIN loam_sync_client c ON c.client = i.client
     WHERE i.client = ? AND i.clock = ? AND i.head IS NOT NULL AND c.doc = ?`,
    [client, clock, log.id],
  );
  if (!row) return false;
  yield* run(
    `UPDATE loam_sync_item SET head = NULL, body = NULL, reason = ? WHERE client = ? AND clock = ?`,
    [reason, client, clock],
  );
  const record = row[0] === null || row[0] === 0 ? null : Number(row[0]);
  list.push({ doc: docName(log), client, clock, record, own: Number(row[1]) > 0, reason });
  return true;
}

/** What a server refuses after it was taken (Postgres did): the delete set is for all who had it. */
export function* refuseRecords(
  log: Log,
  places: readonly { client: number; clock: number }[],
  reason: string,
): Steps<{ refused: Refused[]; deleted: DeletedRun[] }> {
  const refused: Refused[] = [];
  for (const { client, clock } of places) yield* refuse(log, client, clock, reason, refused);
  return { refused, deleted: refused.map(({ client, clock }) => ({ client, clock, count: 1 })) };
}

/** The server says why: the bytes of an update have no room for it. */
export function* explainRefusal(client: number, clock: number, reason: string): Steps<void> {
  yield* run('UPDATE loam_sync_item SET reason = ? WHERE client = ? AND clock = ? AND head IS NULL', [
    reason,
    client,
    clock,
  ]);
}

/** Changes of this file that were refused, newest first: their content is in the history. */
export function* ownRefused(most = 200): Steps<Refused[]> {
  const rows = yield* all(
    `SELECT d.branch, d.epoch, i.client, i.clock, i.record, i.reason FROM loam_sync_client c
     JOIN loam_sync_doc d ON d.id = c.doc JOIN loam_sync_item i ON i.client = c.client
     WHERE c.own > 0 AND i.head IS NULL ORDER BY i.seq DESC LIMIT ?`,
    [most],
  );
  return rows.map(([branch, epoch, client, clock, record, reason]) => ({
    doc: docName({ branch: String(branch), epoch: Number(epoch) }),
    client: Number(client),
    clock: Number(clock),
    record: record === null || record === 0 ? null : Number(record),
    own: true,
    reason: String(reason ?? ''),
  }));
}
