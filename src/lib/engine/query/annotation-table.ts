// What artifacts are annotated with, as a table of plain columns for statements over their files: one row per artifact,
// with the values of its features, its labels and projects. Lines of JSON, with the types that a query engine gives them.
import type { Model } from '../model/types.ts';
import { all, type Steps } from '../statement.ts';
import type { Hidden } from '../write/hidden.ts';
import { artifactIds } from './artifact-set.ts';
import { tableOf } from './draft.ts';
import { featureColumns } from './frame-features.ts';
import type { FrameColumn } from './frame-types.ts';
import { unmarked } from './python-values.ts';
import type { QueryValue } from './query.ts';
import { createScope, type Derived } from './read.ts';

export interface AnnotationTable {
  /** Types as DuckDB names them. */
  columns: { name: string; type: string; feature?: string }[];
  /** One object per line, in the order of the uids. */
  lines: string;
}

/** Columns beside those of the features; all begin with `artifact_`, so that none hides a column of a file. */
const own = [
  { name: 'artifact_uid', type: 'VARCHAR' },
  { name: 'artifact_key', type: 'VARCHAR' },
  { name: 'artifact_description', type: 'VARCHAR' },
  { name: 'artifact_created_at', type: 'TIMESTAMP' },
  { name: 'artifact_labels', type: 'VARCHAR[]' },
  { name: 'artifact_projects', type: 'VARCHAR[]' },
] as const;

export function* annotationTable(
  model: Model,
  hidden: Hidden,
  derived: Derived,
  uids: readonly string[],
): Steps<AnnotationTable> {
  const scope = createScope(model, hidden.branches(), hidden, derived);
  const ids = yield* artifactIds(model, hidden, [...uids]);
  const rows = yield* all(
    `SELECT a.id, a.uid, coalesce(a.key, a.uid), a.description, a.created_at,
       (SELECT json_group_array(name) FROM (SELECT DISTINCT u.name FROM lamindb_artifactulabel l JOIN lamindb_ulabel u ON u.id = l.ulabel_id
         WHERE l.artifact_id = a.id AND u.branch_id <> -1${hidden('lamindb_artifactulabel', 'l.id')} ORDER BY u.name)),
       (SELECT json_group_array(name) FROM (SELECT DISTINCT p.name FROM lamindb_artifactproject l JOIN lamindb_project p ON p.id = l.project_id
         WHERE l.artifact_id = a.id AND p.branch_id <> -1${hidden('lamindb_artifactproject', 'l.id')} ORDER BY p.name))
     FROM lamindb_artifact a WHERE a.id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(ids)],
  );
  const byId = new Map(rows.map((row) => [Number(row[0]), row]));
  const features = yield* featureColumns(scope, tableOf(scope, 'Artifact'), ids, 'all');
  const taken = new Set<string>(own.map(({ name }) => name));
  const measured = features.map((column) => ({
    ...typed(column),
    feature: column.name,
    name: columnName(column.name, taken),
  }));
  const lines = ids.map((id, i) => {
    const [, uid, key, description, created, labels, projects] = byId.get(id) ?? [];
    const values: [string, unknown][] = [
      ['artifact_uid', uid],
      ['artifact_key', key],
      ['artifact_description', description],
      ['artifact_created_at', created],
      ['artifact_labels', JSON.parse(String(labels ?? '[]'))],
      ['artifact_projects', JSON.parse(String(projects ?? '[]'))],
      ...measured.map(({ name, values: of }): [string, unknown] => [name, of[i] ?? null]),
    ];
    return JSON.stringify(Object.fromEntries(values));
  });
  return {
    columns: [...own, ...measured.map(({ name, type, feature }) => ({ name, type, feature }))],
    lines: lines.join('\n'),
  };
}

/** A feature that is called like a column of the artifact keeps both apart. The engine's names know no case. */
function columnName(feature: string, taken: Set<string>): string {
  let name = `artifact_${feature}`;
  if (taken.has(name.toLowerCase())) name = `artifact_feature_${feature}`;
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `artifact_feature_${feature}_${n}`;
  taken.add(name.toLowerCase());
  return name;
}

/** One type for all values of a column; what is mixed becomes text. */
function typed({ dtype, values }: FrameColumn): { type: string; values: unknown[] } {
  const plain = values.map(unmarked);
  const present = plain.filter((value) => value !== null);
  const every = (test: (value: QueryValue) => boolean) => present.length > 0 && present.every(test);
  if (present.some(Array.isArray)) return { type: 'VARCHAR[]', values: plain.map((value) => listOf(value)) };
  if (dtype.startsWith('datetime')) return { type: 'TIMESTAMP', values: plain.map(withoutZone) };
  if (every((value) => typeof value === 'boolean')) return { type: 'BOOLEAN', values: plain };
  if (/^int/i.test(dtype) && every((value) => Number.isSafeInteger(value)))
    return { type: 'BIGINT', values: plain };
  if (every((value) => typeof value === 'number')) return { type: 'DOUBLE', values: plain };
  return { type: 'VARCHAR', values: plain.map(text) };
}

const text = (value: QueryValue): string | null =>
  value === null || typeof value === 'string' ? value : JSON.stringify(value);
const listOf = (value: QueryValue): (string | null)[] | null =>
  value === null ? null : (Array.isArray(value) ? value : [value]).map(text);
const withoutZone = (value: QueryValue): QueryValue =>
  typeof value === 'string' ? value.replace(/\+00:00$/, '') : value;
