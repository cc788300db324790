// One live text on the server: bytes, never a Y.Doc. What comes is read first (engine/rooms/text-update.ts) and has to fit what
// is here, so Yjs only puts known bytes together; it integrates nothing, and no peer can make it search.
import * as Y from 'yjs';
import { refusedUpdate } from '../../src/lib/engine/sync/bytes.ts';
import {
  fits,
  mostTextBytes,
  readTextUpdate,
  take,
  type Have,
} from '../../src/lib/engine/rooms/text-update.ts';
import type { TextStore } from './text-store.ts';

/** Updates that wait to be put together with the rest; a keystroke is one. */
const mostTail = 200;
/** Milliseconds until what came is kept; a crash in between costs nothing, since the author's device has it too. */
const keepAfter = 100;
const compactFrom = 500;

export type Added = 'new' | 'known' | 'gap';

export interface TextRoom {
  readonly have: Have;
  /** Takes an update. Throws `UpdateRefused`. `gap`: the sender has to say what comes before. */
  add(bytes: Uint8Array): Added;
  /** What somebody with this state vector lacks. */
  lacking(vector: Uint8Array): Uint8Array;
  /** What another node kept meanwhile. */
  catchUp(): Promise<Uint8Array[]>;
  /** Until all that came is kept. */
  settled(): Promise<void>;
}

export async function openTextRoom(room: string, store: TextStore, node: string): Promise<TextRoom> {
  const have: Have = new Map();
  let whole: Uint8Array = new Uint8Array([0, 0]);
  let tail: Uint8Array[] = [];
  let size = 0;
  let seq = 0;
  let unkept: Uint8Array[] = [];
  let keeping: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let rows = 0;
  let mine = new Set<number>();

  function join(): Uint8Array {
    if (tail.length > 0) whole = Y.mergeUpdates([whole, ...tail]);
    tail = [];
    size = whole.length;
    return whole;
  }

  async function load(): Promise<Uint8Array[]> {
    const found = await store.since(room, seq);
    const others: Uint8Array[] = [];
    for (const kept of found) {
      seq = Math.max(seq, kept.seq);
      if (mine.has(kept.seq)) continue;
      const read = readTextUpdate(kept.bytes);
      take(have, read);
      tail.push(kept.bytes);
      others.push(kept.bytes);
    }
    mine = new Set();
    rows += others.length;
    join();
    return others;
  }

  async function keep(): Promise<void> {
    const now = unkept;
    unkept = [];
    if (now.length === 0) return;
    // Each row is an update of its own, since others read them by place.
    const one = now.length > 1 ? [Y.mergeUpdates(now)] : now;
    try {
      const last = await store.keep(room, one, node);
      mine.add(last);
      rows += 1;
    } catch (error) {
      unkept = [...now, ...unkept];
      throw error;
    }
    if (rows < compactFrom) return;
    rows = 1;
    // The row of all is read again with what others keep next.
    mine = new Set();
    await store.compact(room);
  }

  function soon(): void {
    if (timer) return;
    timer = setTimeout(() => {
      timer = null;
      keeping = keeping.then(keep).catch(() => {
        // Postgres is away: tried again with the next update or at the end; nothing is dropped.
        if (unkept.length > 0) setTimeout(soon, 1000).unref();
      });
    }, keepAfter);
  }

  await load();
  if (rows > 100) await store.compact(room);

  return {
    have,
    add(bytes) {
      const read = readTextUpdate(bytes);
      if (!fits(have, read)) return 'gap';
      const fresh = read.added.some(({ client, clock, count }) => clock + count > (have.get(client) ?? 0));
      if (!fresh) {
        if (read.deleted.length === 0) return 'known';
        // An answer to a sync step repeats all that was ever deleted: is anything of it new?
        const before = join();
        const after = Y.mergeUpdates([before, bytes]);
        if (after.length === before.length && after.every((byte, i) => byte === before[i])) return 'known';
      }
      if (size + bytes.length > mostTextBytes && join().length + bytes.length > mostTextBytes)
        throw refusedUpdate(
          'full',
          `The text has ${size} bytes with its history, where ${mostTextBytes} are the most. Save it, and begin a new note.`,
          { bytes: size, limit: mostTextBytes },
        );
      take(have, read);
      tail.push(bytes);
      size += bytes.length;
      if (tail.length > mostTail) join();
      unkept.push(bytes);
      soon();
      return 'new';
    },
    lacking: (vector) => Y.diffUpdate(join(), vector),
    async catchUp() {
      await keeping;
      return await load();
    },
    async settled() {
      if (timer) clearTimeout(timer);
      timer = null;
      keeping = keeping.then(keep);
      await keeping;
    },
  };
}
