// Statements over the files of artifacts, as the console runs them: DuckDB answers, in a worker that starts with the first
// of them. Everything else on the Query screen is a question to the registries.
import { LoamError } from '../engine/errors.ts';
import type { DuckdbMeter } from '../workers/duckdb-wire.ts';
import type { SqlPage } from '../workers/wire.ts';
import { formatOf } from '../workers/duckdb-formats.ts';
import type { QueryResult } from './duckdb.ts';
import { queryAddress } from './statement-address.ts';

/** Rows of a page: a batch of the engine, which it does not divide. */
export const FILE_ROWS = 2_048;

/** Whether the statement names files: `artifact(…)`, or text in quotes where a table stands. */
export function readsFiles(sql: string): boolean {
  const bare = sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\//g, (part) =>
    part.startsWith("'") ? "''" : ' ',
  );
  return /\bartifact\s*\(|\b(?:from|join)\s+''/i.test(bare);
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
  return queryAddress(`select * from artifact('${name.replaceAll("'", "''")}')`);
}

export interface FilesPage {
  page: SqlPage;
  meter: DuckdbMeter;
}

export interface FilesResult {
  first: FilesPage;
  next(): Promise<FilesPage>;
  close(): void;
}

/** Runs the statement to its first page. What it loads is large, so it comes with the first statement. */
export async function runOverFiles(sql: string, signal: AbortSignal): Promise<FilesResult> {
  const [{ queries }, { pageOf }] = await Promise.all([import('./queries.ts'), import('./arrow-page.ts')]);
  const result: QueryResult = await queries.run(sql, { rows: FILE_ROWS, signal });
  const artifacts = result.sources.map(({ uid }) => uid);
  let ms = 0;
  const told = (page: QueryResult['first']): FilesPage => {
    const made = { page: pageOf(page, artifacts, ms), meter: page.meter };
    ms = page.ms;
    return made;
  };
  return { first: told(result.first), next: async () => told(await result.next()), close: result.close };
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
