// Artifacts as Home and the palette show them: the row, its version count, run, labels. Lists of any registry are in view/list.ts.
// Residual filters carry a unary plus: without statistics SQLite would take the one-valued branch_id or is_latest index
// (model.md §7.2: newest-50 list 28 -> 0.14 ms at 100k).
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { isoTime } from '../time.ts';
import { versionNumber } from '../uid.ts';
import { together } from '../write/derived.ts';
import type { Hidden } from '../write/hidden.ts';
import type { ArtifactListSpec, ArtifactPage, ArtifactRow } from './artifact-types.ts';

/** Runs' own artifacts (reports, environments) are hidden, as LaminDB hides them from to_dataframe. */
const ownKinds = "('__lamindb_run__', '__lamindb_config__')";
const hiddenKinds = `coalesce(a.kind, '') NOT IN ${ownKinds}`;

const sortColumns: Record<NonNullable<ArtifactListSpec['sort']>['by'], string> = {
  key: 'a.key COLLATE NOCASE',
  size: 'a.size',
  createdAt: 'a.created_at',
  updatedAt: 'a.updated_at',
  suffix: 'a.suffix',
  nObservations: 'a.n_observations',
};

interface Condition {
  sql: string;
  params: SqlValue[];
}

function conditionOf(hidden: Hidden, spec: ArtifactListSpec): Condition {
  const parts = [
    spec.trash ? '+a.branch_id = -1' : `+a.branch_id IN (${hidden.branches().join(', ')})`,
    hiddenKinds + hidden('lamindb_artifact', 'a.id'),
  ];
  const params: SqlValue[] = [];
  if (!spec.allVersions) parts.push('+a.is_latest = 1');
  for (const word of (spec.search ?? '').trim().split(/\s+/).filter(Boolean)) {
    // The table alias is spelt out per column so that description and uid answer too, as LaminDB's search does.
    parts.push("(a.key LIKE ? ESCAPE '\\' OR a.description LIKE ? ESCAPE '\\' OR a.uid GLOB ?)");
    const like = `%${word.replace(/[\\%_]/g, (c) => `\\${c}`)}%`;
    params.push(like, like, `${word.replace(/[*?[\]]/g, '')}*`);
  }
  return { sql: parts.join(' AND '), params };
}

const columns = (
  hidden: Hidden,
) => `a.id, a.uid, a.key, a.description, a.suffix, a.kind, a.otype, a.size, a.hash, a.n_files, a.n_observations,
  a.is_latest, a.created_at, a.updated_at, u.handle, r.uid, t.key,
  (SELECT count(*) FROM lamindb_artifact s WHERE s.uid >= substr(a.uid, 1, 16) || '0000' AND s.uid < substr(a.uid, 1, 16) || 'zzzz~' AND ${together(hidden.branches(), 's', 'a')}${hidden('lamindb_artifact', 's.id')}),
  coalesce((SELECT b.only_here FROM loam_blob b WHERE b.artifact_id = a.id), 0)`;
const joins = `LEFT JOIN lamindb_user u ON u.id = a.created_by_id LEFT JOIN lamindb_run r ON r.id = a.run_id LEFT JOIN lamindb_transform t ON t.id = r.transform_id`;

export function* listArtifacts(hidden: Hidden, spec: ArtifactListSpec): Steps<ArtifactPage> {
  const where = conditionOf(hidden, spec);
  const sort = spec.sort ?? { by: 'updatedAt', descending: true };
  const direction = sort.descending ? 'DESC' : 'ASC';
  const total = yield* listTotal(hidden, spec, where);
  const limit = Math.max(0, Math.min(1000, Math.floor(spec.limit)));
  // Ids first, so that the joins and counts run for one page only.
  const page = yield* all(
    `SELECT a.id FROM lamindb_artifact a WHERE ${where.sql} ORDER BY ${sortColumns[sort.by] ?? 'a.updated_at'} ${direction}, a.id ${direction} LIMIT ? OFFSET ?`,
    [...where.params, limit, Math.max(0, Math.floor(spec.offset))],
  );
  const rows = yield* artifactRows(
    hidden,
    page.map((r) => Number(r[0])),
  );
  return { rows, total };
}

