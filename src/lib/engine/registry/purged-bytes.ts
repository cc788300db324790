// The bytes of artifacts that were deleted for good. Their names stand in `loam_drop`, written by the transaction that
// deleted the rows; they go after COMMIT, or at the next start. All databases of a device share one store of bytes, and an
// artifact that was saved from one to another has the same uid in both: bytes that a second database names stay until
// it no longer does.
import type { BlobStore, SqlDriver } from '../ports.ts';
import { all, runSync, type Steps } from '../statement.ts';
import { storageKey } from './artifact.ts';

/** Of these storage keys those that other databases name, or may name because they cannot be asked just now. */
export type NamedElsewhere = (keys: string[]) => Promise<string[]>;

/** Of these storage keys those under which an artifact of this database has its bytes, in the trash or not. */
export function* keysNamed(keys: readonly string[]): Steps<string[]> {
  const named: string[] = [];
  for (const key of keys) {
    const [, stem] = /^\.lamindb\/([0-9A-Za-z]{16})/.exec(key) ?? [];
    if (stem === undefined) continue;
    const rows = yield* all(
      "SELECT uid, suffix, _overwrite_versions FROM lamindb_artifact WHERE uid >= ?1 AND uid < ?1 || '~'",
      [stem],
    );
    if (rows.some(([uid, suffix, folder]) => storageKey(String(uid), String(suffix), folder === 1) === key))
      named.push(key);
  }
  return named;
}

/** Removes what may go; answers the keys that stay because another database names them. */
export async function removePurged(
  driver: SqlDriver,
  blobs: BlobStore,
  namedElsewhere: NamedElsewhere,
): Promise<string[]> {
  const rows = runSync(driver, all("SELECT uid, item FROM loam_drop WHERE state = 'purged'"));
  if (rows.length === 0) return [];
  const keys = rows.map(([, key]) => String(key));
  const elsewhere = new Set(await namedElsewhere(keys));
  // It may have come back meanwhile, from the other database.
  const back = new Set(runSync(driver, keysNamed(keys)));
  for (const [uid = null, item = null] of rows) {
    const key = String(item);
    if (!back.has(key)) {
      if (elsewhere.has(key)) continue;
      await blobs.remove(key);
    }
    driver.run('DELETE FROM loam_drop WHERE uid = ? AND item = ?', [uid, item]);
  }
  return keys.filter((key) => elsewhere.has(key) && !back.has(key));
}
