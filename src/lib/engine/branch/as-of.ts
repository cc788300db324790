// The database as of a moment, to be looked at: inside one transaction that is always rolled back, all newer records are
// taken back, so that every question answers from then, whatever asks it. Per database, like a checkout; nothing is written
// meanwhile. Indexes of texts, counters and bounds are set aside rather than taken back: questions do without them.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import type { Clock } from '../ports.ts';
import { all, many, one, run, runSync, type Steps } from '../statement.ts';
import { isoMicros, momentMillis } from '../time.ts';
import { markLatest } from '../write/derived.ts';
import { forget, type Journal } from '../write/journal.ts';
import { idsOf, type LocalPart } from '../write/operation.ts';
import { lastRecordAt, readRecord, recordsBetween, recordsOf } from '../write/packs.ts';
import { mainBranch } from '../write/seen.ts';
import { createTransaction, type Transaction } from '../write/transaction.ts';
import { sliceMs, type FeedChange } from '../write/writer.ts';
import { restamp, unmake, type Restamped } from './unmake.ts';

/** A moment, or the edge of an act. */
export type PastStop = { time: string } | { act: string; side: 'before' | 'after' };

export interface PastState {
  state: 'going' | 'there';
  /** The moment as ISO 8601 UTC: of an act's edge, of its last record. */
  at: string;
  /** The act before or after which it is, where it was named. */
  act: { uid: string; title: string; side: 'before' | 'after' } | null;
  /** Records taken back, of all that are newer. */
  done: number;
  total: number;
}

export interface PastDeps extends Pick<EngineContext, 'driver' | 'model' | 'writer' | 'clock'> {
  breathe: () => Promise<void>;
  /** Why this cannot be done just now, in words. */
  busy: () => string | null;
  /** Every tab is told that anything may be different. */
  tell: (change: FeedChange) => void;
  onPast: (state: PastState | null) => void;
}

export interface Past {
  /** Null where the present is looked at. */
  past(): PastState | null;
  /** Goes there from the present or from another moment; rejects with `Cancelled`, and then the present is back. */
  goToPast(stop: PastStop): Promise<PastState>;
  /** Unknown or finished, it is no error. */
  cancelPast(): void;
  backToNow(): void;
}

const tellEveryMs = 100;
const batch = 200;
/** What acts that were still going on then had inserted is hidden, as it was. */
const hiding = -1;
const stampsAtOnce = 2000;
const actsAtOnce = 5000;

interface Goal {
  record: number;
  act: number;
  state: PastState;
}

