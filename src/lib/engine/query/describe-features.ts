// The part of a description that tells features: those of the dataset by slot, those set from outside, and the labels as
// entities. Rows, order and words are LaminDB's.
import { nameField, registryName } from '../model/name-field.ts';
import { fieldsOf } from '../model/relations.ts';
import type { Table } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import { entryValue, featureEntries, recordOwnValues, type FeatureEntry } from './feature-values.ts';
import { labelDtypes } from './feature-dtype.ts';
import type { QueryScope } from './prepare.ts';
import { compareText, str } from './python-values.ts';
import type { QueryValue } from './query.ts';
import { tell } from './read.ts';
import { columnType } from './operands.ts';
import { schemaMembers } from './schema-members.ts';
import { branch, type Branch, type Grid } from './text-layout.ts';

/** Members of a slot that are shown at most. */
const memberLimit = 50;
const shownValues = 10;

export const featureGrid = (slot: string, rows: string[][], showHeader = false): Grid => ({
  columns: [
    { header: slot, width: 30 },
    { header: '', width: 35 },
    { header: '', width: 40 },
  ],
  rows,
  showHeader,
});

/** `cat[bionty.CellType]` -> `bionty.CellType`; types of records and labels by their names. */
export function* shownDtype(scope: QueryScope, dtype: string | null): Steps<string> {
  if (!dtype?.includes('cat[')) return dtype ?? '';
  let text = dtype;
  const [first] = labelDtypes(scope.model, dtype);
  if (first?.typeUid) {
    const row = yield* one(`SELECT name FROM "${first.table.name}" WHERE uid = ?`, [first.typeUid]);
    if (row)
      text = text.replace(`${first.registry}[${first.typeUid}]`, `${first.registry}[${String(row[0])}]`);
  }
  return text
    .split('cat[')
    .map((part, i) => (i === 0 ? part : part.slice(0, -1)))
    .join('');
}

/** Values in one line: different ones, at most ten. */
export function joined(values: readonly QueryValue[], limit = shownValues): string {
  const texts = [...new Set(values.filter((value) => value !== 'None').map(str))];
  return texts.slice(0, limit).join(', ') + (texts.length > limit ? ', ...' : '');
}

function shownValue(entry: FeatureEntry): string {
  const value = entryValue(entry);
  if (entry.whole || !Array.isArray(value)) return dated(entry.feature.dtype, value);
  return joined(value.map((item) => dated(entry.feature.dtype, item)));
}

/** Times as Python prints them: a blank in place of the T. */
function dated(dtype: string, value: QueryValue): string {
  return dtype.startsWith('datetime') && typeof value === 'string' ? value.replace('T', ' ') : str(value);
}

interface Slot {
  name: string;
  schema: number;
  itype: string | null;
  members: number | null;
  names: string[] | null;
}

/** Trees of dataset features and of features from outside; what is empty is left out. */
export function* describeFeatures(scope: QueryScope, table: Table, id: number): Steps<Branch[]> {
  const artifact = table.registry === 'Artifact';
  const slots = artifact ? yield* slotsOf(scope, id) : [];
  const internal = artifact ? yield* datasetDtypes(scope, id) : new Map<string, string>();
  const inside = new Map<string, string[]>();
  const outside: string[][] = [];
  for (const entry of yield* featureEntries(scope, table, id)) {
    const { name, dtype } = entry.feature;
    const row = [name, yield* shownDtype(scope, dtype), shownValue(entry)];
    if (internal.has(name)) inside.set(name, row);
    else outside.push(row);
  }
  if (table.registry === 'Record') yield* addOwn(scope, id, outside);
  const trees: Branch[] = [];
  const children: Branch[] = [];
  for (const slot of slots) children.push(yield* slotTree(scope, slot, inside, internal));
  if (children.length > 0) trees.push(branch('Dataset features', ...children));
  if (outside.length > 0) {
    const external = artifact && (children.length > 0 || (yield* hasExternalSlot(id)));
    trees.push(branch(external ? 'External features' : 'Features', branch(featureGrid('', outside))));
  }
  return trees;
}

function* addOwn(scope: QueryScope, id: number, rows: string[][]): Steps<void> {
  for (const [name, value] of Object.entries(yield* recordOwnValues(scope, id))) {
    const row = yield* one('SELECT _dtype_str FROM lamindb_feature WHERE name = ? ORDER BY id LIMIT 1', [
      name,
    ]);
    if (!row || rows.some(([known]) => known === name)) continue;
    const text = Array.isArray(value) ? joined(value) : str(value);
    rows.push([name, yield* shownDtype(scope, row[0] as string | null), text]);
  }
}

function* slotsOf(scope: QueryScope, artifact: number): Steps<Slot[]> {
  const links = yield* all(
    `SELECT l.slot, s.id, s.itype, s.n_members FROM lamindb_artifactschema l JOIN lamindb_schema s ON s.id = l.schema_id
     WHERE l.artifact_id = ?${scope.hidden('lamindb_artifactschema', 'l.id')} ORDER BY l.id`,
    [artifact],
  );
  const slots: Slot[] = [];
  for (const [name, schema, itype, members] of links) {
    const { table, ids } = yield* schemaMembers(scope.model, Number(schema));
    const field = nameField(table) ?? 'uid';
    let names: string[] | null = null;
    if (ids.length > 0) {
      const rows = yield* all(
        `SELECT x."${field}" FROM json_each(?) j CROSS JOIN "${table.name}" x ON x.id = j.value ORDER BY j.key LIMIT ${memberLimit}`,
        [JSON.stringify(ids)],
      );
      names = rows.map((row) => String(row[0] ?? ''));
    }
    slots.push({
      name: String(name),
      schema: Number(schema),
      itype: itype as string | null,
      members: members as number | null,
      names,
    });
  }
  return slots;
}

