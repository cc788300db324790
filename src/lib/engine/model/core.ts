// The tables of lamindb 2.12.1, declared once: registries, blocks, many-to-many tables, links, cells, and Django's
// own. Order within a family is insert order (a NOT NULL target comes first). bionty's tables are in bionty.ts.

import { manyToMany, named, plain, registry, together } from './declare.ts';
import type { Columns, Declaration } from './declare.ts';
import { cell, featureLink, jsonCell, pairLink, roleLink, slotLink, tracked } from './links.ts';

const anywhere: Columns = { branch_id: '>branch=1', created_on_id: '>branch=1' };
/** What nearly every registry has: lock, place, author, times, the run that wrote it. */
export const common: Columns = {
  is_locked: 'b=0',
  _aux: 'j?=null',
  ...anywhere,
  space_id: '>space=1',
  created_by_id: '>user',
  created_at: 'd*=now',
  updated_at: 'd*=now',
  run_id: '>run?',
};
const versioned: Columns = { version_tag: 'c30?*', is_latest: 'b*~1' };
const typed = (self: string): Columns => ({ is_type: 'b*=0', type_id: `>${self}?` });
const cited: Columns = { reference: 'c255?*', reference_type: 'c25?*' };
const without = (columns: Columns, ...names: string[]): Columns =>
  Object.fromEntries(Object.entries(columns).filter(([name]) => !names.includes(name)));

const lowerName = (name: string) => ({
  columns: ['name'],
  where: null,
  expression: 'LOWER("name")',
  name,
  constraint: false,
});

