// The query engine: DuckDB as wasm, in the thread it is called from. The one file that knows which bundle that is; all
// others see `Duckdb`. Results are only ever streamed (`send` of the bundle): `query` of the built-in engine gives
// fewer rows in place of an error (docs/decisions/0020). Files and network are those of duckdb-files.ts and
// duckdb-fence.ts; the engine's own code for http, S3 and local files is never reached.
import type * as Engine from '@duckdb/duckdb-wasm/blocking';
import { LoamError } from '../engine/errors.ts';
import { join } from '../formats/source.ts';
import { createEngineFiles, type EngineFile, type EngineFiles, type EngineModule } from './duckdb-files.ts';
import type { Fence } from './duckdb-fence.ts';

export interface Duckdb {
  /** As the engine tells it. */
  readonly version: string;
  readonly bundle: string;
  readonly files: EngineFiles;
  /** Bytes of wasm memory. */
  memory(): number;
  /** `name` must not begin with a protocol; a file of that name is replaced. */
  register(name: string, file: EngineFile): void;
  drop(name: string): void;
  /** Byte offsets of the tokens in UTF-8, without white space and comments, and what each is. */
  tokens(sql: string): { offsets: number[]; types: number[] };
  /** Starts a statement on a connection of its own. */
  send(sql: string): Statement;
  /** All rows of a statement of our own, each value as a text. */
  texts(sql: string): string[][];
}

export interface Statement {
  /** Works for a while; the schema as an Arrow IPC message once there is a result, else null. */
  poll(): Uint8Array | null;
  /** The next record batch as an Arrow IPC message; empty at the end. */
  fetch(): Uint8Array;
  /** Frees the connection; what still works is given up. */
  close(): void;
}

/** Above about 2 GB of wasm memory the engine breaks; with this limit it refuses cleanly before that. */
export const memoryLimit = 1_400_000_000;

interface Bundle {
  load(): Promise<typeof Engine>;
  wasm(): Promise<string>;
  /** Signed extension files by the path at which the engine asks for them. */
  extensions: Record<string, () => Promise<string>>;
}

const vendored = import.meta.glob<typeof Engine>('/vendor/duckdb/duckdb-browser-blocking.mjs');
const vendoredWasm = import.meta.glob<string>('/vendor/duckdb/duckdb-eh.wasm', {
  query: '?url',
  import: 'default',
});
const vendoredExtensions = import.meta.glob<string>('/vendor/duckdb/extensions/*/*/*.wasm', {
  query: '?url',
  import: 'default',
});

/** `static` is always there; `signed` where a deployer has run scripts/vendor-duckdb.mjs. */
const bundles: Record<string, Bundle> = {
  static: {
    load: () => import('@duckdb/duckdb-wasm/blocking'),
    wasm: async () => (await import('@duckdb/duckdb-wasm/dist/duckdb-eh.wasm?url')).default,
    extensions: {},
  },
};
const [load] = Object.values(vendored);
const [wasm] = Object.values(vendoredWasm);
if (load && wasm) {
  const paths = Object.entries(vendoredExtensions).map(
    ([path, url]) => [path.replace('/vendor/duckdb/extensions/', ''), url] as const,
  );
  bundles['signed'] = { load, wasm, extensions: Object.fromEntries(paths) };
}

export const bundleNames: readonly string[] = Object.keys(bundles);
/** The modern engine where there is one. */
export const defaultBundle = bundleNames.at(-1) ?? 'static';

/** Where the signed engine asks for its extensions; the fence answers with the files that were built in. */
const repository = '/duckdb-extensions';

