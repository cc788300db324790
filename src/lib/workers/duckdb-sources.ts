// Sources as SQL: the tables that a statement's `artifact(…)` means, over names under which the files are registered.
// A name holds the artifact's uid and its key in hex, so that both can be columns at no cost where nobody asks for them.
import { LoamError } from '../engine/errors.ts';
import type { DuckdbSource, SourceFormat } from './duckdb-wire.ts';
import { literal } from './duckdb-tokens.ts';
import type { WrittenUse } from './duckdb-uses.ts';

const hex = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** What a file is registered as; paths keep their `column=value` folders. */
export function registeredName(source: Pick<DuckdbSource, 'uid' | 'key' | 'format'>, path: string): string {
  const end = `.${source.format}`;
  if (path === '') return `loam/${source.uid}/${hex(source.key)}${end}`;
  const folders = path.split('/');
  const file = folders.pop() ?? '';
  const kept = folders.map((one) => (/^[\w.=+-]+$/.test(one) ? one : hex(one)));
  return ['loam', source.uid, hex(source.key), ...kept, `${hex(file)}${end}`].join('/');
}

const readers: Record<SourceFormat, string> = {
  parquet: 'read_parquet',
  csv: 'read_csv_auto',
  json: 'read_json_auto',
};

const partitioned = (source: DuckdbSource) =>
  source.files.length > 0 && source.files.every(({ path }) => /(?:^|\/)[^/=]+=[^/]+\//.test(path));

/** The statement with its sources in place. `sources` holds every name that the uses name. */
export function withSources(
  sql: string,
  uses: readonly WrittenUse[],
  sources: ReadonlyMap<string, DuckdbSource>,
): string {
  let text = '';
  let at = 0;
  for (const use of uses) {
    const named = use.names.map((name) => {
      const source = sources.get(name);
      if (!source) throw new LoamError('DoesNotExist', `There is no artifact "${name}".`, { name });
      return source;
    });
    text += sql.slice(at, use.from) + (use.list ? union(named, use) : table(named.slice(0, 1), use, false));
    at = use.to;
  }
  return text + sql.slice(at);
}

/** Files of one format are one table by the names of their columns; formats are put together the same way. */
function union(sources: readonly DuckdbSource[], use: WrittenUse): string {
  const distinct = [...new Map(sources.map((source) => [source.uid, source])).values()];
  const groups = Object.groupBy(distinct, ({ format }) => format);
  const tables = Object.values(groups).map(
    (group) =>
      `SELECT * EXCLUDE (filename), split_part(filename, '/', 2) AS artifact_uid, ` +
      `decode(unhex(split_part(split_part(filename, '/', 3), '.', 1))) AS artifact_key FROM ${table(group, use, true)}`,
  );
  return `(${tables.join(' UNION ALL BY NAME ')})`;
}

function table(sources: readonly DuckdbSource[], use: WrittenUse, filename: boolean): string {
  const [first] = sources;
  const names = sources.flatMap((source) => source.files.map(({ path }) => registeredName(source, path)));
  if (!first || names.length === 0)
    throw new LoamError('DoesNotExist', `${first?.key ?? 'The artifact'} holds no file that can be asked.`);
  const options = [
    ...(names.length > 1 ? ['union_by_name = true'] : []),
    ...(filename ? ['filename = true'] : []),
    ...(sources.every(partitioned) ? ['hive_partitioning = true'] : []),
    // A first line of nothing but texts is a header to everybody but the engine's guess.
    ...(first.format === 'csv' && !use.options.some((one) => /^header /.test(one)) ? ['header = true'] : []),
    ...use.options,
  ];
  return `${readers[first.format]}([${names.map(literal).join(', ')}]${options.map((one) => `, ${one}`).join('')})`;
}
