// What was found for a name of a statement, as a table: which of an artifact's files are read, by which reader, and what is
// said of those that are none.
import { LoamError } from '../engine/errors.ts';
import { slotName, type TableAsk } from '../formats/table-ask.ts';
import { formatOf, mayHoldTables, suffixOf } from './formats.ts';
import type { StatementSource } from './types.ts';

export type FoundArtifact<File> = Omit<StatementSource<File>, 'format'> & { suffix: string };

/** Names that can be tables of a registry; the engine knows which are. */
export const registryTables = /^[a-z]+_[a-z0-9_]+$/;

export const unreadable = (key: string, suffix: string) =>
  new LoamError(
    'InvalidArgument',
    `${key} cannot be asked: ${suffix === '' ? 'it has no ending that tells what it is' : `${suffix} is no table that queries read`}. They read .parquet, .arrow, .feather, .csv, .tsv, .txt, .json, .jsonl and .ndjson, the texts also as .gz, and obs(…) and var(…) of .h5ad, .h5mu, .zarr and .h5.`,
    { key },
  );

const isSingle = ({ files }: Pick<FoundArtifact<unknown>, 'files'>) =>
  files.length === 1 && files[0]?.path === '';

/** Refuses what `tableSource` takes for no table. */
export function noTable(found: FoundArtifact<unknown>): never {
  const { key, suffix } = found;
  if (mayHoldTables(suffix) || mayHoldTables(key))
    throw new LoamError(
      'InvalidArgument',
      `${key} is no table but holds several: write obs('${key}') for its observations or var('${key}') for its variables.`,
      { key },
    );
  throw unreadable(key, isSingle(found) ? suffix : 'a folder without such files');
}

/** A table inside a file as a path below it, without a slash, which would look like a folder's column. */
export const slotPath = (ask: TableAsk): string => slotName(ask).replaceAll('/', '_');

/** Of a folder the files of its commonest readable kind: what else lies there is no part of the table. Null for no table. */
export function tableSource<File>(found: FoundArtifact<File>): StatementSource<File> | null {
  const { uid, key, suffix, files } = found;
  const format = isSingle(found)
    ? formatOf(suffix || suffixOf(key))
    : mayHoldTables(suffix)
      ? null
      : (['parquet', 'csv', 'json'] as const).find((one) =>
          files.some(({ path }) => formatOf(suffixOf(path)) === one),
        );
  if (!format || format === 'arrow') return null;
  return { uid, key, format, files: filesOf(found, format) };
}

/** Arrow files, which the engine reads as copies in parquet; null for all else. */
export function arrowSource<File>(found: FoundArtifact<File>): Omit<StatementSource<File>, 'format'> | null {
  const { uid, key, suffix } = found;
  if (isSingle(found)) return formatOf(suffix || suffixOf(key)) === 'arrow' ? found : null;
  const files = filesOf(found, 'arrow');
  return files.length === 0 || mayHoldTables(suffix) ? null : { uid, key, files };
}

function filesOf<File>(found: FoundArtifact<File>, format: string): FoundArtifact<File>['files'] {
  if (isSingle(found)) return found.files;
  return found.files.filter(({ path }) => formatOf(suffixOf(path)) === format && !/(?:^|\/)[._]/.test(path));
}
