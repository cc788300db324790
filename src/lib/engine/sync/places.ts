// Gives records of the write path their places in a log, in the very transaction that writes them: there is no moment at
// which a change is in the tables and not in what will be sent. Nothing is kept in memory that a rollback would make wrong:
// clocks are counted by the row of the client, and a session whose row is gone takes a new client.
import { strToU8 } from 'fflate';
import { modelFingerprint } from '../branch/fingerprint.ts';
import { LoamError } from '../errors.ts';
import { all, one, run, type Steps } from '../statement.ts';
import type { Journal } from '../write/journal.ts';
import { decode, encodeText, jsonText, type LocalPart, type RecordBody } from '../write/operation.ts';
import type { Place, Places } from '../write/synced.ts';
import type { LoggedOperation, Transaction } from '../write/transaction.ts';
import { hasBirths, withPlaces } from './births.ts';
import { clientLimit } from './item.ts';
import { sealLimits, sealWhenFull, type SealLimits } from './logs.ts';
import { encodeHead, mostBodyText, mostRecordBytes, type RecordHead } from './record.ts';

/** A head has some hundred bytes; with the most clients that it may name less than this. */
const headRoom = 128 * 1024;
/** Clients named in one record; what is left is named by the next. */
const mostTold = 5_000;
/** Whether a log is full is looked at once in so many records, and when a session begins. */
const lookEvery = 256;

export interface SessionPlaces extends Places {
  limits: SealLimits;
  /** This session's client in the newest log of a branch; null where it has written nothing there. */
  clients(): ReadonlyMap<string, number>;
  /** From now on records get new clients: the ones so far are another copy's too. */
  renew(): void;
  /** This record was refused: what it said to have seen, its client's next record says again. */
  retell(client: number, clock: number): void;
}

