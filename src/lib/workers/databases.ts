// The databases of this device, as the leading worker keeps them: the list of them, files on trial in helper workers,
// and which one is worked in. The one in use is changed by naming another in the list and starting anew, so that no
// file is ever copied over another.
import { isLoamError, LoamError } from '../engine/errors.ts';
import type { DatabaseFile, Random } from '../engine/ports.ts';
import type { Examination } from '../engine/schema/quarantine.ts';
import { randomUid } from '../engine/uid.ts';
import { openPlace, placeSize, removePlace } from '../storage/sql/place.ts';
import { freeTitle, type Shelf, type ShelfEntry, type ShelfStore } from '../storage/sql/shelf.ts';
import type { DatabaseProgress, DatabasesApi, DeviceDatabase } from './databases-wire.ts';
import type { ExportReport } from './exporter.ts';
import type { LocalRest } from './joining-wire.ts';
import type { InteropApi } from './interop.worker.ts';
import { createReaders } from './readers.ts';
import type { JoinedAs, TrialStep } from './trial.ts';
import { connectWorker, type WorkerPort } from './worker-port.ts';

export interface DatabasesDeps {
  shelf: Shelf;
  store: ShelfStore;
  random: Random;
  /** Name of the instance that is open. */
  instance: () => string;
  tell: (progress: DatabaseProgress) => void;
  /** Why the database in use cannot be left just now, in words; null when it can. */
  busy: () => string | null;
  /** The file of the database in use. */
  file: DatabaseFile;
  /** Starts this worker anew with what the list then names. */
  leave: () => void;
  createWorker?: () => Worker;
}

/** Work on a database in a place of its own, in a worker that can be ended: a file on trial, or an export. */
interface Trial {
  place: string;
  port: WorkerPort<InteropApi>;
  examination: (Examination & { bytes: number; from: string }) | null;
}

export const helper = () => new Worker(new URL('./interop.worker.ts', import.meta.url), { type: 'module' });

export interface Databases {
  api: DatabasesApi;
  /** Asks a database that stands beside the one in use. */
  ask(db: string, method: string, args: unknown[]): Promise<unknown>;
  /**
   * Takes an examined snapshot in as the team's database, to be worked in from now on. `moves`: what the present one has is to
   * become a branch of it.
   */
  join(token: string, joining: JoinedAs & { title: string; moves: boolean }): Promise<string>;
  /** What is left to be moved into the database in use. */
  localRest(): LocalRest | null;
  noteRest(rest: LocalRest | null): Promise<void>;
  /** Of these keys of the store of bytes those that another database of this device names; all, where one cannot say. */
  namedElsewhere(keys: string[]): Promise<string[]>;
}

