// The slot `__external__`: features of the artifact itself rather than of its dataset (lamindb 2.12.1
// `validate_external_features`). Their values were checked when they were written, so that what is left to ask is whether
// they are there.
import { hostOf } from '../features/hosts.ts';
import { all, type Steps } from '../statement.ts';
import { finding } from './check-table.ts';
import type { Finding } from './finding.ts';
import type { CurateScope, SlotPlan } from './plan.ts';

export const externalSlot = '__external__';

/** With null for a dataset that is no artifact yet, which has no features. */
export function* checkExternal(
  { model }: CurateScope,
  plan: SlotPlan,
  artifactId: number | null,
): Steps<Finding[]> {
  const there = artifactId === null ? new Map<number, string>() : yield* externalFeatures(model, artifactId);
  const told: Finding[] = [];
  for (const member of plan.own) {
    if (!member.required || there.has(member.id)) continue;
    told.push(
      finding(
        plan,
        'metadata',
        member.name,
        'COLUMN_NOT_IN_DATAFRAME',
        `The artifact has no value of the feature '${member.name}' (${member.dtype.text}), which the schema asks for beside the dataset. Annotate the artifact with it.`,
      ),
    );
  }
  if (!plan.maximal) return told;
  const own = new Set(plan.own.map(({ id }) => id));
  for (const [id, name] of there) {
    if (own.has(id)) continue;
    told.push(
      finding(
        plan,
        'metadata',
        name,
        'COLUMN_NOT_IN_SCHEMA',
        `The artifact has a value of the feature '${name}', but the schema takes no features beside its own. Remove the value, or add the feature to the schema.`,
      ),
    );
  }
  return told;
}

/** Features with a value that is not out of the dataset, by id. */
function* externalFeatures(model: CurateScope['model'], artifactId: number): Steps<Map<number, string>> {
  const { json, links } = hostOf(model, 'Artifact');
  const parts = [
    `SELECT v.feature_id FROM "${json.table}" l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id WHERE l."${json.own}" = ?1`,
    ...[...links.values()].map((link) => `SELECT feature_id FROM "${link.table}" WHERE "${link.own}" = ?1`),
  ];
  const rows = yield* all(
    `SELECT f.id, f.name FROM lamindb_feature f WHERE f.id IN (${parts.join(' UNION ')})
     AND f.id NOT IN (SELECT m.feature_id FROM lamindb_artifactschema l JOIN lamindb_schemafeature m ON m.schema_id = l.schema_id WHERE l.artifact_id = ?1)`,
    [artifactId],
  );
  return new Map(rows.map((row) => [Number(row[0]), String(row[1])]));
}
