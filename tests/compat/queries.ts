// Query specs about the example database, made by rule so that each look-up meets each kind of field and each kind of
// relation, as a filter, in an `exclude` and beside an OR; then features, orders, errors. LaminDB's answers to them are in
// tests/fixtures/query-facts.json; `someQueries` draws a sample of them.
import type { QuerySpec } from '../../src/lib/engine/query/answers.ts';
import { ofFields, ordered, type Case, type Value } from './field-queries.ts';
import {
  ofCuration,
  ofDescriptions,
  ofFeatureValues,
  ofFrames,
  ofLineage,
  ofLookups,
  ofRegistryTexts,
  ofSearches,
} from './object-queries.ts';
import { ofHierarchies, ofJoins, ofRelations } from './relation-queries.ts';

/** Whose rows are seen: branches, trash, ids and uids, references to rows that are hidden. */
function ofVisibility(): QuerySpec[] {
  const base = { op: 'filter', registry: 'ULabel', values: ['id', 'name'], ...ordered };
  return [
    { ...base },
    { ...base, filter: { branch: null } },
    { ...base, filter: { branch_id: null, name__startswith: 'on' } },
    { ...base, filter: { branch__name: 'work' } },
    { ...base, filter: { branch_id: -1 } },
    { ...base, filter: { branch_id__in: [0, -1] } },
    { ...base, filter: { branch: { $ref: ['Branch', { name: 'review' }] } } },
    { ...base, filter: { id: 12 } },
    { ...base, filter: { id__in: [9, 10, 11, 12, 13] } },
    { ...base, filter: { id__gt: 8 } },
    { ...base, filter: { uid: 'ul011xxx' } },
    { ...base, filter: { uid__startswith: 'ul01' } },
    { ...base, q: [{ branch__name: 'work' }, { name: 'control' }] },
    { ...base, q: [{ id: 12 }] },
    { ...base, exclude: { branch_id: 1 } },
    { ...base, registry: 'Artifact', values: ['id', 'key'], filter: { hash: 'hash0000000000000000h0' } },
    { ...base, registry: 'Artifact', values: ['id', 'key'], filter: { ulabels__name: 'trashed' } },
    { ...base, registry: 'Artifact', values: ['id', 'key'], filter: { is_latest: true, kind: 'dataset' } },
    { ...base, registry: 'Artifact', values: ['id', 'key'], filter: { branch: null } },
    { ...base, registry: 'Record', values: ['id', 'name'], filter: { branch_id: -1 } },
    { op: 'count', registry: 'Artifact' },
    { op: 'count', registry: 'Artifact', filter: { branch: null } },
    { op: 'count', registry: 'bionty.Gene', filter: { organism__name: 'human' } },
  ];
}

/** Orders over fields, references, many-valued relations, NULLs, features; slices. */
function ofOrders(): QuerySpec[] {
  const base = { op: 'filter', registry: 'Artifact', values: ['id'] };
  const orders = [
    ['key', 'id'],
    ['-key', '-id'],
    ['n_files', 'size'],
    ['-n_files', '-size'],
    ['run', 'id'],
    ['-run__transform__key', 'id'],
    ['schema__name', 'id'],
    ['ulabels__name', 'id'],
    ['created_at__hour', '-created_at'],
    ['extra_data__level', 'id'],
    ['kind', '-suffix', 'size'],
  ];
  const features: [string, boolean][] = [
    ['temperature', false],
    ['temperature', true],
    ['note', false],
    ['day', true],
    ['passed', false],
  ];
  return [
    ...orders.map((order_by) => ({ ...base, order_by })),
    ...orders.map((order_by) => ({ ...base, order_by, limit: 4, filter: { branch: null } })),
    ...features.map(([$feature, descending]) => ({ ...base, order_by: [{ $feature, descending }, 'id'] })),
    { ...base, pred: [['temperature', '>', 10]], order_by: [{ $feature: 'temperature' }, 'id'] },
    {
      ...base,
      pred: [
        ['temperature', '>', 10],
        ['temperature', '<', 50],
      ],
      order_by: [{ $feature: 'temperature' }, 'id'],
    },
    { ...base, registry: 'Record', order_by: [{ $feature: 'temperature', descending: true }, 'id'] },
    {
      ...base,
      registry: 'Record',
      pred: [['temperature', '>', 10]],
      order_by: [{ $feature: 'temperature' }, 'id'],
    },
    { ...base, registry: 'Run', order_by: [{ $feature: 'temperature' }, 'id'] },
    { ...base, order_by: [{ $feature: 'cell_type' }] },
    { ...base, registry: 'ULabel', order_by: [{ $feature: 'temperature' }] },
    { ...base, values: ['suffix'], distinct: true, order_by: ['suffix'] },
    { ...base, values: ['suffix'], distinct: true, order_by: ['size'] },
  ];
}

