// At open: acts left `open` by a crash or cancel are taken back from their own records, as if they had never begun.
// Nothing of them was sent or undone (they had no closing transaction), so they leave no trace in the history.
import { all, run, type Steps } from '../statement.ts';
import { atomically } from './commit.ts';
import { markLatest } from './derived.ts';
import type { Journal } from './journal.ts';
import type { Author, TableChange } from './transaction.ts';
import { recordsOf } from './packs.ts';
import { createUndoState, invertRecord } from './undo.ts';

export function* openActs(): Steps<{ id: number; uid: string; title: string }[]> {
  const rows = yield* all("SELECT id, uid, title FROM loam_act WHERE status = 'open' ORDER BY id DESC");
  return rows.map((r) => ({ id: Number(r[0]), uid: String(r[1]), title: String(r[2]) }));
}

/** One transaction per record, newest first, so that a second crash goes on where the first stopped. */
export function* erase(journal: Journal, author: Author, act: number): Steps<void> {
  for (const record of yield* recordsOf(journal, act)) yield* eraseRecord(journal, author, act, record);
  yield* eraseAct(act);
}

/** Takes the effect of one record back and forgets the record. Answers what changed, for the feed. */
export function* eraseRecord(
  journal: Journal,
  author: Author,
  act: number,
  record: number,
): Steps<TableChange[]> {
  return yield* atomically(journal, author, function* (tx) {
    tx.logged = false;
    tx.undoing = true;
    yield* invertRecord(tx, record, act, createUndoState());
    yield* run('DELETE FROM loam_record WHERE id = ?', [record]);
    yield* run('DELETE FROM loam_touch WHERE rec = ?', [record]);
    yield* run('DELETE FROM loam_span WHERE rec = ?', [record]);
    yield* markLatest(tx);
    return [...tx.changes.values()];
  });
}

/** The act itself, once none of its records is left. */
export function* eraseAct(act: number): Steps<void> {
  yield* run('DELETE FROM loam_act WHERE id = ?', [act]);
}
