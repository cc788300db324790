// Reading a remote object without waiting for promises, as DuckDB and HDF5 must: from the blocks on this device, and where
// one is missing the fetching worker is asked and this thread sleeps until it has answered. Only in workers.
import { fromWire, LoamError, type WireError } from '../../engine/errors.ts';
import type { ByteSource } from '../../engine/ports.ts';
import {
  boxPrefix,
  cacheDirectory,
  channelName,
  layoutOf,
  heardAt,
  letterAt,
  letterMost,
  sharedHandle,
  tableAt,
  type Fetched,
  type Need,
} from './cache-layout.ts';

/** An object that was opened for reading: plain data, so that it crosses workers. It holds no key and no signature. */
export interface RemoteFile {
  remote: true;
  /** Names object and version; a file name. */
  id: string;
  /** As people call it. */
  title: string;
  size: number;
  /** Its ETag, else the time of its change; empty where neither is known. */
  tag: string;
  /** No server was reached: only what is kept can be read. */
  offline: boolean;
  /** What was fetched of it before it was opened now, and with the opening, which asks too. */
  before: Fetched;
  now: Fetched;
}

export const isRemoteFile = (value: unknown): value is RemoteFile =>
  typeof value === 'object' && value !== null && (value as RemoteFile).remote === true;

export interface RemoteMeter {
  /** Reads answered from this device alone, and those that had to wait. */
  kept: number;
  waited: number;
  /** Fetched for this object since it was opened, whoever asked. */
  fetched: Fetched;
}

export interface RemoteReader extends ByteSource {
  readonly far: true;
  readSync(start: number, end: number): Uint8Array;
  /**
   * Says what is worth fetching at once: for a read at an offset the range to fetch in its place, and ranges that
   * are likely next. `goesOn`: the last read ended where this one begins. Without it reads that follow one another fetch more and more ahead.
   */
  plan:
    | ((
        start: number,
        end: number,
        goesOn: boolean,
      ) => { from: number; to: number; ahead: [number, number][] })
    | null;
  readonly meter: RemoteMeter;
  /** What is fetched by now, also what came ahead of any read. Asks only where this reader has waited. */
  count(): RemoteMeter;
  close(): void;
}

/** A worker that fetches answers each range in words long before this. */
const patienceMs = 120_000;
const heardMs = 10_000;
const aheadMost = 4 * 1024 * 1024;

let sleeper: Int32Array | null = null;
/** Sleeps without shared memory between threads: this memory is nobody else's. */
function sleep(ms: number): void {
  sleeper ??= new Int32Array(new WebAssembly.Memory({ shared: true, initial: 1, maximum: 1 }).buffer);
  Atomics.wait(sleeper, 0, 0, ms);
}

/** Made before a fence closes BroadcastChannel; one for each worker. */
export interface Asker {
  ask(need: Omit<Need, 'type' | 'box' | 'turn'>): Fetched;
}

/** Opens this worker's letter box. Throws where the browser has no shared handles. */
export async function createAsker(
  channel: Pick<BroadcastChannel, 'postMessage'> = new BroadcastChannel(channelName),
): Promise<Asker> {
  const box = boxPrefix + crypto.randomUUID();
  const handle = await sharedHandle(await (await cacheDirectory()).getFileHandle(box, { create: true }));
  handle.write(new Uint8Array(heardAt + 4), { at: 0 });
  let turn = 0;
  return {
    ask(need) {
      turn++;
      channel.postMessage({ type: 'need', box, turn, ...need } satisfies Need);
      const started = performance.now();
      const head = new Uint32Array(2);
      const heard = new Uint32Array(1);
      for (let slept = 0; ; slept++) {
        handle.read(new Uint8Array(head.buffer), { at: 0 });
        if (head[0] === turn) break;
        const waited = performance.now() - started;
        if (waited > heardMs && heard[0] !== turn) handle.read(new Uint8Array(heard.buffer), { at: heardAt });
        if (waited > patienceMs || (waited > heardMs && heard[0] !== turn))
          throw new LoamError(
            'ConnectionLost',
            'The tab that fetches remote files was closed or does not answer. Run this again.',
          );
        sleep(slept < 20 ? 0.5 : 2);
      }
      const text = new Uint8Array(Math.min(letterMost - letterAt, head[1] ?? 0));
      handle.read(text, { at: letterAt });
      const answer = JSON.parse(new TextDecoder().decode(text)) as
        { error: WireError } | { fetched: Fetched };
      if ('error' in answer) throw fromWire(answer.error);
      return answer.fetched;
    },
  };
}

