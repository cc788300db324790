// Files on their way to a bucket (uploads) and from one (kept offline), one artifact at a time, in the leading worker. Each is
// written down before it begins and goes on in the next leading tab; the bytes move in the worker that fetches
// (remote.worker.ts). A row changes when its bytes are there and compared, never before.
import type { Engine } from '../engine/index.ts';
import { isLoamError, LoamError, toWire, type WireError } from '../engine/errors.ts';
import type { Inspector, Payload } from '../engine/ports.ts';
import type { Whereabouts } from '../engine/registry/whereabouts.ts';
import { downloads } from '../storage/remote/download.ts';
import type { RemoteFacts } from '../storage/remote/address.ts';
import {
  keepTransfer,
  keepUploaded,
  removeTransfer,
  removeUpload,
  storedTransfers,
} from '../storage/remote/transfer-store.ts';
import type { OpfsBlobStore } from '../storage/blob/opfs.ts';
import { isRemoteFile } from '../storage/remote/cache-reader.ts';
import { isBucket } from '../storage/remote/s3.ts';
import { createFinder } from './find-bytes.ts';
import type { RemotePlace } from './remote.worker.ts';
import type { Remotes } from './remotes.ts';

/** `waiting`: for a network, it goes on by itself. `failed`: somebody has to do something first. */
export type TransferState = 'queued' | 'running' | 'waiting' | 'paused' | 'failed' | 'done' | 'cancelled';

export interface Transfer {
  id: string;
  kind: 'upload' | 'keep';
  /** The artifact, and what it is called. */
  uid: string;
  name: string;
  /** Uid and root of the storage the bytes go to or come from. */
  storage: string;
  root: string;
  /** Of an upload: this device's copy stays. */
  keep: boolean;
  state: TransferState;
  /** What a running one does. */
  step: 'comparing' | 'moving';
  size: number;
  done: number;
  error: WireError | null;
}

export interface TransfersApi {
  /** Uploads artifacts to a bucket; what is wrong with one of them is its error. A second call for the same changes nothing. */
  uploadArtifacts(uids: string[], storage: string, options: { keep: boolean }): Promise<void>;
  /** Brings whole artifacts that lie elsewhere onto this device, to stay. LaminDB's `artifact.cache()`. */
  keepOffline(uids: string[]): Promise<void>;
  /** Gives up this device's copies of artifacts that lie elsewhere; answers how many stayed for another database. */
  releaseCopies(uids: string[]): Promise<number>;
  transfers(): Promise<Transfer[]>;
  /** Null: all of them. */
  pauseTransfer(id: string | null, paused: boolean): Promise<void>;
  /** Ends it; of an upload nothing stays in the bucket. */
  cancelTransfer(id: string | null): Promise<void>;
  retryTransfer(id: string | null): Promise<void>;
  /** Takes those that have ended off the list. */
  clearTransfers(): Promise<void>;
}

interface Stored extends Transfer {
  db: string;
  /** What the files were when their content was compared with the artifact's hash. */
  compared: string | null;
  /** Files of the artifact that are through. */
  through: number[];
  /** Of a download: what the object was when it began, by number of file. */
  facts: Record<number, RemoteFacts>;
}

export interface TransfersDeps {
  engine: Engine;
  blobs: OpfsBlobStore;
  inspector: Inspector;
  remotes: Remotes;
  db: string;
  tell: (transfers: Transfer[]) => void;
}

const tellMs = 100;
const waitLeast = 3_000;
const waitMost = 30_000;
/** So many files that came to a server are told of together. */
const placedAtOnce = 50;
const ended = new Set<TransferState>(['done', 'cancelled']);

export interface Transfers extends TransfersApi {
  /** Other keys are known for a storage: what failed for want of them goes on. */
  keysCame(storage: string): void;
}

