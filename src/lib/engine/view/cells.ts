// What stands in the cells of a list: own fields and single rows by one statement, the rows of each many-valued relation
// and the values of each feature by one more. Only the rows of a page are read.
import { nameField, registryName } from '../model/name-field.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { categoryLinksOf } from '../query/category-links.ts';
import { draftOf, select } from '../query/draft.ts';
import { narrowed } from '../query/compile.ts';
import { columnType } from '../query/operands.ts';
import { isCategorical, labelDtypes } from '../query/feature-dtype.ts';
import type { QueryScope } from '../query/prepare.ts';
import type { QueryValue } from '../query/query.ts';
import { tell } from '../query/read.ts';
import { all, type Steps } from '../statement.ts';
import { nothingHidden } from '../write/hidden.ts';
import type { Column } from './columns.ts';
import { nameSchemas } from './schema-names.ts';

/** Another row, by what it is called. */
export interface RowLink {
  /** Uid, or the id as text where the registry has none. */
  key: string;
  name: string;
}

/** A plain value, a row, or the first of several of either; `total` is counted up to `countedRows` + 1. */
export type Cell =
  | { value: QueryValue }
  | { row: RowLink | null }
  | { rows: RowLink[]; total: number }
  | { values: QueryValue[]; total: number };

const shownRows = 6;
export const countedRows = 1000;

