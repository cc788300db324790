// Artifacts as lists show them: the row, its version count, run, labels. Filters of one facet are OR-ed, facets AND-ed.
// Residual filters carry a unary plus: without statistics SQLite would take the one-valued branch_id or is_latest index
// (model.md §7.2: newest-50 list 28 -> 0.14 ms at 100k).
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { isoTime } from '../time.ts';
import { versionNumber } from '../uid.ts';
import type { ArtifactListSpec, ArtifactPage, ArtifactRow } from './artifact-types.ts';

/** Runs' own artifacts (reports, environments) are hidden, as LaminDB hides them from to_dataframe. */
const hiddenKinds = "coalesce(a.kind, '') NOT IN ('__lamindb_run__', '__lamindb_config__')";

const sortColumns: Record<NonNullable<ArtifactListSpec['sort']>['by'], string> = {
  key: 'a.key COLLATE NOCASE',
  size: 'a.size',
  createdAt: 'a.created_at',
  updatedAt: 'a.updated_at',
  suffix: 'a.suffix',
  nObservations: 'a.n_observations',
};

export interface Condition {
  sql: string;
  params: SqlValue[];
}

/** The WHERE of a list. `without` leaves one facet out, for counting that facet's own values. */
export function conditionOf(spec: ArtifactListSpec, without?: string): Condition {
  const parts = [spec.trash ? '+a.branch_id = -1' : '+a.branch_id = 1', hiddenKinds];
  const params: SqlValue[] = [];
  if (!spec.allVersions) parts.push('+a.is_latest = 1');
  for (const word of (spec.search ?? '').trim().split(/\s+/).filter(Boolean)) {
    // The table alias is spelt out per column so that description and uid answer too, as LaminDB's search does.
    parts.push("(a.key LIKE ? ESCAPE '\\' OR a.description LIKE ? ESCAPE '\\' OR a.uid GLOB ?)");
    const like = `%${word.replace(/[\\%_]/g, (c) => `\\${c}`)}%`;
    params.push(like, like, `${word.replace(/[*?[\]]/g, '')}*`);
  }
  for (const [facet, chosen] of Object.entries(spec.facets ?? {})) {
    if (facet === without || chosen.length === 0) continue;
    const source = facetSource(facet);
    if (!source) continue;
    const values = chosen.filter((v): v is string => v !== null);
    const either: string[] = [];
    if (values.length > 0) {
      either.push(
        source.column
          ? `${source.column} IN (SELECT value FROM json_each(?))`
          : `a.id IN (${source.holders} AND ${source.value} IN (SELECT value FROM json_each(?)))`,
      );
      params.push(...source.params, JSON.stringify(values));
    }
    if (chosen.includes(null)) {
      either.push(
        source.column
          ? `${source.column} IS NULL OR ${source.column} = ''`
          : `a.id NOT IN (${source.holders})`,
      );
      if (!source.column) params.push(...source.params);
    }
    parts.push(`(${either.join(' OR ')})`);
  }
  return { sql: parts.join(' AND '), params };
}

export interface FacetSource {
  /** Expression over the artifact itself, or null for facets through links. */
  column: string | null;
  /** SELECT of artifact ids that have a value (ends in an open WHERE). */
  holders: string;
  /** Expression of the value within `holders`. */
  value: string;
  /** Text for people, from the same FROM. */
  label: string;
  from: string;
  params: SqlValue[];
}

