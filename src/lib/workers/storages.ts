// The bytes of artifacts wherever they lie: this device's own store, a copy beside it, or a folder of the user's disk
// that stands for a storage location. Says in words where bytes are that cannot be reached.
import type { Engine } from '../engine/index.ts';
import { LoamError } from '../engine/errors.ts';
import type { FileSummary, Inspector, Payload } from '../engine/ports.ts';
import type { StorageFacts, Whereabouts } from '../engine/registry/whereabouts.ts';
import {
  attachedFolders,
  attachFolder,
  detachFolder,
  inFolder,
  markedUid,
  permissionOf,
} from '../storage/blob/attached.ts';
import { createFinder, type FoundBytes } from './find-bytes.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import type { OpfsBlobStore } from '../storage/blob/opfs.ts';

export interface DeviceStorage extends StorageFacts {
  /** The folder that stands for it here; `readable` is false until the page has asked for permission. */
  folder: { name: string; readable: boolean } | null;
}

export interface AttachReport {
  /** Of so many artifacts that were looked for, so many were found. */
  looked: number;
  found: number;
  /** What is odd about the folder, in words. */
  warning: string | null;
}

/** An artifact that a storage should hold, for copying it in by hand. */
export type StoredItem = Pick<Whereabouts, 'uid' | 'key' | 'folder' | 'size'> & { id: number };

/** An artifact's bytes, lazily read. `path` is empty for a single file. */
export interface NamedFiles {
  /** As it was asked for. */
  name: string;
  uid: string;
  key: string;
  suffix: string;
  folder: boolean;
  files: { path: string; file: File }[];
}

export interface StoragesApi {
  storages(): Promise<DeviceStorage[]>;
  /** Lets a picked folder stand for a storage location, in every database of this device. */
  attachStorage(storage: string, handle: FileSystemDirectoryHandle): Promise<AttachReport>;
  detachStorage(storage: string): Promise<void>;
  /** The handle itself, for asking its permission again; only a page can. */
  attachedHandle(storage: string): Promise<FileSystemDirectoryHandle | null>;
  /** What a storage should hold, in pages by id. */
  storedItems(storage: string, after: number, limit: number): Promise<StoredItem[]>;
  /** Keeps a copy of an artifact's bytes on this device; `differs` where they are not those of the artifact. */
  copyBytes(uid: string, files: { path: string; file: File }[]): Promise<'copied' | 'there' | 'differs'>;
  openArtifact(uid: string, path?: string): Promise<File>;
  /** Artifacts by key or uid with all their files, for queries over them. Errors as `openArtifact`, and near keys. */
  openNamed(names: readonly string[]): Promise<NamedFiles[]>;
  listFiles(uid: string): Promise<{ path: string; size: number }[]>;
  /** What is inside an artifact's file, looked up or looked at now; null where nothing can look. */
  preview(uid: string): Promise<FileSummary | null>;
}

/** So many artifacts are looked for when a folder is attached. */
const sample = 100;

export interface StoragesDeps {
  engine: Engine;
  blobs: OpfsBlobStore;
  /** Missing where nothing may be inspected or kept. */
  inspector: Inspector | null;
}

export function createStorages({ engine, blobs, inspector }: StoragesDeps): StoragesApi {
  const { find, folderOf } = createFinder(blobs);
  const isThere = (found: FoundBytes, place: Whereabouts) => 'files' in found === place.folder;

  return {
    async storages() {
      const folders = await attachedFolders();
      const facts = engine.storageFacts().map(async (storage): Promise<DeviceStorage> => {
        const folder = folders.find((one) => one.storage === storage.uid);
        const readable = folder ? (await permissionOf(folder.handle)) === 'granted' : false;
        return { ...storage, folder: folder ? { name: folder.handle.name, readable } : null };
      });
      return Promise.all(facts);
    },

    async attachStorage(storage, handle) {
      const known = engine.storageFacts().find(({ uid }) => uid === storage);
      if (!known) throw new LoamError('DoesNotExist', `There is no storage location ${storage}.`);
      if (known.here) throw new LoamError('InvalidArgument', 'This browser keeps these files itself.');
      const marked = await markedUid(handle);
      await attachFolder(storage, handle);
      const places = engine.contentsOf(storage, 0, sample);
      let found = 0;
      for (const place of places) if (await inFolder(handle, place.key)) found++;
      const other = marked !== null && marked !== storage;
      const warning = other
        ? `The folder says that it is the storage ${marked}, not ${storage}.`
        : places.length > 0 && found === 0
          ? `None of the files is in it. Choose the folder that was ${known.root}.`
          : null;
      return { looked: places.length, found, warning };
    },
    detachStorage: detachFolder,
    attachedHandle: async (storage) => (await folderOf(storage))?.handle ?? null,

    storedItems: async (storage, after, limit) =>
      engine
        .contentsOf(storage, after, limit)
        .map(({ id, uid, key, folder, size }) => ({ id, uid, key, folder, size })),

    async copyBytes(uid, files) {
      const place = engine.whereabouts(uid);
      if (await blobs.exists(place.copyKey)) return 'there';
      if (!inspector) throw new LoamError('InvalidArgument', 'This database is only looked at.');
      const single = place.folder ? null : (files[0]?.file ?? null);
      const payload: Payload = { name: place.name, file: single, files: place.folder ? files : null };
      const { hash } = await inspector.hash(payload, () => {}, { aborted: false });
      if (place.hash !== null && hash !== place.hash) return 'differs';
      const token = `copy-${uid}`;
      try {
        for (const { path, file } of files)
          await blobs.stage(token, place.folder ? path : '', blobSource(file));
        await blobs.commit(token, place.copyKey);
      } catch (error) {
        await blobs.discard(token);
        throw error;
      }
      engine.noteCopy(place.id, place.copyKey);
      return 'copied';
    },

    async openArtifact(uid, path) {
      const place = engine.whereabouts(uid);
      const found = await find(place);
      const shown = path ?? place.name;
      const name = shown.split('/').pop() ?? shown;
      const file = 'file' in found ? found.file : found.files.find((one) => one.path === path)?.file;
      if (!file || !isThere(found, place))
        throw new LoamError('DoesNotExist', `${place.name} has no file ${path ?? ''}.`);
      return new File([file], name, { type: file.type });
    },

    async openNamed(names) {
      const places = engine.namedArtifacts(names);
      return Promise.all(
        places.map(async (place, i): Promise<NamedFiles> => {
          const found = await find(place);
          const { uid, name: key, suffix, folder } = place;
          if ('files' in found !== folder)
            throw new LoamError(
              'FileUnreadable',
              `${key} is ${folder ? 'no folder' : 'a folder'} on this device.`,
            );
          const files = 'files' in found ? found.files : [{ path: '', file: found.file }];
          return { name: names[i] ?? key, uid, key, suffix, folder, files };
        }),
      );
    },

    async listFiles(uid) {
      const place = engine.whereabouts(uid);
      if (!place.folder) return [];
      const found = await find(place);
      return 'files' in found ? found.files.map(({ path, file }) => ({ path, size: file.size })) : [];
    },

    async preview(uid) {
      const place = engine.whereabouts(uid);
      const known = engine.summaryOf(place.id);
      if (known || !inspector) return known;
      const found = await find(place);
      const payload: Payload =
        'file' in found
          ? { name: place.name, file: found.file, files: null }
          : { name: place.name, file: null, files: found.files };
      const summary = await inspector.inspect(payload);
      engine.noteSummary(place.id, summary);
      return summary;
    },
  };
}
