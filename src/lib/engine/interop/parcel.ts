// Rows of one database with all that they depend on, as plain data for another one (LaminDB 2.12.1 `_transfer.py`): the
// rows, what they refer to, and, where asked, their notes and annotations. Reads only; what becomes of them is receive.ts's.
import { LoamError } from '../errors.ts';
import { parseDtype } from '../features/dtype.ts';
import type { Column, Model, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { labelOf, registryOf } from '../registry/tables.ts';
import { instanceHere } from '../schema/open.ts';
import { all, one, type Steps } from '../statement.ts';

/**
 * How much goes along: the row, also its readme, also its links, features, labels and members. `whole`: as `annotations`, of a
 * database that is given up for another one: old versions too, with the runs that wrote them, all on the branch that receives.
 */
export type TransferMode = 'sqlrecord' | 'notes' | 'annotations' | 'whole';

export interface ParcelTable {
  table: string;
  /** Without `id`. */
  columns: string[];
  /** Ids in the database the rows come from. */
  ids: number[];
  /** By column, one value for each id. References are ids there. */
  values: SqlValue[][];
}

export interface Parcel {
  instance: { uid: string; name: string };
  /** The rows that were asked for; the others come because of them. */
  asked: { table: string; ids: number[] };
  /** In insert order. */
  tables: ParcelTable[];
  /** Of `whole`: uids of the runs that its rows name, by their ids there. */
  runs?: [id: number, uid: string][];
  /** Of `whole`: id there of whoever worked in that database. */
  owner?: number;
}

/** Columns that are about the place a row has in its own database: mapped there, never carried. */
export const placeColumns: ReadonlySet<string> = new Set(['branch_id', 'created_on_id', 'space_id']);
/** Tables of which only the identity travels. */
const places = ['lamindb_branch', 'lamindb_space'];
/** What ran before what is lineage, not annotation. */
const lineage = new Set(['lamindb_transformtransform']);

/** The run that wrote a row; links that have a run at an end name it by the same column, which then cannot be empty. */
export const isProvenance = (column: Column): boolean => column.name === 'run_id' && column.nullable;

/** Collects the rows with these uids (ids where a registry has no uid). */
export function* packRows(
  model: Model,
  registry: string,
  keys: readonly string[],
  mode: TransferMode,
): Steps<Parcel> {
  const table = registryOf(model, registry);
  if (places.includes(table.name))
    throw new LoamError(
      'InvalidArgument',
      `A ${labelOf(table).toLowerCase()} belongs to its database and is not saved to another.`,
      { registry },
    );
  const ids = yield* askedIds(table, keys);
  if (mode !== 'whole') yield* refuseOld(table, ids);
  const held = new Map<string, Set<number>>();
  const waiting: { table: Table; ids: number[] }[] = [];
  const add = (of: Table, found: readonly number[]): void => {
    const own = held.get(of.name) ?? new Set<number>();
    held.set(of.name, own);
    const fresh = found.filter((id) => !own.has(id));
    for (const id of fresh) own.add(id);
    if (fresh.length > 0 && !places.includes(of.name)) waiting.push({ table: of, ids: fresh });
  };
  add(table, ids);
  if (mode === 'annotations' || mode === 'whole') yield* addLinks(model, table, ids, add);
  if (mode !== 'sqlrecord') yield* addNotes(model, table, ids, add);
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    yield* addReferences(model, next.table, next.ids, add);
    if (next.table.name === 'lamindb_feature') yield* addDtypes(model, next.ids, add);
    // A schema without its members is none.
    if (next.table.name === 'lamindb_schema') yield* addLinks(model, next.table, next.ids, add);
  }
  const tables: ParcelTable[] = [];
  for (const name of model.order) {
    const own = held.get(name);
    if (own && own.size > 0) tables.push(yield* readParcel(model.tables.get(name) as Table, [...own]));
  }
  const parcel = { instance: yield* instanceHere(), asked: { table: table.name, ids }, tables };
  if (mode !== 'whole') return parcel;
  const owner = yield* one('SELECT min(id) FROM lamindb_user');
  return { ...parcel, runs: yield* runsOf(model, tables), owner: Number(owner?.[0] ?? 0) };
}

function* runsOf(model: Model, tables: readonly ParcelTable[]): Steps<[number, string][]> {
  const ids = new Set<number>();
  for (const { table, columns, values } of tables)
    for (const [c, name] of columns.entries()) {
      const column = model.tables.get(table)?.column.get(name);
      if (column && isProvenance(column))
        for (const id of values[c] ?? []) if (id !== null) ids.add(Number(id));
    }
  const rows = yield* all(
    'SELECT id, uid FROM lamindb_run WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
    [JSON.stringify([...ids])],
  );
  return rows.map(([id, uid]) => [Number(id), String(uid)]);
}

type Add = (table: Table, ids: readonly number[]) => void;

