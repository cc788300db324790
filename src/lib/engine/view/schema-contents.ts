// What a schema asks, for its page: members with their types and marks, the rules of each table, and the slots of a composite
// one by one.
import { registryName } from '../model/name-field.ts';
import type { SqlValue } from '../ports.ts';
import type { QueryScope } from '../query/prepare.ts';
import { schemaMembers } from '../query/schema-members.ts';
import { LoamError } from '../errors.ts';
import { all, one, type Steps } from '../statement.ts';
import { namesOf, rowName, type RowLink } from './cells.ts';
import { membersWords, nameSchemas } from './schema-names.ts';

export interface ContentMember extends RowLink {
  /** Of features. */
  dtype: string | null;
  optional: boolean;
  /** It names the rows. */
  index: boolean;
}

export interface SchemaContent {
  /** Null for the schema itself. */
  slot: string | null;
  schema: RowLink;
  /** `3 features`, `any genes`. */
  what: string;
  registry: string;
  members: ContentMember[];
  /** Members there are, also beyond those listed. */
  total: number;
  rules: { minimal: boolean; ordered: boolean; maximal: boolean; flexible: boolean; coerce: boolean };
}

const shownMembers = 200;

/** The schema's own members, or one entry for each of its slots. Throws `DoesNotExist`. */
export function* schemaContents(scope: QueryScope, uid: string): Steps<SchemaContent[]> {
  const own = yield* one('SELECT id FROM lamindb_schema WHERE uid = ?', [uid]);
  if (!own)
    throw new LoamError('DoesNotExist', `There is no schema "${uid.slice(0, 40)}" here.`, {
      registry: 'Schema',
      uid: uid.slice(0, 40),
    });
  const components = yield* all(
    `SELECT slot, component_id FROM lamindb_schemacomponent WHERE composite_id = ?${scope.hidden('lamindb_schemacomponent', 'id')} ORDER BY id`,
    [own[0] ?? null],
  );
  const first = yield* contentOf(scope, null, Number(own[0]));
  const contents = first.members.length > 0 || components.length === 0 ? [first] : [];
  for (const [slot, id] of components) contents.push(yield* contentOf(scope, String(slot), Number(id)));
  const table = scope.model.registry.get('Schema');
  if (table)
    yield* nameSchemas(
      scope,
      table,
      contents.map(({ schema }) => schema),
    );
  return contents;
}

function* contentOf(scope: QueryScope, slot: string | null, id: number): Steps<SchemaContent> {
  const row = yield* one(
    `SELECT uid, name, itype, otype, n_members, minimal_set, ordered_set, maximal_set, flexible, coerce
     FROM lamindb_schema WHERE id = ?`,
    [id],
  );
  const [uid = null, called = null, itype, otype, count, ...flags] = (row ?? []) as SqlValue[];
  const [minimal, ordered, maximal, flexible, coerce] = flags.map((flag) => flag === 1);
  const { table, ids, optional, index } = yield* schemaMembers(scope.model, id);
  const { key, name } = namesOf(table);
  const dtype = table.registry === 'Feature' ? 'm._dtype_str' : 'NULL';
  const rows = yield* all(
    `SELECT m."${key}", m."${name}", ${dtype} FROM json_each(?) j CROSS JOIN "${table.name}" m ON m.id = j.value ORDER BY j.key`,
    [JSON.stringify(ids.slice(0, shownMembers))],
  );
  const words = (value: SqlValue | undefined): string | null => (typeof value === 'string' ? value : null);
  return {
    slot,
    schema: { key: String(uid), name: called === null ? String(uid) : String(called) },
    what: membersWords(scope, words(itype), words(otype), count === null ? null : Number(count)),
    registry: registryName(table),
    members: rows.map(([own = null, member = null, type]) => ({
      key: String(own),
      name: rowName(table, member, own),
      dtype: words(type),
      optional: optional.includes(String(own)),
      index: index === String(own),
    })),
    total: ids.length,
    rules: {
      minimal: minimal === true,
      ordered: ordered === true,
      maximal: maximal === true,
      flexible: flexible === true,
      coerce: coerce === true,
    },
  };
}
