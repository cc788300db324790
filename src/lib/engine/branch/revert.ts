// Taking a merge back by the name of its branch: the act is found by the status that it set on the branch, and undone as any
// act is, on the branch that has it. What was changed there since stays, and is told.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { one, type Steps } from '../statement.ts';
import { actOfRecord } from '../write/packs.ts';
import { recordsTouching } from '../write/touch.ts';
import type { Journal } from '../write/journal.ts';
import type { UndoResult } from '../write/writer.ts';
import { findBranch, type Branch } from './branches.ts';

export interface Reverted extends UndoResult {
  /** Name of the branch that it was merged into. */
  from: string;
}

/** The merge that stands: uid of its act, and the branch it was written on. */
function* mergeOf(journal: Journal, branch: Branch): Steps<{ act: string; on: string; onUid: string }> {
  const records = yield* recordsTouching(journal, 'lamindb_branch', [branch.id], 0);
  for (const record of records.reverse()) {
    const row = yield* one(
      `SELECT a.uid, b.name, b.uid FROM loam_act a JOIN lamindb_branch b ON b.id = a.branch_id
       WHERE a.id = ? AND a.root = a.id AND a.kind = 'merge' AND a.status = 'done' AND a.undone IS NULL`,
      [yield* actOfRecord(journal, record)],
    );
    if (row) return { act: String(row[0]), on: String(row[1]), onUid: String(row[2]) };
  }
  throw new LoamError(
    'DoesNotExist',
    `No merge of "${branch.name}" is to be taken back: it was not merged here, or its merge was undone already.`,
    { branch: branch.name },
  );
}

export function revertPart(context: EngineContext, switchBranch: (ref: string) => void) {
  const { read, jobs, writer, request } = context;
  return {
    /** Undoes the merge of a branch as one act; the branch that it was merged into is checked out after it. */
    async revertBranch(ref: string): Promise<Reverted> {
      const asked = request();
      const { act, on, onUid } = read(mergeOf(writer.journal, read(findBranch(ref))));
      switchBranch(onUid);
      const undone = await jobs.follow((watch) => writer.undo(act, asked, watch));
      if (!undone) throw new LoamError('UndoConflict', 'This was undone already.', { act });
      return { ...undone, from: on };
    },
  };
}