function* askedIds(table: Table, keys: readonly string[]): Steps<number[]> {
  const column = table.column.has('uid') ? 'uid' : 'id';
  const wanted = column === 'uid' ? keys : keys.map(Number);
  const rows = yield* all(
    `SELECT id, CAST("${column}" AS TEXT) FROM "${table.name}" WHERE "${column}" IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(wanted)],
  );
  const found = new Map(rows.map(([id, key]) => [String(key), Number(id)]));
  const missing = keys.find((key) => !found.has(key));
  if (missing !== undefined || keys.length === 0)
    throw new LoamError('DoesNotExist', `There is no ${labelOf(table)} ${missing ?? ''} in that database.`, {
      registry: labelOf(table),
    });
  return keys.map((key) => found.get(key) as number);
}

function* refuseOld(table: Table, ids: readonly number[]): Steps<void> {
  if (!table.versioned) return;
  const old = yield* one(
    `SELECT uid FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) AND is_latest = 0 LIMIT 1`,
    [JSON.stringify(ids)],
  );
  if (!old) return;
  throw new LoamError(
    'NotImplementedError',
    `${labelOf(table)} ${String(old[0])} is not the latest version; only latest versions can be saved to another database. Choose the latest one.`,
    { registry: labelOf(table) },
  );
}

function* addReferences(model: Model, table: Table, ids: readonly number[], add: Add): Steps<void> {
  for (const column of table.columns) {
    if (!column.references || isProvenance(column)) continue;
    const rows = yield* all(
      `SELECT DISTINCT "${column.name}" FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) AND "${column.name}" IS NOT NULL`,
      [JSON.stringify(ids)],
    );
    const target = model.tables.get(column.references.table);
    if (target && rows.length > 0)
      add(
        target,
        rows.map(([id]) => Number(id)),
      );
  }
}

/** Which end of a link the link belongs to: the one it goes with, the left one where it goes with both. */
function ownerOf(table: Table): Column | null {
  if (table.family !== 'link' && table.family !== 'cell') return null;
  const ends = table.rowKey.columns
    .filter((name) => name !== 'feature_id')
    .map((name) => table.column.get(name))
    .filter((column) => column?.references);
  const along = ends.filter((column) => column?.references?.onDelete === 'CASCADE');
  return (along.length === 1 ? along[0] : ends[0]) ?? null;
}

function* addLinks(model: Model, table: Table, ids: readonly number[], add: Add): Steps<void> {
  for (const { table: name, column } of model.incoming.get(table.name) ?? []) {
    const link = model.tables.get(name);
    if (!link || lineage.has(name) || ownerOf(link)?.name !== column) continue;
    add(link, yield* pointing(name, column, ids));
  }
}

function* addNotes(model: Model, table: Table, ids: readonly number[], add: Add): Steps<void> {
  for (const { table: name, column } of model.incoming.get(table.name) ?? []) {
    const blocks = model.tables.get(name);
    if (blocks?.family !== 'block') continue;
    add(
      blocks,
      yield* pointing(name, column, ids, "AND kind = 'readme' AND is_latest = 1 AND content <> ''"),
    );
  }
}

function* pointing(table: string, column: string, ids: readonly number[], also = ''): Steps<number[]> {
  const rows = yield* all(
    `SELECT id FROM "${table}" WHERE "${column}" IN (SELECT value FROM json_each(?)) ${also} ORDER BY id`,
    [JSON.stringify(ids)],
  );
  return rows.map(([id]) => Number(id));
}

/** Rows that a dtype names by uid: types of records and labels, schemas, sources. */
function* addDtypes(model: Model, ids: readonly number[], add: Add): Steps<void> {
  const rows = yield* all(
    `SELECT DISTINCT _dtype_str FROM lamindb_feature WHERE id IN (SELECT value FROM json_each(?)) AND _dtype_str LIKE '%cat[%'`,
    [JSON.stringify(ids)],
  );
  for (const [text] of rows) {
    for (const { registry, typeUid, filters } of categoriesOf(String(text))) {
      const table = model.registry.get(registry.split('.').pop() ?? '');
      if (!table) continue;
      if (typeUid !== null) add(table, yield* byUid(table, typeUid));
      for (const [key, uid] of filters) {
        const target = /^(\w+)__uid$/.exec(key)?.[1];
        const references = target === undefined ? null : table.column.get(`${target}_id`)?.references;
        const named = references ? model.tables.get(references.table) : undefined;
        if (named) add(named, yield* byUid(named, uid));
      }
    }
  }
}

/** A dtype that this version does not read is carried as it stands. */
function categoriesOf(text: string): ReturnType<typeof parseDtype>['categories'] {
  try {
    return parseDtype(text).categories;
  } catch {
    return [];
  }
}

function* byUid(table: Table, uid: string): Steps<number[]> {
  const row = yield* one(`SELECT id FROM "${table.name}" WHERE uid = ?`, [uid]);
  return row ? [Number(row[0])] : [];
}

function* readParcel(table: Table, ids: number[]): Steps<ParcelTable> {
  const whole = table.columns.map(({ name }) => name).filter((name) => name !== 'id');
  const columns = places.includes(table.name) ? ['uid', 'name'] : whole;
  const rows = yield* all(
    `SELECT id, ${columns.map((name) => `"${name}"`).join(', ')} FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
    [JSON.stringify(ids)],
  );
  return {
    table: table.name,
    columns,
    ids: rows.map(([id]) => Number(id)),
    values: columns.map((_, i) => rows.map((row) => row[i + 1] ?? null)),
  };
}
