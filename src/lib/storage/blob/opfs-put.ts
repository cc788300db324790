// Small files to their keys in OPFS, several at once: each is four questions to the browser's process and a flush.
import type { KeptFile } from '../../engine/ports.ts';
import { inLanes, keyParts } from './keys.ts';
import { full, isDom, parentOf } from './opfs-tree.ts';
import { writeWhole } from './opfs-write.ts';

const lanes = 4;

/** As `BlobStore.put`: settles when each file is written or has failed. */
export async function putFiles(
  storage: FileSystemDirectoryHandle,
  files: readonly KeptFile[],
): Promise<void> {
  // Keys of one drop lie in one folder: looked up once.
  const parents = new Map<string, Promise<FileSystemDirectoryHandle | null>>();
  await inLanes(files, lanes, async ({ key, bytes }) => {
    const parts = keyParts(key);
    const path = parts.slice(0, -1).join('/');
    const known = parents.get(path) ?? parentOf(storage, parts, true);
    parents.set(path, known);
    const parent = (await known) as FileSystemDirectoryHandle;
    const name = parts.at(-1) ?? '';
    try {
      const taken = await writeWhole(await parent.getFileHandle(name, { create: true }), bytes);
      if (taken !== bytes.length) throw await full(bytes.length);
    } catch (error) {
      await parent.removeEntry(name).catch(() => {});
      if (isDom(error, 'QuotaExceededError')) throw await full(bytes.length);
      throw error;
    }
  });
}
