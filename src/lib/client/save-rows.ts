// The rows of a statement as an artifact: all of them, written anew, with the statement as a Transform, this time of running
// it as a Run, and what it read as the run's inputs. The same rows again are the artifact that is there.
import { LoamError } from '../engine/errors.ts';
import { plainValue, type ParameterValues } from '../statements/parameter-values.ts';
import { dropSaved } from './drop-saved.ts';
import { readsFiles, runOverFiles } from './file-statements.ts';
import { forSqlite } from './parameters.ts';
import { session } from './session.svelte.ts';
import { csvLines } from './sql-result.ts';

export interface RowsToSave {
  sql: string;
  /** Its ending says how: `.parquet` or `.csv`. */
  key: string;
  description: string;
  /** Columns of several kinds are read as texts. */
  mixed: boolean;
  /** Of its parameters; the run keeps them. */
  values: ParameterValues;
  /** The whole text of the query, with what is said of its parameters. */
  code: string;
}

export interface SavedRows {
  uid: string;
  key: string;
  rows: number;
  /** Artifacts it was made from. */
  inputs: number;
  /** What is to be known about it: that it was there, or is another version. */
  message: string | null;
}

/** Rows of the registries are CSV: their types are SQLite's, which says little about a column. */
export const endingsFor = (sql: string): string[] => (readsFiles(sql) ? ['.parquet', '.csv'] : ['.csv']);

export async function saveRows(
  { sql, key, description, mixed, values, code }: RowsToSave,
  signal: AbortSignal,
): Promise<SavedRows> {
  const ending = endingsFor(sql).find((one) => key.endsWith(one));
  if (!ending)
    throw new LoamError(
      'InvalidArgument',
      `The key ends in ${endingsFor(sql).join(' or ')}, which says how the rows are written.`,
      { key },
    );
  const { file, rows, inputs, forget } = await written(sql, ending, mixed, values, signal);
  try {
    const made = {
      key: `queries/${key.replace(/\.[^.]*$/, '')}.sql`,
      code,
      description: description.trim() === '' ? null : description.trim(),
      params: {
        rows,
        ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plainValue(name, value)])),
      },
      inputs,
    };
    const { drop } = await session.engine.drop([{ id: 'rows', key, file, files: null }], {
      made,
      ...(made.description === null ? {} : { description: made.description }),
    });
    const { artifact, message } = await dropSaved(drop, signal);
    return { uid: artifact?.uid ?? '', key: artifact?.key ?? key, rows, inputs: inputs.length, message };
  } finally {
    await forget();
  }
}

async function written(
  sql: string,
  ending: string,
  mixed: boolean,
  values: ParameterValues,
  signal: AbortSignal,
) {
  if (!readsFiles(sql)) {
    const uid = crypto.randomUUID();
    const { sql: asked, params } = forSqlite(sql, values);
    const stream = await session.engine.exportSql({ uid, sql: asked, params, timeLimitMs: 600_000 });
    const file = new File([await new Response(stream).blob()], 'rows.csv');
    const { rows } = await session.engine.exportedSql(uid);
    return { file, rows, inputs: [], forget: async () => {} };
  }
  if (ending === '.parquet') {
    const { queries } = await import('./queries.ts');
    const { file, rows, sources, forget } = await queries.write(sql, { signal, mixed, values });
    return { file, rows, inputs: artifactsIn(sources), forget };
  }
  let rows = 0;
  const opened = await runOverFiles(sql, signal, mixed, undefined, values);
  const stream = csvLines(opened.first.page, opened.next, (n) => (rows += n));
  const file = new File([await new Response(stream).blob()], 'rows.csv');
  return { file, rows, inputs: artifactsIn(opened.sources), forget: async () => {} };
}

/** Files that the page only holds are no artifacts. */
const artifactsIn = (sources: readonly { uid: string }[]): string[] =>
  sources.flatMap(({ uid }) => (uid.startsWith('held-') ? [] : [uid]));