export async function openDuckdb(fence: Fence, name: string = defaultBundle): Promise<Duckdb> {
  const bundle = bundles[name];
  if (!bundle) throw new LoamError('InvalidArgument', `There is no query engine "${name}" in this build.`);
  const [module, wasmUrl] = await Promise.all([bundle.load(), bundle.wasm()]);
  fence.allow(wasmUrl);
  const base = module.BROWSER_RUNTIME as unknown as {
    getFileInfo(mod: EngineModule, fileId: number): { fileName: string } | null;
  };
  const files = createEngineFiles((mod, fileId) => base.getFileInfo(mod, fileId)?.fileName ?? null);
  const runtime = { ...module.BROWSER_RUNTIME, ...files.calls } as unknown as typeof module.BROWSER_RUNTIME;
  const both = { mainModule: wasmUrl, mainWorker: '' };
  const db = await module.createDuckDB({ mvp: both, eh: both }, new module.VoidLogger(), runtime);
  await instantiate(db, wasmUrl);
  db.open({ query: { castBigIntToDouble: false, castTimestampToDate: false, castDecimalToDouble: false } });
  const { mod } = db as unknown as { mod: EngineModule };

  /** Calls the engine; what its files had to say comes before what it makes of it. */
  function asked<T>(call: () => T): T {
    let answer: T;
    try {
      answer = call();
    } catch (error) {
      const problem = files.takeProblem();
      throw problem === null ? error : new LoamError('FileUnreadable', problem);
    }
    const problem = files.takeProblem();
    if (problem !== null) throw new LoamError('FileUnreadable', problem);
    return answer;
  }

  function send(sql: string): Statement {
    const connection = db.connect();
    const id = connection.useUnsafe((_, conn) => conn);
    let started = false;
    let closed = false;
    let done = false;
    return {
      poll() {
        if (started) return asked(() => db.pollPendingQuery(id));
        started = true;
        return asked(() => db.startPendingQuery(id, sql));
      },
      fetch() {
        if (done) return new Uint8Array();
        const batch = asked(() => db.fetchQueryResults(id)) as Uint8Array | null;
        done = batch === null || batch.length === 0;
        return batch ?? new Uint8Array();
      },
      close() {
        if (closed) return;
        closed = true;
        if (started && !done) db.cancelPendingQuery(id);
        connection.close();
      },
    };
  }

  function drained(sql: string): Uint8Array[] {
    const statement = send(sql);
    try {
      let schema: Uint8Array | null = null;
      while (schema === null) schema = statement.poll();
      const messages = [schema];
      for (let batch = statement.fetch(); batch.length > 0; batch = statement.fetch()) messages.push(batch);
      return messages;
    } finally {
      statement.close();
    }
  }

  const { tableFromIPC } = await import('apache-arrow');
  const texts = (sql: string): string[][] => {
    const table = tableFromIPC(join(drained(sql)));
    return Array.from({ length: table.numRows }, (_, row) =>
      Array.from({ length: table.numCols }, (_, column) => String(table.getChildAt(column)?.get(row))),
    );
  };

  await loadExtensions(bundle, fence, (sql) => void drained(sql));
  for (const setting of [
    `memory_limit='${memoryLimit / 1e6}MB'`,
    'autoinstall_known_extensions=false',
    'autoload_known_extensions=false',
    // Last: nothing can be set any more.
    'lock_configuration=true',
  ])
    drained(`SET ${setting}`);

  return {
    version: db.getVersion(),
    bundle: name,
    files,
    memory: () => mod.HEAPU8.byteLength,
    register(path, file) {
      if (/^\w+:|^https?|^s3/i.test(path))
        throw new LoamError('InvalidArgument', `"${path}" is no file name.`);
      // The engine never looks into it: it is kept by name for the calls of duckdb-files.ts.
      db.registerFileHandle(path, file as Blob, module.DuckDBDataProtocol.BROWSER_FILEREADER, false);
    },
    drop(path) {
      db.dropFile(path);
      files.calls._files.delete(path);
    },
    tokens: (sql) => db.tokenize(sql),
    send,
    texts,
  };
}

/** The bundle's own way of fetching its wasm waits for ever where that fails; here the failure is told. */
async function instantiate(db: Engine.DuckDBBindings, url: string): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    const own = db as unknown as {
      _runtime: unknown;
      instantiateWasm(
        imports: WebAssembly.Imports,
        success: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
      ): object;
    };
    own.instantiateWasm = (imports, success) => {
      (globalThis as unknown as { DUCKDB_RUNTIME: unknown }).DUCKDB_RUNTIME = own._runtime;
      fetched(url, imports).then(({ instance, module }) => success(instance, module), reject);
      return {};
    };
  });
  await Promise.race([db.instantiate(() => {}), failed]);
}

async function fetched(url: string, imports: WebAssembly.Imports) {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    // A server that names the type wrongly must not keep the engine from starting.
    if (response.headers.get('content-type')?.startsWith('application/wasm'))
      return await WebAssembly.instantiateStreaming(response, imports);
    return await WebAssembly.instantiate(await response.arrayBuffer(), imports);
  } catch (error) {
    throw new LoamError(
      'StorageUnavailable',
      `The query engine could not be loaded: ${(error as Error).message}. It comes with the app; if this device is offline, open Loam once with a network and wait for "ready to work offline".`,
    );
  }
}

async function loadExtensions(bundle: Bundle, fence: Fence, run: (sql: string) => void): Promise<void> {
  const paths = Object.entries(bundle.extensions);
  if (paths.length === 0) return;
  const origin = new URL(repository, location.href).href;
  for (const [path, url] of paths) fence.allow(`${origin}/${path}`, await url());
  run('SET autoinstall_known_extensions=false');
  run('SET autoload_known_extensions=false');
  run(`SET custom_extension_repository='${origin}'`);
  for (const [path] of paths) run(`LOAD ${/([a-z_]+)\.duckdb_extension/.exec(path)?.[1] ?? ''}`);
}
