// Statements of one page on one engine: sources registered as a statement needs them, results in pages of Arrow, several
// statements side by side, each to be cancelled while it works. Knows nothing of what an artifact is.
import { LoamError } from '../engine/errors.ts';
import { rowsIn, streamOf, withoutDictionaries } from './arrow-messages.ts';
import { createCopies } from './duckdb-copies.ts';
import { cancelled, duckdbError } from './duckdb-errors.ts';
import type { Fence } from './duckdb-fence.ts';
import { gate, type GatedStatement } from '../statements/gate.ts';
import { createLists, type ListRun } from '../statements/lists.ts';
import { createKeeper } from './duckdb-kept.ts';
import { parquetStream } from './duckdb-parquet.ts';
import { createRegisteredFiles, type FileHolder } from './duckdb-registered.ts';
import { registeredName, withSources } from '../statements/sources.ts';
import { dropHeld, holdTexts } from '../statements/texts.ts';
import { forgetResult, keepResult } from './query-copies.ts';
import { memoryLimit, openDuckdb, type Duckdb, type Statement } from './duckdb.ts';
import type { StatementSource } from '../statements/types.ts';
import type {
  DuckdbApi,
  DuckdbMeter,
  DuckdbPage,
  DuckdbProgress,
  DuckdbSpec,
  DuckdbStatus,
} from './duckdb-wire.ts';
import type { ParameterValues } from '../statements/parameter-values.ts';
import { handOver, nextTask } from './serve.ts';

/** The engine works for so long before messages are listened to. */
const sliceMs = 12;
const progressMs = 100;
/** Where the annotations of a statement's artifacts lie for the engine, while it runs. */
const tablePath = ({ spec }: Running, name: string) => `loam/tables/${spec.uid}/${name}.parquet`;
const aboutPath = ({ spec }: Running) => `loam/about/${spec.uid}.json`;
/** Statements with pages left; the one not asked for longest gives way. */
const openMost = 8;
const rowsMost = 1_000_000;
const nothing = new Uint8Array();

interface Running extends ListRun, FileHolder {
  spec: DuckdbSpec;
  /** Registered names of the files that it reads. */
  names: string[];
  /** With its sources in place. */
  sql: string;
  send(sql: string): Statement;
  statement: Statement | null;
  schema: Uint8Array | null;
  rows: number;
  ms: number;
  working: boolean;
  /** Counters of its files when it began. */
  before: Map<string, { bytes: number; reads: number }>;
  totalBytes: number;
  /** All that it has to read, where that can be known. */
  needed: number | null;
  told: number;
  /** Tables that the engine holds for it (texts.ts). */
  held: string[];
}

