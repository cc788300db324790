// Review of a branch: who was asked, what each said of which state of it, what is talked about, and the rules that a merge
// waits for. LaminDB calls a branch in review a change request (2.12.1 `Branch.status`, `branchuser.role`, `branchblock`); its
// tables hold all of it. What a comment is about, and that it is a verdict, stands in its `_aux` under `loam`.
import { LoamError } from '../errors.ts';
import type { Model, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { setting } from '../schema/open.ts';
import { all, one, run, type Steps } from '../statement.ts';
import { auxOf } from '../registry/typing.ts';
import { branchStatus, wordOf } from '../registry/status.ts';
import { nameColumn } from '../write/history-names.ts';
import type { Journal } from '../write/journal.ts';
import { actOfRecord } from '../write/packs.ts';
import { recordsTouching } from '../write/touch.ts';
import type { Branch } from './branches.ts';
import { carriedState } from './carried-state.ts';

/** Role in `lamindb_branchuser`. */
export const reviewerRole = 'reviewer';
/** Kind of every act of a review: it changes nothing of what the branch has. */
export const reviewKind = 'review';

export interface Person {
  uid: string;
  handle: string;
  name: string;
}

/** What somebody said of a state of the branch. */
export interface Verdict {
  uid: string;
  by: Person;
  verdict: 'approve' | 'changes';
  text: string;
  at: string;
  /** The branch was changed since. */
  stale: boolean;
  /** By who made the branch: it does not count. */
  own: boolean;
}

/** An object, or a field of it, that a thread is about. */
export interface Anchor {
  registry: string;
  uid: string;
  field: string | null;
}

export interface ReviewComment {
  uid: string;
  by: Person;
  text: string;
  at: string;
}

export interface Thread {
  /** Uid of the first comment. */
  uid: string;
  /** Null where it is about the branch. `row`: what people call the object, null once it was deleted for good. */
  anchor: (Anchor & { row: string | null }) | null;
  resolved: boolean;
  comments: ReviewComment[];
}

export interface ReviewRules {
  /** Approvals that a merge needs; who made the branch does not count. 0: no rule. */
  approvals: number;
  /** Threads that are not resolved hold a merge up. */
  threads: boolean;
}

export interface BranchReview {
  status: string;
  readme: { content: string; by: string; at: string } | null;
  reviewers: Person[];
  /** The last word of each, oldest first; withdrawn ones are not among them. */
  verdicts: Verdict[];
  threads: Thread[];
  rules: ReviewRules;
  /** Rules that are not met, in words; empty where the branch may be merged. */
  unmet: string[];
  me: Person;
  /** Everybody of the database. */
  people: Person[];
}

/* ---------- rules ---------- */

const rulesSetting = 'review';
const mostApprovals = 20;

export function* reviewRules(): Steps<ReviewRules> {
  const held = rulesHeld(yield* setting(rulesSetting));
  const approvals = held['approvals'];
  return {
    approvals:
      typeof approvals === 'number' && Number.isInteger(approvals) && approvals > 0
        ? Math.min(approvals, mostApprovals)
        : 0,
    threads: held['threads'] === true,
  };
}

/** A file from elsewhere may hold anything there: that is no rule. */
function rulesHeld(value: SqlValue): Record<string, unknown> {
  try {
    return auxOf(value);
  } catch {
    return {};
  }
}

export function* keepRules({ approvals, threads }: ReviewRules): Steps<void> {
  if (!Number.isInteger(approvals) || approvals < 0 || approvals > mostApprovals)
    throw new LoamError(
      'ValidationError',
      `A merge can wait for 0 to ${mostApprovals} approvals, not for ${String(approvals).slice(0, 20)}.`,
      { field: 'approvals' },
    );
  yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
    rulesSetting,
    JSON.stringify({ approvals, threads: threads === true }),
  ]);
}