const registries: Declaration[] = [
  registry(
    'lamindb',
    'Space',
    { uid: 'c12!', name: 'c100*', description: 't?', created_at: 'd*=now', created_by_id: '>user?^' },
    { uidLength: 12, id: 'smallint', uniques: [lowerName('unique_space_name_lower')] },
  ),
  registry(
    'lamindb',
    'User',
    { uid: 'c8!', handle: 'c30!', name: 'c150?*', created_at: 'd*=now', updated_at: 'd*=now' },
    { uidLength: 8 },
  ),
  registry(
    'lamindb',
    'Branch',
    {
      uid: 'c12!',
      name: 'c100*',
      description: 't?',
      created_at: 'd*=now',
      created_by_id: '>user',
      space_id: '>space=1',
      _status_code: 's*=0',
      _aux: 'j?=null',
    },
    { uidLength: 12, uniques: [lowerName('unique_branch_name_lower')] },
  ),
  registry(
    'lamindb',
    'Storage',
    {
      ...common,
      uid: 'c12!',
      root: 'c255!',
      description: 't?',
      type: 'c30*',
      region: 'c64?*',
      instance_uid: 'c12?*',
    },
    { uidLength: 12 },
  ),
  registry(
    'lamindb',
    'ULabel',
    { ...common, ...typed('ulabel'), ...cited, uid: 'c8!', name: 'c150*', description: 't?' },
    { uidLength: 8 },
  ),
  registry(
    'lamindb',
    'Project',
    {
      ...common,
      ...typed('project'),
      uid: 'c12!',
      name: 'c255*',
      description: 't?',
      abbr: 'c32?*',
      url: 'c255?',
      start_date: 'D?',
      end_date: 'D?',
      _status_code: 's*=0',
    },
    { uidLength: 12 },
  ),
  registry(
    'lamindb',
    'Reference',
    {
      ...common,
      ...typed('reference'),
      uid: 'c12!',
      name: 'c255*',
      description: 't?',
      abbr: 'c32?*',
      url: 'c200?*',
      pubmed_id: 'B?*',
      doi: 'c255?*',
      text: 't?',
      date: 'D?',
    },
    { uidLength: 12 },
  ),
  registry(
    'lamindb',
    'Record',
    {
      ...common,
      ...typed('record'),
      ...cited,
      uid: 'c16!',
      name: 'c150?*',
      description: 't?',
      extra_data: 'j?',
      schema_id: '>schema?^',
    },
    { uidLength: 16 },
  ),
  registry(
    'lamindb',
    'Feature',
    {
      ...common,
      ...typed('feature'),
      uid: 'c12!',
      name: 'c150*',
      _dtype_str: 'c255?*',
      _ounit_str: 'c255?*',
      unit: 'c30?*',
      description: 't?',
      array_rank: 's*~0',
      array_size: 'i*~0',
      array_shape: 'j?=null',
      synonyms: 't?',
      default_value: 'j?',
      nullable: 'b?',
      coerce: 'b?',
    },
    {
      uidLength: 12,
      checks: [
        {
          name: 'feature_dtype_str_not_null_when_is_type_false',
          sql: '"is_type" OR "_dtype_str" IS NOT NULL',
        },
      ],
    },
  ),
  registry(
    'lamindb',
    'Schema',
    {
      ...common,
      ...typed('schema'),
      uid: 'c16!',
      name: 'c150?*',
      description: 't?',
      n_members: 'i?',
      coerce: 'b?',
      flexible: 'b?',
      itype: 'c120?*',
      otype: 'c64?*',
      _dtype_str: 'c64?',
      hash: 'c22?*',
      minimal_set: 'b*~1',
      ordered_set: 'b*~0',
      maximal_set: 'b*~0',
      suffix: 'c30?*',
    },
    { uidLength: 16 },
  ),
  registry(
    'lamindb',
    'Artifact',
    {
      ...common,
      ...versioned,
      uid: 'c20!',
      key: 'c1024?*',
      _real_key: 'c1024?*',
      description: 't?*',
      storage_id: '>storage',
      suffix: 'c30*~',
      kind: 'c20?*',
      otype: 'c64?*',
      size: 'B?*',
      hash: 'c22?*',
      n_files: 'B?*',
      n_observations: 'B?*',
      _hash_type: 'c30?*',
      _key_is_virtual: 'b~1',
      _overwrite_versions: 'b~0',
      schema_id: '>schema?',
      extra_data: 'j?',
    },
    {
      uidLength: 16,
      uniques: [
        named(
          'unique_artifact_storage_key_hash_not_null',
          ['storage_id', 'key', 'hash'],
          '"key" IS NOT NULL',
        ),
        named('unique_artifact_storage_hash_null_key', ['storage_id', 'hash'], '"key" IS NULL'),
      ],
    },
  ),
  registry(
    'lamindb',
    'Collection',
    {
      ...common,
      ...versioned,
      ...cited,
      uid: 'c20!',
      key: 'c255*',
      description: 't?',
      hash: 'c22?*',
      meta_artifact_id: '>artifact?!',
      schema_id: '>schema?',
    },
    {
      uidLength: 16,
      uniques: [{ ...named('unique_collection_key_hash_not_null', ['key', 'hash']), constraint: true }],
    },
  ),
  registry(
    'lamindb',
    'Transform',
    {
      ...common,
      ...versioned,
      ...cited,
      uid: 'c16!',
      key: 'c1024*',
      description: 't?*',
      kind: 'c20*',
      source_code: 't?',
      hash: 'c22?*',
      environment_id: '>artifact?^',
      plan_id: '>artifact?^',
    },
    { uidLength: 12, uniques: [together('lamindb_transform', ['key', 'hash'])] },
  ),
  registry(
    'lamindb',
    'Run',
    {
      ...without(common, 'run_id'),
      ...cited,
      created_by_id: '>user^',
      uid: 'c20!',
      name: 'c150?*',
      description: 't?',
      transform_id: '>transform^',
      entrypoint: 'c255?*',
      started_at: 'd*=now',
      finished_at: 'd?*',
      report_id: '>artifact?',
      environment_id: '>artifact?',
      plan_id: '>artifact?',
      params: 'j?',
      extra_data: 'j?',
      cli_args: 'c1024?',
      initiated_by_run_id: '>run?^',
      _is_consecutive: 'b?',
      _status_code: 's*=-3',
    },
    { uidLength: 16, id: 'bigint' },
  ),
  registry(
    'lamindb',
    'JsonValue',
    { ...without(common, 'updated_at'), feature_id: '>feature?^', value: 'j', hash: 'c22?*' },
    {
      uidLength: 0,
      id: 'bigint',
      uniques: [together('lamindb_jsonvalue', ['feature_id', 'hash'])],
      // Both members may be NULL in old files, where the unique does not hold.
      rowKey: { columns: ['feature_id', 'hash'], backing: 'weak' },
    },
  ),
];

/** A page of text attached to something (readme, comment), versioned. */
const blockColumns: Columns = {
  ...versioned,
  uid: 'c20!',
  content: 't',
  hash: 'c22?*',
  kind: 'c22*=readme',
  _status_code: 's*=0',
  _aux: 'j?=null',
  created_at: 'd*=now',
  created_by_id: '>user',
  ...anywhere,
};
registries.push(
  registry(
    'lamindb',
    'Block',
    { ...blockColumns, is_locked: 'b=0', space_id: '>space=1', key: 'c1024?*', anchor_id: '>block?' },
    { uidLength: 16, id: 'bigint' },
  ),
);

