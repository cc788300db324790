// The one worker that asks other hosts for the bytes of artifacts: it runs the range cache, for all tabs and workers of
// this browser, under a lock. Whoever reads sees only the cache's files; keys and signed addresses stay here.
import { LoamError } from '../engine/errors.ts';
import { atAddress, type Remote, type RemoteFacts } from '../storage/remote/address.ts';
import {
  boxPrefix,
  cacheDirectory,
  channelName,
  type Fetched,
  type Need,
} from '../storage/remote/cache-layout.ts';
import type { RemoteFile } from '../storage/remote/cache-reader.ts';
import { createCache, type KeptObject } from '../storage/remote/cache-writer.ts';
import { createFetcher } from '../storage/remote/fetcher.ts';
import { openObject } from '../storage/remote/range-request.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import { downloadObject } from '../storage/remote/download.ts';
import { sendByRequest } from '../storage/remote/s3-send.ts';
import type { S3Target } from '../storage/remote/s3-write.ts';
import { keepUpload, removeUpload, uploadOf } from '../storage/remote/transfer-store.ts';
import { forgetUpload, uploadObject, type Uploaded } from '../storage/remote/upload.ts';
import { sameContent } from '../storage/remote/upload-plan.ts';
import {
  listObjects,
  s3Object,
  type ListOptions,
  type ObjectPage,
  type S3Bucket,
  type S3Keys,
} from '../storage/remote/s3.ts';
import { sendToServer, unsendFromServer, type ServerPlace } from '../storage/remote/server-files.ts';
import { createOwnServer } from './own-server.ts';
import type { MethodKind } from './methods.ts';
import { serveEngine } from './serve.ts';
import type { ServePort } from './worker-port.ts';

/** Where an object is, as it is sent to this worker. `facts`: what a list just said of it. */
export type RemotePlace =
  /** `own`: at this page's own server. */
  | { kind: 'http'; url: string; own?: true }
  | { kind: 's3'; bucket: S3Bucket; keys: S3Keys | null; key: string; facts?: RemoteFacts };

export interface RemoteApi {
  /** Looks at an object and makes it readable by `openReader`; `size` is the registry's, where it has one. */
  open(place: RemotePlace, size: number | null): Promise<RemoteFile>;
  /** What a server says of an object now. */
  look(place: RemotePlace): Promise<RemoteFacts>;
  /** A whole small object; throws `InvalidArgument` above 256 MiB. */
  whole(file: RemoteFile): Promise<Uint8Array<ArrayBuffer>>;
  list(bucket: S3Bucket, keys: S3Keys | null, prefix: string, options: ListOptions): Promise<ObjectPage>;
  /** Brings a range here; what was fetched of the object so far. */
  ensure(id: string, from: number, to: number): Promise<Fetched>;
  /** Sends a file to its place in a bucket; goes on where the transfer of this id was left. Tells `TransferNews`. */
  send(id: string, target: S3Target, file: File): Promise<Uploaded>;
  /** Throws away what was sent of it. */
  unsend(id: string, target: S3Target): Promise<void>;
  /** Sends a file to the files of a team's server; goes on where it was left. Tells `TransferNews`. */
  sendToServer(id: string, place: ServerPlace, key: string, file: File): Promise<'sent' | 'there'>;
  /** Throws away what was sent of it. */
  unsendFromServer(place: ServerPlace, key: string, file: File): Promise<void>;
  /** Brings a whole object into the folder of downloads; `before`: what it was when that began. Tells `TransferNews`. */
  bring(
    id: string,
    place: RemotePlace,
    size: number | null,
    before: RemoteFacts | null,
  ): Promise<RemoteFacts>;
  /** Ends `send` or `bring` with `Cancelled`; what was done of it stays. */
  stop(id: string): Promise<void>;
  /** Whether an ETag is that of these bytes; null where that cannot be told. */
  isTagOf(file: File, etag: string): Promise<boolean | null>;
  /** What the cache holds, last used first. */
  kept(): Promise<KeptObject[]>;
  /** Removes what nobody reads now; answers the bytes. */
  clear(ids?: readonly string[]): Promise<number>;
}

/** Told while `send` and `bring` go on. */
export interface TransferNews {
  type: 'transfer';
  id: string;
  bytes: number;
  facts?: RemoteFacts;
}

const methods: Readonly<Record<keyof RemoteApi, MethodKind>> = {
  open: 'read',
  look: 'read',
  whole: 'read',
  list: 'read',
  ensure: 'read',
  send: 'read',
  unsend: 'read',
  sendToServer: 'read',
  unsendFromServer: 'read',
  bring: 'read',
  stop: 'read',
  isTagOf: 'read',
  kept: 'read',
  clear: 'read',
};

/** A tab that is closing holds the lock for a moment. */
const lockMs = 10_000;

