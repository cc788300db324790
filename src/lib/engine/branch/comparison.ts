// A branch beside its parent: what it has otherwise, where the two cannot both be right, and what was chosen there.
import { LoamError } from '../errors.ts';
import type { Steps } from '../statement.ts';
import type { Journal } from '../write/journal.ts';
import { seenFrom } from '../write/seen.ts';
import type { Author } from '../write/transaction.ts';
import type { Branch } from './branches.ts';
import { changesOf, type RowChange } from './changes.ts';
import { choicesFor, type Choice } from './choices.ts';
import { conflictsOf, type Conflict } from './conflicts.ts';
import { valueClashes, type ValueClash } from './same-values.ts';

export interface Comparison {
  changes: RowChange[];
  /** In the order of registries and rows; null where nothing is chosen, or where the parent has moved on since. */
  conflicts: Map<Conflict, Choice | null>;
  /** Features that both gave an object, which are brought together key by key. */
  objects: ValueClash[];
}

/** With the branch or its parent checked out: both give the same. */
export function* compare(journal: Journal, author: Author, branch: Branch): Steps<Comparison> {
  const changes = yield* changesOf(journal, author, branch.id);
  // What was merged is told as it was; there is nothing to decide any more.
  if (branch.status < 0) return { changes, conflicts: new Map(), objects: [] };
  const parents = (yield* seenFrom(branch.parent)).visible;
  const values = yield* valueClashes(journal, branch, changes);
  const found = yield* conflictsOf(journal, branch, changes, parents, values);
  const made = yield* choicesFor(branch.id, found);
  return {
    changes,
    conflicts: new Map(found.map((conflict) => [conflict, made.get(conflict) ?? null])),
    objects: values.filter(({ keys }) => keys !== null),
  };
}

export const openConflicts = ({ conflicts }: Comparison): number =>
  [...conflicts.values()].filter((choice) => choice === null).length;

/** The choices, once there is one for each conflict; throws `MergeConflict` before. */
export function decided(branch: Branch, comparison: Comparison): Map<Conflict, Choice> {
  const open = openConflicts(comparison);
  if (open > 0)
    throw new LoamError(
      'MergeConflict',
      `${open} ${open === 1 ? 'conflict' : 'conflicts'} of "${branch.name}" ${open === 1 ? 'is' : 'are'} to be decided first.`,
      { branch: branch.name, count: open },
    );
  return comparison.conflicts as Map<Conflict, Choice>;
}
