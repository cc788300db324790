// What the routes that read do with the replica's engine: lists, one object, counts, groups, values, relatives, statistics,
// artifacts by path. All of it is synchronous, so that a request sees one moment.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Engine } from '../../src/lib/engine/index.ts';
import { fieldsOf } from '../../src/lib/engine/model/relations.ts';
import type { Model, Table } from '../../src/lib/engine/model/types.ts';
import type { GroupFigure } from '../../src/lib/engine/query/groups.ts';
import type { Lookups, Query, QueryValue } from '../../src/lib/engine/query/query.ts';
import { pathOf, queryOf, searchCondition, type Asked } from './filter.ts';
import { className, isServed, moduleName, registryOf, tableNamed } from './names.ts';
import { readObjects, type ObjectOptions, type Row } from './objects.ts';
import { parseSelect } from './select.ts';

export interface At {
  engine: Engine;
  model: Model;
}

export interface Page {
  limit: number;
  offset: number;
}

/** The query of a request with its search as a condition. */
function whole({ model }: At, table: Table, asked: Asked): Query {
  const query = queryOf(table, asked);
  if (!asked.search) return query;
  const condition = searchCondition(model, table, asked.search, asked.search_in);
  return { ...query, filters: [...(query.filters ?? []), condition] };
}

/** Objects of a page. A search without an order gives the best first, as LaminDB's `search` ranks them. */
export function listObjects(
  at: At,
  table: Table,
  asked: Asked & { select?: string[] | null },
  page: Page & ObjectOptions,
): Row[] {
  const ids = idsOf(at, table, asked, page);
  return readObjects(at.engine, at.model, table, ids, parseSelect(asked.select), page);
}

/** So far back a ranked search goes. */
const deepestSearch = 10_000;

function idsOf(at: At, table: Table, asked: Asked, { limit, offset }: Page): number[] {
  const { search, search_in, order_by } = asked;
  const ranked = search && !order_by?.length && !(search_in ?? []).some((field) => /\.|__/.test(field));
  if (ranked) {
    if (offset + limit > deepestSearch)
      throw new LoamError(
        'ValidationError',
        `A search by rank goes ${deepestSearch.toLocaleString('en')} rows deep. Give an order, or narrow the filter.`,
        { field: 'offset' },
      );
    const query = queryOf(table, asked);
    const field = search_in ? { field: [...search_in] } : {};
    return at.engine
      .searchRows(registryOf(table), search, { query, limit: offset + limit, ...field })
      .slice(offset)
      .map(({ id }) => id);
  }
  const ids = at.engine.queryIds({ ...whole(at, table, asked), distinct: true, limit, offset });
  return [...new Set(ids)];
}

/** An object by id, uid or the beginning of one; of versions the latest. */
export function oneObject(
  at: At,
  table: Table,
  idOrUid: string,
  select: string[] | null | undefined,
  options: ObjectOptions,
): Row {
  const [row] = readObjects(
    at.engine,
    at.model,
    table,
    [idOf(at, table, idOrUid)],
    parseSelect(select),
    options,
  );
  if (row) return row;
  throw new LoamError('DoesNotExist', `There is no ${registryOf(table)} ${idOrUid.slice(0, 40)}.`);
}

/** Digits alone are an id, unless they are a whole uid that there is. */
export function idOf({ engine }: At, table: Table, idOrUid: string): number {
  const registry = registryOf(table);
  const digits = /^\d{1,15}$/.test(idOrUid);
  const whole = [table.uidLength, table.uidLength + (table.versioned ? 4 : 0)].includes(idOrUid.length);
  if (
    digits &&
    (!whole || !table.column.has('uid') || engine.queryCount({ registry, filters: [{ uid: idOrUid }] }) === 0)
  )
    return Number(engine.getRow(registry, Number(idOrUid), ['id'])[0]);
  return Number(engine.getRow(registry, idOrUid, ['id'])[0]);
}

