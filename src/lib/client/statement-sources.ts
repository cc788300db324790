// Sources of a statement as text for other engines of DuckDB: the tables that it reads with the files left open, since each
// language finds them its own way. The same as `withSources` of the query worker writes, over paths.
import { quoted } from '../statements/parameter-values.ts';
import type { DuckdbAnnotations, DuckdbSource, PlannedUse } from '../workers/duckdb-wire.ts';

/** One file of an artifact; `path` is empty where the artifact is the file. */
export interface NamedFile {
  uid: string;
  path: string;
}

/** SQL, or files in its place: as a list of paths, or as rows of path and uid. */
export type SourcePart = string | { files: NamedFile[]; as: 'list' | 'rows' };

type Format = DuckdbSource['format'];
const readers: Record<Format, string> = {
  parquet: 'read_parquet',
  csv: 'read_csv_auto',
  json: 'read_json_auto',
};
const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const filesOf = (sources: readonly DuckdbSource[]): NamedFile[] =>
  sources.flatMap(({ uid, files }) => files.map(({ path }) => ({ uid, path })));

/** `about`: the name of a table with a row per artifact, by `artifact_uid`; null where only uid and key are there. */
export function sourceParts(
  use: PlannedUse,
  sources: readonly DuckdbSource[],
  about: string | null,
  annotations: readonly string[],
): SourcePart[] {
  if (!use.list)
    return ['SELECT *', casts(use, sources[0]), ' FROM ', ...reader(use, sources.slice(0, 1), false)];
  const formats = [...new Set(sources.map(({ format }) => format))];
  const groups = formats.map((one) => sources.filter(({ format }) => format === one));
  const tables = groups.flatMap((group, at): SourcePart[] => [
    at > 0 ? ' UNION ALL BY NAME ' : '',
    'SELECT *',
    casts(use, group[0]),
    ' FROM ',
    ...reader(use, group, true),
  ]);
  const columns = ['artifact_uid', 'artifact_key', ...annotations].map((name) => `about.${identifier(name)}`);
  return [
    `SELECT all_rows.* EXCLUDE (filename), ${columns.join(', ')} FROM (`,
    ...tables,
    ') all_rows JOIN (VALUES ',
    { files: filesOf(sources), as: 'rows' },
    `) files(path, uid) ON all_rows.filename = files.path JOIN ${about ?? 'about'} about ON about.artifact_uid = files.uid`,
  ];
}

/** Text is read as the types that the statement names; other files hold types of their own, which are cast. */
function casts({ types }: PlannedUse, source: DuckdbSource | undefined): string {
  if (types.length === 0 || source?.format === 'csv') return '';
  const all = types.map(
    ([column, type]) => `CAST(${identifier(column)} AS ${type}) AS ${identifier(column)}`,
  );
  return ` REPLACE (${all.join(', ')})`;
}

function reader(use: PlannedUse, sources: readonly DuckdbSource[], filename: boolean): SourcePart[] {
  const format = sources[0]?.format ?? 'parquet';
  const files = filesOf(sources);
  const inFolders = files.length > 0 && files.every(({ path }) => /(?:^|\/)[^/=]+=[^/]+\//.test(path));
  const types = use.types.map(([column, type]) => `${quoted(column)}: ${quoted(type)}`);
  const options = [
    ...(files.length > 1 ? ['union_by_name = true'] : []),
    ...(filename ? ['filename = true'] : []),
    ...(inFolders ? ['hive_partitioning = true'] : []),
    ...(format === 'csv' && !use.options.some((one) => /^header /.test(one)) ? ['header = true'] : []),
    ...(format === 'csv' && types.length > 0 ? [`types = {${types.join(', ')}}`] : []),
    ...use.options,
  ];
  return [`${readers[format]}(`, { files, as: 'list' }, `${options.map((one) => `, ${one}`).join('')})`];
}

/** The columns of annotations that the statement can mean: all where it has a star. */
export function annotationsUsed(
  sql: string,
  columns: DuckdbAnnotations['columns'],
): DuckdbAnnotations['columns'] {
  const text = sql.toLowerCase();
  const own = columns.filter(({ name }) => name !== 'artifact_uid' && name !== 'artifact_key');
  return text.includes('*') ? own : own.filter(({ name }) => text.includes(name.toLowerCase()));
}

/** A constant as SQL writes it. */
export function constant(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value)) return `[${value.map(constant).join(', ')}]`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : quoted(String(value));
}

/** Rows per artifact written out, as a table in brackets. */
export function aboutTable(
  columns: DuckdbAnnotations['columns'],
  rows: readonly Record<string, unknown>[],
): string {
  const all = rows.map((row) => `(${columns.map(({ name }) => constant(row[name])).join(', ')})`);
  const typed = columns.map(
    ({ name, type }) => `CAST(${identifier(name)} AS ${type}) AS ${identifier(name)}`,
  );
  const names = columns.map(({ name }) => identifier(name)).join(', ');
  return `(SELECT ${typed.join(', ')} FROM (VALUES ${all.join(',\n  ')}) t(${names}))`;
}
