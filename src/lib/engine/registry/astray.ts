// Bytes lie under uids. An artifact that has another uid since (somebody minted its own first, sync/twins.ts) keeps its bytes
// under the old key until they are brought to the new one. Which these are is noted in the transaction that renames them, so
// that a crash forgets none; each is copied before the database says so, and the old copy goes last.
import type { BlobStore, Random, SqlDriver } from '../ports.ts';
import { all, inTransaction, many, one, run, runSync, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { whereaboutsOf } from './whereabouts.ts';

const astrayDdl = 'CREATE TABLE IF NOT EXISTS loam_astray (artifact_id INTEGER PRIMARY KEY)';

/** In the transaction that gave artifacts other uids: those of them whose bytes are on this device. */
export function* noteAstray(ids: readonly number[]): Steps<void> {
  const rows = yield* all(
    `SELECT artifact_id FROM loam_blob WHERE storage_key LIKE '.lamindb/%' AND artifact_id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(ids)],
  );
  if (rows.length === 0) return;
  yield* run(astrayDdl);
  yield* many('INSERT OR IGNORE INTO loam_astray(artifact_id) VALUES (?)', rows.length, [
    rows.map(([id]) => id ?? null),
  ]);
}

interface Astray {
  id: number;
  from: string;
  to: string;
}

function* astray(): Steps<Astray[]> {
  if (!(yield* one("SELECT 1 FROM sqlite_master WHERE name = 'loam_astray'"))) return [];
  const rows = yield* all(
    'SELECT s.artifact_id, b.storage_key FROM loam_astray s LEFT JOIN loam_blob b ON b.artifact_id = s.artifact_id',
  );
  const keys = new Map(rows.map(([id, key]) => [Number(id), key === null ? '' : String(key)]));
  const places = yield* whereaboutsOf([...keys.keys()]);
  const found = places.map(({ id, copyKey }) => ({ id, from: keys.get(id) ?? '', to: copyKey }));
  const listed = new Set(found.map(({ id }) => id));
  // What was deleted since has no bytes to bring.
  for (const id of keys.keys()) if (!listed.has(id)) found.push({ id, from: '', to: '' });
  return found;
}

/**
 * Brings bytes to the keys of their artifacts, for which a database is asked when it is opened and after records of others came
 * in (intake.ts, `onMoved`). Gives how many there were. May be cut off anywhere and begun again.
 */
export async function followUids(driver: SqlDriver, blobs: BlobStore, random: Random): Promise<number> {
  let done = 0;
  for (;;) {
    const left = runSync(driver, astray());
    // Versions of one family move up or down by one: the one whose new key nobody holds any more goes first.
    const held = new Set(left.filter(({ from, to }) => from !== to).map(({ from }) => from));
    const next = left.find(({ from, to }) => from === to || !held.has(to));
    if (!next) return done;
    await follow(driver, blobs, random, next);
    if (next.from !== next.to) done++;
  }
}

async function follow(
  driver: SqlDriver,
  blobs: BlobStore,
  random: Random,
  { id, from, to }: Astray,
): Promise<void> {
  const moves = from !== '' && from !== to && (await blobs.exists(from));
  if (moves) {
    const token = `astray-${randomUid(12, random)}`;
    const paths = await blobs.list(from);
    if (paths.length === 0) await blobs.stage(token, '', await blobs.open(from));
    else for (const path of paths) await blobs.stage(token, path, await blobs.open(`${from}/${path}`));
    await blobs.commit(token, to);
  }
  const used = runSync(
    driver,
    inTransaction(
      (function* (): Steps<boolean> {
        if (moves) yield* run('UPDATE loam_blob SET storage_key = ? WHERE artifact_id = ?', [to, id]);
        yield* run('DELETE FROM loam_astray WHERE artifact_id = ?', [id]);
        return (yield* one('SELECT 1 FROM loam_blob WHERE storage_key = ?', [from])) !== undefined;
      })(),
    ),
  );
  if (moves && !used) await blobs.remove(from);
}