export const countObjects = (at: At, table: Table, asked: Asked): number =>
  at.engine.queryCount({ ...whole(at, table, { ...asked, order_by: null }), distinct: true });

/** Distinct values of a field or a chain of fields. */
export function listValues(at: At, table: Table, field: string, asked: Asked, page: Page): QueryValue[] {
  const path = pathOf(field);
  // In the field itself: the value that is found must be the one that is read, so both stand in one look-up.
  const inField = asked.search && !asked.search_in?.length;
  const query = whole(at, table, inField ? { ...asked, search: null } : asked);
  const { filters = [] } = query;
  const found = inField ? { [`${path}__icontains`]: asked.search as string } : {};
  const rows = at.engine.queryRows(
    {
      ...query,
      filters: [...filters, { [`${path}__isnull`]: false, ...found }],
      order: query.order?.length ? query.order : [path],
      distinct: true,
      ...page,
    },
    [path],
  );
  return rows.map(([value = null]) => value);
}

export interface GroupBy {
  dimensions: { field_name: string; func?: string | null }[];
  measures: { field_name: string; agg_func: GroupFigure; alias?: string | null }[];
  filter?: unknown;
  search?: string | null;
  scope?: Asked['scope'];
}

/** One object for each group: the dimensions under their names, the measures under their aliases. */
export function groupBy(at: At, table: Table, asked: GroupBy, limit: number): Row[] {
  const { dimensions, measures } = asked;
  for (const { func, field_name } of dimensions)
    if (func)
      throw new LoamError(
        'ValidationError',
        `A dimension is the field itself: “${func}” of ${field_name.slice(0, 40)} is a measure.`,
        { field: 'dimensions' },
      );
  const names = [
    ...dimensions.map(({ field_name }) => field_name),
    ...measures.map(({ field_name, agg_func, alias }) => alias ?? `${field_name}__${agg_func}`),
  ];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new LoamError(
      'ValidationError',
      `Two columns would be called “${twice.slice(0, 60)}”. Say “alias”.`,
      {
        field: 'alias',
      },
    );
  const { rows } = at.engine.queryGroups(whole(at, table, asked), {
    dimensions: dimensions.map(({ field_name }) => pathOf(field_name)),
    measures: measures.map(({ field_name, agg_func }) => ({ field: pathOf(field_name), figure: agg_func })),
    limit,
  });
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])));
}

export interface Traversal {
  values: (string | number)[];
  kind: 'ancestors' | 'descendants';
  field?: string | null;
  depth?: number | null;
}

/** Rows above or below the named ones in the registry's own hierarchy, all the way or so many steps; a list like any other. */
export function listRelatives(
  at: At,
  table: Table,
  { values, kind, field, depth }: Traversal,
  asked: Asked & { select?: string[] | null },
  page: Page & ObjectOptions,
): Row[] {
  const registry = registryOf(table);
  const start = at.engine.queryIds({ registry, filters: [{ [`${pathOf(field ?? 'id')}__in`]: values }] });
  const step = stepOf(at, table, kind);
  const seen = new Set<number>();
  let frontier = start;
  for (let i = 0; frontier.length > 0 && i < (depth ?? Infinity); i++) {
    const next = at.engine.queryIds({
      registry,
      filters: [{ [`${step}__id__in`]: frontier }],
      distinct: true,
    });
    frontier = next.filter((id) => !seen.has(id));
    for (const id of frontier) seen.add(id);
  }
  const among = { ...asked, filter: { and: [asked.filter ?? {}, { id: { in: [...seen] } }] } };
  return listObjects(at, table, among, page);
}

/** The look-up that leads from a row one step back to where the walk comes from: by parents, else by types. */
function stepOf({ model }: At, table: Table, kind: Traversal['kind']): string {
  const fields = fieldsOf(model, table);
  if (fields.has('parents') && fields.has('children')) return kind === 'ancestors' ? 'children' : 'parents';
  for (const field of fields.values()) {
    const below = field.kind === 'relation' && field.direction === 'reverse' && field.target === table;
    if (below && field.hops[0]?.to === 'type_id') return kind === 'ancestors' ? field.name : 'type';
  }
  throw new LoamError('FieldError', `${registryOf(table)} has no hierarchy: neither parents nor a type.`, {
    field: 'relatives',
  });
}

