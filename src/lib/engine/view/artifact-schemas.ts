// What an artifact's dataset holds, by schema: the schema that validated it, and each of its slots (obs, var, columns …) with
// the features or registry rows that are its members.
import { registryName } from '../model/name-field.ts';
import type { Table } from '../model/types.ts';
import { findArtifact } from '../query/artifact-detail.ts';
import type { QueryScope } from '../query/prepare.ts';
import { schemaMembers } from '../query/schema-members.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { namesOf, rowName, type RowLink } from './cells.ts';
import { membersWords, nameSchemas, slotName } from './schema-names.ts';

export interface SchemaSlot {
  /** `obs`, `var`, `columns`; null for a schema without slots that the dataset was not taken apart by. */
  slot: string | null;
  schema: RowLink;
  /** `10 genes`, `any features`. */
  what: string;
  /** Registry of the members: `Feature`, `bionty.Gene` … */
  registry: string;
  /** The first twenty in their order, features with their dtype. */
  members: (RowLink & { dtype: string | null })[];
  total: number;
}

export interface ArtifactSchemas {
  /** The schema that the artifact was validated by. */
  validating: RowLink | null;
  /** The slots hold what was found in the dataset; otherwise what the validating schema asks for. */
  found: boolean;
  slots: SchemaSlot[];
}

const shownMembers = 20;

/** Throws `DoesNotExist` for an artifact that is not here. */
export function* artifactSchemas(scope: QueryScope, uid: string): Steps<ArtifactSchemas> {
  const { id } = yield* findArtifact(scope.hidden, uid);
  const schemas = scope.model.registry.get('Schema');
  if (!schemas) return { validating: null, found: false, slots: [] };
  const own = yield* one(
    'SELECT s.id, s.uid, s.name FROM lamindb_artifact a JOIN lamindb_schema s ON s.id = a.schema_id WHERE a.id = ?',
    [id],
  );
  const linked = yield* all(
    `SELECT l.slot, l.schema_id FROM lamindb_artifactschema l WHERE l.artifact_id = ?${scope.hidden('lamindb_artifactschema', 'l.id')} ORDER BY l.id`,
    [id],
  );
  let asked = linked;
  if (linked.length === 0 && own) {
    asked = yield* all(
      'SELECT slot, component_id FROM lamindb_schemacomponent WHERE composite_id = ? ORDER BY id',
      [own[0] ?? null],
    );
    if (asked.length === 0) asked = [[null, own[0] ?? null]];
  }
  const slots: SchemaSlot[] = [];
  for (const [slot = null, schema] of asked)
    slots.push(yield* slotOf(scope, schemas, slot as string | null, Number(schema)));
  const validating = own
    ? { key: String(own[1]), name: rowName(schemas, own[2] ?? null, own[1] ?? null) }
    : null;
  yield* nameSchemas(scope, schemas, [
    ...(validating ? [validating] : []),
    ...slots.map((one) => one.schema),
  ]);
  return { validating, found: linked.length > 0, slots };
}

function* slotOf(scope: QueryScope, schemas: Table, slot: string | null, id: number): Steps<SchemaSlot> {
  const row = yield* one('SELECT uid, name, itype, otype, n_members FROM lamindb_schema WHERE id = ?', [id]);
  const [uid = null, called = null, itype, otype, members] = row ?? [];
  const { table, ids } = yield* schemaMembers(scope.model, id);
  const { key, name } = namesOf(table);
  const dtype = table.registry === 'Feature' ? 'm._dtype_str' : 'NULL';
  const rows: SqlValue[][] = yield* all(
    `SELECT m."${key}", m."${name}", ${dtype} FROM json_each(?) j CROSS JOIN "${table.name}" m ON m.id = j.value ORDER BY j.key`,
    [JSON.stringify(ids.slice(0, shownMembers))],
  );
  return {
    slot: slot === null ? null : slotName(slot),
    schema: { key: String(uid), name: rowName(schemas, called, uid) },
    what: membersWords(
      scope,
      (itype as string | null) ?? null,
      (otype as string | null) ?? null,
      (members as number | null) ?? null,
    ),
    registry: registryName(table),
    members: rows.map(([own = null, member = null, type]) => ({
      key: String(own),
      name: rowName(table, member, own),
      dtype: (type as string | null) ?? null,
    })),
    total: ids.length,
  };
}