function unmetRules(rules: ReviewRules, verdicts: readonly Verdict[], threads: readonly Thread[]): string[] {
  const unmet: string[] = [];
  if (rules.approvals > 0) {
    const counted = verdicts.filter(({ own }) => !own);
    const given = counted.filter(({ verdict, stale }) => verdict === 'approve' && !stale);
    const old = counted.filter(({ verdict, stale }) => verdict === 'approve' && stale).length;
    const wanted = rules.approvals - given.length;
    if (wanted > 0)
      unmet.push(
        `${given.length} of ${rules.approvals} ${rules.approvals === 1 ? 'approval' : 'approvals'} by others than its maker${old > 0 ? ` (${old} of an older state)` : ''}`,
      );
    const against = counted.filter(({ verdict }) => verdict === 'changes').map(({ by }) => by.handle);
    if (against.length > 0) unmet.push(`${against.join(' and ')} asked for changes`);
  }
  if (rules.threads) {
    const open = threads.filter(({ resolved }) => !resolved).length;
    if (open > 0) unmet.push(`${open} ${open === 1 ? 'thread is' : 'threads are'} not resolved`);
  }
  return unmet;
}

/** Why a branch may not be merged yet; with no rules nothing else is read. */
export function* unmetOf(journal: Journal, branch: Branch): Steps<string[]> {
  const rules = yield* reviewRules();
  if (rules.approvals === 0 && !rules.threads) return [];
  const { verdicts, threads } = yield* saidOf(journal, branch);
  return unmetRules(rules, verdicts, threads);
}

export function* refuseUnreviewed(journal: Journal, branch: Branch): Steps<void> {
  const unmet = yield* unmetOf(journal, branch);
  if (unmet.length === 0) return;
  throw new LoamError(
    'ReviewNeeded',
    `"${branch.name}" cannot be merged yet: ${unmet.join('; ')}. The rules stand on the page Changes.`,
    { branch: branch.name },
  );
}

/* ---------- states ---------- */

/**
 * Names the state of a branch: its newest act here, or the name that the state had in the file which it came in, as long as it
 * has all of that and nothing else.
 */
export function* stateOf(journal: Journal, branch: Branch): Steps<string> {
  const newest = yield* newestAct(journal, branch);
  const carried = yield* carriedState(branch.uid);
  return carried?.whole === true && carried.here === newest ? carried.file : newest;
}

/**
 * The newest act on a branch, undo and redo among them, that is no part of a review. Acts on the branch's own row (a new name,
 * another description, its arrival in a file) leave what it has as it is. Empty where nothing was done on it yet.
 */
export function* newestAct(journal: Journal, branch: Branch): Steps<string> {
  const apart: number[] = [];
  for (const record of yield* recordsTouching(journal, 'lamindb_branch', [branch.id], 0))
    apart.push(yield* actOfRecord(journal, record));
  const row = yield* one(
    `SELECT a.uid FROM loam_act a JOIN loam_act r ON r.id = a.root
     WHERE a.branch_id = ? AND a.status = 'done' AND r.kind NOT IN ('${reviewKind}', 'device')
       AND a.id NOT IN (SELECT value FROM json_each(?)) ORDER BY a.id DESC LIMIT 1`,
    [branch.id, JSON.stringify(apart)],
  );
  return String(row?.[0] ?? '');
}

/* ---------- what was said ---------- */

/** What Loam keeps with a comment. */
export interface CommentNote {
  verdict?: 'approve' | 'changes' | 'withdraw';
  /** Of the state that a verdict is about. */
  state?: string;
  anchor?: Anchor;
  /** Uid of the comment that it answers. */
  reply?: string;
  resolved?: boolean;
}

const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};

/** Another program may have written anything there. */
export function commentNote(aux: SqlValue): CommentNote {
  const held = object(auxOf(aux)['loam']);
  const anchor = object(held['anchor']);
  const { verdict, state, reply } = held;
  const note: CommentNote = {};
  if (verdict === 'approve' || verdict === 'changes' || verdict === 'withdraw') note.verdict = verdict;
  if (typeof state === 'string') note.state = state;
  if (typeof reply === 'string') note.reply = reply;
  if (held['resolved'] === true) note.resolved = true;
  if (typeof anchor['registry'] === 'string' && typeof anchor['uid'] === 'string')
    note.anchor = {
      registry: anchor['registry'],
      uid: anchor['uid'],
      field: typeof anchor['field'] === 'string' ? anchor['field'] : null,
    };
  return note;
}

