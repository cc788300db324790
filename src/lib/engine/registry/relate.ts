// Tying rows to rows: parents, labels, projects, inputs of runs, members. A tie that is there already is no error; a circle
// among parents or predecessors is (LaminDB lets them form; every walk over them would then loop).
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { insert, remove, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { behaviourOf } from './behaviours.ts';
import { refuseLocked } from './locked.ts';
import type { RelationChange } from './registry-types.ts';
import { relationsOf, type Relation } from './relations.ts';
import { resolveRef, resolveRefs } from './resolve.ts';
import { labelOf } from './tables.ts';

export function relationOf(tx: Transaction, table: Table, name: string): Relation {
  const relations = relationsOf(tx.journal.model, table.name);
  const relation = relations.get(name);
  if (relation) return relation;
  throw new LoamError(
    'FieldError',
    `${labelOf(table)} has no relation "${name}". Relations: ${[...relations.keys()].join(', ')}.`,
    { registry: labelOf(table), field: name },
  );
}

/** Adds and removes ties of one row. */
export function* relate(
  tx: Transaction,
  table: Table,
  id: number,
  name: string,
  change: RelationChange,
): Steps<void> {
  const relation = relationOf(tx, table, name);
  const target = tx.journal.model.tables.get(relation.target) as Table;
  const scope = { author: tx.author };
  const added = yield* resolveRefs(target, change.add ?? [], scope);
  const removed = yield* resolveRefs(target, change.remove ?? [], scope);
  if (relation.owner) yield* refuseLocked(table, [id]);
  else yield* refuseLocked(target, [...added, ...removed]);
  const marks = yield* marksOf(tx, relation, change);
  if (removed.length > 0) yield* untie(tx, relation, id, removed, marks);
  if (added.length > 0) yield* tie(tx, relation, [id], added, marks);
  const { relinked } = behaviourOf(relation.owner ? table : target);
  if (!relinked) return;
  if (relation.owner) yield* relinked(tx, id, relation, added, removed);
  else {
    const reverse = reverseOf(tx, relation);
    for (const owner of added) yield* relinked(tx, owner, reverse, [id], []);
    for (const owner of removed) yield* relinked(tx, owner, reverse, [], [id]);
  }
}

/** The same ties as their owner sees them. */
function reverseOf(tx: Transaction, relation: Relation): Relation {
  for (const other of relationsOf(tx.journal.model, relation.target).values())
    if (other.table === relation.table && other.owner) return other;
  return relation;
}

type Marks = Record<string, SqlValue>;

function* marksOf(tx: Transaction, relation: Relation, change: RelationChange): Steps<Marks> {
  const marks: Marks = {};
  if (relation.feature) {
    const features = tx.journal.model.tables.get('lamindb_feature') as Table;
    marks['feature_id'] =
      change.feature === undefined
        ? null
        : yield* resolveRef(features, change.feature, { author: tx.author }, 'feature');
  }
  if (relation.slot) marks['slot'] = change.slot ?? null;
  if (relation.role) {
    if (!change.role)
      throw new LoamError('FieldValidationError', `A role is needed to tie ${relation.name}.`, {
        field: 'role',
      });
    marks['role'] = change.role;
  }
  return marks;
}

/** Ties every own row to every other, skipping ties that are there. */
export function* tie(
  tx: Transaction,
  relation: Relation,
  own: readonly number[],
  others: readonly number[],
  marks: Marks = {},
): Steps<void> {
  const { table } = relation;
  const key = tx.journal.model.tables.get(table)?.rowKey.columns ?? [];
  for (const other of others) {
    if (hierarchies.has(relation.name)) for (const id of own) yield* refuseCircle(relation, id, other);
    const marked = Object.entries(marks).filter(([c]) => key.includes(c));
    const rows = yield* all(
      `SELECT "${relation.own}", id FROM "${table}" WHERE "${relation.other}" = ?1
       AND "${relation.own}" IN (SELECT value FROM json_each(?2))${marked.map(([c], i) => ` AND "${c}" IS ?${i + 3}`).join('')}`,
      [other, JSON.stringify(own), ...marked.map(([, v]) => v)],
    );
    const known = new Map(rows.map((r) => [Number(r[0]), Number(r[1])]));
    const fresh = own.filter((id) => !known.has(id));
    if (fresh.length > 0)
      yield* insert(tx, table, fresh.length, { [relation.own]: fresh, [relation.other]: other, ...marks });
    // What is no part of the key (a feature of collectionulabel) is a value of the tie.
    const payload = Object.fromEntries(
      Object.entries(marks).filter(([c, v]) => !key.includes(c) && v !== null),
    );
    if (known.size > 0 && Object.keys(payload).length > 0)
      yield* update(tx, table, [...known.values()], payload);
  }
}

/** Removes ties of one row, with exactly these marks. */
export function* untie(
  tx: Transaction,
  relation: Relation,
  own: number,
  others: readonly number[],
  marks: Marks,
): Steps<void> {
  const marked = Object.entries(marks);
  const rows = yield* all(
    `SELECT id FROM "${relation.table}" WHERE "${relation.own}" = ?1
     AND "${relation.other}" IN (SELECT value FROM json_each(?2))${marked.map(([c], i) => ` AND "${c}" IS ?${i + 3}`).join('')} ORDER BY id`,
    [own, JSON.stringify(others), ...marked.map(([, v]) => v)],
  );
  yield* remove(
    tx,
    relation.table,
    rows.map((r) => Number(r[0])),
  );
}

/** Relations that order rows: above and below, before and after, part and whole. Others may lead back to a row. */
const hierarchies = new Set([
  'parents',
  'children',
  'predecessors',
  'successors',
  'components',
  'composites',
]);

/** Going on from the other end in the same direction must not lead back. */
function* refuseCircle(relation: Relation, own: number, other: number): Steps<void> {
  const row =
    own === other
      ? [1]
      : yield* one(
          `WITH RECURSIVE far(id) AS (SELECT ?1 UNION SELECT l."${relation.other}" FROM "${relation.table}" l JOIN far ON l."${relation.own}" = far.id)
           SELECT 1 FROM far WHERE id = ?2`,
          [other, own],
        );
  if (!row) return;
  throw new LoamError(
    'ValidationError',
    `This would make a circle in ${relation.name}: the row is itself reached from there. Remove that tie first.`,
    { field: relation.name },
  );
}