/** Cells by id, in the order of the columns. */
export function* cellsOf(
  scope: QueryScope,
  table: Table,
  columns: readonly Column[],
  ids: readonly number[],
): Steps<Map<number, Cell[]>> {
  const cells = new Map<number, Cell[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return cells;
  const json = JSON.stringify(ids);
  const single = columns.filter((column) => column.path && !column.info.many);
  const byColumn = new Map<Column, Map<number, Cell>>();
  for (const [column, found] of yield* singleCells(scope, table, single, json)) byColumn.set(column, found);
  for (const column of columns) {
    if (column.feature) byColumn.set(column, yield* featureCells(scope, table, column, json));
    else if (column.info.many) byColumn.set(column, yield* manyCells(scope, table, column, json));
  }
  for (const [id, row] of cells)
    for (const column of columns) row.push(byColumn.get(column)?.get(id) ?? emptyCell(column));
  return cells;
}

function emptyCell({ info }: Column): Cell {
  if (info.type === 'rows') return { rows: [], total: 0 };
  if (info.type === 'reference') return { row: null };
  return info.many ? { values: [], total: 0 } : { value: null };
}

/** Uid and name of the row a path ends at. */
export function namesOf(table: Table): { key: string; name: string } {
  const key = table.column.has('uid') ? 'uid' : 'id';
  return { key, name: nameField(table) ?? key };
}

function* singleCells(
  scope: QueryScope,
  table: Table,
  columns: readonly Column[],
  json: string,
): Steps<Map<Column, Map<number, Cell>>> {
  const found = new Map<Column, Map<number, Cell>>(columns.map((column) => [column, new Map()]));
  if (columns.length === 0) return found;
  const of = draftOf(scope, { registry: registryName(table) }, table, []);
  const reads = columns.map(({ info, path }) => {
    const target = path?.column ? null : path?.relations.at(-1)?.target;
    if (!target) return [select(of, info.name)];
    const { key, name } = namesOf(target);
    return [select(of, `${info.name}__${key}`), select(of, `${info.name}__${name}`)];
  });
  const flat = reads.flat();
  const params: SqlValue[] = flat.flatMap((one) => one.params);
  const from = narrowed(of, params, 't0."id" IN (SELECT value FROM json_each(?))');
  const rows = yield* all(`SELECT t0."id", ${flat.map((one) => one.sql).join(', ')} ${from}`, [
    ...params,
    json,
  ]);
  for (const row of rows) {
    let at = 1;
    for (const [i, column] of columns.entries()) {
      const [first, second] = reads[i] ?? [];
      const value = row[at++] ?? null;
      let cell: Cell = { value: first ? tell(first.type, value) : null };
      if (second) {
        const name = row[at++] ?? null;
        cell = {
          row: value === null ? null : { key: String(value), name: nameText(tell(second.type, name), value) },
        };
      }
      found.get(column)?.set(Number(row[0]), cell);
    }
  }
  for (const column of columns)
    yield* nameRows(scope, column.path?.relations.at(-1)?.target, found.get(column));
  return found;
}

/** Rows of registries that name some of their rows by what these hold. */
function* nameRows(scope: QueryScope, target: Table | undefined, found?: Map<number, Cell>): Steps<void> {
  if (!target || !found) return;
  const links = [...found.values()].flatMap((cell) =>
    'row' in cell && cell.row ? [cell.row] : 'rows' in cell ? cell.rows : [],
  );
  yield* nameSchemas(scope, target, links);
}

/** What a row is called, from the stored value of its name field. */
export function rowName(table: Table, value: SqlValue, key: SqlValue): string {
  const column = table.column.get(namesOf(table).name);
  return nameText(column ? tell(columnType(column), value) : (value as QueryValue), key);
}

/** Rows without a name are called by their key. */
export const nameText = (name: QueryValue, key: SqlValue): string =>
  name === null || name === '' ? String(key) : typeof name === 'string' ? name : JSON.stringify(name);

/** The first few of each row, found without reading all; how many there are is counted up to a thousand. */
function* manyCells(scope: QueryScope, table: Table, column: Column, json: string): Steps<Map<number, Cell>> {
  const { info, path } = column;
  const target = path?.column ? null : path?.relations.at(-1)?.target;
  const names = target ? namesOf(target) : null;
  const shown = names ? [`${info.name}__${names.key}`, `${info.name}__${names.name}`] : [info.name];
  const few = distinctOf(scope, table, shown, shownRows);
  const counted = distinctOf(scope, table, [info.name], countedRows + 1);
  const pair = names ? 'json_array(c0, c1)' : 'json_array(c0)';
  const rows = yield* all(
    `SELECT o.value, (SELECT json_group_array(${pair}) FROM (${few.sql})), (SELECT count(*) FROM (${counted.sql})) FROM json_each(?) o`,
    [...few.params, ...counted.params, json],
  );
  const found = new Map<number, Cell>();
  for (const [id, list, count] of rows) {
    const items = JSON.parse(String(list)) as [SqlValue, SqlValue?][];
    const total = Number(count);
    const cell: Cell = names
      ? {
          rows: items.map(([key, name]) => ({
            key: String(key),
            name: target ? rowName(target, name ?? null, key) : String(key),
          })),
          total,
        }
      : { values: items.map(([value]) => tell(few.type, value)), total };
    found.set(Number(id), cell);
  }
  yield* nameRows(scope, target ?? undefined, found);
  return found;
}

/** Distinct values of paths for the row `o.value` of an outer statement. */
function distinctOf(scope: QueryScope, table: Table, paths: readonly string[], limit: number) {
  const of = draftOf(scope, { registry: registryName(table) }, table, []);
  const reads = paths.map((path) => select(of, path));
  const [first] = reads;
  if (!first) throw new Error('nothing to read');
  const params: SqlValue[] = reads.flatMap((one) => one.params);
  const from = narrowed(of, params, `t0."id" = o.value AND ${first.sql} IS NOT NULL`);
  const list = reads.map((one, i) => `${one.sql} AS c${i}`).join(', ');
  return {
    sql: `SELECT DISTINCT ${list} ${from} LIMIT ${limit}`,
    params: [...params, ...first.params],
    type: first.type,
  };
}

/** Plain values of a feature, then the labels under it, in the order in which they were given. */
function* featureCells(
  scope: QueryScope,
  table: Table,
  column: Column,
  json: string,
): Steps<Map<number, Cell>> {
  const { feature } = column;
  const found = new Map<number, Cell>();
  if (!feature) return found;
  const add = (id: number, value: QueryValue): void => {
    const cell = found.get(id) ?? { values: [], total: 0 };
    if (!('values' in cell)) return;
    if (cell.values.length < shownRows) cell.values.push(value);
    cell.total += 1;
    found.set(id, cell);
  };
  const sql = isCategorical(feature.dtype)
    ? labelValues(scope, table, feature.dtype)
    : plainValues(scope, table);
  if (sql === null) return found;
  const rows = yield* all(sql, [json, feature.id]);
  for (const [id, value] of rows)
    add(Number(id), isCategorical(feature.dtype) ? String(value) : tell('json', value ?? null));
  return found;
}

function plainValues({ hidden = nothingHidden }: QueryScope, table: Table): string {
  const host = table.name.replace(/^[a-z]+_/, '');
  if (table.registry === 'Record')
    return `SELECT v.record_id, v.value FROM lamindb_recordjson v WHERE v.record_id IN (SELECT value FROM json_each(?1)) AND v.feature_id = ?2${hidden('lamindb_recordjson', 'v.id')} ORDER BY v.id`;
  return `SELECT l.${host}_id, v.value FROM lamindb_${host}jsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id
    WHERE l.${host}_id IN (SELECT value FROM json_each(?1)) AND v.feature_id = ?2${hidden(`lamindb_${host}jsonvalue`, 'l.id')} ORDER BY l.id`;
}

function labelValues(
  { model, hidden = nothingHidden }: QueryScope,
  table: Table,
  dtype: string,
): string | null {
  const links = categoryLinksOf(model, table);
  const parts: string[] = [];
  for (const label of labelDtypes(model, dtype)) {
    const link = links.find((one) => one.target === label.table);
    if (!link || !label.table.column.has(label.field)) continue;
    parts.push(
      `SELECT l."${link.host}" AS host, x."${label.field}" AS value, l.id AS at FROM "${link.link.name}" l JOIN "${label.table.name}" x ON x.id = l."${link.label}"
       WHERE l."${link.host}" IN (SELECT value FROM json_each(?1)) AND l.feature_id = ?2${hidden(link.link.name, 'l.id')}`,
    );
  }
  return parts.length === 0 ? null : `SELECT host, value FROM (${parts.join(' UNION ALL ')}) ORDER BY at`;
}