/** Feature keywords and predicates: every dtype with every operator, on artifacts, runs and records. */
function ofFeatures(): QuerySpec[] {
  const operators = ['==', '!=', '<', '<=', '>', '>='];
  const compared: [string, Value[]][] = [
    ['temperature', [21.5, 9, 100.5, '21.5']],
    ['count', [7, 10, 9.5]],
    ['score', [1, 2.5]],
    ['note', ['Looks great', 'looks', 'T cell', null]],
    ['passed', [true, false]],
    ['day', ['2026-10-24', '2025']],
    ['moment', ['2026-10-24T10:11:12', '2026-10-24T10:11:12.1']],
    ['numbers', [[3, 1, 2]]],
    ['settings', [{ a: { b: 1 }, c: 'x' }]],
    ['link', ['https://example.org/x']],
  ];
  const categories: [string, Value[]][] = [
    ['batch', ['batch 1', 'Batch 10', 'none', 'trashed', { $ref: ['ULabel', { name: 'batch 1' }] }]],
    ['batches', ['batch 1', 'batch 2']],
    ['cell_type', ['T cell', 'lymphocyte']],
    ['cell_type_id', ['CL:0000084', 'T cell']],
    ['sample', ['S1']],
    ['operator', ['ada', 'Ada Lovelace']],
    ['source_file', ['raw_x.parquet']],
    ['study', ['Pilot']],
  ];
  const suffixes: Case[] = [
    ['icontains', 'LOOKS'],
    ['contains', 'looks'],
    ['startswith', 'Looks'],
    ['in', ['Looks great', 'T cell']],
    ['isnull', true],
    ['isnull', false],
    ['regex', 'great'],
    ['gt', 'L'],
    ['iexact', '"LOOKS GREAT"'],
  ];
  const specs: QuerySpec[] = [];
  const base = (registry: string) => ({ op: 'filter', registry, values: ['id'], ...ordered });
  for (const registry of ['Artifact', 'Record', 'Run']) {
    for (const [name, values] of compared) {
      for (const value of values) {
        for (const op of typeof value === 'object' && value !== null ? ['==', '!='] : operators)
          specs.push({ ...base(registry), pred: [[name, op, value]] });
        specs.push({ ...base(registry), filter: { [name]: value } });
      }
      for (const value of [true, false]) specs.push({ ...base(registry), pred: [[name, 'isnull', value]] });
    }
    for (const [name, values] of categories) {
      for (const value of values) {
        for (const op of ['==', '!=']) specs.push({ ...base(registry), pred: [[name, op, value]] });
        specs.push({ ...base(registry), filter: { [name]: value } });
      }
      for (const value of [true, false]) specs.push({ ...base(registry), pred: [[name, 'isnull', value]] });
    }
    for (const [lookup, value] of suffixes)
      specs.push({ ...base(registry), filter: { [`note__${lookup}`]: value } });
  }
  const artifact = base('Artifact');
  specs.push(
    { ...artifact, filter: { temperature__gt: 9.5 } },
    { ...artifact, filter: { temperature__gte: 9, count: 10 } },
    { ...artifact, filter: { batch__contains: 'atch' } },
    { ...artifact, filter: { batch__startswith: 'batch' } },
    { ...artifact, filter: { cell_type__name: 'T cell' } },
    { ...artifact, filter: { settings__a__b: 1 } },
    { ...artifact, filter: { settings__c: 'x' } },
    { ...artifact, filter: { size: 5 } },
    {
      ...artifact,
      filter: { suffix: '.csv' },
      pred: [
        ['temperature', '>', 10],
        ['note', '!=', 'T cell'],
      ],
    },
    { ...artifact, q: [{ suffix: '.csv' }, { size__gt: 1000 }], pred: [['temperature', '>', 10]] },
    {
      ...artifact,
      pred: [
        ['temperature', '>', 1],
        ['temperature', '<', 50],
      ],
    },
    { ...artifact, pred: [['temperature', '>', 1]], distinct: true },
    { ...artifact, op: 'count', pred: [['temperature', '>', 1]] },
    { ...artifact, filter: { unused: 'x' } },
    { ...artifact, filter: { unused__isnull: true } },
    { ...base('Record'), filter: { type__name: 'Sample' }, pred: [['temperature', '<', 50]] },
    { ...base('ULabel'), pred: [['temperature', '>', 10]] },
  );
  return specs;
}

