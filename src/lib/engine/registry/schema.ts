// Schemas as rows (lamindb 2.12.1 `Schema`): members in order, optional ones, an index, components by slot, and a hash over
// what they ask of a dataset. The same hash is the schema that is there, with its names changed to those passed; the same
// name with other members is that schema with the new members. Whether a dataset fits a schema is decided elsewhere.
import { parseDtype } from '../features/dtype.ts';
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import { suffixOf } from '../suffix.ts';
import { insert, remove, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { randomUid } from '../uid.ts';
import {
  take,
  type Behaviour,
  type Change,
  type CreatePlan,
  type Draft,
  type Found,
  type UpdatePlan,
} from './behaviour.ts';
import type { Fields, Ref } from './registry-types.ts';
import { resolveRef } from './resolve.ts';
import { checkIndex, migrateIndex, type IndexConflict } from './schema-index.ts';
import { flexibleByDefault, knownSchemas, schemaHash } from './schema-hash.ts';
import { memberLink, memberUids, readAf, readItype, rehash, relinked, withAf } from './schema-members.ts';
import { labelOf, registryOf } from './tables.ts';

export const schema: Behaviour = {
  takes: ['features', 'index', 'slots', 'n_members', 'optionals'],
  *create(tx: Transaction, draft: Draft): Steps<CreatePlan> {
    const { given, options } = draft;
    const isType = given['is_type'] === true || given['is_type'] === 1;
    checkSuffix(given['suffix']);
    yield* normaliseItype(tx, given);
    const members = yield* readMembers(tx, given);
    const slots = yield* readSlots(tx, take(given, 'slots'));
    const size = take(given, 'n_members');
    if (members.rows.length === 0 && slots.length === 0 && !isType && (given['itype'] ?? null) === null) {
      throw refused(
        'features',
        'Please pass features or slots or itype or set is_type=True.',
        'InvalidArgument',
      );
    }
    if (members.rows.length > 0) given['itype'] = itypeOf(members.table, given['itype']);
    const external = slots.every(([slot]) => slot === '__external__') && (given['itype'] ?? null) === null;
    if (slots.length > 0 && (given['otype'] ?? null) === null && !external)
      throw refused('otype', 'Please pass otype != None for composite schemas.', 'InvalidArgument');
    given['dtype'] = dtypeOf(given);
    if (given['coerce'] === false) delete given['coerce'];
    let byHash = false;
    return {
      *find(): Steps<Found | null> {
        const { values } = draft;
        const n = members.rows.length > 0 ? members.rows.length : typeof size === 'number' ? size : null;
        values['n_members'] = n;
        values['flexible'] ??= flexibleByDefault(n) ? 1 : 0;
        if (members.optional.length > 0 || members.index !== null)
          values['_aux'] = withAf(values['_aux'] ?? null, {
            optional: members.optional,
            index: members.index,
          });
        if (isType) return null;
        const text = (column: string): string | null =>
          values[column] === null || values[column] === undefined ? null : String(values[column]);
        values['hash'] = schemaHash({
          dtype: text('_dtype_str'),
          itype: text('itype'),
          minimal: (values['minimal_set'] ?? 1) === 1,
          ordered: values['ordered_set'] === 1,
          maximal: values['maximal_set'] === 1,
          flexible: values['flexible'] === 1,
          coerce: values['coerce'] === 1,
          members: n,
          index: members.index,
          features: members.rows.map((m) => m.uid),
          optional: new Set(members.optional),
          slots: slots.map(([slot, , hash]) => [slot, hash] as const),
          suffix: text('suffix'),
        });
        if (options.skipHashLookup) return null;
        const known = yield* sameHash(draft);
        byHash = known !== null;
        return known;
      },
      *complete() {
        const { values } = draft;
        const known = knownSchemas.get(String(values['hash'] ?? ''));
        if (known !== undefined) {
          const taken = yield* one('SELECT 1 FROM lamindb_schema WHERE uid = ?', [known]);
          if (!taken) values['uid'] ??= known;
        }
        values['uid'] ??= randomUid(16, tx.journal.random);
      },
      *after(id, created) {
        if (byHash) return;
        const changes = members.rows.length > 0 && (created || (yield* differs(tx, id, members)));
        if (changes) yield* replaceMembers(tx, id, members, created);
        yield* addSlots(tx, id, slots);
        if (!created) yield* rehash(tx, id);
      },
    };
  },
  *update(tx: Transaction, change: Change): Steps<UpdatePlan> {
    const { given, id, row } = change;
    for (const field of ['features', 'slots', 'n_members']) {
      if (!(field in given)) continue;
      throw new LoamError(
        'FieldValidationError',
        `"${field}" of a Schema is not set on one that is there. Add and remove its features, or make another schema.`,
        { registry: 'Schema', field },
      );
    }
    if ('itype' in given) {
      throw new LoamError('FieldValidationError', 'The itype of a Schema is for life. Make another schema.', {
        registry: 'Schema',
        field: 'itype',
      });
    }
    checkSuffix(given['suffix']);
    if (typeof given['dtype'] === 'string') given['dtype'] = dtypeOf(given);
    const before = readAf(row['_aux'] ?? null);
    const conflict = readConflict(take(given, 'index_name_conflict'));
    const next = yield* readAux(tx, change, before);
    return {
      *before() {
        if (next) change.values['_aux'] = withAf(change.values['_aux'] ?? row['_aux'] ?? null, next);
      },
      *after() {
        change.warnings.push(...(yield* rehash(tx, id)));
        if (next?.index !== undefined) yield* migrateIndex(tx, id, before.index, next.index, conflict);
      },
    };
  },
  relinked,
};

interface Members {
  table: Table;
  rows: { id: number; uid: string }[];
  optional: string[];
  index: string | null;
}

/** Members in order, the index first. A member is a reference, or `{ feature, optional: true }`. */
function* readMembers(tx: Transaction, given: Fields): Steps<Members> {
  const { model } = tx.journal;
  const itype = readItype(model, typeof given['itype'] === 'string' ? given['itype'] : null);
  const table = itype?.table ?? registryOf(model, 'Feature');
  const list = take(given, 'features') ?? [];
  if (!Array.isArray(list)) throw refused('features', 'features has to be a list.', 'TypeError');
  const index = take(given, 'index') as Ref | null | undefined;
  const scope = { author: tx.author, ...(itype?.field ? { field: itype.field } : {}) };
  const optional = new Set<number>();
  const ids: number[] = [];
  if (index !== undefined && index !== null) {
    if (table.registry !== 'Feature') throw refused('index', 'index must be a Feature.', 'TypeError');
    ids.push(yield* resolveRef(table, index, scope, 'index'));
  }
  for (const item of list as unknown[]) {
    const [ref, isOptional] = readItem(item);
    const id = yield* resolveRef(table, ref, scope, 'features');
    ids.push(id);
    if (isOptional) optional.add(id);
  }
  const rows = yield* all(
    `SELECT id, uid, ${table.column.has('is_type') ? 'is_type' : '0'}, ${table.column.has('name') ? 'name' : 'uid'} FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(ids)],
  );
  const byId = new Map(rows.map((r) => [Number(r[0]), r]));
  const type = rows.find((r) => r[2] === 1);
  if (type) throw refused('features', `"${String(type[3])}" is a type of features, no feature.`);
  const members = [...new Set(ids)].map((id) => ({ id, uid: String(byId.get(id)?.[1]) }));
  const indexUid = index === undefined || index === null ? null : (members[0]?.uid ?? null);
  if (table.registry === 'Feature') yield* checkFields(members, indexUid);
  return {
    table,
    rows: members,
    optional: members.filter((m) => optional.has(m.id)).map((m) => m.uid),
    index: indexUid,
  };
}

function readItem(item: unknown): [Ref, boolean] {
  if (item !== null && typeof item === 'object' && 'feature' in item)
    return [item.feature as Ref, 'optional' in item && item.optional === true];
  return [item as Ref, false];
}

/** Features that keep their values in a field of the record: each field once, and the name only as the index. */
function* checkFields(members: Members['rows'], index: string | null): Steps<void> {
  const rows = yield* all(
    `SELECT uid, name, json_extract(_aux, '$.sf') FROM lamindb_feature WHERE id IN (SELECT value FROM json_each(?)) AND json_extract(_aux, '$.sf') IS NOT NULL`,
    [JSON.stringify(members.map((m) => m.id))],
  );
  const seen = new Set<string>();
  for (const [uid, , field] of rows) {
    const name = String(field);
    if (uid === index && name !== 'name')
      throw refused(
        'index',
        "A schema index feature cannot map to a record field other than 'name'.",
        'ValueError',
      );
    if (uid !== index && name === 'name' && index !== null) {
      throw refused(
        'features',
        'Cannot map a feature to Record.name when schema.index is set: the index feature is already stored on Record.name automatically.',
        'ValueError',
      );
    }
    if (seen.has(name)) {
      throw refused(
        'features',
        `Multiple features map to record field '${name}'. Only one feature can target a given record field.`,
        'ValueError',
      );
    }
    seen.add(name);
  }
}

type Slot = readonly [slot: string, id: number, hash: string | null];

function* readSlots(tx: Transaction, given: unknown): Steps<Slot[]> {
  if (given === undefined || given === null) return [];
  if (typeof given !== 'object' || Array.isArray(given))
    throw refused('slots', 'slots has to name a schema for each slot.', 'TypeError');
  const table = registryOf(tx.journal.model, 'Schema');
  const slots: Slot[] = [];
  for (const [slot, ref] of Object.entries(given as Record<string, Ref>)) {
    const id = yield* resolveRef(table, ref, { author: tx.author }, 'slots');
    const row = yield* one('SELECT hash FROM lamindb_schema WHERE id = ?', [id]);
    slots.push([slot, id, row?.[0] === null ? null : String(row?.[0])]);
  }
  return slots;
}

/** A type of features as itype is written with its uid; a text has to name a registry and, if it likes, a field. */
function* normaliseItype(tx: Transaction, given: Fields): Steps<void> {
  const { itype } = given;
  if (itype === undefined || itype === null) return;
  const { model } = tx.journal;
  if (typeof itype === 'string') {
    const read = readItype(model, itype);
    if (read?.typeUid === null || read === null) return;
    given['itype'] = yield* featureType(tx, { uid: read.typeUid });
    return;
  }
  given['itype'] = yield* featureType(tx, itype as Ref);
}

function* featureType(tx: Transaction, ref: Ref): Steps<string> {
  const id = yield* resolveRef(registryOf(tx.journal.model, 'Feature'), ref, { author: tx.author }, 'itype');
  const row = yield* one('SELECT uid, is_type, name FROM lamindb_feature WHERE id = ?', [id]);
  if (row?.[1] === 1) return `Feature[${String(row[0])}]`;
  throw refused('itype', `Feature "${String(row?.[2])}" is no type, so it cannot be an itype.`);
}

function itypeOf(table: Table, given: unknown): string {
  const own = table.module === 'lamindb' ? labelOf(table) : `${table.module}.${labelOf(table)}`;
  if (typeof given !== 'string') return own;
  if (given.startsWith(own)) return given;
  throw refused('itype', `The features are ${own} rows, so itype has to start with ${own}.`);
}

/** One simple dtype for all members: numbers, unless the members are features with dtypes of their own. */
function dtypeOf(given: Fields): string | null {
  const { itype, dtype } = given;
  if (typeof dtype === 'string') {
    const { simple } = parseDtype(dtype);
    if (simple === null) throw refused('dtype', `The dtype of a schema is a simple one, not "${dtype}".`);
    return dtype;
  }
  return typeof itype === 'string' && itype.startsWith('Feature') ? null : 'num';
}

function checkSuffix(suffix: unknown): void {
  if (typeof suffix !== 'string' || suffixOf(`file${suffix}`).canonical === suffix) return;
  throw new LoamError(
    'FieldValidationError',
    `Invalid suffix '${suffix.slice(0, 40)}'. Pass a canonical one, such as .csv, .parquet, .h5ad or .anndata.zarr.`,
    { registry: 'Schema', field: 'suffix' },
  );
}

function* sameHash({ values }: Draft): Steps<Found | null> {
  const hash = values['hash'] ?? null;
  const row = yield* one(
    'SELECT id, name FROM lamindb_schema WHERE hash = ? AND loam_present(branch_id) ORDER BY id LIMIT 1',
    [hash],
  );
  if (!row) return null;
  // What is not part of the hash stays where it was not passed: formats, an order for display.
  delete values['_aux'];
  const known = String(row[1] ?? '');
  const named = values['name'] ?? null;
  const renamed = row[1] !== null && named !== null && named !== row[1] ? ` Its name was ${known}.` : '';
  return { id: Number(row[0]), message: `Returning the schema with the same hash.${renamed}` };
}

function* differs(tx: Transaction, id: number, members: Members): Steps<boolean> {
  const row = yield* one('SELECT itype FROM lamindb_schema WHERE id = ?', [id]);
  const old = yield* memberUids(tx, id, row?.[0] === null ? null : String(row?.[0]));
  return old.join(':') !== members.rows.map((m) => m.uid).join(':');
}

/** Members are ordered by their links, so another set or order is written anew. */
function* replaceMembers(tx: Transaction, id: number, members: Members, created: boolean): Steps<void> {
  const link = memberLink(tx.journal.model, members.table);
  if (!created) {
    const old = yield* all(`SELECT id FROM "${link.table}" WHERE "${link.own}" = ?`, [id]);
    yield* remove(
      tx,
      link.table,
      old.map((r) => Number(r[0])),
    );
    const row = yield* one('SELECT _aux FROM lamindb_schema WHERE id = ?', [id]);
    const { optional, index } = members;
    yield* update(tx, 'lamindb_schema', [id], { _aux: withAf(row?.[0] ?? null, { optional, index }, true) });
  }
  yield* insert(tx, link.table, members.rows.length, {
    [link.own]: id,
    [link.other]: members.rows.map((m) => m.id),
  });
}

function* addSlots(tx: Transaction, id: number, slots: readonly Slot[]): Steps<void> {
  for (const [slot, component] of slots) {
    const there = yield* one(
      'SELECT 1 FROM lamindb_schemacomponent WHERE composite_id = ? AND component_id = ? AND slot = ?',
      [id, component, slot],
    );
    if (there) continue;
    if (component === id) throw refused('slots', 'A schema cannot be a component of itself.');
    yield* insert(tx, 'lamindb_schemacomponent', 1, { composite_id: id, component_id: component, slot });
  }
}

/** A new index or new optional features, of those that are members. */
function* readAux(
  tx: Transaction,
  { given, id, row }: Change,
  before: { optional: string[]; index: string | null },
): Steps<{ index?: string | null; optional?: string[] } | null> {
  if (!('index' in given) && !('optionals' in given)) return null;
  const index = take(given, 'index') as Ref | null | undefined;
  const optionals = take(given, 'optionals') as Ref[] | null | undefined;
  const table = registryOf(tx.journal.model, 'Feature');
  const members = yield* memberUids(tx, id, row['itype'] === null ? null : String(row['itype']));
  const uidOf = function* (ref: Ref, field: string): Steps<string> {
    const feature = yield* resolveRef(table, ref, { author: tx.author }, field);
    const found = yield* one('SELECT uid, name FROM lamindb_feature WHERE id = ?', [feature]);
    if (members.includes(String(found?.[0]))) return String(found?.[0]);
    throw refused(field, `"${String(found?.[1])}" is no feature of this schema. Add it first.`);
  };
  const next: { index?: string | null; optional?: string[] } = {};
  if (index !== undefined) {
    next.index = index === null ? null : yield* uidOf(index, 'index');
    if (next.index !== null && next.index !== before.index) {
      const sheet = yield* one('SELECT 1 FROM lamindb_record WHERE schema_id = ? LIMIT 1', [id]);
      if (sheet) yield* checkIndex(next.index);
    }
  }
  if (Array.isArray(optionals)) {
    next.optional = [];
    for (const ref of optionals) next.optional.push(yield* uidOf(ref, 'optionals'));
  }
  return next;
}

function readConflict(value: unknown): IndexConflict | null {
  if (value === undefined || value === null) return null;
  if (value === 'keep_name' || value === 'keep_feature') return value;
  throw refused('index_name_conflict', 'index_name_conflict is "keep_name" or "keep_feature".');
}

function refused(
  field: string,
  message: string,
  code: 'ValidationError' | 'InvalidArgument' | 'TypeError' | 'ValueError' = 'ValidationError',
): LoamError {
  return new LoamError(code, message, { registry: 'Schema', field });
}