/** Rows of each registry, the trash among them as LaminHub counts it, and the bytes of all artifacts. */
export function statistics(
  at: At,
  asked: readonly string[] | undefined,
): { instance_size: number; counts: Record<string, Record<string, number>> } {
  const { engine, model } = at;
  const tables = asked?.length ? asked.map((name) => classNamed(model, name)) : registries(model);
  const counts: Record<string, Record<string, number>> = {};
  for (const table of tables)
    (counts[moduleName(table)] ??= {})[className(model, table)] = engine.queryCount(everything(table));
  const { rows } = engine.queryGroups(everything(tableNamed(model, 'core', 'artifact')), {
    dimensions: [],
    measures: [{ field: 'size', figure: 'sum' }],
  });
  return { instance_size: Number(rows[0]?.[0] ?? 0), counts };
}

export function nonEmptyTables({ engine, model }: At): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const table of registries(model)) {
    if (engine.queryIds({ ...everything(table), limit: 1 }).length === 0) continue;
    (found[moduleName(table)] ??= []).push(className(model, table));
  }
  return found;
}

const registries = (model: Model): Table[] =>
  [...model.tables.values()].filter((table) => table.registry !== null && isServed(table));

/** Whatever branch a row is on. */
const everything = (table: Table): Query => ({
  registry: registryOf(table),
  filters: [table.column.has('branch_id') ? { branch_id__isnull: false } : {}],
});

function classNamed(model: Model, name: string): Table {
  const [module = '', model_ = '', ...more] = name.split('.');
  if (model_ === '' || more.length > 0)
    throw new LoamError('ValidationError', `“${name.slice(0, 60)}” is no model: write core.Artifact.`, {
      field: 'q',
    });
  return tableNamed(model, module, model_);
}

/**
 * The artifact whose bytes lie at a path, the newest version of several: `s3://bucket/key`, the root of a storage and what
 * is below it, or a key of the instance alone.
 */
export function artifactByPath(at: At, path: string, options: ObjectOptions): Row {
  const { engine, model } = at;
  const table = tableNamed(model, 'core', 'artifact');
  const newest = { order: ['-is_latest', '-created_at', '-id'], limit: 1 };
  const roots = engine.queryRows({ registry: 'Storage', filters: [{ branch_id__isnull: false }] }, [
    'id',
    'root',
  ]);
  for (const [storage = null, root] of roots) {
    const start = String(root).replace(/\/+$/, '');
    if (!path.startsWith(`${start}/`)) continue;
    const key = path.slice(start.length + 1);
    // Bytes without a key of their own lie at `.lamindb/<uid><suffix>` (lamindb 2.12.1, core/storage/paths.py).
    const auto = /^\.lamindb\/([0-9A-Za-z]{16,20})(?:\.[^/]*)?$/.exec(key)?.[1];
    const places: Lookups[] = [
      { _real_key: key },
      { key, _key_is_virtual: false, _real_key__isnull: true },
      ...(auto === undefined ? [] : [{ uid__startswith: auto, _real_key__isnull: true }]),
    ];
    const [id] = engine.queryIds({
      registry: 'Artifact',
      filters: [{ storage_id: storage, branch_id__gte: 0 }, { $or: places }],
      ...newest,
    });
    if (id !== undefined) return oneObject(at, table, String(id), null, options);
  }
  const [id] = engine.queryIds({ registry: 'Artifact', filters: [{ key: path }], ...newest });
  if (id !== undefined) return oneObject(at, table, String(id), null, options);
  throw new LoamError('DoesNotExist', `There is no artifact at ${path.slice(0, 200)}.`, { field: 'path' });
}
