// A draft becomes rows: features that are new, the schemas of its slots, the schema, and the sheet that takes it, in one act.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { one, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { create } from './create.ts';
import type { Created, Fields, Ref } from './registry-types.ts';
import { resolveRef } from './resolve.ts';
import { rowIn } from './row-history.ts';
import { told } from './rows.ts';
import {
  hasColumns,
  isPart,
  lookAtDraft,
  ofFeatures,
  samePart,
  termUid,
  type DraftLook,
  type PartDraft,
  type SchemaDraft,
} from './schema-draft.ts';
import { readItype, type Itype } from './schema-members.ts';
import { registryOf } from './tables.ts';
import { updateRow } from './update.ts';

export interface BuiltSchema {
  uid: string;
  name: string | null;
  /** False where this schema was there already: it stays as it is, under its own name. */
  created: boolean;
  /** Names of the features that were made with it. */
  features: string[];
}

export function schemaBuildPart(context: EngineContext) {
  const { model, read, act, writer } = context;
  const scope = { model, author: writer.author };
  return {
    /** What is wrong with a draft, its hash, and the schema that asks the same already; nothing is written. */
    lookAtSchema: (draft: SchemaDraft): DraftLook => read(lookAtDraft(scope, draft)),

    /** Makes it, in one act. A schema that asks the same is given back as it is. */
    buildSchema(draft: SchemaDraft): BuiltSchema {
      const { problems, same } = read(lookAtDraft(scope, draft));
      const [wrong] = problems;
      if (wrong)
        throw new LoamError('ValidationError', wrong.message, {
          registry: 'Schema',
          ...(wrong.slot === null ? {} : { slot: wrong.slot }),
        });
      if (same && draft.sheet === null) return { ...same, created: false, features: [] };
      const table = registryOf(model, 'Schema');
      const features: string[] = [];
      const done = act(
        'create',
        same ? `Take the schema ${same.name ?? same.uid}` : `New Schema ${draft.name ?? ''}`.trim(),
        function* (tx): Steps<BuiltSchema> {
          const made = same
            ? { uid: same.uid, name: same.name, created: false }
            : answer(yield* makeSchema(tx, draft, features));
          if (draft.sheet !== null) yield* takeSheet(tx, draft.sheet, made.uid);
          return { ...made, features };
        },
        function* (uid): Steps<BuiltSchema | null> {
          const row = yield* rowIn(writer.journal, uid, table.name);
          if (row === null) return null;
          const there = yield* told(table, row.id);
          return {
            ...answer({ ...there, created: row.made, changed: [], similar: [], message: null }),
            features: [],
          };
        },
      );
      if (done === null) throw new LoamError('DoesNotExist', 'The schema was made and is gone again.');
      return done;
    },
  };
}

const scopeOf = (tx: Transaction) => ({ model: tx.journal.model, author: tx.author });

const answer = ({ uid, row, created }: Created) => ({
  uid,
  name: typeof row['name'] === 'string' ? row['name'] : null,
  created,
});

function* makeSchema(tx: Transaction, draft: SchemaDraft, features: string[]): Steps<Created> {
  const slots: Record<string, Ref> = {};
  for (const { slot, schema } of draft.slots) {
    const there = isPart(schema) ? yield* samePart(scopeOf(tx), schema) : schema;
    slots[slot] = { uid: there?.uid ?? (yield* makePart(tx, schema as PartDraft, features, {})).uid };
  }
  const more = { ...describing(draft), ...(draft.slots.length > 0 ? { slots } : {}) };
  if (hasColumns(draft)) return yield* makePart(tx, draft, features, more);
  const { name, minimal, ordered, maximal, coerce } = draft;
  const rules = { minimal_set: minimal, ordered_set: ordered, maximal_set: maximal, coerce };
  return yield* create(tx, 'Schema', { ...rules, ...named(name), ...more }, { searchNames: false });
}

const describing = ({ description, otype, suffix, type }: SchemaDraft): Fields => ({
  ...(description === null || description.trim() === '' ? {} : { description }),
  ...(otype === null ? {} : { otype }),
  ...(suffix === null ? {} : { suffix }),
  ...(type === null ? {} : { type: { uid: type } }),
});

const named = (name: string | null): Fields =>
  name === null || name.trim() === '' ? {} : { name: name.trim() };

function* makePart(tx: Transaction, part: PartDraft, made: string[], more: Fields): Steps<Created> {
  const { itype, dtype, size, minimal, ordered, maximal, flexible, coerce } = part;
  const uids = ofFeatures(part) ? yield* featureUids(tx, part, made) : yield* termUids(tx, part);
  const index = part.index === null || !ofFeatures(part) ? undefined : uids[part.index];
  return yield* create(
    tx,
    'Schema',
    {
      ...named(part.name),
      itype,
      minimal_set: minimal,
      ordered_set: ordered,
      maximal_set: maximal,
      coerce,
      ...(flexible === null ? {} : { flexible }),
      ...(dtype === null ? {} : { dtype }),
      ...(size === null || uids.length > 0 ? {} : { n_members: size }),
      ...(uids.length === 0
        ? {}
        : {
            features: uids.map((uid, at) => ({
              feature: { uid },
              optional: ofFeatures(part) && part.members[at]?.optional === true,
            })),
          }),
      ...(index === undefined ? {} : { index: { uid: index } }),
      ...more,
    },
    { searchNames: false },
  );
}

/** Those that are there, and new ones. */
function* featureUids(tx: Transaction, part: PartDraft, made: string[]): Steps<string[]> {
  const uids: string[] = [];
  for (const { uid, name, dtype, coerce: converts, description } of part.members) {
    if (uid !== null) {
      uids.push(uid);
      continue;
    }
    const feature = yield* create(tx, 'Feature', {
      name: name.trim(),
      dtype,
      ...(converts === true ? { coerce: true } : {}),
      ...(description ? { description } : {}),
    });
    if (feature.created) made.push(name.trim());
    uids.push(feature.uid);
  }
  return uids;
}

/** Terms are there already. */
function* termUids(tx: Transaction, part: PartDraft): Steps<string[]> {
  const itype = readItype(tx.journal.model, part.itype);
  const uids: string[] = [];
  for (const member of itype === null ? [] : part.members) {
    const uid = yield* termUid(
      scopeOf(tx),
      itype as Itype,
      { ...member, name: member.name.trim() },
      (message) => {
        throw new LoamError('ValidationError', message, { registry: 'Schema', field: 'features' });
      },
    );
    if (uid !== null) uids.push(uid);
  }
  return uids;
}

/** The record type becomes a sheet, or another one. */
function* takeSheet(tx: Transaction, type: string, schema: string): Steps<void> {
  const table = registryOf(tx.journal.model, 'Record');
  const id = yield* resolveRef(table, { uid: type }, { author: tx.author });
  const row = yield* one('SELECT is_type, coalesce(name, uid) FROM lamindb_record WHERE id = ?', [id]);
  if (row?.[0] !== 1)
    throw new LoamError(
      'ValidationError',
      `"${String(row?.[1])}" is a record, no type of records, so it cannot have rows of its own. Choose its type.`,
      { registry: 'Record', field: 'schema' },
    );
  yield* updateRow(tx, table, id, { schema: { uid: schema } });
}
