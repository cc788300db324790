// Files that code in the page has made, such as the rows of a query: the code is a Transform, this time of running it a Run
// that took in what it read (architecture idea 7, features row 34).
import { artifactIds } from '../query/artifact-set.ts';
import type { Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { create } from './create.ts';
import type { MadeBy } from './drop-types.ts';
import { startRun, trackInputs } from './run.ts';

/** A run that has begun. The same code is the Transform that is there, whatever its key (LaminDB 2.12.1). */
export function* startMadeBy(tx: Transaction, made: MadeBy): Steps<{ id: number; uid: string }> {
  const { key, code, kind = 'script', description, params, inputs } = made;
  const transform = yield* create(tx, 'Transform', { key, kind, source_code: code, description });
  const run = yield* startRun(tx, transform.id, params ?? {});
  const ids = yield* artifactIds(tx.journal.model, tx.journal.hidden.without, inputs);
  yield* trackInputs(tx, 'artifact', run.id, ids);
  return run;
}
