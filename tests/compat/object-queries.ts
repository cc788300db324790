// Specs about objects and whole registries of the example database: search, look-up by name, curation, lineage,
// descriptions, feature values, data frames. The second half of what queries.ts asks.
import type { QuerySpec } from '../../src/lib/engine/query/answers.ts';

export function ofSearches(): QuerySpec[] {
  const search = (registry: string, string: string, more: QuerySpec = {}): QuerySpec => ({
    op: 'search',
    registry,
    string,
    limit: 50,
    values: ['id'],
    ...more,
  });
  const strings = [
    'raw',
    'raw/a.csv',
    'T cell',
    't CELL',
    ' cell ',
    'cell',
    'a',
    '%',
    '_',
    '\\',
    '',
    'ä',
    'Ä',
    'b\na',
    'none at all',
    'hash0000',
    '10',
    '(x)',
  ];
  const types = [
    'T cell',
    'cell',
    'NK cell',
    'nk',
    'B',
    'lymphocyte',
    'T-cell',
    'CL:0000084',
    'large granular',
    'cell|',
    'natural k',
    'e',
  ];
  return [
    ...strings.map((string) => search('Artifact', string)),
    ...strings.map((string) => search('ULabel', string)),
    ...types.map((string) => search('bionty.CellType', string, { values: ['id', 'name'] })),
    ...types.map((string) => search('bionty.CellType', string, { field: 'synonyms' })),
    ...types.map((string) => search('bionty.CellType', string, { case_sensitive: true })),
    search('bionty.CellType', 'cell', { limit: 2 }),
    search('bionty.Gene', 'CD', { field: 'symbol' }),
    search('bionty.Gene', 'cd8'),
    search('Artifact', 'raw', { filter: { suffix: '.csv' } }),
    search('Artifact', 'raw', { filter: {} }),
    search('Artifact', 'raw', { filter: { branch: null } }),
    search('ULabel', 'on', { filter: {} }),
    search('Feature', 'batch'),
    search('Feature', 'cat[', { field: '_dtype_str' }),
    search('Project', 'pilot'),
    search('Record', 's1'),
    search('Transform', 'load'),
    search('Run', 'named'),
    search('Reference', 'abstract'),
    search('User', 'ada'),
    search('Artifact', 'x', { field: 'nofield' }),
  ];
}

export function ofLookups(): QuerySpec[] {
  const look = (registry: string, key: string, field?: string): QuerySpec => ({
    op: 'lookup',
    registry,
    key,
    ...(field ? { field } : {}),
    values: ['id'],
  });
  return [
    look('bionty.CellType', 't_cell'),
    look('bionty.CellType', 'activated_cd8_positive_t_cell'),
    look('bionty.CellType', 'cl_0000084', 'ontology_id'),
    look('bionty.Gene', 'cd4'),
    look('bionty.Gene', 'ensg00000000000', 'ensembl_gene_id'),
    look('ULabel', 'batch_1'),
    look('ULabel', 'trashed'),
    look('ULabel', 'ln_50_done_ok'),
    look('ULabel', 'nothing'),
    look('Artifact', 'raw_a_csv'),
    look('Artifact', 'raw_x_parquet'),
    look('User', 'ada'),
    look('Feature', 'cell_type'),
  ];
}

