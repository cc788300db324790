// The projection: what any set of records comes to in the tables, whatever order, batches or repetitions they come in. Every
// device that has the same records has the same rows. A call is one transaction. Records whose causal past is not here wait;
// those of a branch that is not checked out change what is kept for it (decision 0037).
import { all, one, run, type Steps } from '../statement.ts';
import { timeText } from '../time.ts';
import { atomically } from '../write/commit.ts';
import { markLatest } from '../write/derived.ts';
import { dropKeys, recordTime, refuseInPast, tableOf, type Journal } from '../write/journal.ts';
import { decode, encode } from '../write/operation.ts';
import { reachOf } from '../write/reach.ts';
import { mainBranch } from '../write/seen.ts';
import { sharedFrom } from '../write/synced.ts';
import type { Author, TableChange, Transaction } from '../write/transaction.ts';
import { flushSettled, goTo, isHere, settleElsewhere } from './acts.ts';
import { keptOut, openConflicts, type KeptOut, type SyncConflict } from './conflicts.ts';
import { branchIdOf, createFactCache, loadBranches, type FactCache, type FactReader } from './facts.ts';
import { keepIndexed, loadKnown, placeAt, type Known } from './known.ts';
import { takeOwn } from './own.ts';
import { unpark } from './parked.ts';
import { createProjectionTables } from './projection-tables.ts';
import type { PlacedRecord, SyncRecord } from './record.ts';
import { takeOutRefused, type RefusedPlace } from './refusals.ts';
import type { Settling } from './settling.ts';
import { take } from './take.ts';
import { loadTwins, renameTwins } from './twins.ts';

/** What came of one act of somebody else, for the feed. */
export interface ProjectedAct {
  uid: string;
  title: string;
  changes: TableChange[];
}

export interface Projected {
  /** Records that joined the facts; repetitions do not count. */
  applied: number;
  /** Records here that wait for others, or for their branch. */
  waiting: number;
  /** Records whose content no Loam writes: they change nothing, on any device. */
  refused: { client: number; clock: number; reason: string }[];
  /** Rows that have another uid than before: bytes may lie under the old one. */
  moved: { table: string; from: string; to: string }[];
  acts: ProjectedAct[];
  /** Uids of acts here of which records were taken out, since they were refused. */
  takenOut: string[];
}

export interface ProjectMore {
  /** Records that were refused (`Received.refused`): what they did here is taken out, and nobody waits for them. */
  refused?: readonly RefusedPlace[];
  /** Done first, in the same transaction: it brings records and refusals that are projected with the others. */
  first?: Steps<{ taken: readonly PlacedRecord[]; refused: readonly RefusedPlace[] }>;
}

export interface Projector {
  /**
   * Projects the records in one transaction, and takes out what was refused. Without any it takes up what was written here
   * since. To take an update of the server into log and tables at once: intake.ts.
   */
  project(placed: readonly PlacedRecord[], more?: ProjectMore): Steps<Projected>;
  /** Of each client, all records below this clock are in the tables. */
  vector(): Steps<Map<number, number>>;
  /** What several wrote at once, on the checked-out branch. */
  conflicts(): Steps<SyncConflict[]>;
  /** What is kept out of the tables, and why. */
  keptOut(): Steps<KeptOut[]>;
}

/** Told in the same transaction of each record that is in the tables now, and which record of the history it is here. */
export type WhenDone = (placed: PlacedRecord, record: number) => Steps<void>;

export function createProjector(journal: Journal, author: Author, whenDone?: WhenDone): Projector {
  let known: Known | null = null;
  /** Facts that were read, for the next call too. */
  let cache: FactCache = createFactCache();
  let ready = false;

  function* open(): Steps<Known> {
    if (!ready) yield* createProjectionTables();
    ready = true;
    return (known ??= yield* loadKnown());
  }

  function* reading(): Steps<FactReader> {
    const here = yield* open();
    const [twins, branches] = [yield* loadTwins(journal, here), yield* loadBranches()];
    return { journal, known: here, base: 0, cache, twins, branches };
  }

  function* project(placed: readonly PlacedRecord[], more: ProjectMore = {}): Steps<Projected> {
    refuseInPast(journal);
    // Hybrid logical time: what is written here from now on is later than all that was seen.
    if (journal.lastAt === 0) yield* recordTime(journal);
    const before = { ...author };
    try {
      return yield* atomically(journal, author, function* (tx) {
        const brought = more.first ? yield* more.first : { taken: [], refused: [] };
        const all = [...placed, ...brought.taken];
        const refused = [...(more.refused ?? []), ...brought.refused];
        const result = yield* projectAll(tx, yield* reading(), all, refused, whenDone);
        const home = (yield* isHere(before.branchId)) ? before.branchId : mainBranch;
        if (author.branchId !== home) yield* goTo(tx, home);
        return result;
      });
    } catch (error) {
      Object.assign(author, before);
      // What is kept in memory may be of the transaction that was taken back.
      known = null;
      cache = createFactCache();
      ready = false;
      throw error;
    }
  }

  return {
    project,
    *vector() {
      return new Map((yield* open()).vector);
    },
    *conflicts() {
      yield* open();
      return yield* openConflicts(journal, author.branchId);
    },
    *keptOut() {
      yield* open();
      return yield* keptOut(journal, author.branchId);
    },
  };
}

