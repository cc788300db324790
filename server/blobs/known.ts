// Which artifact a key belongs to, asked of the replica: the server takes and gives bytes of artifacts that its records tell
// of, and of nothing else. Storage layout of LaminDB 2.12.1: `.lamindb/<uid><suffix>`, of a folder 16 letters of the uid.
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { storageKey } from '../../src/lib/engine/registry/artifact.ts';
import { uidIn } from './names.ts';

export interface KnownArtifact {
  uid: string;
  /** Of the whole artifact; null where LaminDB has none. */
  size: number | null;
  hash: string | null;
  hashType: string | null;
  /** The key is a file below it. */
  folder: boolean;
  /** Uid of its space. */
  space: string;
  /** Uid of the storage that its row names now. */
  storage: string;
}

const columns = `a.uid, a.size, a.hash, a._hash_type, a.n_files, p.uid, s.uid, a.suffix FROM lamindb_artifact a
  JOIN lamindb_space p ON p.id = a.space_id JOIN lamindb_storage s ON s.id = a.storage_id`;

/** The artifact whose bytes lie at the key, or would; null where there is none. `storage`: the server's own. */
export function artifactAt(driver: SqlDriver, storage: string, key: string): KnownArtifact | null {
  const named = uidIn(key);
  const rows = named
    ? driver.all(`SELECT ${columns} WHERE a.uid >= ?1 AND a.uid < ?1 || '~' ORDER BY a.id DESC LIMIT 100`, [
        named.uid.slice(0, 16),
      ])
    : driver.all(
        `SELECT ${columns} WHERE s.uid = ?1 AND ((a.key = ?2 AND a._key_is_virtual = 0 AND a._real_key IS NULL) OR a._real_key = ?2) ORDER BY a.id DESC LIMIT 1`,
        [storage, key],
      );
  for (const row of rows) {
    const [uid, size, hash, hashType, files, space, its, suffix] = row;
    const folder = files !== null;
    const own = storageKey(String(uid), String(suffix), folder);
    if (named && !(folder ? key.startsWith(`${own}/`) : key === own)) continue;
    return {
      ...{ uid: String(uid), size: size === null ? null : Number(size), folder },
      ...{ hash: hash as string | null, hashType: hashType as string | null },
      ...{ space: String(space), storage: String(its) },
    };
  }
  return null;
}
