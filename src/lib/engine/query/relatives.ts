// Rows that belong to a row: its versions, and what stands above and below it in a hierarchy, one step or all the way.
import { LoamError } from '../errors.ts';
import { registryName } from '../model/name-field.ts';
import { findField } from '../model/relations.ts';
import { all, one, type Steps } from '../statement.ts';
import { tableOf } from './draft.ts';
import type { QueryScope } from './prepare.ts';
import type { Query } from './query.ts';
import { readIds } from './read.ts';

/** All versions of a row's family on the visible branches, newest first (`object.versions`). */
export function* versionsQuery(scope: QueryScope, registry: string, id: number): Steps<Query> {
  const table = tableOf(scope, registry);
  if (!table.versioned)
    throw new LoamError('AttributeError', `'${table.registry}' object has no attribute 'versions'.`, {
      registry,
    });
  const row = yield* one(`SELECT uid FROM "${table.name}" WHERE id = ?`, [id]);
  const stem = String(row?.[0]).slice(0, -4);
  return { registry, filters: [{ uid__startswith: stem }], order: ['-created_at'] };
}

/**
 * Ids of `parents`, `children`, `predecessors` … (one step, whatever the branch), or of `query_parents` and
 * `query_children` (all the way, on visible branches).
 */
export function* relatives(scope: QueryScope, registry: string, id: number, method: string): Steps<number[]> {
  const table = tableOf(scope, registry);
  const deep = /^query_(parents|children|predecessors|successors)$/.exec(method);
  const name = deep?.[1] ?? method;
  const relation = findField(scope.model, table, name);
  if (relation?.kind !== 'relation' || relation.target !== table || !relation.many) {
    throw new LoamError('AttributeError', `'${table.registry}' object has no attribute '${method}'.`, {
      registry: registryName(table),
      field: method,
    });
  }
  const back = inverse[name] ?? name;
  if (!deep) return yield* readIds(scope, { registry, filters: [{ [`${back}__id`]: id, branch: null }] });
  const seen = new Set([id]);
  for (let frontier = [id]; frontier.length > 0;) {
    const next = yield* readIds(scope, {
      registry,
      filters: [{ branch_id__in: [...scope.branches], [`${back}__id__in`]: frontier }],
      distinct: true,
    });
    frontier = next.filter((found) => !seen.has(found));
    for (const found of frontier) seen.add(found);
  }
  seen.delete(id);
  return [...seen];
}

const inverse: Record<string, string> = {
  parents: 'children',
  children: 'parents',
  predecessors: 'successors',
  successors: 'predecessors',
};

/** Rows of a type and of all its sub-types, the types included (`query_records`, `query_ulabels` …). */
export function* ofType(scope: QueryScope, registry: string, id: number): Steps<number[]> {
  const table = tableOf(scope, registry);
  const rows = yield* all(
    `WITH RECURSIVE below(id) AS (
       SELECT id FROM "${table.name}" WHERE type_id = ?1 AND +branch_id IN (${scope.branches.join(', ')})${scope.hidden(table.name, 'id')}
       UNION SELECT t.id FROM "${table.name}" t JOIN below ON t.type_id = below.id WHERE +t.branch_id IN (${scope.branches.join(', ')})${scope.hidden(table.name, 't.id')}
     ) SELECT id FROM below ORDER BY id`,
    [id],
  );
  return rows.map((row) => Number(row[0]));
}
