// The statement that ran as a program in some language: what it reads is asked once more, so that the program names the
// artifacts that are meant now.
import type { ParameterValues } from '../statements/parameter-values.ts';
import { readsFiles } from './file-statements.ts';
import { forSqlite } from './parameters.ts';
import { session } from './session.svelte.ts';
import {
  registryStatement,
  statementPython,
  statementR,
  statementSql,
  type StatementLanguage,
} from './statement-code.ts';
import type { NamedFile } from './statement-sources.ts';

export async function statementCode(
  sql: string,
  values: ParameterValues,
  language: StatementLanguage,
): Promise<string> {
  if (!readsFiles(sql))
    return registryStatement(language, { sql, values, bound: forSqlite(sql, values).sql });
  const { queries } = await import('./queries.ts');
  const resolved = await queries.resolve(sql, values);
  if (language === 'python') return statementPython(resolved);
  if (language === 'r') return statementR(resolved);
  const { pathOf, endpoints } = await storagePaths(resolved.sources.flat().map(({ uid }) => uid));
  return statementSql(resolved, pathOf, endpoints);
}

/**
 * LaminDB's places: under its key where that is real, else under its uid. Local ones are told from the storage folder on.
 * `endpoints` are the hosts of buckets that are not Amazon's: DuckDB takes them as a setting, not in a path.
 */
async function storagePaths(
  uids: readonly string[],
): Promise<{ pathOf: (file: NamedFile) => string; endpoints: string[] }> {
  const fields = [
    'uid',
    'key',
    'suffix',
    '_key_is_virtual',
    '_overwrite_versions',
    '_real_key',
    'storage__root',
  ];
  const rows = await session.engine.queryRows(
    { registry: 'Artifact', filters: [{ uid__in: [...new Set(uids)] }] },
    fields,
  );
  const endpoints = new Set<string>();
  const paths = new Map(
    rows.map(([uid, key, suffix, virtual, overwrites, real, root]) => {
      const own = String(uid);
      const name = `${overwrites === true ? own.slice(0, 16) : own}${String(suffix ?? '')}`;
      const below =
        typeof real === 'string' ? real : virtual === true || key === null ? `.lamindb/${name}` : String(key);
      const [place = '', query = ''] = String(root).split('?');
      const endpoint = new URLSearchParams(query).get('endpoint_url');
      if (endpoint !== null) endpoints.add(endpoint);
      return [own, /^(?:https?|s3|gs):/.test(place) ? `${place.replace(/\/$/, '')}/${below}` : below];
    }),
  );
  return {
    pathOf: ({ uid, path }) => [paths.get(uid) ?? uid, path].filter(Boolean).join('/'),
    endpoints: [...endpoints],
  };
}
