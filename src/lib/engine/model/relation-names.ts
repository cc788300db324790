// How LaminDB names the two directions of every reference and of every many-to-many relation. Most names follow from
// the tables by rule, so that a plug-in registry needs none; those that do not are listed here (lamindb 2.12.1,
// bionty 2.5.2, as Django's `Model._meta.get_fields()` gives them).
import type { Column, Model, Table } from './types.ts';

/** No name: look-ups cannot go that way (Django's `related_name="+"`). */
const hidden = null;

/** CellType -> cell_type, ULabel -> ulabel, JsonValue -> json_value. */
export function snake(className: string): string {
  return className
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/^([A-Z])([A-Z][a-z])/, '$1$2')
    .toLowerCase();
}

/** ethnicity -> ethnicities, branch -> branches, record -> records. */
export function plural(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return word.endsWith('ch') ? `${word}es` : `${word}s`;
}

const kin = (table: Table): string => plural(snake(table.registry ?? ''));
/** `artifactulabel` of lamindb_artifactulabel. */
const bare = (table: string): string => table.replace(/^[a-z]+_/, '');

/** References of a registry that have a name of their own on the far side: `table.column`. */
const namedReverse: Record<string, string> = {
  'lamindb_artifact.created_by_id': 'created_artifacts',
  'lamindb_artifact.run_id': 'output_artifacts',
  'lamindb_artifact.schema_id': 'validated_artifacts',
  'lamindb_block.anchor_id': 'children',
  'lamindb_collection.meta_artifact_id': '_meta_of_collection',
  'lamindb_collection.run_id': 'output_collections',
  'lamindb_collection.schema_id': 'validated_collections',
  'lamindb_jsonvalue.feature_id': 'values',
  'lamindb_record.run_id': 'output_records',
  'lamindb_run.created_by_id': 'created_runs',
  'lamindb_run.environment_id': '_environment_of',
  'lamindb_run.initiated_by_run_id': 'initiated_runs',
  'lamindb_run.plan_id': '_plan_for_runs',
  'lamindb_run.report_id': '_report_of',
  'lamindb_transform.created_by_id': 'created_transforms',
  'lamindb_transform.environment_id': '_environment_of_transforms',
  'lamindb_transform.plan_id': '_plan_for_transforms',
  'lamindb_transform.run_id': 'output_transforms',
  'bionty_source.dataframe_artifact_id': '_source_dataframe_of',
  'lamindb_artifactartifact.artifact_id': 'links_artifact',
  'lamindb_artifactartifact.value_id': 'links_value',
  'lamindb_artifactschema.artifact_id': '_links_schema',
  'lamindb_artifactschema.schema_id': '_links_artifact',
  'lamindb_recordrecord.value_id': 'links_record',
  'lamindb_recordulabel.value_id': 'links_record',
  'lamindb_recorduser.value_id': 'links_record',
  'lamindb_runartifact.artifact_id': 'links_in_run',
  'lamindb_runartifact.run_id': 'values_artifact',
  'lamindb_schemacomponent.composite_id': 'links_component',
  'lamindb_schemacomponent.component_id': 'links_composite',
  'lamindb_transformtransform.successor_id': 'links_predecessor',
  'lamindb_transformtransform.predecessor_id': 'links_successor',
};

/** Columns of a registry that say who, where and when: nothing leads back from there. */
const common = ['created_by_id', 'created_on_id', 'branch_id', 'space_id', 'run_id', 'source_id'];

/** Both directions of a many-to-many relation where the rule gives other names: [on the left, on the right]. */
const namedPairs: Record<string, [string, string | null]> = {
  lamindb_artifactartifact: ['artifacts', 'linked_by_artifacts'],
  lamindb_artifact__actions: ['_actions', '_action_targets'],
  lamindb_collection__actions: ['_actions', hidden],
  lamindb_runartifact: ['linked_artifacts', 'linked_by_runs'],
  lamindb_schemacomponent: ['components', 'composites'],
  lamindb_transformtransform: ['predecessors', 'successors'],
  bionty_source_artifacts: ['artifacts', '_source_artifact_of'],
};
const namedFields: Record<string, (left: Table) => string> = {
  parents: () => 'children',
  predecessors: () => 'successors',
  input_of_runs: (left) => `input_${kin(left)}`,
  recreating_runs: (left) => `recreated_${kin(left)}`,
};

/** The two columns that tie rows together in a link, cell or many-to-many table; null for other tables. */
export function linkEnds(table: Table): [Column, Column] | null {
  if (!['m2m', 'link', 'cell'].includes(table.family)) return null;
  const ends = table.rowKey.columns.filter((name) => !['feature_id', 'slot', 'role'].includes(name));
  // A link between a schema and a feature has the feature as an end.
  if (ends.length === 1 && table.family === 'link') ends.push('feature_id');
  const [left, right] = ends.map((name) => table.column.get(name));
  return left?.references && right?.references ? [left, right] : null;
}

/** Names of a many-to-many relation: what leads from the left row to the right one, and back. */
export function pairNames(table: Table, left: Table, right: Table): [string, string | null] {
  const own = namedPairs[table.name];
  if (own) return own;
  if (table.family === 'm2m') {
    const field = table.name.slice(left.name.length + 1);
    return [field, (namedFields[field] ?? kin)(left)];
  }
  if (table.family === 'cell') return [`linked_${kin(right)}`, 'linked_in_records'];
  return [kin(right), kin(left)];
}

/** Name under which the target of a reference finds its rows back; null where there is none. */
export function reverseName(model: Model, table: Table, column: Column): string | null {
  const own = namedReverse[`${table.name}.${column.name}`];
  if (own !== undefined) return own;
  switch (table.family) {
    case 'registry':
      return common.includes(column.name) ? hidden : kin(table);
    case 'block':
      return column.name === `${bare(table.name).replace(/block$/, '')}_id` ? 'ablocks' : hidden;
    case 'link':
    case 'cell':
      return linkName(model, table, column);
    default:
      return hidden;
  }
}

/** Names of links: `links_ulabel` on the artifact, `links_artifact` on the label, `values_…` on a record's cells. */
function linkName(model: Model, table: Table, column: Column): string | null {
  const [left, right] = linkEnds(table) ?? [table.column.get('record_id'), undefined];
  const ofRecord = left?.name === 'record_id';
  if (column === left) return `${ofRecord ? 'values' : 'links'}_${farEnd(model, table, left, right)}`;
  if (column === right) {
    if (!ofRecord) return `links_${bare(left?.references?.table ?? '')}`;
    return table.family === 'cell' ? 'links_in_record' : 'links_record';
  }
  return column.name === 'feature_id' ? `links_${bare(table.name)}` : hidden;
}

/** The right end as its name spells it: bionty's links write cell_type, LaminDB's own and those of schemas do not. */
function farEnd(model: Model, table: Table, left: Column, right: Column | undefined): string {
  if (!right) return bare(table.name).replace(/^record/, '');
  const target = model.tables.get(right.references?.table ?? '');
  const spelt = table.module !== 'lamindb' && left.name !== 'schema_id';
  return spelt && target?.registry ? snake(target.registry) : bare(target?.name ?? '');
}
