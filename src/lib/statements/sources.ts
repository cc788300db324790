// Sources as SQL: the tables that a statement's `artifact(…)` means, over names under which the files are registered.
// A name holds the artifact's uid and its key in hex, so that both can be columns at no cost where nobody asks for them.
import { LoamError } from '../engine/errors.ts';
import type { Annotations, StatementSource, SourceFormat } from './types.ts';
import { literal } from './tokens.ts';
import type { WrittenUse } from './uses.ts';

const hex = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Names of real files are 255 bytes long at most: hex goes on in a folder below. */
const piece = 200;
const isLong = ({ key }: Pick<StatementSource, 'key'>) => hex(key).length > piece;

/** The last piece is shorter than the others, so that where the key ends can be told. */
function keyPath(key: string): string {
  const all = hex(key);
  if (all.length <= piece) return all;
  const pieces = all.match(new RegExp(`.{1,${piece}}`, 'g')) ?? [];
  return [...pieces, ...(all.length % piece === 0 ? ['x'] : [])].join('/');
}

/** What a file is registered as; paths keep their `column=value` folders. */
export function registeredName(
  source: Pick<StatementSource, 'uid' | 'key' | 'format'>,
  path: string,
): string {
  const end = `.${source.format}`;
  if (path === '') return `loam/${source.uid}/${keyPath(source.key)}${end}`;
  const folders = path.split('/');
  const file = folders.pop() ?? '';
  const kept = folders.map((one) => (/^[\w.=+-]+$/.test(one) ? one : hex(one)));
  return ['loam', source.uid, keyPath(source.key), ...kept, `${hex(file)}${end}`].join('/');
}

const readers: Record<SourceFormat, string> = {
  parquet: 'read_parquet',
  csv: 'read_csv_auto',
  json: 'read_json_auto',
};

/** Whether the folders of its paths are columns. */
export const partitioned = (source: StatementSource) =>
  source.files.length > 0 && source.files.every(({ path }) => /(?:^|\/)[^/=]+=[^/]+\//.test(path));

/** Where the rows of annotations lie, and what they are. */
export interface AnnotationRows {
  path: string;
  columns: Annotations['columns'];
}

/** One line of JSON per artifact, with the types that its maker knows. */
export function annotationTable({ path, columns }: AnnotationRows): string {
  const types = columns.map(({ name, type }) => `${literal(name)}: ${literal(type)}`);
  return `read_json([${literal(path)}], format = 'newline_delimited', maximum_object_size = 16777216, columns = {${types.join(', ')}})`;
}

/**
 * The statement with its sources in place; `sources` are those of each use, in order. `root` is what registered names have
 * before them for the engine: nothing in the page, a folder where files are real ones. `texts` are tables that stand for
 * the text files of a use (texts.ts).
 */
export function withSources(
  sql: string,
  uses: readonly WrittenUse[],
  sources: readonly (readonly StatementSource[])[],
  annotations: AnnotationRows | null,
  root = '',
  texts: ReadonlyMap<number, string> = new Map(),
): string {
  let text = '';
  let at = 0;
  for (const [i, use] of uses.entries()) {
    const named = sources[i] ?? [];
    text +=
      sql.slice(at, use.from) +
      (use.list ? union(named, use, annotations, root, texts.get(i) ?? null) : single(named, use, root));
    at = use.to;
  }
  return text + sql.slice(at);
}

/** Files of one format are one table by the names of their columns; formats are put together the same way. */
function union(
  sources: readonly StatementSource[],
  use: WrittenUse,
  annotations: AnnotationRows | null,
  root: string,
  texts: string | null,
): string {
  // Names are counted in folders from where they begin.
  const registered = root === '' ? 'filename' : `substr(filename, ${[...root].length + 1})`;
  const key = sources.some(isLong)
    ? `replace(regexp_extract(${registered}, '^loam/[^/]*/((?:[0-9a-f]{${piece}}/)*[0-9a-f]*)', 1), '/', '')`
    : `split_part(split_part(${registered}, '/', 3), '.', 1)`;
  const groups = new Map<SourceFormat, StatementSource[]>();
  // Node 20 has no Object.groupBy.
  for (const source of sources) groups.set(source.format, [...(groups.get(source.format) ?? []), source]);
  const tables = [...groups.values()].map(
    (group) =>
      `SELECT * EXCLUDE (filename)${replaced(group, use)}, split_part(${registered}, '/', 2) AS artifact_uid, ` +
      `decode(unhex(${key})) AS artifact_key FROM ${(group[0]?.format === 'csv' ? texts : null) ?? tableOf(group, use, { filename: true, root })}`,
  );
  if (tables.length === 0)
    throw new LoamError(
      'DoesNotExist',
      `${use.of}('${use.names[0] ?? ''}') holds no table that queries read.`,
    );
  const all = `(${tables.join(' UNION ALL BY NAME ')})`;
  if (!annotations) return all;
  return `(SELECT loam_rows.*, loam_about.* EXCLUDE (artifact_uid, artifact_key) FROM ${all} loam_rows LEFT JOIN ${annotationTable(annotations)} loam_about ON loam_rows.artifact_uid = loam_about.artifact_uid)`;
}

function single(sources: readonly StatementSource[], use: WrittenUse, root: string): string {
  const rows = tableOf(sources.slice(0, 1), use, { root });
  const types = replaced(sources, use);
  return types === '' ? rows : `(SELECT *${types} FROM ${rows})`;
}

/** Text is read as the types that the statement names; other files hold types of their own, which are cast. */
function replaced(sources: readonly StatementSource[], use: WrittenUse): string {
  if (use.types.size === 0 || sources[0]?.format === 'csv') return '';
  const casts = [...use.types].map(([column, type]) => `CAST(${name(column)} AS ${type}) AS ${name(column)}`);
  return ` REPLACE (${casts.join(', ')})`;
}

const name = (column: string): string => `"${column.replaceAll('"', '""')}"`;

/** The files of one format as a table, without what is added to it. */
export function tableOf(
  sources: readonly StatementSource[],
  use: Pick<WrittenUse, 'options' | 'types'>,
  { filename = false, root = '' }: { filename?: boolean; root?: string } = {},
): string {
  const [first] = sources;
  const names = sources.flatMap((source) => source.files.map(({ path }) => registeredName(source, path)));
  if (!first || names.length === 0)
    throw new LoamError('DoesNotExist', `${first?.key ?? 'The artifact'} holds no file that can be asked.`);
  const types = [...use.types].map(([column, type]) => `${literal(column)}: ${literal(type)}`);
  const options = [
    ...(names.length > 1 ? ['union_by_name = true'] : []),
    ...(filename ? ['filename = true'] : []),
    ...(sources.every(partitioned) ? ['hive_partitioning = true'] : []),
    // A first line of nothing but texts is a header to everybody but the engine's guess.
    ...(first.format === 'csv' && !use.options.some((one) => /^header /.test(one)) ? ['header = true'] : []),
    ...(first.format === 'csv' && types.length > 0 ? [`types = {${types.join(', ')}}`] : []),
    ...use.options,
  ];
  return `${readers[first.format]}([${names.map((one) => literal(root + one)).join(', ')}]${options.map((one) => `, ${one}`).join('')})`;
}
