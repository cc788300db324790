// What a schema asks of the feature values of a row: which features, which of them must be there, which one is the row's
// name. A record follows the schema of its type, an artifact its external schema (lamindb 2.12.1 `_get_external_schema`).
import type { SqlValue } from '../ports.ts';
import { LoamError } from '../errors.ts';
import { readAf } from '../registry/schema-members.ts';
import { all, one, type Steps } from '../statement.ts';
import { featureByUid, membersOf, type FeatureHandle } from './find.ts';
import type { Host } from './hosts.ts';

export interface Rules {
  schema: number;
  /** All features, the index among them. */
  members: FeatureHandle[];
  index: FeatureHandle | null;
  required: FeatureHandle[];
}

/** Rules of a schema; features share no name, so that each value has one. */
export function* rulesOf(schema: number): Steps<Rules> {
  const row = yield* one('SELECT minimal_set, coerce, _aux FROM lamindb_schema WHERE id = ?', [schema]);
  const { optional, index: uid } = readAf(row?.[2] ?? null);
  const members = yield* membersOf(schema);
  if (uid !== null && !members.some((f) => f.uid === uid)) members.push(yield* featureByUid(uid));
  if (row?.[1] === 1) for (const feature of members) feature.coerce = true;
  const index = members.find((f) => f.uid === uid) ?? null;
  const required = members.filter((f) => f === index || (row?.[0] === 1 && !optional.includes(f.uid)));
  return { schema, members, index, required };
}

/** Names that more than one of the features has. */
export function sharedNames(features: readonly FeatureHandle[]): string[] {
  const names = features.map((f) => f.name);
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}

/** Carriers that follow the same rules, together. */
export function* byRules(
  host: Host,
  ids: readonly number[],
): Steps<{ ids: number[]; rules: Rules | null }[]> {
  if (host.registry === 'Run') return [{ ids: [...ids], rules: null }];
  const groups = new Map<number | null, number[]>();
  for (const [id, schema] of yield* schemasOf(host, ids)) {
    const key = schema === null || schema === undefined ? null : Number(schema);
    const group = groups.get(key);
    if (group) group.push(Number(id));
    else groups.set(key, [Number(id)]);
  }
  const out: { ids: number[]; rules: Rules | null }[] = [];
  for (const [schema, group] of groups) {
    const rules = schema === null ? null : yield* rulesOf(schema);
    // A schema that names no features (a suffix, a registry) asks nothing of values.
    out.push({ ids: group, rules: rules && rules.members.length > 0 ? rules : null });
  }
  return out;
}

function* schemasOf(host: Host, ids: readonly number[]): Steps<SqlValue[][]> {
  const list = JSON.stringify(ids);
  if (host.registry === 'Record') {
    return yield* all(
      `SELECT r.id, t.schema_id FROM json_each(?) j JOIN lamindb_record r ON r.id = j.value
       LEFT JOIN lamindb_record t ON t.id = r.type_id AND r.is_type = 0`,
      [list],
    );
  }
  return yield* all(
    `SELECT a.id, coalesce(
       (SELECT component_id FROM lamindb_schemacomponent WHERE composite_id = a.schema_id AND slot = '__external__'),
       CASE WHEN a.otype IS NULL AND NOT EXISTS (SELECT 1 FROM lamindb_schemacomponent WHERE composite_id = a.schema_id)
         THEN a.schema_id END)
     FROM json_each(?) j JOIN lamindb_artifact a ON a.id = j.value`,
    [list],
  );
}

/** Features of a schema by name; names it does not have are refused in LaminDB's words. */
export function memberNamed(rules: Rules, names: readonly string[]): Map<string, FeatureHandle> {
  const found = new Map(rules.members.map((f) => [f.name, f]));
  const unknown = names.filter((name) => !found.has(name));
  if (unknown.length === 0) return found;
  throw new LoamError(
    'ValidationError',
    `These feature keys are not in the provided schema: [${unknown.map((n) => `'${n}'`).join(', ')}]. Add them to the schema, or leave them out.`,
    { field: unknown[0] ?? '', unknown },
  );
}