export function createDatabases(deps: DatabasesDeps): Databases {
  const { shelf, store, random } = deps;
  const readers = createReaders(deps.createWorker ?? helper, (api, id) => {
    const { url } = entryOf(id);
    return url === null ? api.openReader(id) : api.openRemote(url);
  });
  const trials = new Map<string, Trial>();
  const reports = new Map<string, Promise<ExportReport>>();
  const newId = () => `db-${randomUid(12, random).toLowerCase()}`;

  function entryOf(id: string): ShelfEntry {
    const found = shelf.entries.find((entry) => entry.id === id);
    if (!found) throw new LoamError('DoesNotExist', 'This database is no longer on this device.', { id });
    return found;
  }

  function trialOf(token: string): Trial {
    const found = trials.get(token);
    if (!found)
      throw new LoamError(
        'DoesNotExist',
        'The file that was checked is gone: another tab took over meanwhile. Choose it again.',
      );
    return found;
  }

  /** Removes the place and forgets it; a place that cannot be removed yet is tried again at the next start. */
  async function giveUp(token: string, why?: LoamError): Promise<void> {
    const trial = trials.get(token);
    if (!trial) return;
    trials.delete(token);
    trial.port.end(why);
    await removePlace(trial.place);
    shelf.trials = shelf.trials.filter((place) => place !== trial.place);
    await store.save(shelf);
  }

  async function begin(token: string): Promise<Trial> {
    if (trials.has(token)) throw new LoamError('InvalidArgument', 'This is going on already.');
    const place = newId();
    // Written down before there is anything to remove.
    shelf.trials.push(place);
    const tell = (event: unknown) => deps.tell({ token, ...(event as TrialStep) });
    const port = connectWorker<InteropApi>((deps.createWorker ?? helper)(), tell);
    const trial: Trial = { place, port, examination: null };
    trials.set(token, trial);
    await store.save(shelf);
    return trial;
  }

  /** A copy of the database in use in a place of its own, for an export. */
  async function copied(token: string): Promise<Trial> {
    const trial = await begin(token);
    try {
      await fillPlace(trial.place, deps.file);
      return trial;
    } catch (error) {
      await giveUp(token);
      throw error;
    }
  }

  async function namedElsewhere(keys: string[]): Promise<string[]> {
    const named = new Set<string>();
    for (const { id, url } of shelf.entries) {
      if (id === shelf.own || url !== null) continue;
      const open = readers.has(id);
      try {
        for (const key of (await readers.ask(id, 'keysNamed', [keys])) as string[]) named.add(key);
      } catch (error) {
        console.warn(`The database ${id} cannot say which files it names, so all stay`, error);
        return keys;
      } finally {
        if (!open) readers.close(id);
      }
    }
    return [...named];
  }

  function refuseWhileBusy(): void {
    const why = deps.busy();
    if (why !== null) throw new LoamError('InvalidArgument', why);
  }

  /** The next start opens `id`; the present database stays as a backup. */
  async function workIn(id: string): Promise<void> {
    readers.close(id);
    const own = entryOf(shelf.own);
    own.title = freeTitle(shelf, deps.instance(), own.id);
    own.role = 'backup';
    entryOf(id).role = 'work';
    shelf.previous = shelf.own;
    shelf.own = id;
    await store.save(shelf);
    deps.leave();
  }

  /** Takes an examined file in. `joined`: it is the database of a team's server from then on. */
  async function takeIn(
    token: string,
    how: 'work' | 'look',
    title: string,
    joined: (JoinedAs & { moves: boolean }) | null,
  ): Promise<string> {
    const trial = trialOf(token);
    const { examination } = trial;
    if (!examination) throw new LoamError('InvalidArgument', 'The file is still being checked.');
    if (how === 'work') {
      if (examination.reason !== null) throw new LoamError('InvalidArgument', examination.reason);
      refuseWhileBusy();
    }
    const name = freeTitle(shelf, title, how === 'work' ? undefined : '');
    try {
      await trial.port.api.adopt(name, joined);
    } catch (error) {
      await giveUp(token);
      throw error;
    }
    trials.delete(token);
    trial.port.end();
    shelf.trials = shelf.trials.filter((place) => place !== trial.place);
    shelf.entries.push({
      id: trial.place,
      title: name,
      role: 'look',
      added: new Date().toISOString(),
      from: examination.from,
      readOnly: examination.reason,
      url: null,
      ...(joined?.moves ? { rest: { from: shelf.own, title: deps.instance(), branch: null } } : {}),
    });
    if (how === 'work') await workIn(trial.place);
    else await store.save(shelf);
    return trial.place;
  }

  const api: DatabasesApi = {
    async databases() {
      const own = entryOf(shelf.own);
      own.title = deps.instance();
      const sized = shelf.entries.map(async (entry): Promise<DeviceDatabase> => ({
        ...entry,
        own: entry.id === shelf.own,
        bytes: entry.url === null ? await placeSize(entry.id) : null,
      }));
      return (await Promise.all(sized)).sort(
        (a, b) => Number(b.own) - Number(a.own) || (a.added < b.added ? 1 : -1),
      );
    },

    async examineDatabase(token, source) {
      const trial = await begin(token);
      try {
        trial.examination = await trial.port.api.examine(trial.place, source);
        return { ...trial.examination, token };
      } catch (error) {
        await giveUp(token);
        throw error;
      }
    },

    cancelDatabase: (token) =>
      giveUp(token, new LoamError('Cancelled', 'Opening the file was cancelled. Nothing was changed.')),

    openDatabase: (token, how, title) => takeIn(token, how, title, null),

    async lookAtUrl(url) {
      const known = shelf.entries.find((entry) => entry.url === url);
      if (known) return known.id;
      const id = newId();
      const entry: ShelfEntry = {
        id,
        title: freeTitle(shelf, nameOf(url), ''),
        role: 'look',
        added: new Date().toISOString(),
        from: url,
        readOnly: null,
        url,
      };
      shelf.entries.push(entry);
      try {
        // Opened before it is kept: what cannot be read is not listed.
        await readers.ask(id, 'status', []);
      } catch (error) {
        readers.close(id);
        shelf.entries = shelf.entries.filter((one) => one !== entry);
        throw error;
      }
      await store.save(shelf);
      return id;
    },

    async useDatabase(id) {
      const entry = entryOf(id);
      if (id === shelf.own) return;
      if (entry.url !== null || entry.readOnly !== null)
        throw new LoamError(
          'InvalidArgument',
          entry.readOnly ?? `${entry.title} stays where it is and can only be looked at.`,
        );
      refuseWhileBusy();
      await workIn(id);
    },

    async renameDatabase(id, title) {
      const entry = entryOf(id);
      if (title.trim() === '') throw new LoamError('ValidationError', 'A name is needed.');
      entry.title = freeTitle(shelf, title, id);
      await store.save(shelf);
    },

    async closeDatabase(id) {
      const entry = entryOf(id);
      if (id === shelf.own)
        throw new LoamError('InvalidArgument', 'This is the database you work in. Open another one first.');
      readers.close(id);
      if (entry.url === null) await removePlace(id);
      shelf.entries = shelf.entries.filter((other) => other !== entry);
      await store.save(shelf);
    },

    async exportTo(token, kind, target) {
      const { port, place } = await copied(token);
      try {
        return await port.api.exportTo(place, kind, deps.instance(), target);
      } finally {
        await giveUp(token);
      }
    },

    async exportStream(token, kind) {
      const { port, place } = await copied(token);
      const inner = await port.api.exportStream(place, kind, deps.instance());
      const report = port.api.exported();
      reports.set(token, report);
      report.catch(() => {});
      const over = () => giveUp(token);
      // The stream ends the work: the helper has written all before the last of it has arrived here.
      return passedOn(inner, (whole) => void (whole ? report.then(over, over) : over()));
    },
    async exported(token) {
      const report = await reports.get(token);
      reports.delete(token);
      if (!report) throw new LoamError('DoesNotExist', 'This export is over.');
      return report;
    },
  };

  return {
    namedElsewhere,
    join: (token, { title, ...joined }) => takeIn(token, 'work', title, joined),
    localRest: () => entryOf(shelf.own).rest ?? null,
    async noteRest(rest) {
      entryOf(shelf.own).rest = rest;
      await store.save(shelf);
    },
    api,
    async ask(db, method, args) {
      entryOf(db);
      return readers.ask(db, method, args);
    },
  };
}

