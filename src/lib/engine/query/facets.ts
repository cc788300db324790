// Facets of an artifact list: each value with its count, and the count of artifacts that have none ("missing").
// A facet's own choice does not narrow its own counts, so that a second value can be added.
import { all, one, type Steps } from '../statement.ts';
import type { ArtifactListSpec, Facet } from './artifact-types.ts';
import { conditionOf, facetSource } from './artifact-rows.ts';

const valueLimit = 50;

const fixed: { id: string; title: string }[] = [
  { id: 'suffix', title: 'Type' },
  { id: 'otype', title: 'Content' },
  { id: 'ulabel', title: 'Label' },
  { id: 'project', title: 'Project' },
  { id: 'kind', title: 'Kind' },
  { id: 'createdBy', title: 'Created by' },
];

export function* facets(spec: ArtifactListSpec): Steps<Facet[]> {
  const features = yield* all(
    `SELECT f.uid, f.name FROM lamindb_feature f WHERE f.is_type = 0 AND +f.branch_id = 1 AND (
       EXISTS (SELECT 1 FROM lamindb_jsonvalue v JOIN lamindb_artifactjsonvalue l ON l.jsonvalue_id = v.id WHERE v.feature_id = f.id)
       OR EXISTS (SELECT 1 FROM lamindb_artifactulabel l WHERE l.feature_id = f.id)
       OR EXISTS (SELECT 1 FROM lamindb_artifactproject l WHERE l.feature_id = f.id)) ORDER BY f.name LIMIT 20`,
  );
  const wanted = [...fixed, ...features.map((r) => ({ id: `feature:${r[0]}`, title: String(r[1]) }))];
  const out: Facet[] = [];
  for (const { id, title } of wanted) {
    const facet = yield* countFacet(spec, id, title);
    if (facet.values.length > 0) out.push(facet);
  }
  return out;
}

function* countFacet(spec: ArtifactListSpec, id: string, title: string): Steps<Facet> {
  const source = facetSource(id);
  if (!source) return { id, title, values: [], missing: 0 };
  const where = conditionOf(spec, id);
  const total = Number(
    (yield* one(`SELECT count(*) FROM lamindb_artifact a WHERE ${where.sql}`, where.params))?.[0] ?? 0,
  );
  const rows = source.column
    ? yield* all(
        `SELECT ${source.column} AS v, ${source.column}, count(*) FROM lamindb_artifact a WHERE ${where.sql}
         GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT ${valueLimit + 1}`,
        where.params,
      )
    : yield* all(
        `SELECT ${source.value} AS v, ${source.label}, count(DISTINCT l.artifact_id) FROM ${source.from}
         AND l.artifact_id IN (SELECT a.id FROM lamindb_artifact a WHERE ${where.sql}) GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT ${valueLimit}`,
        [...source.params, ...where.params],
      );
  const present = rows.filter((r) => r[0] !== null && r[0] !== '');
  let missing: number;
  if (source.column)
    missing = rows.filter((r) => r[0] === null || r[0] === '').reduce((n, r) => n + Number(r[2]), 0);
  else {
    const having = yield* one(
      `SELECT count(DISTINCT l.artifact_id) FROM ${source.from} AND l.artifact_id IN (SELECT a.id FROM lamindb_artifact a WHERE ${where.sql})`,
      [...source.params, ...where.params],
    );
    missing = total - Number(having?.[0] ?? 0);
  }
  return {
    id,
    title,
    missing,
    values: present.map((r) => ({ value: String(r[0]), label: String(r[1]), count: Number(r[2]) })),
  };
}