export function ofCuration(): QuerySpec[] {
  const specs: QuerySpec[] = [];
  const given: [string, string, (string | null)[]][] = [
    [
      'bionty.CellType',
      'name',
      ['T cell', 't cell', 'NK cell', 'T-cell', 'nonsense', '', 'T cell', 'nonsense', 'b LYMPHOCYTE'],
    ],
    ['bionty.CellType', 'ontology_id', ['CL:0000084', 'cl:0000084', 'CL:9']],
    ['ULabel', 'name', ['batch 1', 'Batch 1', 'on work', 'trashed', 'Ärger', 'ÄRGER']],
    ['bionty.Gene', 'symbol', ['CD8A', 'cd8a', 'CD8', 'Cd4', 'L3T4', 'Ly-4']],
    ['Feature', 'name', ['note', 'remark', 'comment', 'gone']],
  ];
  for (const [registry, field, values_in] of given) {
    const base = { op: 'curate', registry, field, values_in };
    specs.push({ ...base, method: 'validate', kw: { mute: true } });
    const local = registry.startsWith('bionty.') ? { from_source: false } : {};
    specs.push({ ...base, method: 'inspect', kw: { mute: true, ...local } });
    for (const kw of [{}, { case_sensitive: true }, { return_mapper: true }, { keep: 'last' }])
      specs.push({ ...base, method: 'standardize', kw: { mute: true, ...local, ...kw } });
  }
  const types = { op: 'curate', registry: 'bionty.CellType', field: 'name' };
  const local = { mute: true, from_source: false };
  return [
    ...specs,
    { ...types, method: 'validate', values_in: 'T cell', kw: { mute: true } },
    { ...types, method: 'validate', values_in: [], kw: { mute: true } },
    { ...types, method: 'standardize', values_in: 'T-cell', kw: local },
    {
      ...types,
      method: 'standardize',
      values_in: ['T-cell', 'x', 'B cell'],
      kw: { ...local, return_field: 'ontology_id' },
    },
    {
      ...types,
      method: 'standardize',
      values_in: ['T-cell', 'x'],
      kw: { ...local, return_field: 'ontology_id', keep: 'last' },
    },
    { ...types, registry: 'bionty.Tissue', method: 'validate', values_in: ['lung'], kw: { mute: true } },
    { ...types, registry: 'bionty.Tissue', method: 'inspect', values_in: ['lung'], kw: local },
    {
      ...types,
      registry: 'bionty.Gene',
      field: 'symbol',
      method: 'validate',
      values_in: ['CD4', 'Cd4'],
      kw: { mute: true, organism: 'human' },
    },
    {
      ...types,
      registry: 'bionty.Gene',
      field: 'symbol',
      method: 'validate',
      values_in: ['CD4', 'Cd4'],
      kw: { mute: true, organism: 'mus_musculus' },
    },
    { ...types, method: 'validate', field: 'nofield', values_in: ['x'], kw: { mute: true } },
  ];
}

const artifactKeys = [
  'raw/a.csv',
  'Raw/B.csv',
  'raw_x.parquet',
  'sc/pbmc.h5ad',
  'model.pt',
  'folder',
  'cloud/x.csv',
  'plan.md',
  'names/αβγ 100%_\\.txt',
];

export function ofDescriptions(): QuerySpec[] {
  const describe = (registry: string, get: Record<string, unknown>): QuerySpec => ({
    op: 'describe',
    registry,
    get,
  });
  return [
    // Where LaminDB stumbles over its own links, our answer stands in unit tests: model.pt, raw_x.parquet.
    ...artifactKeys
      .filter((key) => !['raw_x.parquet', 'model.pt'].includes(key))
      .map((key) => describe('Artifact', { key })),
    describe('Artifact', { uid: 'ar000xxxxxxxxxxx0000' }),
    describe('Run', { uid: 'rn000xxxxxxxxxxx' }),
    describe('Run', { uid: 'rn002xxxxxxxxxxx' }),
    describe('Run', { name: 'named run' }),
    describe('Record', { name: 'Sample' }),
    describe('Record', { name: 'topic' }),
    describe('Record', { name: 'S3' }),
    describe('Collection', { key: 'sets/all' }),
    describe('Transform', { key: 'load.py' }),
    describe('Transform', { key: 'load.py', is_latest: false }),
    describe('Transform', { key: 'train.ipynb' }),
    describe('Branch', { name: 'review' }),
    describe('Schema', { name: 'sheet' }),
    describe('Schema', { name: 'anndata' }),
    describe('ULabel', { name: 'control' }),
    describe('Feature', { name: 'temperature' }),
    describe('Project', { name: 'Atlas' }),
    describe('User', { handle: 'ada' }),
    describe('bionty.CellType', { name: 'T cell' }),
    describe('bionty.Gene', { symbol: 'CD8A' }),
  ];
}

export function ofRegistryTexts(): QuerySpec[] {
  const core = [
    'Artifact',
    'Collection',
    'Transform',
    'Run',
    'Record',
    'Feature',
    'Schema',
    'ULabel',
    'Project',
    'Reference',
    'Storage',
    'User',
    'Space',
    'Branch',
    'Block',
    'JsonValue',
  ];
  const bionty = [
    'Organism',
    'Gene',
    'Protein',
    'CellMarker',
    'Tissue',
    'CellType',
    'Disease',
    'CellLine',
    'Phenotype',
    'Pathway',
    'ExperimentalFactor',
    'DevelopmentalStage',
    'Ethnicity',
    'Source',
  ];
  return [...core, ...bionty.map((name) => `bionty.${name}`)].map((registry) => ({
    op: 'registry_describe',
    registry,
  }));
}

export function ofLineage(): QuerySpec[] {
  return [
    ...artifactKeys.map((key) => ({ op: 'lineage', registry: 'Artifact', get: { key } })),
    { op: 'lineage', registry: 'Artifact', get: { uid: 'ar000xxxxxxxxxxx0000' } },
    { op: 'lineage', registry: 'Collection', get: { key: 'sets/all' } },
    { op: 'lineage', registry: 'Collection', get: { key: 'sets/all', is_latest: false } },
  ];
}

