// A whole remote object into one file of this device, checked like every range: same object, same size, right place. What the
// range cache has is not asked for again; a download that was cut off goes on behind its last byte.
import { LoamError, storageFull } from '../../engine/errors.ts';
import type { Remote, RemoteFacts } from './address.ts';
import { openObject, pieceLots, readRange, type RangeOptions } from './range-request.ts';

/** Downloads under way lie here, by the id of their transfer. */
export const downloadFolder = 'keeping';
const pieceBytes = 2 * 1024 * 1024;
/** Pieces on their way at a time; they are written in order. */
const lanes = 4;

export interface DownloadOptions extends RangeOptions {
  /** What the object was when the download began; another one now begins anew. */
  before: RemoteFacts | null;
  onFacts?: (facts: RemoteFacts) => void;
  onProgress?: (bytes: number) => void;
  /** Bytes that are here already; null where one is missing. */
  kept?: (from: number, to: number) => Promise<Uint8Array | null>;
}

export async function downloads(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(downloadFolder, { create: true });
}

/**
 * `size`: the registry's, where it has one. Errors as of `readRange`, `StorageFull`, `Cancelled`. Only in workers.
 */
export async function downloadObject(
  remote: Remote,
  name: string,
  size: number | null,
  options: DownloadOptions,
): Promise<RemoteFacts> {
  const { before, onFacts, onProgress, kept, signal } = options;
  const { facts } = await openObject(remote, 1, size, options);
  if (size !== null && facts.size !== size)
    throw new LoamError(
      'FileUnreadable',
      `${remote.title} has ${facts.size} bytes now, the database says ${size}: it was replaced since it was registered. Register it again as a new version.`,
      { address: remote.identity, trouble: 'final' },
    );
  const file = await (await downloads()).getFileHandle(name, { create: true });
  const handle = await file.createSyncAccessHandle();
  try {
    const same = before !== null && before.size === facts.size && before.tag === facts.tag;
    if (!same || handle.getSize() > facts.size) handle.truncate(0);
    onFacts?.(facts);
    let at = handle.getSize();
    onProgress?.(at);
    const read = async (from: number, to: number) =>
      (await kept?.(from, to)) ?? readRange(remote, facts, from, to, options);
    const check = () => {
      if (signal?.aborted) throw new LoamError('Cancelled', 'The download was cancelled.');
    };
    check();
    for (const pieces of pieceLots(facts.size, at, { pieceBytes, lanes }, read)) {
      for (const piece of pieces) {
        const bytes = await piece;
        // At the quota a write does not throw, it takes less.
        if (handle.write(bytes as Uint8Array<ArrayBuffer>, { at }) !== bytes.length)
          throw storageFull(facts.size - at, null);
        at += bytes.length;
        onProgress?.(at);
      }
      handle.flush();
      if (at < facts.size) check();
    }
    return facts;
  } finally {
    handle.close();
  }
}
