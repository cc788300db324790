// Finding an artifact's bytes: this device's own store, a copy beside it, or a folder of the user's disk that stands for
// the storage location, or the bucket or address itself. Says in words where bytes are that cannot be reached.
import { LoamError } from '../engine/errors.ts';
import type { Payload } from '../engine/ports.ts';
import type { Whereabouts } from '../engine/registry/whereabouts.ts';
import {
  attachedFolders,
  filesBelow,
  inFolder,
  permissionOf,
  type AttachedFolder,
} from '../storage/blob/attached.ts';
import type { OpfsBlobStore } from '../storage/blob/opfs.ts';
import type { RemoteFile } from '../storage/remote/cache-reader.ts';
import { uploadedBytes } from '../storage/remote/transfer-store.ts';
import type { Remotes } from './remotes.ts';

/** Bytes of this device, or a file that is read by ranges from where it lies. */
export type AnyFile = File | RemoteFile;
export type FoundBytes<F = AnyFile> = { file: F } | { files: { path: string; file: F }[] };

export const payloadOf = (name: string, found: FoundBytes): Payload =>
  'file' in found ? { name, file: found.file, files: null } : { name, file: null, files: found.files };

export interface Finder<F = AnyFile> {
  /** Throws `BytesElsewhere` or `PermissionNeeded`. */
  find(place: Whereabouts): Promise<FoundBytes<F>>;
  folderOf(storage: string): Promise<AttachedFolder | null>;
}

/** Bytes of this device alone, or with `remotes` those of other hosts too. */
export function createFinder(blobs: OpfsBlobStore): Finder<File>;
export function createFinder(blobs: OpfsBlobStore, remotes: Remotes | null): Finder;
export function createFinder(blobs: OpfsBlobStore, remotes: Remotes | null = null): Finder {
  async function folderOf(storage: string): Promise<AttachedFolder | null> {
    return (await attachedFolders()).find((folder) => folder.storage === storage) ?? null;
  }

  async function attached(folder: AttachedFolder, place: Whereabouts): Promise<FoundBytes<File> | null> {
    if ((await permissionOf(folder.handle)) !== 'granted') throw needsPermission(place, folder.handle.name);
    const handle = await inFolder(folder.handle, place.key);
    if (!handle) return null;
    if (handle.kind === 'file') return { file: await (handle as FileSystemFileHandle).getFile() };
    return { files: await filesBelow(handle as FileSystemDirectoryHandle) };
  }

  async function find(place: Whereabouts): Promise<FoundBytes> {
    const copy = await blobs.stored(place.copyKey);
    if (copy) return copy;
    await remotes?.know();
    if (place.here) {
      // It was uploaded, its copy here was given up, and the upload was undone: the bytes are in the bucket still.
      const uploaded = remotes ? await uploadedBytes(place.uid) : null;
      if (!uploaded || !remotes) throw remotes?.inTeam() ? notUploaded(place) : missingHere(place);
      return remotes.find({ ...place, storage: uploaded.storage, key: uploaded.key, here: false });
    }
    const folder = await folderOf(place.storage.uid);
    if (!folder && remotes?.reaches(place.storage)) return remotes.find(place);
    if (!folder) throw elsewhere(place);
    const found = await attached(folder, place);
    if (!found) throw notInFolder(place, folder.handle.name);
    return found;
  }

  return { find, folderOf };
}

/* ---------- where the bytes are, in words ---------- */

function about(place: Whereabouts) {
  return { storage: place.storage.uid, root: place.storage.root, key: place.key };
}

const elsewhere = (place: Whereabouts) =>
  new LoamError(
    'BytesElsewhere',
    `The file is not on this device. It lies in ${place.storage.root}, as ${place.key}.`,
    about(place),
  );

const notInFolder = (place: Whereabouts, folder: string) =>
  new LoamError(
    'BytesElsewhere',
    `The folder ${folder} stands for ${place.storage.root}, but there is no ${place.key} in it. It may have been moved or deleted.`,
    about(place),
  );

const needsPermission = (place: Whereabouts, folder: string) =>
  new LoamError(
    'PermissionNeeded',
    `The file lies in the folder ${folder} of your disk, which this page may read again once you allow it.`,
    { ...about(place), folder },
  );

const notUploaded = (place: Whereabouts) =>
  new LoamError(
    'BytesElsewhere',
    `The file is not on this device and not at the team’s server yet: it is only on the device on which ${place.by} made it. It can be opened here once that device has uploaded it.`,
    { ...about(place), notUploaded: true },
  );

const missingHere = (place: Whereabouts) =>
  new LoamError(
    'BytesElsewhere',
    'The file is not on this device: the database came here without it. Drop it again, or open the device that has it.',
    about(place),
  );
