// What look-ups can name on every table: its columns, its references forwards and backwards, and the far side of its
// many-to-many relations, under LaminDB's names. Each relation knows the joins that lead to it, as Django takes them.
import { linkEnds, pairNames, reverseName } from './relation-names.ts';
import type { Column, Model, Table } from './types.ts';

/** One join: the column here, and the table and column there. */
export interface Hop {
  table: Table;
  from: string;
  to: string;
  /** Along a reference (`from` holds the id of the row there); otherwise against one. */
  direct: boolean;
  /** More than one row may stand there. */
  many: boolean;
  /** No row may stand there. */
  nullable: boolean;
}

export interface Relation {
  kind: 'relation';
  name: string;
  /** `forward` along a reference, `reverse` against one, `pair` through a link table. */
  direction: 'forward' | 'reverse' | 'pair';
  target: Table;
  hops: Hop[];
  many: boolean;
  /** The reference itself, for `forward`. */
  column: Column | null;
}

export interface PlainField {
  kind: 'column';
  name: string;
  column: Column;
}

export type Field = PlainField | Relation;

const known = new WeakMap<Model, Map<string, Map<string, Field>>>();

/** Fields of a table by the names LaminDB gives them: `run`, `created_by`, `ulabels`, `links_ulabel`, `size` … */
export function fieldsOf(model: Model, table: Table): Map<string, Field> {
  let all = known.get(model);
  if (!all) {
    all = allFields(model);
    known.set(model, all);
  }
  const fields = all.get(table.name);
  if (!fields) throw new Error(`the model has no table ${table.name}`);
  return fields;
}

/** A field by name, by the name of its column (`run_id`), or by `pk`. */
export function findField(model: Model, table: Table, name: string): Field | null {
  const fields = fieldsOf(model, table);
  const found = fields.get(name === 'pk' ? 'id' : name);
  if (found) return found;
  if (!name.endsWith('_id')) return null;
  const reference = fields.get(name.slice(0, -3));
  return reference?.kind === 'relation' && reference.direction === 'forward' ? reference : null;
}

function allFields(model: Model): Map<string, Map<string, Field>> {
  const all = new Map([...model.tables.keys()].map((name) => [name, new Map<string, Field>()]));
  const add = (table: Table, field: Field): void => {
    const fields = all.get(table.name);
    if (fields?.has(field.name)) throw new Error(`${table.name} has two fields called ${field.name}`);
    fields?.set(field.name, field);
  };
  for (const table of model.tables.values()) {
    for (const column of table.columns) {
      if (!column.references) {
        add(table, { kind: 'column', name: column.name, column });
        continue;
      }
      const target = tableOf(model, column.references.table);
      const there = along(model, column);
      const own = { name: column.name.replace(/_id$/, ''), direction: 'forward', target, column } as const;
      add(table, { kind: 'relation', ...own, hops: [there], many: false });
      const name = reverseName(model, table, column);
      if (name === null) continue;
      const back = against(table, column);
      const reverse = { name, direction: 'reverse', target: table, column: null } as const;
      add(target, { kind: 'relation', ...reverse, hops: [back], many: back.many });
    }
  }
  for (const table of model.tables.values()) {
    const ends = linkEnds(table);
    if (!ends) continue;
    const [left, right] = ends;
    const targets = ends.map((end) => tableOf(model, end.references?.table ?? '')) as [Table, Table];
    const names = pairNames(table, ...targets);
    const pair = (name: string | null, near: Column, far: Column, on: Table, target: Table): void => {
      if (name === null) return;
      const hops = [against(table, near), along(model, far)];
      add(on, { kind: 'relation', name, direction: 'pair', target, column: null, hops, many: true });
    };
    pair(names[0], left, right, targets[0], targets[1]);
    pair(names[1], right, left, targets[1], targets[0]);
  }
  return all;
}

function along(model: Model, column: Column): Hop {
  const table = tableOf(model, column.references?.table ?? '');
  return { table, from: column.name, to: 'id', direct: true, many: false, nullable: column.nullable };
}

const against = (table: Table, column: Column): Hop => ({
  table,
  from: 'id',
  to: column.name,
  direct: false,
  many: !column.unique,
  nullable: true,
});

function tableOf(model: Model, name: string): Table {
  const table = model.tables.get(name);
  if (!table) throw new Error(`the model has no table ${name}`);
  return table;
}
