// A schema that is being put together: what it will ask, with features that are there and features that are made with it.
// Looking at a draft writes nothing: it tells what is wrong with which member, the hash, and the schema that asks the same
// already. The hash is that of schema.ts, which makes the rows.
import { parseDtype } from '../features/dtype.ts';
import { checkDtype } from '../features/dtype-rows.ts';
import { isLoamError } from '../errors.ts';
import { slotFits, slotsOf } from '../curate/slots.ts';
import { all, one, type Steps } from '../statement.ts';
import type { Model } from '../model/types.ts';
import type { Author } from '../write/transaction.ts';
import { suffixOf } from '../suffix.ts';
import { nameColumn } from '../write/history-names.ts';
import { flexibleByDefault, schemaHash, type SchemaShape } from './schema-hash.ts';
import { memberLink, readItype, type Itype } from './schema-members.ts';
import { registryOf, visible } from './tables.ts';

export interface MemberDraft {
  /**
   * Of a feature that is there; null for one that is made with the schema. A term without one is that which has the name, by
   * the field of the itype: terms are never made here.
   */
  uid: string | null;
  name: string;
  dtype: string;
  optional: boolean;
  /** Of a new feature: text is taken as categories, and numbers are made of texts. */
  coerce?: boolean;
  description?: string | null;
}

/** What one table is asked for. */
export interface PartDraft {
  name: string | null;
  /** Members are features, or those of a type (`Feature[uid]`); or terms of another registry: `bionty.Gene.ensembl_gene_id`. */
  itype: string;
  /** A simple type for all members; null for LaminDB's default: `num` for terms, and of features each its own. */
  dtype: string | null;
  /** How many members there are, where none is named; null where that is open. */
  size: number | null;
  members: MemberDraft[];
  /** Place of the member that names the rows. */
  index: number | null;
  minimal: boolean;
  ordered: boolean;
  maximal: boolean;
  /** Null for LaminDB's default: flexible where no members are named. */
  flexible: boolean | null;
  coerce: boolean;
}

export interface SlotDraft {
  slot: string;
  /** A schema that is there, or one that is made with this. */
  schema: { uid: string } | PartDraft;
}

export interface SchemaDraft extends PartDraft {
  description: string | null;
  otype: string | null;
  /** Of the artifacts that are valid; null for any. */
  suffix: string | null;
  /** Uid of the schema type that it is of. */
  type: string | null;
  slots: SlotDraft[];
  /** Uid of a record type that becomes a sheet with this schema. */
  sheet: string | null;
}

export interface DraftProblem {
  /** Null for the schema itself. */
  slot: string | null;
  /** Place among the members; null for the whole. */
  member: number | null;
  /** The name, or the suffix, is at fault. */
  field?: 'name' | 'suffix';
  message: string;
}

export interface DraftLook {
  /** Null while features are new, or something is wrong: features have no uid before they are made. */
  hash: string | null;
  /** The schema that asks exactly this already. */
  same: { uid: string; name: string | null } | null;
  problems: DraftProblem[];
}

export interface DraftScope {
  model: Model;
  author: Author;
}

