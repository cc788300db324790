// The review of a branch on its way to another copy: README, comments with threads and verdicts, reviewers. The rows are those of
// LaminDB's tables as they are; people that are unknown there come along.
import type { Table } from '../model/types.ts';
import { all, type Steps } from '../statement.ts';
import { insert, update } from '../write/apply.ts';
import { idsByKey, tableOf, type Journal } from '../write/journal.ts';
import type { RowKey } from '../write/operation.ts';
import type { Transaction } from '../write/transaction.ts';
import { unreadable } from './bundle-check.ts';
import { isCarried, rowsOf, type BundleRows, type Use } from './bundle-rows.ts';
import { commentNote, reviewerRole } from './review.ts';

/** Tables of a branch's review, which are the same on every branch. */
export const reviewTables = ['lamindb_branchblock', 'lamindb_branchuser'] as const;

/** How much was said, for those who look at the file. */
export interface ReviewCounts {
  readme: boolean;
  comments: number;
  verdicts: number;
  reviewers: number;
  choices: number;
}

export function* packReview(journal: Journal, branch: number, use: Use): Steps<BundleRows[]> {
  const out: BundleRows[] = [];
  for (const name of reviewTables) {
    const ids = (yield* all(`SELECT id FROM "${name}" WHERE branch_id = ? ORDER BY id`, [branch])).map(
      ([id]) => Number(id),
    );
    if (ids.length > 0) out.push(yield* rowsOf(journal, tableOf(journal.model, name), ids, use));
  }
  return out;
}

export function countReview(parts: readonly BundleRows[], choices: number): ReviewCounts {
  const counts: ReviewCounts = { readme: false, comments: 0, verdicts: 0, reviewers: 0, choices };
  for (const { table, keys, columns, values } of parts) {
    const of = (name: string, i: number) => values[columns.indexOf(name)]?.[i] ?? null;
    for (const i of keys.keys()) {
      if (table === 'lamindb_branchuser') counts.reviewers += of('role', i) === reviewerRole ? 1 : 0;
      else if (of('kind', i) === 'readme') counts.readme = true;
      else if (commentNote(of('_aux', i) as string | null).verdict !== undefined) counts.verdicts++;
      else counts.comments++;
    }
  }
  return counts;
}

/** Writes it for a branch that was just made, whose `shared` rows are here. Refuses what is about another branch or by nobody. */
export function* receiveReview(
  tx: Transaction,
  branch: { id: number; uid: string },
  parts: readonly BundleRows[],
): Steps<void> {
  for (const part of parts) {
    if (!reviewTables.some((name) => name === part.table))
      throw unreadable(`"${part.table.slice(0, 60)}" is no table of a review`);
    const table = tableOf(tx.journal.model, part.table);
    const at = part.columns.indexOf('branch_id');
    if (part.keys.some((_, i) => part.values[at]?.[i] !== branch.uid))
      throw unreadable('a part of its review is about another branch');
    const values: Record<string, RowKey[]> = {};
    for (const [c, name] of part.columns.entries())
      values[name] = yield* inward(tx.journal, table, name, part.values[c] ?? []);
    const known = yield* idsByKey(tx.journal, table.name, part.keys);
    const fresh = part.keys.flatMap((_, i) => (known[i] === null ? [i] : []));
    if (fresh.length < part.keys.length) throw unreadable('a part of its review is here already');
    if (fresh.length > 0) yield* insert(tx, table.name, fresh.length, values as Parameters<typeof insert>[3]);
  }
}

function* inward(journal: Journal, table: Table, name: string, held: readonly RowKey[]): Steps<RowKey[]> {
  const column = table.column.get(name);
  if (!column || !isCarried(column))
    throw unreadable(`${table.name} has no column "${name.slice(0, 60)}" that a review has`);
  if (!column.references) {
    if (held.some((value) => Array.isArray(value)))
      throw unreadable(`a value of ${table.name}.${name} is a list`);
    return [...held];
  }
  const ids = yield* idsByKey(journal, column.references.table, held);
  if (ids.some((id, i) => id === null && held[i] !== null))
    throw unreadable(
      `a part of its review refers to a ${column.references.table.replace('lamindb_', '')} that is not in it`,
    );
  return ids;
}

/** Whoever made the branch made it, wherever it is opened: what that person says of it does not count as a review. */
export function* keepMaker(
  tx: Transaction,
  branch: number,
  { uid, createdAt }: { uid: string | null; createdAt: string | null },
): Steps<void> {
  const maker = uid === null ? null : ((yield* idsByKey(tx.journal, 'lamindb_user', [uid]))[0] ?? null);
  if (maker === null) return;
  yield* update(tx, 'lamindb_branch', [branch], {
    created_by_id: maker,
    ...(createdAt === null ? {} : { created_at: createdAt }),
  });
}
