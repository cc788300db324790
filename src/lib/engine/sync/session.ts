// Whether a database is synced, and who writes into its logs. Every process that opens the file is a session with clients of
// its own, taken with its first record in a log: to go on as an older client would be wrong as soon as a file was restored or
// copied, for then two would write different records under one name, which nobody could tell apart (sync.md §1, trap 2).
// What older sessions of this file left unsent is sent under their names.
import type { FileNonce, SqlDriver } from '../ports.ts';
import { LoamError } from '../errors.ts';
import { all, inTransaction, one, run, runSync, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import type { Journal } from '../write/journal.ts';
import { raiseVersion } from '../write/packs.ts';
import { leaveSync, sharedFrom, syncedVersion, syncSetting } from '../write/synced.ts';
import { docName } from './logs.ts';
import { createPlaces, type SessionPlaces } from './places.ts';

/** With a database that is synced, its records get their places from here on. */
export function* openSync(journal: Journal): Steps<SessionPlaces | null> {
  const known = yield* one("SELECT 1 FROM sqlite_master WHERE name = 'loam_sync_item'");
  if (!known || !(yield* one('SELECT 1 FROM loam_setting WHERE name = ?', [syncSetting]))) return null;
  const places = createPlaces(journal);
  journal.places = places;
  return places;
}

/**
 * From now on what is written here goes into logs. What is there already is epoch 0: others get it as a whole, and no log of
 * it is made up.
 */
export function* turnOnSync(journal: Journal): Steps<SessionPlaces> {
  if (journal.places) return journal.places as SessionPlaces;
  const open = yield* one("SELECT title FROM loam_act WHERE status = 'open' LIMIT 1");
  if (open)
    throw new LoamError(
      'OperationalError',
      `Sync cannot begin while "${String(open[0])}" is being done. Try again when it has ended.`,
    );
  yield* inTransaction(
    (function* (): Steps<void> {
      yield* raiseVersion(syncedVersion);
      yield* run('INSERT OR IGNORE INTO loam_setting(name, value) VALUES (?, ?)', [
        syncSetting,
        randomUid(16, journal.random),
      ]);
      yield* run(
        `INSERT OR IGNORE INTO loam_setting(name, value)
         SELECT ?, max(coalesce((SELECT max(id) FROM loam_record), 0), coalesce((SELECT max(rec_to) FROM loam_pack), 0))`,
        [sharedFrom],
      );
    })(),
  );
  return (yield* openSync(journal)) as SessionPlaces;
}

/** Leaves the logs: what is written from here on goes into none. Records that were not sent stay here alone. */
export function* turnOffSync(journal: Journal): Steps<void> {
  yield* inTransaction(
    (function* (): Steps<void> {
      for (const sql of leaveSync) yield* run(sql);
    })(),
  );
  journal.places = null;
}

/**
 * Whether this is the file that was last open in its place, or one that was restored or copied there: asked once, when it is
 * opened. Each time both sides get a new text, so that an older state of the same file is told as well. What the other file's
 * sessions left unsent is still sent, since it is in the tables here; but as records that may come from elsewhere too.
 */
export async function checkFile(
  driver: SqlDriver,
  journal: Journal,
  nonce: FileNonce,
): Promise<'same' | 'copied'> {
  const outside = await nonce.read();
  const fresh = randomUid(16, journal.random);
  const copied = runSync(
    driver,
    inTransaction(
      (function* (): Steps<boolean> {
        const row = yield* one('SELECT value FROM loam_setting WHERE name = ?', [syncSetting]);
        yield* run('UPDATE loam_setting SET value = ? WHERE name = ?', [fresh, syncSetting]);
        if (row?.[0] === outside) return false;
        const sessions = yield* run('UPDATE loam_sync_client SET own = 2 WHERE own = 1');
        return sessions.changes > 0;
      })(),
    ),
  );
  if (copied) (journal.places as SessionPlaces | null)?.renew();
  // After the file: cut off in between, it is taken for a copy, which costs nothing but a name.
  await nonce.write(fresh);
  return copied ? 'copied' : 'same';
}

export interface Session {
  client: number;
  doc: string;
  /** It is the session that writes now. */
  current: boolean;
  /** It wrote in a file that this one is a copy of: its records may be sent from there as well. */
  copied: boolean;
  records: number;
  acknowledged: number;
}

/** Clients of this file that have unsent records, and those that write now: who a connection announces itself as. */
export function* sessionsOf(journal: Journal): Steps<Session[]> {
  const current = new Set((journal.places as SessionPlaces | null)?.clients().values() ?? []);
  const rows = yield* all(
    `SELECT c.client, d.branch, d.epoch, c.own, c.next, c.acked FROM loam_sync_client c JOIN loam_sync_doc d ON d.id = c.doc
     WHERE c.own > 0 ORDER BY c.doc, c.client`,
  );
  return rows
    .map(([client, branch, epoch, own, next, acked]) => ({
      client: Number(client),
      doc: docName({ branch: String(branch), epoch: Number(epoch) }),
      current: current.has(Number(client)),
      copied: own === 2,
      records: Number(next),
      acknowledged: Number(acked),
    }))
    .filter(({ current: writes, records, acknowledged }) => writes || records > acknowledged);
}