export async function openReader(file: RemoteFile, asker: Asker): Promise<RemoteReader> {
  const layout = layoutOf(file.size);
  const handle = await sharedHandle(await (await cacheDirectory()).getFileHandle(file.id));
  const meter: RemoteMeter = { kept: 0, waited: 0, fetched: { ...file.now } };
  let last = -1;
  let ahead = 0;

  function slotsOf(first: number, count: number): Uint32Array {
    const slots = new Uint32Array(count);
    handle.read(new Uint8Array(slots.buffer), { at: tableAt(first) });
    return slots;
  }

  /** The bytes where all of them are here; null where one is missing, or went while it was read. */
  function kept(start: number, end: number): Uint8Array | null {
    const first = Math.floor(start / layout.block);
    const count = Math.ceil(end / layout.block) - first;
    const slots = slotsOf(first, count);
    if (slots.includes(0)) return null;
    const bytes = new Uint8Array(end - start);
    for (let i = 0; i < count;) {
      let next = i + 1;
      while (next < count && slots[next] === (slots[next - 1] ?? 0) + 1) next++;
      const from = Math.max(start, (first + i) * layout.block);
      const to = Math.min(end, (first + next) * layout.block);
      const slot = (slots[i] ?? 0) - 1;
      const at = layout.slots + slot * layout.block + (from - (first + i) * layout.block);
      if (handle.read(bytes.subarray(from - start, to - start), { at }) !== to - from) return null;
      i = next;
    }
    // A slot that was used again meanwhile has left the table before.
    return slotsOf(first, count).every((slot, i) => slot === slots[i]) ? bytes : null;
  }

  /** What follows a read that follows another is wanted too, twice as much each time. */
  function inOrder(start: number, end: number): { from: number; to: number; ahead: [number, number][] } {
    ahead = start === last ? Math.min(aheadMost, Math.max(layout.block, ahead * 2)) : 0;
    const to = Math.min(file.size, end + ahead);
    return {
      from: start,
      to,
      ahead: ahead > 0 && to < file.size ? [[to, Math.min(file.size, to + ahead)]] : [],
    };
  }

  function readSync(start: number, end: number): Uint8Array {
    const to = Math.min(end, file.size);
    if (start >= to) return new Uint8Array();
    for (let tries = 0; ; tries++) {
      const bytes = kept(start, to);
      if (bytes) {
        if (tries === 0) meter.kept++;
        last = to;
        return bytes;
      }
      if (tries === 3) break;
      if (tries === 0) meter.waited++;
      const wanted =
        tries === 0 ? (reader.plan ?? inOrder)(start, to, start === last) : { from: start, to, ahead: [] };
      meter.fetched = asker.ask({ id: file.id, ...wanted });
    }
    throw new LoamError(
      'FileUnreadable',
      `${file.title} needs more room at once than the cache of remote files has. Copy it into this browser first.`,
    );
  }

  const reader: RemoteReader = {
    size: file.size,
    far: true,
    plan: null,
    meter,
    readSync,
    count() {
      if (meter.waited > 0) meter.fetched = asker.ask({ id: file.id, from: 0, to: 0, ahead: [] });
      return meter;
    },
    read: async (start, end) => readSync(start, end),
    close: () => handle.close(),
  };
  return reader;
}
