// Copies that queries read in place of files: repacked parquet, unpacked text, tables out of larger files. They are a cache in
// the browser's private file system and may be removed at any time. Results on their way to becoming artifacts lie here too.
import { LoamError } from '../engine/errors.ts';

/** Copies together may take so many bytes; those made first go first. */
export const keptMost = 2e9;
const folderName = 'query-copies';

const folder = async () =>
  (await navigator.storage.getDirectory()).getDirectoryHandle(folderName, { create: true });

/** An empty file is one whose writing was cut off: what is written is there as a whole or not at all. */
export async function keptCopy(name: string): Promise<File | null> {
  try {
    const file = await (await (await folder()).getFileHandle(name)).getFile();
    return file.size > 0 ? file : null;
  } catch {
    return null;
  }
}

export async function forgetCopy(name: string): Promise<void> {
  await (await folder().catch(() => null))?.removeEntry(name).catch(() => {});
}

/** Without a private file system the copy lives as long as this worker. */
export async function keepCopy(
  name: string,
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<File> {
  const directory = await folder().catch(() => null);
  if (!directory) return new File([await new Response(stream as BodyInit).blob()], name);
  try {
    const handle = await directory.getFileHandle(name, { create: true });
    const writable = await handle.createWritable();
    await stream.pipeTo(writable as WritableStream<Uint8Array>, { signal });
    await makeRoom(directory, name);
    return await handle.getFile();
  } catch (error) {
    await forgetCopy(name);
    if (error instanceof DOMException && error.name === 'QuotaExceededError')
      throw new LoamError(
        'StorageFull',
        `There is not enough room on this device for an unpacked copy of ${name}, which this query needs. Free some space and try again.`,
      );
    throw error;
  }
}

const resultEnd = '-rows.parquet';

/** Rows on their way to becoming an artifact, kept like a copy until they are forgotten. */
export function keepResult(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<File> {
  return keepCopy(`${crypto.randomUUID()}${resultEnd}`, stream, signal);
}

export async function forgetResult(name: string): Promise<void> {
  if (name.endsWith(resultEnd)) await forgetCopy(name);
}

async function makeRoom(directory: FileSystemDirectoryHandle, newest: string): Promise<void> {
  const copies: File[] = [];
  for await (const handle of directory.values()) {
    if (handle.kind !== 'file') continue;
    // Others write here too: what was there a moment ago may have its real name by now, or be gone.
    const file = await (handle as FileSystemFileHandle).getFile().catch(() => null);
    if (file) copies.push(file);
  }
  let total = copies.reduce((sum, { size }) => sum + size, 0);
  for (const copy of copies.sort((a, b) => a.lastModified - b.lastModified)) {
    if (total <= keptMost) return;
    if (copy.name === newest) continue;
    await directory.removeEntry(copy.name).catch(() => {});
    total -= copy.size;
  }
}