export function createPast(deps: PastDeps): Past {
  const { driver, model, writer, clock, breathe } = deps;
  const { journal } = writer;
  let state: PastState | null = null;
  let cancelled = false;
  let aside: Pick<Journal, 'search' | 'facets' | 'zones'> | null = null;

  function show(next: PastState | null): void {
    state = next;
    deps.onPast(next && { ...next });
  }

  function begin(): void {
    driver.exec('PRAGMA foreign_keys=off');
    driver.exec('BEGIN IMMEDIATE');
    const { search, facets, zones } = journal;
    aside = { search, facets, zones };
    Object.assign(journal, { search: null, facets: null, zones: null });
    forget(journal);
  }

  /** The present again, whatever came before. */
  function end(): void {
    driver.exec('PRAGMA query_only=off');
    // A full disk may have rolled it back already.
    if (driver.inTransaction) driver.exec('ROLLBACK');
    driver.exec('PRAGMA foreign_keys=on');
    if (aside) Object.assign(journal, aside);
    aside = null;
    journal.until = null;
    journal.hidden.reveal(hiding);
    forget(journal);
    show(null);
    tellAll();
  }

  function tellAll(): void {
    const tables = [...model.tables.keys()].map((table) => ({
      ...{ table, inserted: 0, updated: 0, deleted: 0 },
      ids: null,
    }));
    deps.tell({ act: '', title: '', last: true, tables });
  }

  async function goToPast(stop: PastStop): Promise<PastState> {
    if (state?.state === 'going')
      throw new LoamError('InvalidArgument', 'Another moment is being gone to. Wait for it, or cancel it.');
    if (writer.author.branchId !== mainBranch)
      throw new LoamError(
        'InvalidArgument',
        'The past is that of main. Switch to main first; what this branch has otherwise is told by its changes.',
      );
    const busy = deps.busy();
    if (busy !== null) throw new LoamError('InvalidArgument', busy);
    // Moments are looked up in the present: acts that are later than the one shown now are there too.
    if (state) end();
    const goal = runSync(driver, goalOf(journal, stop));
    const top = runSync(driver, newest());
    if (goal.record >= top)
      throw new LoamError('InvalidArgument', 'Nothing was changed since then: this is how it is now.');
    cancelled = false;
    goal.state.total = top - goal.record;
    try {
      begin();
      journal.until = { record: goal.record, act: goal.act, words: wordsOf(goal.state) };
      show(goal.state);
      await takeBack(goal, top);
      driver.exec('PRAGMA query_only=on');
    } catch (error) {
      end();
      throw error;
    }
    show({ ...goal.state, state: 'there', done: goal.state.total });
    tellAll();
    return { ...(state as PastState) };
  }

  async function takeBack(goal: Goal, top: number): Promise<void> {
    // It logs nothing; only families are noted in it.
    const tx = createTransaction(journal, writer.author, 0);
    tx.logged = false;
    const restamped: Restamped = new Map();
    const acts = new Set<number>();
    const pause = pacing(clock, breathe, () => {
      if (cancelled) throw new LoamError('Cancelled', 'You stay in the present.');
    });
    let told = clock();
    for (let cursor = top; cursor > goal.record;) {
      const part = runSync(driver, recordsBetween(journal, goal.record, cursor, batch));
      for (const record of part) {
        acts.add(runSync(driver, unmake(tx, record, restamped)));
        cursor = record - 1;
        await pause();
        const now = clock();
        if (now - told < tellEveryMs) continue;
        told = now;
        show({ ...goal.state, done: top - cursor });
      }
      if (part.length === 0) break;
    }
    await settle(tx, pause);
    const times = new Map<number, string>();
    for (const [table, rows] of restamped) {
      const ids = [...rows];
      for (let from = 0; from < ids.length; from += stampsAtOnce) {
        const some = ids.slice(from, from + stampsAtOnce);
        runSync(driver, restamp(journal, table, some, goal.record, times));
        await pause();
      }
    }
    runSync(driver, hideUnfinished(journal, goal, acts));
    runSync(driver, standingThen(goal.act));
    for (let more = 1; more > 0;) {
      more = driver.run(
        'DELETE FROM loam_act WHERE id IN (SELECT id FROM loam_act WHERE id > ? ORDER BY id DESC LIMIT ?)',
        [goal.act, actsAtOnce],
      ).changes;
      await pause();
    }
  }

  /** A few families at a time. */
  async function settle(tx: Transaction, pause: () => Promise<void>): Promise<void> {
    const families = [...tx.families].map(([table, stems]) => [table, [...stems]] as const);
    for (const [table, stems] of families)
      for (let from = 0; from < stems.length; from += batch) {
        tx.families = new Map([[table, new Set(stems.slice(from, from + batch))]]);
        runSync(driver, markLatest(tx));
        await pause();
      }
  }

  return {
    past: () => state && { ...state },
    goToPast,
    cancelPast: () => {
      if (state?.state === 'going') cancelled = true;
    },
    backToNow: () => {
      if (state?.state === 'going') cancelled = true;
      else if (state) end();
    },
  };
}

/** Gives waiting requests their turn once a slice is full. */
function pacing(clock: Clock, breathe: () => Promise<void>, check: () => void): () => Promise<void> {
  let since = clock();
  return async () => {
    if (clock() - since < sliceMs) return;
    await breathe();
    since = clock();
    check();
  };
}

function* newest(): Steps<number> {
  const row = yield* one(
    'SELECT max(coalesce((SELECT max(id) FROM loam_record), 0), coalesce((SELECT max(rec_to) FROM loam_pack), 0))',
  );
  return Number(row?.[0] ?? 0);
}

