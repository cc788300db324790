// Artifact bytes in the browser's private file system, in LaminDB's layout (`.lamindb/<uid><suffix>`) under `storage/`.
// A folder becomes visible file by file during commit: the registry row, written afterwards, is what makes it count.
// Many small files stop over in packs (opfs-packs.ts); every question here is answered from there too.
import { LoamError } from '../../engine/errors.ts';
import type { BlobStore, ByteSource, KeptFile } from '../../engine/ports.ts';
import { blobSource } from './blob-source.ts';
import { checkToken, keyParts, missingKey, pump, stagedParts } from './keys.ts';
import { byKey } from './memory.ts';
import { openPacks } from './opfs-packs.ts';
import { putFiles } from './opfs-put.ts';
import { find, full, isDom, parentOf, walk } from './opfs-tree.ts';
import { opfsWriter } from './opfs-write.ts';

export interface OpfsBlobOptions {
  /** Directory in the OPFS root for stored bytes, the one for bytes not yet committed, and the one for packs. */
  directory?: string;
  staging?: string;
  packs?: string;
  /** Writes files to their keys elsewhere, e.g. in a worker, so that this thread need not wait for the disk. */
  layOut?: (files: readonly KeptFile[]) => Promise<void>;
}

export type StoredBytes = { file: File } | { files: { path: string; file: File }[] };

/** What lies at a key of which the paths below it are known; none for a file. */
export async function filesAt(
  key: string,
  paths: readonly string[],
  file: (key: string) => Promise<File>,
): Promise<StoredBytes> {
  if (paths.length === 0) return { file: await file(key) };
  return {
    files: await Promise.all(paths.map(async (path) => ({ path, file: await file(`${key}/${path}`) }))),
  };
}

export interface OpfsBlobStore extends BlobStore {
  /** The stored file itself; reads lazily and can be posted to the page and to other workers. */
  file(key: string): Promise<File>;
  /** What lies at the key, a file or a folder's files by their paths below it; null where nothing does. */
  stored(key: string): Promise<StoredBytes | null>;
  /** Takes a file of the private file system over, without a copy where that can be; what was at the key is replaced. */
  adopt(handle: FileSystemFileHandle, key: string): Promise<void>;
}

/**
 * Files that were looked up are remembered so long: a statement over a thousand artifacts asks for all of them again and
 * again, and each look-up is a question to another process. Whatever changes a key here forgets it at once.
 */
const rememberedMs = 20_000;
/** A file that is still being laid out changes once more; what was looked up before that cannot be read. */
const restedMs = 10_000;
const rememberedMost = 5000;

/** So many small files are worth a pack; fewer are put where they belong at once. */
const packFrom = 12;

/** `move` is in all current engines but not in TypeScript's DOM types; older ones copy. */
type Movable = FileSystemFileHandle & {
  move?(parent: FileSystemDirectoryHandle, name: string): Promise<void>;
};