/** `cap`, `stall`: for tests, in the worker's address. */
const asked = new URL(location.href).searchParams;
const number = (name: string) => (asked.has(name) ? Number(asked.get(name)) : undefined);
const cache = createCache(number('cap'));
const stallMs = number('stall');
const fetcher = createFetcher(cache, stallMs === undefined ? {} : { stallMs });

/** Held until this worker ends. */
const ready = new Promise<void>((resolve, reject) => {
  const late = AbortSignal.timeout(lockMs);
  navigator.locks
    .request('loam-remote', { signal: late }, async () => {
      await removeBoxes();
      new BroadcastChannel(channelName).onmessage = ({ data }: MessageEvent<Need>) => {
        if (data?.type === 'need') void fetcher.serve(data);
      };
      resolve();
      await new Promise(() => {});
    })
    .catch(() =>
      reject(
        new LoamError(
          'StorageUnavailable',
          'Another window of Loam fetches remote files and does not let go. Close it and load this page again.',
        ),
      ),
    );
});
ready.catch(() => {});

/** Letter boxes of workers that ended; those in use cannot be removed. */
async function removeBoxes(): Promise<void> {
  const directory = await cacheDirectory();
  for await (const name of directory.keys())
    if (name.startsWith(boxPrefix)) await directory.removeEntry(name).catch(() => {});
}

const remoteOf = (place: RemotePlace): Remote =>
  place.kind === 's3'
    ? s3Object(place.bucket, place.keys, place.key)
    : atAddress(place.url, place.own === true);

/** What is handed over as one piece is held in memory twice for a moment. */
const wholeMost = 256 * 1024 * 1024;

const ownServer = createOwnServer();

const going = new Map<string, AbortController>();
async function stoppable<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  going.set(id, abort);
  try {
    return await work(abort.signal);
  } finally {
    going.delete(id);
  }
}
const tell = (news: TransferNews) => server.emit(news);

const api: RemoteApi = {
  async open(place, size) {
    await ready;
    return fetcher.open(remoteOf(place), size, place.kind === 's3' ? place.facts : null);
  },
  look: async (place) => (await openObject(remoteOf(place), 1, null)).facts,
  async whole({ id, title, size }) {
    await ready;
    if (size > wholeMost)
      throw new LoamError(
        'InvalidArgument',
        `${title} has ${Math.round(size / 1e6)} MB, too many to fetch in one piece. Ask it by a query, or copy its storage in.`,
        { size },
      );
    return (await fetcher.whole(id)) as Uint8Array<ArrayBuffer>;
  },
  list: (bucket, keys, prefix, options) => listObjects(bucket, keys, prefix, options),
  async ensure(id, from, to) {
    await ready;
    return fetcher.ensure(id, from, to);
  },
  send: (id, target, file) =>
    stoppable(id, async (signal) =>
      uploadObject(target, blobSource(file), {
        send: sendByRequest,
        signal,
        stallMs,
        state: await uploadOf(id),
        onState: (state) => keepUpload(id, state),
        onProgress: (bytes) => tell({ type: 'transfer', id, bytes }),
      }),
    ).then(async (sent) => {
      await removeUpload(id);
      return sent;
    }),
  async unsend(id, target) {
    const state = await uploadOf(id);
    if (!state) return;
    await forgetUpload(target, state, { send: sendByRequest, retries: 1 });
    await removeUpload(id);
  },
  sendToServer: (id, place, key, file) =>
    stoppable(id, (signal) =>
      sendToServer(place, key, blobSource(file), {
        ...{ ask: ownServer, signal },
        onProgress: (bytes) => tell({ type: 'transfer', id, bytes }),
      }),
    ),
  unsendFromServer: (place, key, file) => unsendFromServer(place, key, blobSource(file), { ask: ownServer }),
  bring: (id, place, size, before) =>
    stoppable(id, async (signal) => {
      await ready;
      const remote = remoteOf(place);
      return downloadObject(remote, id, size, {
        before,
        signal,
        ...(stallMs === undefined ? {} : { stallMs }),
        onFacts: (facts) => tell({ type: 'transfer', id, bytes: 0, facts }),
        onProgress: (bytes) => tell({ type: 'transfer', id, bytes }),
        kept: (from, to) => fetcher.kept(remote.identity, from, to),
      });
    }),
  stop: async (id) => going.get(id)?.abort(),
  isTagOf: (file, etag) => sameContent(blobSource(file), etag),
  async kept() {
    await ready;
    return cache.kept();
  },
  async clear(ids) {
    await ready;
    return cache.clear(ids);
  },
};

const server = serveEngine<TransferNews>(api, { methods });
addEventListener('message', ({ data }: MessageEvent<ServePort>) => {
  if (data?.type === 'loam-serve') server.connect('engine', data.port);
});
