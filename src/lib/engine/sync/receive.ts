// Updates of others: everything is looked at before anything is kept, and then all of it is kept or nothing. What is no
// update of a log is refused as a whole, in words; a record of right form that breaks a rule (a clock of the future, a right
// that its author has not) is kept as a refused one, so that the clocks of its client stay in a row and everybody converges
// without ever having had its content.
import type { Clock } from '../ports.ts';
import { many, one, run, type Steps } from '../statement.ts';
import type { Journal } from '../write/journal.ts';
import { settle } from './arrivals.ts';
import { malformed, refusedUpdate } from './bytes.ts';
import { decodeUpdate, type DeletedRun, type LogItem } from './item.ts';
import { beginLog, docName, findLog, readDocName, type Log } from './logs.ts';
import type { SessionPlaces } from './places.ts';
import { decodeRecord, readHead, splitContent, type PlacedRecord } from './record.ts';
import { firstOfUnit, followsOn, type Neighbour } from './units.ts';
import { refuse, type Refused } from './voids.ts';

export interface ReceivePolicy {
  /** The other side may refuse records: the server alone may. */
  voids: boolean;
  /** A log that is not known here may begin with this update. */
  begins: boolean;
  /** Whether the other side may bring records of this client; of all where it is absent (a server that relays). */
  owns?: (client: number) => boolean;
  /** What is wrong with a record, in words; null where nothing is. Without it all are taken. */
  judge?: (placed: PlacedRecord) => string | null;
}

export interface Received {
  doc: string;
  /** New here, in the order of the update; those refused by the policy are not among them. */
  taken: PlacedRecord[];
  /** Refused now: by the policy, or by the other side, also of those that were here. */
  refused: Refused[];
  /** Records that were here already. */
  known: number;
  /** What the sender is to be told: of the records that it sent, these are refused here. */
  answer: DeletedRun[];
}

/** Records may be this much before our own clock. */
const aheadMs = 5 * 60 * 1000;

/** Clocks that run ahead would win over everybody's later changes: refused beyond five minutes. */
export const notFromTheFuture =
  (clock: Clock, ahead = aheadMs) =>
  ({ record }: PlacedRecord): string | null => {
    const late = record.at / 1000 - clock();
    return late > ahead
      ? `Its time is ${Math.round(late / 60_000)} minutes ahead. Set the clock of the device that made it, and save the change again.`
      : null;
  };

/** Takes an update into a log. Within a transaction: what is refused leaves nothing. */
export function* receiveUpdate(
  journal: Journal,
  doc: string,
  update: Uint8Array,
  policy: ReceivePolicy,
): Steps<Received> {
  const { items, deleted } = decodeUpdate(update);
  const log = yield* logOf(doc, policy);
  const writing = new Set((journal.places as SessionPlaces | null)?.clients().values() ?? []);
  const done: Received = { doc, taken: [], refused: [], known: 0, answer: [] };
  for (let from = 0; from < items.length;) {
    let to = from;
    while (to < items.length && items[to]?.client === items[from]?.client) to++;
    yield* takeClient(log, items.slice(from, to), { ...policy, writing }, done);
    from = to;
  }
  for (const run of deleted)
    if (policy.voids) yield* refuseRun(log, run, done);
    else if (!(yield* isRefused(run))) throw mayNotRefuse();
  for (const client of new Set(done.refused.map(({ client }) => client))) yield* settle(client);
  return done;
}

function* logOf(doc: string, { begins }: ReceivePolicy): Steps<Log> {
  const known = yield* findLog(doc);
  if (known) return known;
  if (begins) return yield* beginLog(readDocName(doc));
  throw refusedUpdate(
    'unknown log',
    `An update was refused: the log ${doc} is not known here. Announce it first.`,
    { doc },
  );
}

interface Rules extends ReceivePolicy {
  /** Clients that write here now. */
  writing: ReadonlySet<number>;
}

