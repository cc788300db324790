// What a schema holds, and its hash kept in step: members in the order of their links, optional ones and the index in
// `_aux["af"]`, components by slot. Members that are added later are optional, and a maximal set loses none (lamindb 2.12.1
// `Schema.add`, `Schema.remove`, `Schema.save`).
import { LoamError } from '../errors.ts';
import type { Model, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { toPythonJson } from '../python-json.ts';
import { all, one, type Steps } from '../statement.ts';
import { update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { relationsOf, type Relation } from './relations.ts';
import { readRow } from './rows.ts';
import { schemaHash, type SchemaShape } from './schema-hash.ts';
import { registryOf } from './tables.ts';
import { auxOf } from './typing.ts';

/** The registry that an itype names, with the field whose values stand for its rows and the type they are below. */
export interface Itype {
  table: Table;
  field: string | null;
  typeUid: string | null;
}

/** `Feature`, `bionty.Gene`, `bionty.Gene.ensembl_gene_id`, `Feature[<uid of a type>]`; null for none and for `Composite`. */
export function readItype(model: Model, itype: string | null): Itype | null {
  if (itype === null || itype === 'Composite') return null;
  const match = /^((?:[a-z]\w*\.)?[A-Z]\w*)(?:\[(\w+)\])?(?:\.([a-z_]\w*))?$/.exec(itype);
  if (!match) throw noItype(itype);
  const table = registryOf(model, match[1] ?? '');
  const field = match[3] ?? null;
  if (field !== null && !table.column.has(field)) throw noItype(itype);
  return { table, field, typeUid: match[2] ?? null };
}

function noItype(itype: string): LoamError {
  return new LoamError(
    'InvalidArgument',
    `"${itype.slice(0, 120)}" is no itype. Name a registry, with a field if need be: Feature, bionty.Gene.ensembl_gene_id.`,
    { registry: 'Schema', field: 'itype' },
  );
}

/** The table that ties members of a registry to schemas. */
export function memberLink(model: Model, table: Table): Relation {
  for (const relation of relationsOf(model, 'lamindb_schema').values())
    if (relation.target === table.name && isMembers(model, relation)) return relation;
  throw new LoamError('InvalidArgument', `Schemas have no ${table.registry ?? table.name} rows as members.`, {
    registry: 'Schema',
    field: 'features',
  });
}

/** Links to projects and records are annotations; features and terms of other modules are members. */
function isMembers(model: Model, { target }: Relation): boolean {
  return target === 'lamindb_feature' || model.tables.get(target)?.module !== 'lamindb';
}

export interface Af {
  optional: string[];
  index: string | null;
}

export function readAf(aux: SqlValue): Af {
  const af = auxOf(aux)['af'] as Record<string, unknown> | undefined;
  const uids = Array.isArray(af?.['1']) ? (af['1'] as unknown[]) : [];
  const index = af?.['3'];
  return {
    optional: uids.filter((uid): uid is string => typeof uid === 'string'),
    index: typeof index === 'string' ? index : null,
  };
}

/** `_aux` with these optional features and this index; other keys stay. `reorder` drops an order chosen for display. */
export function withAf(aux: SqlValue, next: Partial<Af>, reorder = false): SqlValue {
  const whole = auxOf(aux);
  const af = { ...(whole['af'] as Record<string, unknown> | undefined) };
  const set = (key: string, value: unknown): void => {
    if (value === null || (Array.isArray(value) && value.length === 0)) delete af[key];
    else af[key] = value;
  };
  if (next.optional) set('1', next.optional);
  if (next.index !== undefined) set('3', next.index);
  if (reorder) delete af['2'];
  if (Object.keys(af).length > 0) whole['af'] = af;
  else delete whole['af'];
  return Object.keys(whole).length > 0 ? toPythonJson(whole) : null;
}

/** Uids of the members in the order of their links. */
export function* memberUids(tx: Transaction, id: number, itype: string | null): Steps<string[]> {
  const known = readItype(tx.journal.model, itype);
  if (!known) return [];
  const link = memberLink(tx.journal.model, known.table);
  const rows = yield* all(
    `SELECT m.uid FROM "${link.table}" l JOIN "${link.target}" m ON m.id = l."${link.other}" WHERE l."${link.own}" = ? ORDER BY l.id`,
    [id],
  );
  return rows.map((r) => String(r[0]));
}

/** Computes the hash anew, and the number of members with it. Answers what that means for datasets. */
export function* rehash(tx: Transaction, id: number): Steps<string[]> {
  const table = registryOf(tx.journal.model, 'Schema');
  const row = (yield* readRow(table, id)) ?? {};
  const itype = row['itype'] === null ? null : String(row['itype']);
  const { optional, index } = readAf(row['_aux'] ?? null);
  const members = yield* memberUids(tx, id, itype);
  const features = [...(index === null ? [] : [index]), ...members.filter((uid) => uid !== index)];
  const slots = yield* all(
    'SELECT l.slot, c.hash FROM lamindb_schemacomponent l JOIN lamindb_schema c ON c.id = l.component_id WHERE l.composite_id = ?',
    [id],
  );
  const before = row['n_members'] === null ? null : Number(row['n_members']);
  const shape: SchemaShape = {
    dtype: row['_dtype_str'] === null ? null : String(row['_dtype_str']),
    itype,
    minimal: row['minimal_set'] === 1,
    ordered: row['ordered_set'] === 1,
    maximal: row['maximal_set'] === 1,
    flexible: row['flexible'] === 1,
    coerce: row['coerce'] === 1,
    members: features.length > 0 ? features.length : before,
    index,
    features,
    optional: new Set(optional),
    slots: slots.map((r) => [String(r[0]), r[1] === null ? null : String(r[1])] as const),
    suffix: row['suffix'] === null ? null : String(row['suffix']),
  };
  const hash = row['is_type'] === 1 ? null : schemaHash(shape);
  if (hash === row['hash']) return [];
  const other = yield* one(
    'SELECT coalesce(name, uid) FROM lamindb_schema WHERE hash = ? AND id <> ? AND loam_present(branch_id) LIMIT 1',
    [hash, id],
  );
  if (other) {
    throw new LoamError(
      'ValidationError',
      `Another schema already has this hash: "${String(other[0])}" asks for exactly this. Use that one, or change something else.`,
      { registry: 'Schema', field: 'features' },
    );
  }
  yield* update(tx, 'lamindb_schema', [id], { hash, n_members: shape.members });
  return yield* datasetsOf(id);
}

function* datasetsOf(id: number): Steps<string[]> {
  const rows = yield* all(
    'SELECT uid FROM lamindb_artifact WHERE schema_id = ? AND loam_present(branch_id) ORDER BY id LIMIT 100',
    [id],
  );
  if (rows.length === 0) return [];
  return [
    `You updated the schema hash and might invalidate datasets that were validated with this schema: ${rows.map((r) => String(r[0])).join(', ')}.`,
  ];
}

/** After members or components were tied or untied. */
export function* relinked(
  tx: Transaction,
  id: number,
  relation: Relation,
  added: readonly number[],
  removed: readonly number[],
): Steps<void> {
  const { model } = tx.journal;
  const isComponent = relation.table === 'lamindb_schemacomponent';
  const target = relation.target === 'lamindb_schema' ? relation.own : relation.target;
  if (!isComponent && !isMemberTable(model, relation.table)) return;
  if (!isComponent) {
    const row = yield* one(
      'SELECT itype, minimal_set, maximal_set, _aux, name FROM lamindb_schema WHERE id = ?',
      [id],
    );
    const itype = row?.[0] === null ? null : String(row?.[0]);
    const known = readItype(model, itype);
    if (!known || memberLink(model, known.table).table !== relation.table) {
      throw new LoamError(
        'ValidationError',
        `Schema "${String(row?.[4])}" takes ${known ? String(known.table.registry) : 'no'} rows as members (itype ${itype ?? 'none'}).`,
        { registry: 'Schema', field: target },
      );
    }
    if (removed.length > 0 && row?.[2] === 1) {
      throw new LoamError(
        'NotImplementedError',
        'Removing features from a schema with maximal_set is not supported: this could invalidate many artifacts. Make another schema.',
        { registry: 'Schema', field: 'features' },
      );
    }
    if (known.table.registry === 'Feature')
      yield* keepAf(tx, id, row?.[3] ?? null, row?.[1] === 1, added, removed);
    const left = yield* memberUids(tx, id, itype);
    if (left.length === 0 && removed.length > 0) yield* update(tx, 'lamindb_schema', [id], { n_members: 0 });
  }
  yield* rehash(tx, id);
}

/** Later members are optional in a minimal set; those that left are no longer listed. */
function* keepAf(
  tx: Transaction,
  id: number,
  aux: SqlValue,
  minimal: boolean,
  added: readonly number[],
  removed: readonly number[],
): Steps<void> {
  const { optional, index } = readAf(aux);
  const uids = function* (ids: readonly number[]): Steps<string[]> {
    const rows = yield* all(
      'SELECT f.uid FROM json_each(?) j JOIN lamindb_feature f ON f.id = j.value ORDER BY j.key',
      [JSON.stringify(ids)],
    );
    return rows.map((r) => String(r[0]));
  };
  const gone = yield* uids(removed);
  if (index !== null && gone.includes(index)) {
    throw new LoamError(
      'ValidationError',
      'This feature is the index of the schema. Choose another index, or none, first.',
      { registry: 'Schema', field: 'features' },
    );
  }
  const fresh = minimal ? (yield* uids(added)).filter((uid) => uid !== index) : [];
  const next = [...optional.filter((uid) => !gone.includes(uid) && !fresh.includes(uid)), ...fresh];
  const values = withAf(aux, { optional: next });
  if (values !== aux) yield* update(tx, 'lamindb_schema', [id], { _aux: values });
}

function isMemberTable(model: Model, table: string): boolean {
  for (const relation of relationsOf(model, 'lamindb_schema').values())
    if (relation.table === table) return isMembers(model, relation);
  return false;
}