export const isPart = (schema: { uid: string } | PartDraft): schema is PartDraft => 'members' in schema;
export const ofFeatures = ({ itype }: Pick<PartDraft, 'itype'>): boolean => /^Feature(\[|$)/.test(itype);
/** What is no table is its slots alone. */
export const isComposite = ({ otype }: Pick<SchemaDraft, 'otype'>): boolean =>
  otype !== null && otype !== 'DataFrame';
/** A table may have slots beside its columns, or slots alone. */
export const hasColumns = (draft: SchemaDraft): boolean =>
  !isComposite(draft) && (draft.slots.length === 0 || draft.members.length > 0 || draft.itype !== 'Feature');

export function* lookAtDraft(scope: DraftScope, draft: SchemaDraft): Steps<DraftLook> {
  const problems: DraftProblem[] = [];
  if (draft.suffix !== null && suffixOf(`file${draft.suffix}`).canonical !== draft.suffix)
    problems.push({ slot: null, member: null, field: 'suffix', message: wrongSuffix(draft.suffix) });
  if (draft.slots.length === 0 && isComposite(draft)) {
    const where = slotsOf(draft.otype);
    problems.push({ slot: null, member: null, message: `Add a slot: ${where} can be asked for.` });
  }
  if (draft.slots.some(({ slot }) => slot !== externalSlot) && draft.otype === null)
    problems.push({
      slot: null,
      member: null,
      message: 'Say what datasets it is for: only values beside a dataset can be asked of any.',
    });
  const slots: [string, string | null][] = [];
  const seen = new Set<string>();
  let known = true;
  for (const { slot, schema } of draft.slots) {
    const wrong = slotProblem(draft.otype, slot, seen);
    seen.add(slot);
    if (wrong !== null) problems.push({ slot, member: null, message: wrong });
    const hash = isPart(schema)
      ? yield* partHash(scope, schema, slot, problems)
      : yield* storedHash(schema.uid, slot, problems);
    if (hash === null) known = false;
    slots.push([slot, hash]);
  }
  const { suffix } = draft;
  if (hasColumns(draft)) {
    const told = problems.length;
    const own = yield* partHash(scope, draft, null, problems, { slots, suffix });
    return yield* found(scope, draft, known && told === 0 ? own : null, problems);
  }
  const hash =
    known && problems.length === 0
      ? schemaHash({
          ...flagsOf({ ...draft, flexible: null }, null),
          dtype: 'num',
          itype: null,
          index: null,
          features: [],
          optional: new Set(),
          slots,
          suffix,
        })
      : null;
  return yield* found(scope, draft, hash, problems);
}

const externalSlot = '__external__';

const wrongSuffix = (suffix: string): string =>
  `"${suffix.slice(0, 40)}" is no suffix that artifacts have. Write one with its dot, such as .csv, .parquet, .h5ad or .anndata.zarr.`;

function* found(
  scope: DraftScope,
  { name, slots }: SchemaDraft,
  hash: string | null,
  problems: DraftProblem[],
): Steps<DraftLook> {
  const same = hash === null ? null : yield* sameHash(hash);
  if (same === null) {
    yield* refuseName(scope, name, null, problems);
    for (const { slot, schema } of slots)
      if (isPart(schema) && (yield* samePart(scope, schema)) === null)
        yield* refuseName(scope, schema.name, slot, problems);
  }
  return { hash, same, problems };
}

interface KnownSchema {
  uid: string;
  name: string | null;
}

function* sameHash(hash: string): Steps<KnownSchema | null> {
  const row = yield* one(
    'SELECT uid, name FROM lamindb_schema WHERE hash = ? AND loam_present(branch_id) ORDER BY id LIMIT 1',
    [hash],
  );
  return row ? { uid: String(row[0]), name: row[1] === null ? null : String(row[1]) } : null;
}

/** The schema that asks what this part asks; null where there is none, or features are new. */
export function* samePart(scope: DraftScope, part: PartDraft): Steps<KnownSchema | null> {
  const hash = yield* partHash(scope, part, null, []);
  return hash === null ? null : yield* sameHash(hash);
}

/** LaminDB takes a name that is there for that schema, and changes what it asks. */
function* refuseName(
  { model, author }: DraftScope,
  name: string | null,
  slot: string | null,
  problems: DraftProblem[],
): Steps<void> {
  if (name === null || name.trim() === '') return;
  const row = yield* one(
    `SELECT 1 FROM lamindb_schema WHERE name = ? AND ${visible(registryOf(model, 'Schema'), author)} LIMIT 1`,
    [name.trim()],
  );
  if (!row) return;
  const message = `There is a schema "${name.trim().slice(0, 80)}" already, which asks something else. Choose another name, or change that one on its page.`;
  problems.push({ slot, member: null, field: 'name', message });
}

function slotProblem(otype: string | null, slot: string, seen: ReadonlySet<string>): string | null {
  if (slot.trim() === '') return `Name the slot: ${slotsOf(otype)} can be asked for.`;
  if (seen.has(slot)) return `The slot ${slot} is there twice. Keep one of them.`;
  if (slot === externalSlot || slotFits(otype, slot)) return null;
  return `${otype ?? 'A table'} has no slot "${slot.slice(0, 40)}": ${slotsOf(otype)} can be asked for.`;
}

function* storedHash(uid: string, slot: string, problems: DraftProblem[]): Steps<string | null> {
  const row = yield* one('SELECT hash FROM lamindb_schema WHERE uid = ? AND is_type = 0', [uid]);
  if (row) return row[0] === null ? null : String(row[0]);
  problems.push({ slot, member: null, message: 'This schema is gone. Choose another one.' });
  return null;
}

/** The hash of one table's schema; null where members are new or something is wrong. */
function* partHash(
  scope: DraftScope,
  part: PartDraft,
  slot: string | null,
  problems: DraftProblem[],
  whole: Pick<SchemaShape, 'slots' | 'suffix'> = { slots: [], suffix: null },
): Steps<string | null> {
  const told = problems.length;
  const tell = (member: number | null, message: string) => void problems.push({ slot, member, message });
  const features = ofFeatures(part);
  const itype = yield* itypeOf(scope, part, (message) => tell(null, message));
  if (part.itype === 'Feature' && part.members.length === 0 && part.flexible !== true && part.size === null)
    tell(null, 'Add a feature, or take every column that is a feature.');
  if (part.dtype !== null && parseDtype(part.dtype).simple === null)
    tell(null, `The type of all members is a simple one, not "${part.dtype.slice(0, 40)}".`);
  const uids: (string | null)[] = [];
  const names = new Map<string, number>();
  for (const [at, member] of part.members.entries()) {
    const name = member.name.trim();
    if (name === '') tell(at, features ? 'Name the feature.' : 'Name the term.');
    else if (names.has(name)) tell(at, `"${name}" is there already, in row ${(names.get(name) ?? 0) + 1}.`);
    names.set(name, at);
    const given = { ...member, name };
    const wrong = (message: string) => tell(at, message);
    if (features) uids.push(yield* memberUid(scope, given, wrong));
    else uids.push(itype === null ? null : yield* termUid(scope, itype, given, wrong));
  }
  if (problems.length > told || uids.includes(null)) return null;
  const all = uids.filter((uid) => uid !== null);
  const index = part.index === null || !features ? null : (all[part.index] ?? null);
  const n = all.length > 0 ? all.length : part.size;
  return schemaHash({
    ...flagsOf(part, n),
    dtype: part.dtype ?? (features ? null : 'num'),
    itype: part.itype,
    index,
    features: [...(index === null ? [] : [index]), ...all.filter((uid) => uid !== index)],
    optional: new Set(features ? all.filter((_, at) => part.members[at]?.optional === true) : []),
    ...whole,
  });
}

function* itypeOf(scope: DraftScope, part: PartDraft, tell: (message: string) => void): Steps<Itype | null> {
  try {
    const itype = readItype(scope.model, part.itype);
    if (itype === null) return null;
    if (itype.typeUid !== null) {
      const row = yield* one('SELECT is_type FROM lamindb_feature WHERE uid = ?', [itype.typeUid]);
      if (row?.[0] !== 1) tell('This type of features is gone. Choose another one.');
    } else if (part.members.length > 0) memberLink(scope.model, itype.table);
    return itype;
  } catch (error) {
    if (!isLoamError(error)) throw error;
    tell(error.message);
    return null;
  }
}

/** The term that a member is; of several that are called so none is taken. */
export function* termUid(
  { author }: DraftScope,
  { table, field }: Itype,
  { uid, name }: MemberDraft,
  tell: (message: string) => void,
): Steps<string | null> {
  const title = table.registry ?? table.name;
  if (uid !== null) {
    const row = yield* one(`SELECT 1 FROM "${table.name}" WHERE uid = ?`, [uid]);
    if (!row) tell(`The ${title} "${name}" is gone. Take it out.`);
    return uid;
  }
  if (name === '') return null;
  const column = field ?? nameColumn(table);
  const rows = yield* all(
    `SELECT uid FROM "${table.name}" WHERE "${column}" = ? AND ${visible(table, author)} ORDER BY id LIMIT 2`,
    [name],
  );
  const [there, other] = rows;
  if (!there)
    tell(`No ${title} has the ${column} "${name.slice(0, 80)}". Import or make it first, or take it out.`);
  else if (other)
    tell(`Several rows of ${title} have the ${column} "${name.slice(0, 80)}". Choose the one that is meant.`);
  return there && !other ? String(there[0]) : null;
}

const flagsOf = ({ minimal, ordered, maximal, flexible, coerce }: PartDraft, members: number | null) => ({
  minimal,
  ordered,
  maximal,
  coerce,
  flexible: flexible ?? flexibleByDefault(members),
  members,
});

/** The feature that making it would give back; null for a new one. */
function* memberUid(
  { model, author }: DraftScope,
  { uid, name, dtype }: MemberDraft,
  tell: (message: string) => void,
): Steps<string | null> {
  if (uid !== null) {
    const row = yield* one('SELECT is_type FROM lamindb_feature WHERE uid = ?', [uid]);
    if (!row) tell(`The feature "${name}" is gone. Take it out.`);
    else if (row[0] === 1) tell(`"${name}" is a type of features, no feature.`);
    return uid;
  }
  if (name === '') return null;
  if (dtype.trim() === '') {
    tell(`Say what values "${name}" has.`);
    return null;
  }
  try {
    yield* checkDtype(model, dtype);
  } catch (error) {
    if (!isLoamError(error)) throw error;
    tell(error.message);
    return null;
  }
  const table = registryOf(model, 'Feature');
  const rows = yield* all(
    `SELECT uid, _dtype_str FROM lamindb_feature WHERE name = ? AND ${visible(table, author)} ORDER BY id LIMIT 1`,
    [name],
  );
  const [there] = rows;
  if (!there) return null;
  if (there[1] === dtype) return String(there[0]);
  tell(
    `There is a feature "${name}" already, with the type ${String(there[1])}. Take that one, or another name.`,
  );
  return null;
}
