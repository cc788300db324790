// A statement over artifacts in Node: judged, compared and cut down by the same rules as in the page, then run by native DuckDB.
// Files are links in a folder of the statement's own, which is all that its engine reaches and which is gone afterwards.
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type * as ParquetWasm from 'parquet-wasm';
import { dirname, join, resolve, sep } from 'node:path';
import { isLoamError, LoamError } from '../src/lib/engine/errors.ts';
import { advised, readable } from '../src/lib/statements/engine-words.ts';
import { factsOf } from '../src/lib/statements/facts.ts';
import { readFooter } from '../src/lib/statements/footer.ts';
import { registryTables } from '../src/lib/statements/found.ts';
import { gate, type GatedStatement } from '../src/lib/statements/gate.ts';
import { createLists, type KnownFile, type ListRun } from '../src/lib/statements/lists.ts';
import { registryTable } from '../src/lib/statements/registry-table.ts';
import { registeredName, withSources, type AnnotationRows } from '../src/lib/statements/sources.ts';
import { literal } from '../src/lib/statements/tokens.ts';
import type { Drift, LeftOut, StatementSource } from '../src/lib/statements/types.ts';
import { openNative, type NativeDuckdb } from './duckdb-native.ts';
import { createInnerTables } from './inner-tables.ts';
import { fileOf, type Instance } from './instance.ts';
import { localSources, type LocalSource } from './sql-sources.ts';

export const resultFormats = ['csv', 'json', 'parquet', 'arrow'] as const;
export type ResultFormat = (typeof resultFormats)[number];

export interface StatementOptions {
  /** Runs although columns of the files are of several kinds, which is `SchemaDrift` else. */
  mixed?: boolean;
  /** Files below this folder may be named, by their paths and by the readers of the engine. */
  allowFiles?: { cwd: string };
}

/** A statement with its sources in place, until it is closed. */
export interface OpenStatement {
  /** Artifacts that it reads, each once, in order. */
  sources: { uid: string; key: string }[];
  /** Artifacts of views that are no tables. */
  others: number;
  /** How files differ that are one table here. */
  drift: Drift[];
  leftOut: LeftOut;
  files: number;
  rows(): Promise<{ names: string[]; types: string[]; rows: AsyncIterable<(string | null)[]> }>;
  explain(): Promise<string>;
  /** All rows, or the first `limit`, as a file of the statement's folder. */
  write(format: ResultFormat, limit?: number): Promise<{ path: string; rows: number }>;
  progress(): number;
  interrupt(): void;
  close(): void;
}

interface Run extends ListRun {
  spec: { sources: StatementSource[][]; mixed: boolean };
}

/** Throws `ReadOnly`, `SqlError`, `SchemaDrift`, `DoesNotExist` and what else is said of sources. */
export async function openStatement(
  instance: Instance,
  text: string,
  { mixed = false, allowFiles }: StatementOptions = {},
): Promise<OpenStatement> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loam-sql-')));
  const root = `${folder.split(sep).join('/')}/`;
  const known = new Map<string, KnownFile>();
  let db: NativeDuckdb | null = null;
  const close = () => {
    db?.close();
    db = null;
    rmSync(folder, { recursive: true, force: true });
  };
  const inWords = (error: unknown): LoamError => nativeError(error, root, known);
  const asking = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw inWords(error);
    }
  };
  try {
    const native = (db = await openNative({ folder: root, allowFiles: allowFiles !== undefined }));
    const gated = await gate(native, text, allowFiles ? { isFile: isFileIn(allowFiles.cwd) } : {});
    const { sources, others } = await localSources(
      instance,
      gated.uses,
      createInnerTables(join(folder, 'tables')),
    );
    const run: Run = {
      spec: { sources, mixed },
      leftOut: { byAnnotations: 0, byFooters: 0 },
      drift: [],
    };
    const paths = await register(sources, root, known);
    const about = await annotations(instance, gated, sources, root);
    const tables = await registries(instance, gated.tables, root);
    await native.lock(paths);
    for (const { name, path } of tables)
      await native.run(`CREATE VIEW "${name}" AS SELECT * FROM read_parquet([${literal(path)}])`);
    const lists = createLists<Run>(known, () => {}, root);
    await lists.compare(run, native, gated);
    const left = await lists.needed(run, native, gated, about);
    const sql = withSources(gated.sql, gated.uses, left, about, root);
    const explains = /^\s*(?:\/\*[\s\S]*?\*\/|--[^\n]*\n|\s)*explain\b/i.test(gated.sql);
    const named = new Map(sources.flat().map(({ uid, key }) => [uid, { uid, key }]));
    let written = 0;
    return {
      sources: [...named.values()],
      others,
      drift: run.drift,
      leftOut: run.leftOut,
      files: left.flat().reduce((sum, source) => sum + source.files.length, 0),
      rows: () =>
        asking(async () => {
          const { names, types, rows } = await native.stream(explains ? await explained(sql) : sql);
          return { names, types, rows: toldRows(rows, inWords) };
        }),
      explain: () => asking(async () => plan(await native.texts(explains ? sql : `EXPLAIN ${sql}`))),
      write: (format, limit) =>
        asking(async () => {
          const path = `${root}result-${++written}.${format === 'arrow' ? 'parquet' : format}`;
          const all = `SELECT * FROM (${explains ? await explained(sql) : sql}\n)${limit === undefined ? '' : ` LIMIT ${limit}`}`;
          const how = { csv: 'FORMAT csv, HEADER true', json: 'FORMAT json, ARRAY true' };
          const options =
            format === 'csv' || format === 'json' ? how[format] : 'FORMAT parquet, COMPRESSION zstd';
          const [count] = await native.texts(`COPY (${all}) TO ${literal(path)} (${options})`);
          const rows = Number(count?.[0] ?? 0);
          if (format !== 'arrow') return { path, rows };
          return { path: await arrowFrom(path), rows };
        }),
      progress: () => native.progress(),
      interrupt: () => native.interrupt(),
      close,
    };

    /** EXPLAIN is no table of its own: its text becomes one. */
    async function explained(statement: string): Promise<string> {
      const rows = await native.texts(statement);
      const values = rows.map(([key = '', value = '']) => `(${literal(key)}, ${literal(value)})`);
      return `SELECT * FROM (VALUES ${values.join(', ')}) plan(explain_key, explain_value)`;
    }
  } catch (error) {
    const said = inWords(error);
    close();
    throw said;
  }
}

