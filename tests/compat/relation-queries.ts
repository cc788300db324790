// Query specs along the relations of the example database: each kind of relation meets look-ups at its end, is excluded, stands
// beside an OR, and is asked for itself; then several conditions in one filter, and relatives of rows.
import type { QuerySpec } from '../../src/lib/engine/query/answers.ts';
import { named, ordered, type Case, type Value } from './field-queries.ts';

/** Registry, chain of relations, a text field at its end, and a text that is there. */
const chains: [string, string, string, string][] = [
  ['Artifact', 'created_by', 'handle', 'ada'],
  ['Artifact', 'schema', 'name', 'sheet'],
  ['Artifact', 'run__transform', 'key', 'load.py'],
  ['Artifact', 'run__initiated_by_run', 'entrypoint', 'main'],
  ['Artifact', 'ulabels', 'name', 'batch 1'],
  ['Artifact', 'ulabels__type', 'name', 'Batch'],
  ['Artifact', 'ulabels__parents', 'name', 'control'],
  ['Artifact', 'run__ulabels', 'name', 'control'],
  ['Artifact', 'projects', 'name', 'Atlas'],
  ['Artifact', 'cell_types', 'name', 'T cell'],
  ['Artifact', 'cell_types__parents', 'name', 'lymphocyte'],
  ['Artifact', 'input_of_runs', 'entrypoint', 'main'],
  ['Artifact', 'collections', 'description', 'two more'],
  ['Artifact', 'records', 'name', 'S1'],
  ['Artifact', 'linked_in_records', 'name', 'S3'],
  ['Artifact', 'ablocks', 'kind', 'comment'],
  ['Artifact', 'artifacts', 'key', 'raw_x.parquet'],
  ['Artifact', 'json_values__feature', 'name', 'temperature'],
  ['Artifact', 'links_ulabel__feature', 'name', 'batch'],
  ['Artifact', '_meta_of_collection', 'key', 'sets/all'],
  ['Run', 'output_artifacts', 'key', 'raw/a.csv'],
  ['Run', 'input_artifacts__ulabels', 'name', 'control'],
  ['Run', 'transform', 'kind', 'script'],
  ['Record', 'type', 'name', 'Sample'],
  ['Record', 'type__schema', 'name', 'sheet'],
  ['Record', 'parents', 'name', 'S1'],
  ['Record', 'children', 'name', 'S2'],
  ['Record', 'linked_ulabels', 'name', 'batch 1'],
  ['Record', 'values_ulabel__feature', 'name', 'batches'],
  ['Record', 'values_json__feature', 'name', 'count'],
  ['Record', 'linked_records', 'name', 'S1'],
  ['Record', 'artifacts', 'key', 'raw_x.parquet'],
  ['Record', 'cell_types', 'name', 'T cell'],
  ['ULabel', 'artifacts', 'key', 'raw_x.parquet'],
  ['ULabel', 'artifacts__run__transform', 'key', 'load.py'],
  ['ULabel', 'parents', 'name', 'control'],
  ['ULabel', 'children', 'name', 'batch 2'],
  ['ULabel', 'type', 'name', 'Batch'],
  ['ULabel', 'linked_in_records', 'name', 'S2'],
  ['Transform', 'runs', 'entrypoint', 'main'],
  ['Transform', 'predecessors', 'key', 'load.py'],
  ['Transform', 'runs__output_artifacts', 'key', 'raw/a.csv'],
  ['Collection', 'artifacts', 'key', 'sc/pbmc.h5ad'],
  ['Collection', 'meta_artifact', 'key', 'Raw/B.csv'],
  ['Schema', 'features', 'name', 'batch'],
  ['Schema', 'genes', 'symbol', 'CD8A'],
  ['Schema', 'composites', 'name', 'anndata'],
  ['Feature', 'schemas', 'name', 'sheet'],
  ['Feature', 'values', 'hash', 'hv000xxxxxxxxxxxxxxxxx'],
  ['Project', 'users', 'handle', 'ada'],
  ['Project', 'parents', 'name', 'Atlas'],
  ['Project', 'references', 'name', 'A paper'],
  ['User', 'created_artifacts', 'key', 'raw/a.csv'],
  ['JsonValue', 'artifacts', 'key', 'raw/a.csv'],
  ['Block', 'children', 'key', 'more.md'],
  ['bionty.CellType', 'parents', 'name', 'lymphocyte'],
  ['bionty.CellType', 'children', 'name', 'T cell'],
  ['bionty.CellType', 'artifacts', 'key', 'raw_x.parquet'],
  ['bionty.CellType', 'source', 'name', 'cl'],
  ['bionty.Gene', 'organism', 'name', 'human'],
  ['bionty.Organism', 'genes', 'symbol', 'CD4'],
  ['ArtifactULabel', 'ulabel', 'name', 'batch 1'],
  ['ArtifactULabel', 'feature', 'name', 'batch'],
];

