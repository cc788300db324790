// The list of databases on this device: which one is worked in, which are kept beside it and why. It lies in two files
// written in turn, each with a number: a write that is cut off leaves the other one, so the list is never lost.
export interface ShelfEntry {
  /** Names the place the database lies in. */
  id: string;
  /** What people call it; no two are equal. */
  title: string;
  /** `work`: can be worked in; `look`: added to be looked at; `backup`: what another one took the place of. */
  role: 'work' | 'look' | 'backup';
  /** ISO time at which it came to be here. */
  added: string;
  /** Where it comes from, in words. */
  from: string;
  /** Why it cannot be worked in; null where it can. */
  readOnly: string | null;
  /** It was joined, and what an earlier database of this device had is to become a branch of it. */
  rest?: { from: string; title: string; branch: string | null } | null;
  /** Address of a database that stays where it is and is read by ranges. */
  url: string | null;
}

export interface Shelf {
  /** Id of the database that is worked in. */
  own: string;
  /** The one before it, until the present one has been opened once. */
  previous: string | null;
  entries: ShelfEntry[];
  /** Places being filled or checked; removed at the next start if they are still here. */
  trials: string[];
}

/** Where the list is kept. */
export interface ShelfStore {
  load(): Promise<Shelf | null>;
  save(shelf: Shelf): Promise<void>;
}

/** Two slots of text; `read` answers null for one that is not there. */
export interface Slots {
  read(slot: 0 | 1): Promise<string | null>;
  /** Returns when the text is on the disk. */
  write(slot: 0 | 1, text: string): Promise<void>;
}

interface Written {
  turn: number;
  shelf: Shelf;
}

export function shelfStore(slots: Slots): ShelfStore {
  let turn: number | null = null;

  async function newest(): Promise<Written | null> {
    const both = (await Promise.all([slots.read(0), slots.read(1)])).map(parse);
    return both.reduce((a, b) => (a && (!b || a.turn > b.turn) ? a : b), null);
  }

  return {
    async load() {
      const found = await newest();
      turn = found?.turn ?? 0;
      return found?.shelf ?? null;
    },
    async save(shelf) {
      turn ??= (await newest())?.turn ?? 0;
      const next = turn + 1;
      await slots.write((next % 2) as 0 | 1, JSON.stringify({ turn: next, shelf } satisfies Written));
      turn = next;
    },
  };
}

/** A text that was cut off is no JSON. */
function parse(text: string | null): Written | null {
  try {
    const found = JSON.parse(text ?? 'null') as Partial<Written> | null;
    if (!found || typeof found.turn !== 'number' || !Array.isArray(found.shelf?.entries)) return null;
    return found as Written;
  } catch {
    return null;
  }
}

/** A title no other entry has: `name`, `name 2`, … */
export function freeTitle(shelf: Shelf, wanted: string, own?: string): string {
  const taken = new Set(shelf.entries.filter(({ id }) => id !== own).map(({ title }) => title));
  const base = wanted.trim().slice(0, 80) || 'database';
  for (let n = 1; ; n++) {
    const title = n === 1 ? base : `${base} ${n}`;
    if (!taken.has(title)) return title;
  }
}
