// Taking feature values away from artifacts, runs and records (lamindb 2.12.1 `remove_values`): all of them, those of some
// features, or one value. What a dataset's own columns gave stays.
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { remove } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Host } from './hosts.ts';
import type { Ready } from './write.ts';

/**
 * Takes values away: all external ones, or those of the given features. Values that a dataset's own columns gave (features
 * of a schema linked by slot) are not external and stay; `strict` refuses where one of them is named. Answers the features
 * of which some went.
 */
export function* clearValues(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  features: readonly number[] | null,
  strict = false,
): Steps<Set<number>> {
  const own = yield* datasetFeatures(host, ids);
  if (strict && features) yield* refuseDatasetFeatures(own, features);
  const rows = yield* heldValues(host, ids);
  const byTable = new Map<string, number[]>();
  const gone = new Set<number>();
  for (const [from, id, carrier, feature] of rows) {
    if (feature === null || own.has(`${carrier}/${feature}`)) continue;
    if (features && !features.includes(Number(feature))) continue;
    const going = byTable.get(String(from)) ?? [];
    byTable.set(String(from), going);
    going.push(Number(id));
    gone.add(Number(feature));
  }
  for (const [from, going] of byTable) {
    yield* remove(
      tx,
      from,
      going.sort((a, b) => a - b),
    );
  }
  return gone;
}

/** One carrier is asked for directly, which is quicker than by a list. */
const among = (ids: readonly number[]): [condition: string, parameter: number | string] =>
  ids.length === 1 ? ['= ?1', ids[0] ?? 0] : ['IN (SELECT value FROM json_each(?1))', JSON.stringify(ids)];

/** All that the carriers hold: [table, row, carrier, feature]. One question for all tables, most of which are empty. */
export function* heldValues(host: Host, ids: readonly number[]): Steps<SqlValue[][]> {
  const [those, which] = among(ids);
  const { table, own, shared } = host.json;
  return yield* all(
    [
      shared
        ? `SELECT '${table}', l.id, l."${own}", v.feature_id FROM "${table}" l
           JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id WHERE l."${own}" ${those}`
        : `SELECT '${table}', id, "${own}", feature_id FROM "${table}" WHERE "${own}" ${those}`,
      ...[...host.links.values()].map(
        (link) =>
          `SELECT '${link.table}', id, "${link.own}", feature_id FROM "${link.table}" WHERE "${link.own}" ${those}`,
      ),
    ].join(' UNION ALL '),
    [which],
  );
}

/** Features that the artifacts' own datasets hold, by the schemas in their slots, as `carrier/feature`. */
function* datasetFeatures(host: Host, ids: readonly number[]): Steps<Set<string>> {
  if (host.registry !== 'Artifact') return new Set();
  const [those, which] = among(ids);
  const rows = yield* all(
    `SELECT DISTINCT l.artifact_id, m.feature_id FROM lamindb_artifactschema l
     JOIN lamindb_schemafeature m ON m.schema_id = l.schema_id WHERE l.artifact_id ${those}`,
    [which],
  );
  return new Set(rows.map((r) => `${r[0]}/${r[1]}`));
}

function* refuseDatasetFeatures(own: ReadonlySet<string>, features: readonly number[]): Steps<void> {
  const held = new Set([...own].map((pair) => Number(pair.split('/')[1])));
  const named = features.find((f) => held.has(f));
  if (named === undefined) return;
  const row = yield* one('SELECT name FROM lamindb_feature WHERE id = ?', [named]);
  throw new LoamError(
    'ValueError',
    `Cannot change values of dataset features: "${String(row?.[0])}" comes from the dataset itself.`,
    { feature: String(row?.[0]), field: String(row?.[0]) },
  );
}

/** Takes away exactly these values of a feature, and no others. Answers whether there were any. */
export function* clearThese(
  tx: Transaction,
  host: Host,
  ids: readonly number[],
  ready: Ready,
): Steps<boolean> {
  const [those, which] = among(ids);
  const { table, own, shared } = host.json;
  const going = new Map<string, number[]>();
  if (ready.json) {
    const rows = shared
      ? yield* all(
          `SELECT l.id FROM "${table}" l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id
           WHERE l."${own}" ${those} AND v.feature_id = ?2 AND v.hash = ?3 ORDER BY l.id`,
          [which, ready.feature.id, ready.json.hash],
        )
      : yield* all(
          `SELECT id FROM "${table}" WHERE "${own}" ${those} AND feature_id = ?2 AND value = ?3 ORDER BY id`,
          [which, ready.feature.id, ready.json.text],
        );
    going.set(
      table,
      rows.map((r) => Number(r[0])),
    );
  }
  for (const row of ready.rows) {
    const link = host.links.get(row.table);
    if (!link) continue;
    const rows = yield* all(
      `SELECT id FROM "${link.table}" WHERE "${link.own}" ${those} AND feature_id = ?2 AND "${link.value}" = ?3`,
      [which, ready.feature.id, row.id],
    );
    going.set(link.table, [...(going.get(link.table) ?? []), ...rows.map((r) => Number(r[0]))]);
  }
  let any = false;
  for (const [from, rows] of going) {
    any ||= rows.length > 0;
    yield* remove(
      tx,
      from,
      rows.sort((a, b) => a - b),
    );
  }
  return any;
}
