// Making a row of any registry as LaminDB's constructor and `save` make it: fields read, types checked, the row of the same
// name given back and told, similar names listed, uid minted, defaults written, rows tied. What a registry adds to that is
// in its behaviour.
import { hostOf } from '../features/hosts.ts';
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { toPythonJson } from '../python-json.ts';
import { all, one, type Steps } from '../statement.ts';
import { insertOne } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { take, type CreatePlan, type Draft, type Found } from './behaviour.ts';
import { behaviourOf } from './behaviours.ts';
import { fieldOf, readFields } from './fields.ts';
import { relate } from './relate.ts';
import type { Created, CreateOptions, FieldChange, Fields } from './registry-types.ts';
import { idIn, mint, told, write } from './rows.ts';
import { similarNames } from './similar.ts';
import { hasEmoji, isTyped, labelOf, nameOf, registryOf, searchesNames, visible } from './tables.ts';
import { auxOf, checkType, enforcedSpace } from './typing.ts';
import { findClash, refuseClash } from './uniques.ts';

export function* create(
  tx: Transaction,
  registry: string,
  fields: Fields,
  options: CreateOptions = {},
): Steps<Created> {
  const table = registryOf(tx.journal.model, registry);
  const behaviour = behaviourOf(table);
  if (options.features) hostOf(tx.journal.model, labelOf(table));
  const draft: Draft = { table, given: { ...fields }, values: {}, options };
  const plan: CreatePlan = behaviour.create ? yield* behaviour.create(tx, draft) : {};
  const uid = take(draft.given, 'uid');
  const emoji = hasEmoji(table) ? take(draft.given, 'emoji') : undefined;
  const read = yield* readFields(tx, table, draft.given, behaviour.takes);
  draft.values = { ...draft.values, ...read };
  yield* inheritFromType(draft, emoji);
  refuseMissing(draft);
  yield* checkType(tx, table, {
    id: null,
    typeId: idIn(draft.values['type_id']),
    isType: draft.values['is_type'] === 1,
    schemaId: idIn(draft.values['schema_id']),
    spaceId: idIn(draft.values['space_id']) ?? tx.author.spaceId,
  });
  if (uid !== undefined) draft.values['uid'] = checkUid(table, uid);

  let found: Found | null = plan.find ? yield* plan.find() : null;
  const looks = plan.names !== false && uid === undefined && options.searchNames !== false;
  if (!found && looks) found = yield* sameName(tx, draft, plan);
  if (found) return yield* giveBack(tx, draft, plan, found, []);

  if (plan.complete) yield* plan.complete();
  if (table.uidLength > 0) draft.values['uid'] ??= mint(tx, table);
  const clash = yield* findClash(table, draft.values);
  if (clash?.known) {
    const shared = clash.columns.map((c) => `${c} ${String(draft.values[c])}`).join(', ');
    const message = `Returning the ${labelOf(table)} with the same ${shared}.`;
    const asItIs = clash.branchId === 1 || clash.columns.includes('hash');
    return yield* giveBack(tx, draft, plan, { id: clash.id, message, asItIs, comes: true }, []);
  }
  if (clash) yield* refuseClash(table, clash, draft.values);
  const similar = looks ? yield* similarTo(tx, draft) : [];
  const id = yield* insertOne(tx, table.name, draft.values);
  yield* finish(tx, draft, plan, id, true);
  return { ...(yield* told(table, id)), created: true, changed: [], similar, message: null };
}

/** LaminDB gives rows of a type the type's emoji, and the space that a single-space type asks for. */
export function* inheritFromType(draft: Draft, emoji: unknown): Steps<void> {
  const { table, values } = draft;
  if (!hasEmoji(table)) return;
  const aux = auxOf(values['_aux'] ?? null);
  if (typeof emoji === 'string' && emoji.trim() !== '') aux['ei'] = emoji.trim();
  else if (emoji !== undefined && emoji !== null && typeof emoji !== 'string')
    throw new LoamError('ValueError', `emoji must be a text or null, got ${typeof emoji}.`, {
      field: 'emoji',
    });
  const typeId = idIn(values['type_id']);
  if (typeId !== null) {
    const type = yield* one(`SELECT _aux, space_id FROM "${table.name}" WHERE id = ?`, [typeId]);
    const inherited = auxOf(type?.[0] ?? null)['ei'];
    if (aux['ei'] === undefined && typeof inherited === 'string') aux['ei'] = inherited;
    const space = yield* enforcedSpace(type?.[0] ?? null, Number(type?.[1] ?? 1));
    if (space !== null && values['space_id'] === undefined) values['space_id'] = space;
  }
  if (Object.keys(aux).length > 0) values['_aux'] = toPythonJson(aux);
}

