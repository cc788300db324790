// Fetching what readers miss: ranges in blocks, put together where they touch, several at a time, each block once however
// many ask for it. One fetcher serves all workers of this origin.
import { isLoamError, LoamError, toWire, type WireError } from '../../engine/errors.ts';
import type { Remote, RemoteFacts } from './address.ts';
import {
  boxPrefix,
  cacheDirectory,
  heardAt,
  letterAt,
  letterMost,
  sharedHandle,
  type Fetched,
  type Layout,
  type Need,
} from './cache-layout.ts';
import type { RemoteFile } from './cache-reader.ts';
import type { Cache, CacheFile } from './cache-writer.ts';
import { isChanged, isUnreached, openObject, readRange, type RangeOptions } from './range-request.ts';

export interface Fetcher {
  /**
   * Looks at an object and makes it readable. `size`: what the registry says of it, where that is known. Without a
   * network the newest that is kept of it is opened. `listed`: what a list just said of it, so that nobody needs to ask.
   */
  open(remote: Remote, size: number | null, listed?: RemoteFacts | null): Promise<RemoteFile>;
  /** All of its bytes, fetched where they are not here. For small objects: they are held in memory. */
  whole(id: string): Promise<Uint8Array>;
  /** Brings a range onto this device. */
  ensure(id: string, from: number, to: number): Promise<Fetched>;
  /** What is here of an object that was opened; null where a block is missing. */
  kept(identity: string, from: number, to: number): Promise<Uint8Array | null>;
  /** Answers a reader that sleeps. */
  serve(need: Need): Promise<void>;
  fetched(id: string): Fetched;
}

export interface FetcherOptions extends RangeOptions {
  /** Requests at a time, of all objects together. */
  lanes?: number;
}

/** Browsers allow six connections to a host. */
const lanesMost = 6;
/** One request asks for so much at most, so that several go side by side and memory is bounded. */
const pieceMost = 1024 * 1024;
/** Missing blocks with so little between them are one request: asking costs more than the bytes. */
const gapMost = 32 * 1024;
/** What an opened file shows at once: for most formats its kind, for small ones all of it. */
const firstBytes = 65_536;

/** An answer of the server stands for so long; what changes meanwhile shows at the next range. */
const freshMs = 5_000;
/** Files held open for writing at a time: what is open cannot be thrown away. */
const heldMost = 32;

interface Opened {
  id: string;
  remote: Remote;
  facts: RemoteFacts;
  layout: Layout;
  /** Opened when a block is missing, closed when other objects need it. */
  file: Promise<CacheFile> | null;
  /** `performance.now()` of the server's last word; null where it was not asked. */
  asked: number | null;
  fetched: Fetched;
  /** Blocks on their way. */
  coming: Map<number, Promise<void>>;
  /** Others at work on its file. */
  writing: number;
  /** Why nothing can be read of it any more. */
  gone: LoamError | null;
}

