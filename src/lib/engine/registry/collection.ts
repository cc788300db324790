// Collections (lamindb 2.12.1 `Collection`): ordered members, a hash over their hashes, versions by key. What is in a
// collection never changes; appending makes a new version, and the old one still gives the old members.
import { LoamError } from '../errors.ts';
import { hashSet } from '../hash.ts';
import { all, one, type Steps } from '../statement.ts';
import { insert } from '../write/apply.ts';
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
import { resolveRef, resolveRefs } from './resolve.ts';
import { idIn } from './rows.ts';
import { markRecreated, trackInputs } from './run.ts';
import { registryOf } from './tables.ts';
import { checkTag, headByKey, headOf, nextUid, type Head } from './versions.ts';

export const collection: Behaviour = {
  takes: ['artifacts', 'revises', 'skip_hash_lookup'],
  *create(tx: Transaction, draft: Draft): Steps<CreatePlan> {
    const { given, table, options } = draft;
    const revises = take(given, 'revises') as Ref | null | undefined;
    const skip = take(given, 'skip_hash_lookup') === true || options.skipHashLookup === true;
    const members = yield* readMembers(tx, take(given, 'artifacts'));
    checkPath('Collection', given['key']);
    const revised =
      revises === undefined || revises === null
        ? null
        : yield* headOf(table, yield* resolveRef(table, revises, { author: tx.author }, 'revises'));
    if (revised)
      given['key'] ??= (yield* one('SELECT key FROM lamindb_collection WHERE id = ?', [revised.id]))?.[0];
    let head: Head | null = revised;
    let run: number | null = null;
    return {
      names: false,
      *find() {
        run = idIn(draft.values['run_id']) ?? tx.runId;
        const branch = idIn(draft.values['branch_id']) ?? tx.author.branchId;
        head ??= yield* headByKey(table, String(draft.values['key']), branch);
        if (head) yield* inherit(draft, head);
        yield* checkSchemas(members, idIn(draft.values['schema_id']));
        draft.values['hash'] = hashSet([...new Set(members.flatMap((m) => m.hash ?? []))]);
        return skip ? null : yield* sameMembers(draft);
      },
      *complete() {
        if (!head) return;
        yield* checkTag(table, head, draft.values['version_tag']);
        draft.values['uid'] ??= yield* nextUid(table.name, head.uid);
      },
      *after(id, created) {
        if (created) {
          // In this order: a collection's members are ordered by their ties.
          const ids = [...new Set(members.map((m) => m.id))];
          yield* insert(tx, 'lamindb_collectionartifact', ids.length, {
            collection_id: id,
            artifact_id: ids,
          });
        } else if (run !== null) yield* markRecreated(tx, 'collection', id, run);
        if (run === null) return;
        if (created && head) yield* trackInputs(tx, 'collection', run, [head.id]);
        yield* trackInputs(
          tx,
          'artifact',
          run,
          members.map((m) => m.id),
        );
      },
    };
  },
  *update(_tx: Transaction, change: Change): Steps<UpdatePlan> {
    if ('artifacts' in change.given) {
      throw new LoamError(
        'FieldValidationError',
        'What is in a collection does not change. Append to it: that makes a new version.',
        { registry: 'Collection', field: 'artifacts' },
      );
    }
    checkPath('Collection', change.given['key']);
    return {
      *before() {
        const schema = idIn(change.values['schema_id']);
        if (schema === null || schema === idIn(change.row['schema_id'])) return;
        const rows = yield* all(
          'SELECT a.id, a.uid, a.hash, a.schema_id FROM lamindb_collectionartifact l JOIN lamindb_artifact a ON a.id = l.artifact_id WHERE l.collection_id = ? ORDER BY l.id',
          [change.id],
        );
        yield* checkSchemas(rows.map(toMember), schema);
      },
    };
  },
};

interface Member {
  id: number;
  uid: string;
  hash: string | null;
  schema: number | null;
}

const toMember = (r: readonly unknown[]): Member => ({
  id: Number(r[0]),
  uid: String(r[1]),
  hash: r[2] as string | null,
  schema: r[3] === null || r[3] === undefined ? null : Number(r[3]),
});

function* readMembers(tx: Transaction, given: unknown): Steps<Member[]> {
  const refs = (Array.isArray(given) ? given : given === undefined || given === null ? [] : [given]) as Ref[];
  if (refs.length === 0) {
    throw new LoamError(
      'ValueError',
      'A collection needs at least one artifact, in the order they shall have.',
      {
        registry: 'Collection',
        field: 'artifacts',
      },
    );
  }
  const ids = yield* resolveRefs(registryOf(tx.journal.model, 'Artifact'), refs, { author: tx.author });
  const rows = yield* all(
    'SELECT id, uid, hash, schema_id FROM lamindb_artifact WHERE id IN (SELECT value FROM json_each(?))',
    [JSON.stringify(ids)],
  );
  const byId = new Map(rows.map((r) => [Number(r[0]), toMember(r)]));
  return ids.map((id) => byId.get(id) as Member);
}

/** With a schema, every member must be validated by it. */
function* checkSchemas(members: readonly Member[], schema: number | null): Steps<void> {
  if (schema === null || members.every((m) => m.schema === schema)) return;
  const row = yield* one('SELECT coalesce(name, uid) FROM lamindb_schema WHERE id = ?', [schema]);
  const other = members.filter((m) => m.schema !== schema).map((m) => m.uid);
  throw new LoamError(
    'ValidationError',
    `Artifact schemas do not match the collection schema "${String(row?.[0])}": ${other.slice(0, 5).join(', ')}${other.length > 5 ? ' …' : ''}. Validate them by it, or leave the schema out.`,
    { registry: 'Collection', field: 'schema' },
  );
}

/** A version takes description and schema from the one before unless told otherwise. */
function* inherit({ values }: Draft, head: Head): Steps<void> {
  const row = yield* one('SELECT description, schema_id FROM lamindb_collection WHERE id = ?', [head.id]);
  values['description'] ??= row?.[0] ?? null;
  values['schema_id'] ??= row?.[1] ?? null;
}

/** The same content is the collection that is there; LaminDB changes its key and description to those passed. */
function* sameMembers(draft: Draft): Steps<Found | null> {
  const { values } = draft;
  const row = yield* one(
    'SELECT id, is_latest, key FROM lamindb_collection WHERE hash = ?1 AND loam_present(branch_id) ORDER BY key = ?2 DESC, id LIMIT 1',
    [values['hash'] ?? null, values['key'] ?? null],
  );
  if (!row) return null;
  const older = row[1] === 1 ? '' : ' It is an older version; the latest stays as it is.';
  const renamed = row[2] === values['key'] ? '' : ` Its key was ${String(row[2])}.`;
  draft.values = { description: values['description'] ?? null, key: values['key'] ?? null };
  return { id: Number(row[0]), message: `Returning the collection with the same content.${renamed}${older}` };
}

/** Members in the collection's order. */
export function* membersOf(id: number): Steps<number[]> {
  const rows = yield* all(
    'SELECT artifact_id FROM lamindb_collectionartifact WHERE collection_id = ? ORDER BY id',
    [id],
  );
  return rows.map((r) => Number(r[0]));
}
