// Artifacts that move to another storage location, or have a copy on this device beside it. A moved artifact has LaminDB's
// columns of one that was saved there (2.12.1): the storage, a virtual key, and its bytes as `.lamindb/<uid><suffix>`. The
// bytes themselves move before (workers/transfers.ts); undoing the act moves none.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { all, one, run, type Steps } from '../statement.ts';
import type { Hidden } from '../write/hidden.ts';
import type { FeedChange } from '../write/writer.ts';
import { isDeviceRoot } from './device-storage.ts';
import { refuseLocked } from './locked.ts';
import { findClash } from './uniques.ts';
import { readRow, write } from './rows.ts';
import { registryOf } from './tables.ts';
import { whereabouts, type StorageRow, type Whereabouts } from './whereabouts.ts';

export interface Placing {
  place: Whereabouts;
  storage: StorageRow & { id: number };
  /** It lies there already. */
  there: boolean;
}

/** A copy came or went: no act, but pages show it. */
export const copyChanged = (artifact: number): FeedChange => ({
  act: '',
  title: '',
  tables: [{ table: 'loam_blob', inserted: 0, updated: 1, deleted: 0, ids: [artifact] }],
  last: true,
});

export function placingPart({
  model,
  driver,
  blobs,
  read,
  act,
  namedElsewhere,
  writer,
  tell,
}: EngineContext) {
  const table = registryOf(model, 'Artifact');
  const { hidden } = writer.journal;

  function* planned(withoutOpen: Hidden, uid: string, storageUid: string): Steps<Placing> {
    const place = yield* whereabouts(withoutOpen, uid);
    const row = yield* one('SELECT id, uid, root, type, region FROM lamindb_storage WHERE uid = ?', [
      storageUid,
    ]);
    if (!row)
      throw new LoamError('DoesNotExist', `There is no storage location ${storageUid}.`, {
        storage: storageUid,
      });
    const [id, its, root, type, region] = row;
    const storage = {
      id: Number(id),
      uid: String(its),
      root: String(root),
      type: String(type),
      region: region as string | null,
    };
    if (isDeviceRoot(storage.root))
      throw new LoamError('InvalidArgument', 'Files are uploaded to a bucket, not to this browser.');
    const there = place.storage.uid === storage.uid;
    if (!there) {
      yield* refuseLocked(table, [place.id]);
      const artifact = (yield* readRow(table, place.id)) ?? {};
      const clash = yield* findClash(table, { ...artifact, storage_id: storage.id }, place.id);
      if (clash)
        throw new LoamError(
          'IntegrityError',
          `${place.name} cannot be moved: another artifact with the same content and key lies in ${storage.root} already.`,
          { storage: storage.uid },
        );
    }
    return { place, storage, there };
  }

  return {
    /** Whether an artifact can come to lie in a storage; throws in words why not. Changes nothing. */
    planPlacing: (uid: string, storage: string): Placing => read(planned(hidden.without, uid, storage)),
    /**
     * An artifact lies in another storage from now on, where its bytes are already. One act; of a folder all versions move,
     * since they share their place.
     */
    placeIn(uid: string, storageUid: string): void {
      const { place, storage, there } = read(planned(hidden.without, uid, storageUid));
      if (there) return;
      const root = storage.root.replace(/\?.*$/, '');
      act('upload', `Upload ${place.name} to ${root}`, function* (tx) {
        const rows = yield* all(
          `SELECT id FROM lamindb_artifact WHERE id = ?1 OR (?2 AND _overwrite_versions = 1 AND uid >= ?3 AND uid < ?3 || '~')`,
          [place.id, place.folder ? 1 : 0, place.uid.slice(0, 16)],
        );
        for (const [id] of rows) {
          yield* write(tx, table, Number(id), {
            storage_id: storage.id,
            _key_is_virtual: 1,
            _real_key: null,
          });
          yield* run('UPDATE loam_blob SET only_here = 0 WHERE artifact_id = ?', [Number(id)]);
        }
      });
    },
    /**
     * Removes this device's copy of an artifact that lies elsewhere. False where the bytes stay, since another database here
     * needs them. Throws `InvalidArgument` for an artifact of this device's own storage.
     */
    async releaseCopy(uid: string): Promise<boolean> {
      const place = read(whereabouts(hidden.without, uid));
      if (place.here)
        throw new LoamError(
          'InvalidArgument',
          `${place.name} lies in this browser and nowhere else that Loam knows of. Upload it first.`,
        );
      const stays = await namedElsewhere([place.copyKey]);
      if (stays.length > 0) return false;
      await blobs.remove(place.copyKey);
      driver.run("UPDATE loam_blob SET storage_key = '' WHERE artifact_id = ?", [place.id]);
      tell(copyChanged(place.id));
      return true;
    },
    /** Artifacts that lie elsewhere and have a copy here; of one storage or of all. */
    copiesHere(storage: string | null): { uid: string; storage: string; size: number }[] {
      return read(
        all(
          `SELECT a.uid, s.uid, coalesce(a.size, 0) FROM loam_blob b JOIN lamindb_artifact a ON a.id = b.artifact_id
           JOIN lamindb_storage s ON s.id = a.storage_id
           WHERE b.storage_key <> '' AND s.root NOT LIKE 'opfs://%' AND s.root NOT LIKE 'memory://%' AND (?1 IS NULL OR s.uid = ?1)`,
          [storage],
        ),
      ).map(([uid, its, size]) => ({ uid: String(uid), storage: String(its), size: Number(size) }));
    },
  };
}
