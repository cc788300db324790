// What opening a database gives, whichever backend holds it, and small stream pieces the backends share.
import type { LoamError } from '../../engine/errors.ts';
import { exportStamp, type DatabaseFile, type SqlDriver } from '../../engine/ports.ts';

export interface OpenOptions {
  /** Names the database on this device: letters, digits, `-` and `_`. */
  name: string;
  /** Fills a new database (schema, seed rows); it is not called for an existing one. */
  initialise?: (driver: SqlDriver) => void;
  /**
   * The bytes of a new database, for backends that bring it in as a file; `initialise` then fills it. Made while the
   * module is loading.
   */
  template?: () => Uint8Array;
  /** True where a crash came between `template` and the end of `initialise`. */
  unfinished?: (driver: SqlDriver) => boolean;
  /** A database file kept elsewhere until now, brought in instead of a new one; null where there is none. */
  existing?: () => Promise<Uint8Array | null>;
  /** Steps of opening, for the start screen. */
  onProgress?: (step: 'loading' | 'opening' | 'creating' | 'ready') => void;
  /** The mirror of a database in memory fell behind, for a reason no call can report; null when it has caught up. */
  onMirror?: (problem: LoamError | null) => void;
}

export interface OpenedDatabase {
  /** The connection made at open; after `file.replace` use `reopen`. */
  driver: SqlDriver;
  file: DatabaseFile;
  /** True when the database did not exist before. */
  created: boolean;
  /** Waits until all that is committed is kept (or `onMirror` has said why not). Missing where a commit is enough. */
  settled?(): Promise<void>;
  /** Connects again after the driver was closed around `file.replace`. */
  reopen(): SqlDriver;
  /** Closes the connection and lets go of the files, so that another tab can take them. */
  close(): Promise<void>;
}

export async function readChunks(next: () => Promise<Uint8Array | undefined>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await next(); chunk; chunk = await next()) chunks.push(chunk);
  return chunks;
}

/** Prepares the first bytes of an exported file: rollback journal instead of WAL, and Loam's mark (`exportStamp`). */
export function stampHeader(head: Uint8Array): void {
  if (head.length < 100) return;
  head.set([1, 1], 18);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  // Where the counters differ the size in the header is not valid, and must not come to look so.
  if (view.getUint32(24) !== view.getUint32(92)) return;
  view.setUint32(24, exportStamp);
  view.setUint32(92, exportStamp);
}

/** An exported file from its bytes. */
export function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  stampHeader(bytes);
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, (at += 1 << 20)));
    },
  });
}
