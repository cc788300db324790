// Finding one's way in OPFS directories, and the error of a full one.
import { LoamError, storageFull } from '../../engine/errors.ts';

export function isDom(error: unknown, ...names: string[]): boolean {
  return error instanceof DOMException && names.includes(error.name);
}

/** The directory that holds the last part, or null where it is missing. */
export async function parentOf(
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

export async function find(
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
export async function* walk(
  folder: FileSystemDirectoryHandle,
  prefix = '',
): AsyncGenerator<{ path: string; handle: FileSystemFileHandle }> {
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === 'file') yield { path: prefix + name, handle: handle as FileSystemFileHandle };
    else yield* walk(handle as FileSystemDirectoryHandle, `${prefix}${name}/`);
  }
}

/** `StorageFull` with what is missing, in bytes. */
export async function full(needed: number): Promise<LoamError> {
  const { quota, usage } = await navigator.storage.estimate().catch((): StorageEstimate => ({}));
  const free = quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
  return storageFull(needed, free);
}
