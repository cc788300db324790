// Folders of the user's own disk that stand for a storage location: a picked directory handle, remembered by the
// storage's uid in IndexedDB. They are read, never written. The permission to read is asked again by the page.
import { deviceRecords } from '../device-records.ts';
import { keyParts } from './keys.ts';

export interface AttachedFolder {
  /** Uid of the storage location it stands for. */
  storage: string;
  handle: FileSystemDirectoryHandle;
  /** ISO time. */
  added: string;
}

/** In all browsers that have pickers, but not in TypeScript's DOM types. */
type Permissible = FileSystemDirectoryHandle & {
  queryPermission?(options: { mode: 'read' }): Promise<PermissionState>;
};

const hidden = '.lamindb';

const { run } = deviceRecords(
  'loam-attached',
  { folders: { keyPath: 'storage' } },
  'This browser does not let folders be remembered.',
);

export async function attachedFolders(): Promise<AttachedFolder[]> {
  if (typeof indexedDB === 'undefined') return [];
  return run('folders', 'readonly', (folders) => folders.getAll() as IDBRequest<AttachedFolder[]>);
}

export async function attachFolder(storage: string, handle: FileSystemDirectoryHandle): Promise<void> {
  const folder: AttachedFolder = { storage, handle, added: new Date().toISOString() };
  await run('folders', 'readwrite', (folders) => folders.put(folder));
}

export async function detachFolder(storage: string): Promise<void> {
  await run('folders', 'readwrite', (folders) => folders.delete(storage));
}

/** `granted` where the browser asks for nothing (OPFS). */
export async function permissionOf(handle: FileSystemDirectoryHandle): Promise<PermissionState> {
  const asked = await (handle as Permissible).queryPermission?.({ mode: 'read' });
  return asked ?? 'granted';
}

/**
 * A file or folder below an attached folder by its storage key; null where it is not there. A person may have picked
 * the `.lamindb` folder itself: then keys below it are looked for in it.
 */
export async function inFolder(
  root: FileSystemDirectoryHandle,
  key: string,
): Promise<FileSystemFileHandle | FileSystemDirectoryHandle | null> {
  const parts = keyParts(key);
  if (root.name === hidden && parts[0] === hidden) parts.shift();
  let folder = root;
  try {
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part);
    const name = parts.at(-1) ?? '';
    try {
      return await folder.getFileHandle(name);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'TypeMismatchError') throw error;
      return await folder.getDirectoryHandle(name);
    }
  } catch (error) {
    if (error instanceof DOMException && /NotFound|TypeMismatch/.test(error.name)) return null;
    throw error;
  }
}

/** Every file below, with its path. */
export async function filesBelow(folder: FileSystemDirectoryHandle): Promise<{ path: string; file: File }[]> {
  const found: { path: string; file: File }[] = [];
  async function walk(at: FileSystemDirectoryHandle, prefix: string): Promise<void> {
    for await (const [name, handle] of at.entries()) {
      if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${prefix}${name}/`);
      else found.push({ path: prefix + name, file: await (handle as FileSystemFileHandle).getFile() });
    }
  }
  await walk(folder, '');
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The uid that LaminDB wrote into the storage's marker file; null where there is none. */
export async function markedUid(root: FileSystemDirectoryHandle): Promise<string | null> {
  const marker = await inFolder(root, `${hidden}/storage_uid.txt`);
  if (marker?.kind !== 'file') return null;
  const text = await (await (marker as FileSystemFileHandle).getFile()).text();
  return text.split(/\s/)[0]?.slice(0, 40) ?? null;
}