export function createTransfers(deps: TransfersDeps): Transfers {
  const { engine, blobs, inspector, remotes } = deps;
  const { find } = createFinder(blobs, remotes);
  const all = new Map<string, Stored>();
  /** Artifacts whose bytes are at a server, by uid; their rows are to say so. */
  const toPlace = new Map<string, string>();
  let running: Stored | null = null;
  /** What is to become of the running one after it was stopped. */
  let stopping: 'paused' | 'cancelled' | null = null;
  /** Which file of the running one is on its way, so that it can be stopped. */
  let moving: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = waitLeast;
  let telling: ReturnType<typeof setTimeout> | undefined;
  /** Bytes of the running one's files that are through, and of the one on its way. */
  let before = 0;

  const loaded = (async () => {
    for (const one of await storedTransfers<Stored>().catch(() => [])) {
      if (one.db !== deps.db) continue;
      const goesOn = one.state === 'running' || one.state === 'waiting';
      all.set(one.id, { ...one, state: goesOn ? 'queued' : one.state });
    }
    if (all.size > 0) tell();
    void work();
  })();

  const shown = ({ id, kind, uid, name, storage, root, keep, state, step, size, done, error }: Stored) =>
    ({ id, kind, uid, name, storage, root, keep, state, step, size, done, error }) satisfies Transfer;

  function tell(): void {
    telling ??= setTimeout(() => {
      telling = undefined;
      deps.tell([...all.values()].map(shown));
    }, tellMs);
  }

  async function change(transfer: Stored, values: Partial<Stored>): Promise<void> {
    Object.assign(transfer, values);
    tell();
    if (ended.has(transfer.state)) await removeTransfer(transfer.id).catch(() => {});
    else await keepTransfer({ ...transfer }).catch(() => {});
  }

  remotes.onNews(({ id, bytes, facts }) => {
    const file = running && id.startsWith(`${running.id}-`) ? Number(id.slice(running.id.length + 1)) : null;
    if (!running || file === null) return;
    wait = waitLeast;
    if (facts) void change(running, { facts: { ...running.facts, [file]: facts } });
    running.done = Math.min(running.size, before + bytes);
    tell();
  });
  globalThis.addEventListener?.('online', () => void wake());

  async function wake(): Promise<void> {
    clearTimeout(timer);
    for (const one of all.values()) if (one.state === 'waiting') await change(one, { state: 'queued' });
    void work();
  }

  async function work(): Promise<void> {
    if (running) return;
    const next = [...all.values()].find(({ state }) => state === 'queued');
    if (!next) return;
    running = next;
    stopping = null;
    before = 0;
    try {
      await change(next, { state: 'running', error: null, done: 0 });
      await (next.kind === 'upload' ? upload(next) : keep(next));
      await change(next, { state: 'done', done: next.size });
      wait = waitLeast;
    } catch (error) {
      await settle(next, error);
    }
    running = null;
    void work();
  }

  async function settle(transfer: Stored, error: unknown): Promise<void> {
    const stopped = stopping as 'paused' | 'cancelled' | null;
    if (stopped === 'cancelled') {
      await throwAway(transfer);
      return change(transfer, { state: 'cancelled', error: null });
    }
    if (stopped === 'paused') return change(transfer, { state: 'paused', error: null });
    const wire = toWire(error);
    // What looks like a missing rule in the middle of a download is a connection that broke.
    const passes =
      isLoamError(error) &&
      error.details['trouble'] === 'transient' &&
      (transfer.kind === 'keep' || !error.details['cors']);
    await change(transfer, { state: passes ? 'waiting' : 'failed', error: wire });
    if (!passes) return;
    clearTimeout(timer);
    timer = setTimeout(() => void wake(), wait);
    wait = Math.min(waitMost, wait * 2);
  }

  /** Whoever asked to stop is heard between two files too. */
  function goOn(): void {
    if (stopping) throw new LoamError('Cancelled', 'This was stopped.');
  }

  /** One file on its way, where `stop` finds it. */
  async function move<T>(name: string, way: (name: string) => Promise<T>): Promise<T> {
    goOn();
    moving = name;
    try {
      return await way(name);
    } finally {
      moving = null;
    }
  }

  /* ---------- up ---------- */

  async function upload(transfer: Stored): Promise<void> {
    const { place, storage, there } = engine.planPlacing(transfer.uid, transfer.storage);
    const server = remotes.serverOf(storage);
    if (!there && !toPlace.has(place.uid)) {
      const files = await ownFiles(place);
      await compare(transfer, place, files);
      await change(transfer, { step: 'moving', size: sum(files.map(({ file }) => file.size)) });
      for (const [i, { path, file }] of files.entries()) {
        if (!transfer.through.includes(i)) {
          const key = path === '' ? place.copyKey : `${place.copyKey}/${path}`;
          if (server)
            await move(`${transfer.id}-${i}`, (name) => remotes.api().sendToServer(name, server, key, file));
          else {
            const target = await remotes.target(storage, key);
            await move(`${transfer.id}-${i}`, (name) => remotes.api().send(name, target, file));
          }
          await change(transfer, { through: [...transfer.through, i] });
        }
        before += file.size;
        transfer.done = before;
      }
      const { uid, root, type, region } = storage;
      await keepUploaded({ uid: place.uid, storage: { uid, root, type, region }, key: place.copyKey });
      if (server) toPlace.set(place.uid, storage.uid);
      else engine.placeIn(place.uid, storage.uid);
    }
    if (!transfer.keep || toPlace.size >= placedAtOnce || !nextToServer(transfer)) placeAll();
    if (!transfer.keep) await engine.releaseCopy(transfer.uid);
  }

  const nextToServer = (after: Stored): boolean =>
    [...all.values()].some(
      (one) =>
        one !== after && one.state === 'queued' && one.kind === 'upload' && one.storage === after.storage,
    );

  /** Rows whose bytes have come to a server change together: many small files are one act. */
  function placeAll(): void {
    for (const storage of new Set(toPlace.values())) {
      const uids = [...toPlace].flatMap(([uid, its]) => (its === storage ? [uid] : []));
      engine.placeAllIn(uids, storage);
      for (const uid of uids) toPlace.delete(uid);
    }
  }

  async function ownFiles(place: Whereabouts): Promise<{ path: string; file: File }[]> {
    const found = await find(place);
    const files = 'file' in found ? [{ path: '', file: found.file }] : found.files;
    return files.map(({ path, file }) => {
      if (isRemoteFile(file))
        throw new LoamError(
          'BytesElsewhere',
          `${place.name} lies in ${place.storage.root} and not on this device. Keep it offline first, then upload it.`,
          { storage: place.storage.uid },
        );
      return { path, file };
    });
  }

  /** What is sent must be what the artifact is. A file that was compared is not read again for it after a pause. */
  async function compare(
    transfer: Stored,
    place: Whereabouts,
    files: readonly { path: string; file: File }[],
  ): Promise<void> {
    const seen = files.map(({ path, file }) => `${path}:${file.size}:${file.lastModified}`).join('\n');
    if (place.hash === null || transfer.compared === seen) return;
    await change(transfer, { step: 'comparing', size: sum(files.map(({ file }) => file.size)), through: [] });
    if (!(await isArtifact(place, files)))
      throw new LoamError(
        'IntegrityError',
        `${place.name} on this device is not what the artifact is: its hash is another one. Nothing was uploaded.`,
        { key: place.copyKey, trouble: 'final' },
      );
    transfer.done = 0;
    await change(transfer, { compared: seen });
  }

  /** By LaminDB's hash; by the ETag of which it was made, where it lies in place. */
  async function isArtifact(
    place: Whereabouts,
    files: readonly { path: string; file: File }[],
  ): Promise<boolean> {
    const [first] = files;
    if (place.hash === null || !first) return true;
    const parts = /^md5-\d+$/.test(place.hashType ?? '') ? place.hashType : null;
    if (place.hashType === 'md5-etag') return true;
    if (parts !== null) {
      const tag = `${hexOf(place.hash)}${parts?.slice(3) ?? ''}`;
      // Parts of a size that nobody uses: size and ETag of the object were compared on the way.
      return (await remotes.api().isTagOf(first.file, tag)) !== false;
    }
    const payload: Payload = place.folder
      ? { name: place.name, file: null, files: [...files] }
      : { name: place.name, file: first.file, files: null };
    const signal = {
      get aborted() {
        return stopping !== null;
      },
    };
    const onProgress = (bytes: number) => {
      if (running) running.done = Math.min(running.size, bytes);
      tell();
    };
    return (await inspector.hash(payload, onProgress, signal)).hash === place.hash;
  }

  /* ---------- down ---------- */

  async function keep(transfer: Stored): Promise<void> {
    const place = engine.whereabouts(transfer.uid);
    await remotes.know();
    if (place.here || (await blobs.exists(place.copyKey))) return;
    const objects: { path: string; place: RemotePlace; size: number | null }[] = place.folder
      ? await remotes.objectsOf(place)
      : [{ path: '', place: await remotes.placeOf(place), size: place.size }];
    await change(transfer, { step: 'moving', size: sum(objects.map(({ size }) => size ?? 0)) });
    const folder = await downloads();
    const files: { path: string; file: File; handle: FileSystemFileHandle }[] = [];
    for (const [i, object] of objects.entries()) {
      const name = `${transfer.id}-${i}`;
      const { size } = await move(name, () =>
        remotes.api().bring(name, object.place, object.size, transfer.facts[i] ?? null),
      );
      before += size;
      if (transfer.size < before) transfer.size = before;
      const handle = await folder.getFileHandle(name);
      files.push({ path: object.path, file: await handle.getFile(), handle });
    }
    await change(transfer, { step: 'comparing', done: 0 });
    if (!(await isArtifact(place, files))) {
      await throwAway(transfer);
      throw new LoamError(
        'IntegrityError',
        `${place.name} in ${place.storage.root} is not what the artifact is: its hash is another one. What was fetched is thrown away. Register it again as a new version.`,
        { key: place.key, trouble: 'final' },
      );
    }
    for (const { path, handle } of files)
      await blobs.adopt(handle, path === '' ? place.copyKey : `${place.copyKey}/${path}`);
    engine.noteCopy(place.id, place.copyKey);
    await throwAway(transfer);
  }

  /* ---------- what is left ---------- */

  async function throwAway(transfer: Stored): Promise<void> {
    if (transfer.kind === 'keep') {
      const folder = await downloads();
      const names: string[] = [];
      for await (const name of folder.keys()) if (name.startsWith(`${transfer.id}-`)) names.push(name);
      for (const name of names) await folder.removeEntry(name).catch(() => {});
      return;
    }
    try {
      const { place, storage } = engine.planPlacing(transfer.uid, transfer.storage);
      const paths = place.folder ? (await ownFiles(place)).map(({ path }) => `/${path}`) : [''];
      const server = remotes.serverOf(storage);
      if (server) {
        for (const { path, file } of await ownFiles(place))
          await remotes
            .api()
            .unsendFromServer(server, path === '' ? place.copyKey : `${place.copyKey}/${path}`, file);
        return;
      }
      for (const [i, path] of paths.entries())
        await remotes
          .api()
          .unsend(`${transfer.id}-${i}`, await remotes.target(storage, `${place.copyKey}${path}`));
    } catch (error) {
      // Without a network the parts stay in the bucket until its own rule clears them.
      console.warn('Parts of a cancelled upload may still be in the bucket', toWire(error).code);
      await removeUpload(`${transfer.id}-0`).catch(() => {});
    }
  }

  async function add(fresh: Pick<Transfer, 'kind' | 'uid' | 'storage' | 'keep'>[]): Promise<void> {
    await loaded;
    for (const one of fresh) {
      const same = [...all.values()].find(
        ({ kind, uid, state }) => kind === one.kind && uid === one.uid && !ended.has(state),
      );
      if (same) {
        if (same.state === 'failed' || same.state === 'paused')
          await change(same, { state: 'queued', error: null, storage: one.storage, keep: one.keep });
        continue;
      }
      const place = engine.whereabouts(one.uid);
      const root = engine.storageFacts().find(({ uid }) => uid === one.storage)?.root ?? '';
      const transfer: Stored = {
        ...one,
        id: crypto.randomUUID(),
        db: deps.db,
        name: place.name,
        root,
        state: 'queued',
        step: 'comparing',
        size: place.size ?? 0,
        done: 0,
        error: null,
        compared: null,
        through: [],
        facts: {},
      };
      all.set(transfer.id, transfer);
      await change(transfer, {});
    }
    void work();
  }

  const chosen = (id: string | null) =>
    id === null ? [...all.values()] : [all.get(id)].filter((one) => one !== undefined);

  async function stop(transfer: Stored, how: 'paused' | 'cancelled'): Promise<void> {
    if (transfer !== running) {
      // At once: while the network is asked it must not be its turn.
      transfer.state = how;
      if (how === 'cancelled') await throwAway(transfer);
      return change(transfer, { state: how, error: null });
    }
    stopping = how;
    if (moving !== null) await remotes.api().stop(moving);
  }

  return {
    async uploadArtifacts(uids, storage, { keep: stays }) {
      const found = engine.storageFacts().find(({ uid }) => uid === storage);
      if (!found || (!isBucket(found.root) && remotes.serverOf(found) === null))
        throw new LoamError('InvalidArgument', 'Files are uploaded to a bucket. Add one in Settings first.', {
          storage,
        });
      await add(uids.map((uid) => ({ kind: 'upload', uid, storage, keep: stays })));
    },
    async keepOffline(uids) {
      await add(
        uids.flatMap((uid) => {
          const place = engine.whereabouts(uid);
          return place.here ? [] : [{ kind: 'keep' as const, uid, storage: place.storage.uid, keep: true }];
        }),
      );
    },
    async releaseCopies(uids) {
      let stayed = 0;
      for (const uid of uids) if (!(await engine.releaseCopy(uid))) stayed++;
      return stayed;
    },
    async transfers() {
      await loaded;
      return [...all.values()].map(shown);
    },
    async pauseTransfer(id, paused) {
      for (const one of chosen(id)) {
        if (paused && ['queued', 'running', 'waiting'].includes(one.state)) await stop(one, 'paused');
        if (!paused && one.state === 'paused') await change(one, { state: 'queued' });
      }
      void work();
    },
    async cancelTransfer(id) {
      for (const one of chosen(id)) if (!ended.has(one.state)) await stop(one, 'cancelled');
    },
    async retryTransfer(id) {
      for (const one of chosen(id))
        if (one.state === 'failed' || one.state === 'waiting')
          await change(one, { state: 'queued', error: null });
      void work();
    },
    async clearTransfers() {
      for (const one of [...all.values()]) if (ended.has(one.state)) all.delete(one.id);
      tell();
    },
    keysCame(storage) {
      for (const one of all.values())
        if (one.state === 'failed' && one.storage === storage && one.error?.details['keys'] === true)
          void change(one, { state: 'queued', error: null }).then(() => work());
    },
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** LaminDB's base64url of an md5 as hex. */
function hexOf(hash: string): string {
  const text = atob(hash.replaceAll('-', '+').replaceAll('_', '/'));
  return Array.from(text, (one) => one.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}