/** How many records of a client of this log are here; null where it is new. */
function* nextOf(log: Log, client: number): Steps<number | null> {
  const row = yield* one('SELECT doc, next FROM loam_sync_client WHERE client = ?', [client]);
  if (!row) return null;
  if (Number(row[0]) !== log.id)
    throw refusedUpdate(
      'foreign client',
      `An update was refused: client ${client} writes another log than ${docName(log)}.`,
      { client },
    );
  return Number(row[1]);
}

function* takeClient(log: Log, items: readonly LogItem[], policy: Rules, done: Received): Steps<void> {
  const [{ client, clock: first }] = items as [LogItem];
  if (policy.owns && !policy.owns(client))
    throw refusedUpdate(
      'foreign client',
      `An update was refused: client ${client} is not one that this connection announced.`,
      { client },
    );
  const held = yield* nextOf(log, client);
  const next = held ?? 0;
  if (first > next)
    throw refusedUpdate(
      'gap',
      `An update was refused: it begins at record ${first} of client ${client}, and the one after ${next - 1} is to come first. Send all from ${next} on.`,
      { client, next, first },
    );
  const fresh = items.filter(({ clock }) => clock >= next);
  for (const item of items) if (item.clock < next) yield* compare(log, item, policy, done);
  if (fresh.length === 0) return;
  if (policy.writing.has(client)) throw twice(client, next);
  if (held === null) yield* refuseFull(log);
  yield* keep(log, client, held !== null, fresh, policy, done);
}

/** Ten times what seals a log: sessions that came late have room, and its state vector stays one that can be read. */
const mostSessions = 5_000;

function* refuseFull(log: Log): Steps<void> {
  const row = yield* one('SELECT count(*) FROM loam_sync_client WHERE doc = ?', [log.id]);
  if (Number(row?.[0]) < mostSessions) return;
  throw refusedUpdate(
    'full',
    `An update was refused: ${mostSessions.toLocaleString('en')} sessions have written into the log ${docName(log)}, which is the most that one may have. Connect again to write into the next.`,
    { limit: mostSessions },
  );
}

/** Two files write under one name: one is a copy of the other. */
const twice = (client: number, clock: number) =>
  refusedUpdate(
    'diverged',
    `Record ${clock} of client ${client} came from elsewhere, and this client writes here. Two copies of one file are at work: open this one again, so that it gets a client of its own.`,
    { client, clock },
  );

