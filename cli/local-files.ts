// Files and folders of this computer as sources of bytes, readable at once as HDF5 needs it. A file is opened at the first
// read and closed by `close`; a folder's files are opened for each read, since it may hold more than a process may open.
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { FolderSource } from '../src/lib/engine/ports.ts';
import type { SyncByteSource } from '../src/lib/formats/source.ts';

/** A file that can be read in any order, also without waiting. */
export function localFile(path: string): { source: SyncByteSource; close: () => void } {
  const { size } = statSync(path);
  let descriptor: number | null = null;
  const read = (start: number, end: number): Uint8Array =>
    readAt((descriptor ??= openSync(path, 'r')), path, size, start, end);
  return {
    source: { size, readSync: read, read: async (start, end) => read(start, end) },
    close: () => {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
}

/** All files below a folder in order of their paths; links are followed only where they lead to files. */
export function localFolder(root: string): FolderSource {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }))
    .filter(({ entry, path }) => entry.isFile() || (entry.isSymbolicLink() && statSync(path).isFile()))
    .map(({ path }) => path)
    .sort();
  return {
    files: files.map((path) => ({ path: relative(root, path).split(sep).join('/'), source: onceOpen(path) })),
  };
}

function onceOpen(path: string): SyncByteSource {
  const { size } = statSync(path);
  const read = (start: number, end: number): Uint8Array => {
    const descriptor = openSync(path, 'r');
    try {
      return readAt(descriptor, path, size, start, end);
    } finally {
      closeSync(descriptor);
    }
  };

  return { size, readSync: read, read: async (start, end) => read(start, end) };
}

/** Bytes [start, end), end clipped to the size. */
function readAt(descriptor: number, path: string, size: number, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
  for (let done = 0; done < bytes.length;) {
    const count = readSync(descriptor, bytes, done, bytes.length - done, start + done);
    if (count === 0) throw new LoamError('FileUnreadable', `${path} became shorter while it was read.`);
    done += count;
  }
  return bytes;
}