export function createFetcher(cache: Cache, options: FetcherOptions = {}): Fetcher {
  const { lanes = lanesMost } = options;
  const opened = new Map<string, Opened>();
  const opening = new Map<string, Promise<RemoteFile>>();
  const boxes = new Map<string, Promise<FileSystemSyncAccessHandle>>();
  let free = lanes;
  const urgent: (() => void)[] = [];
  const later: (() => void)[] = [];

  /** What somebody waits for goes before what may be wanted. */
  async function lane<T>(soon: boolean, work: () => Promise<T>): Promise<T> {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => (soon ? urgent : later).push(resolve));
    try {
      return await work();
    } finally {
      const next = urgent.shift() ?? later.shift();
      if (next) next();
      else free++;
    }
  }

  async function look(remote: Remote, size: number | null, listed: RemoteFacts | null): Promise<RemoteFile> {
    const before = [...opened.values()].find((one) => one.remote.identity === remote.identity && !one.gone);
    if (before?.asked && performance.now() - before.asked < freshMs && sizeFits(before, size)) {
      before.remote = remote;
      return fileOf(before, false);
    }
    if (listed) {
      const object = await keep(remote, listed);
      object.asked = performance.now();
      return fileOf(object, false);
    }
    const kept = (await cache.known(remote.identity)).filter((one) => size === null || one.size === size);
    try {
      // What is here already is only asked whether it is still the same.
      const most = kept.length > 0 ? 1 : firstBytes;
      const patience = kept.length > 0 ? { ...options, retries: 0 } : options;
      const { facts, head } = await lane(true, () => openObject(remote, most, size, patience));
      if (size !== null && facts.size !== size)
        throw new LoamError(
          'FileUnreadable',
          `${remote.title} has ${facts.size} bytes now, the database says ${size}: it was replaced since it was registered. Register it again as a new version.`,
          { address: remote.identity, trouble: 'final', size: facts.size },
        );
      const object = await keep(remote, facts);
      object.asked = performance.now();
      const earlier = { ...object.fetched };
      object.fetched.requests++;
      object.fetched.bytes += head.length;
      const { block } = object.layout;
      const whole = head.length === facts.size ? head.length : Math.floor(head.length / block) * block;
      object.writing++;
      try {
        const file = await held(object);
        if (whole > 0 && !file.has(0)) await file.write(0, head.subarray(0, whole));
      } finally {
        object.writing--;
      }
      return fileOf(object, false, earlier);
    } catch (error) {
      const [newest] = kept;
      if (!isUnreached(error) || !newest) throw error;
      const { tag } = newest;
      return fileOf(await keep(remote, { size: newest.size, tag }), true);
    }
  }

  const sizeFits = ({ facts }: Opened, size: number | null) => size === null || facts.size === size;

  const fileOf = (
    { id, remote, facts, fetched }: Opened,
    offline: boolean,
    before: Fetched = fetched,
  ): RemoteFile => ({
    remote: true,
    before: { ...before },
    now: { ...fetched },
    id,
    title: remote.title,
    size: facts.size,
    tag: facts.tag,
    offline,
  });

  const headerOf = ({ remote: { identity, title }, facts }: Pick<Opened, 'remote' | 'facts'>) => ({
    identity,
    title,
    ...facts,
  });

  /** The object's file, open for writing; others give way. */
  function held(object: Opened): Promise<CacheFile> {
    opened.delete(object.id);
    opened.set(object.id, object);
    if (object.file) return object.file;
    const unused = idle();
    for (const one of unused.slice(0, Math.max(0, unused.length + 1 - heldMost))) void letGo(one);
    const file = cache.open(headerOf(object));
    object.file = file;
    file.catch(() => (object.file = null));
    return file;
  }

  const idle = () =>
    [...opened.values()].filter((one) => one.file && one.coming.size === 0 && one.writing === 0);

  async function letGo(object: Opened): Promise<void> {
    const { file } = object;
    object.file = null;
    await file?.then((one) => one.close()).catch(() => {});
  }
  cache.whenFull(async () => void (await Promise.all(idle().map(letGo))));

  async function keep(remote: Remote, facts: RemoteFacts): Promise<Opened> {
    for (const [id, other] of opened) {
      if (other.remote.identity !== remote.identity) continue;
      const same = other.facts.size === facts.size && other.facts.tag === facts.tag && !other.gone;
      if (same) {
        // Keys may be new.
        other.remote = remote;
        return other;
      }
      await drop(other, changedSince(other.remote));
      opened.delete(id);
    }
    const file = await cache.open(headerOf({ remote, facts }));
    const object: Opened = {
      id: file.id,
      remote,
      facts,
      layout: file.layout,
      file: Promise.resolve(file),
      asked: null,
      fetched: { bytes: 0, requests: 0 },
      coming: new Map(),
      writing: 0,
      gone: null,
    };
    opened.set(file.id, object);
    return object;
  }

  /** The object is another one now: nothing of what was read of it may be mixed with what it is. */
  async function drop(object: Opened, why: LoamError): Promise<void> {
    if (object.gone) return;
    object.gone = why;
    (await held(object)).empty();
    await letGo(object);
  }

  async function fetchPiece(object: Opened, first: number, last: number, soon: boolean): Promise<void> {
    const { block } = object.layout;
    const from = first * block;
    const to = Math.min(object.facts.size, (last + 1) * block);
    await lane(soon, async () => {
      if (object.gone) throw object.gone;
      try {
        object.fetched.requests++;
        const bytes = await readRange(object.remote, object.facts, from, to, options);
        if (object.gone) throw object.gone;
        object.fetched.bytes += bytes.length;
        await (await held(object)).write(first, bytes);
      } catch (error) {
        if (isChanged(error) && isLoamError(error)) await drop(object, error);
        throw error;
      }
    });
  }

  /** Missing blocks of a range as runs, near ones as one, none longer than a piece. */
  function missing({ layout: { block }, coming }: Opened, file: CacheFile, from: number, to: number) {
    const runs: [number, number][] = [];
    const gap = Math.floor(gapMost / block);
    const most = Math.max(1, Math.floor(pieceMost / block));
    for (let at = Math.floor(from / block); at * block < to; at++) {
      if (file.has(at) || coming.has(at)) continue;
      const run = runs.at(-1);
      const near = run && at - run[1] <= gap + 1 && at - run[0] < most;
      const between = near ? Array.from({ length: at - run[1] - 1 }, (_, i) => run[1] + 1 + i) : [];
      if (near && between.every((one) => !coming.has(one))) run[1] = at;
      else runs.push([at, at]);
    }
    return runs;
  }

  async function bring(object: Opened, from: number, to: number, soon: boolean): Promise<void> {
    if (object.gone) throw object.gone;
    const { block } = object.layout;
    object.writing++;
    const file = await held(object).finally(() => object.writing--);
    for (const [first, last] of missing(object, file, from, to)) {
      const piece = fetchPiece(object, first, last, soon).finally(() => {
        for (let at = first; at <= last; at++) object.coming.delete(at);
      });
      piece.catch(() => {});
      for (let at = first; at <= last; at++) object.coming.set(at, piece);
    }
    const wanted = new Set<Promise<void>>();
    for (let at = Math.floor(from / block); at * block < to; at++) {
      const piece = object.coming.get(at);
      if (piece) wanted.add(piece);
    }
    await Promise.all(wanted);
  }

  function find(id: string): Opened {
    const object = opened.get(id);
    if (!object)
      throw new LoamError(
        'ConnectionLost',
        'The tab that fetched remote files was closed meanwhile. Run this again.',
      );
    return object;
  }

  async function ensure(id: string, from: number, to: number): Promise<Fetched> {
    const object = find(id);
    await bring(object, Math.max(0, from), Math.min(object.facts.size, to), true);
    return { ...object.fetched };
  }

  function boxOf(box: string): Promise<FileSystemSyncAccessHandle> {
    const known = boxes.get(box);
    if (known) return known;
    const made = (async () => sharedHandle(await (await cacheDirectory()).getFileHandle(box)))();
    boxes.set(box, made);
    return made;
  }

  const number = (value: number) => new Uint8Array(new Uint32Array([value]).buffer);

  async function answer(box: string, turn: number, value: object): Promise<void> {
    const handle = await boxOf(box);
    const text = new TextEncoder().encode(JSON.stringify(value));
    handle.write(text, { at: letterAt });
    handle.write(number(text.length), { at: 4 });
    handle.write(number(turn), { at: 0 });
  }

  /** Errors of ours are short; one that is not must not be cut in the middle of its JSON. */
  function shortened(error: unknown): WireError {
    const { code, message, details } = toWire(error);
    const short = { code, message: message.slice(0, 1000), details };
    return JSON.stringify(short).length < (letterMost - letterAt - 64) / 4
      ? short
      : { ...short, details: {} };
  }

  return {
    open(remote, size, listed = null) {
      const known = opening.get(remote.identity);
      if (known) return known;
      const work = look(remote, size, listed).finally(() => opening.delete(remote.identity));
      opening.set(remote.identity, work);
      return work;
    },
    ensure,
    async whole(id) {
      const object = find(id);
      const { size } = object.facts;
      for (let tries = 0; tries < 3; tries++) {
        await bring(object, 0, size, true);
        const bytes = (await held(object)).read(0, size);
        if (bytes) return bytes;
      }
      throw new LoamError(
        'FileUnreadable',
        `${object.remote.title} does not fit into the cache of remote files.`,
      );
    },
    async kept(identity, from, to) {
      const object = [...opened.values()].find((one) => one.remote.identity === identity && !one.gone);
      return object ? (await held(object)).read(from, to) : null;
    },
    fetched: (id) => ({ ...find(id).fetched }),
    async serve({ box, turn, id, from, to, ahead }) {
      if (!box.startsWith(boxPrefix)) return;
      try {
        (await boxOf(box)).write(number(turn), { at: heardAt });
        const fetched = await ensure(id, from, to);
        await answer(box, turn, { fetched });
        const object = find(id);
        for (const [start, end] of ahead.slice(0, 64)) bring(object, start, end, false).catch(() => {});
      } catch (error) {
        await answer(box, turn, { error: shortened(error) }).catch(() => {});
      }
    },
  };
}

const changedSince = (remote: Remote) =>
  new LoamError(
    'FileUnreadable',
    `${remote.title} cannot be read: it was changed since it was opened. What was read of it is thrown away. Run this again to read it as it is now.`,
    { address: remote.identity, trouble: 'changed' },
  );
