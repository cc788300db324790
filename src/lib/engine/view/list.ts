// Lists of any registry: one page of rows with their cells, how many rows there are, and cursors on the way to far pages.
import { registryName } from '../model/name-field.ts';
import type { Model, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { countStatement, fromWhere, narrowed } from '../query/compile.ts';
import { draft, tableOf } from '../query/draft.ts';
import type { QueryScope } from '../query/prepare.ts';
import type { Condition } from '../query/query.ts';
import { countRows, createScope, searching, type Derived } from '../query/read.ts';
import { all, type Steps } from '../statement.ts';
import { versionNumber } from '../uid.ts';
import type { Hidden } from '../write/hidden.ts';
import { cellsOf, namesOf, rowName, type Cell } from './cells.ts';
import { countedRows } from './facet-counts.ts';
import { columnsOf, type ColumnInfo } from './columns.ts';
import { idParts } from './id-parts.ts';
import { pageIds, type Cursor, type PageSpec } from './page.ts';
import { nameSchemas } from './schema-names.ts';
import { hiddenKinds, hidesKinds, viewQuery } from './view-query.ts';
import { checkView, pruned, type View } from './view.ts';

export interface ListRow {
  id: number;
  /** Uid, or the id as text where the registry has none. */
  key: string;
  name: string;
  /** Of versioned registries: counted from 1. */
  version: number | null;
  latest: boolean;
  cells: Cell[];
}

export interface ListPage {
  columns: ColumnInfo[];
  rows: ListRow[];
  cursors: { first: Cursor; last: Cursor } | null;
  /** An index gives the order, so that far pages cost what near ones do. */
  indexed: boolean;
  /** Tables whose changes can change the page, as prefixes. */
  tables: string[];
}

export function* listRows(scope: QueryScope, view: View, page: PageSpec): Steps<ListPage> {
  const table = tableOf(scope, view.registry);
  const columns = yield* columnsOf(scope, table, view);
  const query = viewQuery(scope.model, table, view);
  const { ids, cursors, indexed } = yield* pageIds(scope, query, page, !isWhole(view));
  const cells = yield* cellsOf(scope, table, columns, ids);
  const { key, name } = namesOf(table);
  const named = yield* all(
    `SELECT id, "${key}", "${name}"${table.versioned ? ', is_latest' : ''} FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(ids)],
  );
  const names = new Map(named.map((row) => [Number(row[0]), row]));
  const rows = ids.map((id): ListRow => {
    const [, own = id, called = null, latest = 1] = names.get(id) ?? [];
    return {
      id,
      key: String(own),
      name: rowName(table, called, own),
      version: table.versioned ? versionNumber(String(own)) : null,
      latest: latest === 1,
      cells: cells.get(id) ?? [],
    };
  });
  yield* nameSchemas(scope, table, rows);
  const tables = [
    table.name,
    ...columns.flatMap(({ path }) => path?.relations.map((r) => r.target.name) ?? []),
  ];
  if (columns.some(({ feature }) => feature)) tables.push('lamindb_jsonvalue', 'lamindb_feature');
  return { columns: columns.map(({ info }) => info), rows, cursors, indexed, tables: [...new Set(tables)] };
}

export function* countList(scope: QueryScope, view: View): Steps<number> {
  const table = tableOf(scope, view.registry);
  if (isWhole(view))
    return (yield* countedRows(scope, view, table)) ?? (yield* countWhole(scope, table, view));
  const { sql, params } = countStatement(yield* draft(scope, viewQuery(scope.model, table, view)));
  const [row] = yield* searching(all(sql, params));
  return Number(row?.[0] ?? 0);
}

/** The view shows all that its registry has, apart from what the registry hides by itself. */
export const isWhole = (view: View): boolean =>
  pruned(view.filter) === null && view.search.trim() === '' && !view.trash;

/** From indexes alone, since few rows are old or hidden: looking at each of 100,000 rows takes five times as long. */
function* countWhole(scope: QueryScope, table: Table, view: View): Steps<number> {
  const registry = registryName(table);
  const hasOld = table.versioned && !view.versions;
  // Beside a second condition the index of the branch is not taken: it has nearly every row.
  const few = (filter: Condition) => countRows(scope, { registry, filters: [filter, {}] });
  let total = yield* countRows(scope, { registry });
  if (hasOld) total -= yield* few({ is_latest: false });
  if (hidesKinds(table, view))
    total -= yield* few({ kind__startswith: hiddenKinds, ...(hasOld ? { is_latest: true } : {}) });
  return total;
}

/** Ids of all rows that the view shows, ascending, without those whose uids (or ids) are named. */
export function* viewIds(
  model: Model,
  hidden: Hidden,
  view: View,
  except: readonly string[] = [],
  derived: Derived = {},
): Steps<number[]> {
  const scope = createScope(model, hidden.branches(), hidden, derived);
  const table = tableOf(scope, checkView(view).registry);
  const of = yield* draft(scope, viewQuery(model, table, view));
  const params: SqlValue[] = [];
  const { key } = namesOf(table);
  const others = `CAST(t0."${key}" AS TEXT) NOT IN (SELECT value FROM json_each(?))`;
  if (!isWhole(view)) {
    const from = narrowed(of, params, others);
    const rows = yield* searching(
      all(`SELECT t0."id" ${from} ORDER BY t0."id"`, [...params, JSON.stringify(except)]),
    );
    return rows.map((row) => Number(row[0]));
  }
  const from = narrowed(of, params, `t0."id" BETWEEN ? AND ? AND ${others}`);
  const ids: number[] = [];
  for (const part of yield* idParts(table)) {
    const rows = yield* all(`SELECT t0."id" ${from} ORDER BY t0."id"`, [
      ...params,
      ...part,
      JSON.stringify(except),
    ]);
    for (const row of rows) ids.push(Number(row[0]));
  }
  return ids;
}

/** Keys of all rows that the view shows: what an act on all of them is about. */
export function* viewKeys(scope: QueryScope, view: View): Steps<string[]> {
  const table = tableOf(scope, view.registry);
  const of = yield* draft(scope, viewQuery(scope.model, table, view));
  const params: SqlValue[] = [];
  const from = fromWhere(of, params);
  const rows = yield* searching(all(`SELECT t0."${namesOf(table).key}" ${from} ORDER BY t0."id"`, params));
  return rows.map((row) => String(row[0]));
}

/** Cursors every `step` rows behind `after`, so that a jump to the middle has a place to start from. */
export function* listMarks(
  scope: QueryScope,
  view: View,
  after: Cursor | null,
  step: number,
  most: number,
): Steps<Cursor[]> {
  const query = viewQuery(scope.model, tableOf(scope, view.registry), view);
  const marks: Cursor[] = [];
  let last = after;
  while (marks.length < Math.min(most, 100)) {
    const { cursors } = yield* pageIds(scope, query, { after: last, skip: step - 1, limit: 1 });
    if (!cursors) break;
    marks.push((last = cursors.last));
  }
  return marks;
}
