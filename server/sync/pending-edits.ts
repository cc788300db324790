// Edits of others that wait in the inbox, taken out of their turn: Postgres has refused a row, and what it refused it for may be
// one of them (a label of the same name that Python has just made). The one who holds the replica takes them.
import type { Engine } from '../../src/lib/engine/index.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { listed, takeOne } from '../edits-of-others.ts';
import { pendingTransactions, type CapturedOperation, type CapturedTransaction } from '../inbox.ts';
import { runSteps, type Postgres } from '../postgres.ts';
import type { Replica } from './replica.ts';
import type { OpenTurn } from './turn.ts';

/** Does a transaction of others in the replica (server/mirror/edits.ts). */
export type TakeEdits = (
  deps: { engine: Engine; driver: SqlDriver },
  transaction: CapturedTransaction,
  pieces: AsyncIterable<CapturedOperation[]>,
) => Promise<unknown>;

export interface PendingEdits {
  postgres: Postgres;
  replica: Replica;
  takeEdits: TakeEdits;
  /** One turn, from BEGIN to COMMIT. */
  turn<T>(work: (open: OpenTurn) => Promise<T>): Promise<T>;
}

/** Whether a refusal may be due to edits that are not in the replica yet. */
export const editsPending = (error: unknown): boolean =>
  (error as { details?: Record<string, unknown> } | null)?.details?.['pending'] === true;

/** Takes what waits, each transaction in a turn of its own. Where another server is at it, it is left to that one. */
export async function takePending({ postgres, replica, takeEdits, turn }: PendingEdits): Promise<void> {
  const waiting = await postgres.session((session) => runSteps(session, pendingTransactions(listed)));
  for (const transaction of waiting) {
    const mine = await turn(async (open) => {
      let taken = false;
      await open.own(async ({ engine, driver }) => {
        taken = await takeOne(open.session, replica.model, transaction, (pieces) =>
          takeEdits({ engine, driver }, transaction, pieces),
        );
      }, null);
      return taken;
    });
    if (mine) continue;
    // It has Postgres' lock on the inbox and waits for ours on the instance, which nobody holds now.
    await new Promise((resolve) => setTimeout(resolve, 100));
    return;
  }
}
