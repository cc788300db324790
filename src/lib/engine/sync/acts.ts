// Acts of others in the history here, and those that only say what followed from them.
import { checkOut } from '../branch/checkout.ts';
import type { Table } from '../model/types.ts';
import { one, run, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { markLatest } from '../write/derived.ts';
import type { Transaction } from '../write/transaction.ts';
import { writeConsequences } from './chronicle.ts';
import type { SyncRecord } from './record.ts';
import { settleQueue } from './settle.ts';
import { enqueue, type Settling } from './settling.ts';

/** Kind of acts that only say what followed from others' records for other rows; nobody undoes them. */
const settledKind = 'settle';

export function* nextAct(): Steps<number> {
  const row = yield* one('SELECT coalesce(max(id), 0) + 1 FROM loam_act');
  return Number(row?.[0]);
}

/** The record's act here: made with its first record; later ones belong to it. */
export function* actOf(
  tx: Transaction,
  { act, author, at }: SyncRecord,
): Steps<{ id: number; kind: string }> {
  const known = yield* one('SELECT id, kind FROM loam_act WHERE uid = ?', [act.uid]);
  if (known) return { id: Number(known[0]), kind: String(known[1]) };
  const id = yield* nextAct();
  const user = yield* one('SELECT id FROM lamindb_user WHERE uid = ?', [author]);
  const root =
    act.root === null ? undefined : yield* one('SELECT id FROM loam_act WHERE uid = ?', [act.root]);
  yield* run(
    `INSERT INTO loam_act(id, uid, kind, title, status, root, sign, user_id, branch_id, at) VALUES (?, ?, ?, ?, 'done', ?, ?, ?, ?, ?)`,
    [
      id,
      act.uid,
      act.kind,
      act.message ?? act.kind,
      Number(root?.[0] ?? id),
      act.sign,
      Number(user?.[0] ?? 0),
      tx.author.branchId,
      at,
    ],
  );
  if (root) yield* standing(Number(root[0]));
  return { id, kind: act.kind };
}

/** Whether the first act of a chain stands is said by the newest of its undos and redos, whoever made them. */
export function* standing(root: number): Steps<void> {
  const last = yield* one(
    "SELECT id, sign FROM loam_act WHERE root = ?1 AND id <> ?1 AND status <> 'refused' AND kind <> 'settle' ORDER BY at DESC, uid DESC LIMIT 1",
    [root],
  );
  if (!last) return void (yield* run('UPDATE loam_act SET undone = NULL, last = NULL WHERE id = ?', [root]));
  yield* run('UPDATE loam_act SET undone = ?, last = ? WHERE id = ?', [
    Number(last[1]) < 0 ? (last[0] ?? null) : null,
    last[0] ?? null,
    root,
  ]);
}

/** Why rows are settled. Of an act that was refused: the act, of which this takes away what it added. */
export interface SettleReason {
  title: string;
  takesOut?: { root: number; sign: number };
}

const beside: SettleReason = { title: 'Settled with what others did at the same time' };

/** Settles what is in the queue; what changed is an act of its own, which is nobody's. */
export function* flushSettled(settling: Settling, why: SettleReason = beside): Steps<void> {
  const { tx } = settling;
  yield* settleQueue(settling);
  if (tx.log.length === 0) return;
  const id = yield* nextAct();
  yield* run(
    `INSERT INTO loam_act(id, uid, kind, title, status, root, sign, user_id, branch_id, at) VALUES (?, ?, ?, ?, 'done', ?, ?, ?, ?, ?)`,
    [
      id,
      `settle-${randomUid(12, tx.journal.random)}`,
      settledKind,
      why.title,
      why.takesOut?.root ?? id,
      why.takesOut?.sign ?? 1,
      tx.author.userId,
      tx.author.branchId,
      tx.at,
    ],
  );
  yield* writeConsequences(tx, { id, kind: settledKind }, tx.author.userUid);
}

/** What followed for rows of branches that are not checked out. */
export function* settleElsewhere(settling: Settling, why?: SettleReason): Steps<void> {
  while (settling.elsewhere.size > 0) {
    const [branch, rows] = settling.elsewhere.entries().next().value as [
      number,
      { table: Table; id: number }[],
    ];
    settling.elsewhere.delete(branch);
    // A branch that was refused: what it has is in no table.
    if (!(yield* isHere(branch))) continue;
    if (settling.tx.author.branchId !== branch) yield* goTo(settling.tx, branch);
    for (const { table, id } of rows) enqueue(settling, table, id);
    yield* flushSettled(settling, why);
  }
}

export function* isHere(branch: number): Steps<boolean> {
  return (yield* one('SELECT 1 FROM lamindb_branch WHERE id = ?', [branch])) !== undefined;
}

export function* goTo(tx: Transaction, branch: number): Steps<void> {
  yield* markLatest(tx);
  const { changes } = tx;
  yield* checkOut(tx, branch);
  // A switch there and back is no change of anybody's.
  tx.changes = changes;
}
