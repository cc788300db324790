// Statements over the files of artifacts, as the console runs them: DuckDB answers, in a worker that starts with the first
// of them. Everything else on the Query screen is a question to the registries.
import { LoamError } from '../engine/errors.ts';
import type { Drift, DuckdbMeter } from '../workers/duckdb-wire.ts';
import type { ListRow, SqlPage, View } from '../workers/wire.ts';
import { formatOf } from '../statements/formats.ts';
import type { DuckdbKept, QueryResult } from './duckdb.ts';
import type { Target } from './selection.svelte.ts';
import { callOf, literal } from './sql-statements.ts';
import { queryAddress } from './statement-address.ts';
import { emptyView, viewQuery } from './view-address.ts';

/** Rows of a page: a batch of the engine, which it does not divide. */
export const FILE_ROWS = 2_048;

/** Whether the statement names files: `artifact(…)` and its like, or text in quotes where a table stands. */
export function readsFiles(sql: string): boolean {
  const bare = sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\//g, (part) =>
    part.startsWith("'") ? "''" : ' ',
  );
  return /\b(?:artifacts?|collection)\s*\(|\b(?:from|join)\s+''/i.test(bare);
}

/** The Query screen with all rows of an artifact; null where it is no table that queries read. */
export function queryOf(artifact: {
  uid: string;
  key: string | null;
  suffix: string;
  isLatest: boolean;
}): string | null {
  if (formatOf(artifact.suffix) === null) return null;
  // A key means its latest version.
  const name = artifact.isLatest ? (artifact.key ?? artifact.uid) : artifact.uid;
  return queryAddress(`select * from ${callOf(name)}`);
}

/**
 * A statement over the chosen rows of a list of artifacts, or over all that it shows; null where none of the chosen is a
 * table. Rows are named by their keys where the list shows latest versions only.
 */
export function queryOfList(target: Target, rows: readonly ListRow[], view: View): string | null {
  if (target.view) {
    const { registry, filter, search, trash, versions } = target.view;
    const shown = { ...emptyView(registry), filter, search, trash, versions };
    const but = target.except.map(literal).join(', ');
    // The list of all artifacts has an address without a question.
    const address = viewQuery(shown) || '?';
    return `select * from artifacts(${literal(address)})${but === '' ? '' : `\nwhere artifact_uid not in (${but})`}`;
  }
  const tables = rows.filter(({ key, name }) => target.keys.includes(key) && isTable(name));
  const names = tables.map(({ key, name }) => (view.versions ? key : name));
  if (names.length === 0) return null;
  return `select * from artifact([${names.map(literal).join(', ')}])`;
}

const isTable = (name: string): boolean =>
  formatOf(/(?:\.[^./]+)?\.gz$|\.[^./]+$/i.exec(name)?.[0] ?? '') !== null;

/** What was read for the rows, and what they are not. */
export interface FilesRead extends DuckdbMeter {
  /** Artifacts of views that are no tables. */
  others: number;
  /** How the files of a list differ. */
  drift: Drift[];
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
  onRows?: (rows: number) => void,
): Promise<FilesResult> {
  const [{ queries }, { pageOf }] = await Promise.all([import('./queries.ts'), import('./arrow-page.ts')]);
  const result: QueryResult = await queries.run(sql, {
    rows: FILE_ROWS,
    signal,
    mixed,
    ...(onRows ? { onProgress: ({ rows }) => onRows(rows) } : {}),
  });
  const artifacts = result.sources.map(({ uid }) => uid);
  let ms = 0;
  const told = (page: QueryResult['first']): FilesPage => {
    const { others } = result;
    const made = { page: pageOf(page, artifacts, ms), meter: { ...page.meter, others, drift: page.drift } };
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
      return { ...kept, meter: { ...kept.meter, others: result.others, drift: result.first.drift } };
    },
    async at(row) {
      const { from, ...page } = await result.kept(row);
      const rest = { from, more: false, ms: 0, meter: result.first.meter, drift: [] };
      return { from, page: pageOf({ ...page, ...rest }, artifacts, 0) };
    },
    close: result.close,
  };
}

/** Work that a signal stops after this time, and what stops it before. */
export function stoppable<T>(
  limitMs: number,
  begin: (signal: AbortSignal) => Promise<T>,
): { done: Promise<T>; cancel(): void } {
  const abort = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort.abort();
  }, limitMs);
  const done = begin(abort.signal)
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