export async function createOpfsBlobs(options: OpfsBlobOptions = {}): Promise<OpfsBlobStore> {
  const directory = options.directory ?? 'storage';
  const opfs = await navigator.storage.getDirectory().catch((error: unknown) => {
    throw new LoamError(
      'StorageUnavailable',
      `This browser does not let the page keep files here (${String(error)}).`,
    );
  });
  const storage = await opfs.getDirectoryHandle(directory, { create: true });
  const staging = await opfs.getDirectoryHandle(options.staging ?? 'staging', { create: true });
  const packs = openPacks(await opfs.getDirectoryHandle(options.packs ?? 'packs', { create: true }));
  const layOut = options.layOut ?? ((files) => putFiles(storage, files));

  const remembered = new Map<string, { file: File; until: number }>();

  /* ---------- looking up ---------- */

  function remember(key: string, file: File): File {
    const now = Date.now();
    if (now - file.lastModified < restedMs) return file;
    if (remembered.size >= rememberedMost) remembered.clear();
    remembered.set(key, { file, until: now + rememberedMs });
    return file;
  }

  async function file(key: string): Promise<File> {
    const parts = keyParts(key);
    // In memory, since a pack may be gone before its file is read.
    const packed = await packs.read(key);
    // Always the same time: readers tell by it whether they have seen this very file.
    if (packed) return new File([packed as Uint8Array<ArrayBuffer>], parts.at(-1) ?? '', { lastModified: 0 });
    const handle = await find(storage, parts);
    if (handle?.kind !== 'file') throw missingKey(key);
    return (handle as FileSystemFileHandle).getFile();
  }

  /** The paths below a key, those in packs too. `handle`: what lies at the key. */
  async function pathsBelow(
    key: string,
    packed: readonly { key: string }[],
    handle: FileSystemHandle | null,
  ): Promise<string[]> {
    const paths = new Set(packed.flatMap((one) => (one.key === key ? [] : [one.key.slice(key.length + 1)])));
    if (handle?.kind === 'directory') {
      for await (const { path } of walk(handle as FileSystemDirectoryHandle)) paths.add(path);
    }
    return [...paths].sort();
  }

  async function stored(key: string): Promise<StoredBytes | null> {
    const known = remembered.get(key);
    if (known && known.until > Date.now()) return { file: known.file };
    const packed = await packs.list(key);
    const handle = await find(storage, keyParts(key));
    if (packed.length === 0 && handle?.kind === 'file')
      return { file: remember(key, await (handle as FileSystemFileHandle).getFile()) };
    if (packed.length === 0 && !handle) return null;
    return filesAt(key, await pathsBelow(key, packed, handle), file);
  }

  /* ---------- writing ---------- */

  async function write(
    parent: FileSystemDirectoryHandle,
    name: string,
    source: ByteSource,
    rest: Rest,
  ): Promise<void> {
    try {
      const writer = await opfsWriter(await parent.getFileHandle(name, { create: true }));
      try {
        await pump(
          source,
          async (chunk, at) => {
            const taken = await writer.write(chunk, at);
            if (taken !== chunk.length) throw await full(source.size - at);
          },
          ...rest,
        );
        await writer.finish(source.size);
      } catch (error) {
        await writer.abort();
        throw error;
      }
    } catch (error) {
      // Half a file is of no use, and its space may be what is missing.
      await removeUnfinished(parent, name);
      if (isDom(error, 'QuotaExceededError')) throw await full(source.size);
      throw error;
    }
  }

  async function moveFile(handle: Movable, parts: string[]): Promise<void> {
    const name = parts.at(-1) ?? '';
    const parent = (await parentOf(storage, parts, true)) as FileSystemDirectoryHandle;
    // A commit cut off by a crash may have left the target; its content is the same, since keys are made from uids.
    await parent.removeEntry(name, { recursive: true }).catch(() => {});
    if (handle.move) return handle.move(parent, name);
    await write(parent, name, blobSource(await handle.getFile()), []);
  }

  return {
    root: `opfs://${directory}`,
    file,
    stored,
    adopt(handle, key) {
      remembered.delete(key);
      return moveFile(handle, keyParts(key));
    },
    async stage(token, path, source, onProgress, signal) {
      const parts = [checkToken(token), ...stagedParts(path)];
      const parent = (await parentOf(staging, parts, true)) as FileSystemDirectoryHandle;
      await write(parent, parts.at(-1) ?? '', source, [onProgress, signal]);
    },
    async commit(token, key) {
      const parts = keyParts(key);
      remembered.delete(key);
      await packs.forget(key);
      const from = await find(staging, [checkToken(token)]);
      if (from?.kind !== 'directory') {
        if (await find(storage, parts)) return;
        throw missingKey(key);
      }
      const folder = from as FileSystemDirectoryHandle;
      // Taken down first: a directory must not change while it is walked.
      const files: { path: string; handle: FileSystemFileHandle }[] = [];
      for await (const entry of walk(folder)) files.push(entry);
      for (const { path, handle } of files) {
        const below = path === 'file' ? [] : path.split('/').slice(1);
        await moveFile(handle, [...parts, ...below]);
      }
      await staging.removeEntry(token, { recursive: true });
      if (files.length === 0 && !(await find(storage, parts))) throw missingKey(key);
    },
    async put(files) {
      for (const { key } of files) {
        keyParts(key);
        remembered.delete(key);
      }
      if (files.length >= packFrom) {
        const kept = await packs.add(files).catch((error: unknown) => {
          if (isDom(error, 'QuotaExceededError')) return false;
          throw error;
        });
        if (!kept) throw await full(files.reduce((sum, { bytes }) => sum + bytes.length, 0));
        return;
      }
      for (const { key } of files) await packs.forget(key);
      await layOut(files);
    },
    // Laid out once more after a cut, a file is another one under the same key.
    settle: (signal) => packs.settle(layOut, signal).finally(() => remembered.clear()),
    async discard(token) {
      await staging.removeEntry(checkToken(token), { recursive: true }).catch((error: unknown) => {
        if (!isDom(error, 'NotFoundError')) throw error;
      });
    },
    async staged() {
      const tokens: string[] = [];
      for await (const name of staging.keys()) tokens.push(name);
      return tokens.sort();
    },
    async open(key) {
      return blobSource(await file(key));
    },
    async list(key) {
      const parts = keyParts(key);
      const packed = await packs.list(key);
      const handle = await find(storage, parts);
      if (!handle && packed.length === 0) throw missingKey(key);
      return pathsBelow(key, packed, handle);
    },
    async exists(key) {
      const parts = keyParts(key);
      return (await packs.list(key)).length > 0 || (await find(storage, parts)) !== null;
    },
    async remove(key) {
      const parts = keyParts(key);
      remembered.delete(key);
      await packs.forget(key);
      const parent = await parentOf(storage, parts, false);
      await parent?.removeEntry(parts.at(-1) ?? '', { recursive: true }).catch((error: unknown) => {
        if (!isDom(error, 'NotFoundError')) throw error;
      });
    },
    async keys() {
      const found = new Map<string, number>();
      for await (const { path, handle } of walk(storage)) found.set(path, (await handle.getFile()).size);
      // Half laid out files of a pack count as what they will be.
      for (const { key, size } of await packs.list()) found.set(key, size);
      return [...found].map(([key, size]) => ({ key, size })).sort(byKey);
    },
  };
}

/** The lock of a stream that was given up is released a moment after the browser says so: until then its file cannot be removed. */
async function removeUnfinished(parent: FileSystemDirectoryHandle, name: string): Promise<void> {
  for (let wait = 1; wait < 1_000; wait *= 2) {
    try {
      return await parent.removeEntry(name);
    } catch (error) {
      // Anything else stays for `discard`: what is wrong is told by the failure of the write.
      if (!isDom(error, 'NoModificationAllowedError')) return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

type Rest = [onProgress?: Parameters<BlobStore['stage']>[3], signal?: Parameters<BlobStore['stage']>[4]];