const alongChains = (text: string): Case[] => [
  ['', text],
  ['in', [text, 'none']],
  ['icontains', text.slice(1, 4).toUpperCase()],
  ['startswith', text.slice(0, 2)],
  ['gt', text],
  ['isnull', true],
  ['isnull', false],
  ['regex', `^${text.slice(0, 1)}`],
];

/** LaminDB takes private names and links only within Q where a registry has features. */
export function asked(registry: string, condition: Record<string, Value>): QuerySpec {
  const hidden = Object.keys(condition).some((name) => /^_|^links_/.test(name));
  return hidden && ['Artifact', 'Run', 'Record'].includes(registry)
    ? { q: [condition] }
    : { filter: condition };
}

/** Each kind of relation, with look-ups at its end, excluded, beside an OR, and as a relation itself. */
export function ofRelations(): QuerySpec[] {
  return chains.flatMap(([registry, chain, field, text]) => {
    const base = { op: 'filter', registry, values: ['id'], ...ordered };
    const relation: Case[] = [
      ['isnull', true],
      ['isnull', false],
      ['', 1],
      ['in', [1, 2, 3]],
      ['id__gt', 1],
      ['pk__in', [2]],
    ];
    const specs: QuerySpec[] = [];
    for (const [lookup, value] of alongChains(text)) {
      const condition = { [named(`${chain}__${field}`, lookup)]: value };
      specs.push({ ...base, ...asked(registry, condition) }, { ...base, exclude: condition });
      if (lookup === '' || value === true) specs.push({ ...base, q: [condition, { id: 1 }] });
    }
    for (const [lookup, value] of relation) {
      const condition = { [named(chain, lookup)]: value };
      specs.push({ ...base, ...asked(registry, condition) }, { ...base, exclude: condition });
    }
    specs.push({ ...base, values: ['id', `${chain}__${field}`, chain] });
    specs.push({ ...base, values: ['id'], order_by: [`-${chain}__${field}`, 'id'] });
    specs.push({
      ...base,
      op: 'count',
      ...asked(registry, { [`${chain}__${field}`]: text }),
      distinct: true,
    });
    return specs;
  });
}

