// `window.ln` for the console and for scripts of the page: LaminDB's names over this page's database. Its code is loaded at
// the first use, and made anew when another database is opened.
import type { DatasetSource, FileToSave, LnPort } from '../sdk/port.ts';
import type { Ln } from '../sdk/types.ts';
import { LoamError } from '../engine/errors.ts';
import type { DropItem, EngineApi, EngineStatus, UnsavedFile } from '../workers/wire.ts';
import type { Queries } from './duckdb.ts';
import { deferred } from './deferred.ts';

declare global {
  interface Window {
    /** `await window.ln` is the object itself; until it is loaded its calls wait for it. */
    ln: Ln;
  }
}

/** What the page's connection tells; `session` is one. */
export interface LnSession {
  readonly engine: EngineApi;
  readonly status: Pick<EngineStatus, 'database'> | null;
}

export function offerLn(session: LnSession): void {
  let made: { database: string | null; loading: Promise<Ln>; ln: Ln | null } | null = null;

  function load(): NonNullable<typeof made> {
    const begun = { database: session.status?.database ?? null, ln: null as Ln | null };
    const loading = (async () => {
      const [{ createLn }, { database }] = await Promise.all([
        import('../sdk/ln.ts'),
        session.engine.status(),
      ]);
      begun.database = database;
      return (begun.ln = await createLn(pagePort(guarded(session, database))));
    })();
    // A database that could not be asked may be there at the next use.
    loading.catch(() => (made = null));
    return Object.assign(begun, { loading });
  }

  Object.defineProperty(window, 'ln', {
    configurable: true,
    get() {
      const now = session.status?.database ?? null;
      if (!made || (made.ln && now !== null && made.database !== now)) made = load();
      return made.ln ?? deferred(made.loading);
    },
    set(value: unknown) {
      Object.defineProperty(window, 'ln', { value, configurable: true, writable: true });
    },
  });
}

/** Rows know their ids: in another database the same ids are other rows. */
function guarded(session: LnSession, database: string): EngineApi {
  return new Proxy({} as EngineApi, {
    get(_target, name) {
      if (typeof name !== 'string' || name === 'then') return undefined;
      return async (...args: unknown[]) => {
        if (session.status && session.status.database !== database)
          throw new LoamError('DatabaseChanged', 'Another database was opened. Take window.ln anew.');
        const method = session.engine[name as keyof EngineApi] as (...given: unknown[]) => Promise<unknown>;
        return method(...args);
      };
    },
  });
}

/** The query engine is one for all that this page's `ln` asks, and loaded at the first statement. */
const asking = new WeakMap<EngineApi, Promise<Queries>>();
function queriesOf(engine: EngineApi): Promise<Queries> {
  const made =
    asking.get(engine) ?? import('./duckdb.ts').then(({ createQueries }) => createQueries({ engine }));
  asking.set(engine, made);
  return made;
}

/** Files of the page: they come as File or Blob and are opened where they lie. */
export function pagePort(engine: EngineApi): LnPort {
  return {
    engine,
    ontologies: engine,
    tell: (text) => console.info(text),
    files: {
      drop: (item, options) => engine.drop([dropItem(item)], options),
      open: (uid, path) => engine.openArtifact(uid, path),
      list: (uid) => engine.listFiles(uid),
      cache: (uid) => engine.openArtifact(uid),
    },
    curate: {
      validate: (source, name, schema) => engine.validateFile(unsaved(name, source), schema),
      saveValidated: (uid, schema) => engine.saveValidated(uid, schema),
      builtin: (name) => engine.builtinSchema(name),
    },
    async statement(sql, { mixed = false }) {
      const result = await (await queriesOf(engine)).run(sql, { rows: 122_880, mixed });
      async function* pages() {
        let page = result.first;
        yield page.ipc;
        while (page.more) {
          page = await result.next();
          if (page.rows > 0) yield page.ipc;
        }
      }
      return { sources: result.sources.map(({ uid }) => uid), pages: pages() };
    },
    script: () => Promise.resolve({ key: 'page-script.js', source: null }),
  };
}

function dropItem({ key, source }: FileToSave): DropItem {
  const { file, files } = unsaved(key, source);
  return { id: key, key, file, files };
}

function unsaved(name: string, source: DatasetSource): UnsavedFile {
  const named = (blob: Blob, path: string) => new File([blob], path.split('/').pop() ?? path);
  if (source instanceof Blob) return { name, file: named(source, name), files: null };
  if (typeof source === 'string')
    throw new LoamError('TypeError', `The page cannot open "${source}" by its path; pass the File itself.`);
  return { name, file: null, files: source.map(({ path, file }) => ({ path, file: named(file, path) })) };
}
