// The bytes of artifacts wherever they lie: this device's own store, a copy beside it, or a folder of the user's disk
// that stands for a storage location. Says in words where bytes are that cannot be reached.
import type { Engine } from '../engine/index.ts';
import { LoamError } from '../engine/errors.ts';
import {
  summaryReader,
  type FileSummary,
  type FileView,
  type Inspector,
  type Payload,
  type ViewAsk,
} from '../engine/ports.ts';
import type { AnnotationTable } from '../engine/query/annotation-table.ts';
import type { PlacedFile } from '../engine/registry/in-place.ts';
import type { AskedSource } from '../engine/registry/query-sources.ts';
import type { StorageFacts, Whereabouts } from '../engine/registry/whereabouts.ts';
import {
  attachedFolders,
  attachFolder,
  detachFolder,
  inFolder,
  markedUid,
  permissionOf,
} from '../storage/blob/attached.ts';
import { formatOf, mayHoldTables } from '../statements/formats.ts';
import { registryTable } from '../statements/registry-table.ts';
import { createFinder, payloadOf, type AnyFile, type FoundBytes } from './find-bytes.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import type { OpfsBlobStore } from '../storage/blob/opfs.ts';
import { keysBelow, listFolder, placedFile, type FolderPage } from './folder-storage.ts';
import { handOver, nextTask } from './serve.ts';
import { isRemoteFile } from '../storage/remote/cache-reader.ts';
import { addressOf, bucketOf, signedAddress, isBucket } from '../storage/remote/s3.ts';
import type { Remotes, StorageAccess } from './remotes.ts';
import { createWatched, type Watch } from './watched.ts';

/** How far a view is, in whatever it counts. */
export interface ViewProgress {
  token: string;
  done: number;
  total: number;
}

export interface DeviceStorage extends StorageFacts {
  /** The folder that stands for it here; `readable` is false until the page has asked for permission. */
  folder: { name: string; readable: boolean } | null;
  /** It lies elsewhere and is asked over the network; `keys`: there are some; `remembered`: also after this session. */
  remote: { bucket: boolean; keys: boolean; remembered: boolean } | null;
}

export interface AttachReport {
  /** Of so many artifacts that were looked for, so many were found. */
  looked: number;
  found: number;
  /** What is odd about the folder, in words. */
  warning: string | null;
}

/** An object of a remote storage; keys are below its root. */
export interface StorageObject {
  key: string;
  size: number;
  etag: string;
  modified: string;
  /** Uid of the artifact that it is already; null where it is none. */
  uid: string | null;
}

export interface StoragePage {
  folders: string[];
  /** Of those that are artifacts as a whole, the uids. */
  stores: Record<string, string>;
  objects: StorageObject[];
  next: string | null;
}

/** An artifact that a storage should hold, for copying it in by hand. */
export type StoredItem = Pick<Whereabouts, 'uid' | 'key' | 'folder' | 'size'> & { id: number };

