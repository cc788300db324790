// What opening a database gives, whichever backend holds it, and small stream pieces the backends share.
import type { LoamError } from '../../engine/errors.ts';
import type { DatabaseFile, SqlDriver } from '../../engine/ports.ts';

export interface OpenOptions {
  /** Names the database on this device: letters, digits, `-` and `_`. */
  name: string;
  /** Fills a new database (schema, seed rows); it is not called for an existing one. */
  initialise?: (driver: SqlDriver) => void;
  /** A database file kept elsewhere until now, brought in instead of a new one; null where there is none. */
  existing?: () => Promise<Uint8Array | null>;
  /** Steps of opening, for the start screen. */
  onProgress?: (step: 'loading' | 'opening' | 'creating' | 'ready') => void;
  /** Failures after opening that no call can report (the IndexedDB mirror). */
  onError?: (error: LoamError) => void;
}

export interface OpenedDatabase {
  /** The connection made at open; after `file.replace` use `reopen`. */
  driver: SqlDriver;
  file: DatabaseFile;
  /** True when the database did not exist before. */
  created: boolean;
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

export function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, (at += 1 << 20)));
    },
  });
}
