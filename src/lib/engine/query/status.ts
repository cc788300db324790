// Small facts for the frame: who, where, how many, what can be undone; the list of acts.
import { all, one, type Steps } from '../statement.ts';
import { setting } from '../schema/open.ts';
import { summaryOf } from '../write/act-summary.ts';
import type { ActSummary } from '../write/history-types.ts';
import type { Hidden } from '../write/hidden.ts';
import type { Author } from '../write/transaction.ts';
import { redoTarget, undoTarget } from '../write/undo.ts';

export interface StatusFacts {
  instance: string;
  user: { uid: string; handle: string; name: string | null };
  branch: { uid: string; name: string; isMain: boolean };
  artifacts: number;
  onlyHere: number;
  canUndo: ActSummary | null;
  canRedo: ActSummary | null;
}

/** `artifacts`: how many the list shows, asked of whoever keeps count: to look at a million took 200 ms of every opening. */
export function* statusFacts(hidden: Hidden, author: Author, artifacts: number): Steps<StatusFacts> {
  const { userId, branchId } = author;
  const user = yield* one('SELECT uid, handle, name FROM lamindb_user WHERE id = ?', [userId]);
  const branch = yield* one('SELECT uid, name FROM lamindb_branch WHERE id = ?', [branchId]);
  const here = yield* onlyHere(hidden);
  const undo = yield* undoTarget(author);
  const redo = yield* redoTarget(author);
  return {
    instance: (yield* setting('instance')) ?? 'loam',
    user: { uid: String(user?.[0]), handle: String(user?.[1]), name: (user?.[2] as string | null) ?? null },
    branch: { uid: String(branch?.[0]), name: String(branch?.[1]), isMain: branchId === 1 },
    artifacts,
    onlyHere: here,
    canUndo: undo ? yield* actSummary(undo.root) : null,
    canRedo: redo ? yield* actSummary(redo.root) : null,
  };
}

/** Artifacts whose bytes exist only on this device. */
export function* onlyHere(hidden: Hidden): Steps<number> {
  const here = yield* one(
    `SELECT count(*) FROM loam_blob b CROSS JOIN lamindb_artifact a ON a.id = b.artifact_id WHERE b.only_here = 1 AND +a.branch_id IN (${hidden.branches().join(', ')}) AND +a.is_latest = 1${hidden('lamindb_artifact', 'a.id')}`,
  );
  return Number(here?.[0] ?? 0);
}

const actColumns = `SELECT a.uid, a.kind, a.title, a.at, u.handle, a.undone FROM loam_act a LEFT JOIN lamindb_user u ON u.id = a.user_id`;

function* actSummary(id: number): Steps<ActSummary> {
  const row = yield* one(`${actColumns} WHERE a.id = ?`, [id]);
  return summaryOf(row ?? []);
}

/** Newest first; `before` is the uid of the last act already shown. Undo and redo acts show as the state of their root. */
export function* actList(limit: number, before?: string): Steps<ActSummary[]> {
  const rows = yield* all(
    `${actColumns} WHERE a.root = a.id AND a.status = 'done' AND a.kind <> 'device' AND (?1 IS NULL OR a.id < (SELECT id FROM loam_act WHERE uid = ?1)) ORDER BY a.id DESC LIMIT ?2`,
    [before ?? null, Math.min(500, limit)],
  );
  return rows.map(summaryOf);
}
