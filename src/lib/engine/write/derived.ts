// Columns that follow from others and are therefore never logged: `is_latest` of versioned registries.
// Rule (lamindb 2.12.1 `reconcile_is_latest_within_branch`): per family and branch the newest created_at wins, then the
// highest id. In the trash a row stays latest only while no version of its family lives elsewhere.
import { run, type Steps } from '../statement.ts';
import type { Transaction } from './transaction.ts';

export function* markLatest(tx: Transaction): Steps<void> {
  for (const [table, stems] of tx.families) {
    for (const stem of stems) {
      // A range on uid uses its unique index; LIKE would not (model.md §7.2).
      yield* run(
        `UPDATE "${table}" AS t SET is_latest = (t.id = (
           SELECT s.id FROM "${table}" s WHERE s.uid >= ?1 AND s.uid < ?2 AND +s.branch_id = t.branch_id
           ORDER BY s.created_at DESC, s.id DESC LIMIT 1))
           AND NOT (t.branch_id = -1 AND EXISTS (
             SELECT 1 FROM "${table}" o WHERE o.uid >= ?1 AND o.uid < ?2 AND +o.branch_id <> -1))
         WHERE t.uid >= ?1 AND t.uid < ?2`,
        [`${stem}0000`, `${stem}zzzz~`],
      );
    }
  }
  tx.families.clear();
}