const plan = (rows: string[][]): string => rows.map(([, text = '']) => text.trimEnd()).join('\n');

async function* toldRows(
  rows: AsyncIterable<(string | null)[]>,
  inWords: (error: unknown) => LoamError,
): AsyncGenerator<(string | null)[], void> {
  try {
    yield* rows;
  } catch (error) {
    throw inWords(error);
  }
}

/** Whether a name of a statement is that of a file, which then hides an artifact of the same key. */
const isFileIn =
  (cwd: string) =>
  (name: string): boolean =>
    /^[a-z][a-z0-9+.-]+:\/\//i.test(name) === false &&
    (statSync(resolve(cwd, name), { throwIfNoEntry: false })?.isFile() ?? false);

/* ---------- what the statement reads ---------- */

/** Links under the names of the statement; answers where the files really are. */
async function register(
  sources: readonly LocalSource[][],
  root: string,
  known: Map<string, KnownFile>,
): Promise<string[]> {
  const paths = new Set<string>();
  for (const list of sources)
    for (const source of list)
      for (const { path, file } of source.files) {
        const name = registeredName(source, path);
        if (known.has(name)) continue;
        const title = path === '' ? source.key : `${source.key}/${path}`;
        const real = realpathSync(file);
        const link = root + name;
        mkdirSync(dirname(link), { recursive: true });
        place(real, link);
        paths.add(real).add(realpathSync(link));
        known.set(name, { title, facts: null });
        // One file alone is compared with nothing; the engine says by itself what is wrong with it.
        if (source.format !== 'parquet' || list.length + source.files.length < 3) continue;
        const { source: bytes, close } = fileOf(real);
        try {
          known.set(name, { title, facts: factsOf(await readFooter(bytes, title)) });
        } finally {
          await close();
        }
      }
  return [...paths];
}

/** Windows lets not everybody make links by name: another name of the same file does as well, a copy always. */
function place(real: string, link: string): void {
  for (const make of [symlinkSync, linkSync])
    try {
      return make(real, link);
    } catch (error) {
      if (!['EPERM', 'EXDEV', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  copyFileSync(real, link);
}

async function annotations(
  { engine }: Instance,
  { annotations: asked, uses }: GatedStatement,
  sources: readonly LocalSource[][],
  root: string,
): Promise<AnnotationRows | null> {
  const uids = new Set(sources.flatMap((list, i) => (uses[i]?.list ? list.map(({ uid }) => uid) : [])));
  if (!asked || uids.size === 0) return null;
  const { columns, lines } = await engine.annotationTable([...uids]);
  const path = `${root}annotations.json`;
  await writeFile(path, lines);
  return { path, columns };
}

async function registries(
  { engine }: Instance,
  names: readonly string[],
  root: string,
): Promise<{ name: string; path: string }[]> {
  const written = [];
  for (const name of names.filter((one) => registryTables.test(one))) {
    const path = `${root}${name}.parquet`;
    const breathe = () => Promise.resolve();
    await writeFile(path, await registryTable((...asked) => engine.tableRows(...asked), name, breathe));
    written.push({ name, path });
  }
  return written;
}

/* ---------- results and errors ---------- */

/** An Arrow IPC file beside a parquet file with the same rows. */
async function arrowFrom(path: string): Promise<string> {
  const [{ readFile }, { createRequire }] = await Promise.all([
    import('node:fs/promises'),
    import('node:module'),
  ]);
  const { readParquet } = createRequire(import.meta.url)('parquet-wasm/node') as typeof ParquetWasm;
  const { tableFromIPC, tableToIPC } = await import('apache-arrow');
  const table = tableFromIPC(readParquet(new Uint8Array(await readFile(path))).intoIPCStream());
  const target = path.replace(/\.parquet$/, '.arrow');
  await writeFile(target, tableToIPC(table, 'file'));
  return target;
}

function nativeError(error: unknown, root: string, known: ReadonlyMap<string, KnownFile>): LoamError {
  if (isLoamError(error)) return error;
  const text = (error instanceof Error ? error.message : String(error)).replaceAll(root, '');
  const words = readable(text, (name) => known.get(name)?.title ?? name.replace(/^loam\//, ''));
  if (/interrupted/i.test(words))
    return new LoamError('StatementCancelled', 'The statement was cancelled.', { reason: 'cancelled' });
  if (/Out of Memory/i.test(words))
    return new LoamError(
      'OutOfMemory',
      `The statement needs more memory than this computer gives it (${words.slice(0, 200)}). Name only the columns you need, filter before you join or sort, or add LIMIT to ORDER BY.`,
    );
  return new LoamError('SqlError', advised(words));
}
