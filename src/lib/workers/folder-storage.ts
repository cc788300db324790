// A folder of the user's disk that stands for a storage location, looked through level by level, and its files with the
// hashes that LaminDB takes from local files: for registering them where they lie.
import { LoamError } from '../engine/errors.ts';
import type { Inspector, Payload } from '../engine/ports.ts';
import type { PlacedFile } from '../engine/registry/in-place.ts';
import { filesBelow, inFolder, permissionOf, type AttachedFolder } from '../storage/blob/attached.ts';

export interface FolderPage {
  /** Paths below the storage's root, with a slash at the end. */
  folders: string[];
  objects: { key: string; size: number; etag: string; modified: string }[];
  /** The last name of this page where there are more. */
  next: string | null;
}

/** Files of one page: each is opened for its size. */
const pageFiles = 500;
/** So many files of a whole folder are registered at once. */
const filesMost = 20_000;

/** Names that begin with a dot belong to programs: LaminDB's own folder, what systems leave behind. */
const shown = (name: string): boolean => !name.startsWith('.');

/** A folder that is one artifact. */
const isStore = (name: string): boolean => name.endsWith('.zarr');

async function allowed({ handle }: AttachedFolder): Promise<FileSystemDirectoryHandle> {
  if ((await permissionOf(handle)) === 'granted') return handle;
  throw new LoamError(
    'PermissionNeeded',
    `The browser keeps the folder ${handle.name} closed until you allow reading it, in Settings.`,
    { folder: handle.name },
  );
}

async function levelOf(attached: AttachedFolder, folder: string): Promise<FileSystemDirectoryHandle> {
  const root = await allowed(attached);
  if (folder === '') return root;
  const found = await inFolder(root, folder.replace(/\/$/, ''));
  if (found?.kind === 'directory') return found as FileSystemDirectoryHandle;
  throw new LoamError('DoesNotExist', `There is no folder ${folder} in ${root.name} any more.`, { folder });
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** One level below the folder's root; `folder` is empty or ends with a slash. Throws `PermissionNeeded`, `DoesNotExist`. */
export async function listFolder(
  attached: AttachedFolder,
  folder: string,
  after: string | null,
): Promise<FolderPage> {
  const level = await levelOf(attached, folder);
  const folders: string[] = [];
  const files: [string, FileSystemFileHandle][] = [];
  for await (const [name, handle] of level.entries()) {
    if (!shown(name)) continue;
    if (handle.kind === 'directory') folders.push(`${folder}${name}/`);
    else if (after === null || name > after) files.push([name, handle as FileSystemFileHandle]);
  }
  files.sort(([a], [b]) => byName(a, b));
  const objects: FolderPage['objects'] = [];
  for (const [name, handle] of files.slice(0, pageFiles)) {
    const { size, lastModified } = await handle.getFile();
    objects.push({ key: folder + name, size, etag: '', modified: new Date(lastModified).toISOString() });
  }
  const next = files.length > pageFiles ? (files[pageFiles - 1]?.[0] ?? null) : null;
  return { folders: after === null ? folders.sort(byName) : [], objects, next };
}

/** The keys of all artifacts that a folder would become: each file below, and each Zarr store as one. */
export async function keysBelow(attached: AttachedFolder, folder: string): Promise<string[]> {
  const keys: string[] = [];
  async function walk(at: FileSystemDirectoryHandle, prefix: string): Promise<void> {
    for await (const [name, handle] of at.entries()) {
      if (!shown(name)) continue;
      if (handle.kind === 'file' || isStore(name)) keys.push(prefix + name);
      else await walk(handle as FileSystemDirectoryHandle, `${prefix}${name}/`);
      if (keys.length > filesMost)
        throw new LoamError(
          'InvalidArgument',
          `${folder || attached.handle.name} holds more than ${filesMost.toLocaleString('en')} files. Choose folders in it.`,
          { folder },
        );
    }
  }
  await walk(await levelOf(attached, folder), folder);
  return keys.sort(byName);
}

/** What a file or Zarr store of the folder is, with LaminDB's hash of it. Throws `DoesNotExist` where it is gone. */
export async function placedFile(
  attached: AttachedFolder,
  key: string,
  inspector: Inspector,
): Promise<PlacedFile> {
  const found = await inFolder(await allowed(attached), key);
  if (!found)
    throw new LoamError('DoesNotExist', `There is no ${key} in ${attached.handle.name} any more.`, { key });
  const name = key.split('/').pop() ?? key;
  const payload: Payload =
    found.kind === 'file'
      ? { name, file: await (found as FileSystemFileHandle).getFile(), files: null }
      : { name, file: null, files: await filesBelow(found as FileSystemDirectoryHandle) };
  const { hash, hashType, size, nFiles } = await inspector.hash(payload, () => {}, { aborted: false });
  return { key, size, etag: '', content: { hash, hashType, nFiles } };
}