function* projectAll(
  tx: Transaction,
  reader: FactReader,
  placed: readonly PlacedRecord[],
  refused: readonly RefusedPlace[],
  whenDone?: WhenDone,
): Steps<Projected> {
  const base = yield* one('SELECT value FROM loam_setting WHERE name = ?', [sharedFrom]);
  const { known } = reader;
  reader.base = Number(base?.[0] ?? 0);
  const settling: Settling = {
    tx,
    reader,
    queue: new Map(),
    elsewhere: new Map(),
    born: [],
    renamed: new Set(),
    moved: [],
    uprooted: new Set(),
    waits: (yield* one('SELECT 1 FROM loam_wait LIMIT 1')) !== undefined,
    conflicts: (yield* one('SELECT 1 FROM loam_conflict LIMIT 1')) !== undefined,
    aliases: (yield* one('SELECT 1 FROM loam_alias LIMIT 1')) !== undefined,
  };
  const result: Projected = { applied: 0, waiting: 0, refused: [], moved: [], acts: [], takenOut: [] };
  const home = tx.author.branchId;
  dropKeys(tx.journal);
  const unplacedFrom = yield* takeOwn(settling);
  yield* renameTwins(settling, 0);
  yield* unpark(settling);
  yield* flushSettled(settling);
  keepChanges(result, tx, 'settle', '', true);
  yield* settleElsewhere(settling);
  keepChanges(result, tx, 'settle', '', tx.author.branchId === home);
  if (refused.length > 0) {
    result.takenOut = yield* takeOutRefused(settling, refused, (uid, title) =>
      keepChanges(result, tx, uid, title, tx.author.branchId === home),
    );
    settling.uprooted.clear();
  }

  let waiting = yield* gather(known, placed);
  // In the history here too: what is written next is later, also after a restart.
  for (const { record } of waiting) tx.journal.lastAt = Math.max(tx.journal.lastAt, record.at + 1);
  tx.at = tx.journal.lastAt;
  tx.time = timeText(tx.at);
  const stored = new Set((yield* all('SELECT client, clock FROM loam_waiting')).map(([c, k]) => `${c} ${k}`));
  for (let progress = true; progress && waiting.length > 0;) {
    progress = false;
    const left: PlacedRecord[] = [];
    for (const one of waiting) {
      if ((known.vector.get(one.client) ?? 0) > one.clock) continue;
      const branch = isReady(known, one) ? yield* branchIdOf(reader, one.record.branch) : null;
      if (branch === null) {
        left.push(one);
        continue;
      }
      progress = true;
      if (tx.author.branchId !== branch) yield* goTo(tx, branch);
      const reason = yield* take(settling, one, unplacedFrom);
      if (reason !== null) result.refused.push({ client: one.client, clock: one.clock, reason });
      result.applied++;
      if (whenDone) yield* whenDone(one, (yield* placeAt(known, one.client, one.clock))?.rec ?? 0);
      keepChanges(
        result,
        tx,
        one.record.act.uid,
        one.record.act.message ?? one.record.act.kind,
        branch === home,
      );
    }
    waiting = left;
  }
  yield* settleElsewhere(settling);
  keepChanges(result, tx, 'settle', '', tx.author.branchId === home);
  result.waiting = waiting.length;
  result.moved = settling.moved;
  for (const { client, clock, doc, record } of waiting)
    if (!stored.delete(`${client} ${clock}`))
      yield* run('INSERT INTO loam_waiting(client, clock, doc, record) VALUES (?, ?, ?, ?)', [
        client,
        clock,
        doc,
        encode({ ...record, signature: null }),
      ]);
  for (const key of stored) {
    const [client, clock] = key.split(' ').map(Number);
    yield* run('DELETE FROM loam_waiting WHERE client = ? AND clock = ?', [client ?? 0, clock ?? 0]);
  }
  yield* markLatest(tx);
  if (unplacedFrom === Infinity) {
    const newest = yield* one('SELECT max(id) FROM loam_record');
    if (Number(newest?.[0] ?? 0) > known.indexed) yield* keepIndexed(known, Number(newest?.[0]));
  }
  return result;
}

/** All records that are not projected yet, those that waited among them, in the order of their times. */
function* gather(known: Known, placed: readonly PlacedRecord[]): Steps<PlacedRecord[]> {
  const found = new Map<string, PlacedRecord>();
  for (const [client, clock, doc, record] of yield* all(
    'SELECT client, clock, doc, record FROM loam_waiting',
  ))
    found.set(`${String(client)} ${String(clock)}`, {
      client: Number(client),
      clock: Number(clock),
      doc: String(doc),
      record: decode<SyncRecord>(record as Uint8Array),
    });
  for (const one of placed)
    if ((known.vector.get(one.client) ?? 0) <= one.clock) found.set(`${one.client} ${one.clock}`, one);
  return [...found.values()].sort(
    (a, b) => a.record.at - b.record.at || a.client - b.client || a.clock - b.clock,
  );
}

function isReady(known: Known, { client, clock, record }: PlacedRecord): boolean {
  if ((known.vector.get(client) ?? 0) !== clock) return false;
  return record.seen.every(([other, upto]) => other === client || (known.vector.get(other) ?? 0) >= upto);
}

/** What changed since the last call joins the result; on another branch only what all branches share is seen. */
function keepChanges(result: Projected, tx: Transaction, uid: string, title: string, seen: boolean): void {
  const changes = [...tx.changes.values()].filter(
    ({ table }) => seen || reachOf(tableOf(tx.journal.model, table)) === 'shared',
  );
  tx.changes = new Map();
  if (changes.length === 0) return;
  const last = result.acts.at(-1);
  if (last?.uid === uid) last.changes.push(...changes);
  else result.acts.push({ uid, title, changes });
}
