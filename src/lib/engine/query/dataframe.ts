// `to_dataframe`: rows of a query with their fields, with what look-ups lead to (`include`), and with feature values, under
// the names, in the order and with the types that LaminDB's frame has. There is no hidden limit of 20 rows.
import { LoamError } from '../errors.ts';
import { registryName } from '../model/name-field.ts';
import { fieldOrder } from '../model/python-order.ts';
import { findField } from '../model/relations.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { fromWhere } from './compile.ts';
import { draftOf, select, tableOf } from './draft.ts';
import { featureColumns } from './frame-features.ts';
import { fieldDtype, ValueSet, type Frame, type FrameColumn } from './frame-types.ts';
import { columnType } from './operands.ts';
import { hasFeatures, type QueryScope } from './prepare.ts';
import { unmarked } from './python-values.ts';
import type { Query, QueryValue } from './query.ts';
import { readIds, searching, tell } from './read.ts';
import { sheetFrame, sheetType } from './record-frame.ts';

export interface FrameOptions {
  /** Look-ups as columns (`created_by__name`, `ulabels__name`), `features`, `privates`. */
  include?: string | string[];
  /** Names of features; or all that are measured, by `include: 'features'`. */
  features?: string | string[];
  limit?: number | null;
  /** Where the query has no order of its own; newest first otherwise. */
  orderBy?: string | null;
}

export function* toDataFrame(scope: QueryScope, query: Query, options: FrameOptions = {}): Steps<Frame> {
  const table = tableOf(scope, query.registry);
  const given = listOf(options.include);
  const include = given.filter((name) => name !== 'features' && name !== 'privates');
  const features =
    options.features === undefined ? (given.includes('features') ? 'all' : null) : listOf(options.features);
  if (features !== null && !hasFeatures(table)) {
    throw new LoamError(
      'AssertionError',
      `include="features" is only applicable for Artifact, Record, and Run, not ${table.registry}.`,
      { registry: registryName(table) },
    );
  }
  const type =
    table.registry === 'Record' && given.includes('features') ? yield* sheetType(scope, query) : null;
  const asked = framedQuery(table, query, options, type !== null);
  const ids = [...new Set(yield* readIds(scope, asked))];
  const fields = basicFields(scope, table, include, features !== null, given.includes('privates'));
  const columns = yield* fieldColumns(table, ids, fields);
  const measured = features === null ? [] : yield* featureColumns(scope, table, ids, features);
  const included: FrameColumn[] = [];
  for (const path of include) {
    if (fields.includes(path)) continue;
    included.push(yield* includedColumn(scope, table, ids, path));
  }
  if (type)
    return yield* sheetFrame(
      scope,
      type,
      ids,
      { columns, measured, included },
      asked.order !== undefined && (query.order ?? []).length > 0,
    );
  return joined(ids, columns, included, measured);
}

