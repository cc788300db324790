// Acts on one connection: runs the generators of the write path on a SqlDriver, tells the feed after each COMMIT, and
// cuts long acts into slices so that reads get their turn. The only holder of the running author and branch.
import { isLoamError, LoamError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import type { Clock, Device, Random, SqlDriver } from '../ports.ts';
import { randomUid } from '../uid.ts';
import { one, runSync, type Steps } from '../statement.ts';
import { isoMicros } from '../time.ts';
import { closeAct, openAct, slice, transact, type Act, type ActSpec } from './commit.ts';
import type { ActSummary } from './history-types.ts';
import { feedCuts } from './cuts.ts';
import { openSync } from '../sync/session.ts';
import { createJournal, refuseInPast, type Journal } from './journal.ts';
import { journalDdl } from './journal-tables.ts';
import { feedFacetCounters, openFacetCounters } from './facet-counters.ts';
import type { CountedTable } from './facet-sources.ts';
import { packSome, recordsOf, type PackLimits } from './packs.ts';
import { feedSearchIndex, openSearchIndex } from './search-index.ts';
import { erase, eraseAct, eraseRecord, openActs } from './recover.ts';
import { seenFrom } from './seen.ts';
import type { Author, TableChange, Transaction } from './transaction.ts';
import { feedZones, openZones } from './zones.ts';
import {
  createUndoState,
  invertRecord,
  markUndone,
  redoTarget,
  undoTarget,
  undoTargetOf,
  type UndoState,
  type UndoTarget,
} from './undo.ts';

export interface FeedChange {
  act: string;
  title: string;
  tables: { table: string; inserted: number; updated: number; deleted: number; ids: number[] | null }[];
  last: boolean;
}

export interface WriterDeps {
  driver: SqlDriver;
  model: Model;
  clock: Clock;
  random: Random;
  author: Author;
  /** Where acts are made; not told otherwise. */
  device?: Device | null;
  /** Keeps an index of texts; only for a database that no other program writes. */
  searchIndex?: boolean;
  /** Keeps counters of these facets; only for a database that no other program writes. */
  facets?: readonly CountedTable[];
  onFeed?: (change: FeedChange) => void;
  /** Lets waiting reads run between two slices. */
  breathe?: () => Promise<void>;
}

export interface UndoResult extends UndoState {
  act: ActSummary;
  title: string;
}

type SliceSteps = ((tx: Transaction) => Steps<void>) | null;
export type NextSlice = (tail: number) => SliceSteps | Promise<SliceSteps>;

/** Told between two slices of an undo or redo, in records of its act; a yes takes back what it has done. */
export type Watch = (step: { act: string; title: string; done: number; total: number }) => boolean;

export interface Writer {
  readonly journal: Journal;
  readonly author: Author;
  /** An act of several transactions is being done: what others did is not put into the tables until it has ended. */
  readonly going: boolean;
  /** One act in one transaction. A repeated uid returns null: it was applied already. */
  act<T>(spec: Omit<ActSpec, 'uid'> & { uid?: string }, body: (tx: Transaction) => Steps<T>): T | null;
  /**
   * One act in several transactions; `next` gives the steps of the next slice or null at the end, and is told how many
   * milliseconds the last slice went on after its steps (records, COMMIT), since readers wait for that too; it may wait for
   * what is to be written, between two transactions. Cancelled or failed, the act is taken back from its own records before
   * the promise rejects. A repeated uid answers false: applied already.
   */
  longAct(
    spec: Omit<ActSpec, 'uid'> & { uid?: string },
    next: NextSlice,
    cancelled?: () => boolean,
  ): Promise<boolean>;
  /**
   * One act whose transactions each stand on their own (a drop: what was reported as saved must survive a crash). The
   * first is made here; more are added with `slice`.
   */
  grow<T>(spec: ActSpec, body: (tx: Transaction) => Steps<T>): { act: Act; value: T };
  read<T>(steps: Steps<T>): T;
  /** Tells the feed of what another part has committed (records of others). */
  announce(act: { uid: string; title: string }, changes: readonly TableChange[]): void;
  /** Undoes the given act, else the newest that stands. `request` makes it idempotent: sent twice, undone once. */
  undo(uid?: string, request?: string | null, watch?: Watch): Promise<UndoResult | null>;
  redo(request?: string | null, watch?: Watch): Promise<UndoResult | null>;
  /** Takes back acts that a crash left open; returns their titles. */
  recover(): string[];
  /** One slice of repacking the log, for idle time: how many records were repacked, 0 when there is nothing to do. */
  pack(limits?: PackLimits): number;
  /** One slice of feeding the index of texts, for idle time: how many rows were fed, 0 when nothing is left. */
  feedSearch(rows?: number): number;
  /** The same for the counters of facets. */
  feedFacets(rows?: number): number;
  /** The same for the bounds of stretches. */
  feedZones(): number;
  /** One slice of whichever of these has something to do. */
  feed(): number;
}

/** What the last event of a long act names, for readers that waited for its end: its tables, without counts or ids. */
const touched = (tables: ReadonlySet<string>): TableChange[] =>
  [...tables].map((table) => ({ table, inserted: 0, updated: 0, deleted: 0, ids: null }));

/** Rows that an open act inserts are hidden until it ends: nobody needs to look for them before. */
const seen = (change: TableChange): boolean => change.updated + change.deleted > 0;

const wasCancelled = (title: string) =>
  new LoamError('Cancelled', `"${title}" was cancelled; nothing of it was kept.`);

/** Slices end after about this many milliseconds, so that a waiting read is answered soon. The notes say 40 (write-path.md
 * §4); with as many other programs as processors that became 70, and a list from another tab waited for more than 100. */
export const sliceMs = 25;

export function createJournalTables(driver: SqlDriver): void {
  driver.exec(journalDdl.join(';\n'));
}

export function createWriter(deps: WriterDeps): Writer {
  const { driver, author } = deps;
  const journal = createJournal(deps.model, deps.clock, deps.random);
  journal.device = deps.device ?? null;
  runSync(driver, openSync(journal));
  if (deps.searchIndex) {
    journal.search = runSync(driver, openSearchIndex(deps.model));
    journal.zones = runSync(driver, openZones(deps.model));
  }
  if (deps.facets) journal.facets = runSync(driver, openFacetCounters(deps.model, deps.facets));
  driver.createFunction('loam_hidden', 2, (handle, id) =>
    Number(id !== null && journal.hidden.covers(Number(handle), Number(id))),
  );
  journal.hidden.follow(author);
  // Look-ups of the write path leave out the trash and rows of branches that are not seen.
  driver.createFunction('loam_present', 1, (branch) =>
    Number(Number(branch) !== -1 && !author.others.includes(Number(branch))),
  );
  const breathe = deps.breathe ?? (() => Promise.resolve());
  let going = 0;
  const named = (spec: Omit<ActSpec, 'uid'> & { uid?: string }): ActSpec => ({
    ...spec,
    uid: spec.uid ?? randomUid(16, deps.random),
  });

  function tell(act: { uid: string; title: string }, changes: readonly TableChange[], last: boolean): void {
    if (changes.some(({ table }) => table === 'lamindb_branch'))
      Object.assign(author, runSync(driver, seenFrom(author.branchId)));
    if (changes.length === 0 && !last) return;
    deps.onFeed?.({
      act: act.uid,
      title: act.title,
      last,
      tables: changes.map((c) => ({
        table: c.table,
        inserted: c.inserted,
        updated: c.updated,
        deleted: c.deleted,
        ids: c.ids && [...c.ids],
      })),
    });
  }

  function act<T>(
    given: Omit<ActSpec, 'uid'> & { uid?: string },
    body: (tx: Transaction) => Steps<T>,
  ): T | null {
    refuseInPast(journal);
    const spec = named(given);
    try {
      const done = runSync(driver, transact(journal, author, spec, body));
      if (done.changes.length > 0) tell(done.act, done.changes, true);
      return done.value;
    } catch (error) {
      if (isLoamError(error, 'IntegrityError') && error.details['applied'] === true) return null;
      throw error;
    }
  }

  async function longAct(
    given: Omit<ActSpec, 'uid'> & { uid?: string },
    next: NextSlice,
    cancelled: () => boolean = () => false,
  ): Promise<boolean> {
    refuseInPast(journal);
    const spec = named(given);
    let opened: Act;
    try {
      opened = runSync(driver, openAct(journal, author, spec));
    } catch (error) {
      if (isLoamError(error, 'IntegrityError') && error.details['applied'] === true) return false;
      throw error;
    }
    const tables = new Set<string>();
    going++;
    try {
      let tail = 0;
      for (let body = await next(tail); body; body = await next(tail)) {
        if (cancelled()) throw wasCancelled(spec.title);
        const steps = body;
        let ended = 0;
        const done = runSync(
          driver,
          slice(journal, author, opened, function* (tx) {
            yield* steps(tx);
            ended = deps.clock();
          }),
        );
        tail = deps.clock() - ended;
        for (const { table } of done.changes) tables.add(table);
        tell(opened, done.changes.filter(seen), false);
        await breathe();
      }
      runSync(driver, closeAct(journal, author, opened));
    } catch (error) {
      await takeBack(opened);
      throw error;
    } finally {
      going--;
      tell(opened, touched(tables), true);
    }
    return true;
  }

  /** Ends an unfinished act as if it had never begun, a record at a time, so that reads get their turn here too. */
  async function takeBack(left: Act): Promise<void> {
    for (const record of runSync(driver, recordsOf(journal, left.id))) {
      tell(left, runSync(driver, eraseRecord(journal, author, left.id, record)), false);
      await breathe();
    }
    runSync(driver, eraseAct(left.id));
    journal.hidden.reveal(left.id);
  }

  async function invert(
    goal: UndoTarget | null,
    request?: string | null,
    watch?: Watch,
  ): Promise<UndoResult | null> {
    refuseInPast(journal);
    if (!goal) return null;
    const word = goal.sign < 0 ? 'undo' : 'redo';
    const spec: ActSpec = {
      uid: request ?? randomUid(16, deps.random),
      kind: word,
      title: `${goal.sign < 0 ? 'Undo' : 'Redo'}: ${goal.title}`,
    };
    const records = runSync(driver, recordsOf(journal, goal.act));
    const total = records.length;
    const state = createUndoState();
    let undoing: Act;
    try {
      undoing = runSync(driver, openAct(journal, author, spec, { root: goal.root, sign: goal.sign }));
    } catch (error) {
      if (isLoamError(error, 'IntegrityError') && error.details['applied'] === true) return null;
      throw error;
    }
    const tables = new Set<string>();
    going++;
    try {
      while (records.length > 0) {
        const started = deps.clock();
        const done = runSync(
          driver,
          slice(journal, author, undoing, function* (tx) {
            tx.undoing = goal.sign < 0;
            do yield* invertRecord(tx, records.shift() as number, goal.root, state);
            while (records.length > 0 && deps.clock() - started < sliceMs);
          }),
        );
        for (const { table } of done.changes) tables.add(table);
        tell(undoing, done.changes.filter(seen), false);
        if (records.length === 0) break;
        if (watch?.({ act: spec.uid, title: spec.title, done: total - records.length, total }))
          throw wasCancelled(spec.title);
        await breathe();
      }
      runSync(driver, closeAct(journal, author, undoing, markUndone(goal, undoing.id)));
    } catch (error) {
      await takeBack(undoing);
      throw error;
    } finally {
      going--;
      tell(undoing, touched(tables), true);
    }
    const at = runSync(
      driver,
      one(
        'SELECT a.at, u.handle FROM loam_act a LEFT JOIN lamindb_user u ON u.id = a.user_id WHERE a.id = ?',
        [undoing.id],
      ),
    );
    const summary: ActSummary = {
      uid: goal.rootUid,
      kind: word,
      title: spec.title,
      at: isoMicros(Number(at?.[0])),
      by: String(at?.[1] ?? ''),
      undone: goal.sign < 0,
    };
    return { ...state, act: summary, title: goal.title };
  }

  const feedSearch = (rows?: number): number =>
    journal.search ? runSync(driver, feedSearchIndex(journal.search, deps.model, rows)) : 0;
  const feedFacets = (rows?: number): number =>
    journal.facets ? runSync(driver, feedFacetCounters(journal.facets, rows)) : 0;
  const bounds = (): number => (journal.zones ? runSync(driver, feedZones(journal.zones)) : 0);

  return {
    journal,
    author,
    get going() {
      return going > 0;
    },
    act,
    longAct,
    grow(spec, body) {
      refuseInPast(journal);
      const done = runSync(driver, transact(journal, author, spec, body));
      tell(done.act, done.changes, false);
      return { act: done.act, value: done.value };
    },
    read: (steps) => runSync(driver, steps),
    announce: (done, changes) => tell(done, changes, true),
    undo: (uid, request, watch) =>
      invert(runSync(driver, uid ? undoTargetOf(uid, author) : undoTarget(author)), request, watch),
    redo: (request, watch) => invert(runSync(driver, redoTarget(author)), request, watch),
    pack: (limits) => (journal.until ? 0 : runSync(driver, packSome(limits))),
    feedSearch,
    feedFacets,
    feedZones: bounds,
    feed: () =>
      journal.until ? 0 : feedSearch() || feedFacets() || bounds() || runSync(driver, feedCuts(journal)),
    recover() {
      const open = runSync(driver, openActs());
      for (const left of open) runSync(driver, erase(journal, author, left.id));
      return open.map((o) => o.title);
    },
  };
}
