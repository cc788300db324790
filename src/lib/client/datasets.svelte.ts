// Artifacts that statements can ask, as tables of the tree and of the completion: their names at once, their columns, which
// the footer or the first lines of the file tell, when somebody wants them.
import type { SqlTable, SqlTableColumn, View } from '../workers/wire.ts';
import { asWireError } from './notices.svelte.ts';
import { live } from './live.svelte.ts';
import { session } from './session.svelte.ts';
import { callOf } from './sql-statements.ts';
import { emptyView } from './view-address.ts';

/** A table of the database, or a file that can stand in its place. */
export interface AskableTable extends Omit<SqlTable, 'kind'> {
  kind: SqlTable['kind'] | 'file';
  /** What people call it, where that is not what stands in a statement. */
  label?: string;
}

/** The newest of them; others are found by typing a part of their key. */
const most = 200;
const suffixes = ['.parquet', '.csv', '.tsv', '.txt', '.json', '.jsonl', '.ndjson', '.csv.gz', '.tsv.gz'];

export interface Datasets {
  readonly tables: AskableTable[];
  readonly error: string | null;
  /** Narrows to keys with these words. */
  search: string;
  /** Columns of the file with this key; null while they are not known, which asks for them. */
  columnsOf(key: string): SqlTableColumn[] | null;
}

/** Must be called while a component is being created. */
export function createDatasets(): Datasets {
  let search = $state('');
  const known = $state<Record<string, { uid: string; columns: SqlTableColumn[] | null }>>({});
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

  async function load(key: string, uid: string): Promise<void> {
    if (asked.has(uid)) return;
    asked.add(uid);
    const found = await session.engine.preview(uid).catch(() => null);
    const columns = (found?.columns ?? []).map(({ name, type }) => ({
      name,
      type,
      notNull: false,
      primary: false,
      references: null,
    }));
    known[key] = { uid, columns };
  }

  return {
    get tables() {
      return rows.map(({ key: uid, name }): AskableTable => ({
        name: callOf(name),
        label: name,
        kind: 'file',
        registry: null,
        columns: known[name]?.uid === uid ? (known[name].columns ?? []) : [],
      }));
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
    columnsOf(key) {
      const row = rows.find(({ name }) => name === key);
      if (!row) return null;
      if (known[key]?.uid !== row.key) void load(key, row.key);
      return known[key]?.uid === row.key ? known[key].columns : null;
    },
  };
}
