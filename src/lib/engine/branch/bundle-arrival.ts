// Bytes that came in the file of a branch, on their way from where they were staged to their storage keys. The act that makes the
// rows notes them in `loam_drop`; they move after it, or at the next start. Until then the artifact is one whose bytes are not
// here, which is never wrong.
import { isLoamError } from '../errors.ts';
import type { BlobStore, SqlDriver } from '../ports.ts';
import { storageKey } from '../registry/artifact.ts';
import { whereaboutsOf, type Whereabouts } from '../registry/whereabouts.ts';
import { all, one, run, runSync, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import type { BundleBlob } from './bundle.ts';
import type { StagedBlob } from './bundle-files.ts';

const dropName = 'bundle';

/**
 * Within the act that made the rows. Gives the tokens that are not wanted: of rows that are held back, that are another
 * content here, or whose key no bytes from a file may have.
 */
export function* noteArriving(
  tx: Transaction,
  storageId: number,
  blobs: readonly BundleBlob[],
  staged: readonly StagedBlob[],
): Steps<string[]> {
  const unwanted: string[] = [];
  const facts = new Map(blobs.map((blob) => [blob.uid, blob]));
  for (const { uid, token, sha256 } of staged) {
    const row = yield* one('SELECT id, storage_id FROM lamindb_artifact WHERE uid = ?', [uid]);
    const [place] = row ? yield* whereaboutsOf([Number(row[0])]) : [];
    const own = Number(row?.[1]) === storageId;
    const key = place ? keyFor(place, own) : null;
    if (!place || key === null || place.hash !== (facts.get(uid)?.hash ?? null)) {
      unwanted.push(token);
      continue;
    }
    yield* run(
      `INSERT INTO loam_blob(artifact_id, storage_key, sha256, only_here) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT(artifact_id) DO UPDATE SET storage_key = excluded.storage_key, sha256 = coalesce(sha256, excluded.sha256)`,
      [place.id, key, sha256, own || place.here ? 1 : 0],
    );
    yield* run('INSERT OR REPLACE INTO loam_drop(uid, item, state, detail, at) VALUES (?, ?, ?, ?, ?)', [
      dropName,
      token,
      'arriving',
      key,
      tx.at,
    ]);
  }
  return unwanted;
}

/**
 * Where it goes; null where bytes out of a file must not: its own folder, beside what LaminDB and Loam keep there, has names
 * that are made of the uid alone, and no other name may begin with a dot.
 */
function keyFor({ key, copyKey, uid, suffix, folder }: Whereabouts, own: boolean): string | null {
  const to = own ? key : copyKey;
  const usual = /^[0-9A-Za-z]{16,20}$/.test(uid) && /^(\.[\w+-]{1,40}){0,6}$/.test(suffix);
  if (usual && to === storageKey(uid, suffix, folder)) return to;
  const parts = to.split('/');
  const plain = (part: string) =>
    part !== '' && !part.startsWith('.') && !/[\\\0]/.test(part) && part.length < 80;
  return parts.every(plain) ? to : null;
}

/** Moves what was noted to its key. What lies there already stays. Gives how many could not be moved yet. */
export async function finishArriving(driver: SqlDriver, blobs: BlobStore): Promise<number> {
  const rows = runSync(
    driver,
    all("SELECT item, detail, state FROM loam_drop WHERE uid = ? AND state IN ('arriving', 'moving')", [
      dropName,
    ]),
  );
  let left = 0;
  for (const [item, detail, state] of rows) {
    const [token, key] = [String(item), String(detail)];
    try {
      // A folder that was moved in part is there, too: what has begun is ended.
      if (state === 'arriving' && (await blobs.exists(key))) await blobs.discard(token);
      else {
        driver.run("UPDATE loam_drop SET state = 'moving' WHERE uid = ? AND item = ?", [dropName, token]);
        await blobs.commit(token, key);
      }
    } catch (error) {
      // Where they were staged they are gone: the artifact is one without its bytes.
      if (!isLoamError(error, 'DoesNotExist')) {
        left++;
        continue;
      }
    }
    driver.run('DELETE FROM loam_drop WHERE uid = ? AND item = ?', [dropName, token]);
  }
  return left;
}
