// This browser as a storage location: the row that new artifacts belong to, and which stored bytes are really here.
// A database that comes from elsewhere has storage rows of its own; theirs stay as they are.
import type { BlobStore, SqlDriver } from '../ports.ts';
import { insertOne } from '../write/apply.ts';
import type { Writer } from '../write/writer.ts';
import { randomUid } from '../uid.ts';

/** In `loam_setting`: the database has just come here, and nobody has looked which bytes are here too. */
export const unseenSetting = 'bytes_unseen';

/** Roots of the browser's private file system; a device never sees those of another under this name. */
export const isDeviceRoot = (root: string): boolean => root.startsWith('opfs://');

/** The storage row of new artifacts; made where a database from elsewhere has none for this browser. */
export function deviceStorage(driver: SqlDriver, root: string, writer: Writer | null): number {
  const own = driver.all(
    "SELECT id FROM lamindb_storage WHERE root = ?1 OR (?2 AND root LIKE 'opfs://%') ORDER BY root = ?1 DESC, id LIMIT 1",
    [root, isDeviceRoot(root) ? 1 : 0],
  )[0];
  if (own) return Number(own[0]);
  const [first, instance] =
    driver.all('SELECT id, instance_uid FROM lamindb_storage ORDER BY id LIMIT 1')[0] ?? [];
  // In Node the folder of the database is its storage; the first row says so under whatever path it had.
  if (!writer || !isDeviceRoot(root)) return Number(first ?? 1);
  const made = writer.act({ kind: 'device', title: 'This browser as a storage location' }, (tx) =>
    insertOne(tx, 'lamindb_storage', {
      uid: randomUid(12, tx.journal.random),
      root,
      type: 'local',
      instance_uid: instance ?? null,
    }),
  );
  return made ?? Number(first ?? 1);
}

/** After a database has come to this device: marks the artifacts whose bytes are here. Answers how many. */
export async function lookForBytes(driver: SqlDriver, blobs: BlobStore): Promise<number> {
  if (driver.all('SELECT 1 FROM loam_setting WHERE name = ?', [unseenSetting]).length === 0) return 0;
  const here = new Set(
    (await blobs.keys()).flatMap(({ key }) => [key, key.split('/').slice(0, 2).join('/')]),
  );
  const known = driver.all('SELECT artifact_id, storage_key FROM loam_blob');
  const found = known.filter(([, key]) => here.has(String(key))).map(([id]) => Number(id));
  driver.many('UPDATE loam_blob SET only_here = 1 WHERE artifact_id = ?', found.length, [found]);
  driver.run('DELETE FROM loam_setting WHERE name = ?', [unseenSetting]);
  return found.length;
}
