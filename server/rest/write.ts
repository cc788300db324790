// What the routes that write do with the replica's engine, within one turn: rows made, changed, taken away and tied, by the
// engine's own acts, so that LaminDB's rules hold and peers get records like any others.
import { LoamError } from '../../src/lib/engine/errors.ts';
import { linkEnds } from '../../src/lib/engine/model/relation-names.ts';
import type { Table } from '../../src/lib/engine/model/types.ts';
import { statusCodes } from '../../src/lib/engine/query/keywords.ts';
import type { Lookups } from '../../src/lib/engine/query/query.ts';
import { relationsOf } from '../../src/lib/engine/registry/relations.ts';
import { hasTrash } from '../../src/lib/engine/registry/tables.ts';
import { registryOf } from './names.ts';
import { readObjects, type Row } from './objects.ts';
import { idOf, type At } from './read.ts';

export type Values = Record<string, unknown>;

/** What clients of LaminHub send along because they write to tables: here it is the act that says when and by whom. */
const passedOver = ['created_at', 'updated_at', 'created_by', 'created_by_id', 'created_on_id', 'id'];

/** Fields as the registries take them: states by their word. */
function fieldsOf(table: Table, values: Values): Values {
  const { _status_code: code, ...given } = values;
  for (const name of passedOver) delete given[name];
  if (code === undefined) return given;
  const words = statusCodes[table.registry ?? ''] ?? {};
  const word = Object.keys(words).find((one) => words[one] === code);
  if (word === undefined)
    throw new LoamError(
      'ValidationError',
      `${registryOf(table)} has no state with the code ${String(code)}.`,
      {
        field: '_status_code',
      },
    );
  return { ...given, status: word };
}

/** What names a row whatever node it is asked of: its uid, or the ends of a link. */
export type Name = Lookups;

/** Rows as they are now, whole, in the order of the names. */
export function shownRows(at: At, table: Table, names: readonly Name[]): Row[] {
  const registry = registryOf(table);
  const ids = names.flatMap((name) => at.engine.queryIds({ registry, filters: [name], limit: 1 }));
  return readObjects(at.engine, at.model, table, ids, new Map(), { limitToMany: 0, foreignKeys: true });
}

const nameOf = (at: At, table: Table, id: number): Name =>
  table.column.has('uid') ? { uid: at.engine.getRow(registryOf(table), id, ['uid'])[0] as string } : { id };

/** Makes rows; where LaminDB gives back the one that is there (same name, same content), so does this. */
export function createRows(at: At, table: Table, rows: readonly Values[]): Name[] {
  if (table.registry === null) return rows.map((values) => tie(at, table, values));
  return rows.map((values) => {
    const { id } = at.engine.create(registryOf(table), fieldsOf(table, values));
    return nameOf(at, table, id);
  });
}

export function updateRow(at: At, table: Table, idOrUid: string, values: Values): Name {
  const id = idOf(at, registryTable(table), idOrUid);
  return changed(at, table, id, values);
}

function changed(at: At, table: Table, id: number, values: Values): Name {
  at.engine.update(registryOf(table), { id }, fieldsOf(table, values));
  return nameOf(at, table, id);
}

/** Changes rows that are named by some of their fields; all of these must be there. */
export function updateRows(at: At, table: Table, keys: readonly string[], rows: readonly Values[]): Name[] {
  registryTable(table);
  return rows.map((values) => {
    const id = named(at, table, keys, values);
    if (id === null)
      throw new LoamError('DoesNotExist', `There is no ${registryOf(table)} with ${words(keys, values)}.`);
    return changed(at, table, id, without(values, keys));
  });
}

/** Changes the rows that are there by these fields, and makes the others. */
export function upsertRows(at: At, table: Table, keys: readonly string[], rows: readonly Values[]): Name[] {
  if (table.registry === null) return createRows(at, table, rows);
  return rows.flatMap((values) => {
    const id = named(at, table, keys, values);
    return id === null ? createRows(at, table, [values]) : [changed(at, table, id, without(values, keys))];
  });
}

/** Takes rows away as LaminDB's `delete()` does: into the trash where there is one, else for good. */
export async function deleteRows(at: At, table: Table, ids: readonly number[]): Promise<void> {
  const registry = registryOf(registryTable(table));
  const refs = ids.map((id) => ({ id }));
  if (refs.length === 0) return;
  if (hasTrash(table)) await at.engine.trash(registry, refs);
  else await at.engine.purge(registry, refs);
}

