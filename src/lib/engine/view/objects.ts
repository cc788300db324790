// Any object by a part of its name, over all registries at once: what the palette asks at every key. A registry gives its
// best few; how well a name fits decides, as LaminDB ranks a search, and among equals the order of the registry's list.
import type { Table } from '../model/types.ts';
import { tableOf } from '../query/draft.ts';
import { columnType } from '../query/operands.ts';
import type { QueryScope } from '../query/prepare.ts';
import type { QueryValue } from '../query/query.ts';
import { ranker } from '../query/rank.ts';
import { tell } from '../query/read.ts';
import { all, one, type Steps } from '../statement.ts';
import { namesOf, rowName, type RowLink } from './cells.ts';
import { pageIds } from './page.ts';
import { nameSchemas } from './schema-names.ts';
import { canSearch } from './search-words.ts';
import { viewQuery } from './view-query.ts';
import { emptyView, type FilterTest, type View } from './view.ts';

export interface FoundObject extends RowLink {
  /** What says which one it is where names are alike (an ontology id, a dtype, a size …), by field; empty ones left out. */
  about: Record<string, QueryValue>;
}

export interface FoundObjects {
  /** `ULabel`, `bionty.CellType`. */
  registry: string;
  /** Best first. */
  rows: FoundObject[];
  /** The registry has more than are given. */
  more: boolean;
}

/** Rows that are ranked: the first of the list that fit. A name that is the text itself is found beyond them. */
const ranked = 60;
/** Characters of a text that says which one it is. */
const mostText = 120;
const aboutFields = [
  ...['ontology_id', '_dtype_str', 'itype', 'otype', 'suffix', 'size', 'n_files', 'kind', 'entity', 'abbr'],
  'description',
];

/**
 * The best `most` rows of each of these registries that its list would show under this search, as LaminDB ranks the name
 * (all alike for an empty text); registries without any are left out.
 */
export function* findObjects(
  scope: QueryScope,
  registries: readonly string[],
  text: string,
  most: number,
): Steps<FoundObjects[]> {
  const found: FoundObjects[] = [];
  for (const registry of registries) {
    const table = tableOf(scope, registry);
    if (!canSearch(scope.model, table)) continue;
    if (!(yield* one(`SELECT 1 FROM "${table.name}" LIMIT 1`))) continue;
    const rows = yield* bestRows(scope, table, registry, text.trim());
    if (rows.length > 0) found.push({ registry, rows: rows.slice(0, most), more: rows.length > most });
  }
  return found;
}

function* bestRows(scope: QueryScope, table: Table, registry: string, text: string): Steps<FoundObject[]> {
  const { key, name } = namesOf(table);
  function* idsOf(view: Partial<View>): Steps<number[]> {
    const query = viewQuery(scope.model, table, { ...emptyView(registry), ...view });
    return (yield* pageIds(scope, query, { after: null, limit: ranked })).ids;
  }
  let ids = yield* idsOf({ search: text });
  // Only where the list goes on behind them can the very name be missing.
  if (ids.length === ranked && ['varchar', 'text'].includes(table.column.get(name)?.type ?? '')) {
    const same: FilterTest = { kind: 'test', field: name, op: 'exact', value: text };
    ids = [...new Set([...(yield* idsOf({ filter: { kind: 'all', items: [same] } })), ...ids])];
  }
  const said = aboutFields.flatMap((field) => (field === name ? [] : (table.column.get(field) ?? [])));
  const columns = [key, name, ...said.map((column) => column.name)].map((field) => `t."${field}"`).join(', ');
  const rows = yield* all(
    `SELECT ${columns} FROM json_each(?) j CROSS JOIN "${table.name}" t ON t.id = j.value ORDER BY j.key`,
    [JSON.stringify(ids)],
  );
  const rank = ranker({ string: text, caseSensitive: false });
  const links = rows.map(([own = null, called = null]) => ({
    key: String(own),
    name: rowName(table, called, own),
  }));
  yield* nameSchemas(scope, table, links);
  return rows
    .map(([own = null, called = null, ...values], at) => {
      const found: FoundObject = {
        ...(links[at] ?? { key: String(own), name: rowName(table, called, own) }),
        about: {},
      };
      for (const [i, column] of said.entries()) {
        const value = values[i] ?? null;
        if (value === null || value === '') continue;
        found.about[column.name] =
          typeof value === 'string' ? value.slice(0, mostText) : tell(columnType(column), value);
      }
      return { found, points: text === '' ? 0 : (rank(found.name) ?? 0) };
    })
    .sort((a, b) => b.points - a.points)
    .map(({ found }) => found);
}
