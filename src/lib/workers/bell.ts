// The bell of the leading worker: one small file in OPFS. Any tab rings by removing it (client/bell.ts), and a thread
// that is inside a long SQL step notices, since the file it has opened before can no longer be read. No shared memory
// and so no COOP/COEP is needed; a read costs about 2 ms. Chromium measured; where a removed file can still be read,
// or where there is no OPFS, the bell is silent and only the statement's time limit ends a step.
import type { Bell } from '../engine/ports.ts';
import { bellFile, bellFolder } from './tab-messages.ts';

/** Several tabs ring when they all wait, each again and again; more rings than this in one breath are not from them. */
const attempts = 20;

/** What a ring does to the hanging: the file, or its folder's entry, is gone or held at that moment. */
const ringsIn = new Set(['NotFoundError', 'NoModificationAllowedError', 'InvalidStateError']);

export function createBell(): Bell {
  let file: File | null = null;
  let hanging: Promise<void> | null = null;
  const reader = typeof FileReaderSync === 'undefined' ? null : new FileReaderSync();

  async function place(): Promise<File> {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(bellFolder, { create: true });
    const handle = await folder.getFileHandle(bellFile, { create: true });
    const access = await handle.createSyncAccessHandle();
    try {
      // An empty file would be read without looking at the disk.
      access.truncate(0);
      access.write(new Uint8Array([1]));
    } finally {
      access.close();
    }
    return handle.getFile();
  }

  /** A ring in the middle of this must not leave the statement without a bell: nobody would be heard again. */
  async function hang(): Promise<void> {
    for (let i = 0; i < attempts && !file; i++) {
      try {
        file = await place();
      } catch (error) {
        if (!(error instanceof DOMException && ringsIn.has(error.name))) return;
      }
    }
  }

  return {
    hang() {
      if (file || !reader) return Promise.resolve();
      hanging ??= hang().finally(() => (hanging = null));
      return hanging;
    },
    rung() {
      // Another statement has heard it and is hanging it again: whoever rang is waiting still.
      if (hanging) return true;
      if (!file || !reader) return false;
      try {
        reader.readAsArrayBuffer(file);
        return false;
      } catch {
        file = null;
        return true;
      }
    },
  };
}