/** The same for rows that are named by their fields. Answers how many there were. */
export async function deleteNamed(at: At, table: Table, rows: readonly Values[]): Promise<number> {
  if (table.registry === null) {
    for (const values of rows) relateBy(at, table, values, 'remove');
    return rows.length;
  }
  const ids = new Set<number>();
  for (const values of rows) {
    const id = named(at, table, Object.keys(values), values);
    if (id !== null) ids.add(id);
  }
  await deleteRows(at, table, [...ids]);
  return ids.size;
}

/** Ties a row to another by a relation, or takes the tie away. */
export function changeTie(
  at: At,
  table: Table,
  id: string,
  relation: string,
  label: string,
  change: 'add' | 'remove',
): void {
  const own = { id: idOf(at, registryTable(table), id) };
  const found = relationsOf(at.model, table.name).get(relation);
  const target = found && at.model.tables.get(found.target);
  if (!target)
    throw new LoamError(
      'FieldError',
      `${registryOf(table)} has no relation “${relation.slice(0, 60)}” to many.`,
      {
        field: 'label_field',
      },
    );
  at.engine.relate(registryOf(table), own, relation, { [change]: [{ id: idOf(at, target, label) }] });
}

/** The row of a link: made by the relation that it is of. */
function tie(at: At, table: Table, values: Values): Name {
  relateBy(at, table, values, 'add');
  const own = Object.entries(values).filter(([name]) => name !== 'id' && table.column.has(name));
  return Object.fromEntries(own) as Name;
}

function relateBy(at: At, table: Table, values: Values, change: 'add' | 'remove'): void {
  const ends = linkEnds(table);
  const [left, right] = ends ?? [];
  const owner = left?.references && at.model.tables.get(left.references.table);
  const relation =
    owner &&
    [...relationsOf(at.model, owner.name).values()].find(
      (one) => one.table === table.name && one.own === left.name,
    );
  if (!left || !right || !owner || !relation)
    throw new LoamError('NotSupportedError', `Rows of ${registryOf(table)} are not written by REST.`);
  const [own, other] = [left, right].map(({ name }) => {
    const id = values[name];
    if (Number.isSafeInteger(id)) return id as number;
    throw new LoamError('ValidationError', `A row of ${registryOf(table)} needs “${name}”, an id.`, {
      field: name,
    });
  }) as [number, number];
  const { feature_id: feature, slot, role } = values;
  at.engine.relate(registryOf(owner), { id: own }, relation.name, {
    [change]: [{ id: other }],
    ...(typeof feature === 'number' ? { feature: { id: feature } } : {}),
    ...(typeof slot === 'string' ? { slot } : {}),
    ...(typeof role === 'string' ? { role } : {}),
  });
}

/** The one row with these values of its fields, or null. */
function named(at: At, table: Table, keys: readonly string[], values: Values): number | null {
  if (keys.length === 0) throw new LoamError('ValidationError', 'Say by which fields rows are named.');
  const lookups: Lookups = {};
  for (const key of keys) {
    const value = values[key];
    if (!table.column.has(key))
      throw new LoamError('FieldError', `${registryOf(table)} has no field “${key.slice(0, 60)}”.`, {
        field: key,
      });
    if (value === undefined || value === null || typeof value === 'object')
      throw new LoamError('ValidationError', `A row is missing “${key}”, by which it would be found.`, {
        field: key,
      });
    lookups[key] = value as string | number | boolean;
  }
  const found = at.engine.queryIds({ registry: registryOf(table), filters: [lookups], limit: 2 });
  if (found.length > 1)
    throw new LoamError(
      'MultipleObjectsReturned',
      `Several rows of ${registryOf(table)} have ${words(keys, values)}. Name the one by its uid.`,
    );
  return found[0] ?? null;
}

const words = (keys: readonly string[], values: Values): string =>
  keys.map((key) => `${key} ${String(values[key]).slice(0, 60)}`).join(', ');

const without = (values: Values, keys: readonly string[]): Values =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !keys.includes(name)));

function registryTable(table: Table): Table {
  if (table.registry !== null) return table;
  throw new LoamError('NotSupportedError', `${registryOf(table)} is a link: put and batch-delete its rows.`);
}
