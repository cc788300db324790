/// <reference lib="webworker" />
// Keeps the whole app on the device, so that it starts with the server gone. One cache per version; a new version
// waits until the user reloads. It knows nothing of the data: that lives in OPFS, out of its reach.
import { base, version } from '$service-worker';

const worker = self as unknown as ServiceWorkerGlobalScope;

const prefix = 'loam-';
const cacheName = `${prefix}${version}`;
/** The page that answers every route, under a key no request can have by chance. */
const shell = `${base}/`;
const atOnce = 6;

interface PrecacheList {
  install: { path: string; bytes: number }[];
  later: { path: string; bytes: number }[];
}

worker.addEventListener('install', (event) => {
  event.waitUntil(install());
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(activate());
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || request.headers.has('range')) return;
  const url = new URL(request.url);
  if (url.origin !== worker.location.origin) return;
  // Asked only to learn whether there is a newer version: the kept answer would always be no.
  if (url.pathname === `${base}/_app/version.json`) return;
  // The server's own: also the way back of a sign-in, which is a navigation and no page of the app.
  if (url.pathname.startsWith(`${base}/api/`)) return;
  event.respondWith(answer(request, url));
});

worker.addEventListener('message', (event) => {
  const kind = (event.data as { kind?: string } | null)?.kind;
  if (kind === 'take-over') event.waitUntil(worker.skipWaiting());
  if (kind === 'finish') event.waitUntil(keepLater());
});

async function install() {
  const cache = await caches.open(cacheName);
  const { install } = await readList();
  // The page comes last: with it, all it needs is there.
  await keep(
    cache,
    install.map((file) => `${base}/${file.path}`),
  );
  await keep(cache, [shell]);
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(prefix) && name !== cacheName) await caches.delete(name);
  }
  await worker.clients.claim();
}

let finishing: Promise<void> | null = null;

/** The second wave, asked for by the page; a repeated call only says how things stand. */
function keepLater(): Promise<void> {
  finishing ??= keepLaterOnce().finally(() => (finishing = null));
  return finishing;
}

async function keepLaterOnce() {
  try {
    const cache = await caches.open(cacheName);
    const { later } = await keptList(cache);
    const total = later.reduce((sum, file) => sum + file.bytes, 0);
    let done = 0;
    for (const file of later) {
      await keep(cache, [`${base}/${file.path}`]);
      done += file.bytes;
      if (done < total) await tell({ kind: 'progress', done, total });
    }
    await tell({ kind: 'ready' });
  } catch (error) {
    // Tried again with the next page load; until then the app runs, only not all of it offline.
    await tell({ kind: 'incomplete', reason: String(error) });
  }
}

/** Reads the list from the server and keeps it, so that the second wave belongs to the same version as the first. */
async function readList(): Promise<PrecacheList> {
  const cache = await caches.open(cacheName);
  await keep(cache, [`${base}/precache.json`]);
  return keptList(cache);
}

async function keptList(cache: Cache): Promise<PrecacheList> {
  const kept = await cache.match(`${base}/precache.json`);
  if (!kept) throw new Error('The list of files to keep is missing');
  return (await kept.json()) as PrecacheList;
}

/** Fetches what is not kept yet, a few at a time; any failure fails the whole, and the browser tries again later. */
async function keep(cache: Cache, paths: string[]) {
  const queue = [...paths];
  const take = async () => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      if (await cache.match(path)) continue;
      // Names under immutable/ change with their content; the rest may be stale in the HTTP cache.
      const fresh = path.includes('/immutable/') ? 'default' : 'reload';
      const response = await fetch(path, { cache: fresh });
      if (!response.ok || response.redirected) throw new Error(`${path}: ${response.status}`);
      await cache.put(path, response);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, take));
}

async function answer(request: Request, url: URL): Promise<Response> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(url.pathname, { ignoreVary: true });
  if (kept) return kept;
  if (request.mode === 'navigate') {
    const page = await cache.match(shell);
    if (page) return page;
  }
  return fetch(request);
}

async function tell(message: { kind: string; [key: string]: unknown }) {
  for (const client of await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })) {
    client.postMessage(message);
  }
}
