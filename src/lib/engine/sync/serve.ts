// What others get of a log: the records that they do not have, in the order in which they came here, so that whatever a
// record has seen is sent before it; in updates of bounded size, cut between records, each of a client in a row.
import { all, one, run, type Steps } from '../statement.ts';
import type { SqlValue } from '../ports.ts';
import { malformed } from './bytes.ts';
import { encodeUpdate, type DeletedRun, type LogItem, type StateVector } from './item.ts';
import { docName, vectorOf, type Log } from './logs.ts';
import { contentOf } from './record.ts';

export interface ServedUpdate {
  bytes: Uint8Array;
  /** What the other side has once it has taken this. */
  vector: StateVector;
  /** Nothing is left to send. */
  complete: boolean;
  records: number;
}

/** What an update aims at; one record may be longer than that. */
export const updateBytes = 256 * 1024;
const readAtOnce = 500;

/**
 * The next update for somebody who has what `vector` says: at most about `most` bytes. Told what it refused of what they have,
 * in the update after which nothing is left.
 */
export function* updateSince(log: Log, vector: StateVector, most = updateBytes): Steps<ServedUpdate> {
  const here = yield* vectorOf(log);
  const lacking: [number, number][] = [];
  for (const [client, next] of here) {
    const from = vector.get(client) ?? 0;
    if (from < next) lacking.push([client, from]);
  }
  return yield* updateOf(log, vector, lacking, most);
}

/** What of own records is not to be sent now: what is on its way, and clients that the server does not take. */
export interface OnTheWay {
  sent: StateVector;
  without: ReadonlySet<number>;
}

const nothingOnTheWay: OnTheWay = { sent: new Map(), without: new Set() };

/**
 * The same of this file's own records that the server has not acknowledged; null where there are none. Up to one that was
 * refused the server has them all, since it alone refuses.
 */
export function* outboxUpdate(
  log: Log,
  most = updateBytes,
  { sent, without }: OnTheWay = nothingOnTheWay,
): Steps<ServedUpdate | null> {
  const rows = yield* all(
    `SELECT c.client, max(c.acked, coalesce((SELECT max(i.clock) + 1 FROM loam_sync_item i WHERE i.client = c.client AND i.head IS NULL), 0)), c.next
     FROM loam_sync_client c WHERE c.doc = ? AND c.own > 0 AND c.acked < c.next`,
    [log.id],
  );
  const lacking = rows.flatMap(([client, from, next]): [number, number][] => {
    const first = Math.max(Number(from), sent.get(Number(client)) ?? 0);
    return first < Number(next) && !without.has(Number(client)) ? [[Number(client), first]] : [];
  });
  if (lacking.length === 0) return null;
  return yield* updateOf(log, new Map(lacking), lacking, most, false);
}

/** Logs with own records that are not acknowledged, by their names. */
export function* unsentLogs(): Steps<string[]> {
  const rows = yield* all(
    `SELECT branch, epoch FROM loam_sync_doc WHERE id IN
       (SELECT doc FROM loam_sync_client WHERE own > 0 AND acked < next) ORDER BY epoch, id`,
  );
  return rows.map(([branch, epoch]) => docName({ branch: String(branch), epoch: Number(epoch) }));
}

/** The server has fewer records of this client than it once acknowledged (it was set back): they are sent again. */
export function* rewind(log: Log, client: number, next: number): Steps<void> {
  yield* run('UPDATE loam_sync_client SET acked = min(acked, ?) WHERE client = ? AND doc = ? AND own > 0', [
    next,
    client,
    log.id,
  ]);
}

function* updateOf(
  log: Log,
  vector: StateVector,
  lacking: readonly [client: number, from: number][],
  most: number,
  /** Whether the other side is told of what was refused. */
  tells = true,
): Steps<ServedUpdate> {
  const items: LogItem[] = [];
  const after = new Map(vector);
  const wanted = new Map(lacking);
  let size = 0;
  let complete = false;
  if (lacking.length > 0) {
    const first = yield* one(
      `SELECT min(i.seq) FROM json_each(?) j JOIN loam_sync_item i
         ON i.client = j.value ->> 0 AND i.clock = j.value ->> 1`,
      [JSON.stringify(lacking)],
    );
    let seq = Number(first?.[0] ?? 0);
    reading: for (;;) {
      const rows = yield* all(
        `SELECT i.seq, i.client, i.clock, i.head, i.body FROM loam_sync_item i
         WHERE i.seq >= ? AND i.client IN (SELECT client FROM loam_sync_client WHERE doc = ?) ORDER BY i.seq LIMIT ${readAtOnce}`,
        [seq, log.id],
      );
      for (const row of rows) {
        const client = Number(row[1]);
        const from = wanted.get(client);
        if (from === undefined || Number(row[2]) < from) continue;
        const item = itemOf(row);
        const bytes = 32 + (item.content?.length ?? 0);
        if (items.length > 0 && size + bytes > most) break reading;
        items.push(item);
        after.set(client, item.clock + 1);
        size += bytes;
      }
      if (rows.length < readAtOnce) {
        complete = true;
        break;
      }
      seq = Number(rows.at(-1)?.[0]) + 1;
    }
  } else complete = true;
  const deleted = tells ? yield* refusedOf(log, complete ? after : null, items) : [];
  return { bytes: encodeUpdate(items, deleted), vector: after, complete, records: items.length };
}

function itemOf([, client, clock, head, body]: readonly SqlValue[]): LogItem {
  const content = head ? contentOf(head as Uint8Array, body as Uint8Array) : null;
  return { client: Number(client), clock: Number(clock), content };
}

/** Refused records among these items, or all that the other side is to know of. */
function* refusedOf(log: Log, known: StateVector | null, items: readonly LogItem[]): Steps<DeletedRun[]> {
  if (!known)
    return items
      .filter(({ content }) => content === null)
      .map(({ client, clock }) => ({ client, clock, count: 1 }));
  const rows = yield* all(
    `SELECT i.client, i.clock FROM loam_sync_item i JOIN loam_sync_client c ON c.client = i.client
     WHERE c.doc = ? AND i.head IS NULL ORDER BY i.client, i.clock`,
    [log.id],
  );
  return rows
    .map(([client, clock]) => ({ client: Number(client), clock: Number(clock), count: 1 }))
    .filter(({ client, clock }) => clock < (known.get(client) ?? 0));
}

/** How many records of this file are not acknowledged yet, in all logs. */
export function* unsent(): Steps<number> {
  const row = yield* one('SELECT coalesce(sum(next - acked), 0) FROM loam_sync_client WHERE own > 0');
  return Number(row?.[0] ?? 0);
}

/**
 * The server has all records of these clients below their clocks. More than were ever written here means that this file is
 * an older state or a copy of the one that wrote them: then `renewed` says that its sessions are to take new clients.
 */
export function* acknowledge(log: Log, vector: StateVector): Steps<{ renewed: boolean }> {
  let renewed = false;
  for (const [client, clock] of vector) {
    if (!Number.isSafeInteger(clock) || clock < 0)
      throw malformed('a state vector holds a clock that is none');
    const row = yield* one(
      `UPDATE loam_sync_client SET acked = max(acked, min(next, ?1)), own = CASE WHEN ?1 > next THEN 2 ELSE own END
       WHERE client = ?2 AND doc = ?3 AND own > 0 RETURNING next`,
      [clock, client, log.id],
    );
    if (row && clock > Number(row[0])) renewed = true;
  }
  return { renewed };
}
