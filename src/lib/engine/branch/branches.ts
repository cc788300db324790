// The branches of a database: where each comes from, what it changed, how far its parent has moved since. LaminDB keeps name,
// description and status (2.12.1 `Branch`); where a branch begins is ours (loam_branch).
import { LoamError } from '../errors.ts';
import { branchStatus, wordOf } from '../registry/status.ts';
import type { Model } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import { reachOf } from '../write/reach.ts';
import { mainBranch } from '../write/seen.ts';
import type { Author } from '../write/transaction.ts';

export interface BranchRow {
  uid: string;
  name: string;
  description: string | null;
  /** LaminDB's word: standalone, draft, review, merged, closed. */
  status: string;
  /** Its state is what the tables show. */
  current: boolean;
  main: boolean;
  /** The branch it comes from and is merged into; null for main. */
  parent: { uid: string; name: string } | null;
  by: string;
  createdAt: string;
  /** When it began, or when it last took over what its parent has. */
  forkedAt: string | null;
  /** Objects and links that it has otherwise than its parent. */
  ahead: number;
  /** Acts on its parent since then. */
  behind: number;
}

/** A branch as the engine needs it. */
export interface Branch {
  id: number;
  uid: string;
  name: string;
  status: number;
  parent: number;
  fork: number;
}

/** By name, without regard to case (as LaminDB's unique index has it), or by uid. */
export function* findBranch(ref: string): Steps<Branch> {
  const row = yield* one(
    `SELECT b.id, b.uid, b.name, b._status_code, coalesce(l.parent, ${mainBranch}), coalesce(l.fork, 0)
     FROM lamindb_branch b LEFT JOIN loam_branch l ON l.id = b.id
     WHERE b.id >= ${mainBranch} AND (b.uid = ?1 OR lower(b.name) = lower(?1)) ORDER BY b.uid = ?1 DESC LIMIT 1`,
    [ref],
  );
  if (!row)
    throw new LoamError('DoesNotExist', `There is no branch "${ref.slice(0, 60)}". Create it first.`, {
      branch: ref.slice(0, 60),
    });
  return {
    id: Number(row[0]),
    uid: String(row[1]),
    name: String(row[2]),
    status: Number(row[3]),
    parent: Number(row[4]),
    fork: Number(row[5]),
  };
}

/** Main first, then open ones, newest first, then those that are done. */
export function* listBranches(model: Model, author: Author): Steps<BranchRow[]> {
  const rows = yield* all(
    `SELECT b.id, b.uid, b.name, b.description, b._status_code, u.handle, b.created_at, l.at, p.uid, p.name, coalesce(l.fork, 0),
       coalesce(l.parent, ${mainBranch})
     FROM lamindb_branch b LEFT JOIN lamindb_user u ON u.id = b.created_by_id LEFT JOIN loam_branch l ON l.id = b.id
     LEFT JOIN lamindb_branch p ON p.id = coalesce(l.parent, ${mainBranch}) AND b.id <> ${mainBranch}
     WHERE b.id >= ${mainBranch} ORDER BY b.id <> ${mainBranch}, b._status_code < 0, b.id DESC`,
  );
  const out: BranchRow[] = [];
  for (const row of rows) {
    const id = Number(row[0]);
    const main = id === mainBranch;
    out.push({
      uid: String(row[1]),
      name: String(row[2]),
      description: row[3] === null ? null : String(row[3]),
      status: wordOf(branchStatus, Number(row[4])),
      current: id === author.branchId,
      main,
      parent: main ? null : { uid: String(row[8]), name: String(row[9]) },
      by: String(row[5] ?? ''),
      createdAt: String(row[6]),
      forkedAt: row[7] === null ? null : new Date(Number(row[7]) / 1000).toISOString(),
      ahead: main ? 0 : yield* countAhead(model, id),
      behind: main ? 0 : yield* countBehind(Number(row[11]), Number(row[10])),
    });
  }
  return out;
}

/** Rows that the branch made, changed, added or took out; a row counts once. */
function* countAhead(model: Model, branch: number): Steps<number> {
  let made = 0;
  for (const table of model.tables.values()) {
    if (reachOf(table) !== 'placed') continue;
    const row = yield* one(`SELECT count(*) FROM "${table.name}" WHERE branch_id = ?`, [branch]);
    made += Number(row?.[0]);
  }
  const kept = yield* one(
    `SELECT (SELECT count(*) FROM (SELECT DISTINCT tab, id FROM loam_cell WHERE branch = ?1)) + (SELECT count(*) FROM loam_row WHERE branch = ?1)`,
    [branch],
  );
  return made + Number(kept?.[0]);
}

function* countBehind(parent: number, fork: number): Steps<number> {
  const row = yield* one(
    `SELECT count(*) FROM loam_act WHERE id > ? AND branch_id = ? AND root = id AND status = 'done' AND undone IS NULL AND kind NOT IN ('device', 'review')`,
    [fork, parent],
  );
  return Number(row?.[0]);
}