export function ofFeatureValues(): QuerySpec[] {
  return [
    ...artifactKeys
      .filter((key) => !['raw_x.parquet', 'model.pt'].includes(key))
      .map((key) => ({ op: 'features', registry: 'Artifact', get: { key } })),
    { op: 'features', registry: 'Artifact', uid: 'ar000xxxxxxxxxxx0000' },
    { op: 'features', registry: 'Run', get: { uid: 'rn000xxxxxxxxxxx' } },
    { op: 'features', registry: 'Record', get: { name: 'S3' } },
    { op: 'features', registry: 'Record', get: { name: 'Notes' } },
  ];
}

export function ofFrames(): QuerySpec[] {
  const frame = (registry: string, more: QuerySpec = {}): QuerySpec => ({
    op: 'dataframe',
    registry,
    limit: null,
    ...more,
  });
  const registries = [
    'Artifact',
    'Collection',
    'Transform',
    'Run',
    'Record',
    'Feature',
    'Schema',
    'ULabel',
    'Project',
    'Reference',
    'Storage',
    'User',
    'Space',
    'Branch',
    'Block',
    'bionty.CellType',
    'bionty.Gene',
    'bionty.Organism',
    'bionty.Source',
    'JsonValue',
  ];
  const one = (key: string) => ({ filter: { key } });
  return [
    ...registries.map((registry) => frame(registry)),
    frame('bionty.Tissue'),
    frame('Artifact', { include: ['privates'] }),
    frame('Artifact', { include: ['created_by__name', 'storage__root'] }),
    frame('Artifact', { include: 'run__transform__key' }),
    frame('Artifact', {
      include: ['run__started_at', 'run__finished_at', 'schema__n_members', 'schema__coerce'],
    }),
    frame('Artifact', { include: ['ulabels__name', 'cell_types__name', 'projects__name'] }),
    frame('Artifact', { include: ['input_of_runs__id', 'ulabels__type__name'], filter: { suffix: '.csv' } }),
    frame('Artifact', { include: ['size', 'ulabels__name'] }),
    frame('Artifact', { include: ['extra_data__level', 'extra_data'], order_by: 'id' }),
    frame('Artifact', { include: ['nofield__name'] }),
    frame('Artifact', { filter: { kind: 'dataset' } }),
    frame('Artifact', { filter: { kind__startswith: '__lamindb' } }),
    frame('Artifact', { filter: { key: 'none' } }),
    frame('Artifact', { filter: { key: 'none' }, include: 'features' }),
    frame('Artifact', { limit: 2 }),
    frame('Artifact', { limit: 2, include: ['ulabels__name'] }),
    frame('ULabel', { filter: { branch: null }, order_by: 'name' }),
    frame('ULabel', { include: ['parents__name', 'type__name'] }),
    frame('Run', { include: ['transform__key', 'output_artifacts__key'] }),
    // Single values only: where a row has several numbers under one feature LaminDB's frame fails (unit tests have ours).
    ...['raw/a.csv', 'sc/pbmc.h5ad', 'Raw/B.csv'].map((key) =>
      frame('Artifact', { ...one(key), include: 'features' }),
    ),
    frame('Artifact', { filter: { suffix__in: ['.csv', '.h5ad', '.txt', ''] }, include: 'features' }),
    frame('Artifact', {
      filter: { suffix__in: ['.csv', '.h5ad'] },
      include: ['features', 'created_by__handle', 'ulabels__name'],
    }),
    frame('Artifact', { filter: { suffix: '.csv' }, features: ['temperature', 'batch'] }),
    frame('Artifact', { filter: { suffix: '.csv' }, features: 'note' }),
    frame('Artifact', { filter: { suffix: '.csv' }, features: ['unused'] }),
    frame('Artifact', { filter: { suffix: '.csv' }, features: ['nofeature'] }),
    frame('Artifact', { filter: { suffix: '.csv' }, features: ['twin'] }),
    frame('Artifact', { pred: [['count', '==', 7]], include: 'features' }),
    frame('Record', { filter: { type__name: 'Sample' } }),
    frame('Record', { filter: { type__name: 'Sample' }, include: 'features' }),
    frame('Record', { filter: { name__in: ['S1', 'Notes'] }, include: 'features' }),
    frame('Record', { filter: { name: 'topic' }, include: 'features' }),
    frame('Record', { filter: { type__name: 'Sample' }, features: ['temperature'] }),
    frame('ULabel', { include: 'features' }),
  ];
}
