// The LaminDB user of an account: whoever writes needs a row that their records name. Made by the server, since only
// administrators may write who somebody is.
import { insertOne, update } from '../../src/lib/engine/write/apply.ts';
import type { Account } from '../people/accounts.ts';
import type { Turns } from './turns.ts';

/** Makes the row, or brings its handle and name up to date. Does nothing where it is as it should be. */
export async function bringUser(turns: Turns, { uid, handle, name }: Account): Promise<void> {
  await turns.act(({ driver, engine }) => {
    const row = driver.all('SELECT id, handle, name FROM lamindb_user WHERE uid = ?', [uid])[0];
    if (row && row[1] === handle && row[2] === name) return;
    engine.writer.act({ kind: 'user', title: `The user ${handle}` }, function* (tx) {
      if (row) yield* update(tx, 'lamindb_user', [Number(row[0])], { handle, name });
      else yield* insertOne(tx, 'lamindb_user', { uid, handle, name });
    });
  });
}