/** A record that is here already has to be the same. */
function* compare(log: Log, { client, clock, content }: LogItem, policy: Rules, done: Received): Steps<void> {
  done.known++;
  const row = yield* one('SELECT head, body FROM loam_sync_item WHERE client = ? AND clock = ?', [
    client,
    clock,
  ]);
  if (!row) return;
  const [head, body] = row as [Uint8Array | null, Uint8Array | null];
  if (content === null) {
    // Who was told of a refusal may say it again.
    if (!policy.voids && head) throw mayNotRefuse();
    if (head) yield* refuse(log, client, clock, '', done.refused);
  } else if (!head) done.answer.push({ client, clock, count: 1 });
  else {
    const { headBytes, body: given } = splitContent(content);
    if (!same(head, headBytes) || !same(body as Uint8Array, given))
      throw refusedUpdate(
        'diverged',
        `An update was refused: its record ${clock} of client ${client} is another one than that which is here. A file was restored or copied while it was open: open it again, so that it gets a client of its own.`,
        { client, clock },
      );
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

function* keep(
  log: Log,
  client: number,
  known: boolean,
  items: readonly LogItem[],
  policy: Rules,
  done: Received,
): Steps<void> {
  const doc = docName(log);
  const first = items[0]?.clock ?? 0;
  const heads: (Uint8Array | null)[] = [];
  const bodies: (Uint8Array | null)[] = [];
  const reasons: (string | null)[] = [];
  const taken: PlacedRecord[] = [];
  let before = yield* neighbour(client, first - 1);
  let bytes = 0;
  for (const { clock, content } of items) {
    let reason: string | null;
    let placed: PlacedRecord | null = null;
    if (content === null) {
      if (!policy.voids) throw mayNotRefuse();
      reason = '';
      before = 'refused';
    } else {
      const record = decodeRecord(content);
      if (record.branch !== log.branch)
        throw malformed(`a record of the branch ${record.branch} stands in the log ${doc}`);
      placed = { doc, client, clock, record };
      followsOn(before, placed);
      before = record.act;
      reason = (yield* unitRefused(placed, first, reasons)) ?? policy.judge?.(placed) ?? null;
    }
    const parts = reason === null && content ? splitContent(content) : null;
    heads.push(parts?.headBytes ?? null);
    bodies.push(parts?.body ?? null);
    reasons.push(reason);
    bytes += content && reason === null ? content.length : 0;
    if (reason === null && placed) taken.push(placed);
    else done.refused.push({ doc, client, clock, record: null, own: false, reason: reason ?? '' });
    if (reason !== null && content) {
      done.answer.push({ client, clock, count: 1 });
      // What stands or falls with it and was taken before.
      const from = placed ? firstOfUnit(placed) : clock;
      for (let i = Math.max(from, first) - first; i < clock - first; i++) {
        if (heads[i] === null) continue;
        heads[i] = bodies[i] = null;
        reasons[i] = reason;
        done.refused.push({ doc, client, clock: first + i, record: null, own: false, reason });
        done.answer.push({ client, clock: first + i, count: 1 });
      }
      for (let earlier = from; earlier < first; earlier++)
        if (yield* refuse(log, client, earlier, reason, done.refused))
          done.answer.push({ client, clock: earlier, count: 1 });
    }
  }
  yield* many(
    'INSERT INTO loam_sync_item(client, clock, record, head, body, reason) VALUES (?, ?, NULL, ?, ?, ?)',
    items.length,
    [[client], items.map(({ clock }) => clock), heads, bodies, reasons],
  );
  const end = first + items.length;
  if (known)
    yield* run('UPDATE loam_sync_client SET next = ?, bytes = bytes + ? WHERE client = ?', [
      end,
      bytes,
      client,
    ]);
  else
    yield* run(
      'INSERT INTO loam_sync_client(client, doc, own, next, bytes, acked, done, told) VALUES (?, ?, 0, ?, ?, 0, 0, 0)',
      [client, log.id, end, bytes],
    );
  done.taken.push(...taken.filter(({ clock }) => heads[clock - first] !== null));
}

/** What the first record of a unit that it goes on was refused for. */
function* unitRefused(
  { client, clock, record }: PlacedRecord,
  first: number,
  reasons: readonly (string | null)[],
): Steps<string | null> {
  const { part } = record.act;
  if (part === 0) return null;
  const start = clock - part;
  if (start >= first) return reasons[start - first] ?? null;
  const row = yield* one('SELECT head IS NULL, reason FROM loam_sync_item WHERE client = ? AND clock = ?', [
    client,
    start,
  ]);
  return row?.[0] === 1 ? String(row[1] ?? '') : null;
}

function* neighbour(client: number, clock: number): Steps<Neighbour> {
  if (clock < 0) return null;
  const row = yield* one('SELECT head FROM loam_sync_item WHERE client = ? AND clock = ?', [client, clock]);
  return row?.[0] ? readHead(row[0] as Uint8Array).act : 'refused';
}

function* refuseRun(log: Log, { client, clock, count }: DeletedRun, done: Received): Steps<void> {
  const next = yield* nextOf(log, client);
  // Of records that are not here yet it will be told with them.
  const end = Math.min(clock + count, next ?? 0);
  for (let at = clock; at < end; at++) yield* refuse(log, client, at, '', done.refused);
}

function* isRefused({ client, clock, count }: DeletedRun): Steps<boolean> {
  const row = yield* one(
    'SELECT count(*) FROM loam_sync_item WHERE client = ? AND clock >= ? AND clock < ? AND head IS NULL',
    [client, clock, clock + count],
  );
  return Number(row?.[0]) === count;
}

const mayNotRefuse = () =>
  refusedUpdate('voids', 'An update was refused: only the server may take records out of a log.');
