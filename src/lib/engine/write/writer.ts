// Acts on one connection: runs the generators of the write path on a SqlDriver, tells the feed after each COMMIT, and
// cuts long acts into slices so that reads get their turn. The only holder of the running author and branch.
import { isLoamError, LoamError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import type { Clock, Random, SqlDriver } from '../ports.ts';
import { randomUid } from '../uid.ts';
import { one, runSync, type Steps } from '../statement.ts';
import { closeAct, openAct, slice, transact, type Act, type ActSpec } from './commit.ts';
import type { ActSummary } from './history-types.ts';
import { createJournal, type Journal } from './journal.ts';
import { journalDdl } from './journal-tables.ts';
import { erase, openActs } from './recover.ts';
import type { Author, TableChange, Transaction } from './transaction.ts';
import {
  createUndoState,
  invertRecord,
  markUndone,
  recordsOf,
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
  onFeed?: (change: FeedChange) => void;
  /** Lets waiting reads run between two slices. */
  breathe?: () => Promise<void>;
}

export interface UndoResult extends UndoState {
  act: ActSummary;
  title: string;
}

export interface Writer {
  readonly journal: Journal;
  readonly author: Author;
  /** One act in one transaction. A repeated uid returns null: it was applied already. */
  act<T>(spec: Omit<ActSpec, 'uid'> & { uid?: string }, body: (tx: Transaction) => Steps<T>): T | null;
  /** One act in several transactions; `next` gives the steps of the next slice or null at the end. */
  longAct(
    spec: Omit<ActSpec, 'uid'> & { uid?: string },
    next: () => ((tx: Transaction) => Steps<void>) | null,
    cancelled?: () => boolean,
  ): Promise<void>;
  /**
   * One act whose transactions each stand on their own (a drop: what was reported as saved must survive a crash). The
   * first is made here; more are added with `slice`.
   */
  grow<T>(spec: ActSpec, body: (tx: Transaction) => Steps<T>): { act: Act; value: T };
  read<T>(steps: Steps<T>): T;
  /** Undoes the given act, else the newest that stands. `request` makes it idempotent: sent twice, undone once. */
  undo(uid?: string, request?: string | null): Promise<UndoResult | null>;
  redo(request?: string | null): Promise<UndoResult | null>;
  /** Takes back acts that a crash left open; returns their titles. */
  recover(): string[];
}

/** Slices end after about this many milliseconds, so that a waiting read is answered soon (write-path.md §4). */
const sliceMs = 40;

export function createJournalTables(driver: SqlDriver): void {
  for (const sql of journalDdl) driver.exec(sql);
}

export function createWriter(deps: WriterDeps): Writer {
  const { driver, author } = deps;
  const journal = createJournal(deps.model, deps.clock, deps.random);
  const breathe = deps.breathe ?? (() => Promise.resolve());
  const named = (spec: Omit<ActSpec, 'uid'> & { uid?: string }): ActSpec => ({
    ...spec,
    uid: spec.uid ?? randomUid(16, deps.random),
  });

  function tell(act: { uid: string; title: string }, changes: TableChange[], last: boolean): void {
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
    const spec = named(given);
    try {
      const done = runSync(driver, transact(journal, author, spec, body));
      tell(done.act, done.changes, true);
      return done.value;
    } catch (error) {
      if (isLoamError(error, 'IntegrityError') && error.details['applied'] === true) return null;
      throw error;
    }
  }

  async function longAct(
    given: Omit<ActSpec, 'uid'> & { uid?: string },
    next: () => ((tx: Transaction) => Steps<void>) | null,
    cancelled: () => boolean = () => false,
  ): Promise<void> {
    const spec = named(given);
    const opened = runSync(driver, openAct(journal, author, spec));
    try {
      for (let body = next(); body; body = next()) {
        if (cancelled())
          throw new LoamError('Cancelled', `"${spec.title}" was cancelled; nothing of it was kept.`);
        const done = runSync(driver, slice(journal, author, opened, body));
        tell(opened, done.changes, false);
        await breathe();
      }
    } catch (error) {
      runSync(driver, erase(journal, author, opened.id));
      tell(opened, [], true);
      throw error;
    }
    runSync(driver, closeAct(opened));
    tell(opened, [], true);
  }

  async function invert(goal: UndoTarget | null, request?: string | null): Promise<UndoResult | null> {
    if (!goal) return null;
    const word = goal.sign < 0 ? 'undo' : 'redo';
    const spec: ActSpec = {
      uid: request ?? randomUid(16, deps.random),
      kind: word,
      title: `${goal.sign < 0 ? 'Undo' : 'Redo'}: ${goal.title}`,
    };
    const records = runSync(driver, recordsOf(goal.act));
    const state = createUndoState();
    let undoing: Act;
    try {
      undoing = runSync(driver, openAct(journal, author, spec, { root: goal.root, sign: goal.sign }));
    } catch (error) {
      if (isLoamError(error, 'IntegrityError') && error.details['applied'] === true) return null;
      throw error;
    }
    try {
      while (records.length > 0) {
        const started = deps.clock();
        const done = runSync(
          driver,
          slice(journal, author, undoing, function* (tx) {
            do yield* invertRecord(tx, records.shift() as number, goal.root, state);
            while (records.length > 0 && deps.clock() - started < sliceMs);
          }),
        );
        tell(undoing, done.changes, false);
        if (records.length > 0) await breathe();
      }
      runSync(driver, markUndone(goal, undoing.id));
      runSync(driver, closeAct(undoing));
    } catch (error) {
      runSync(driver, erase(journal, author, undoing.id));
      throw error;
    }
    tell(undoing, [], true);
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
      at: new Date(Number(at?.[0]) / 1000).toISOString(),
      by: String(at?.[1] ?? ''),
      undone: goal.sign < 0,
    };
    return { ...state, act: summary, title: goal.title };
  }

  return {
    journal,
    author,
    act,
    longAct,
    grow(spec, body) {
      const done = runSync(driver, transact(journal, author, spec, body));
      tell(done.act, done.changes, false);
      return { act: done.act, value: done.value };
    },
    read: (steps) => runSync(driver, steps),
    undo: (uid, request) =>
      invert(runSync(driver, uid ? undoTargetOf(uid) : undoTarget(author.userId)), request),
    redo: (request) => invert(runSync(driver, redoTarget(author.userId)), request),
    recover() {
      const open = runSync(driver, openActs());
      for (const left of open) runSync(driver, erase(journal, author, left.id));
      return open.map((o) => o.title);
    },
  };
}
