// The page's door to queries over artifacts: starts the query worker with the first statement, gives it the files that
// the statement names, replaces it where it broke, ran out of memory or no longer listens. What it holds is made anew
// from here, so a fresh worker answers like the old one.
import { isLoamError, LoamError } from '../engine/errors.ts';
import {
  arrowSource,
  noTable,
  registryTables,
  tableSource,
  unreadable,
  type FoundArtifact,
} from '../statements/found.ts';
import { formatOf, mayHoldTables, suffixOf } from '../statements/formats.ts';
import type {
  DuckdbAnnotations,
  DuckdbApi,
  DuckdbKept,
  DuckdbPage,
  DuckdbPlan,
  DuckdbProgress,
  DuckdbSource,
  DuckdbStatus,
  DuckdbTable,
  SourceUse,
} from '../workers/duckdb-wire.ts';
import type { AnyFile } from '../workers/find-bytes.ts';
import type { AskedSource, EngineApi, View } from '../workers/wire.ts';
import type { ParameterValues } from '../statements/parameter-values.ts';
import { connectWorker, type WorkerPort } from '../workers/worker-port.ts';
import { createTableReader, type Asked, type TableReader, type TablesRead } from './query-tables.ts';
import { readView } from './view-address.ts';

export type {
  Drift,
  DuckdbKept,
  DuckdbMeter,
  DuckdbPage,
  DuckdbProgress,
  DuckdbStatus,
} from '../workers/duckdb-wire.ts';

export interface QueryOptions {
  /** Rows of a page; 2,048 where nothing is said. */
  rows?: number;
  onProgress?: (progress: DuckdbProgress) => void;
  /** Cancels the statement, also between its pages. */
  signal?: AbortSignal;
  /** Runs although columns of the files are of several kinds, which is `SchemaDrift` else. */
  mixed?: boolean;
  /** Of the statement's parameters. */
  values?: ParameterValues;
}

/** A result that is read page by page; the statement is held until its last page or `close`. */
export interface QueryResult {
  readonly uid: string;
  readonly first: DuckdbPage;
  /** Artifacts that the statement named, each once, in order. */
  readonly sources: readonly { uid: string; key: string }[];
  /** Artifacts of views that are no tables, and so no part of this. */
  readonly others: number;
  /** Tables inside files that were read for this statement. */
  readonly tables: TablesRead;
  /** Throws `StatementCancelled` where the rest is not held any more. */
  next(): Promise<DuckdbPage>;
  /**
   * Keeps rows on this device until the one before `to` is there, or all of them. From then on `kept` answers, also after
   * the statement was cancelled or failed, and `next` does not.
   */
  keep(to: number, signal?: AbortSignal): Promise<DuckdbKept>;
  /** The page with a row that is kept. */
  kept(row: number): Promise<{ ipc: Uint8Array<ArrayBuffer>; from: number; rows: number }>;
  close(): void;
}

export interface WrittenRows extends Pick<QueryResult, 'sources'> {
  file: File;
  rows: number;
  forget(): Promise<void>;
}

export interface ResolvedStatement {
  plan: DuckdbPlan;
  /** Of each use, in order. */
  sources: DuckdbSource[][];
  /** Null where the statement asks for none. */
  annotations: { columns: DuckdbAnnotations['columns']; rows: Record<string, unknown>[] } | null;
}

export interface Queries {
  /**
   * One statement that reads. Its sources are `artifact('key or uid')`, lists of them, `collection('key')`,
   * `artifacts('saved view')` or `artifacts('?where=…')`, `obs(…)` and `var(…)` of each of these, tables of the
   * registries, and files held here.
   */
  run(sql: string, options?: QueryOptions): Promise<QueryResult>;
  /** All rows of a statement as a parquet file, until it is forgotten. */
  write(sql: string, options?: QueryOptions): Promise<WrittenRows>;
  /** What a statement would read, without running it. */
  plan(sql: string): Promise<SourceUse[]>;
  /** What a statement reads, artifact by artifact, for those who write it down elsewhere. */
  resolve(sql: string, values?: ParameterValues): Promise<ResolvedStatement>;
  /** A file that no artifact is: `FROM 'name'` means it until it is released. A name hides an artifact's key. */
  hold(name: string, file: File): void;
  release(name: string): void;
  readonly held: readonly string[];
  /** Starts the engine where it is not started. */
  status(): Promise<DuckdbStatus>;
  /** Ends the worker with all that runs in it; the next statement starts another one. */
  restart(): void;
}

/** Other engines read these in their own ways; ours is a copy of this device. */
const notCopied = (what: string) =>
  new LoamError(
    'NotImplementedError',
    `A statement over ${what} cannot be copied yet: Python and R read such tables otherwise. Save its rows as an artifact and go on from there.`,
  );

/** What is asked of the database. */
export type QueryEngine = Pick<EngineApi, 'openSources' | 'annotationTable' | 'registryTable'>;

export interface QueriesOptions {
  engine: QueryEngine;
  /** Reads tables inside files; one of its own workers where nothing is said. */
  tables?: TableReader;
  /** For tests: how a worker is made, and which engine it runs. */
  createWorker?: () => Worker;
  bundle?: string;
  /** A statement that does not end within this time after it was cancelled takes its worker with it. */
  patienceMs?: number;
}

