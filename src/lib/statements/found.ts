// What was found for a name of a statement, as a table: which of an artifact's files are read, by which reader, and what is
// said of those that are none.
import { LoamError } from '../engine/errors.ts';
import { formatOf } from './formats.ts';
import type { StatementSource } from './types.ts';

export type FoundArtifact<File> = Omit<StatementSource<File>, 'format'> & { suffix: string };

/** Names that can be tables of a registry; the engine knows which are. */
export const registryTables = /^[a-z]+_[a-z0-9_]+$/;

/** `.csv`, `.csv.gz`; empty where there is none. */
export const suffixOf = (name: string): string => /(?:\.[^./]+)?\.gz$|\.[^./]+$/i.exec(name)?.[0] ?? '';

export const unreadable = (key: string, suffix: string) =>
  new LoamError(
    'InvalidArgument',
    `${key} cannot be asked: ${suffix === '' ? 'it has no ending that tells what it is' : `${suffix} is no table that queries read`}. They read .parquet, .csv, .tsv, .txt, .json, .jsonl and .ndjson, the texts also as .gz.`,
    { key },
  );

const isSingle = ({ files }: Pick<FoundArtifact<unknown>, 'files'>) =>
  files.length === 1 && files[0]?.path === '';

/** Refuses what `tableSource` takes for no table. */
export function noTable(found: FoundArtifact<unknown>): never {
  throw unreadable(found.key, isSingle(found) ? found.suffix : 'a folder without such files');
}

/** Of a folder the files of its commonest readable kind: what else lies there is no part of the table. Null for no table. */
export function tableSource<File>(found: FoundArtifact<File>): StatementSource<File> | null {
  const { uid, key, suffix, files } = found;
  const single = isSingle(found);
  const format = single
    ? formatOf(suffix || suffixOf(key))
    : (['parquet', 'csv', 'json'] as const).find((one) =>
        files.some(({ path }) => formatOf(suffixOf(path)) === one),
      );
  if (!format) return null;
  return {
    uid,
    key,
    format,
    files: single
      ? files
      : files.filter(({ path }) => formatOf(suffixOf(path)) === format && !/(?:^|\/)[._]/.test(path)),
  };
}