function block(parent: string, columns: Columns, base = blockColumns): Declaration {
  const rowKey = { columns: ['uid'], backing: 'unique' } as const;
  const all = { ...base, [`${parent}_id`]: `>${parent}^`, ...columns };
  return plain('block', `lamindb_${parent}block`, all, { ...rowKey, columns: ['uid'] }, [], 16);
}

const blocks: Declaration[] = [
  ...['artifact', 'feature', 'project', 'record', 'run', 'schema', 'space', 'ulabel'].map((x) =>
    block(x, {}),
  ),
  // Its branch is the parent, so it has no place of its own.
  block('branch', {}, without(blockColumns, 'branch_id', 'created_on_id')),
  block('collection', { collection_id: '>collection?^' }),
  block('transform', { transform_id: '>transform?^', line_number: 'i?' }),
];

const manyToManys: Declaration[] = [
  manyToMany('artifact', '_actions', 'artifact'),
  manyToMany('artifact', 'input_of_runs', 'run'),
  manyToMany('artifact', 'recreating_runs', 'run'),
  manyToMany('collection', '_actions', 'artifact'),
  manyToMany('collection', 'input_of_runs', 'run'),
  manyToMany('collection', 'recreating_runs', 'run'),
  manyToMany('project', 'parents', 'project'),
  manyToMany('project', 'predecessors', 'project'),
  manyToMany('project', 'references', 'reference'),
  manyToMany('record', 'input_of_runs', 'run'),
  manyToMany('record', 'parents', 'record'),
  manyToMany('ulabel', 'parents', 'ulabel'),
];

const recordOwns = (left: string) => ({
  columns: { [`${left}_id`]: `>${left}`, record_id: '>record^' },
  featureSecond: true,
});

/** Successor and predecessor of a transform; either end takes the link with it. */
function transformTransform(): Declaration {
  const ends = ['successor_id', 'predecessor_id'];
  const columns = { ...tracked, successor_id: '>transform^', predecessor_id: '>transform^', config: 'j?' };
  const table = 'lamindb_transformtransform';
  return plain('link', table, columns, { columns: ends, backing: 'unique' }, [together(table, ends)]);
}

const links: Declaration[] = [
  ...['project', 'record', 'reference', 'ulabel', 'user'].map((right) => featureLink('artifact', right)),
  featureLink('artifact', 'run', { columns: { run_id: '>run^' } }),
  featureLink('artifact', 'artifact', { rightColumn: 'value_id', columns: { value_id: '>artifact^' } }),
  featureLink('collection', 'record'),
  featureLink('run', 'record'),
  featureLink('run', 'artifact', { bare: true }),
  featureLink('transform', 'record', { columns: { created_at: 'd=now' } }),
  featureLink('project', 'record', recordOwns('project')),
  featureLink('reference', 'record', recordOwns('reference')),
  pairLink('artifact', 'jsonvalue'),
  pairLink('block', 'project'),
  ...['artifact', 'project', 'reference'].map((right) => pairLink('collection', right)),
  // The feature is payload here: the unique is the plain pair.
  pairLink('collection', 'ulabel', { columns: { feature_id: '>feature?' } }),
  pairLink('feature', 'project'),
  ...['jsonvalue', 'project', 'ulabel'].map((right) => pairLink('run', right)),
  pairLink('schema', 'project'),
  ...['project', 'reference', 'ulabel'].map((right) => pairLink('transform', right)),
  pairLink('ulabel', 'project'),
  transformTransform(),
  pairLink('branch', 'project', { bare: true }),
  pairLink('branch', 'ulabel', { bare: true }),
  pairLink('schema', 'feature', { bare: true }),
  roleLink('branch'),
  roleLink('project'),
  slotLink(
    'lamindb_artifactschema',
    { column: 'artifact_id', target: 'artifact' },
    { column: 'schema_id', target: 'schema' },
    { feature_ref_is_semantic: 'b?' },
  ),
  slotLink(
    'lamindb_schemacomponent',
    { column: 'composite_id', target: 'schema' },
    { column: 'component_id', target: 'schema' },
  ),
];

const cellTargets = [
  'artifact',
  'collection',
  'project',
  'record',
  'reference',
  'run',
  'transform',
  'ulabel',
  'user',
];
const cells: Declaration[] = [...cellTargets.map(cell), jsonCell()];

const django: Declaration[] = [
  plain(
    'django',
    'django_migrations',
    { app: 'c255', name: 'c255', applied: 'd' },
    { columns: ['app', 'name'], backing: 'none' },
  ),
];

export const core: Declaration[] = [...registries, ...blocks, ...manyToManys, ...links, ...cells, ...django];
