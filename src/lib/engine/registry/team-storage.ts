// The storage of a team's server, as a database that belongs to the server sees it: a row like any other (LaminDB's, with the
// server's folder as root, so that Python there finds the files), and which artifacts of this device are not there yet.
import type { EngineContext } from '../context.ts';
import { isLoamError, LoamError } from '../errors.ts';
import { all, one, run, type Steps } from '../statement.ts';
import { instanceHere } from '../schema/open.ts';
import { readRemote } from '../sync/remote.ts';
import { insertOne, update } from '../write/apply.ts';
import { whereabouts, type StorageRow } from './whereabouts.ts';

/** In `loam_setting`: uid of the storage that is the server's. */
export const serverStorageSetting = 'server storage';

const uploadsSetting = 'uploads to the server';

export interface TeamPlace {
  /** Origin. */
  server: string;
  /** Uid. */
  instance: string;
  /** The person has disconnected it. */
  paused: boolean;
}

export function teamStoragePart({ driver, read, act, writer }: EngineContext) {
  const { hidden } = writer.journal;

  function* settingText(name: string): Steps<string | null> {
    const row = yield* one('SELECT value FROM loam_setting WHERE name = ?', [name]);
    return row ? String(row[0]) : null;
  }

  return {
    /** The server that this database belongs to; null where it belongs to none. */
    teamPlace(): TeamPlace | null {
      const found = read(readRemote());
      return found && { server: found.server, instance: found.instance.uid, paused: found.paused };
    },
    /** Whether files made here go to the team's server by themselves. */
    teamUploads: (): boolean => read(settingText(uploadsSetting)) !== 'off',
    setTeamUploads(on: boolean): void {
      read(
        run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
          uploadsSetting,
          on ? 'on' : 'off',
        ]),
      );
    },
    /** Uid of the server's storage, as far as this device has heard of it. */
    teamStorage: (): string | null => read(settingText(serverStorageSetting)),
    /** What the server said of its storage is kept; answers its uid. The row is made by whoever is the first to need it. */
    keepTeamStorage(facts: StorageRow): void {
      if (!/^[0-9A-Za-z]{8,20}$/.test(facts.uid) || facts.root.trim() === '')
        throw new LoamError('DataError', 'The server names a storage that cannot be one.', {
          storage: facts.uid.slice(0, 40),
        });
      read(
        run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
          serverStorageSetting,
          facts.uid,
        ]),
      );
    },
    /** The row of the server's storage; made where there is none, which a writer may do. */
    openTeamStorage({ uid, root, type, region }: StorageRow): void {
      if (driver.all('SELECT 1 FROM lamindb_storage WHERE uid = ?', [uid]).length > 0) return;
      const same = driver.all('SELECT uid FROM lamindb_storage WHERE root = ?', [root])[0];
      if (same)
        throw new LoamError(
          'IntegrityError',
          `${root} is a storage of this instance under the uid ${String(same[0])}, and the server says ${uid}. An administrator has to put the file .lamindb/storage_uid.txt right.`,
          { storage: uid },
        );
      const instance = read(instanceHere()).uid;
      act('create', `Storage ${root}`, (tx) =>
        insertOne(tx, 'lamindb_storage', { uid, root, type, region, instance_uid: instance }),
      );
    },
    /**
     * Artifacts whose bytes are on this device and in no other place that is told of; oldest first. Those of a branch that is not
     * checked out wait until it is: their rows are written there.
     */
    onlyOnDevice(most: number): string[] {
      const rows = read(
        all(
          `SELECT a.uid FROM lamindb_artifact a JOIN lamindb_storage s ON s.id = a.storage_id
           JOIN loam_blob b ON b.artifact_id = a.id
           WHERE b.only_here = 1 AND b.storage_key <> '' AND (s.root LIKE 'opfs://%' OR s.root LIKE 'memory://%') AND a.branch_id <> -1
           ORDER BY a.id LIMIT ?`,
          [most],
        ),
      );
      return rows
        .map(([uid]) => String(uid))
        .filter((uid) => {
          try {
            return read(whereabouts(hidden.without, uid)).uid === uid;
          } catch (error) {
            if (isLoamError(error, 'DoesNotExist')) return false;
            throw error;
          }
        });
    },
    /** Several artifacts lie in a storage from now on, where their bytes are already: one act. */
    placeAllIn(uids: readonly string[], storage: string): void {
      const row = driver.all('SELECT id, root FROM lamindb_storage WHERE uid = ?', [storage])[0];
      if (!row) throw new LoamError('DoesNotExist', `There is no storage location ${storage}.`, { storage });
      const ids = driver
        .all(
          `SELECT id FROM lamindb_artifact WHERE storage_id <> ?1 AND (uid IN (SELECT value FROM json_each(?2))
             OR (_overwrite_versions = 1 AND substr(uid, 1, 16) IN (SELECT substr(value, 1, 16) FROM json_each(?2))))`,
          [Number(row[0]), JSON.stringify(uids)],
        )
        .map(([id]) => Number(id));
      if (ids.length === 0) return;
      const what = uids.length === 1 ? 'a file' : `${uids.length} files`;
      act('upload', `Upload ${what} to the team’s server`, function* (tx) {
        yield* update(tx, 'lamindb_artifact', ids, {
          storage_id: Number(row[0]),
          _key_is_virtual: 1,
          _real_key: null,
        });
        yield* run(
          'UPDATE loam_blob SET only_here = 0 WHERE artifact_id IN (SELECT value FROM json_each(?))',
          [JSON.stringify(ids)],
        );
      });
    },
  };
}