function* goalOf(journal: Journal, stop: PastStop): Steps<Goal> {
  const open = yield* one("SELECT title FROM loam_act WHERE status = 'open' LIMIT 1");
  if (open)
    throw new LoamError('InvalidArgument', `“${String(open[0])}” is still going on. Wait until it is done.`);
  const fresh = { state: 'going', done: 0, total: 0 } as const;
  if ('act' in stop) {
    const row = yield* one('SELECT id, title, at FROM loam_act WHERE uid = ?', [stop.act]);
    if (!row) throw new LoamError('DoesNotExist', 'The history has no such act.', { act: stop.act });
    const [id, begun] = [Number(row[0]), Number(row[2])];
    const records = yield* recordsOf(journal, id);
    const before = stop.side === 'before';
    const last = before ? (records.at(-1) ?? 1) - 1 : (records[0] ?? 0);
    const ended = before || last === 0 ? begun : (yield* readRecord(journal, last)).at;
    return {
      record: last,
      act: before ? id - 1 : id,
      state: {
        ...fresh,
        at: isoMicros(before ? begun - 1 : ended),
        act: { uid: stop.act, title: String(row[1]), side: stop.side },
      },
    };
  }
  const millis = momentMillis(stop.time);
  const until = millis * 1000 + 999;
  const act = yield* one('SELECT id FROM loam_act WHERE at <= ? ORDER BY id DESC LIMIT 1', [until]);
  return {
    record: yield* lastRecordAt(journal, until),
    act: Number(act?.[0] ?? 0),
    state: { ...fresh, at: new Date(millis).toISOString(), act: null },
  };
}

function wordsOf({ at, act }: PastState): string {
  const when = new Date(at).toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short' });
  return act ? `as it was ${act.side} “${act.title}” (${when})` : `as it was on ${when}`;
}

/** Acts of several transactions that had begun and not ended then: what they had inserted nobody saw yet. A drop is none of them. */
function* hideUnfinished(journal: Journal, goal: Goal, acts: ReadonlySet<number>): Steps<void> {
  for (const act of acts) {
    if (act > goal.act) continue;
    const row = yield* one(
      `SELECT kind FROM loam_act WHERE id = ? AND kind <> 'drop' AND branch_id = ${mainBranch}`,
      [act],
    );
    if (!row) continue;
    yield* run("UPDATE loam_act SET status = 'open' WHERE id = ?", [act]);
    for (const record of yield* recordsOf(journal, act)) {
      if (record > goal.record) continue;
      const { body, locals } = yield* readRecord(journal, record);
      for (const [i, operation] of body.o.entries())
        if (operation.k === 'i')
          for (const id of idsOf(locals[i] as LocalPart)) journal.hidden.hide(hiding, operation.t, id, id);
    }
  }
}

/** Acts that were undone or redone later stand as they did then. */
function* standingThen(last: number): Steps<void> {
  const roots = yield* all(
    'SELECT DISTINCT root FROM loam_act WHERE id > ?1 AND root <= ?1 UNION SELECT root FROM loam_act WHERE status = ?2 AND root <> id',
    [last, 'open'],
  );
  if (roots.length === 0) return;
  const chains = yield* all(
    `SELECT root, id, sign FROM loam_act WHERE id <= ? AND status = 'done' AND root IN (SELECT value FROM json_each(?)) ORDER BY id`,
    [last, JSON.stringify(roots.map(([root]) => root))],
  );
  const newestOf = new Map<number, { id: number; sign: number }>();
  for (const [root, id, sign] of chains) newestOf.set(Number(root), { id: Number(id), sign: Number(sign) });
  const rows = [...newestOf];
  yield* many('UPDATE loam_act SET undone = ?, last = ? WHERE id = ?', rows.length, [
    rows.map(([, { id, sign }]) => (sign < 0 ? id : null)),
    rows.map(([root, { id }]) => (id === root ? null : id)),
    rows.map(([root]) => root),
  ]);
}