const personOf = ([uid, handle, name]: readonly SqlValue[]): Person => ({
  uid: String(uid ?? ''),
  handle: String(handle ?? ''),
  name: String(name ?? ''),
});

function* saidOf(journal: Journal, branch: Branch): Steps<{ verdicts: Verdict[]; threads: Thread[] }> {
  const rows = yield* all(
    `SELECT u.uid, u.handle, u.name, b.uid, b.content, b.created_at, b._aux, b.created_by_id = m.created_by_id
     FROM lamindb_branchblock b JOIN lamindb_branch m ON m.id = b.branch_id LEFT JOIN lamindb_user u ON u.id = b.created_by_id
     WHERE b.branch_id = ? AND b.kind = 'comment' ORDER BY b.created_at, b.id`,
    [branch.id],
  );
  const state = yield* stateOf(journal, branch);
  const verdicts = new Map<string, Verdict>();
  const threads = new Map<string, Thread>();
  for (const row of rows) {
    const by = personOf(row);
    const comment = { uid: String(row[3]), by, text: String(row[4]), at: String(row[5]) };
    const note = commentNote(row[6] ?? null);
    if (note.verdict !== undefined) {
      // Taken out and put in again, so that the last word stands last.
      verdicts.delete(by.uid);
      if (note.verdict !== 'withdraw')
        verdicts.set(by.uid, {
          ...comment,
          verdict: note.verdict,
          stale: note.state !== state,
          own: Number(row[7]) === 1,
        });
      continue;
    }
    const answered = note.reply === undefined ? undefined : threads.get(note.reply);
    if (answered) {
      answered.comments.push(comment);
      continue;
    }
    const anchor = note.anchor ? yield* named(journal.model, note.anchor) : null;
    threads.set(comment.uid, {
      uid: comment.uid,
      anchor,
      resolved: note.resolved === true,
      comments: [comment],
    });
  }
  return { verdicts: [...verdicts.values()], threads: [...threads.values()] };
}

function* named(model: Model, anchor: Anchor): Steps<Anchor & { row: string | null }> {
  const table = anchorTable(model, anchor.registry);
  const row =
    table && (yield* one(`SELECT "${nameColumn(table)}" FROM "${table.name}" WHERE uid = ?`, [anchor.uid]));
  return { ...anchor, row: row ? String(row[0] ?? anchor.uid) : null };
}

/** The table of a registry whose rows can be talked about. */
export const anchorTable = (model: Model, registry: string): Table | undefined =>
  [...model.tables.values()].find((table) => table.registry === registry && table.column.has('uid'));

export function* reviewOf(journal: Journal, branch: Branch, me: number): Steps<BranchReview> {
  const people = yield* all('SELECT uid, handle, name, id FROM lamindb_user ORDER BY lower(handle), id');
  const own = people.find((row) => Number(row[3]) === me);
  const readme = yield* one(
    `SELECT b.content, u.handle, b.created_at FROM lamindb_branchblock b LEFT JOIN lamindb_user u ON u.id = b.created_by_id
     WHERE b.branch_id = ? AND b.kind = 'readme' AND b.is_latest = 1 ORDER BY b.created_at DESC, b.id DESC LIMIT 1`,
    [branch.id],
  );
  const reviewers = yield* all(
    `SELECT DISTINCT u.uid, u.handle, u.name FROM lamindb_branchuser l JOIN lamindb_user u ON u.id = l.user_id
     WHERE l.branch_id = ? AND l.role = ? ORDER BY l.id`,
    [branch.id, reviewerRole],
  );
  const { verdicts, threads } = yield* saidOf(journal, branch);
  const rules = yield* reviewRules();
  return {
    status: wordOf(branchStatus, branch.status),
    readme: readme
      ? { content: String(readme[0] ?? ''), by: String(readme[1] ?? ''), at: String(readme[2]) }
      : null,
    reviewers: reviewers.map(personOf),
    verdicts,
    threads,
    rules,
    unmet: branch.status < 0 ? [] : unmetRules(rules, verdicts, threads),
    me: personOf(own ?? []),
    people: people.map(personOf),
  };
}