/** What a database at an address is called: its file, without its ending. */
function nameOf(url: string): string {
  const file = decodeURIComponent(new URL(url).pathname.split('/').pop() ?? '');
  return file.replace(/\.(db|sqlite3?)$/i, '') || new URL(url).host;
}

/** A helper's stream, handed on; `ended` is told once it was read to its end, or given up. */
function passedOn(
  inner: ReadableStream<Uint8Array>,
  ended: (whole: boolean) => void,
): ReadableStream<Uint8Array> {
  const reader = inner.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      controller.close();
      ended(true);
    },
    async cancel(reason) {
      await reader.cancel(reason);
      ended(false);
    },
  });
}

async function fillPlace(id: string, file: DatabaseFile): Promise<void> {
  const place = await openPlace(id);
  try {
    const reader = (await file.export()).getReader();
    await place.receive(async () => (await reader.read()).value);
    await place.keep(null);
  } finally {
    place.close();
  }
}

/** Keeps a copy of the database in use, as it is now, among those of this device. */
export async function keepCopy(
  { shelf, store, random }: Pick<DatabasesDeps, 'shelf' | 'store' | 'random'>,
  file: DatabaseFile,
  title: string,
  from: string,
): Promise<void> {
  const id = `db-${randomUid(12, random).toLowerCase()}`;
  shelf.trials.push(id);
  await store.save(shelf);
  await fillPlace(id, file);
  shelf.trials = shelf.trials.filter((place) => place !== id);
  const rest = { role: 'backup', added: new Date().toISOString(), from, readOnly: null, url: null } as const;
  shelf.entries.push({ id, title: freeTitle(shelf, title), ...rest });
  await store.save(shelf);
}

/* ---------- at the start ---------- */

/** The list as it is, or the first one: a single database in the place it always had. */
export async function loadShelf(store: ShelfStore, first: string): Promise<Shelf> {
  const found = await store.load();
  if (found) return found;
  const own: ShelfEntry = {
    id: first,
    title: 'my-lab',
    role: 'work',
    added: new Date().toISOString(),
    from: 'made in this browser',
    readOnly: null,
    url: null,
  };
  return { own: first, previous: null, entries: [own], trials: [] };
}

/** Removes what files on trial left behind when their tab was closed. */
export async function removeTrials(shelf: Shelf, store: ShelfStore): Promise<void> {
  if (shelf.trials.length === 0) return;
  const left: string[] = [];
  for (const place of shelf.trials) {
    if (shelf.entries.some(({ id }) => id === place)) continue;
    await removePlace(place).catch(() => left.push(place));
  }
  shelf.trials = left;
  await store.save(shelf);
}

/**
 * Opens the database that the list names. One that has just taken the place of another and does not open gives it
 * back; the answer then says why. A locked one is not given up: another tab may hold it for a moment.
 */
export async function openOwn<T>(
  shelf: Shelf,
  store: ShelfStore,
  open: (id: string) => Promise<T>,
): Promise<{ opened: T; notice: string | null }> {
  try {
    const opened = await open(shelf.own);
    if (shelf.previous !== null) {
      shelf.previous = null;
      await store.save(shelf);
    }
    return { opened, notice: null };
  } catch (error) {
    const { previous, own } = shelf;
    if (previous === null || isLoamError(error, 'DatabaseLocked')) throw error;
    const failed = shelf.entries.find(({ id }) => id === own);
    const back = shelf.entries.find(({ id }) => id === previous);
    if (failed) failed.role = 'backup';
    if (back) back.role = 'work';
    shelf.own = previous;
    shelf.previous = null;
    await store.save(shelf);
    const opened = await open(shelf.own);
    const why = error instanceof Error ? error.message : String(error);
    return {
      opened,
      notice: `${failed?.title ?? 'The database'} could not be opened, so your earlier database is open again. ${why}`,
    };
  }
}
