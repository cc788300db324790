// Statements over the files of artifacts, as the console runs them: DuckDB answers, in a worker that starts with the first
// of them. Everything else on the Query screen is a question to the registries.
import { LoamError } from '../engine/errors.ts';
import type { Drift, DuckdbMeter } from '../workers/duckdb-wire.ts';
import type { ListRow, SqlPage, View } from '../workers/wire.ts';
import { formatOf, mayHoldTables, suffixOf } from '../statements/formats.ts';
import type { DuckdbKept, DuckdbProgress, QueryResult } from './duckdb.ts';
import type { TablesRead } from './query-tables.ts';
import type { ParameterValues } from '../statements/parameter-values.ts';
import type { Target } from './selection.svelte.ts';
import { callOf, literal } from './sql-statements.ts';
import { queryAddress } from './statement-address.ts';
import { emptyView, viewQuery } from './view-address.ts';

/** Rows of a page: a batch of the engine, which it does not divide. */
export const FILE_ROWS = 2_048;

/** Whether the statement names files: `artifact(…)`, `obs(…)` and their like, or text in quotes where a table stands. */
export function readsFiles(sql: string): boolean {
  const bare = sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\//g, (part) =>
    part.startsWith("'") ? "''" : ' ',
  );
  return /\b(?:artifacts?|collection)\s*\(|\b(?:from|join)\s+(?:''|(?:obs|var)\s*\()|,\s*(?:obs|var)\s*\(\s*['[]/i.test(
    bare,
  );
}

/** The function by which a statement reads an artifact; null where it is no table and holds none. */
export function functionFor(artifact: { suffix: string; otype?: string | null }): 'artifact' | 'obs' | null {
  if (formatOf(artifact.suffix) !== null) return 'artifact';
  const holds = holdsObs(artifact.suffix) || /^(?:AnnData|MuData|SpatialData)$/.test(artifact.otype ?? '');
  return holds ? 'obs' : null;
}

/** The Query screen with all rows of an artifact, or its obs; null where neither can be asked. */
export function queryOf(artifact: {
  uid: string;
  key: string | null;
  suffix: string;
  otype?: string | null;
  isLatest: boolean;
}): string | null {
  const of = functionFor(artifact);
  // A key means its latest version.
  const name = artifact.isLatest ? (artifact.key ?? artifact.uid) : artifact.uid;
  return of && queryAddress(`select * from ${callOf(name, of)}`);
}

/** A name that promises obs; others may hold them as well. */
const holdsObs = (suffix: string): boolean => /\.(?:h5ad|h5mu|anndata\.zarr|mudata\.zarr)$/i.test(suffix);

/**
 * A statement over the chosen rows of a list of artifacts, or over all that it shows; null where none of the chosen is a
 * table. Rows are named by their keys where the list shows latest versions only.
 */
export function queryOfList(target: Target, rows: readonly ListRow[], view: View): string | null {
  const chosen = target.view ? rows : rows.filter(({ key }) => target.keys.includes(key));
  const obs = !chosen.some(({ name }) => isTable(name)) && chosen.some(({ name }) => mayHoldTables(name));
  const from = (source: string, one: string) => `select * from ${obs ? `obs(${source})` : one}`;
  if (target.view) {
    const { registry, filter, search, trash, versions } = target.view;
    const shown = { ...emptyView(registry), filter, search, trash, versions };
    const but = target.except.map(literal).join(', ');
    // The list of all artifacts has an address without a question.
    const all = `artifacts(${literal(viewQuery(shown) || '?')})`;
    return `${from(all, all)}${but === '' ? '' : `\nwhere artifact_uid not in (${but})`}`;
  }
  const fits = (name: string) => (obs ? mayHoldTables(name) : isTable(name));
  const names = chosen.filter(({ name }) => fits(name)).map(({ key, name }) => (view.versions ? key : name));
  if (names.length === 0) return null;
  const list = `[${names.map(literal).join(', ')}]`;
  return from(list, `artifact(${list})`);
}

const isTable = (name: string): boolean => formatOf(suffixOf(name)) !== null;

/** What was read for the rows, and what they are not. */
export interface FilesRead extends DuckdbMeter {
  /** Artifacts of views that are no tables. */
  others: number;
  /** How the files of a list differ. */
  drift: Drift[];
  /** Tables inside files that were read for it now, or before. */
  tables: TablesRead;
  /** Columns that no table can hold, by file. */
  without: QueryResult['first']['leftOut'];
}

export interface FilesPage {
  page: SqlPage;
  meter: FilesRead;
}

export interface FilesResult {
  first: FilesPage;
  readonly sources: QueryResult['sources'];
  next(): Promise<FilesPage>;
  /** Keeps rows on this device until the one before `to` is there; then they are asked for by `at`, not by `next`. */
  keep(to: number, signal?: AbortSignal): Promise<Omit<DuckdbKept, 'meter'> & { meter: FilesRead }>;
  /** The page with a row that is kept. */
  at(row: number): Promise<{ page: SqlPage; from: number }>;
  close(): void;
}

/** Runs the statement to its first page. What it loads is large, so it comes with the first statement. */
export async function runOverFiles(
  sql: string,
  signal: AbortSignal,
  mixed = false,
  onProgress?: (progress: DuckdbProgress) => void,
  values: ParameterValues = {},
): Promise<FilesResult> {
  const [{ queries }, { pageOf }] = await Promise.all([import('./queries.ts'), import('./arrow-page.ts')]);
  const result: QueryResult = await queries.run(sql, {
    ...{ rows: FILE_ROWS, signal, mixed, values },
    ...(onProgress ? { onProgress } : {}),
  });
  const artifacts = result.sources.map(({ uid }) => uid);
  let ms = 0;
  const read = (meter: DuckdbMeter, { drift, leftOut }: QueryResult['first']): FilesRead => {
    const { others, tables } = result;
    return { ...meter, others, drift, tables, without: leftOut };
  };
  const told = (page: QueryResult['first']): FilesPage => {
    const meter = read(page.meter, page);
    const made = { page: pageOf(page, artifacts, ms), meter };
    ms = page.ms;
    return made;
  };
  const { sources } = result;
  return {
    first: told(result.first),
    sources,
    next: async () => told(await result.next()),
    async keep(to, stop) {
      const kept = await result.keep(to, stop);
      return { ...kept, meter: read(kept.meter, result.first) };
    },
    async at(row) {
      const { from, ...page } = await result.kept(row);
      const rest = { from, more: false, ms: 0, meter: result.first.meter, drift: [], leftOut: [] };
      return { from, page: pageOf({ ...page, ...rest }, artifacts, 0) };
    },
    close: result.close,
  };
}

/** Work that a signal stops after this time, and what stops it before. `again` lets the time begin anew. */
export function stoppable<T>(
  limitMs: number,
  begin: (signal: AbortSignal, again: () => void) => Promise<T>,
): { done: Promise<T>; cancel(): void } {
  const abort = new AbortController();
  let late = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      late = true;
      abort.abort();
    }, limitMs);
  };
  again();
  const done = begin(abort.signal, again)
    .catch((error: unknown) => {
      if (!abort.signal.aborted) throw error;
      throw late
        ? new LoamError('StatementCancelled', `Stopped after ${limitMs / 1000} s, as set.`, {
            reason: 'time',
          })
        : new LoamError('Cancelled', 'The statement was cancelled.');
    })
    .finally(() => clearTimeout(timer));
  return { done, cancel: () => abort.abort() };
}
