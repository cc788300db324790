// The page's door to queries over artifacts: starts the query worker with the first statement, gives it the files that
// the statement names, replaces it where it broke, ran out of memory or no longer listens. What it holds is made anew
// from here, so a fresh worker answers like the old one.
import { isLoamError, LoamError } from '../engine/errors.ts';
import { formatOf } from '../workers/duckdb-formats.ts';
import type {
  DuckdbApi,
  DuckdbPage,
  DuckdbProgress,
  DuckdbSource,
  DuckdbStatus,
  SourceUse,
} from '../workers/duckdb-wire.ts';
import type { EngineApi } from '../workers/wire.ts';
import { connectWorker, type WorkerPort } from '../workers/worker-port.ts';

export type { DuckdbMeter, DuckdbPage, DuckdbProgress, DuckdbStatus } from '../workers/duckdb-wire.ts';

export interface QueryOptions {
  /** Rows of a page; 2,048 where nothing is said. */
  rows?: number;
  onProgress?: (progress: DuckdbProgress) => void;
  /** Cancels the statement, also between its pages. */
  signal?: AbortSignal;
}

/** A result that is read page by page; the statement is held until its last page or `close`. */
export interface QueryResult {
  readonly uid: string;
  readonly first: DuckdbPage;
  /** Artifacts that the statement named, each once, in order. */
  readonly sources: readonly { uid: string; key: string }[];
  /** Throws `StatementCancelled` where the rest is not held any more. */
  next(): Promise<DuckdbPage>;
  close(): void;
}

export interface Queries {
  /** One statement that reads. Its sources are `artifact('key or uid')`, lists of them, and files held here. */
  run(sql: string, options?: QueryOptions): Promise<QueryResult>;
  /** What a statement would read, without running it. */
  plan(sql: string): Promise<SourceUse[]>;
  /** A file that no artifact is: `FROM 'name'` means it until it is released. A name hides an artifact's key. */
  hold(name: string, file: File): void;
  release(name: string): void;
  readonly held: readonly string[];
  /** Starts the engine where it is not started. */
  status(): Promise<DuckdbStatus>;
  /** Ends the worker with all that runs in it; the next statement starts another one. */
  restart(): void;
}

export interface QueriesOptions {
  engine: Pick<EngineApi, 'openNamed'>;
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
  const held = new Map<string, { uid: string; file: File }>();
  const listeners = new Map<string, (progress: DuckdbProgress) => void>();
  let holds = 0;
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
  async function cancellable(
    uid: string,
    signal: AbortSignal | undefined,
    work: () => Promise<DuckdbPage>,
  ): Promise<DuckdbPage> {
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
  async function sourcesOf(uses: readonly SourceUse[]): Promise<DuckdbSource[]> {
    const names = [...new Set(uses.flatMap((use) => use.names))];
    const artifacts = names.filter((name) => !held.has(name));
    const opened = artifacts.length > 0 ? await engine.openNamed(artifacts) : [];
    return [
      ...names.flatMap((name): DuckdbSource[] => {
        const own = held.get(name);
        if (!own) return [];
        return [
          source({
            name,
            uid: own.uid,
            key: name,
            suffix: suffixOf(name),
            files: [{ path: '', file: own.file }],
          }),
        ];
      }),
      ...opened.map(source),
    ];
  }

  return {
    async run(sql, { rows = 2048, onProgress, signal } = {}) {
      if (signal?.aborted) throw cancelled();
      const uid = crypto.randomUUID();
      if (onProgress) listeners.set(uid, onProgress);
      const quiet = () => listeners.delete(uid);
      try {
        const { uses } = await call((api) => api.plan(sql));
        const sources = await sourcesOf(uses);
        const used = connected();
        const first = await cancellable(uid, signal, () =>
          call((api) => api.run({ uid, sql, rows, sources })),
        );
        let last = first;
        if (!first.more) quiet();
        const close = () => {
          quiet();
          if (last.more && port === used) used.api.cancel(uid).catch(() => {});
        };
        if (first.more) signal?.addEventListener('abort', close, { once: true });
        return {
          uid,
          first,
          sources: [...new Map(sources.map((one) => [one.uid, { uid: one.uid, key: one.key }])).values()],
          async next() {
            if (port !== used) throw replaced();
            last = await cancellable(uid, signal, () => call((api) => api.next(uid)));
            if (!last.more) quiet();
            return last;
          },
          close,
        };
      } catch (error) {
        quiet();
        throw error;
      }
    },
    plan: async (sql) => (await call((api) => api.plan(sql))).uses,
    hold(name, file) {
      if (!/[./]/.test(name))
        throw new LoamError('InvalidArgument', `"${name}" needs an ending such as .csv or .parquet.`);
      if (formatOf(suffixOf(name)) === null) throw unreadable(name, suffixOf(name));
      held.set(name, { uid: `held-${++holds}`, file });
    },
    release: (name) => void held.delete(name),
    get held() {
      return [...held.keys()];
    },
    status: () => call((api) => api.status()),
    restart,
  };
}

const suffixOf = (name: string): string => /(?:\.[^./]+)?\.gz$|\.[^./]+$/i.exec(name)?.[0] ?? '';

const unreadable = (key: string, suffix: string) =>
  new LoamError(
    'InvalidArgument',
    `${key} cannot be asked: ${suffix === '' ? 'it has no ending that tells what it is' : `${suffix} is no table that queries read`}. They read .parquet, .csv, .tsv, .txt, .json, .jsonl and .ndjson, the texts also as .gz.`,
    { key },
  );

/** Of a folder the files of its commonest readable kind: what else lies there is no part of the table. */
function source(found: Omit<DuckdbSource, 'format'> & { suffix: string }): DuckdbSource {
  const { name, uid, key, suffix, files } = found;
  const single = files.length === 1 && files[0]?.path === '';
  const format = single
    ? formatOf(suffix || suffixOf(key))
    : (['parquet', 'csv', 'json'] as const).find((one) =>
        files.some(({ path }) => formatOf(suffixOf(path)) === one),
      );
  if (!format) throw unreadable(key, single ? suffix : 'a folder without such files');
  return {
    name,
    uid,
    key,
    format,
    files: single
      ? files
      : files.filter(({ path }) => formatOf(suffixOf(path)) === format && !/(?:^|\/)[._]/.test(path)),
  };
}