/** An artifact's bytes, lazily read. `path` is empty for a single file. */
export interface NamedFiles {
  uid: string;
  key: string;
  suffix: string;
  folder: boolean;
  files: { path: string; file: AnyFile }[];
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
  /**
   * The artifacts that a statement over files names, with all their files, source by source. Of a view only those that are
   * tables count; `others` says how many are not. Errors as `openArtifact`, with the near names of a wrong one.
   */
  openSources(asked: readonly AskedSource[]): Promise<OpenedSource[]>;
  /** What artifacts are annotated with, as columns of a table by artifact_uid. */
  annotationTable(uids: readonly string[]): Promise<AnnotationTable>;
  /** A registry's table as parquet. Throws `DoesNotExist`, and `InvalidArgument` for one of over 2,000,000 rows. */
  registryTable(name: string): Promise<Uint8Array<ArrayBuffer>>;
  listFiles(uid: string): Promise<{ path: string; size: number }[]>;
  /**
   * Keys of a remote storage for as long as this worker lives; with `remember` they are kept encrypted on this device. Null
   * forgets them, the remembered ones too.
   */
  allowStorage(storage: string, access: StorageAccess | null, remember?: boolean): Promise<void>;
  /** A signed web address, held in memory: it is asked where an artifact has the same address without a signature. */
  allowAddress(url: string): Promise<void>;
  /** An address that opens an artifact of a bucket to everybody who has it, for at most seven days. */
  presign(uid: string, seconds: number): Promise<string>;
  /** Lists a bucket that is no storage yet; what is wrong with it is the error. */
  tryBucket(
    root: string,
    region: string | null,
    access: StorageAccess,
  ): Promise<{ folders: number; objects: number; more: boolean }>;
  /** One level of a bucket or of an attached folder, below `folder` (empty, or with a slash at its end), in pages. */
  listStorage(storage: string, folder: string, after: string | null): Promise<StoragePage>;
  /** The keys of all artifacts that a folder of an attached folder would become. At most 20,000. */
  keysBelow(storage: string, folder: string): Promise<string[]>;
  /** A file or Zarr store of an attached folder with LaminDB's hash of it, for registering it. */
  lookInFolder(storage: string, key: string): Promise<PlacedFile>;
  /** What a server says of a file at an address, for registering it. */
  lookAtFile(storage: string, key: string): Promise<StorageObject>;
  /** What is kept of remote files on this device: parts that were read, and by storage those and whole copies. */
  keptRemote(): Promise<KeptRemote>;
  /** Removes the parts that were read, of one storage or of all, but for what is read just now; answers the bytes. */
  clearRemote(storage?: string): Promise<number>;
  /** What is inside an artifact's file, looked up or looked at now; null where nothing can look. */
  preview(uid: string): Promise<FileSummary | null>;
  /** One of the views that an artifact's summary names, made now. Its progress is told (`view` events) under the token. */
  view(uid: string, ask: ViewAsk, token?: string): Promise<FileView>;
  /** Ends the worker that makes the view; its call then rejects with `Cancelled`. */
  cancelView(token: string): Promise<void>;
}

export interface OpenedSource {
  artifacts: NamedFiles[];
  /** Artifacts of a view that are no tables. */
  others: number;
}

export interface KeptRemote {
  files: number;
  bytes: number;
  storages: Record<string, { parts: number; copies: number; copyBytes: number }>;
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0);

/** Whether an object of the cache lies below a storage's root; the server is part of both. */
function isBelow(identity: string, root: string): boolean {
  const [path = '', server = ''] = root.split('?');
  const [own = '', its = ''] = identity.split('?');
  return own.startsWith(`${path.replace(/\/+$/, '')}/`) && (server === its || !isBucket(root));
}

/** So many artifacts are looked for when a folder is attached. */
const sample = 100;

export interface StoragesDeps {
  engine: Engine;
  blobs: OpfsBlobStore;
  /** Missing where nothing may be inspected or kept. */
  inspector: Inspector | null;
  /** Makes views of files. */
  viewer: ((payload: Payload, ask: ViewAsk, watch: Watch) => Promise<FileView>) | null;
  /** Hears how far views are. */
  tell?: (progress: ViewProgress) => void;
  /** Missing where nothing may be asked of other hosts. */
  remotes: Remotes | null;
  /** A storage has got other keys. */
  onKeys?: (storage: string) => void;
}

/** A folder may hold tables where its name does not say that it is something else. */
const mayBeTable = ({ suffix, folder }: Whereabouts): boolean =>
  formatOf(suffix) !== null || (folder && suffix === '');

const mayHoldSome = ({ suffix, name }: Whereabouts): boolean => mayHoldTables(suffix) || mayHoldTables(name);

