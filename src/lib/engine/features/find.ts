// Features by name or reference, with what writing a value needs of them. A name is resolved as LaminDB resolves it: the
// feature on the topmost type level, ambiguous names refused; names of a schema's own features only among those.
import { LoamError } from '../errors.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { auxOf } from '../registry/typing.ts';
import { parseDtype, type Dtype } from './dtype.ts';

export interface FeatureHandle {
  id: number;
  uid: string;
  name: string;
  dtype: Dtype;
  nullable: boolean;
  coerce: boolean;
  /** LaminDB's `values_through`: a field of the record (`sf`), or the feature whose values this one reads backwards (`vf`). */
  field: string | null;
  through: string | null;
}

const columns = 'id, uid, name, _dtype_str, nullable, coerce, _aux';

function handle(row: readonly SqlValue[]): FeatureHandle {
  const aux = auxOf(row[6] ?? null);
  return {
    id: Number(row[0]),
    uid: String(row[1]),
    name: String(row[2]),
    dtype: parseDtype(String(row[3])),
    nullable: row[4] !== 0,
    coerce: row[5] === 1,
    field: typeof aux['sf'] === 'string' ? aux['sf'] : null,
    through: typeof aux['vf'] === 'string' ? aux['vf'] : null,
  };
}

/** Finds features by name; unknown ones are listed together with how to make them, as LaminDB does. */
export function* featuresByName(
  names: readonly string[],
  branches: readonly number[] = [1],
): Steps<FeatureHandle[]> {
  const found = yield* knownFeatures(names, branches);
  const unknown = names.filter((name) => !found.some((f) => f.name === name));
  if (unknown.length === 0) return found;
  const hint = unknown.map((name) => `Feature(name='${name}', dtype=…)`).join(', ');
  throw new LoamError(
    'ValidationError',
    `These keys could not be validated: ${JSON.stringify(unknown)}. Create the features first: ${hint}.`,
    { unknown, field: unknown[0] ?? '' },
  );
}

/** The features that have one of the names, in the order of the names; ambiguous names are refused. */
export function* knownFeatures(
  names: readonly string[],
  branches: readonly number[],
): Steps<FeatureHandle[]> {
  const rows = yield* all(
    `WITH RECURSIVE hit AS (SELECT ${columns}, type_id FROM lamindb_feature
       WHERE name IN (SELECT value FROM json_each(?1)) AND is_type = 0 AND +branch_id IN (SELECT value FROM json_each(?2))),
     up(id, at, depth) AS (SELECT id, type_id, 0 FROM hit UNION ALL
       SELECT up.id, f.type_id, depth + 1 FROM up JOIN lamindb_feature f ON f.id = up.at WHERE depth < 100)
     SELECT hit.*, (SELECT max(depth) FROM up WHERE up.id = hit.id) FROM hit ORDER BY id`,
    [JSON.stringify([...names]), JSON.stringify([...branches])],
  );
  return names.flatMap((name) => {
    const own = rows.filter((r) => r[2] === name);
    if (own.length === 0) return [];
    const depth = Math.min(...own.map((r) => Number(r[8])));
    const top = own.filter((r) => Number(r[8]) === depth);
    if (top.length === 1) return [handle(top[0] ?? [])];
    throw new LoamError(
      'ValidationError',
      `Ambiguous match for Feature '${name}': found ${top.length} ${depth === 0 ? 'root-level features' : `features at depth ${depth}`}. Rename one of them, or name the one you mean by its uid.`,
      { feature: name, field: name },
    );
  });
}

export function* featureById(id: number): Steps<FeatureHandle> {
  const row = yield* one(`SELECT ${columns} FROM lamindb_feature WHERE id = ?`, [id]);
  if (!row) throw new LoamError('DoesNotExist', `There is no Feature with the id ${id}.`);
  return handle(row);
}

export function* featureByUid(uid: string): Steps<FeatureHandle> {
  const row = yield* one(`SELECT ${columns} FROM lamindb_feature WHERE uid = ? AND is_type = 0`, [uid]);
  if (!row) throw new LoamError('DoesNotExist', `There is no Feature with the uid "${uid}".`, { uid });
  return handle(row);
}

/** Members of a schema in the order of their links. */
export function* membersOf(schemaId: number): Steps<FeatureHandle[]> {
  const rows = yield* all(
    `SELECT ${columns
      .split(', ')
      .map((c) => `f.${c}`)
      .join(
        ', ',
      )} FROM lamindb_schemafeature m JOIN lamindb_feature f ON f.id = m.feature_id WHERE m.schema_id = ? ORDER BY m.id`,
    [schemaId],
  );
  return rows.map(handle);
}
