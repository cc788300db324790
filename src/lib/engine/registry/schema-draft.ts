// A schema that is being put together: what it will ask, with features that are there and features that are made with it.
// Looking at a draft writes nothing: it tells what is wrong with which member, the hash, and the schema that asks the same
// already. The hash is that of schema.ts, which makes the rows.
import { checkDtype } from '../features/dtype-rows.ts';
import { isLoamError } from '../errors.ts';
import { slotFits, slotsOf } from '../curate/slots.ts';
import { all, one, type Steps } from '../statement.ts';
import type { Model } from '../model/types.ts';
import type { Author } from '../write/transaction.ts';
import { flexibleByDefault, schemaHash } from './schema-hash.ts';
import { readItype } from './schema-members.ts';
import { registryOf, visible } from './tables.ts';

export interface MemberDraft {
  /** Of a feature that is there; null for one that is made with the schema. */
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
  /** Members are features; or names are looked up in another registry: `bionty.Gene.ensembl_gene_id`. */
  itype: string;
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
  slots: SlotDraft[];
  /** Uid of a record type that becomes a sheet with this schema. */
  sheet: string | null;
}

export interface DraftProblem {
  /** Null for the schema itself. */
  slot: string | null;
  /** Place among the members; null for the whole. */
  member: number | null;
  /** The name is at fault. */
  name?: true;
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
/** A composite of slots alone has no members of its own. */
export const isComposite = ({ otype, slots }: Pick<SchemaDraft, 'otype' | 'slots'>): boolean =>
  slots.length > 0 || (otype !== null && otype !== 'DataFrame');

export function* lookAtDraft(scope: DraftScope, draft: SchemaDraft): Steps<DraftLook> {
  const problems: DraftProblem[] = [];
  const composite = isComposite(draft);
  if (!composite) {
    const hash = yield* partHash(scope, draft, null, problems);
    return yield* found(scope, draft, hash, problems);
  }
  if (draft.slots.length === 0) {
    const where = slotsOf(draft.otype);
    problems.push({ slot: null, member: null, message: `Add a slot: ${where} can be asked for.` });
  }
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
          suffix: null,
        })
      : null;
  return yield* found(scope, draft, hash, problems);
}

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
  problems.push({ slot, member: null, name: true, message });
}

function slotProblem(otype: string | null, slot: string, seen: ReadonlySet<string>): string | null {
  if (slot.trim() === '') return `Name the slot: ${slotsOf(otype)} can be asked for.`;
  if (seen.has(slot)) return `The slot ${slot} is there twice. Keep one of them.`;
  if (slot === '__external__' || slotFits(otype, slot)) return null;
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
): Steps<string | null> {
  const told = problems.length;
  const tell = (member: number | null, message: string) => void problems.push({ slot, member, message });
  const features = part.itype === 'Feature';
  if (!features) {
    try {
      readItype(scope.model, part.itype);
    } catch (error) {
      if (!isLoamError(error)) throw error;
      tell(null, error.message);
    }
  } else if (part.members.length === 0 && part.flexible !== true)
    tell(null, 'Add a feature, or take every column that is a feature.');
  const uids: (string | null)[] = [];
  const names = new Map<string, number>();
  for (const [at, member] of (features ? part.members : []).entries()) {
    const name = member.name.trim();
    if (name === '') tell(at, 'Name the feature.');
    else if (names.has(name)) tell(at, `"${name}" is there already, in row ${(names.get(name) ?? 0) + 1}.`);
    names.set(name, at);
    uids.push(yield* memberUid(scope, { ...member, name }, (message) => tell(at, message)));
  }
  if (problems.length > told || uids.includes(null)) return null;
  const all = uids.filter((uid) => uid !== null);
  const index = part.index === null ? null : (all[part.index] ?? null);
  const n = all.length > 0 ? all.length : null;
  return schemaHash({
    ...flagsOf(part, n),
    dtype: features ? null : 'num',
    itype: part.itype,
    index,
    features: [...(index === null ? [] : [index]), ...all.filter((uid) => uid !== index)],
    optional: new Set(all.filter((_, at) => part.members[at]?.optional === true)),
    slots: [],
    suffix: null,
  });
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
