// What a team asks its database, by LaminDB and by the engine alike: nothing in it speaks of integer ids, which are each
// database's own.
import type { QuerySpec } from '../../src/lib/engine/query/answers.ts';

const registries: [registry: string, values: string[]][] = [
  [
    'Artifact',
    ['uid', 'key', 'description', 'hash', 'size', 'is_latest', 'version_tag', 'created_by__handle'],
  ],
  ['ULabel', ['uid', 'name', 'description', 'is_type', 'type__uid', 'branch__uid', 'created_by__handle']],
  ['Feature', ['uid', 'name', 'description', 'unit', '_dtype_str', 'synonyms', 'created_at']],
  ['Record', ['uid', 'name', 'description', 'is_type', 'type__name', 'schema__name', 'updated_at']],
  ['Schema', ['uid', 'name', 'hash', 'features__name']],
  ['Project', ['uid', 'name', 'description']],
  ['Branch', ['uid', 'name', 'description']],
  ['User', ['uid', 'handle', 'name']],
  ['Storage', ['uid', 'root', 'type']],
  ['bionty.CellType', ['uid', 'name', 'abbr', 'ontology_id']],
];

/** Whose values and rows are asked for one by one. */
export interface Asked {
  artifacts: string[];
  records: string[];
  branches: string[];
  /** Predicates on features: name, comparison, value. */
  predicates: [feature: string, comparison: string, value: unknown][];
}

/** Every registry whole, with what hangs on it; the values of these artifacts and records; rows of these branches. */
export function teamQuestions(of: Asked): (QuerySpec & { id: string })[] {
  const out: QuerySpec[] = [];
  for (const [registry, values] of registries) {
    out.push({
      op: 'filter',
      registry,
      order_by: ['uid', ...(registry === 'Schema' ? ['features__name'] : [])],
      values,
    });
    out.push({ op: 'count', registry });
  }
  for (const link of [
    'ulabels__name',
    'cell_types__name',
    'projects__name',
    'created_on__name',
    'space__uid',
  ])
    out.push({ op: 'filter', registry: 'Artifact', order_by: ['uid', link], values: ['uid', link] });
  out.push({
    op: 'filter',
    registry: 'ULabel',
    order_by: ['uid', 'parents__uid'],
    values: ['uid', 'parents__uid'],
  });
  for (const branch of ['trash', 'archive', ...of.branches])
    for (const registry of ['Artifact', 'ULabel', 'Record'])
      out.push({
        ...{ op: 'filter', registry, filter: { branch__name: branch }, order_by: ['uid'] },
        values: registry === 'Artifact' ? ['uid', 'key'] : ['uid', 'name'],
      });
  for (const [registry, uids] of [
    ['Artifact', of.artifacts],
    ['Record', of.records],
  ] as const)
    for (const uid of uids) out.push({ op: 'features', registry, uid });
  for (const pred of of.predicates)
    out.push({ op: 'filter', registry: 'Artifact', pred: [pred], order_by: ['uid'], values: ['uid'] });
  // The best alone: those that rank alike come in any order there.
  out.push({ op: 'search', registry: 'ULabel', string: 'label of one', limit: 1, values: ['uid'] });
  return out.map((spec, i) => ({
    id: `${String(i)} ${String(spec['op'])} ${String(spec['registry'])}`,
    ...spec,
  }));
}
