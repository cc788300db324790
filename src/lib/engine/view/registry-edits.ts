// What forms may do with a registry: which fields are written, under which name, when they must be given; which relations
// gain and lose rows. It follows from the model and from what the registry's own behaviour takes.
import { fieldsOf, type Relation } from '../model/relations.ts';
import type { Column, Model, Table } from '../model/types.ts';
import { behaviourOf } from '../registry/behaviours.ts';
import { columnOf, fieldOf } from '../registry/fields.ts';
import { relationsOf } from '../registry/relations.ts';
import type { FieldInfo, RelationInfo } from './registry-info.ts';

/** Set by acts of their own (trash, tracking, versions), not by a form. */
const byActs = new Set([
  'branch_id',
  'created_on_id',
  'run_id',
  '_aux',
  'version_tag',
  'array_rank',
  'array_size',
  'array_shape',
]);
const forLife = new Set(['dtype', 'root', 'entity']);

/** How a field is written, if at all. */
export function writing(table: Table, column: Column): Pick<FieldInfo, 'writes' | 'once' | 'required'> {
  const never = { writes: null, once: false, required: false };
  if (column.name === '_status_code') {
    const takes = behaviourOf(table).takes?.includes('status') ?? false;
    return takes ? { writes: 'status', once: false, required: false } : never;
  }
  // The uid of a person is that of the account; every other is made here.
  if (column.name === 'uid')
    return table.registry === 'User' ? { writes: 'uid', once: true, required: true } : never;
  const field = fieldOf(column);
  if (byActs.has(column.name) || columnOf(table, field)?.name !== column.name) return never;
  const given = column.nullable || column.ddlDefault !== undefined || column.appDefault !== undefined;
  return {
    writes: field,
    once: forLife.has(field),
    required: !given || (table.registry === 'Feature' && field === 'dtype'),
  };
}

/** Made by acts of their own: dropping files, tracking. */
const notByForm = new Set(['Artifact', 'Run', 'Collection', 'JsonValue', 'Block']);
export const isCreatable = (table: Table): boolean =>
  !notByForm.has(table.registry ?? '') || table.module !== 'lamindb';

/** Rows of these say what they are tied to by acts of their own. */
const tiedByActs = new Set(['JsonValue', 'Schema', 'Block', 'Source']);

/** Where a relation leads back to, and whether its rows are added and taken away here. */
export function ends(
  model: Model,
  table: Table,
  relation: Relation,
): Pick<RelationInfo, 'back' | 'editable' | 'own'> {
  const [near, far] = relation.hops;
  if (!near || !far) return { back: near?.to.replace(/_id$/, '') ?? null, editable: false, own: false };
  const back = [...fieldsOf(model, relation.target).values()].find(
    (field) =>
      field.kind === 'relation' &&
      field.direction === 'pair' &&
      field.hops[0]?.table === near.table &&
      field.hops[0].to === far.from &&
      field.hops[1]?.from === near.to,
  );
  const tie = relationsOf(model, table.name).get(relation.name);
  const own = tie?.owner ?? false;
  const lamin = (one: Table): string => (one.module === 'lamindb' ? (one.registry ?? '') : '');
  const byActs =
    [table, relation.target].some((one) => tiedByActs.has(lamin(one))) ||
    lamin(relation.target) === 'Run' ||
    (lamin(table) === 'Run' && !own) ||
    near.table.name === 'lamindb_collectionartifact';
  return {
    back: back?.name ?? null,
    editable: tie !== undefined && !tie.slot && !tie.role && near.table.family !== 'cell' && !byActs,
    own,
  };
}