/** How many rows a list has. */
function* listTotal(hidden: Hidden, spec: ArtifactListSpec, where: Condition): Steps<number> {
  if (!(spec.search ?? '').trim())
    return yield* artifactTotal(hidden, spec.trash ? [-1] : hidden.branches(), spec.allVersions === true);
  const row = yield* one(`SELECT count(*) FROM lamindb_artifact a WHERE ${where.sql}`, where.params);
  return Number(row?.[0] ?? 0);
}

/** The length of a list without filters, from indexes alone: looking at each of 100,000 rows takes five times as long. */
export function* artifactTotal(
  hidden: Hidden,
  branches: readonly number[],
  allVersions: boolean,
): Steps<number> {
  const among = `IN (${branches.join(', ')})`;
  const seen = hidden('lamindb_artifact', 'id');
  const rest = allVersions ? '' : 'AND +is_latest = 1';
  const older = `SELECT count(*) FROM lamindb_artifact WHERE is_latest = 0 AND +branch_id ${among}${seen}`;
  const row = yield* one(
    `SELECT (SELECT count(*) FROM lamindb_artifact WHERE branch_id ${among}${seen})
       - (SELECT count(*) FROM lamindb_artifact WHERE kind IN ${ownKinds} AND +branch_id ${among} ${rest}${seen})
       ${allVersions ? '' : `- (${older})`}`,
  );
  return Number(row?.[0] ?? 0);
}

/** The given artifacts in the given order. */
export function* artifactRows(hidden: Hidden, ids: readonly number[]): Steps<ArtifactRow[]> {
  if (ids.length === 0) return [];
  const json = JSON.stringify(ids);
  const rows = yield* all(
    `SELECT ${columns(hidden)} FROM lamindb_artifact a ${joins} WHERE a.id IN (SELECT value FROM json_each(?))`,
    [json],
  );
  const labels = yield* labelsOf(hidden, json);
  const byId = new Map(rows.map((row) => [Number(row[0]), toRow(row, labels.get(Number(row[0])) ?? [])]));
  return ids.map((id) => byId.get(id)).filter((row): row is ArtifactRow => row !== undefined);
}

function* labelsOf(hidden: Hidden, json: string): Steps<Map<number, ArtifactRow['labels']>> {
  const rows = yield* all(
    `SELECT l.artifact_id, 'ULabel', x.uid, x.name, f.name FROM lamindb_artifactulabel l JOIN lamindb_ulabel x ON x.id = l.ulabel_id
       LEFT JOIN lamindb_feature f ON f.id = l.feature_id WHERE l.artifact_id IN (SELECT value FROM json_each(?1))${hidden('lamindb_artifactulabel', 'l.id')}
     UNION ALL SELECT l.artifact_id, 'Project', x.uid, x.name, f.name FROM lamindb_artifactproject l JOIN lamindb_project x ON x.id = l.project_id
       LEFT JOIN lamindb_feature f ON f.id = l.feature_id WHERE l.artifact_id IN (SELECT value FROM json_each(?1))${hidden('lamindb_artifactproject', 'l.id')}
     ORDER BY 2 DESC, 4`,
    [json],
  );
  const out = new Map<number, ArtifactRow['labels']>();
  for (const [artifact, registry, uid, name, feature] of rows) {
    const id = Number(artifact);
    const list = out.get(id) ?? [];
    list.push({
      registry: String(registry),
      uid: String(uid),
      name: String(name),
      feature: feature as string | null,
    });
    out.set(id, list);
  }
  return out;
}

const number = (value: SqlValue | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

function toRow(r: SqlValue[], labels: ArtifactRow['labels']): ArtifactRow {
  return {
    id: Number(r[0]),
    uid: String(r[1]),
    key: r[2] as string | null,
    description: r[3] as string | null,
    suffix: String(r[4]),
    kind: r[5] as string | null,
    otype: r[6] as string | null,
    size: number(r[7]),
    hash: r[8] as string | null,
    nFiles: number(r[9]),
    nObservations: number(r[10]),
    version: versionNumber(String(r[1])),
    versions: Number(r[17]),
    isLatest: r[11] === 1,
    createdAt: isoTime(String(r[12])),
    updatedAt: isoTime(String(r[13])),
    createdBy: String(r[14] ?? ''),
    run: r[15] === null ? null : { uid: String(r[15]), transform: String(r[16] ?? '') },
    labels,
    onlyHere: r[18] === 1,
  };
}
