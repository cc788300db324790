// Which backend a browser worker gets: OPFS where it has sync access handles, else wa-sqlite mirrored to IndexedDB.
// A locked, full or damaged OPFS database is an error, never a reason for an empty one elsewhere.
import { LoamError } from '../../engine/errors.ts';
import type { OpenedDatabase, OpenOptions } from './opened.ts';
import { hasSyncAccessHandles, openOpfs } from './opfs-sahpool.ts';

/** Call it while holding the database's Web Lock. Memory alone is the caller's decision, after the user was told. */
export async function openDatabase(options: OpenOptions): Promise<OpenedDatabase> {
  if (hasSyncAccessHandles()) {
    try {
      return await openOpfs(options);
    } catch (error) {
      // OPFS exists but is closed to us (private windows): nothing can have been stored there.
      if (!(error instanceof LoamError) || error.code !== 'StorageUnavailable') throw error;
    }
  }
  const { openWaSqlite } = await import('./wa-sqlite.ts');
  return openWaSqlite(options);
}
