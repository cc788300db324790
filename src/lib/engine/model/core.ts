// The tables of lamindb 2.12.1 beside its registries: blocks, many-to-many tables, links, cells, and Django's own; and
// `core`, all of them together. bionty's tables are in bionty.ts.

import { manyToMany, plain, together } from './declare.ts';
import type { Columns, Declaration } from './declare.ts';
import { cell, featureLink, jsonCell, pairLink, roleLink, slotLink, tracked } from './links.ts';
import { blockColumns, registries, without } from './registries.ts';

function block(parent: string, columns: Columns, base = blockColumns): Declaration {
  const all = { ...base, [`${parent}_id`]: `>${parent}^`, ...columns };
  return plain('block', `lamindb_${parent}block`, all, { columns: ['uid'], backing: 'unique' }, [], 16);
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
