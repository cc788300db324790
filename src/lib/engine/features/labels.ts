// Labels on artifacts: ULabels and Projects by name, new ones made for names that are not there yet. A plain label is the
// link table of a category with feature NULL (lamindb.md §8).
import { LoamError } from '../errors.ts';
import { namedRows } from '../registry/named.ts';
import { tie, untie } from '../registry/relate.ts';
import { relationsOf, type Relation } from '../registry/relations.ts';
import { resolveRefs } from '../registry/resolve.ts';
import { registryOf } from '../registry/tables.ts';
import type { Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { hostOf } from './hosts.ts';

/** Existing ULabels by name, new ones for names not yet there (in the trash counts as not there). */
export function* ulabelsByName(tx: Transaction, names: readonly string[]): Steps<number[]> {
  return yield* namedRows(tx, 'ULabel', names);
}

export function* projectsByName(tx: Transaction, names: readonly string[]): Steps<number[]> {
  return yield* namedRows(tx, 'Project', names);
}

/** Labels artifacts with rows of any registry that has links to them. */
export function* linkTerms(
  tx: Transaction,
  artifacts: readonly number[],
  terms: readonly { registry: string; uid: string }[],
): Steps<void> {
  const { model } = tx.journal;
  for (const registry of new Set(terms.map((term) => term.registry))) {
    const table = registryOf(model, registry);
    const to = hostOf(model, 'Artifact').links.get(table.name);
    if (!to)
      throw new LoamError('FieldError', `Artifacts are not labelled with ${registry} rows.`, {
        field: registry,
      });
    const refs = terms.filter((term) => term.registry === registry).map(({ uid }) => ({ uid }));
    yield* link(tx, to.table, to.value, artifacts, yield* resolveRefs(table, refs, { author: tx.author }));
  }
}

/** Links every artifact to every target, skipping links that are there. */
export function* link(
  tx: Transaction,
  table: string,
  column: string,
  artifacts: readonly number[],
  targets: readonly number[],
): Steps<void> {
  yield* tie(tx, relationBy(tx, table, column), artifacts, targets, { feature_id: null });
}

export function* unlink(
  tx: Transaction,
  table: string,
  column: string,
  artifact: number,
  target: number,
): Steps<void> {
  yield* untie(tx, relationBy(tx, table, column), artifact, [target], { feature_id: null });
}

function relationBy(tx: Transaction, table: string, column: string): Relation {
  for (const relation of relationsOf(tx.journal.model, 'lamindb_artifact').values())
    if (relation.table === table && relation.other === column) return relation;
  throw new LoamError('FieldError', `Artifacts have no labels in ${table}.`, { field: table });
}
