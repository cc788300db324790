// The review of a branch as the engine's facade offers it. Each step is an act of its own kind, so that history tells it, undo
// takes it back, and no verdict grows old by it; the tables are those that are the same on every branch.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { hashText } from '../hash.ts';
import { toPythonJson } from '../python-json.ts';
import { saveBlock } from '../registry/block.ts';
import { branchStatus } from '../registry/status.ts';
import { auxOf } from '../registry/typing.ts';
import { one, runSync, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { insertOne, remove, update } from '../write/apply.ts';
import { refuseInPast, tableOf } from '../write/journal.ts';
import { mainBranch } from '../write/seen.ts';
import type { Transaction } from '../write/transaction.ts';
import { findBranch, type Branch } from './branches.ts';
import {
  anchorTable,
  commentNote,
  keepRules,
  reviewerRole,
  reviewKind,
  reviewOf,
  reviewRules,
  stateOf,
  type Anchor,
  type BranchReview,
  type CommentNote,
  type ReviewRules,
} from './review.ts';

const blocks = 'lamindb_branchblock';
const longestText = 20_000;
const longestField = 200;

/** What others (LaminDB among them) read where a verdict was given without words. */
const saidBriefly = { approve: 'Approved', changes: 'Changes requested', withdraw: 'Verdict withdrawn' };

export function reviewPart(context: EngineContext) {
  const { driver, model, read, act, writer, tell } = context;
  const { journal, author } = writer;

  function asked(ref: string): Branch {
    const branch = read(findBranch(ref));
    if (branch.id === mainBranch)
      throw new LoamError('InvalidArgument', 'main is merged into nothing, so there is nothing to review.');
    return branch;
  }

  /** A branch that can still change. */
  function open(ref: string): Branch {
    const branch = asked(ref);
    if (branch.status >= 0) return branch;
    const merged = branch.status === branchStatus.merged;
    throw new LoamError(
      'InvalidArgument',
      `The branch "${branch.name}" ${merged ? 'was merged' : 'is closed'}; its review is over. ${merged ? 'Undo the merge' : 'Open it again'} to go on with it.`,
      { branch: branch.name },
    );
  }

  const review = (title: string, body: (tx: Transaction) => Steps<unknown>): void =>
    void act(reviewKind, title, body);

  function userId(uid: string): number {
    const row = read(
      one('SELECT id FROM lamindb_user WHERE uid = ?1 OR handle = ?1 ORDER BY uid = ?1 DESC', [uid]),
    );
    if (row) return Number(row[0]);
    throw new LoamError('DoesNotExist', `There is no user "${uid.slice(0, 60)}" in this database.`);
  }

  /** The link by which somebody was asked for a review. */
  function askedOf(branch: Branch, user: number): number | null {
    const row = read(
      one('SELECT id FROM lamindb_branchuser WHERE branch_id = ? AND user_id = ? AND role = ?', [
        branch.id,
        user,
        reviewerRole,
      ]),
    );
    return row ? Number(row[0]) : null;
  }

  function* addComment(tx: Transaction, branch: Branch, content: string, note: CommentNote): Steps<void> {
    yield* insertOne(tx, blocks, {
      uid: `${randomUid(16, journal.random)}0000`,
      kind: 'comment',
      content,
      hash: hashText(content),
      branch_id: branch.id,
      _aux: Object.keys(note).length > 0 ? toPythonJson({ loam: note }) : null,
    });
  }

  function checkText(text: unknown): string {
    if (typeof text !== 'string') throw new LoamError('TypeError', 'A comment must be text.');
    if (text.length > longestText)
      throw new LoamError(
        'ValidationError',
        `A comment has at most ${longestText} characters, this one ${text.length}. Put it into the README.`,
      );
    return text.trim();
  }

  function checkAnchor({ registry, uid, field }: Anchor): Anchor {
    const table = anchorTable(model, String(registry));
    const row = table && read(one(`SELECT 1 FROM "${table.name}" WHERE uid = ?`, [String(uid)]));
    if (!row)
      throw new LoamError(
        'DoesNotExist',
        `There is no ${String(registry).slice(0, 40)} "${String(uid).slice(0, 40)}" to comment on.`,
      );
    if (field !== null && (typeof field !== 'string' || field.length > longestField))
      throw new LoamError('ValidationError', 'That is no name of a field.', { field: 'field' });
    return { registry, uid, field };
  }

  function commentRow(branch: Branch, uid: string): { id: number; aux: string | null; by: number } {
    const row = read(
      one(
        `SELECT id, _aux, created_by_id FROM ${blocks} WHERE branch_id = ? AND uid = ? AND kind = 'comment'`,
        [branch.id, uid],
      ),
    );
    if (!row)
      throw new LoamError('DoesNotExist', 'That comment is not there any more. It may have been deleted.', {
        branch: branch.name,
      });
    return { id: Number(row[0]), aux: row[1] === null ? null : String(row[1]), by: Number(row[2]) };
  }

  /** The first comment of a thread. */
  function threadRow(branch: Branch, uid: string) {
    const row = commentRow(branch, uid);
    const note = commentNote(row.aux);
    if (note.reply === undefined && note.verdict === undefined) return row;
    throw new LoamError('InvalidArgument', 'That comment does not begin a thread.', { branch: branch.name });
  }

  return {
    branchReview: (ref: string): BranchReview => read(reviewOf(journal, asked(ref), author.userId)),

    /** `review` asks for one, `draft` takes the wish back. */
    askForReview(ref: string, status: 'review' | 'draft'): void {
      const branch = open(ref);
      if (status !== 'review' && status !== 'draft')
        throw new LoamError('ValueError', 'A branch is in "review" or a "draft".', { field: 'status' });
      if (branch.status === branchStatus[status]) return;
      const title =
        status === 'review' ? `Ask for a review of ${branch.name}` : `Make ${branch.name} a draft again`;
      review(title, (tx) =>
        update(tx, 'lamindb_branch', [branch.id], { _status_code: branchStatus[status] }),
      );
    },

    /** A version of the README; the same text again is none. */
    saveBranchReadme(ref: string, content: string): void {
      const branch = asked(ref);
      review(`Write the README of ${branch.name}`, (tx) =>
        saveBlock(tx, tableOf(model, 'lamindb_branch'), branch.id, { kind: 'readme', content }),
      );
    },

    /** Asks somebody (uid or handle) for a review. */
    addReviewer(ref: string, user: string): void {
      const branch = open(ref);
      const id = userId(user);
      if (askedOf(branch, id) !== null) return;
      review(`Ask for a reviewer of ${branch.name}`, (tx) =>
        insertOne(tx, 'lamindb_branchuser', { branch_id: branch.id, user_id: id, role: reviewerRole }),
      );
    },

    removeReviewer(ref: string, user: string): void {
      const branch = open(ref);
      const link = askedOf(branch, userId(user));
      if (link === null) return;
      review(`Ask one reviewer less of ${branch.name}`, (tx) => remove(tx, 'lamindb_branchuser', [link]));
    },

    /** One's own word on the branch as it is now; the one before counts no more. `withdraw` leaves none. */
    giveVerdict(ref: string, verdict: 'approve' | 'changes' | 'withdraw', text = ''): void {
      const branch = open(ref);
      if (!Object.hasOwn(saidBriefly, verdict))
        throw new LoamError('ValueError', 'A verdict is "approve", "changes" or "withdraw".');
      const content = checkText(text) || saidBriefly[verdict];
      const words = {
        approve: 'Approve',
        changes: 'Ask for changes of',
        withdraw: 'Withdraw the verdict on',
      };
      review(`${words[verdict]} ${branch.name}`, function* (tx) {
        yield* addComment(tx, branch, content, { verdict, state: yield* stateOf(journal, branch) });
      });
    },

    /** Begins a thread on the branch, an object or a field of it, or answers one. */
    commentOnBranch(ref: string, text: string, about: { anchor?: Anchor; reply?: string } = {}): void {
      const branch = asked(ref);
      const content = checkText(text);
      if (content === '')
        throw new LoamError('ValidationError', 'Write something first.', { field: 'content' });
      const note: CommentNote = {};
      if (about.reply !== undefined) {
        threadRow(branch, about.reply);
        note.reply = about.reply;
      } else if (about.anchor) note.anchor = checkAnchor(about.anchor);
      review(`${about.reply === undefined ? 'Comment' : 'Answer'} on ${branch.name}`, (tx) =>
        addComment(tx, branch, content, note),
      );
    },

    resolveThread(ref: string, uid: string, resolved: boolean): void {
      const branch = asked(ref);
      const { id, aux } = threadRow(branch, uid);
      const { resolved: before = false, ...note } = commentNote(aux);
      if (before === resolved) return;
      const loam = resolved ? { ...note, resolved } : note;
      const held: Record<string, unknown> = { ...auxOf(aux), loam };
      if (Object.keys(loam).length === 0) delete held['loam'];
      review(`${resolved ? 'Resolve' : 'Open'} a thread of ${branch.name}`, (tx) =>
        update(tx, blocks, [id], { _aux: Object.keys(held).length > 0 ? toPythonJson(held) : null }),
      );
    },

    /** One's own comment; the first of a thread only while nobody answered. */
    removeBranchComment(ref: string, uid: string): void {
      const branch = asked(ref);
      const { id, aux, by } = commentRow(branch, uid);
      if (commentNote(aux).verdict !== undefined)
        throw new LoamError('InvalidArgument', 'A verdict is withdrawn, not deleted.');
      if (by !== author.userId)
        throw new LoamError('NoWriteAccess', 'Only who wrote a comment can delete it. Answer or resolve it.');
      const threads = read(reviewOf(journal, branch, author.userId)).threads;
      if (threads.some((thread) => thread.uid === uid && thread.comments.length > 1))
        throw new LoamError('InvalidArgument', 'This was answered. Resolve the thread instead.');
      review(`Delete a comment on ${branch.name}`, (tx) => remove(tx, blocks, [id]));
    },

    reviewRules: (): ReviewRules => read(reviewRules()),

    /** What merges of this database wait for; a setting, so no act. */
    setReviewRules(rules: ReviewRules): void {
      refuseInPast(journal);
      runSync(driver, keepRules(rules));
      const counts = { inserted: 0, updated: 1, deleted: 0, ids: null };
      tell({ act: '', title: '', last: true, tables: [{ table: 'loam_setting', ...counts }] });
    },
  };
}