export function createPlaces(journal: Journal): SessionPlaces {
  /** Branch -> this session's client in its newest log. */
  const clients = new Map<string, number>();
  /** Act -> records of it whose operations name an insert. An open act ends with the process, so memory will do. */
  const held = new Map<number, Set<number>>();
  /** Of each client: others whose records it may not have told of, and what its records told of. */
  const sights = new Map<number, { pending: Set<number>; told: { clock: number; others: number[] }[] }>();
  const schema = modelFingerprint(journal.model);

  function* take(branch: string, count: number, bytes: number): Steps<Place> {
    const known = clients.get(branch);
    if (known !== undefined) {
      const row = yield* one(
        `UPDATE loam_sync_client SET next = next + ?1, done = next + ?1, bytes = bytes + ?2
         WHERE client = ?3 AND own = 1 AND doc = (SELECT id FROM loam_sync_doc WHERE branch = ?4 ORDER BY epoch DESC LIMIT 1)
         RETURNING next`,
        [count, bytes, known, branch],
      );
      if (row) {
        const next = Number(row[0]);
        // What follows goes to the next log where this one is full.
        if (Math.floor(next / lookEvery) > Math.floor((next - count) / lookEvery))
          yield* sealWhenFull(branch, places.limits);
        return { client: known, clock: next - count };
      }
    }
    const log = yield* sealWhenFull(branch, places.limits);
    const client = yield* newClient(journal);
    yield* run(
      `INSERT INTO loam_sync_client(client, doc, own, next, bytes, acked, done, told) VALUES (?1, ?2, 1, ?3, ?4, 0, ?3, 0)`,
      [client, log.id, count, bytes],
    );
    clients.set(branch, client);
    return { client, clock: 0 };
  }

  /**
   * What has come into the tables since the client's last record: all of it with its first one, so that each client says by
   * itself what it had seen. Which others to look at is kept in memory; how far they are is read here, so that what a rollback
   * took back is never told.
   */
  function* seenNow(client: number, clock: number): Steps<RecordHead['seen']> {
    let sight = sights.get(client);
    if (!sight) {
      sight = { pending: new Set(), told: [] };
      for (const [other] of yield* all('SELECT client FROM loam_sync_client WHERE done > 0 AND client <> ?', [
        client,
      ]))
        sight.pending.add(Number(other));
      sights.set(client, sight);
    }
    // A record of this clock was rolled back.
    for (let last = sight.told.at(-1); last && last.clock >= clock; last = sight.told.at(-1)) {
      for (const other of last.others) sight.pending.add(other);
      sight.told.pop();
    }
    const fresh = yield* all('SELECT client FROM loam_sync_client WHERE done > told');
    if (fresh.length > 0) {
      for (const [other] of fresh)
        for (const [of, { pending }] of sights) if (of !== Number(other)) pending.add(Number(other));
      yield* run('UPDATE loam_sync_client SET told = done WHERE done > told');
    }
    if (sight.pending.size === 0) return [];
    const others = [...sight.pending].sort((a, b) => a - b).slice(0, mostTold);
    const rows = yield* all(
      'SELECT client, done FROM loam_sync_client WHERE client IN (SELECT value FROM json_each(?)) AND done > 0 ORDER BY client',
      [JSON.stringify(others)],
    );
    for (const other of others) sight.pending.delete(other);
    sight.told.push({ clock, others });
    return rows.map(([seen, done]) => [Number(seen), Number(done)]);
  }

  function* heads(
    tx: Transaction,
    act: Parameters<Places['note']>[1],
    { client, clock }: Place,
    parts: number,
  ): Steps<(part: number, at: number) => Uint8Array> {
    const seen = yield* seenNow(client, clock);
    const root =
      act.root === act.id ? undefined : yield* one('SELECT uid FROM loam_act WHERE id = ?', [act.root]);
    const { uid, title: message, sign } = act;
    return (part, at) =>
      encodeHead({
        at,
        act: { uid, message, root: root ? String(root[0]) : null, sign, part, parts },
        schema,
        seen: part === 0 ? seen : [],
        signature: null,
      });
  }

  const insert = 'INSERT INTO loam_sync_item(client, clock, record, head, body)';

  const places: SessionPlaces = {
    limits: sealLimits,
    clients: () => clients,
    renew() {
      clients.clear();
      sights.clear();
    },
    retell(client, clock) {
      const sight = sights.get(client);
      for (const { others } of sight?.told.filter((one) => one.clock === clock) ?? [])
        for (const other of others) sight?.pending.add(other);
    },
    check: refuseTooLong,
    *take(tx, records) {
      const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0);
      return yield* take(tx.author.branchUid, records.length, bytes);
    },
    *note(tx, act, { client, clock }, records) {
      const head = yield* heads(tx, act, { client, clock }, records.length);
      for (const [part, { id, bytes, entries }] of records.entries()) {
        const body = hasBirths(entries) ? yield* translated(journal, bytes, entries) : bytes;
        yield* run(`${insert} VALUES (?, ?, ?, ?, ?)`, [client, clock + part, id, head(part, tx.at), body]);
      }
    },
    hold(act, records) {
      for (const { id, entries } of records) {
        if (!hasBirths(entries)) continue;
        const known = held.get(act);
        if (known) known.add(id);
        else held.set(act, new Set([id]));
      }
    },
    *close(tx, act) {
      const records = yield* all('SELECT id, at, length(body) FROM loam_record WHERE act = ? ORDER BY id', [
        act.id,
      ]);
      const births = held.get(act.id);
      held.delete(act.id);
      if (records.length === 0) return;
      const bytes = records.reduce((sum, row) => sum + Number(row[2]), 0);
      const { client, clock } = yield* take(tx.author.branchUid, records.length, bytes);
      const head = yield* heads(tx, act, { client, clock }, records.length);
      for (const [part, [id = null, at]] of records.entries()) {
        const place = [client, clock + part, head(part, Number(at)), id];
        if (births?.has(Number(id))) yield* copyTranslated(journal, place as CopyPlace);
        else yield* run(`${insert} SELECT ?1, ?2, ?4, ?3, body FROM loam_record WHERE id = ?4`, place);
        yield* run('UPDATE loam_record SET client = ?, clock = ? WHERE id = ?', [client, clock + part, id]);
      }
    },
  };
  return places;

  function* copyTranslated(of: Journal, [client, clock, head, id]: CopyPlace): Steps<void> {
    const row = yield* one('SELECT body, local FROM loam_record WHERE id = ?', [id]);
    const bytes = row?.[0] as Uint8Array;
    const locals = decode<LocalPart[]>(row?.[1] as Uint8Array);
    const entries = decode<RecordBody>(bytes).o.map((operation, i) => ({
      operation,
      local: locals[i] as LocalPart,
    }));
    yield* run(`${insert} VALUES (?, ?, ?, ?, ?)`, [
      client,
      clock,
      id,
      head,
      yield* translated(of, bytes, entries),
    ]);
  }
}

type CopyPlace = [client: number, clock: number, head: Uint8Array, id: number];

function* translated(
  journal: Journal,
  bytes: Uint8Array,
  entries: readonly LoggedOperation[],
): Steps<Uint8Array> {
  const body: Omit<RecordBody, 'o'> & { o: unknown } = decode<RecordBody>(bytes);
  body.o = yield* withPlaces(journal, entries);
  const text = strToU8(jsonText(body));
  const out = encodeText(text);
  refuseTooLong(entries, out.length, text.length);
  return out;
}

function refuseTooLong(entries: readonly LoggedOperation[], bytes: number, text: number): void {
  if (bytes <= mostRecordBytes - headRoom && text <= mostBodyText) return;
  const table = entries[0]?.operation.t ?? '';
  throw new LoamError(
    'DataError',
    `A row of ${table} is too long to be shared: it has ${text.toLocaleString('en')} bytes (${bytes.toLocaleString('en')} packed), where ${mostBodyText.toLocaleString('en')} (${(mostRecordBytes - headRoom).toLocaleString('en')} packed) are the most. Save what is long as an artifact.`,
    { table, bytes, text },
  );
}

/** A random number of 48 bits that no client here has. */
export function* newClient({ random }: Pick<Journal, 'random'>): Steps<number> {
  for (;;) {
    const client = random(new Uint8Array(6)).reduce((sum, byte) => sum * 256 + byte, 0) % clientLimit;
    if (client > 0 && !(yield* one('SELECT 1 FROM loam_sync_client WHERE client = ?', [client])))
      return client;
  }
}