/** LaminDB's required fields: those that may not be null and have no default. */
function refuseMissing({ table, values }: Draft): void {
  const missing = table.columns.filter(
    (c) =>
      !c.nullable &&
      c.ddlDefault === undefined &&
      c.appDefault === undefined &&
      !c.derived &&
      !['id', 'uid', 'created_by_id'].includes(c.name) &&
      (values[c.name] === undefined || values[c.name] === null),
  );
  const nameless = nameOf(table);
  if (missing.length === 0) {
    const name = values[nameless];
    if (typeof name !== 'string' || name.trim() !== '') return;
    throw new LoamError('FieldValidationError', `The ${nameless} of a ${labelOf(table)} cannot be empty.`, {
      registry: labelOf(table),
      field: nameless,
    });
  }
  const fields = missing.map((c) => `'${fieldOf(c)}'`).join(', ');
  throw new LoamError('FieldValidationError', `[${fields}] are required to make a ${labelOf(table)}.`, {
    registry: labelOf(table),
    field: fieldOf(missing[0] as (typeof missing)[number]),
  });
}

/** A uid chosen by the caller (transfer, import): letters and digits, of the registry's length. */
function checkUid(table: Table, uid: unknown): string {
  const column = table.column.get('uid');
  const longest = column?.length ?? 0;
  const full = table.uidLength + (table.versioned ? 4 : 0);
  const fits = typeof uid === 'string' && /^[0-9A-Za-z]+$/.test(uid) && uid.length <= longest;
  // Users come with the uids of accounts, older runs have 20 characters.
  const free = ['User', 'Run', 'Schema'].includes(labelOf(table));
  if (fits && (free || uid.length === full)) return uid;
  throw new LoamError(
    'ValidationError',
    `\`uid\` must be exactly ${full} letters and digits for a ${labelOf(table)}, got "${String(uid).slice(0, 40)}".`,
    { registry: labelOf(table), field: 'uid' },
  );
}

/** Rows among which LaminDB looks for the same name: of the given type, without one, or all where nothing was said. */
function scopeOf(tx: Transaction, { table, values }: Draft): { sql: string; params: (number | null)[] } {
  const shown = visible(table, tx.author);
  if (!isTyped(table) || values['type_id'] === undefined) return { sql: shown, params: [] };
  return { sql: `${shown} AND type_id IS ?2`, params: [idIn(values['type_id'])] };
}

function* sameName(tx: Transaction, draft: Draft, plan: CreatePlan): Steps<Found | null> {
  const { table, values } = draft;
  const column = nameOf(table);
  const name = values[column];
  if (!searchesNames(table) || typeof name !== 'string') return null;
  const scope = scopeOf(tx, draft);
  const rows = yield* all(
    `SELECT id FROM "${table.name}" WHERE "${column}" = ?1 AND ${scope.sql} ORDER BY id LIMIT 50`,
    [name, ...scope.params],
  );
  for (const [id] of rows) {
    if (plan.accepts && !(yield* plan.accepts(Number(id)))) continue;
    const message = `Returning the ${labelOf(table)} with the same ${column}: '${name}'.`;
    return { id: Number(id), message };
  }
  return null;
}

function* similarTo(tx: Transaction, draft: Draft): Steps<string[]> {
  const { table, values } = draft;
  const name = values[nameOf(table)];
  if (!searchesNames(table) || typeof name !== 'string') return [];
  return yield* similarNames(table, nameOf(table), name, scopeOf(tx, draft));
}

/** LaminDB's `update_attributes`: what was given and differs is taken over, but never the identity of the row. */
const identity = new Set(['uid', '_dtype_str', 'otype', 'hash', 'created_on_id']);

function* giveBack(
  tx: Transaction,
  draft: Draft,
  plan: CreatePlan,
  found: Found,
  similar: string[],
): Steps<Created> {
  const { table } = draft;
  const values: Record<string, SqlValue> = {};
  if (!found.asItIs) {
    for (const [column, value] of Object.entries(draft.values))
      if (value !== null && (found.takes?.includes(column) || !identity.has(column))) values[column] = value;
  }
  if (found.comes && table.column.has('branch_id') && values['branch_id'] === undefined) {
    const row = yield* one(`SELECT branch_id FROM "${table.name}" WHERE id = ?`, [found.id]);
    if (row && row[0] !== 1) values['branch_id'] = tx.author.branchId;
  }
  const changed: FieldChange[] = yield* write(tx, table, found.id, values);
  yield* finish(tx, draft, plan, found.id, false);
  return { ...(yield* told(table, found.id)), created: false, changed, similar, message: found.message };
}

function* finish(tx: Transaction, draft: Draft, plan: CreatePlan, id: number, created: boolean): Steps<void> {
  if (plan.after) yield* plan.after(id, created);
  for (const [relation, add] of Object.entries(draft.options.links ?? {}))
    yield* relate(tx, draft.table, id, relation, { add });
}
