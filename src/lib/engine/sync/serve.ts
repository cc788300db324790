// What others get of a log: the records that they do not have, in the order in which they came here, so that whatever a
// record has seen is sent before it; in updates of bounded size, cut between records, each of a client in a row.
import { all, one, type Steps } from '../statement.ts';
import type { SqlValue } from '../ports.ts';
import { malformed } from './bytes.ts';
import { encodeUpdate, type DeletedRun, type LogItem, type StateVector } from './item.ts';
import { vectorOf, type Log } from './logs.ts';
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

/** The same of this file's own records that the server has not acknowledged; null where there are none. */
export function* outboxUpdate(log: Log, most = updateBytes): Steps<ServedUpdate | null> {
  const rows = yield* all(
    'SELECT client, acked FROM loam_sync_client WHERE doc = ? AND own > 0 AND acked < next',
    [log.id],
  );
  if (rows.length === 0) return null;
  const lacking = rows.map(([client, acked]): [number, number] => [Number(client), Number(acked)]);
  return yield* updateOf(log, new Map(lacking), lacking, most);
}

function* updateOf(
  log: Log,
  vector: StateVector,
  lacking: readonly [client: number, from: number][],
  most: number,
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
  const deleted = yield* refusedOf(log, complete ? after : null, items);
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
