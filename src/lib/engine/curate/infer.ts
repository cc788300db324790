// Saving a validated dataset (lamindb 2.12.1 `annotate_artifact`): the schema it was validated by is noted on the artifact, each
// slot gets the schema that was inferred from it (exactly the columns or variables that are known, under the rules of the
// slot's schema), and the distinct values of categorical columns are linked with their features.
import { hostOf } from '../features/hosts.ts';
import type { Table } from '../model/types.ts';
import { create } from '../registry/create.ts';
import { refuseLocked } from '../registry/locked.ts';
import { schemaHash } from '../registry/schema-hash.ts';
import { all, one, type Steps } from '../statement.ts';
import { insert, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import type { FoundRows } from './check-terms.ts';
import type { SlotPlan } from './plan.ts';
import type { SlotRows } from './validate.ts';

/** More members of a slot, or labels of a feature, are not linked one by one (`ln.settings.annotation.n_max_records`). */
const mostLinked = 1000;

export function* saveInferred(
  tx: Transaction,
  artifactId: number,
  schemaId: number,
  slots: readonly SlotRows[],
): Steps<void> {
  const artifacts = tx.journal.model.registry.get('Artifact') as Table;
  yield* refuseLocked(artifacts, [artifactId]);
  const row = yield* one('SELECT schema_id FROM lamindb_artifact WHERE id = ?', [artifactId]);
  if (Number(row?.[0] ?? -1) !== schemaId)
    yield* update(tx, 'lamindb_artifact', [artifactId], { schema_id: schemaId });
  for (const { terms } of slots)
    for (const { feature, rows } of terms) yield* linkTerms(tx, artifactId, feature, rows);
  for (const slot of slots) {
    // Nothing was looked up: the part has no columns at all.
    if (slot.empty) continue;
    yield* linkSlot(tx, artifactId, slot.plan.slot, yield* inferredSchema(tx, slot));
  }
}

function* linkTerms(
  tx: Transaction,
  artifactId: number,
  feature: number,
  found: readonly FoundRows[],
): Steps<void> {
  const { links } = hostOf(tx.journal.model, 'Artifact');
  if (found.reduce((sum, { ids }) => sum + ids.length, 0) > mostLinked) return;
  for (const { table, ids } of found) {
    const link = links.get(table);
    // Registries whose rows artifacts do not carry are left out, as in LaminDB.
    if (link === undefined) continue;
    const known = yield* all(
      `SELECT "${link.value}" FROM "${link.table}" WHERE "${link.own}" = ?1 AND feature_id = ?2
       AND "${link.value}" IN (SELECT value FROM json_each(?3))`,
      [artifactId, feature, JSON.stringify(ids)],
    );
    const there = new Set(known.map(([id]) => Number(id)));
    const fresh = ids.filter((id) => !there.has(id));
    if (fresh.length === 0) continue;
    yield* insert(tx, link.table, fresh.length, {
      [link.own]: artifactId,
      [link.value]: fresh,
      feature_id: feature,
    });
  }
}

/** The slot's former schema makes way. */
function* linkSlot(tx: Transaction, artifactId: number, slot: string, schemaId: number): Steps<void> {
  const row = yield* one(
    'SELECT id, schema_id FROM lamindb_artifactschema WHERE artifact_id = ? AND slot = ?',
    [artifactId, slot],
  );
  if (row === undefined) {
    yield* insert(tx, 'lamindb_artifactschema', 1, { artifact_id: artifactId, schema_id: schemaId, slot });
  } else if (Number(row[1]) !== schemaId)
    yield* update(tx, 'lamindb_artifactschema', [Number(row[0])], { schema_id: schemaId });
}

function* inferredSchema(tx: Transaction, { plan, names }: SlotRows): Steps<number> {
  if (names.length > mostLinked) {
    const known = yield* sameMembers(plan, names);
    if (known !== null) return known;
    const counted = yield* create(
      tx,
      'Schema',
      { itype: plan.itypeText, n_members: names.length },
      { searchNames: false },
    );
    return counted.id;
  }
  const { index } = plan;
  const made = yield* create(
    tx,
    'Schema',
    {
      features: names.filter((id) => id !== index?.id).map((id) => ({ id })),
      itype: plan.itypeText,
      ...(index === null ? {} : { index: { id: index.id } }),
      minimal_set: plan.minimal,
      maximal_set: plan.maximal,
      ordered_set: plan.ordered,
      ...(plan.ownCoerce === null ? {} : { coerce: plan.ownCoerce }),
    },
    { searchNames: false },
  );
  return made.id;
}

/** A schema of exactly these members, which are too many for a new one. */
function* sameMembers(plan: SlotPlan, names: readonly number[]): Steps<number | null> {
  const { table } = plan.itype;
  const rows = yield* all(`SELECT uid FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`, [
    JSON.stringify(names),
  ]);
  const hash = schemaHash({
    dtype: table.registry === 'Feature' ? null : 'num',
    itype: plan.itypeText,
    minimal: plan.minimal,
    ordered: plan.ordered,
    maximal: plan.maximal,
    flexible: false,
    coerce: plan.coerce,
    members: names.length,
    index: plan.index?.uid ?? null,
    features: rows.map(([uid]) => String(uid)),
    optional: new Set(),
    slots: [],
    suffix: null,
  });
  const known = yield* one(
    'SELECT id FROM lamindb_schema WHERE hash = ? AND loam_present(branch_id) ORDER BY id LIMIT 1',
    [hash],
  );
  return known ? Number(known[0]) : null;
}
