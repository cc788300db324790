// Artifacts whose storage lies elsewhere (http, https, s3, gs), as the leading worker reaches them: by the one worker that
// fetches, started with the first of them. Keys live here, in memory, as long as this worker does, and nowhere else.
import { LoamError } from '../engine/errors.ts';
import { placedHash } from '../engine/registry/in-place.ts';
import type { StorageRow, Whereabouts } from '../engine/registry/whereabouts.ts';
import type { RemoteFile } from '../storage/remote/cache-reader.ts';
import { bucketOf, encodedKey, type S3Bucket, type S3Keys } from '../storage/remote/s3.ts';
import type { RemoteApi, RemotePlace } from './remote.worker.ts';
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
  reaches(storage: Pick<StorageRow, 'root'>): boolean;
  /** An artifact's bytes, to be read by ranges; of a folder all that lies below its key. */
  find(place: Whereabouts): Promise<RemoteBytes>;
  whole(file: RemoteFile): Promise<Uint8Array<ArrayBuffer>>;
  /** What a web server says of a file below a root. */
  look(root: string, key: string): Promise<{ size: number; etag: string }>;
  api(): RemoteApi;
  /** For this session; null takes it away. */
  allow(root: string, access: StorageAccess | null): void;
  access(root: string): StorageAccess | null;
  /** As the fetching worker wants it; for buckets only. */
  bucket(storage: Pick<StorageRow, 'root' | 'region'>): { bucket: S3Bucket; keys: S3Keys | null };
}

/** Of a folder so many files are looked at. */
const filesMost = 10_000;

export const isBucket = (root: string): boolean => /^(?:s3|gs):\/\//i.test(root);
const isAddress = (root: string): boolean => /^https?:\/\//i.test(root);

const worker = () => new Worker(new URL('./remote.worker.ts', import.meta.url), { type: 'module' });

export function createRemotes(createWorker: () => Worker = worker): Remotes {
  let port: WorkerPort<RemoteApi> | null = null;
  const allowed = new Map<string, StorageAccess>();
  const api = () => (port ??= connectWorker<RemoteApi>(createWorker())).api;

  function bucket({ root, region }: Pick<StorageRow, 'root' | 'region'>) {
    const access = allowed.get(root);
    return { bucket: bucketOf(root, region, access?.style), keys: access?.keys ?? null };
  }

  const below = (prefix: string, key: string) => (prefix === '' ? key : `${prefix}/${key}`);

  function placeOf({ storage, key }: Whereabouts): RemotePlace {
    if (!isBucket(storage.root)) return { kind: 'http', url: addressBelow(storage.root, key) };
    const found = bucket(storage);
    return { kind: 's3', ...found, key: below(found.bucket.prefix, key) };
  }

  async function folder(place: Whereabouts): Promise<RemoteBytes> {
    if (!isBucket(place.storage.root))
      throw new LoamError(
        'BytesElsewhere',
        `${place.name} is a folder at ${place.storage.root}. Web servers do not tell what a folder holds: download it and attach the folder it lies in.`,
        { storage: place.storage.uid, root: place.storage.root, key: place.key },
      );
    const found = bucket(place.storage);
    const prefix = `${below(found.bucket.prefix, place.key)}/`;
    const files: { path: string; file: RemoteFile }[] = [];
    let after: string | null = null;
    do {
      const page = await api().list(found.bucket, found.keys, prefix, { deep: true, after });
      for (const { key, size, etag } of page.objects) {
        if (files.length >= filesMost)
          throw new LoamError('InvalidArgument', `${place.name} holds more than ${filesMost} files.`);
        const facts = { size, tag: `"${etag}"` };
        const file = await api().open({ kind: 's3', ...found, key, facts }, null);
        files.push({ path: key.slice(prefix.length), file });
      }
      after = page.next;
    } while (after !== null);
    if (files.length === 0)
      throw new LoamError('BytesElsewhere', `There is nothing at ${place.key} in ${place.storage.root}.`, {
        storage: place.storage.uid,
        root: place.storage.root,
        key: place.key,
      });
    return { files };
  }

  return {
    reaches: ({ root }) => isBucket(root) || isAddress(root),
    async find(place) {
      if (place.folder) return folder(place);
      const file = await api().open(placeOf(place), place.size);
      refuseReplaced(place, file);
      return { file };
    },
    whole: (file) => api().whole(file),
    async look(root, key) {
      const { size, tag } = await api().look({ kind: 'http', url: addressBelow(root, key) });
      return { size, etag: etagOf(tag) };
    },
    api,
    allow(root, access) {
      if (access) allowed.set(root, access);
      else allowed.delete(root);
    },
    access: (root) => allowed.get(root) ?? null,
    bucket,
  };
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
function addressBelow(root: string, key: string): string {
  const [path = '', query] = root.split('?');
  return `${path.replace(/\/+$/, '')}/${encodedKey(key)}${query === undefined ? '' : `?${query}`}`;
}
