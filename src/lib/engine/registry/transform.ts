// Transforms (lamindb 2.12.1 `Transform`): versions by key, the source code's md5 as hash, the transform with the same code
// given back. A transform without code yet is the one meant by its key; LaminDB drops the code passed for it, here it
// takes it.
import { LoamError } from '../errors.ts';
import { hashText } from '../hash.ts';
import { one, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import {
  take,
  type Behaviour,
  type Change,
  type CreatePlan,
  type Draft,
  type Found,
  type UpdatePlan,
} from './behaviour.ts';
import { checkPath } from './key.ts';
import type { Ref } from './registry-types.ts';
import { resolveRef } from './resolve.ts';
import { idIn } from './rows.ts';
import { checkTag, headByKey, headOf, nextUid, type Head } from './versions.ts';

const kinds = ['function', 'notebook', 'pipeline', 'script'];

export const transform: Behaviour = {
  takes: ['revises', 'skip_hash_lookup'],
  *create(tx: Transaction, draft: Draft): Steps<CreatePlan> {
    const { given, table, options } = draft;
    const revises = take(given, 'revises') as Ref | null | undefined;
    const skip = take(given, 'skip_hash_lookup') === true || options.skipHashLookup === true;
    checkPath('Transform', given['key']);
    given['kind'] ??= 'pipeline';
    checkKind(given['kind']);
    const revised =
      revises === undefined || revises === null
        ? null
        : yield* headOf(table, yield* resolveRef(table, revises, { author: tx.author }, 'revises'));
    if (revised) yield* inherit(draft, revised);
    let head = revised;
    return {
      *find() {
        head ??= yield* byKey(tx, draft);
        if (head && !revised) {
          const unsaved = yield* withoutCode(draft, head);
          if (unsaved) return unsaved;
        }
        return skip ? null : yield* sameCode(draft);
      },
      names: false,
      *complete() {
        const { values } = draft;
        if (typeof values['source_code'] === 'string' && !skip)
          values['hash'] = hashText(values['source_code']);
        if (!head) return;
        yield* checkTag(table, head, values['version_tag']);
        values['uid'] ??= yield* nextUid(table.name, head.uid);
        yield* describe(draft, head);
      },
    };
  },
  *update(_tx: Transaction, change: Change): Steps<UpdatePlan> {
    checkPath('Transform', change.given['key']);
    if (change.given['kind'] !== undefined) checkKind(change.given['kind']);
    return {
      *before() {
        const code = change.values['source_code'];
        if (code !== undefined) change.values['hash'] = code === null ? null : hashText(String(code));
      },
    };
  },
};

function checkKind(kind: unknown): void {
  if (kinds.includes(String(kind))) return;
  throw new LoamError(
    'FieldValidationError',
    `kind: ${String(kind).slice(0, 40)} is not a valid value → Valid values are: ${kinds.join(', ')}.`,
    { registry: 'Transform', field: 'kind' },
  );
}

/** A new version keeps the key of what it revises. */
function* inherit(draft: Draft, head: Head): Steps<void> {
  const row = yield* one('SELECT key FROM lamindb_transform WHERE id = ?', [head.id]);
  draft.given['key'] ??= row?.[0];
}

function* describe({ values, table }: Draft, head: Head): Steps<void> {
  if (values['description'] !== undefined && values['description'] !== null) return;
  const row = yield* one(`SELECT description FROM "${table.name}" WHERE id = ?`, [head.id]);
  values['description'] = row?.[0] ?? null;
}

/** With a uid the family's head is looked for by its stem, else by the key. */
function* byKey(tx: Transaction, { table, values }: Draft): Steps<Head | null> {
  const uid = values['uid'];
  if (typeof uid === 'string') {
    const row = yield* one(
      `SELECT id FROM "${table.name}" WHERE uid >= ?1 || '0000' AND uid < ?1 || 'zzzz~' AND +is_latest = 1 ORDER BY created_at DESC, id DESC LIMIT 1`,
      [uid.slice(0, -4)],
    );
    return row ? yield* headOf(table, Number(row[0])) : null;
  }
  const branch = idIn(values['branch_id']) ?? tx.author.branchId;
  return typeof values['key'] === 'string' ? yield* headByKey(table, values['key'], branch) : null;
}

/** The head that has no code yet is the transform meant. */
function* withoutCode(draft: Draft, head: Head): Steps<Found | null> {
  const { values } = draft;
  const row = yield* one('SELECT source_code, key FROM lamindb_transform WHERE id = ?', [head.id]);
  const exact = values['uid'] === undefined || values['uid'] === head.uid;
  if (!exact || (values['uid'] === undefined && row?.[0] !== null)) return null;
  if (typeof values['source_code'] === 'string') values['hash'] = hashText(values['source_code']);
  const kept = ['description', 'source_code', 'hash'];
  draft.values = Object.fromEntries(Object.entries(values).filter(([column]) => kept.includes(column)));
  const message =
    values['uid'] === undefined
      ? 'No source code was saved yet; returning the existing transform with the same key.'
      : 'Returning the transform with the same uid.';
  return { id: head.id, message, takes: ['hash'] };
}

/** Code that is known is the transform that has it, whatever key was passed. */
function* sameCode(draft: Draft): Steps<Found | null> {
  const { values } = draft;
  const code = values['source_code'];
  if (typeof code !== 'string') return null;
  const row = yield* one(
    'SELECT id, key FROM lamindb_transform WHERE hash = ?1 AND +is_latest = 1 AND loam_present(branch_id) ORDER BY key = ?2 DESC, id LIMIT 1',
    [hashText(code), values['key'] ?? null],
  );
  if (!row) return null;
  const other =
    row[1] === values['key']
      ? ''
      : ` It keeps its key ${String(row[1])}; pass skipHashLookup to make a copy under ${String(values['key'])}.`;
  draft.values = { description: values['description'] ?? null };
  return { id: Number(row[0]), message: `Returning the transform with the same source code.${other}` };
}
