// README notes of artifacts: LaminDB blocks of kind `readme` (lamindb.md §11). Each save with other content is a version.
import { hashText } from '../hash.ts';
import { all, one, type Steps } from '../statement.ts';
import { insertOne } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { nextVersionUid, randomUid } from '../uid.ts';

export function* saveNote(tx: Transaction, artifactId: number, content: string): Steps<string> {
  const head = yield* one(
    `SELECT uid, content FROM lamindb_artifactblock WHERE artifact_id = ? AND kind = 'readme' AND is_latest = 1 AND +branch_id <> -1 ORDER BY id DESC LIMIT 1`,
    [artifactId],
  );
  if (head && head[1] === content) return String(head[0]);
  let uid = `${randomUid(16, tx.journal.random)}0000`;
  if (head) {
    const stem = String(head[0]).slice(0, 16);
    const family = yield* all('SELECT uid FROM lamindb_artifactblock WHERE uid >= ? AND uid < ?', [
      `${stem}0000`,
      `${stem}zzzz~`,
    ]);
    uid = nextVersionUid(family.map((r) => String(r[0])));
  }
  yield* insertOne(tx, 'lamindb_artifactblock', {
    uid,
    artifact_id: artifactId,
    content,
    hash: hashText(content),
    kind: 'readme',
  });
  return uid;
}
