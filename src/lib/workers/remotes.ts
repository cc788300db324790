// Artifacts whose storage lies elsewhere (http, https, s3, gs), as the leading worker reaches them: by the one worker that
// fetches, started with the first of them. Keys live here, in memory, as long as this worker does. Those that a person wants
// remembered are kept encrypted (kept-keys.ts); those that are missing are asked of the open pages, which may have them.
import { LoamError } from '../engine/errors.ts';
import { placedHash } from '../engine/registry/in-place.ts';
import type { StorageRow, Whereabouts } from '../engine/registry/whereabouts.ts';
import type { RemoteFile } from '../storage/remote/cache-reader.ts';
import {
  addressBelow,
  bucketOf,
  isBucket,
  isElsewhere,
  type S3Bucket,
  type S3Keys,
} from '../storage/remote/s3.ts';
import { forgetKeys, keepKeys, keptKeys } from '../storage/remote/kept-keys.ts';
import { fileAddress, type ServerPlace } from '../storage/remote/server-files.ts';
import type { S3Target } from '../storage/remote/s3-write.ts';
import type { RemoteApi, RemotePlace, TransferNews } from './remote.worker.ts';
import { connectWorker, type WorkerPort } from './worker-port.ts';

/** How a storage is asked on this device in this session. */
export interface StorageAccess {
  /** Null: as everybody may ask it. */
  keys: S3Keys | null;
  /** Where it is not what follows from the address. */
  style?: S3Bucket['style'];
}

export type RemoteBytes = { file: RemoteFile } | { files: { path: string; file: RemoteFile }[] };

export interface Remotes {
  /** Whether bytes there can be read by this device. */
  reaches(storage: Pick<StorageRow, 'root' | 'uid'>): boolean;
  /** This database belongs to a team's server. */
  inTeam(): boolean;
  /** To be waited for before `reaches` is asked: a server's storage may not be heard of yet. */
  know(): Promise<void>;
  /** The server whose storage this is; null for any other. */
  serverOf(storage: Pick<StorageRow, 'uid'>): ServerPlace | null;
  /** An artifact's bytes, to be read by ranges; of a folder all that lies below its key. */
  find(place: Whereabouts): Promise<RemoteBytes>;
  whole(file: RemoteFile): Promise<Uint8Array<ArrayBuffer>>;
  /** What a web server says of a file below a root. */
  look(root: string, key: string): Promise<{ size: number; etag: string }>;
  api(): RemoteApi;
  /** For this session, or with `remember` until they are forgotten; null takes them away, the remembered ones too. */
  allow(root: string, access: StorageAccess | null, remember: boolean): Promise<void>;
  /** A signed web address, for this session; it stands for the same address without its signature. */
  allowAddress(url: string): void;
  /** What is known now, without asking anybody. */
  access(root: string): Promise<{ access: StorageAccess; remembered: boolean } | null>;
  /** As the fetching worker wants it; for buckets only. */
  bucket(storage: Pick<StorageRow, 'root' | 'region'>): Promise<{ bucket: S3Bucket; keys: S3Keys | null }>;
  /** An object by its key below the storage's root. */
  target(storage: Pick<StorageRow, 'root' | 'region'>, key: string): Promise<S3Target>;
  placeOf(place: Pick<Whereabouts, 'storage' | 'key'>): Promise<RemotePlace>;
  /** All objects below a folder's key. */
  objectsOf(place: Whereabouts): Promise<{ path: string; place: RemotePlace; size: number }[]>;
  onNews(listener: (news: TransferNews) => void): void;
}

/** Of a folder so many files are looked at. */
const filesMost = 10_000;

const worker = () => new Worker(new URL('./remote.worker.ts', import.meta.url), { type: 'module' });

/** Pages that have keys answer at once. */
const answerMs = 400;

/** Files below a folder's key at a server, with their sizes. */
export type ListFiles = (key: string) => Promise<{ path: string; size: number }[]>;

export interface RemotesDeps {
  createWorker?: () => Worker;
  /** Asks all open pages for the keys that they hold. */
  wantKeys?: () => void;
  /** The team's server that this database belongs to, with the uid of its storage. */
  team?: () => { place: ServerPlace; storage: string; list: ListFiles } | null;
  know?: () => Promise<void>;
}