/** What LaminDB refuses, with the name of its error. */
function ofErrors(): QuerySpec[] {
  const filter = (registry: string, condition: Record<string, Value>) => ({
    op: 'filter',
    registry,
    values: ['id'],
    filter: condition,
  });
  const get = (registry: string, lookups: Record<string, Value>, values = ['id']) => ({
    op: 'get',
    registry,
    get: lookups,
    values,
  });
  return [
    filter('ULabel', { nme: 'x' }),
    filter('Artifact', { nokey: 'x' }),
    filter('Artifact', { key: 'raw/a.csv', nokey: 'x' }),
    filter('Artifact', { gone: 'x' }),
    filter('Artifact', { twin: 'x' }),
    filter('Artifact', { key__nolookup: 'x' }),
    filter('Artifact', { size__year: 2020 }),
    filter('Artifact', { run__nofield: 'x' }),
    filter('Artifact', { created_by__icontains: 'a' }),
    filter('Artifact', { created_by: 'ada' }),
    filter('Artifact', { created_by: 'ada 1' }),
    filter('Artifact', { ulabels: 'control' }),
    filter('Artifact', { size: 'many' }),
    filter('Artifact', { size: [1] }),
    filter('Artifact', { size__gt: null }),
    filter('Artifact', { size__in: 5 }),
    filter('Artifact', { created_at: 'yesterday' }),
    filter('Artifact', { created_at__gt: '2026-13-01' }),
    filter('Project', { start_date: '2026-02-30' }),
    filter('Artifact', { is_latest: 'maybe' }),
    filter('Artifact', { key__isnull: 'yes' }),
    filter('Artifact', { extra_data__contains: { a: 1 } }),
    filter('Artifact', { ulabels: { $ref: ['Project', { name: 'Atlas' }] } }),
    filter('Artifact', { ulabels: { $ref: ['ULabel', { name: 'no label' }] } }),
    filter('Artifact', { ulabels: { $ref: ['ULabel', { name__startswith: 'batch' }] } }),
    filter('Run', { status: 'finished' }),
    filter('Record', { key: 'x' }),
    { ...filter('Artifact', {}), exclude: { nokey: 1 } },
    { ...filter('Artifact', {}), order_by: ['nokey'] },
    { ...filter('Artifact', {}), values: ['nokey'] },
    { ...filter('Artifact', {}), pred: [['nofeature', '==', 1]] },
    get('Artifact', { key: 'raw/a.csv' }, [
      'uid',
      'version',
      'is_latest',
      'stem_uid',
      'transform',
      'created_by',
      'overwrite_versions',
    ]),
    get('Artifact', { key: 'raw/a.csv', is_latest: false }),
    get('Artifact', { key: 'no such key' }),
    get('Artifact', { suffix: '.csv' }),
    get('Artifact', { uid: 'ar000xxxxxxxxxxx0000' }, ['id', 'is_latest']),
    get('Artifact', { created_by: 'ada' }),
    get('Artifact', { nokey: 1 }),
    get('Artifact', { temperature: 21.5 }),
    get('ULabel', { name: 'control' }, ['id', 'space', 'is_locked', 'description']),
    get('ULabel', { name: 'trashed' }),
    get('ULabel', { name: 'trashed', branch: null }),
    get('Run', { name: 'named run' }, ['status', 'transform', 'params', 'started_at', 'initiated_by_run']),
    get('Collection', { key: 'sets/all' }, ['uid', 'version', 'name', 'description']),
    get('Transform', { key: 'load.py' }, ['uid', 'version', 'type', 'notes']),
    get('Record', { name: 'topic' }, ['uid', 'notes', 'is_data']),
    get('User', { handle: 'ada' }, ['name', 'uid']),
    { op: 'get', registry: 'Artifact', uid: 'ar000', values: ['uid'] },
    { op: 'get', registry: 'Artifact', uid: 'AR003', values: ['uid'] },
    { op: 'get', registry: 'Artifact', uid: 'ar000xxxxxxxxxxx', values: ['uid'] },
    { op: 'get', registry: 'Artifact', uid: 'ar000xxxxxxxxxxx0001', values: ['uid'] },
    { op: 'get', registry: 'Artifact', uid: 'ar009', values: ['uid'] },
    { op: 'get', registry: 'Artifact', uid: 'nothere', values: ['uid'] },
    { op: 'get', registry: 'ULabel', uid: 'ul0', values: ['uid'] },
    { op: 'get', registry: 'ULabel', uid: 'ul001', values: ['uid', 'name'] },
    { op: 'get', registry: 'ULabel', uid: 'zzzz', values: ['uid'] },
    { op: 'versions', registry: 'Artifact', get: { key: 'raw/a.csv' }, values: ['uid', 'is_latest'] },
    {
      op: 'versions',
      registry: 'Collection',
      get: { key: 'sets/all' },
      values: ['uid', 'run__transform__key'],
    },
    { op: 'versions', registry: 'ULabel', get: { name: 'control' }, values: ['uid'] },
  ];
}
const groups: Record<string, () => QuerySpec[]> = {
  fields: ofFields,
  relations: ofRelations,
  joins: ofJoins,
  visibility: ofVisibility,
  orders: ofOrders,
  features: ofFeatures,
  errors: ofErrors,
  hierarchies: ofHierarchies,
  searches: ofSearches,
  lookups: ofLookups,
  curation: ofCuration,
  descriptions: ofDescriptions,
  registries: ofRegistryTexts,
  lineage: ofLineage,
  values: ofFeatureValues,
  frames: ofFrames,
};

/** Every spec with an id that says where it comes from: `relations-12`. */
export function allQueries(): QuerySpec[] {
  return Object.entries(groups).flatMap(([group, make]) =>
    make().map((spec, i) => ({ id: `${group}-${i + 1}`, ...spec })),
  );
}

/** `count` specs drawn from all of them, the same for the same seed, each group in its share. */
export function someQueries(count: number, seed: number): QuerySpec[] {
  const all = allQueries();
  let state = seed >>> 0 || 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = all.length - 1; i > 0; i--) {
    const j = next(i + 1);
    [all[i], all[j]] = [all[j] as QuerySpec, all[i] as QuerySpec];
  }
  return all.slice(0, count);
}
