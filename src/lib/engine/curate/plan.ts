// A schema's rows as a plan of what to ask of a dataset (lamindb 2.12.1 `ComponentCurator`): per slot its members with what
// they demand, in the order in which they are checked, and the registry that names of columns are looked up in. What a
// flexible schema takes beyond its members depends on the dataset's columns, so names are read before the plan is complete.
import { LoamError } from '../errors.ts';
import { parseDtype, type Dtype } from '../features/dtype.ts';
import type { Model, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { readAf, readItype, memberLink, type Itype } from '../registry/schema-members.ts';
import { visible } from '../registry/tables.ts';
import { all, one, type Steps } from '../statement.ts';
import type { TermMemo } from './memo.ts';
import type { Author } from '../write/transaction.ts';

/** A column that the schema knows. */
export interface Member {
  id: number;
  uid: string;
  name: string;
  dtype: Dtype;
  nullable: boolean;
  coerce: boolean;
  required: boolean;
  typeId: number | null;
}

export interface SlotPlan {
  /** `columns` for a schema without slots. */
  slot: string;
  schemaId: number;
  schemaUid: string;
  schemaName: string | null;
  /** The registry, field and type that columns (or keys, or names of variables) are looked up in. */
  itype: Itype;
  itypeText: string;
  members: Member[];
  /** Those that the schema itself names, its index with them. */
  own: Member[];
  index: Member | null;
  /** Uids of members that may be missing. */
  optional: ReadonlySet<string>;
  minimal: boolean;
  ordered: boolean;
  maximal: boolean;
  flexible: boolean;
  coerce: boolean;
  /** As it is kept: LaminDB tells null from false. */
  ownCoerce: boolean | null;
  /** How many rows of the registry the schema names; null where it names none. */
  count: number | null;
  /** A dictionary of a table (`attrs`), whose single values LaminDB takes as categories where one is asked for. */
  single: boolean;
  /** The names of rows are what is looked up (`var.T`). */
  transposed: boolean;
}

export interface ValidationPlan {
  schemaId: number;
  schemaUid: string;
  schemaName: string | null;
  /** What a dataset has to be; null where any table will do. */
  otype: string | null;
  /** What an artifact's suffix has to be. */
  suffix: string | null;
  /** `columns` alone, or the slots of a composite in their order; a table with `attrs` has both. */
  slots: SlotPlan[];
}

export interface CurateScope {
  model: Model;
  author: Author;
  /** What is known from looking before; only while nothing is written. */
  memo?: TermMemo | undefined;
}

const schemaColumns =
  's.id, s.uid, s.name, s.itype, s.otype, s.minimal_set, s.ordered_set, s.maximal_set, s.flexible, s.coerce, s.n_members, s._aux, s.is_type, s.suffix';

export function* planOf(scope: CurateScope, schemaUid: string): Steps<ValidationPlan> {
  const row = yield* one(`SELECT ${schemaColumns} FROM lamindb_schema s WHERE s.uid = ?`, [schemaUid]);
  if (!row) {
    throw new LoamError(
      'DoesNotExist',
      `There is no schema with the uid "${schemaUid.slice(0, 40)}". Choose another one.`,
      { registry: 'Schema', uid: schemaUid.slice(0, 40) },
    );
  }
  if (row[12] === 1) {
    throw new LoamError(
      'InvalidArgument',
      `"${String(row[2] ?? row[1])}" is a type of schemas, which asks nothing of a dataset. Choose a schema of that type.`,
      { registry: 'Schema', uid: schemaUid },
    );
  }
  const parts = yield* all(
    `SELECT l.slot, ${schemaColumns} FROM lamindb_schemacomponent l JOIN lamindb_schema s ON s.id = l.component_id
     WHERE l.composite_id = ? ORDER BY l.id`,
    [row[0] ?? null],
  );
  const otype = row[4] === null ? null : String(row[4]);
  const slots: SlotPlan[] = [];
  // A table's own columns are asked for beside its slots; other datasets have slots alone.
  if (isTable(otype) && (parts.length === 0 || row[3] !== null))
    slots.push(yield* slotOf(scope, 'columns', row));
  for (const [slot, ...rest] of parts) {
    const single = isTable(otype) && String(slot).startsWith('attrs');
    slots.push({ ...(yield* slotOf(scope, String(slot), rest)), single });
  }
  return {
    schemaId: Number(row[0]),
    schemaUid: String(row[1]),
    schemaName: text(row[2]),
    otype,
    suffix: text(row[13]),
    slots,
  };
}

/** Any table will do where a schema says nothing of the dataset. */
export const isTable = (otype: string | null): boolean => otype === null || otype === 'DataFrame';

function* slotOf({ model, author }: CurateScope, slot: string, row: readonly SqlValue[]): Steps<SlotPlan> {
  const itypeText = row[3] === null || row[3] === 'Composite' ? 'Feature' : String(row[3]);
  const itype = readItype(model, itypeText) as Itype;
  const af = readAf(row[11] ?? null);
  const features = itype.table.registry === 'Feature';
  const minimal = row[5] === 1;
  const plan: SlotPlan = {
    slot,
    schemaId: Number(row[0]),
    schemaUid: String(row[1]),
    schemaName: text(row[2]),
    itype,
    itypeText,
    members: [],
    own: [],
    index: null,
    optional: new Set(af.optional),
    minimal,
    ordered: row[6] === 1,
    maximal: row[7] === 1,
    flexible: row[8] === 1,
    coerce: row[9] === 1,
    ownCoerce: row[9] === null ? null : row[9] === 1,
    count: row[10] === null ? null : Number(row[10]),
    single: false,
    transposed: isTransposed(slot, itypeText),
  };
  if (!features) return plan;
  const link = memberLink(model, itype.table);
  const rows = yield* all(
    `SELECT ${featureColumns('f')} FROM "${link.table}" l JOIN lamindb_feature f ON f.id = l."${link.other}"
     WHERE l."${link.own}" = ? AND ${visible(itype.table, author, 'f.')} ORDER BY l.id`,
    [plan.schemaId],
  );
  for (const one of rows) {
    const member = memberOf(one, minimal && !plan.optional.has(String(one[1])));
    plan.own.push(member);
    if (member.uid === af.index) plan.index = member;
    else plan.members.push(member);
  }
  return plan;
}

/** `var` with terms of another registry than features is meant as `var.T` (LaminDB's older spelling). */
function isTransposed(slot: string, itype: string): boolean {
  const last = slot.split(':').at(-1);
  return last === 'var.T' || (last === 'var' && !itype.startsWith('Feature'));
}

const featureColumns = (alias: string): string =>
  ['id', 'uid', 'name', '_dtype_str', 'nullable', 'coerce', 'type_id'].map((c) => `${alias}.${c}`).join(', ');

function memberOf(row: readonly SqlValue[], required: boolean): Member {
  return {
    id: Number(row[0]),
    uid: String(row[1]),
    name: String(row[2]),
    dtype: parseDtype(String(row[3])),
    nullable: row[4] !== 0,
    coerce: row[5] === 1,
    required,
    typeId: row[6] === null ? null : Number(row[6]),
  };
}

/**
 * The plan of a slot once the names of its columns are known: a flexible schema also takes every feature that one of them
 * names, before its own members; of several of one name the schema's own.
 */
export function* withNames(
  { model, author }: CurateScope,
  plan: SlotPlan,
  names: readonly string[],
): Steps<SlotPlan> {
  if (!plan.flexible) return plan;
  const table = model.tables.get('lamindb_feature') as Table;
  const { typeUid } = plan.itype.table.registry === 'Feature' ? plan.itype : { typeUid: null };
  const below =
    typeUid === null
      ? ''
      : `AND f.type_id IN (WITH RECURSIVE below(id) AS (SELECT id FROM lamindb_feature WHERE uid = ?2
           UNION SELECT t.id FROM lamindb_feature t JOIN below b ON t.type_id = b.id WHERE t.is_type = 1) SELECT id FROM below)`;
  const rows = yield* all(
    `SELECT ${featureColumns('f')} FROM lamindb_feature f WHERE f.name IN (SELECT value FROM json_each(?1))
     AND f.is_type = 0 AND ${visible(table, author, 'f.')} ${below} ORDER BY f.id`,
    typeUid === null ? [JSON.stringify(names)] : [JSON.stringify(names), typeUid],
  );
  const own = new Set(plan.members.map((m) => m.name));
  const optionalToo = rows.map((row) => memberOf(row, plan.minimal)).filter((m) => !own.has(m.name));
  // Of several features with one name the last one stands, as in a dictionary of columns.
  const byName = new Map<string, Member>();
  for (const member of [...optionalToo, ...plan.members]) byName.set(member.name, member);
  return { ...plan, members: [...byName.values()] };
}

const text = (value: SqlValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value);
