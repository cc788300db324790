// Reads the inbox to its end, as the mirror does, and keeps what it said.
import {
  dropTransaction,
  nextOperations,
  pendingTransactions,
  type CapturedOperation,
  type CapturedTransaction,
} from '../../server/inbox.ts';
import { runSteps, type PostgresSession } from '../../server/postgres.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';

export type Taken = CapturedTransaction & { operations: CapturedOperation[] };

export async function takeAll(session: PostgresSession, model: Model): Promise<Taken[]> {
  const out: Taken[] = [];
  for (const transaction of await runSteps(session, pendingTransactions())) {
    const operations: CapturedOperation[] = [];
    let after = 0;
    for (;;) {
      const part = await runSteps(session, nextOperations(model, transaction, after));
      if (!part) break;
      operations.push(...part.operations);
      after = part.after;
    }
    await runSteps(session, dropTransaction(transaction));
    out.push({ ...transaction, operations });
  }
  return out;
}
