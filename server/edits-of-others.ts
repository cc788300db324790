// Follows the inbox: hears the notice of each transaction that others commit, reads it and hands it on, in one Postgres
// transaction with what becomes of it. One follower works at a time, however many servers there are.
import type { LoamError } from '../src/lib/engine/errors.ts';
import type { Model } from '../src/lib/engine/model/types.ts';
import { inboxChannel } from './capture.ts';
import {
  dropTransaction,
  isThere,
  nextOperations,
  pendingTransactions,
  type CapturedOperation,
  type CapturedTransaction,
} from './inbox.ts';
import { inPostgresTransaction, runSteps, type Postgres, type PostgresSession } from './postgres.ts';
import { postgresError } from './postgres-errors.ts';

export interface Follower {
  /** Settles when all that was committed before the call has been handed on. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

export interface FollowerOptions {
  postgres: Postgres;
  model: Model;
  /**
   * Takes one transaction of others, piece by piece, on a session that is inside a Postgres transaction: what it writes there
   * is kept together with the knowledge that this transaction is through, or not at all. It is called again after a failure.
   */
  take(
    transaction: CapturedTransaction,
    pieces: AsyncIterable<CapturedOperation[]>,
    session: PostgresSession,
  ): Promise<void>;
  onError(error: LoamError): void;
  /** Milliseconds after which the inbox is looked at without a notice. */
  every?: number;
}

/** Any number that is the same in all servers. */
const lock = 0x10a5;
/** The waiting time after failures grows from the first to the last of these. */
const waits = [100, 500, 2000, 10_000];

/** Starts following; what waits in the inbox already comes first. */
export async function followEdits(options: FollowerOptions): Promise<Follower> {
  const { postgres, onError, every = 5000 } = options;
  let stopped = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  /** The round that runs, and the one that is to follow it. */
  let round: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  async function once(): Promise<void> {
    clearTimeout(timer);
    let wait = every;
    try {
      while (!stopped && (await takeSome(options, () => stopped)));
      failures = 0;
    } catch (error) {
      wait = waits[Math.min(failures++, waits.length - 1)] ?? every;
      onError(postgresError(error));
      throw error;
    } finally {
      if (!stopped) timer = setTimeout(look, wait);
    }
  }
  /** A round that begins after this call; calls during one share the next. */
  function fresh(): Promise<void> {
    if (!round) {
      round = once().finally(() => (round = null));
      return round;
    }
    next ??= round
      .catch(() => undefined)
      .then(() => {
        next = null;
        return stopped ? undefined : fresh();
      });
    return next;
  }
  // What fails is told by `onError`.
  const look = () => void fresh().catch(() => undefined);

  const stopListening = await postgres.listen(inboxChannel, look);
  look();
  return {
    caughtUp: fresh,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await stopListening();
      await round?.catch(() => undefined);
    },
  };
}

/** Transactions that are listed at once; each is handed on in a Postgres transaction of its own. */
export const listed = 100;

/** Hands on the oldest transactions; false where there are none, or another server is at it. */
async function takeSome(
  { postgres, model, take }: FollowerOptions,
  stopped: () => boolean,
): Promise<boolean> {
  const waiting = await postgres.session((session) => runSteps(session, pendingTransactions(listed)));
  for (const transaction of waiting) {
    if (stopped()) return false;
    const mine = await postgres.session((session) =>
      inPostgresTransaction(session, () =>
        takeOne(session, model, transaction, (pieces) => take(transaction, pieces, session)),
      ),
    );
    if (!mine) return false;
  }
  return waiting.length > 0;
}

/**
 * Hands on one transaction of others and drops it from the inbox, within a transaction of the session; false where another
 * server is at it.
 */
export async function takeOne(
  session: PostgresSession,
  model: Model,
  transaction: CapturedTransaction,
  take: (pieces: AsyncIterable<CapturedOperation[]>) => Promise<unknown>,
): Promise<boolean> {
  const locked = await session.query('SELECT pg_try_advisory_xact_lock($1)', [lock]);
  if (locked.rows[0]?.[0] !== 1) return false;
  // Another server may have had it since it was listed.
  if (!(await runSteps(session, isThere(transaction)))) return true;
  await take(pieces(session, model, transaction));
  await runSteps(session, dropTransaction(transaction));
  return true;
}

async function* pieces(
  session: PostgresSession,
  model: Model,
  transaction: CapturedTransaction,
): AsyncGenerator<CapturedOperation[]> {
  for (let after = 0; ;) {
    const part = await runSteps(session, nextOperations(model, transaction, after));
    if (!part) return;
    yield part.operations;
    after = part.after;
  }
}
