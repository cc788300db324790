// Which backend a browser worker gets: OPFS where it has sync access handles, else wa-sqlite mirrored to IndexedDB.
// A locked, full or damaged OPFS database is an error, never a reason for an empty one elsewhere.
import { LoamError } from '../../engine/errors.ts';
import type { OpenedDatabase, OpenOptions } from './opened.ts';
import { hasSyncAccessHandles, openOpfs } from './opfs-sahpool.ts';

const fallback = () => import('./wa-sqlite.ts');

/**
 * Call it while holding the database's Web Lock. Memory alone is the caller's decision, after the user was told.
 * A browser that has learnt sync access handles since last time gets its mirrored database moved into OPFS: an empty
 * one in its place would also make every stored artifact look like an orphan.
 */
export async function openDatabase(options: OpenOptions): Promise<OpenedDatabase> {
  if (hasSyncAccessHandles()) {
    try {
      let moved = false;
      const existing = async () => {
        // Loaded only where it may be needed: not when the database is there.
        const bytes = await (await fallback()).mirroredBytes(options.name);
        moved = bytes !== null;
        return bytes;
      };
      const opened = await openOpfs({ ...options, existing });
      if (moved) await (await fallback()).forgetMirror(options.name);
      return opened;
    } catch (error) {
      // OPFS exists but is closed to us (private windows): nothing can have been stored there.
      if (!(error instanceof LoamError) || error.code !== 'StorageUnavailable') throw error;
    }
  }
  return (await fallback()).openWaSqlite(options);
}