export function createStorages(deps: StoragesDeps): StoragesApi {
  const { engine, blobs, inspector, viewer, remotes, onKeys = () => {}, tell = () => {} } = deps;
  const { find, folderOf } = createFinder(blobs, remotes);
  const { watched, cancel } = createWatched(tell);

  function reachable(): Remotes {
    if (!remotes) throw new LoamError('InvalidArgument', 'This database is only looked at.');
    return remotes;
  }
  function storageOf(uid: string): StorageFacts {
    const found = engine.storageFacts().find((one) => one.uid === uid);
    if (!found) throw new LoamError('DoesNotExist', `There is no storage location ${uid}.`, { storage: uid });
    return found;
  }
  async function attachedTo(storage: string) {
    const attached = await folderOf(storage);
    if (attached) return attached;
    throw new LoamError('BytesElsewhere', `No folder is attached for ${storageOf(storage).root}.`, {
      storage,
    });
  }
  /** Tells which of the files are artifacts already. */
  function withUids(storage: string, { folders, objects, next }: FolderPage): StoragePage {
    const known = engine.registeredKeys(storage, [
      ...objects.map(({ key }) => key),
      ...folders.map((folder) => folder.slice(0, -1)),
    ]);
    return {
      folders,
      stores: Object.fromEntries(
        folders.flatMap((folder) => {
          const uid = known.get(folder.slice(0, -1));
          return uid === undefined ? [] : [[folder, uid]];
        }),
      ),
      objects: objects.map((object) => ({ ...object, uid: known.get(object.key) ?? null })),
      next,
    };
  }
  const isThere = (found: FoundBytes, place: Whereabouts) => 'files' in found === place.folder;

  async function opened(place: Whereabouts): Promise<NamedFiles> {
    const found = await find(place);
    const { uid, name: key, suffix, folder } = place;
    if (!isThere(found, place))
      throw new LoamError('FileUnreadable', `${key} is ${folder ? 'no folder' : 'a folder'} on this device.`);
    const files = 'files' in found ? found.files : [{ path: '', file: found.file }];
    return { uid, key, suffix, folder, files };
  }

  return {
    async storages() {
      const folders = await attachedFolders();
      const facts = engine.storageFacts().map(async (storage): Promise<DeviceStorage> => {
        const folder = folders.find((one) => one.storage === storage.uid);
        const readable = folder ? (await permissionOf(folder.handle)) === 'granted' : false;
        const known = remotes?.reaches(storage) ? await remotes.access(storage.root) : null;
        const remote = remotes?.reaches(storage)
          ? {
              bucket: isBucket(storage.root),
              keys: (known?.access.keys ?? null) !== null,
              remembered: known?.remembered ?? false,
            }
          : null;
        return { ...storage, folder: folder ? { name: folder.handle.name, readable } : null, remote };
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
      if (!isRemoteFile(file)) return new File([file], name, { type: file.type });
      if (!remotes) throw new LoamError('InvalidArgument', 'This database is only looked at.');
      return new File([await remotes.whole(file)], name);
    },

    async openSources(asked) {
      const found = await engine.querySources(asked);
      return Promise.all(
        found.map(async (places, i): Promise<OpenedSource> => {
          const source = asked[i];
          const fits = source?.of === 'artifacts' && source.inside ? mayHoldSome : mayBeTable;
          const wanted = source?.of === 'artifacts' ? places.filter(fits) : places;
          const artifacts = await Promise.all(wanted.map(opened));
          return { artifacts, others: places.length - wanted.length };
        }),
      );
    },

    annotationTable: (uids) => engine.annotationTable(uids),

    async registryTable(name) {
      const bytes = await registryTable(engine.tableRows, name, nextTask);
      return handOver(bytes, [bytes.buffer]);
    },

    async allowStorage(storage, access, remember = false) {
      await reachable().allow(storageOf(storage).root, access, remember);
      onKeys(storage);
    },

    async allowAddress(url) {
      reachable().allowAddress(url);
    },

    async presign(uid, seconds) {
      const place = engine.whereabouts(uid);
      if (!isBucket(place.storage.root) || place.folder)
        throw new LoamError(
          'InvalidArgument',
          `${place.name} is no single file of a bucket: only such have addresses for others.`,
        );
      if (!Number.isInteger(seconds) || seconds < 1 || seconds > 604_800)
        throw new LoamError('InvalidArgument', 'An address is good for at most seven days.', { seconds });
      const { bucket, keys, key } = await reachable().target(place.storage, place.key);
      if (!keys)
        throw new LoamError(
          'PermissionNeeded',
          `Enter the keys of ${place.storage.root} in Settings first: the address is signed with them.`,
          { storage: place.storage.uid },
        );
      return signedAddress(bucket, keys, 'GET', addressOf(bucket, key), { seconds });
    },

    async tryBucket(root, region, { keys, style }) {
      const bucket = bucketOf(root, region, style);
      const prefix = bucket.prefix === '' ? '' : `${bucket.prefix}/`;
      const { folders, objects, next } = await reachable().api().list(bucket, keys, prefix, {});
      return { folders: folders.length, objects: objects.length, more: next !== null };
    },

    async listStorage(storage, folder, after) {
      const attached = await folderOf(storage);
      if (attached) return withUids(storage, await listFolder(attached, folder, after));
      const { bucket, keys } = await reachable().bucket(storageOf(storage));
      const root = bucket.prefix === '' ? '' : `${bucket.prefix}/`;
      const page = await reachable()
        .api()
        .list(bucket, keys, root + folder, { after });
      const objects = page.objects
        // LaminDB's own files are no data.
        .filter(({ key }) => !key.slice(root.length).startsWith('.lamindb/'))
        .map((object) => ({ ...object, key: object.key.slice(root.length) }));
      const folders = page.folders.map((one) => one.slice(root.length)).filter((one) => one !== '.lamindb/');
      return withUids(storage, { folders, objects, next: page.next });
    },

    keysBelow: async (storage, folder) => keysBelow(await attachedTo(storage), folder),
    async lookInFolder(storage, key) {
      if (!inspector) throw new LoamError('InvalidArgument', 'This database is only looked at.');
      return placedFile(await attachedTo(storage), key, inspector);
    },

    async lookAtFile(storage, key) {
      const { root } = storageOf(storage);
      const { size, etag } = await reachable().look(root, key);
      return { key, size, etag, modified: '', uid: engine.registeredKeys(storage, [key]).get(key) ?? null };
    },

    async keptRemote() {
      const kept = remotes ? await remotes.api().kept() : [];
      const storages: KeptRemote['storages'] = {};
      const copies = engine.copiesHere(null);
      for (const storage of engine.storageFacts()) {
        const parts = kept.filter(({ identity }) => isBelow(identity, storage.root));
        const whole = copies.filter((one) => one.storage === storage.uid);
        storages[storage.uid] = {
          parts: sumOf(parts.map((one) => one.kept)),
          copies: whole.length,
          copyBytes: sumOf(whole.map((one) => one.size)),
        };
      }
      return { files: kept.length, bytes: sumOf(kept.map((one) => one.kept)), storages };
    },
    async clearRemote(storage) {
      if (!remotes) return 0;
      if (storage === undefined) return remotes.api().clear();
      const { root } = storageOf(storage);
      const kept = (await remotes.api().kept()).filter(({ identity }) => isBelow(identity, root));
      return remotes.api().clear(kept.map(({ id }) => id));
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
      if (known?.reader === summaryReader || !inspector) return known;
      const found = await find(place);
      const summary = await inspector.inspect(payloadOf(place.name, found));
      // What keeps it from being read now may pass: a network, a key.
      const far =
        'file' in found ? isRemoteFile(found.file) : found.files.some(({ file }) => isRemoteFile(file));
      if (!far || summary.problem === null) engine.noteSummary(place.id, summary);
      return summary;
    },

    async view(uid, ask, token) {
      const place = engine.whereabouts(uid);
      if (!viewer)
        throw new LoamError('InvalidArgument', 'Files of a database that is only looked at are not shown.');
      return watched(token, async (watch) => viewer(payloadOf(place.name, await find(place)), ask, watch));
    },

    cancelView: async (token) => cancel(token),
  };
}
