// A look-up's chain of names as a way through the registries: `run__transform__key__startswith` is two references, a
// column and what is left over for lookups.ts.
import { LoamError } from '../errors.ts';
import { fieldsOf, findField, type Field, type Hop, type Relation } from '../model/relations.ts';
import type { Column, Model, Table } from '../model/types.ts';

export interface Path {
  relations: Relation[];
  /** The last field; null where the chain ends with a relation. */
  column: Column | null;
  /** Names behind the last field. */
  rest: string[];
  /** The chain up to the last field, as given. */
  name: string;
}

/** Throws `FieldError` when the first name is no field; later unknown names are left over as `rest`. */
export function pathOf(model: Model, table: Table, lookup: string): Path {
  const names = lookup.split('__');
  const relations: Relation[] = [];
  let here = table;
  for (const [i, name] of names.entries()) {
    const field = findField(model, here, name);
    if (!field) {
      if (i === 0) throw unknownField(model, table, name);
      return { relations, column: null, rest: names.slice(i), name: names.slice(0, i).join('__') };
    }
    if (field.kind === 'column')
      return {
        relations,
        column: field.column,
        rest: names.slice(i + 1),
        name: names.slice(0, i + 1).join('__'),
      };
    relations.push(field);
    here = field.target;
  }
  return { relations, column: null, rest: [], name: lookup };
}

/** The names LaminDB offers: fields, relations and their columns, without private ones and links. */
export function availableFields(model: Model, table: Table): string[] {
  const names = new Set<string>();
  for (const field of fieldsOf(model, table).values()) {
    if (/^_|^links_/.test(field.name)) continue;
    names.add(field.name);
    if (field.kind === 'relation' && field.direction === 'forward') names.add(`${field.name}_id`);
  }
  if (table.registry === 'Artifact') names.add('transform').add('feature_sets');
  return [...names].sort();
}

export function unknownField(model: Model, table: Table, name: string): LoamError {
  const fields = availableFields(model, table);
  const near = nearest(name, fields);
  const hint = near ? ` Did you mean '${near}'?` : '';
  return new LoamError(
    'FieldError',
    `Unknown field '${name}'.${hint} Available fields: ${fields.join(', ')}`,
    {
      field: name,
      registry: table.registry ?? table.name,
      ...(near ? { suggestion: near } : {}),
    },
  );
}

/** The known name that differs in the fewest letters, if few differ. */
export function nearest(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let fewest = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(name.slice(0, 64), candidate);
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/**
 * The joins of a path and the column at its end. A last join along a reference is left out where only the id is asked
 * for: the reference holds it.
 */
export function endOf(path: Path): { hops: Hop[]; column: string; relation: Relation | null } {
  const hops = path.relations.flatMap((relation) => relation.hops);
  const last = hops.at(-1);
  const asked = path.column?.name ?? 'id';
  const relation = path.column ? null : (path.relations.at(-1) ?? null);
  if (last?.direct && asked === last.to) return { hops: hops.slice(0, -1), column: last.from, relation };
  return { hops, column: asked, relation };
}

export type { Field };
