// The last resort against a statement that nothing can stop (one call of a function of SQLite can take hours): when the
// engine answers no message at all long after the time is over, its worker is replaced. What was committed is kept.
import { LoamError } from '../engine/errors.ts';
import { session } from './session.svelte.ts';

/** The engine stops a statement itself; these are for when it does not. */
const GRACE_MS = 5_000;
const ANSWER_MS = 5_000;

const pause = (ms: number) => new Promise<false>((resolve) => setTimeout(() => resolve(false), ms));

export interface Interruptible<T> {
  done: Promise<T>;
  /** Asks the engine to stop, and insists. */
  cancel(): void;
}

/** `work` is a call with this uid; `limitMs` the time the engine itself allows it. */
export function interruptible<T>(uid: string, limitMs: number, work: Promise<T>): Interruptible<T> {
  let settled = false;
  let replaced = false;
  const ended = work.then(
    () => (settled = true),
    () => (settled = true),
  );

  /** Whether the engine takes messages; asked in a way that also rings its bell. */
  async function answers(ask: () => Promise<unknown>): Promise<boolean> {
    const answered = ask().then(
      () => true as const,
      () => true as const,
    );
    return Promise.race([answered, ended.then(() => true as const), pause(ANSWER_MS)]);
  }
  async function insist(ask: () => Promise<unknown>): Promise<void> {
    if (settled || (await answers(ask)) || settled) return;
    // A database in memory ends with its worker: then only waiting is left.
    if (!session.status?.durable || session.status.unkept !== null) return;
    replaced = true;
    session.replaceLeader();
  }

  async function watch(): Promise<void> {
    await Promise.race([ended, pause(limitMs + GRACE_MS)]);
    // Others may hold it up for longer than its own time: as long as it answers, all is well.
    while (!settled && !replaced) {
      await insist(() => session.engine.exportedSql(uid));
      await Promise.race([ended, pause(ANSWER_MS)]);
    }
  }
  void watch();

  const done = work.catch((error: unknown) => {
    if (!replaced) throw error;
    throw new LoamError(
      'StatementCancelled',
      'The statement could not be interrupted, so the database was closed and opened again. Nothing that was saved is lost.',
      { reason: 'replaced' },
    );
  });
  return { done, cancel: () => void insist(() => session.engine.cancelSql(uid)) };
}