const queryWorker = () =>
  new Worker(new URL('../workers/duckdb.worker.ts', import.meta.url), { type: 'module' });

const cancelled = () =>
  new LoamError('StatementCancelled', 'The statement was cancelled.', { reason: 'cancelled' });
const replaced = () =>
  new LoamError(
    'ConnectionLost',
    'The query engine was restarted while this statement ran, because another one broke it or could not be stopped. Run it again.',
  );

export function createQueries({ engine, patienceMs = 1500, bundle, ...options }: QueriesOptions): Queries {
  const reader = options.tables ?? createTableReader();
  const held = new Map<string, { uid: string; file: File }>();
  const listeners = new Map<string, (progress: DuckdbProgress) => void>();
  let port: WorkerPort<DuckdbApi> | null = null;

  function connected(): WorkerPort<DuckdbApi> {
    if (port) return port;
    const made = connectWorker<DuckdbApi>((options.createWorker ?? queryWorker)(), (event) => {
      const progress = event as DuckdbProgress;
      listeners.get(progress.uid)?.(progress);
    });
    port = made;
    if (bundle !== undefined) made.api.start(bundle).catch(() => {});
    return made;
  }

  function restart(): void {
    const old = port;
    port = null;
    old?.end(replaced());
  }

  /** Calls the worker; one that says of itself that it is broken is ended. */
  async function call<T>(work: (api: DuckdbApi) => Promise<T>): Promise<T> {
    const used = connected();
    try {
      return await work(used.api);
    } catch (error) {
      const broke =
        isLoamError(error) && (error.details['broken'] === true || error.code === 'InternalError');
      if (broke && port === used) restart();
      throw error;
    }
  }

  /** Cancels when the signal fires; a worker that does not listen by then is ended. */
  async function cancellable<T>(
    uid: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) throw cancelled();
    const used = connected();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stop: ((why: LoamError) => void) | undefined;
    const stopped = new Promise<never>((_, reject) => (stop = reject));
    stopped.catch(() => {});
    const onAbort = () => {
      used.api.cancel(uid).catch(() => {});
      timer = setTimeout(() => {
        stop?.(cancelled());
        if (port === used) restart();
      }, patienceMs);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work(), stopped]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /* ---------- sources ---------- */

  /** Asked for with each statement: a key means the latest version, and files may have changed. */
  async function given({ uses, tables, annotations }: DuckdbPlan, asked: Asked): Promise<Given> {
    const questions = uses.map(asksFor);
    const opened = questions.length > 0 ? await engine.openSources(questions) : [];
    const making = reader.begin(asked);
    let others = 0;
    const sources = await Promise.all(
      uses.map(async (use, i) => {
        const { artifacts, others: left } = opened[i] ?? { artifacts: [], others: 0 };
        others += left;
        const all = use.of === 'artifact' ? withHeld(use.names, artifacts) : artifacts;
        const ask = use.table;
        const made = await Promise.all(
          all.map(async (one): Promise<DuckdbSource | null> => {
            if (ask) return making.table(one, ask, use.of === 'artifacts');
            const read = tableSource(one);
            if (read) return read;
            const arrow = arrowSource(one);
            if (arrow) return making.rows(arrow);
            return use.of === 'artifacts' ? null : noTable(one);
          }),
        );
        const read = made.filter((one) => one !== null);
        others += made.length - read.length;
        return [...new Map(read.map((one) => [one.uid, one])).values()];
      }),
    );
    const uids = [
      ...new Set(sources.flatMap((list, i) => (uses[i]?.list ? list.map(({ uid }) => uid) : []))),
    ];
    const known = uids.filter((uid) => !uid.startsWith('held-'));
    return {
      sources,
      others,
      read: making.read,
      annotations: annotations && known.length > 0 ? await annotationsOf(known) : null,
      tables: await Promise.all(tables.filter((name) => registryTables.test(name)).map(registryTable)),
    };
  }

  /** Files held here take the place that their names have among those of artifacts. */
  function withHeld(
    names: readonly string[],
    artifacts: readonly FoundArtifact<AnyFile>[],
  ): FoundArtifact<AnyFile>[] {
    const left = [...artifacts];
    return names.map((name) => {
      const own = held.get(name);
      const one = own
        ? { uid: own.uid, key: name, suffix: suffixOf(name), files: [{ path: '', file: own.file }] }
        : left.shift();
      if (!one) throw new LoamError('DoesNotExist', `There is no artifact "${name}".`, { name });
      return one;
    });
  }

  /** Held files are the page's own; the rest the engine knows. */
  function asksFor(use: SourceUse): AskedSource {
    const [name = ''] = use.names;
    if (use.of === 'artifact') return { of: 'artifact', names: use.names.filter((one) => !held.has(one)) };
    if (use.of === 'collection') return { of: 'collection', name };
    return { of: 'artifacts', name, view: viewNamed(name), inside: use.table !== null };
  }

  async function annotationsOf(uids: readonly string[]): Promise<DuckdbAnnotations> {
    const { columns, lines } = await engine.annotationTable(uids);
    return { columns, file: new File([lines], 'annotations.json') };
  }

  async function registryTable(name: string): Promise<DuckdbTable> {
    return { name, file: new File([await engine.registryTable(name)], `${name}.parquet`) };
  }

  return {
    async run(sql, { rows = 2048, onProgress, signal, mixed = false, values = {} } = {}) {
      if (signal?.aborted) throw cancelled();
      const uid = crypto.randomUUID();
      if (onProgress) listeners.set(uid, onProgress);
      const quiet = () => listeners.delete(uid);
      try {
        const plan = await call((api) => api.plan(sql, values));
        const { others, read, ...having } = await given(plan, asked(uid, onProgress, signal));
        const used = connected();
        const first = await cancellable(uid, signal, () =>
          call((api) => api.run({ uid, sql, values, rows, mixed, ...having })),
        );
        let last = first;
        if (!first.more) quiet();
        let keeps = false;
        const close = () => {
          quiet();
          if (port !== used) return;
          if (last.more || keeps) used.api.cancel(uid).catch(() => {});
          if (keeps) used.api.forgetRows(uid).catch(() => {});
        };
        if (first.more) signal?.addEventListener('abort', close, { once: true });
        return {
          uid,
          first,
          sources: named(having.sources),
          others,
          tables: read,
          async next() {
            if (port !== used) throw replaced();
            last = await cancellable(uid, signal, () => call((api) => api.next(uid)));
            if (!last.more) quiet();
            return last;
          },
          async keep(to, stop = signal) {
            if (port !== used) throw replaced();
            keeps = true;
            return cancellable(uid, stop, () => call((api) => api.keep(uid, to)));
          },
          async kept(row) {
            if (port !== used) throw replaced();
            return call((api) => api.kept(uid, row));
          },
          close,
        };
      } catch (error) {
        quiet();
        throw error;
      }
    },
    async write(sql, { onProgress, signal, mixed = false, values = {} } = {}) {
      const uid = crypto.randomUUID();
      if (onProgress) listeners.set(uid, onProgress);
      try {
        const plan = await call((api) => api.plan(sql, values));
        const { others: _, read: __, ...having } = await given(plan, asked(uid, onProgress, signal));
        const used = connected();
        const written = await cancellable(uid, signal, () =>
          call((api) => api.write({ uid, sql, values, rows: 122_880, mixed, ...having })),
        );
        const forget = () => used.api.forget(written.file.name);
        return { ...written, sources: named(having.sources), forget };
      } finally {
        listeners.delete(uid);
      }
    },
    plan: async (sql) => (await call((api) => api.plan(sql))).uses,
    async resolve(sql, values = {}) {
      const plan = await call((api) => api.plan(sql, values));
      if (plan.uses.some(({ table }) => table !== null)) throw notCopied('obs and var');
      // No progress and no way to cancel: nothing is read for it but what the database says.
      const { sources, annotations } = await given(plan, asked(crypto.randomUUID(), undefined, undefined));
      const other = sources.flat().find(({ key }) => formatOf(suffixOf(key)) === 'arrow');
      if (other) throw notCopied(other.key);
      const lines = (await annotations?.file.text())?.split('\n') ?? [];
      const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      return { plan, sources, annotations: annotations && { columns: annotations.columns, rows } };
    },
    hold(name, file) {
      if (!/[./]/.test(name))
        throw new LoamError('InvalidArgument', `"${name}" needs an ending such as .csv or .parquet.`);
      const suffix = suffixOf(name);
      if (formatOf(suffix) === null && !mayHoldTables(suffix)) throw unreadable(name, suffix);
      held.set(name, { uid: `held-${crypto.randomUUID()}`, file });
    },
    release: (name) => void held.delete(name),
    get held() {
      return [...held.keys()];
    },
    status: () => call((api) => api.status()),
    restart() {
      reader.end();
      restart();
    },
  };
}

/** Tables are read before the engine sees the statement, so progress of that is told from here. */
const asked = (
  uid: string,
  onProgress: QueryOptions['onProgress'],
  signal: AbortSignal | undefined,
): Asked => ({
  signal,
  onProgress: (done, needed) =>
    onProgress?.({ type: 'progress', uid, phase: 'tables', rows: 0, done, needed, meter: null }),
});

/** Each artifact once, in order. */
const named = (sources: readonly DuckdbSource[][]) => [
  ...new Map(sources.flat().map(({ uid, key }) => [uid, { uid, key }])).values(),
];

interface Given {
  sources: DuckdbSource[][];
  others: number;
  read: TablesRead;
  annotations: DuckdbAnnotations | null;
  tables: DuckdbTable[];
}

/** An address of a list from its `?` on; null for the name of a saved view. */
function viewNamed(name: string): View | null {
  if (!name.startsWith('?')) return null;
  const { view, problem } = readView('Artifact', new URLSearchParams(name));
  if (problem !== null)
    throw new LoamError('InvalidArgument', `artifacts('${name.slice(0, 80)}'): ${problem}`);
  return view;
}
