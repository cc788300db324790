// Where an artifact's bytes are: its storage, its key below the storage's root (lamindb.md §5), and the key a copy on
// this device has. Which of them can be reached is the platform's to find out.
import { LoamError } from '../errors.ts';
import { findArtifact } from '../query/artifact-detail.ts';
import { all, one, type Steps } from '../statement.ts';
import type { Hidden } from '../write/hidden.ts';
import { isDeviceRoot } from './device-storage.ts';
import { storageKey } from './artifact.ts';

export interface Whereabouts {
  id: number;
  uid: string;
  /** What people call it: its key, else its uid. */
  name: string;
  /** As the artifact has it, with its dot. */
  suffix: string;
  /** A folder of files. */
  folder: boolean;
  /** Key below the root of its storage. */
  key: string;
  /** Key of a copy in this device's own store; the same as `key` where that is its storage. */
  copyKey: string;
  /** Its storage is this device's own store. */
  here: boolean;
  storage: StorageRow;
  size: number | null;
  hash: string | null;
  hashType: string | null;
  /** Who made it, by name: on one of that person's devices its bytes were first. */
  by: string;
}

export interface StorageRow {
  uid: string;
  root: string;
  type: string;
  region: string | null;
}

const columns = `a.id, a.uid, a.suffix, a.n_files, a.key, a._key_is_virtual, a._real_key, a.size, a.hash, a._hash_type,
  s.uid, s.root, s.type, s.region, (SELECT coalesce(nullif(u.name, ''), u.handle) FROM lamindb_user u WHERE u.id = a.created_by_id)
  FROM lamindb_artifact a JOIN lamindb_storage s ON s.id = a.storage_id`;

export function* whereabouts(hidden: Hidden, uid: string): Steps<Whereabouts> {
  const { id } = yield* findArtifact(hidden, uid);
  const row = yield* one(`SELECT ${columns} WHERE a.id = ?`, [id]);
  if (!row) throw new LoamError('DoesNotExist', `There is no artifact ${uid}.`);
  return read(row);
}

/** Of many at once, in the order of the ids; those that are not there are left out. */
export function* whereaboutsOf(ids: readonly number[]): Steps<Whereabouts[]> {
  const rows = yield* all(`SELECT ${columns} WHERE a.id IN (SELECT value FROM json_each(?))`, [
    JSON.stringify(ids),
  ]);
  const byId = new Map(rows.map((row) => [Number(row[0]), read(row)]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** Everything that a storage should hold, ids ascending from after `after`. */
export function* contentsOf(storage: string, after: number, limit: number): Steps<Whereabouts[]> {
  const rows = yield* all(`SELECT ${columns} WHERE s.uid = ? AND a.id > ? ORDER BY a.id LIMIT ?`, [
    storage,
    after,
    limit,
  ]);
  return rows.map(read);
}

function read(row: readonly unknown[]): Whereabouts {
  const [id, uid, suffix, files, key, virtual, real, size, hash, hashType, storage, root, type, region, by] =
    row;
  const folder = files !== null;
  const copyKey = storageKey(String(uid), String(suffix), folder);
  const below = (real as string | null) ?? (virtual === 1 || key === null ? copyKey : String(key));
  const here = isDeviceRoot(String(root)) || String(root).startsWith('memory://');
  return {
    id: Number(id),
    uid: String(uid),
    name: String(key ?? uid),
    suffix: String(suffix),
    folder,
    key: below,
    copyKey: here ? below : copyKey,
    here,
    storage: {
      uid: String(storage),
      root: String(root),
      type: String(type),
      region: region as string | null,
    },
    size: size === null ? null : Number(size),
    hash: hash as string | null,
    hashType: hashType as string | null,
    by: String(by ?? 'somebody'),
  };
}

export interface StorageFacts extends StorageRow {
  description: string | null;
  /** Artifacts whose bytes belong there, old versions and the trash included. */
  artifacts: number;
  bytes: number;
  /** It is this device's own store. */
  here: boolean;
  /** Artifacts of which this device has a copy beside it. */
  copies: number;
}

export function* storageFacts(): Steps<StorageFacts[]> {
  const rows = yield* all(
    `SELECT s.uid, s.root, s.type, s.region, s.description, count(a.id), coalesce(sum(a.size), 0), count(b.artifact_id)
     FROM lamindb_storage s LEFT JOIN lamindb_artifact a ON a.storage_id = s.id
     LEFT JOIN loam_blob b ON b.artifact_id = a.id AND b.only_here = 0 AND b.storage_key <> ''
     GROUP BY s.id ORDER BY s.id`,
  );
  return rows.map(([uid, root, type, region, description, artifacts, bytes, copies]) => ({
    uid: String(uid),
    root: String(root),
    type: String(type),
    region: region as string | null,
    description: description as string | null,
    artifacts: Number(artifacts),
    bytes: Number(bytes),
    here: isDeviceRoot(String(root)),
    copies: isDeviceRoot(String(root)) ? 0 : Number(copies),
  }));
}