/** `asked`: the way to the worker that fetches, made before the fence was raised. */
export function createDuckdbSession(
  fence: Fence,
  emit: (event: DuckdbProgress) => void,
  asked: Pick<BroadcastChannel, 'postMessage'>,
): DuckdbApi {
  let opening: Promise<Duckdb> | null = null;
  let engine: Duckdb | null = null;
  const running = new Map<string, Running>();
  const copies = createCopies(fence, () => engine?.bundle === 'signed');
  const files = createRegisteredFiles<Running>({
    copies,
    holders: () => running.values(),
    asked,
    tell: (run, phase, done, total) => tell(run, phase, done, total),
  });
  const registered = files.known;
  const lists = createLists<Running>(registered, async (run, done, total) => {
    tell(run, 'files', done, total);
    await nextTask();
    if (run.abort.signal.aborted) throw cancelled();
  });
  /** Rows of statements, some of them ended, that can be asked for again. */
  const keeper = createKeeper(unknown);

  async function opened(bundle?: string): Promise<Duckdb> {
    opening ??= openDuckdb(fence, bundle).then((db) => (engine = db));
    opening.catch(() => (opening = null));
    return opening;
  }

  const inWords = (error: unknown) =>
    duckdbError(
      error,
      (name) => registered.get(name)?.title ?? name.replace(/^loam\//, ''),
      engine?.files.last ?? null,
    );

  /* ---------- files ---------- */

  async function register(run: Running, db: Duckdb): Promise<void> {
    const { spec } = run;
    await files.register(run, db, spec.sources.flat());
    for (const { name, file } of spec.tables ?? []) {
      // A statement that still reads the table as it was keeps its own.
      const path = tablePath(run, name);
      db.register(path, file);
      registered.set(path, { title: name, content: '', facts: null, far: null });
      db.texts(`CREATE OR REPLACE VIEW "${name}" AS SELECT * FROM read_parquet(['${path}'])`);
    }
    if (spec.annotations) db.register(aboutPath(run), spec.annotations.file);
  }

  /** Text files that are too many to be read where they lie, by the use that names them. */
  async function heldTexts(
    run: Running,
    db: Duckdb,
    { uses }: GatedStatement,
    sources: readonly StatementSource[][],
  ): Promise<Map<number, string>> {
    const tables = new Map<number, string>();
    for (const [i, use] of uses.entries()) {
      if (!use.list) continue;
      const id = `${run.spec.uid.replace(/\W/g, '_')}_${i}`;
      const table = await holdTexts(db, use, sources[i] ?? [], id, {
        made: (name) => run.held.push(name),
        tell: async (done, total) => {
          tell(run, 'files', done, total);
          await nextTask();
          if (run.abort.signal.aborted) throw cancelled();
        },
      });
      if (table !== null) tables.set(i, table);
    }
    return tables;
  }

  /** The files that the statement reads, counted from here on. */
  function begun(run: Running, db: Duckdb, sources: readonly StatementSource[][]): void {
    const used = sources
      .flat()
      .flatMap((source) => source.files.map(({ path }) => registeredName(source, path)));
    run.names = [...new Set(used)];
    const size = (name: string) => db.files.calls._files.get(name)?.size ?? 0;
    run.totalBytes = run.names.reduce((sum, name) => sum + size(name), 0);
    // Text is read from end to end; of parquet nobody knows beforehand what is needed.
    const textual = run.names.every((name) => run.fresh.has(name) && !name.endsWith('.parquet'));
    run.needed = textual && run.totalBytes > 0 ? run.totalBytes : null;
    run.before = new Map(
      run.names.map((name) => [name, { ...(db.files.read.get(name) ?? { bytes: 0, reads: 0 }) }]),
    );
  }

  function meterOf(run: Running): DuckdbMeter {
    let readBytes = 0;
    let reads = 0;
    for (const name of run.names) {
      const now = engine?.files.read.get(name);
      const before = run.before.get(name);
      readBytes += (now?.bytes ?? 0) - (before?.bytes ?? 0);
      reads += (now?.reads ?? 0) - (before?.reads ?? 0);
    }
    const { names, totalBytes, leftOut } = run;
    return { files: names.length, totalBytes, readBytes, reads, leftOut, far: farMeter(run, false) };
  }

  /** `exact`: what came ahead of any read is asked for too. */
  function farMeter({ far, offline }: Running, exact: boolean): DuckdbMeter['far'] {
    if (far.size === 0) return null;
    const sum = { files: far.size, bytes: 0, requests: 0, kept: 0, offline };
    for (const [reader, before] of far) {
      const now = exact && reader.meter.waited > before.waited ? reader.count() : reader.meter;
      sum.bytes += Math.max(0, now.fetched.bytes - before.fetched.bytes);
      sum.requests += Math.max(0, now.fetched.requests - before.fetched.requests);
      sum.kept += now.kept - before.kept;
    }
    return sum;
  }

  function tell(run: Running, phase: DuckdbProgress['phase'], done: number, needed: number | null): void {
    const now = performance.now();
    if (now - run.told < progressMs) return;
    run.told = now;
    emit({ type: 'progress', uid: run.spec.uid, phase, rows: run.rows, done, needed, meter: meterOf(run) });
  }

  /* ---------- work ---------- */

  /** Lets messages in now and then; throws once the statement was cancelled. */
  async function breathe(run: Running, since: { slice: number }): Promise<void> {
    if (performance.now() - since.slice < sliceMs) return;
    run.ms += performance.now() - since.slice;
    const meter = meterOf(run);
    tell(
      run,
      'running',
      run.needed === null ? meter.readBytes : Math.min(meter.readBytes, run.needed),
      run.needed,
    );
    await nextTask();
    since.slice = performance.now();
    if (run.abort.signal.aborted) throw cancelled();
  }

  async function schemaOf(run: Running, since: { slice: number }): Promise<Uint8Array> {
    for (;;) {
      const schema = run.statement?.poll() ?? null;
      await breathe(run, since);
      if (schema !== null) return schema;
    }
  }

  async function page(run: Running): Promise<DuckdbPage> {
    if (!run.statement) throw unknown();
    const since = { slice: performance.now() };
    if (run.schema === null) {
      run.schema = await schemaOf(run, since);
      // The engine streams no dictionaries: enumerated columns would come as NULL. They are asked for again as texts.
      const plain = withoutDictionaries(run.schema, run.sql);
      if (plain !== null) {
        run.statement.close();
        run.statement = run.send(plain);
        run.schema = await schemaOf(run, since);
      }
    }
    const messages = [run.schema];
    const from = run.rows;
    let rows = 0;
    let more = true;
    while (rows < run.spec.rows) {
      const batch = run.statement?.fetch() ?? nothing;
      if (batch.length === 0) {
        more = false;
        break;
      }
      messages.push(batch);
      rows += rowsIn(batch);
      await breathe(run, since);
    }
    run.rows += rows;
    run.ms += performance.now() - since.slice;
    const ipc = streamOf(messages);
    const { drift } = run;
    const leftOut = run.names.flatMap((name) => {
      const { title = '', facts } = registered.get(name) ?? {};
      return facts && facts.leftOut.length > 0 ? [{ file: title, columns: facts.leftOut }] : [];
    });
    const meter = { ...meterOf(run), far: farMeter(run, true) };
    return handOver({ ipc, rows, from, more, ms: Math.round(run.ms), meter, drift, leftOut }, [ipc.buffer]);
  }

  async function working(run: Running): Promise<DuckdbPage> {
    if (run.working)
      throw new LoamError('InvalidArgument', 'The statement is at work on its last page already.');
    run.working = true;
    try {
      const answer = await page(run);
      if (!answer.more) end(run);
      return answer;
    } catch (error) {
      end(run);
      throw failed(error);
    } finally {
      run.working = false;
    }
  }

  function end(run: Running): void {
    if (running.get(run.spec.uid) === run) running.delete(run.spec.uid);
    const { statement } = run;
    run.statement = null;
    statement?.close();
    for (const table of run.held) engine?.texts(dropHeld(table));
    run.held = [];
    if (run.spec.annotations) engine?.drop(aboutPath(run));
    for (const { name } of run.spec.tables ?? []) {
      registered.delete(tablePath(run, name));
      engine?.drop(tablePath(run, name));
    }
  }

  /** In words, with the files that could not be read in part let go. */
  function failed(error: unknown): unknown {
    const words = inWords(error);
    files.forget(engine?.files.takeBroken() ?? [], engine);
    return words;
  }

  function begin(spec: DuckdbSpec): Running {
    const idle = [...running.values()].filter((run) => !run.working);
    for (const run of idle.slice(0, Math.max(0, running.size + 1 - openMost))) end(run);
    const run: Running = {
      spec: { ...spec, rows: Math.max(1, Math.min(rowsMost, Math.floor(spec.rows) || 1)) },
      names: [],
      holds: new Set(),
      fresh: new Set(),
      leftOut: { byAnnotations: 0, byFooters: 0 },
      drift: [],
      sql: '',
      send: () => {
        throw unknown();
      },
      statement: null,
      schema: null,
      rows: 0,
      ms: 0,
      working: true,
      abort: new AbortController(),
      before: new Map(),
      far: new Map(),
      totalBytes: 0,
      needed: null,
      told: performance.now(),
      offline: false,
      held: [],
    };
    running.set(spec.uid, run);
    return run;
  }

  /** The statement on its way, before its first page. */
  async function started(spec: DuckdbSpec): Promise<Running> {
    if (running.has(spec.uid))
      throw new LoamError('InvalidArgument', `A statement ${spec.uid} runs already.`);
    const run = begin(spec);
    try {
      const { db, gated } = await judged(spec.sql, spec.values);
      if (spec.sources.length !== gated.uses.length)
        throw new LoamError('InvalidArgument', 'Sources must be given for each place that names some.');
      await register(run, db);
      await lists.compare(run, db, gated);
      const about = spec.annotations ? { path: aboutPath(run), columns: spec.annotations.columns } : null;
      const sources = await lists.needed(run, db, gated, about);
      begun(run, db, sources);
      run.sql = withSources(
        gated.sql,
        gated.uses,
        sources,
        about,
        '',
        await heldTexts(run, db, gated, sources),
      );
      run.send = db.send;
      if (run.abort.signal.aborted) throw cancelled();
      run.statement = db.send(run.sql);
      return run;
    } catch (error) {
      end(run);
      throw failed(error);
    }
  }

  async function judged(
    sql: string,
    values?: ParameterValues,
  ): Promise<{ db: Duckdb; gated: GatedStatement }> {
    if (typeof sql !== 'string') throw new LoamError('InvalidArgument', 'A statement is a text.');
    const db = await opened();
    try {
      return { db, gated: await gate(db, sql, { values: values ?? {} }) };
    } catch (error) {
      throw inWords(error);
    }
  }

  async function status(): Promise<DuckdbStatus> {
    const db = await opened();
    return {
      version: db.version,
      bundle: db.bundle,
      memory: db.memory(),
      memoryLimit,
      refused: fence.count,
    };
  }

  return {
    async start(bundle) {
      await opened(bundle);
      return status();
    },
    async plan(text, values) {
      const { sql, uses, tables, annotations } = (await judged(text, values)).gated;
      return { sql, uses: uses.map((use) => ({ ...use, types: [...use.types] })), tables, annotations };
    },
    async run(spec) {
      const run = await started(spec);
      run.working = false;
      return working(run);
    },
    async write(spec) {
      const run = await started(spec);
      run.working = false;
      async function* pages(): AsyncGenerator<Uint8Array, void> {
        for (let more = true; more;) {
          const { ipc, ...page } = await working(run);
          more = page.more;
          if (page.rows > 0) yield ipc;
        }
      }
      const all = pages();
      try {
        const first = await all.next();
        if (first.done)
          throw new LoamError('ValueError', 'The statement has no rows, so there is nothing to save.');
        async function* rest(): AsyncGenerator<Uint8Array, void> {
          yield first.value as Uint8Array;
          yield* all;
        }
        const stream = await parquetStream(fence, rest());
        return { file: await keepResult(stream, run.abort.signal), rows: run.rows };
      } catch (error) {
        end(run);
        throw failed(error);
      }
    },
    forget: forgetResult,
    async next(uid) {
      const run = running.get(uid);
      if (!run) throw unknown();
      // Asked for last: it gives way last.
      running.delete(uid);
      running.set(uid, run);
      return working(run);
    },
    async keep(uid, to) {
      const run = running.get(uid);
      const next = () => {
        if (!run || running.get(uid) !== run) throw unknown();
        return working(run);
      };
      const begun = run ? { rows: run.rows, meter: meterOf(run) } : null;
      return keeper.keep(uid, to, begun, next, () => run && end(run));
    },
    async kept(uid, row) {
      const page = keeper.read(uid, row);
      return handOver(page, [page.ipc.buffer]);
    },
    forgetRows: keeper.forget,
    async cancel(uid) {
      const run = running.get(uid);
      if (!run) return;
      run.abort.abort();
      if (!run.working) end(run);
    },
    status,
  };
}

const unknown = () =>
  new LoamError(
    'StatementCancelled',
    'The rest of this result is not held any more. Run the statement again.',
    {
      reason: 'ended',
    },
  );
