// What a schema without a name is called. LaminDB saves the columns of a dataset as schemas of their own and gives them no
// name; their uids say nothing, so that they are called by what they hold and whose they are: "10 genes (var of a.h5ad)".
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import type { QueryScope } from '../query/prepare.ts';
import { memberTable } from '../query/schema-members.ts';
import { all, one, type Steps } from '../statement.ts';
import { registryPlural, registryTitle } from './registry-words.ts';

/** A row as it is called so far: a row without a name by its key. */
interface Called {
  key: string;
  name: string;
}

/** Gives names to those of these rows of `table` that are schemas without one; all others stay as they are. */
export function* nameSchemas(scope: QueryScope, table: Table, rows: readonly Called[]): Steps<void> {
  if (table.name !== 'lamindb_schema') return;
  const unnamed = rows.filter(({ key, name }) => key === name);
  if (unnamed.length === 0) return;
  const found = yield* all(
    `SELECT uid, id, itype, otype, n_members FROM lamindb_schema
     WHERE uid IN (SELECT value FROM json_each(?)) AND (name IS NULL OR name = '')`,
    [JSON.stringify([...new Set(unnamed.map(({ key }) => key))])],
  );
  const names = new Map<string, string>();
  for (const [uid, id, itype, otype, members] of found) {
    const what = membersWords(
      scope,
      itype as string | null,
      otype as string | null,
      members as number | null,
    );
    const whose = yield* ownerWords(scope, Number(id));
    names.set(String(uid), whose === null ? `${what} (${String(uid).slice(0, 7)})` : `${what} (${whose})`);
  }
  for (const row of unnamed) row.name = names.get(row.key) ?? row.name;
}

/** `10 genes`, `1 feature`, `any features` where the schema leaves open which; a schema of slots by what it is for. */
export function membersWords(
  { model }: QueryScope,
  itype: string | null,
  otype: string | null,
  members: number | null,
): string {
  if (itype === null || itype === 'Composite') return otype ? `schema for ${otype}` : 'schema';
  const table = memberTable(model, itype) ?? model.registry.get('Feature');
  const many = table ? registryPlural(table).toLowerCase() : 'members';
  if (members === null) return `any ${many}`;
  return members === 1 && table ? `1 ${registryTitle(table).toLowerCase()}` : `${members} ${many}`;
}

/** `obs of scrna.h5ad`, from the first artifact that has it, else from the schema that it is a part of. */
function* ownerWords({ hidden }: QueryScope, schema: number): Steps<string | null> {
  const linked = hidden?.('lamindb_artifactschema', 'l.id') ?? '';
  const artifact = yield* one(
    `SELECT l.slot, coalesce(nullif(a.key, ''), nullif(a.description, ''), a.uid),
       (SELECT count(DISTINCT l.artifact_id) FROM lamindb_artifactschema l WHERE l.schema_id = ?1${linked})
     FROM lamindb_artifactschema l JOIN lamindb_artifact a ON a.id = l.artifact_id WHERE l.schema_id = ?1${linked} ORDER BY l.id LIMIT 1`,
    [schema],
  );
  if (artifact) {
    const others = Number(artifact[2]) - 1;
    return `${slotWords(artifact[0])}${String(artifact[1])}${others > 0 ? ` and ${others} more` : ''}`;
  }
  const composite = yield* one(
    `SELECT c.slot, coalesce(nullif(s.name, ''), substr(s.uid, 1, 7)) FROM lamindb_schemacomponent c
     JOIN lamindb_schema s ON s.id = c.composite_id WHERE c.component_id = ? ORDER BY c.id LIMIT 1`,
    [schema],
  );
  return composite ? `${slotWords(composite[0])}${String(composite[1])}` : null;
}

/** LaminDB calls variables `var.T`, since it reads them from the turned table. */
export const slotName = (slot: string): string => slot.replace(/\.T$/, '');

const slotWords = (slot: SqlValue | undefined): string => (slot ? `${slotName(String(slot))} of ` : 'of ');
