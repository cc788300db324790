// What an account does on the server itself (REST): tried in the replica to see what it writes, taken back, and then brought to
// the turn like the records of a peer, so that one rule judges all of them against what was there before.
import type { Engine } from '../../src/lib/engine/index.ts';
import { encodeUpdate, type LogItem } from '../../src/lib/engine/sync/item.ts';
import { forget } from '../../src/lib/engine/write/journal.ts';
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Access } from '../../src/lib/engine/sync/access.ts';
import type { ReplicaNow } from './replica.ts';
import { newestItem, newItems } from './taking.ts';

export interface Tried<T> {
  value: T;
  updates: { doc: string; bytes: Uint8Array }[];
}

/** Within the turn's transaction. What it throws is the work's own refusal; the turn is then given up. */
export async function tryAct<T>(
  { driver, engine }: ReplicaNow,
  access: Access,
  work: (engine: Engine) => T | Promise<T>,
): Promise<Tried<T>> {
  const { writer, sync } = engine;
  const row = driver.all('SELECT id FROM lamindb_user WHERE uid = ?', [access.account])[0];
  if (!row)
    throw new LoamError(
      'DoesNotExist',
      'Your account has no user in this database yet. Try again in a moment.',
    );
  const before = { ...writer.author };
  const upto = newestItem({ driver });
  driver.run('SAVEPOINT loam_try');
  // A client of its own: the server's belongs to nobody, this one to the account.
  sync.renew();
  Object.assign(writer.author, { userId: Number(row[0]), userUid: access.account });
  // The session may have written as the server, and nobody else may go on under that name.
  sync.renew();
  try {
    const value = await work(engine);
    const items = newItems({ driver }, upto);
    driver.run('ROLLBACK TO loam_try');
    const docs = new Map<string, LogItem[]>();
    for (const { doc, client, clock, content } of items) {
      const known = docs.get(doc) ?? [];
      docs.set(doc, known);
      known.push({ client, clock, content });
    }
    return { value, updates: [...docs].map(([doc, list]) => ({ doc, bytes: encodeUpdate(list) })) };
  } finally {
    Object.assign(writer.author, before);
    driver.run('RELEASE loam_try');
    forget(writer.journal);
    sync.renew();
  }
}
