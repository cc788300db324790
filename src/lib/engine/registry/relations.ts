// The many-valued relations of a registry as writing needs them: which table ties the two rows, by which columns, and which
// end owns the tie. Names and joins are those of look-ups (model/relations.ts).
import { linkEnds } from '../model/relation-names.ts';
import { fieldsOf } from '../model/relations.ts';
import type { Model, Table } from '../model/types.ts';

export interface Relation {
  /** LaminDB's accessor: `ulabels`, `parents`, `input_of_runs`, `linked_in_records`. */
  name: string;
  /** The table that ties both ends. */
  table: string;
  /** Column of this end, and of the other. */
  own: string;
  other: string;
  /** Table at the other end. */
  target: string;
  /** A row of the tie may say which feature it stands for, in which slot, in which role. */
  feature: boolean;
  slot: boolean;
  role: boolean;
  /** True at the end that owns the tie: annotating it is an edit of this row. */
  owner: boolean;
}

const cache = new WeakMap<Table, Map<string, Relation>>();

/** Relations of a table by name. */
export function relationsOf(model: Model, name: string): Map<string, Relation> {
  const table = model.tables.get(name);
  if (!table) return new Map();
  let relations = cache.get(table);
  if (!relations) cache.set(table, (relations = derive(model, table)));
  return relations;
}

function derive(model: Model, table: Table): Map<string, Relation> {
  const relations = new Map<string, Relation>();
  for (const field of fieldsOf(model, table).values()) {
    if (field.kind !== 'relation' || field.direction !== 'pair') continue;
    const [near, far] = field.hops;
    if (!near || !far) continue;
    const tie = near.table;
    const ends = [near.to, far.from];
    relations.set(field.name, {
      name: field.name,
      table: tie.name,
      own: near.to,
      other: far.from,
      target: field.target.name,
      feature: tie.column.has('feature_id') && !ends.includes('feature_id'),
      slot: tie.column.has('slot'),
      role: tie.column.has('role'),
      owner: linkEnds(tie)?.[0].name === near.to,
    });
  }
  return relations;
}
