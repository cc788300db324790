// Columns that follow from others and are therefore never logged: `is_latest` of versioned registries.
// Rule (lamindb 2.12.1 `reconcile_is_latest_within_branch`): per family and branch the newest created_at wins, then the
// highest id. Branches that are seen together count as one, so that on a branch no family has two latest versions.
// In the trash a row stays latest only while no version of its family lives elsewhere.
import { all, one, run, type Steps } from '../statement.ts';
import { beforeLatest } from './facet-counters.ts';
import { nothingHidden, type Unfinished } from './hidden.ts';
import type { Author, Transaction } from './transaction.ts';

/** Up to here looking first costs more than it saves. */
const few = 8;

/** Of many families, those that have something to decide: a single version that is the latest stays so on any branch. */
function* unsettled(table: string, stems: ReadonlySet<string>): Steps<string[]> {
  const rows = yield* all(
    `SELECT j.value FROM json_each(?) j WHERE (
       SELECT count(*) > 1 OR min(s.is_latest) = 0 FROM "${table}" s
       WHERE s.uid >= j.value || '0000' AND s.uid < j.value || 'zzzz~')`,
    [JSON.stringify([...stems])],
  );
  return rows.map((row) => String(row[0]));
}

export function* markLatest(tx: Transaction): Steps<void> {
  const { hidden } = tx.journal;
  for (const [table, stems] of tx.families) {
    const partly = hidden.unfinished(table, 's.id') !== '';
    for (const stem of stems.size > few ? yield* unsettled(table, stems) : stems) {
      // A range on uid uses its unique index; LIKE would not (model.md §7.2).
      const range: [string, string] = [`${stem}0000`, `${stem}zzzz~`];
      yield* beforeLatest(tx.journal.facets, table, ...range);
      yield* run(latestAmong(table, tx.author, nothingHidden), range);
      if (!partly) continue;
      // Rows that readers do not see yet must not take the place of those they see.
      yield* run(latestAmong(table, tx.author, hidden.unfinished), range);
      const row = yield* one(
        `SELECT count(*), count(*) FILTER (WHERE 1${hidden.unfinished(table, 's.id')}) FROM "${table}" s
         WHERE s.uid >= ? AND s.uid < ?`,
        range,
      );
      if (Number(row?.[1]) > 0 && Number(row?.[1]) < Number(row?.[0])) hidden.mixed(table, stem);
    }
  }
  tx.families.clear();
}

/** SQL for: two rows are on the same branch, or both on ones that are seen. */
export const together = (visible: readonly number[], a: string, b: string): string =>
  visible.length < 2
    ? `+${a}.branch_id = ${b}.branch_id`
    : `(+${a}.branch_id = ${b}.branch_id OR (+${a}.branch_id IN (${visible.join(', ')}) AND ${b}.branch_id IN (${visible.join(', ')})))`;

const unseen = ({ others }: Author): string =>
  others.length === 0 ? '' : ` AND +o.branch_id NOT IN (${others.join(', ')})`;

const latestAmong = (table: string, author: Author, shown: Unfinished) =>
  `UPDATE "${table}" AS t SET is_latest = (t.id = (
     SELECT s.id FROM "${table}" s WHERE s.uid >= ?1 AND s.uid < ?2 AND ${together(author.visible, 's', 't')}${shown(table, 's.id')}
     ORDER BY s.created_at DESC, s.id DESC LIMIT 1))
     AND NOT (t.branch_id = -1 AND EXISTS (
       SELECT 1 FROM "${table}" o WHERE o.uid >= ?1 AND o.uid < ?2 AND +o.branch_id <> -1${unseen(author)}${shown(table, 'o.id')}))
   WHERE t.uid >= ?1 AND t.uid < ?2${shown(table, 't.id')}`;
