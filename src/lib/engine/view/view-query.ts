// A view as a query: its conditions, what the registry hides by itself (old versions, the files that runs leave behind,
// the trash), and its order. Rows come once.
import { LoamError } from '../errors.ts';
import { registryName } from '../model/name-field.ts';
import type { Model, Table } from '../model/types.ts';
import type { Condition, Order, Query } from '../query/query.ts';
import { trashBranch } from '../registry/tables.ts';
import { certainPath, conditionOf, isMany } from './conditions.ts';
import { registryInfo } from './registry-info.ts';
import { searchConditions, searchWords } from './search-words.ts';
import { pruned, type FilterNode, type View } from './view.ts';

/** Reports and environments of runs, which LaminDB's data frames leave out unless the query speaks of the kind. */
export const hiddenKinds = '__lamindb';

export function viewQuery(model: Model, table: Table, view: View): Query {
  const parts: Condition[] = [];
  if (view.trash) {
    if (!table.column.has('branch_id'))
      throw new LoamError('FieldError', `${registryName(table)} has no trash.`, { registry: view.registry });
    parts.push({ branch_id: trashBranch });
  }
  if (table.versioned && !view.versions && !view.trash) parts.push({ is_latest: true });
  if (hidesKinds(table, view)) parts.push({ $not: { kind__startswith: hiddenKinds } });
  const filter = pruned(view.filter);
  if (filter?.kind === 'all' && !filter.not)
    parts.push(...filter.items.map((node) => conditionOf(model, table, node)));
  else if (filter) parts.push(conditionOf(model, table, filter));
  for (const group of searchConditions(table, view.search)) parts.push(conditionOf(model, table, group));
  return {
    registry: registryName(table),
    filters: [{ $and: parts }],
    order: [orderOf(model, table, view)],
    texts: searchWords(view.search),
  };
}

export function hidesKinds(table: Table, view: View): boolean {
  return table.registry === 'Artifact' && !mentions(view.filter, 'kind');
}

/** Tells the kinds that `hidesKinds` leaves out, as SQL over `t`. */
export const kindAside = (table: Table): { sql: string; column: string } | null =>
  table.registry === 'Artifact'
    ? { sql: `t."kind" LIKE '\\_\\_lamindb%' ESCAPE '\\'`, column: 'kind' }
    : null;

export function mentions(node: FilterNode, field: string): boolean {
  if (node.kind === 'test') return !node.feature && node.field.split('__')[0] === field;
  return node.items.some((item) => mentions(item, field));
}

export function orderOf(model: Model, table: Table, view: View): Order {
  const { by, descending } = view.order ?? registryInfo(model, table).order;
  if (by.startsWith('@')) return { $feature: by.slice(1), descending };
  const path = certainPath(model, table, by);
  if (isMany(path))
    throw new LoamError('FieldError', `A list cannot be ordered by ${by}: a row may have many of them.`, {
      field: by,
    });
  return descending ? `-${by}` : by;
}
