// Where one database of this device lies beside the one in use: a place of its own that can be filled, checked, read
// and removed without the other ever being touched. OPFS where it can be used, else memory kept in IndexedDB.
import type { ReadableStreamLike, SqlDriver, UntrustedDriver } from '../../engine/ports.ts';
import { hasSyncAccessHandles } from './opfs-sahpool.ts';

/** Belongs to the worker that opened it until `close`. At most one connection at a time. */
export interface Place {
  readonly name: string;
  /** Streams a file in; an earlier one in this place is replaced. Answers its bytes. */
  receive(next: () => Promise<Uint8Array | undefined>): Promise<number>;
  untrusted(): Promise<UntrustedDriver>;
  connect(): Promise<SqlDriver>;
  /** Tells how much of the file has been read while SQLite works on it; null ends it. */
  meter(tell: ((done: number, total: number) => void) | null): Promise<void>;
  /** The file as others take it (see `DatabaseFile.export`); no connection may be open. */
  stream(): Promise<ReadableStreamLike>;
  size(): Promise<number>;
  /**
   * A compacted copy of the connection's database with 4,096-byte pages and a rollback journal, as LaminDB makes its
   * own. The connection must be idle; the copy goes with the place.
   */
  compacted(driver: SqlDriver): Promise<{ size: number; stream(): Promise<ReadableStreamLike> }>;
  /**
   * Brings what was received, or the connection's changes, to rest before it is closed. Nothing to do where a commit is
   * enough.
   */
  keep(driver: SqlDriver | null): Promise<void>;
  close(): void;
}

/** `metered` where `meter` will be used: it watches every file this thread opens meanwhile. */
export async function openPlace(name: string, options: { metered?: boolean } = {}): Promise<Place> {
  if (hasSyncAccessHandles()) return (await import('./place-opfs.ts')).openOpfsPlace(name, options.metered);
  return (await import('./place-mirror.ts')).openMirrorPlace(name);
}

/** Bytes of the file in a place, also while another worker has it open; null where there is none. */
export async function placeSize(name: string): Promise<number | null> {
  if (hasSyncAccessHandles()) return (await import('./place-opfs.ts')).opfsPlaceSize(name);
  return (await (await import('./wa-sqlite.ts')).mirroredBytes(name))?.length ?? null;
}

/** Removes the place and what is in it. Tried for a while: a worker that has just ended may hold the files. */
export async function removePlace(name: string): Promise<void> {
  if (hasSyncAccessHandles()) return (await import('./place-opfs.ts')).removeOpfsPlace(name);
  return (await import('./wa-sqlite.ts')).forgetMirror(name);
}
