// "Is or is below": rows that carry a term or any term under it, by the parents of the term's registry. Asked as a query it
// follows the tree at that moment; in code that a person copies the terms of that moment are named.
import { LoamError } from '../errors.ts';
import { registryName } from '../model/name-field.ts';
import type { Model, Table } from '../model/types.ts';
import { parentsOf } from '../ontology/tables.ts';
import type { Path } from '../query/paths.ts';
import type { Lookups, QueryValue } from '../query/query.ts';
import type { FilterTest } from './view.ts';

/** The registry whose rows the field is of, and its rows that are named or below one that is. */
export function below(table: Table, path: Path, test: FilterTest): { owner: Table; query: QueryValue } {
  const owner = path.relations.at(-1)?.target ?? table;
  const column = path.column?.name ?? 'uid';
  const values = Array.isArray(test.value) ? test.value : [test.value];
  return { owner, query: { registry: registryName(owner), filters: [{ [`${column}__in`]: values }] } };
}

/** `chain` leads to the registry's rows; empty for the list's own. */
export function withinLookups(
  model: Model,
  table: Table,
  path: Path,
  chain: string,
  test: FilterTest,
): Lookups {
  const { owner, query } = below(table, path, test);
  if (!parentsOf(model, owner))
    throw new LoamError('FieldError', `${registryName(owner)} has no parents, so nothing is below another.`, {
      field: test.field,
    });
  return { [`${chain || 'id'}__in`]: { $below: query } };
}
