// Artifact bytes in the browser's private file system, in LaminDB's layout (`.lamindb/<uid><suffix>`) under `storage/`.
// A folder becomes visible file by file during commit: the registry row, written afterwards, is what makes it count.
import { LoamError, storageFull } from '../../engine/errors.ts';
import type { BlobStore, ByteSource } from '../../engine/ports.ts';
import { blobSource, checkToken, keyParts, missingKey, pump, stagedParts } from './keys.ts';
import { byKey } from './memory.ts';
import { opfsWriter } from './opfs-write.ts';

export interface OpfsBlobOptions {
  /** Directory in the OPFS root for stored bytes, and the one for bytes not yet committed. */
  directory?: string;
  staging?: string;
}

export interface OpfsBlobStore extends BlobStore {
  /** The stored file itself; reads lazily and can be posted to the page and to other workers. */
  file(key: string): Promise<File>;
}

/** `move` is in all current engines but not in TypeScript's DOM types; older ones copy. */
type Movable = FileSystemFileHandle & {
  move?(parent: FileSystemDirectoryHandle, name: string): Promise<void>;
};

function isDom(error: unknown, ...names: string[]): boolean {
  return error instanceof DOMException && names.includes(error.name);
}

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

  /* ---------- looking up ---------- */

  /** The directory that holds the last part, or null where it is missing. */
  async function parentOf(
    base: FileSystemDirectoryHandle,
    parts: string[],
    create: boolean,
  ): Promise<FileSystemDirectoryHandle | null> {
    let folder = base;
    try {
      for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create });
      return folder;
    } catch (error) {
      if (isDom(error, 'NotFoundError')) return null;
      if (isDom(error, 'TypeMismatchError')) {
        if (!create) return null;
        throw new LoamError('InvalidArgument', `"${parts.join('/')}" lies below a key that is a file.`);
      }
      throw error;
    }
  }

  async function find(
    base: FileSystemDirectoryHandle,
    parts: string[],
  ): Promise<FileSystemFileHandle | FileSystemDirectoryHandle | null> {
    const parent = await parentOf(base, parts, false);
    const name = parts.at(-1) ?? '';
    if (!parent) return null;
    try {
      return await parent.getFileHandle(name);
    } catch (error) {
      if (isDom(error, 'NotFoundError')) return null;
      if (!isDom(error, 'TypeMismatchError')) throw error;
      return parent.getDirectoryHandle(name);
    }
  }

  /** Every file below, with its path. */
  async function* walk(
    folder: FileSystemDirectoryHandle,
    prefix = '',
  ): AsyncGenerator<{ path: string; handle: FileSystemFileHandle }> {
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind === 'file') yield { path: prefix + name, handle: handle as FileSystemFileHandle };
      else yield* walk(handle as FileSystemDirectoryHandle, `${prefix}${name}/`);
    }
  }

  async function file(key: string): Promise<File> {
    const handle = await find(storage, keyParts(key));
    if (handle?.kind !== 'file') throw missingKey(key);
    return (handle as FileSystemFileHandle).getFile();
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
      await parent.removeEntry(name).catch(() => {});
      if (isDom(error, 'QuotaExceededError')) throw await full(source.size);
      throw error;
    }
  }

  async function full(needed: number): Promise<LoamError> {
    const { quota, usage } = await navigator.storage.estimate().catch((): StorageEstimate => ({}));
    const free = quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
    return storageFull(needed, free);
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
    async stage(token, path, source, onProgress, signal) {
      const parts = [checkToken(token), ...stagedParts(path)];
      const parent = (await parentOf(staging, parts, true)) as FileSystemDirectoryHandle;
      await write(parent, parts.at(-1) ?? '', source, [onProgress, signal]);
    },
    async commit(token, key) {
      const parts = keyParts(key);
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
      const handle = await find(storage, keyParts(key));
      if (!handle) throw missingKey(key);
      const paths: string[] = [];
      if (handle.kind === 'directory') {
        for await (const { path } of walk(handle as FileSystemDirectoryHandle)) paths.push(path);
      }
      return paths.sort();
    },
    async exists(key) {
      return (await find(storage, keyParts(key))) !== null;
    },
    async remove(key) {
      const parts = keyParts(key);
      const parent = await parentOf(storage, parts, false);
      await parent?.removeEntry(parts.at(-1) ?? '', { recursive: true }).catch((error: unknown) => {
        if (!isDom(error, 'NotFoundError')) throw error;
      });
    },
    async keys() {
      const found: { key: string; size: number }[] = [];
      for await (const { path, handle } of walk(storage))
        found.push({ key: path, size: (await handle.getFile()).size });
      return found.sort(byKey);
    },
  };
}

type Rest = [onProgress?: Parameters<BlobStore['stage']>[3], signal?: Parameters<BlobStore['stage']>[4]];