/** What shares a join and what does not; several conditions under one negation; rows repeated by joins. */
export function ofJoins(): QuerySpec[] {
  const base = { op: 'filter', registry: 'Artifact', values: ['id', 'key'], ...ordered };
  const two = { ulabels__name: 'batch 1', ulabels__description: 'First batch' };
  const across = { ulabels__name: 'batch 1', links_ulabel__feature__name: 'batches' };
  return [
    { ...base, filter: two },
    { ...base, exclude: two },
    { ...base, filter: { ulabels__name: 'batch 1' }, then: [{ ulabels__name: 'batch 2' }] },
    { ...base, filter: { ulabels__name: 'batch 1', ulabels__type__name: 'Batch' } },
    { ...base, filter: { ulabels__name__startswith: 'b' } },
    { ...base, filter: { ulabels__name__startswith: 'b' }, distinct: true },
    {
      ...base,
      filter: { ulabels__name__startswith: 'b' },
      values: ['id', 'ulabels__name'],
      order_by: ['id', 'ulabels__name'],
    },
    {
      ...base,
      filter: { ulabels__name: 'batch 1' },
      values: ['id', 'ulabels__name', 'links_ulabel__feature__name'],
      order_by: ['id', 'links_ulabel__id'],
    },
    { ...base, filter: { ulabels__name__startswith: 'b' }, exclude: { ulabels__name: 'control' } },
    {
      ...base,
      filter: { ulabels__name: 'batch 1' },
      exclude: { ulabels__name: 'batch 2', projects__name: 'Pilot' },
    },
    { ...base, q: [{ ulabels__name: 'batch 1' }, { projects__name: 'Follow up' }, { key: 'model.pt' }] },
    {
      ...base,
      q: [{ ulabels__name: 'batch 1', projects__name: 'Atlas' }, { size__lt: 50 }],
      filter: { suffix__in: ['.csv', '.parquet', ''] },
    },
    { ...base, q: [across] },
    {
      ...base,
      filter: {
        ulabels: { $ref: ['ULabel', { name: 'batch 1' }] },
        projects: { $ref: ['Project', { name: 'Atlas' }] },
      },
    },
    {
      ...base,
      filter: {
        ulabels__in: [{ $ref: ['ULabel', { name: 'batch 1' }] }, { $ref: ['ULabel', { name: 'treated' }] }],
      },
    },
    {
      ...base,
      filter: { ulabels__in: { $query: { registry: 'ULabel', filters: [{ type__name: 'Batch' }] } } },
    },
    { ...base, exclude: { ulabels__in: [1, 2, 3] } },
    { ...base, exclude: { ulabels__parents__name: 'control' } },
    { ...base, exclude: { run__ulabels__name: 'control' } },
    { ...base, exclude: { run__ulabels__isnull: true } },
    { ...base, exclude: { run__transform__key: 'load.py', run__created_by__handle: 'ada' } },
    { ...base, exclude: { ulabels__isnull: true, key__startswith: 'raw' } },
    { ...base, exclude: { ulabels__isnull: false } },
    { ...base, filter: { created_by: { $ref: ['User', { handle: 'ada' }] } } },
    { ...base, filter: { created_by_id: 1, run_id__isnull: true } },
    { ...base, filter: { transform__key: 'load.py' } },
    { ...base, filter: { transform: { $ref: ['Transform', { key: 'load.py' }] } } },
    { ...base, registry: 'Run', values: ['id'], filter: { status: 'completed' } },
    { ...base, registry: 'Run', values: ['id'], filter: { status__in: ['errored', 'started'] } },
    { ...base, registry: 'Project', values: ['id', 'name'], filter: { status: 'active' } },
    { ...base, registry: 'Feature', values: ['id', 'name'], filter: { dtype__startswith: 'cat[' } },
    { ...base, registry: 'Branch', values: ['id', 'name'], filter: {} },
    { ...base, registry: 'Space', values: ['id', 'name'], filter: {} },
    { ...base, registry: 'User', values: ['id', 'handle', 'created_at'], filter: {} },
    {
      ...base,
      registry: 'bionty.Source',
      values: ['id'],
      filter: { entity: 'bionty.CellType', currently_used: true },
    },
    { ...base, registry: 'RecordJson', values: ['id', 'value'], filter: { feature__name: 'temperature' } },
    {
      ...base,
      values: [
        'id',
        'created_at',
        'is_latest',
        'extra_data',
        'extra_data__level',
        'created_at__year',
        'created_at__date',
      ],
      filter: { suffix: '.parquet' },
    },
    {
      ...base,
      registry: 'Run',
      values: [
        'id',
        'params',
        'params__deep__on',
        'params__tags',
        'params__name',
        'started_at',
        'finished_at',
      ],
      filter: {},
    },
  ];
}

export function ofHierarchies(): QuerySpec[] {
  const parents = (registry: string, name: string, method: string, field = 'name') => ({
    op: 'parents',
    registry,
    get: { name },
    method,
    field,
  });
  return [
    ...['parents', 'children', 'query_parents', 'query_children'].flatMap((method) => [
      parents('bionty.CellType', 'T cell', method),
      parents('bionty.CellType', 'cell', method),
      parents('ULabel', 'batch 2', method),
      parents('ULabel', 'control', method),
    ]),
    ...['parents', 'children'].map((method) => parents('Project', 'Atlas', method)),
    { ...parents('Record', 'S1', 'children'), field: 'uid' },
    {
      op: 'parents',
      registry: 'Transform',
      get: { key: 'train.ipynb' },
      method: 'predecessors',
      field: 'uid',
    },
    { op: 'parents', registry: 'Project', get: { name: 'Pilot' }, method: 'successors', field: 'name' },
  ];
}
