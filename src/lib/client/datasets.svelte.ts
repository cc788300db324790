// Artifacts that statements can ask, as tables of the tree and of the completion: their names at once, their columns, which
// the footer or the first lines of the file tell, when somebody wants them.
import type { SqlTable, SqlTableColumn, View } from '../workers/wire.ts';
import { asWireError } from './notices.svelte.ts';
import { live } from './live.svelte.ts';
import { session } from './session.svelte.ts';
import { mayHoldTables } from '../statements/formats.ts';
import type { FileSummary } from '../workers/wire.ts';
import { callOf, type FileFunction } from './sql-statements.ts';
import { emptyView } from './view-address.ts';

/** A table of the database, or a file that can stand in its place. */
export interface AskableTable extends Omit<SqlTable, 'kind'> {
  kind: SqlTable['kind'] | 'file';
  /** What people call it, where that is not what stands in a statement. */
  label?: string;
  /** Of the artifact that it is or lies in. */
  key?: string;
}

/** The newest of them; others are found by typing a part of their key. */
const most = 200;
const suffixes = [
  ...[
    '.parquet',
    '.csv',
    '.tsv',
    '.txt',
    '.json',
    '.jsonl',
    '.ndjson',
    '.csv.gz',
    '.tsv.gz',
    '.arrow',
    '.feather',
  ],
  // Zarr in a zip archive has the suffix of the archive.
  ...['.h5ad', '.h5mu', '.h5', '.hdf5', '.zarr', '.anndata.zarr', '.zip'],
];

export interface Datasets {
  readonly tables: AskableTable[];
  readonly error: string | null;
  /** Narrows to keys with these words. */
  search: string;
  /** Columns of what this call means, `artifact('key')` or `obs('key')`; null while they are not known, which asks for them. */
  columnsOf(call: string): SqlTableColumn[] | null;
}

/** Must be called while a component is being created. */
export function createDatasets(): Datasets {
  let search = $state('');
  /** What is inside the files that somebody looked at, by uid. */
  const known = $state<Record<string, Inside[]>>({});
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on screen follows what was asked for
  const asked = new Set<string>();
  const view = $derived<View>({
    ...emptyView('Artifact'),
    search,
    filter: { kind: 'all', items: [{ kind: 'test', field: 'suffix', op: 'in', value: suffixes }] },
    order: { by: 'created_at', descending: true },
    columns: ['key'],
  });
  const page = live(() => session.engine.listRows(view, { after: null, limit: most }), ['lamindb_artifact']);
  const rows = $derived(page.value?.rows ?? []);

  async function load(uid: string): Promise<void> {
    if (asked.has(uid)) return;
    asked.add(uid);
    const found = await session.engine.preview(uid).catch(() => null);
    known[uid] = found ? insideOf(found) : [];
  }

  const tables = $derived(
    rows.flatMap(({ key: uid, name: key }): AskableTable[] => {
      const holds = mayHoldTables(key);
      if (!holds && /\.zip$/i.test(key)) return [];
      const inside = known[uid] ?? (holds ? slots.map((of) => ({ of, part: null, columns: [] })) : [file]);
      return inside.map(({ of, part, columns }) => ({
        name: callOf(key, of, part),
        label: of === 'artifact' ? key : `${key} ${part === null ? of : `${part}:${of}`}`,
        key,
        kind: 'file',
        registry: null,
        columns,
      }));
    }),
  );

  return {
    get tables() {
      return tables;
    },
    get error() {
      return page.error ? asWireError(page.error).message : null;
    },
    get search() {
      return search;
    },
    set search(words: string) {
      search = words;
    },
    columnsOf(call) {
      const table = tables.find(({ name }) => name === call);
      // A modality is listed only once somebody has looked into its file.
      const key =
        table?.key ?? /^(?:obs|var)\('((?:[^']|'')*)', modality = /.exec(call)?.[1]?.replaceAll("''", "'");
      const row = rows.find(({ name }) => name === key);
      if (!row) return null;
      if (!known[row.key]) void load(row.key);
      return known[row.key] ? (table?.columns ?? null) : null;
    },
  };
}

/** A table of a file, or the one that the file is. */
interface Inside {
  of: FileFunction;
  part: string | null;
  columns: SqlTableColumn[];
}
const slots = ['obs', 'var'] as const;
const file: Inside = { of: 'artifact', part: null, columns: [] };

const column = (name: string, type: string): SqlTableColumn => ({
  name,
  type,
  notNull: false,
  primary: false,
  references: null,
});

/** The tables that a summary tells of; a store of something else has none. */
function insideOf(found: FileSummary): Inside[] {
  const of = (columns: readonly { name: string; type: string }[] | null) =>
    (columns ?? []).map(({ name, type }) => column(name, type));
  if (found.columns !== null) return [{ ...file, columns: of(found.columns) }];
  const pair = (part: string | null, { obs, vars }: Pick<FileSummary, 'obs' | 'vars'>): Inside[] => [
    { of: 'obs', part, columns: [column('obs_names', 'str'), ...of(obs)] },
    { of: 'var', part, columns: [column('var_names', 'str'), ...of(vars)] },
  ];
  const parts = (found.parts ?? []).filter(({ what }) => what === 'modality' || what === 'table');
  const spatial = found.otype === 'SpatialData';
  const own = found.obs !== null || found.vars !== null || found.format === '10x';
  return [
    ...(own && !spatial ? pair(null, found) : []),
    ...parts.filter(({ obs }) => obs !== null).flatMap((part) => pair(part.name, part)),
  ];
}
