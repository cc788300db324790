// Turns one after the other: what came while one was going on shares the next (group commit). Where Postgres refuses a turn it
// is done again in halves, down to the act at fault, which is kept as a refused one; nobody else waits for it.
import { isLoamError, LoamError, type ErrorCode } from '../../src/lib/engine/errors.ts';
import type { Access } from '../../src/lib/engine/sync/access.ts';
import { inPostgresTransaction, type Postgres } from '../postgres.ts';
import { unitsOf, type Brought, type Kept, type News } from './brought.ts';
import { editsPending, takePending, type TakeEdits } from './pending-edits.ts';
import type { Replica, ReplicaNow } from './replica.ts';
import { openTurn, type Answer, type Closed, type OpenTurn } from './turn.ts';

export interface TurnCounts {
  turns: number;
  rows: number;
  /** Turns that were taken back. */
  failed: number;
  refusedByPostgres: number;
}

export interface Turns {
  /** Settles after COMMIT, with what is kept; throws `UpdateRefused`, or why nothing could be kept now. */
  submit(job: Brought): Promise<Kept>;
  /** What an account does on the server itself (REST): judged and kept like the records of peers, or nothing of it is. */
  write<T>(access: Access, work: (engine: ReplicaNow['engine']) => T | Promise<T>): Promise<T>;
  /** The server's own act: what it writes in the replica gets its places in the log. Its records are by the engine's own author. */
  act(work: (now: ReplicaNow) => Promise<void> | void): Promise<void>;
  /** Takes what other nodes wrote. */
  catchUp(): Promise<void>;
  /**
   * Postgres for whoever follows edits of others: each of its sessions holds the replica, so that what it does with `within`
   * is kept together with the session's transaction.
   */
  readonly following: Postgres;
  /** Within a transaction of a session of `following`. */
  within(
    session: Parameters<Parameters<Postgres['session']>[0]>[0],
    work: (now: ReplicaNow) => Promise<void>,
  ): Promise<void>;
  readonly counts: TurnCounts;
  /** Settles when nothing is going on; nothing is taken from then on. */
  stop(): Promise<void>;
}

export interface TurnsDeps {
  postgres: Postgres;
  replica: Replica;
  clock: () => number;
  /** Called while the replica is held, so that nothing comes in between: what came into the log. */
  onNews(news: readonly News[]): void;
  onFault(error: unknown): void;
  /** How edits of others are done in the replica; null where nobody else writes into the database. */
  takeEdits: TakeEdits | null;
}

/** Not the fault of what was brought: it is tried again later. */
const passing: ReadonlySet<string> = new Set<ErrorCode>([
  ...(['ConnectionLost', 'OperationalError', 'DatabaseLocked', 'StorageFull', 'StatementCancelled'] as const),
  ...(['ReadOnly', 'OutOfMemory', 'SchemaDrift', 'StorageUnavailable', 'DatabaseDamaged'] as const),
]);
const isPassing = (error: unknown): boolean => isLoamError(error) && passing.has(error.code);

/** Of one turn: what is beyond waits for the next. */
const [mostJobs, mostBytes] = [256, 4 * 1024 * 1024];

/** So often what waits in the inbox is taken before it is believed that Postgres means the record itself. */
const mostPending = 3;

interface Waiting {
  job: Brought;
  done(kept: Kept): void;
  failed(error: unknown): void;
}