/** Where a facet's values come from; null for names that are no facet. */
export function facetSource(facet: string): FacetSource | null {
  const own = (column: string): FacetSource => ({
    column,
    holders: '',
    value: column,
    label: column,
    from: '',
    params: [],
  });
  const linked = (from: string, value: string, label: string, params: SqlValue[] = []): FacetSource => ({
    column: null,
    holders: `SELECT l.artifact_id FROM ${from}`,
    value,
    label,
    from,
    params,
  });
  switch (facet) {
    case 'suffix':
      return own('a.suffix');
    case 'kind':
      return own('a.kind');
    case 'otype':
      return own('a.otype');
    case 'createdBy':
      return own('(SELECT u.handle FROM lamindb_user u WHERE u.id = a.created_by_id)');
    case 'ulabel':
      return linked(
        'lamindb_artifactulabel l JOIN lamindb_ulabel x ON x.id = l.ulabel_id WHERE l.feature_id IS NULL',
        'x.uid',
        'x.name',
      );
    case 'project':
      return linked(
        'lamindb_artifactproject l JOIN lamindb_project x ON x.id = l.project_id WHERE l.feature_id IS NULL',
        'x.uid',
        'x.name',
      );
  }
  const feature = /^feature:([0-9A-Za-z]{12})$/.exec(facet);
  if (!feature) return null;
  return linked(
    `(SELECT j.artifact_id, CASE json_type(v.value) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE coalesce(json_extract(v.value, '$'), 'null') END || '' AS x, f.uid AS f
        FROM lamindb_artifactjsonvalue j JOIN lamindb_jsonvalue v ON v.id = j.jsonvalue_id JOIN lamindb_feature f ON f.id = v.feature_id
      UNION ALL SELECT u.artifact_id, n.name, f.uid FROM lamindb_artifactulabel u JOIN lamindb_ulabel n ON n.id = u.ulabel_id JOIN lamindb_feature f ON f.id = u.feature_id
      UNION ALL SELECT u.artifact_id, n.name, f.uid FROM lamindb_artifactproject u JOIN lamindb_project n ON n.id = u.project_id JOIN lamindb_feature f ON f.id = u.feature_id) l
     WHERE l.f = ?`,
    'l.x',
    'l.x',
    [feature[1] ?? ''],
  );
}

const columns = `a.id, a.uid, a.key, a.description, a.suffix, a.kind, a.otype, a.size, a.hash, a.n_files, a.n_observations,
  a.is_latest, a.created_at, a.updated_at, u.handle, r.uid, t.key,
  (SELECT count(*) FROM lamindb_artifact s WHERE s.uid >= substr(a.uid, 1, 16) || '0000' AND s.uid < substr(a.uid, 1, 16) || 'zzzz~' AND +s.branch_id = a.branch_id),
  coalesce((SELECT b.only_here FROM loam_blob b WHERE b.artifact_id = a.id), 0)`;
const joins = `LEFT JOIN lamindb_user u ON u.id = a.created_by_id LEFT JOIN lamindb_run r ON r.id = a.run_id LEFT JOIN lamindb_transform t ON t.id = r.transform_id`;

export function* listArtifacts(spec: ArtifactListSpec): Steps<ArtifactPage> {
  const where = conditionOf(spec);
  const sort = spec.sort ?? { by: 'updatedAt', descending: true };
  const direction = sort.descending ? 'DESC' : 'ASC';
  const total = yield* one(`SELECT count(*) FROM lamindb_artifact a WHERE ${where.sql}`, where.params);
  const limit = Math.max(0, Math.min(1000, Math.floor(spec.limit)));
  // Ids first, so that the joins and counts run for one page only.
  const page = yield* all(
    `SELECT a.id FROM lamindb_artifact a WHERE ${where.sql} ORDER BY ${sortColumns[sort.by] ?? 'a.updated_at'} ${direction}, a.id ${direction} LIMIT ? OFFSET ?`,
    [...where.params, limit, Math.max(0, Math.floor(spec.offset))],
  );
  const rows = yield* artifactRows(page.map((r) => Number(r[0])));
  return { rows, total: Number(total?.[0] ?? 0) };
}

/** The given artifacts in the given order. */
export function* artifactRows(ids: readonly number[]): Steps<ArtifactRow[]> {
  if (ids.length === 0) return [];
  const json = JSON.stringify(ids);
  const rows = yield* all(
    `SELECT ${columns} FROM lamindb_artifact a ${joins} WHERE a.id IN (SELECT value FROM json_each(?))`,
    [json],
  );
  const labels = yield* labelsOf(json);
  const byId = new Map(rows.map((row) => [Number(row[0]), toRow(row, labels.get(Number(row[0])) ?? [])]));
  return ids.map((id) => byId.get(id)).filter((row): row is ArtifactRow => row !== undefined);
}

function* labelsOf(json: string): Steps<Map<number, ArtifactRow['labels']>> {
  const rows = yield* all(
    `SELECT l.artifact_id, 'ULabel', x.uid, x.name, f.name FROM lamindb_artifactulabel l JOIN lamindb_ulabel x ON x.id = l.ulabel_id
       LEFT JOIN lamindb_feature f ON f.id = l.feature_id WHERE l.artifact_id IN (SELECT value FROM json_each(?1))
     UNION ALL SELECT l.artifact_id, 'Project', x.uid, x.name, f.name FROM lamindb_artifactproject l JOIN lamindb_project x ON x.id = l.project_id
       LEFT JOIN lamindb_feature f ON f.id = l.feature_id WHERE l.artifact_id IN (SELECT value FROM json_each(?1))
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
