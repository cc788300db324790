// Writes that a rule of the database may refuse, within a transaction that goes on without them.
import { isLoamError, type LoamError } from '../errors.ts';
import { inSavepoint, type Steps } from '../statement.ts';
import type { Transaction } from './transaction.ts';

/**
 * What refused the steps, with nothing of them done or logged; null where they are done. Only a constraint refuses, unless
 * `anyRule` says that rules of Loam do as well; every other failure is thrown.
 */
export function* refusalOf(
  tx: Transaction,
  steps: () => Steps<unknown>,
  anyRule = false,
): Steps<LoamError | null> {
  const logged = tx.log.length;
  try {
    yield* inSavepoint(steps());
    return null;
  } catch (error) {
    if (!isLoamError(error) || !(anyRule || error.code === 'IntegrityError')) throw error;
    tx.log.length = logged;
    return error;
  }
}
