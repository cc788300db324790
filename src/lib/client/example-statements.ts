// Questions to begin with: each says something of the registries and shows a way of asking.
export interface Example {
  question: string;
  says: string;
  sql: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    question: 'Which artifacts carry which labels?',
    says: 'Those without any stand at the end.',
    sql: `select a.key, count(u.id) as labels, group_concat(u.name, ', ') as names, a.uid
from lamindb_artifact a
left join lamindb_artifactulabel l on l.artifact_id = a.id
left join lamindb_ulabel u on u.id = l.ulabel_id
where a.is_latest and a.branch_id = 1
group by a.id
order by labels desc, a.key`,
  },
  {
    question: 'What did each run make?',
    says: 'Runs with their transform, newest first, with files and bytes.',
    sql: `select r.started_at, coalesce(t.key, t.description) as transform,
  count(a.id) as artifacts, sum(a.size) as bytes, r.uid
from lamindb_run r
join lamindb_transform t on t.id = r.transform_id
left join lamindb_artifact a on a.run_id = r.id
group by r.id
order by r.started_at desc`,
  },
  {
    question: 'Which values has each feature, and how often?',
    says: 'Every feature with its type, its values and their artifacts.',
    sql: `select f.name, f._dtype_str as dtype, v.value, count(l.artifact_id) as artifacts
from lamindb_feature f
left join lamindb_jsonvalue v on v.feature_id = f.id
left join lamindb_artifactjsonvalue l on l.jsonvalue_id = v.id
where not f.is_type
group by f.id, v.id
order by f.name, artifacts desc`,
  },
];
