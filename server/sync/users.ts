// The LaminDB user of an account: whoever writes needs a row that their records name. Made by the server, since only
// administrators may write who somebody is.
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { insertOne, update } from '../../src/lib/engine/write/apply.ts';
import type { Account } from '../people/accounts.ts';
import type { Replica } from './replica.ts';
import type { Turns } from './turns.ts';

interface Found {
  id: number | null;
  /** As it should be. */
  handle: string;
  same: boolean;
}

function lookFor(driver: SqlDriver, { uid, handle, name }: Account): Found {
  const row = driver.all('SELECT id, handle, name FROM lamindb_user WHERE uid = ?', [uid])[0];
  // Handles are unique in LaminDB too, where somebody else may have it: one who came by `lamin login`.
  const taken =
    driver.all('SELECT 1 FROM lamindb_user WHERE handle = ? AND uid <> ?', [handle, uid]).length > 0;
  const wanted = taken ? `${handle.slice(0, 21)}-${uid}` : handle;
  return { id: row ? Number(row[0]) : null, handle: wanted, same: row?.[1] === wanted && row[2] === name };
}

/** Makes the row, or brings its handle and name up to date. Does nothing where it is as it should be. */
export async function bringUser(turns: Turns, account: Account): Promise<void> {
  await turns.act(({ driver, engine }) => {
    const { id, handle, same } = lookFor(driver, account);
    if (same) return;
    const { uid, name } = account;
    engine.writer.act({ kind: 'user', title: `The user ${handle}` }, function* (tx) {
      if (id !== null) yield* update(tx, 'lamindb_user', [id], { handle, name });
      else yield* insertOne(tx, 'lamindb_user', { uid, handle, name });
    });
  });
}

/** Whether the row is there, as it should be. */
export const hasUser = (replica: Replica, account: Account): Promise<boolean> =>
  replica.read(({ driver }) => lookFor(driver, account).same);