const listOf = (value: string | string[] | undefined): string[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

/** Reports and environments of runs are left out unless the query itself is about kinds. */
function framedQuery(table: Table, query: Query, options: FrameOptions, sheet: boolean): Query {
  const filters = [...(query.filters ?? [])];
  const sliced = typeof query.limit === 'number' || (query.offset ?? 0) > 0;
  if (table.registry === 'Artifact' && !sliced && !JSON.stringify(filters).includes('kind')) {
    if (filters.length === 0) filters.push({});
    filters.push({ $not: { kind__startswith: '__lamindb' } });
  }
  const ordered = (query.order ?? []).length > 0;
  const byDefault = options.orderBy === undefined ? (sheet ? 'id' : '-id') : options.orderBy;
  const order = ordered ? (query.order ?? []) : byDefault === null ? [] : [byDefault];
  const limit = options.limit ?? query.limit ?? null;
  return { ...query, filters, order, limit };
}

/** Names of columns in the frame's order: uid, id, name …, states and times, references. */
function basicFields(
  scope: QueryScope,
  table: Table,
  include: readonly string[],
  reduced: boolean,
  privates: boolean,
): string[] {
  const columns = fieldOrder(scope.model, table).columns.flatMap((name) => table.column.get(name) ?? []);
  const shown = (name: string) =>
    name !== 'updated_at' &&
    (privates || !name.startsWith('_') || (name === '_dtype_str' && table.registry === 'Feature'));
  let names = columns.filter((c) => !c.references && shown(c.name)).map((c) => c.name);
  for (const late of [
    'version_tag',
    'is_latest',
    'is_locked',
    'is_type',
    'created_at',
    'updated_at',
    'created_on',
  ])
    if (names.includes(late)) names = [...names.filter((name) => name !== late), late];
  names.push(...columns.filter((c) => c.references).map((c) => c.name));
  const moved = (name: string, to: number): void => {
    if (!names.includes(name)) return;
    names = names.filter((other) => other !== name);
    names.splice(to, 0, name);
  };
  moved('uid', 0);
  moved('id', 1);
  if (include.length === 0 && !reduced) return names;
  return [...names.slice(0, 3), ...names.slice(3).filter((name) => include.includes(name))];
}

function* fieldColumns(
  table: Table,
  ids: readonly number[],
  fields: readonly string[],
): Steps<FrameColumn[]> {
  const list = fields.map((name) => `t."${name}"`).join(', ');
  const rows = yield* all(
    `SELECT ${list} FROM json_each(?) j CROSS JOIN "${table.name}" t ON t.id = j.value ORDER BY j.key`,
    [JSON.stringify(ids)],
  );
  return fields.map((name, i) => {
    const column = table.column.get(name);
    const type = column ? columnType(column) : 'text';
    const values = rows.map((row) => tell(type, row[i] ?? null));
    return { name, dtype: fieldDtype(type, values), values };
  });
}

/** What a look-up leads to: one value, or the different ones as a set, a missing one counting. */
function* includedColumn(
  scope: QueryScope,
  table: Table,
  ids: readonly number[],
  path: string,
): Steps<FrameColumn> {
  const of = draftOf(scope, { registry: registryName(table) }, table, [
    { kind: 'lookup', lookup: 'id__in', value: [...ids] },
  ]);
  const field = select(of, path);
  const params: SqlValue[] = [...field.params];
  const from = fromWhere(of, params);
  const rows = yield* searching(all(`SELECT ${of.joins.root.sql}."id", ${field.sql} ${from}`, params));
  if (leadsToMany(scope, table, path)) {
    const sets = new Map<number, ValueSet>();
    for (const [id, value] of rows) {
      const set = sets.get(Number(id)) ?? new ValueSet();
      set.add(tell(field.type, value ?? null));
      sets.set(Number(id), set);
    }
    const values = ids.map((id) => sets.get(id)?.sorted() ?? null);
    return { name: path, dtype: 'object', values };
  }
  const first = new Map<number, QueryValue>();
  for (const [id, value] of rows)
    if (value !== null && !first.has(Number(id))) first.set(Number(id), tell(field.type, value ?? null));
  const values = ids.map((id) => first.get(id) ?? null);
  return { name: path, dtype: fieldDtype(field.type, values), values };
}

/** Whether many rows may stand on the way; the last name is taken for a field, whatever it is. */
function leadsToMany(scope: QueryScope, table: Table, path: string): boolean {
  let here = table;
  let many = false;
  for (const name of path.split('__').slice(0, -1)) {
    const field = findField(scope.model, here, name);
    if (field?.kind !== 'relation') break;
    many ||= field.many;
    here = field.target;
  }
  return many;
}

/** Fields, then what is included, then features; the id is the index. */
function joined(
  ids: readonly number[],
  columns: FrameColumn[],
  included: readonly FrameColumn[],
  measured: readonly FrameColumn[],
): Frame {
  const names = new Set(columns.map((column) => column.name));
  // A feature may be called like a field: then the field steps aside.
  const clash = new Set(measured.map((column) => column.name).filter((name) => names.has(name)));
  const fields = columns.filter((column) => column.name !== 'id');
  const base = fields.map((column) =>
    clash.has(column.name) ? { ...column, name: `__lamindb_${column.name}__` } : column,
  );
  const told = [...base.slice(0, 2), ...included, ...measured, ...base.slice(2)];
  // An empty frame keeps its fields, the id among them.
  if (ids.length === 0)
    return { columns: columns.map((c) => ({ ...c, dtype: 'object' })), indexName: null, index: [] };
  return {
    columns: (included.length + measured.length > 0 ? told : base).map((column) => ({
      ...column,
      values: column.values.map(unmarked),
    })),
    indexName: 'id',
    index: [...ids],
  };
}
