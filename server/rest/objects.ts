// Rows as the objects that REST answers with: their own fields, and what is selected of the rows they are tied to. All of
// it is read through the engine's query language, a statement or two for each relation whatever the number of rows.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Engine } from '../../src/lib/engine/index.ts';
import { fieldsOf, findField, type Relation } from '../../src/lib/engine/model/relations.ts';
import type { Model, Table } from '../../src/lib/engine/model/types.ts';
import { unknownField } from '../../src/lib/engine/query/paths.ts';
import type { QueryValue } from '../../src/lib/engine/query/query.ts';
import { registryOf } from './names.ts';
import type { Selection } from './select.ts';

export type Row = { [field: string]: QueryValue };

export interface ObjectOptions {
  /** Rows of each relation to many. */
  limitToMany: number;
  /** Keys of references (`run_id`) too, where no fields are named. */
  foreignKeys: boolean;
}

/** Objects in one answer, those inside others included. */
export const mostObjects = 50_000;
/** So many ties are read at once before each row's are read on their own. */
const tiesAtOnce = 20_000;

/** Objects in the order of the ids; rows that are not there are left out. */
export function readObjects(
  engine: Engine,
  model: Model,
  table: Table,
  ids: readonly number[],
  selection: Selection,
  options: ObjectOptions,
): Row[] {
  /** Objects that each row is, written out: itself and those in it. A row that many are tied to is written out for each. */
  const weights = new Map<Row, number>();
  const objects = found(ids, read(table, ids, selection));
  weigh(objects);
  return objects;

  function read(here: Table, wanted: readonly number[], selected: Selection): Map<number, Row> {
    const unique = [...new Set(wanted)];
    const { fields, relations } = sortOut(here, selected);
    const rows =
      unique.length === 0
        ? []
        : engine.queryRows({ registry: registryOf(here), filters: [{ id__in: unique }] }, ['id', ...fields]);
    if (rows.length > mostObjects) tooMany();
    const byId = new Map<number, Row>();
    for (const [id = null, ...values] of rows)
      byId.set(Number(id), Object.fromEntries(fields.map((field, i) => [field, values[i] ?? null])));
    for (const [relation, below] of relations) addRelation(here, byId, relation, below);
    return byId;
  }

  function addRelation(here: Table, byId: Map<number, Row>, relation: Relation, below: Selection): void {
    const ties = tiesOf(here, [...byId.keys()], relation);
    const targets = read(relation.target, [...ties.values()].flat(), below);
    for (const [id, row] of byId) {
      const rows = found(ties.get(id) ?? [], targets);
      weights.set(row, (weights.get(row) ?? 1) + weigh(rows));
      row[relation.name] = relation.many ? rows : (rows[0] ?? null);
    }
  }

  /** Ids of the rows that each row is tied to, ascending. */
  function tiesOf(here: Table, ids: readonly number[], relation: Relation): Map<number, number[]> {
    const { name } = relation;
    const most = relation.many ? options.limitToMany : 1;
    const ties = new Map<number, number[]>();
    if (ids.length === 0 || most === 0) return ties;
    const pairs = (some: readonly number[], limit: number) =>
      engine.queryRows(
        {
          registry: registryOf(here),
          filters: [{ id__in: [...some] }],
          order: ['id', `${name}__id`],
          distinct: true,
          limit,
        },
        ['id', name],
      );
    const all = pairs(ids, tiesAtOnce);
    // One row with very many ties must not take the others' away.
    const some = all.length < tiesAtOnce ? all : ids.flatMap((id) => pairs([id], most));
    for (const [id, target] of some) {
      if (target == null) continue;
      const known = ties.get(Number(id)) ?? [];
      if (known.length < most) known.push(Number(target));
      ties.set(Number(id), known);
    }
    return ties;
  }

  /** A selection that names no field of the row itself gets all of them, as LaminHub gives them beside a relation. */
  function sortOut(
    here: Table,
    selected: Selection,
  ): { fields: string[]; relations: [Relation, Selection][] } {
    const fields: string[] = [];
    const relations: [Relation, Selection][] = [];
    for (const [name, below] of selected) {
      const field = findField(model, here, name);
      if (!field) throw unknownField(model, here, name);
      if (field.kind === 'relation' && (name === field.name || below)) {
        relations.push([field, below ?? new Map()]);
        continue;
      }
      if (below)
        throw new LoamError('FieldError', `“${name}” leads nowhere: nothing can be selected below it.`, {
          field: name,
        });
      fields.push(name);
    }
    return { fields: fields.length > 0 ? fields : ownFields(here), relations };
  }

  function ownFields(here: Table): string[] {
    const own = here.columns.filter((column) => !column.references).map((column) => column.name);
    if (!options.foreignKeys) return own;
    return [...own, ...here.columns.filter((column) => column.references).map((column) => column.name)];
  }

  function weigh(rows: readonly Row[]): number {
    const sum = rows.reduce((all, row) => all + (weights.get(row) ?? 1), 0);
    return sum > mostObjects ? tooMany() : sum;
  }
}

function tooMany(): never {
  throw new LoamError(
    'ValidationError',
    `The answer would hold more than ${mostObjects.toLocaleString('en')} objects. Ask for fewer rows (limit), or for fewer of each relation (limit_to_many).`,
    { field: 'limit' },
  );
}

function found(ids: readonly number[], byId: ReadonlyMap<number, Row>): Row[] {
  return ids.map((id) => byId.get(id)).filter((row) => row !== undefined);
}

/** How many rows each relation of a row to many leads to, those of links left out. */
export function relationCounts(
  engine: Engine,
  model: Model,
  table: Table,
  id: number,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const field of fieldsOf(model, table).values()) {
    if (field.kind !== 'relation' || !field.many || /^_|^links_|^values_/.test(field.name)) continue;
    counts[field.name] = engine.queryCount({
      registry: registryOf(table),
      filters: [{ id, [`${field.name}__isnull`]: false }],
    });
  }
  return counts;
}