/** Names of the features that the dataset's own columns are, with their dtypes. */
function* datasetDtypes(scope: QueryScope, artifact: number): Steps<Map<string, string>> {
  const rows = yield* all(
    `SELECT DISTINCT f.name, f._dtype_str FROM lamindb_artifactschema a JOIN lamindb_schema s ON s.id = a.schema_id AND s.itype LIKE 'Feature%'
     JOIN lamindb_schemafeature m ON m.schema_id = s.id JOIN lamindb_feature f ON f.id = m.feature_id WHERE a.artifact_id = ?`,
    [artifact],
  );
  const dtypes = new Map<string, string>();
  for (const [name, dtype] of rows)
    dtypes.set(String(name), yield* shownDtype(scope, dtype as string | null));
  return dtypes;
}

function* slotTree(
  scope: QueryScope,
  slot: Slot,
  inside: ReadonlyMap<string, string[]>,
  internal: ReadonlyMap<string, string>,
): Steps<Branch> {
  const names = slot.names ?? [];
  const rows: string[][] = [];
  const dtype = yield* one('SELECT _dtype_str FROM lamindb_schema WHERE id = ?', [slot.schema]);
  for (const name of names) {
    if (name === '') continue;
    const known = inside.get(name);
    if (known) rows.push(known);
    else
      rows.push([
        name,
        internal.get(name) ?? (yield* shownDtype(scope, (dtype?.[0] as string | null) ?? null)),
        '',
      ]);
  }
  rows.sort((a, b) => compareText(a[0] ?? '', b[0] ?? ''));
  const itype = slot.itype === 'Feature' ? '' : ` ${slot.itype ?? 'None'}`;
  return branch(featureGrid(`${slot.name} (${slot.members ?? 'None'}${itype})`, rows, true));
}

function* hasExternalSlot(artifact: number): Steps<boolean> {
  const row = yield* one(
    `SELECT 1 FROM lamindb_artifact a JOIN lamindb_schemacomponent c ON c.composite_id = a.schema_id WHERE a.id = ? AND c.slot = '__external__'`,
    [artifact],
  );
  return row !== undefined;
}

/** What an artifact is linked to, registry by registry, in LaminDB's order. */
const entities = [
  ...['users', 'recreating_runs', 'ulabels', 'artifacts', 'records', 'references', 'projects', 'ablocks'],
  ...['organisms', 'genes', 'proteins', 'cell_markers', 'tissues', 'cell_types', 'diseases', 'cell_lines'],
  ...['phenotypes', 'pathways', 'experimental_factors', 'developmental_stages', 'ethnicities'],
];

export function* describeLabels(scope: QueryScope, table: Table, id: number): Steps<Branch | null> {
  const fields = fieldsOf(scope.model, table);
  const known = new Set(entities);
  // Labels of plug-in registries follow those that LaminDB knows.
  const further = [...fields.values()].filter(
    (field) =>
      field.kind === 'relation' &&
      field.direction === 'pair' &&
      field.target.family === 'registry' &&
      !['lamindb', 'bionty'].includes(field.target.module) &&
      !field.name.startsWith('_'),
  );
  const rows: string[][] = [];
  for (const name of [...entities, ...further.map((field) => field.name).filter((n) => !known.has(n))]) {
    const field = fields.get(name);
    if (field?.kind !== 'relation') continue;
    const { target, hops } = field;
    const [first, second] = hops;
    const shown = target.family === 'block' ? 'version_tag' : (nameField(target) ?? 'uid');
    const column = target.column.get(shown);
    if (!first || !column) continue;
    // Without an order, as LaminDB asks: SQLite's own way through the link decides.
    const found = second
      ? yield* all(
          `SELECT x."${shown}" FROM "${target.name}" x INNER JOIN "${first.table.name}" l ON x.id = l."${second.from}" WHERE l."${first.to}" = ?${scope.hidden(first.table.name, 'l.id')}`,
          [id],
        )
      : yield* all(
          `SELECT x."${shown}" FROM "${target.name}" x WHERE x."${first.to}" = ?${scope.hidden(target.name, 'x.id')}`,
          [id],
        );
    const values = found.map(([value]) => tell(columnType(column), value ?? null));
    const text = joined(
      values.map((value) => (column.type === 'datetime' ? str(value).replace('T', ' ') : str(value))),
    );
    if (text !== '') rows.push([`.${name}`, spelt(target), text]);
  }
  return rows.length > 0 ? branch('Entities', branch(featureGrid('', rows))) : null;
}

/** `ArtifactBlock` of lamindb_artifactblock; registries by their own names. */
function spelt(table: Table): string {
  if (table.registry !== null) return registryName(table);
  const bare = table.name.replace(/^[a-z]+_/, '');
  return bare.replace(/^./, (c) => c.toUpperCase()).replace(/block$/, 'Block');
}
