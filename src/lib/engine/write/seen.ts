// Which branches are seen from one: itself, those it comes from, and main last. Everything else but the trash and the archive
// is another branch. A branch that Python made has no parent of its own here: it comes from main.
import { all, one, type Steps } from '../statement.ts';
import type { Author } from './transaction.ts';

export const mainBranch = 1;

/** Name in `loam_setting` of the branch whose state the tables show; none for main. */
export const checkedOut = 'branch';

export function* seenFrom(branch: number): Steps<Pick<Author, 'visible' | 'others'>> {
  const known = yield* one("SELECT 1 FROM sqlite_master WHERE name = 'loam_branch'");
  const visible: number[] = [];
  for (let at = branch; at > mainBranch && !visible.includes(at);) {
    visible.push(at);
    const row = known && (yield* one('SELECT parent FROM loam_branch WHERE id = ?', [at]));
    at = Number(row?.[0] ?? mainBranch);
  }
  visible.push(mainBranch);
  const rows = yield* all(`SELECT id FROM lamindb_branch WHERE id > ${mainBranch} ORDER BY id`);
  return { visible, others: rows.map(([id]) => Number(id)).filter((id) => !visible.includes(id)) };
}