export function createTurns(deps: TurnsDeps): Turns {
  const { postgres, replica, onNews } = deps;
  const counts: TurnCounts = { turns: 0, rows: 0, failed: 0, refusedByPostgres: 0 };
  const queue: Waiting[] = [];
  let going: Promise<void> | null = null;
  let stopped = false;

  /** One turn, from BEGIN to COMMIT on both sides; the replica is held. */
  async function turn<T>(work: (open: OpenTurn) => Promise<T>): Promise<T> {
    for (;;) {
      let behind = false;
      let closed: Closed | null = null;
      let value: T;
      try {
        value = await postgres.session((session) =>
          inPostgresTransaction(session, async () => {
            const open = await openTurn(deps, session);
            behind = open.behind;
            const done = behind ? (undefined as T) : await work(open);
            closed = await open.close();
            return done;
          }),
        );
      } catch (error) {
        counts.failed++;
        await takeBack();
        throw error;
      }
      await keep(closed as unknown as Closed);
      if (!behind) return value;
    }
  }

  /**
   * A turn that is done again where Postgres refuses it and edits of others wait: they were committed first, so the replica
   * is to know them before anybody is told that his record is at fault.
   */
  async function informed<T>(work: (open: OpenTurn) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++)
      try {
        return await turn(work);
      } catch (error) {
        const { takeEdits } = deps;
        if (!takeEdits || tries === mostPending || !editsPending(error)) throw error;
        try {
          await takePending({ postgres, replica, takeEdits, turn });
        } catch (fault) {
          if (isPassing(fault)) throw fault;
          // They cannot be taken: the follower says so as well, and Postgres' refusal stands.
          deps.onFault(fault);
          throw error;
        }
      }
  }

  async function takeBack(): Promise<void> {
    if (replica.now.driver.outer) await replica.rollback();
  }

  /** Postgres has committed: nothing may fail any more but the replica, which then takes it from the log. */
  async function keep(closed: Closed): Promise<void> {
    counts.turns++;
    counts.rows += closed.rows;
    try {
      replica.commit(closed.seq, closed.place);
    } catch (error) {
      deps.onFault(error);
      await replica.rollback();
    }
    onNews(closed.news);
  }

  const take = (jobs: readonly Brought[]): Promise<Answer[]> => informed((open) => open.take(jobs));

  /** Answers for each, whatever Postgres says of one of them. */
  async function takeAll(jobs: readonly Brought[]): Promise<Answer[]> {
    try {
      return await take(jobs);
    } catch (error) {
      if (isPassing(error)) throw error;
      const [first] = jobs as [Brought];
      if (jobs.length > 1) {
        const half = Math.ceil(jobs.length / 2);
        return [...(await takeAll(jobs.slice(0, half))), ...(await takeAll(jobs.slice(half)))];
      }
      const units = unitsOf(first.bytes);
      if (units.length > 1) return [joined(await takeAll(units.map((bytes) => ({ ...first, bytes }))))];
      if (first.refusedFor !== undefined) throw error;
      // Alone, and still: it is the one.
      counts.refusedByPostgres++;
      if (!isLoamError(error)) deps.onFault(error);
      return await take([{ ...first, refusedFor: reasonOf(error) }]);
    }
  }

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const batch: Waiting[] = [];
      for (let bytes = 0; queue.length > 0 && batch.length < mostJobs && bytes < mostBytes;) {
        const next = queue.shift() as Waiting;
        bytes += next.job.bytes.length;
        batch.push(next);
      }
      try {
        const answers = await replica.alone(() => takeAll(batch.map(({ job }) => job)));
        for (const [i, { done, failed }] of batch.entries()) {
          const answer = answers[i];
          if (answer instanceof LoamError || answer === undefined) failed(answer);
          else done(answer);
        }
      } catch (error) {
        if (!isPassing(error)) deps.onFault(error);
        for (const { failed } of batch) failed(error);
      }
    }
  }

  function wake(): void {
    going ??= run().finally(() => {
      going = null;
      if (queue.length > 0) wake();
    });
  }

  /** A turn that `following` has begun, to be kept after its session's COMMIT. */
  let closed: Closed | null = null;
  /** So much was missed that it is taken first. */
  let behind = false;

  return {
    counts,
    submit: (job) =>
      new Promise<Kept>((done, failed) => {
        if (stopped) return failed(stopping());
        queue.push({ job, done, failed });
        wake();
      }),
    write: (access, work) => replica.alone(() => informed((open) => open.write(access, work))),
    act: (work) => replica.alone(() => informed((open) => open.own(work, null))),
    catchUp: () => replica.alone(() => turn(async () => {})),
    following: {
      ...postgres,
      listen: (channel, onNotice) => postgres.listen(channel, onNotice),
      session: (use) =>
        replica.alone(async () => {
          if (behind) await turn(async () => {});
          behind = false;
          try {
            const value = await postgres.session(use);
            if (closed) await keep(closed);
            return value;
          } catch (error) {
            await takeBack();
            throw error;
          } finally {
            closed = null;
          }
        }),
    },
    async within(session, work) {
      const open = await openTurn(deps, session);
      behind = open.behind;
      if (behind) throw new LoamError('DatabaseLocked', 'The replica is behind the log: it is tried again.');
      await open.own(work, null);
      closed = await open.close();
    },
    async stop() {
      stopped = true;
      await going;
    },
  };
}

const stopping = () => new LoamError('ConnectionLost', 'The server is stopping. Connect again in a moment.');

function joined(answers: readonly Answer[]): Answer {
  const all: Kept = { vector: new Map(), explained: [] };
  for (const answer of answers) {
    if (answer instanceof LoamError) return answer;
    for (const [client, next] of answer.vector) all.vector.set(client, next);
    all.explained.push(...answer.explained);
  }
  return all;
}

function reasonOf(error: unknown): string {
  if (isLoamError(error)) return error.message.slice(0, 1000);
  return 'The server could not put this change into its database. It is a mistake in Loam: please report it.';
}
