// Where the rows of a registry are that its list does not show at first: a database that holds 16 artifacts may list 9.
// Each row is counted once, by the first of these that is true of it: trash, archive, another branch, file of a run, older
// version. Counted from indexes alone, since few rows are any of these.
import { tableOf } from '../query/draft.ts';
import type { QueryScope } from '../query/prepare.ts';
import { archiveBranch, trashBranch } from '../registry/tables.ts';
import { all, one, type Steps } from '../statement.ts';
import { hiddenKinds } from './view-query.ts';

export interface Elsewhere {
  older: number;
  /** Reports, environments and other files that runs leave behind. */
  ofRuns: number;
  branches: number;
  archive: number;
  trash: number;
}

export function* elsewhere(scope: QueryScope, registry: string): Steps<Elsewhere> {
  const table = tableOf(scope, registry);
  const found: Elsewhere = { older: 0, ofRuns: 0, branches: 0, archive: 0, trash: 0 };
  const own = table.column.has('branch_id') ? ` AND +branch_id IN (${scope.branches.join(', ')})` : '';
  const hidden = scope.hidden(table.name, 'id', true);
  if (own !== '') {
    const rows = yield* all(
      `SELECT branch_id, count(*) FROM "${table.name}" WHERE 1${hidden} GROUP BY branch_id`,
    );
    for (const [branch, n] of rows) {
      if (branch === trashBranch) found.trash += Number(n);
      else if (branch === archiveBranch) found.archive += Number(n);
      else if (!scope.branches.includes(Number(branch))) found.branches += Number(n);
    }
  }
  const ofRuns = (kind: string) => `${kind} >= '${hiddenKinds}' AND ${kind} < '${hiddenKinds}~'`;
  function* counted(where: string): Steps<number> {
    const row = yield* one(`SELECT count(*) FROM "${table.name}" WHERE ${where}${own}${hidden}`);
    return Number(row?.[0] ?? 0);
  }
  const isArtifact = table.registry === 'Artifact';
  if (isArtifact) found.ofRuns = yield* counted(ofRuns('kind'));
  // The plus leaves the condition to the few rows that the index of the other finds.
  const others = isArtifact ? ` AND NOT coalesce(${ofRuns('+kind')}, 0)` : '';
  if (table.versioned) found.older = yield* counted(`is_latest = 0${others}`);
  return found;
}
