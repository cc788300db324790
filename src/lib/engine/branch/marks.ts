// How far a row moved on a branch's parent since the branch began: the newest record there that concerns it.
import { all, one, type Steps } from '../statement.ts';
import type { Journal } from '../write/journal.ts';
import { recordRows } from '../write/journal-tables.ts';
import { actOfRecord } from '../write/packs.ts';
import type { Branch } from './branches.ts';
import type { RowChange } from './changes.ts';

/** The newest such record, 0 where there is none. */
export function* markOf(journal: Journal, change: RowChange, branch: Branch): Steps<number> {
  const records = yield* all(
    `SELECT rec FROM loam_touch WHERE tab = ?1 AND id = ?2
     UNION SELECT rec FROM loam_span WHERE tab = ?1 AND id_from BETWEEN ?2 - ${recordRows} AND ?2 AND id_to >= ?2
     ORDER BY 1 DESC`,
    [change.tab, change.id],
  );
  for (const [record] of records) {
    const act = yield* actOfRecord(journal, Number(record));
    if (act <= branch.fork) break;
    const row = yield* one('SELECT branch_id FROM loam_act WHERE id = ?', [act]);
    if (Number(row?.[0]) === branch.parent) return Number(record);
  }
  return 0;
}
