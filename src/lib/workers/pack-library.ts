// The packs that are served beside the app, for the engine's desk: their list, look-ups in a worker that is kept, imports each
// in a worker of its own, so that giving one up is ending it.
import * as Comlink from 'comlink';
import { fromWire, LoamError } from '../engine/errors.ts';
import type { OpenPack, PackEntry, PackLibrary } from '../engine/ontology/library.ts';
import type { TermBatch } from '../engine/ontology/types.ts';
import type { Answer } from './inspect.worker.ts';
import type { OntologyWorkerApi, PackPlace } from './ontology.worker.ts';
import { packCache } from './pack-cache.ts';

const startWorker = () => new Worker(new URL('./ontology.worker.ts', import.meta.url), { type: 'module' });
type ReadPack = Omit<OpenPack, 'feed' | 'close'>;

/** How often a wait looks whether it is still wanted. */
const lookEveryMs = 50;

const opened = <T>(answer: Answer<T>): T => {
  if (answer.ok) return answer.value;
  throw fromWire(answer.error);
};

/** What `packs.json` says of one, as far as it is sound. */
function entryOf(value: unknown): PackEntry | null {
  if (typeof value !== 'object' || value === null) return null;
  const of = value as Record<string, unknown>;
  const text = (name: string) => (typeof of[name] === 'string' ? of[name] : '');
  const pack = text('pack');
  if (!/^[\w.-]+$/.test(pack) || text('source') === '') return null;
  return {
    pack,
    entity: /^\w+\.\w+$/.test(text('entity')) ? text('entity') : null,
    source: text('source'),
    version: text('version'),
    organism: text('organism') || 'all',
    licence: text('licence') || null,
    note: text('note') || null,
    rows: Number(of['rows']) || 0,
    bytes: Number(of['bytes']) || 0,
  };
}

function entriesIn(text: string): PackEntry[] {
  try {
    const { packs } = JSON.parse(text) as { packs?: unknown };
    return Array.isArray(packs) ? packs.map(entryOf).filter((entry) => entry !== null) : [];
  } catch {
    return [];
  }
}

/** `folder` is the address of the folder with `packs.json`, with a slash at its end. */
export function createPackLibrary(folder: string): PackLibrary {
  let listed: Promise<PackEntry[]> | null = null;
  let shelf: { worker: Worker; api: Comlink.Remote<OntologyWorkerApi>; broken: Promise<never> } | null = null;

  function start(onError: (why: LoamError) => void) {
    const worker = startWorker();
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      onError(
        new LoamError(
          'FileUnreadable',
          `Reading the ontology stopped: ${event.message || 'the reader ended'}.`,
        ),
      );
    });
    return { worker, api: Comlink.wrap<OntologyWorkerApi>(worker) };
  }

  const index = `${folder}packs.json`;
  const cache = () => caches.open(packCache);
  /** Storage may be full, or closed to this page: then packs are listed with the server only. */
  const keep = async (text: string) => (await cache()).put(index, new Response(text)).catch(() => {});
  const lastList = async () => (await (await cache()).match(index))?.text().catch(() => null);

  /** An app without packs is an ordinary one: some hosts answer any path with the page. */
  async function readList(): Promise<PackEntry[]> {
    try {
      const response = await fetch(index);
      if (!response.ok) return [];
      const text = await response.text();
      const found = entriesIn(text);
      if (found.length > 0) await keep(text);
      return found;
    } catch {
      // The server is gone: what was listed last is what may have been read.
      listed = null;
      return entriesIn((await lastList()) ?? '');
    }
  }
  const list = () => (listed ??= readList());
  const placeOf = ({ pack, version, rows, bytes }: PackEntry): PackPlace => ({
    url: `${folder}${pack}.parquet`,
    version: `${version}-${rows}-${bytes}`,
  });

  /** Asks the worker that is kept; one that is lost fails the question, and the next starts another. */
  async function look<T>(ask: (api: Comlink.Remote<OntologyWorkerApi>) => Promise<unknown>): Promise<T> {
    const packs = await list();
    if (!shelf) {
      let fail: (why: unknown) => void = () => {};
      const broken = new Promise<never>((_, reject) => (fail = reject));
      broken.catch(() => {}); // only raced against
      const made = start((why) => {
        made.worker.terminate();
        shelf = null;
        fail(why);
      });
      shelf = { ...made, broken };
      await made.api.setPacks(Object.fromEntries(packs.map((entry) => [entry.pack, placeOf(entry)])));
    }
    return opened((await Promise.race([ask(shelf.api), shelf.broken])) as Answer<T>);
  }

  return {
    list,
    async open(choice, given, signal): Promise<OpenPack> {
      let fail: (why: unknown) => void = () => {};
      const broken = new Promise<never>((_, reject) => (fail = reject));
      broken.catch(() => {}); // only raced against
      const { worker, api } = start((why) => fail(why));
      /** Waits for the worker, and gives it up once that is wanted. */
      async function unless<T>(work: Promise<T>, givenUp: () => boolean): Promise<T> {
        let timer: ReturnType<typeof setInterval> | undefined;
        try {
          const stopped = new Promise<never>((_, reject) => {
            timer = setInterval(() => {
              if (givenUp()) reject(new LoamError('Cancelled', 'Reading the ontology was cancelled.'));
            }, lookEveryMs);
          });
          return await Promise.race([work, broken, stopped]);
        } catch (error) {
          worker.terminate();
          throw error;
        } finally {
          clearInterval(timer);
        }
      }
      const found = 'pack' in choice ? (await list()).find(({ pack }) => pack === choice.pack) : null;
      const what = found
        ? { place: placeOf(found), name: `${found.pack}.parquet` }
        : 'url' in choice
          ? { url: choice.url }
          : { file: (choice as { file: Blob }).file, name: (choice as { name: string }).name };
      const facts = found
        ? { source: found.source, version: found.version, organism: found.organism, ...given }
        : given;
      const pack = opened(
        await unless(api.open(what, facts) as Promise<Answer<ReadPack>>, () => signal.aborted),
      );
      return {
        ...pack,
        async feed({ registry, organism, ids }) {
          const counts = api.prepare(registry, organism, ids) as Promise<
            Answer<{ rows: number; links: number }>
          >;
          const { rows, links } = opened(await unless(counts, () => false));
          let at = 0;
          // One ahead: it is made while the last is written.
          let next: Promise<Answer<TermBatch | null>> | null = api.batch(0);
          return {
            rows,
            links,
            async next(cancelled) {
              const batch = opened(await unless(next ?? api.batch(at), cancelled));
              at += batch?.count ?? 0;
              next = batch ? api.batch(at) : null;
              next?.catch(() => {}); // the worker may be ended meanwhile
              return batch;
            },
          };
        },
        close: () => worker.terminate(),
      };
    },
    find: (text, packs, { most, exact, wait }) => look((api) => api.find(text, packs, most, exact, wait)),
    term: (pack, id) => look((api) => api.term(pack, id)),
    roots: (pack, most) => look((api) => api.roots(pack, most)),
  };
}
