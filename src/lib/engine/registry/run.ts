// Runs and transforms of in-app acts: every drop is a Run of a Transform (architecture idea 7, features row 25).
// Status codes are LaminDB's: −1 started, 0 completed, 1 errored, 2 aborted (lamindb.md §10).
import { one, type Steps } from '../statement.ts';
import { insertOne, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { randomUid } from '../uid.ts';
import { timeText } from '../time.ts';

export const runStatus = { started: -1, completed: 0, errored: 1, aborted: 2 } as const;

export const dropTransformKey = 'loam/drop-files';

export function* dropTransform(tx: Transaction): Steps<number> {
  const row = yield* one(
    'SELECT id FROM lamindb_transform WHERE key = ? AND +branch_id <> -1 ORDER BY is_latest DESC, id DESC LIMIT 1',
    [dropTransformKey],
  );
  if (row) return Number(row[0]);
  return yield* insertOne(tx, 'lamindb_transform', {
    uid: `${randomUid(12, tx.journal.random)}0000`,
    key: dropTransformKey,
    description: 'Files dropped into Loam',
    kind: 'function',
  });
}

export function* startRun(
  tx: Transaction,
  transformId: number,
  params: Record<string, unknown>,
): Steps<{ id: number; uid: string }> {
  const uid = randomUid(16, tx.journal.random);
  const id = yield* insertOne(tx, 'lamindb_run', {
    uid,
    transform_id: transformId,
    started_at: tx.time,
    params: JSON.stringify(params),
    _status_code: runStatus.started,
  });
  return { id, uid };
}

export function* finishRun(tx: Transaction, id: number, status: keyof typeof runStatus): Steps<void> {
  yield* update(tx, 'lamindb_run', [id], { finished_at: timeText(tx.at), _status_code: runStatus[status] });
}
