// The one worker that asks other hosts for the bytes of artifacts: it runs the range cache, for all tabs and workers of
// this browser, under a lock. Whoever reads sees only the cache's files; keys and signed addresses stay here.
import { LoamError } from '../engine/errors.ts';
import { atAddress, type Remote } from '../storage/remote/address.ts';
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
import type { MethodKind } from './methods.ts';
import { serveEngine } from './serve.ts';
import type { ServePort } from './worker-port.ts';

/** Where an object is, as it is sent to this worker. */
export type RemotePlace = { kind: 'http'; url: string };

export interface RemoteApi {
  /** Looks at an object and makes it readable by `openReader`; `size` is the registry's, where it has one. */
  open(place: RemotePlace, size: number | null): Promise<RemoteFile>;
  /** Brings a range here; what was fetched of the object so far. */
  ensure(id: string, from: number, to: number): Promise<Fetched>;
  /** What the cache holds, last used first. */
  kept(): Promise<KeptObject[]>;
  /** Removes what nobody reads now; answers the bytes. */
  clear(ids?: readonly string[]): Promise<number>;
}

const methods: Readonly<Record<keyof RemoteApi, MethodKind>> = {
  open: 'read',
  ensure: 'read',
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

function remoteOf(place: RemotePlace): Remote {
  return atAddress(place.url);
}

const api: RemoteApi = {
  async open(place, size) {
    await ready;
    return fetcher.open(remoteOf(place), size);
  },
  async ensure(id, from, to) {
    await ready;
    return fetcher.ensure(id, from, to);
  },
  async kept() {
    await ready;
    return cache.kept();
  },
  async clear(ids) {
    await ready;
    return cache.clear(ids);
  },
};

addEventListener('message', ({ data }: MessageEvent<ServePort>) => {
  if (data?.type !== 'loam-serve') return;
  serveEngine<never>(api, { methods }).connect('engine', data.port);
});
