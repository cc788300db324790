// Which backend a browser worker gets: OPFS where it has sync access handles, else wa-sqlite mirrored to IndexedDB.
// A locked, full or damaged OPFS database is an error, never a reason for an empty one elsewhere.
import { LoamError } from '../../engine/errors.ts';
import { mirrorExists } from './mirror.ts';
import type { OpenedDatabase, OpenOptions } from './opened.ts';
import { hasSyncAccessHandles, openOpfs, opfsHolds } from './opfs-sahpool.ts';

const fallback = () => import('./wa-sqlite.ts');

/**
 * Call it while holding the database's Web Lock. Memory alone is the caller's decision, after the user was told.
 * A browser that has learnt sync access handles since last time gets its mirrored database moved into OPFS: an empty
 * one in its place would also make every stored artifact look like an orphan.
 */
export async function openDatabase(options: OpenOptions): Promise<OpenedDatabase> {
  let why = 'it offers no synchronous file access';
  if (hasSyncAccessHandles()) {
    try {
      let moved = false;
      const existing = async () => {
        if (!(await mirrorExists(options.name))) return null;
        const bytes = await (await fallback()).mirroredBytes(options.name);
        moved = bytes !== null;
        return bytes;
      };
      const opened = await openOpfs({ ...options, existing });
      if (moved) await (await fallback()).forgetMirror(options.name);
      return opened;
    } catch (error) {
      if (!(error instanceof LoamError) || error.code !== 'StorageUnavailable') throw error;
      why = error.message;
    }
  }
  // An empty database beside the real one would look like a loss, and what is written to it would be one later.
  if (await opfsHolds(options.name)) {
    throw new LoamError(
      'StorageUnavailable',
      `The database lies in this browser’s private file system, but the browser does not let the page open it: ${why}. Nothing was changed. Update the browser, or open Loam in the one that made the database.`,
      { kept: true },
    );
  }
  return (await fallback()).openWaSqlite(options);
}
