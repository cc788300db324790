// The 16 registries of lamindb 2.12.1 and the columns they share. Order is insert order: a NOT NULL target comes before
// its users. Blocks, links and the rest are in core.ts, bionty's registries in bionty.ts.

import { named, registry, together } from './declare.ts';
import type { Columns, Declaration, RegistryOptions } from './declare.ts';

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
export const without = (columns: Columns, ...names: string[]): Columns =>
  Object.fromEntries(Object.entries(columns).filter(([name]) => !names.includes(name)));

/** A page of text attached to something (readme, comment), versioned. */
export const blockColumns: Columns = {
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
/** Options before columns, so that a declaration reads from the top. */
const lamin = (className: string, options: RegistryOptions, columns: Columns) =>
  registry('lamindb', className, columns, options);

const lowerName = (name: string) => ({
  columns: ['name'],
  where: null,
  expression: 'LOWER("name")',
  name,
  constraint: false,
});

export const registries: Declaration[] = [
  lamin(
    'Space',
    { uidLength: 12, id: 'smallint', uniques: [lowerName('unique_space_name_lower')] },
    { uid: 'c12!', name: 'c100*', description: 't?', created_at: 'd*=now', created_by_id: '>user?^' },
  ),
  lamin(
    'User',
    { uidLength: 8 },
    { uid: 'c8!', handle: 'c30!', name: 'c150?*', created_at: 'd*=now', updated_at: 'd*=now' },
  ),
  lamin(
    'Branch',
    { uidLength: 12, uniques: [lowerName('unique_branch_name_lower')] },
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
  ),
  lamin(
    'Storage',
    { uidLength: 12 },
    {
      ...common,
      uid: 'c12!',
      root: 'c255!',
      description: 't?',
      type: 'c30*',
      region: 'c64?*',
      instance_uid: 'c12?*',
    },
  ),
  lamin(
    'ULabel',
    { uidLength: 8 },
    { ...common, ...typed('ulabel'), ...cited, uid: 'c8!', name: 'c150*', description: 't?' },
  ),
  lamin(
    'Project',
    { uidLength: 12 },
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
  ),
  lamin(
    'Reference',
    { uidLength: 12 },
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
  ),
  lamin(
    'Record',
    { uidLength: 16 },
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
  ),
  lamin(
    'Feature',
    {
      uidLength: 12,
      checks: [
        {
          name: 'feature_dtype_str_not_null_when_is_type_false',
          sql: '"is_type" OR "_dtype_str" IS NOT NULL',
        },
      ],
    },
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
  ),
  lamin(
    'Schema',
    { uidLength: 16 },
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
  ),
  lamin(
    'Artifact',
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
  ),
  lamin(
    'Collection',
    {
      uidLength: 16,
      uniques: [{ ...named('unique_collection_key_hash_not_null', ['key', 'hash']), constraint: true }],
    },
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
  ),
  lamin(
    'Transform',
    { uidLength: 12, uniques: [together('lamindb_transform', ['key', 'hash'])] },
    {
      ...common,
      ...versioned,
      ...cited,
      uid: 'c16!',
      key: 'c1024*',
      description: 't?*',
      kind: 'c20*~pipeline',
      source_code: 't?',
      hash: 'c22?*',
      environment_id: '>artifact?^',
      plan_id: '>artifact?^',
    },
  ),
  lamin(
    'Run',
    { uidLength: 16, id: 'bigint' },
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
  ),
  lamin(
    'JsonValue',
    {
      uidLength: 0,
      id: 'bigint',
      uniques: [together('lamindb_jsonvalue', ['feature_id', 'hash'])],
      // Both members may be NULL in old files, where the unique does not hold.
      rowKey: { columns: ['feature_id', 'hash'], backing: 'weak' },
    },
    { ...without(common, 'updated_at'), feature_id: '>feature?^', value: 'j', hash: 'c22?*' },
  ),
  lamin(
    'Block',
    { uidLength: 16, id: 'bigint' },
    { ...blockColumns, is_locked: 'b=0', space_id: '>space=1', key: 'c1024?*', anchor_id: '>block?' },
  ),
];