export function createRemotes({ createWorker = worker, wantKeys, team, know }: RemotesDeps = {}): Remotes {
  let port: WorkerPort<RemoteApi> | null = null;
  const allowed = new Map<string, StorageAccess>();
  /** Signed addresses by what they are without their signature. */
  const signed = new Map<string, string>();
  const listeners = new Set<(news: TransferNews) => void>();
  const api = () =>
    (port ??= connectWorker<RemoteApi>(createWorker(), (event) => {
      for (const listener of listeners) listener(event as TransferNews);
    })).api;
  let remembered: Promise<Map<string, StorageAccess>> | null = null;
  /** Asked once: pages that come later give their keys by themselves. */
  let answered: Promise<void> | null = null;

  async function known(root: string): Promise<{ access: StorageAccess; remembered: boolean } | null> {
    remembered ??= (keptKeys() as Promise<Map<string, StorageAccess>>).catch(() => new Map());
    const kept = (await remembered).get(root);
    const access = allowed.get(root) ?? kept;
    return access ? { access, remembered: kept !== undefined } : null;
  }

  function askPages(): Promise<void> {
    answered ??= new Promise((resolve) => {
      wantKeys?.();
      setTimeout(resolve, wantKeys ? answerMs : 0);
    });
    return answered;
  }

  async function bucket({ root, region }: Pick<StorageRow, 'root' | 'region'>) {
    let found = await known(root);
    if (!found) {
      await askPages();
      found = await known(root);
    }
    const access = found?.access;
    return { bucket: bucketOf(root, region, access?.style), keys: access?.keys ?? null };
  }

  const below = (prefix: string, key: string) => (prefix === '' ? key : `${prefix}/${key}`);

  async function target(storage: Pick<StorageRow, 'root' | 'region'>, key: string): Promise<S3Target> {
    const found = await bucket(storage);
    return { ...found, key: below(found.bucket.prefix, key) };
  }

  function addressAt(root: string, key: string): string {
    const url = addressBelow(root, key);
    return signed.get(unsigned(url)) ?? url;
  }

  function serverOf({ uid }: Pick<StorageRow, 'uid'>): ServerPlace | null {
    const found = team?.() ?? null;
    return found?.storage === uid ? found.place : null;
  }

  async function placeOf({ storage, key }: Pick<Whereabouts, 'storage' | 'key'>): Promise<RemotePlace> {
    const server = serverOf(storage);
    if (server) return { kind: 'http', url: fileAddress(server, key), own: true };
    if (!isBucket(storage.root)) return { kind: 'http', url: addressAt(storage.root, key) };
    return { kind: 's3', ...(await target(storage, key)) };
  }

  async function objectsOf(place: Whereabouts) {
    const server = serverOf(place.storage);
    if (server) {
      const files = (await team?.()?.list(place.key)) ?? [];
      return files.map(({ path, size }) => {
        const url = fileAddress(server, `${place.key}/${path}`);
        return { path, place: { kind: 'http', url, own: true } as RemotePlace, size };
      });
    }
    if (!isBucket(place.storage.root))
      throw new LoamError(
        'BytesElsewhere',
        `${place.name} is a folder at ${place.storage.root}. Web servers do not tell what a folder holds: download it and attach the folder it lies in.`,
        { storage: place.storage.uid, root: place.storage.root, key: place.key },
      );
    const found = await bucket(place.storage);
    const prefix = `${below(found.bucket.prefix, place.key)}/`;
    const objects: { path: string; place: RemotePlace; size: number }[] = [];
    let after: string | null = null;
    do {
      const page = await api().list(found.bucket, found.keys, prefix, { deep: true, after });
      for (const { key, size, etag } of page.objects) {
        if (objects.length >= filesMost)
          throw new LoamError('InvalidArgument', `${place.name} holds more than ${filesMost} files.`);
        const facts = { size, tag: `"${etag}"` };
        objects.push({ path: key.slice(prefix.length), place: { kind: 's3', ...found, key, facts }, size });
      }
      after = page.next;
    } while (after !== null);
    if (objects.length === 0)
      throw new LoamError('BytesElsewhere', `There is nothing at ${place.key} in ${place.storage.root}.`, {
        storage: place.storage.uid,
        root: place.storage.root,
        key: place.key,
      });
    return objects;
  }

  return {
    reaches: (storage) => isElsewhere(storage.root) || serverOf(storage) !== null,
    know: async () => know?.(),
    inTeam: () => (team?.() ?? null) !== null,
    serverOf,
    async find(place) {
      if (place.folder) {
        const files: { path: string; file: RemoteFile }[] = [];
        for (const { path, place: at } of await objectsOf(place))
          files.push({ path, file: await api().open(at, null) });
        return { files };
      }
      const file = await api().open(await placeOf(place), place.size);
      refuseReplaced(place, file);
      return { file };
    },
    whole: (file) => api().whole(file),
    async look(root, key) {
      const { size, tag } = await api().look({ kind: 'http', url: addressAt(root, key) });
      return { size, etag: etagOf(tag) };
    },
    api,
    async allow(root, access, remember) {
      await known(root);
      const kept = (await remembered) ?? new Map<string, StorageAccess>();
      if (access) allowed.set(root, access);
      else allowed.delete(root);
      if (access && remember) {
        await keepKeys(root, access);
        kept.set(root, access);
      } else if (kept.delete(root)) await forgetKeys(root);
    },
    allowAddress: (url) => void signed.set(unsigned(url), url),
    access: known,
    bucket,
    target,
    placeOf,
    objectsOf,
    onNews: (listener) => void listeners.add(listener),
  };
}

/** An address without what may be a signature. */
function unsigned(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** A time of change is no ETag, and LaminDB takes no hash from it. */
const etagOf = (tag: string): string =>
  /^(?:W\/)?".*"$/.test(tag) ? tag.replace(/^W\//, '').replaceAll('"', '') : '';

/** A file registered in place has the hash of its ETag: another one of the same size is not the artifact. */
function refuseReplaced(place: Whereabouts, { tag }: RemoteFile): void {
  if (place.hash === null || place.key.startsWith('.lamindb/')) return;
  const { hash, hashType } = placedHash(place.storage.type, etagOf(tag));
  if (hash === null || hashType !== place.hashType || hash === place.hash) return;
  throw new LoamError(
    'FileUnreadable',
    `${place.name} cannot be read: it was replaced in ${place.storage.root} since it was registered. Register it again as a new version.`,
    { storage: place.storage.uid, root: place.storage.root, key: place.key },
  );
}

/** A root may carry a query of its own (a share's token): it stays behind the path. */
