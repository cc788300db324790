// Registries of names (ULabel, Project, Feature): lists with how many artifacts carry each, and creation.
// LaminDB returns the existing row for a name that is there; a feature with another dtype is refused.
import { LoamError } from '../errors.ts';
import { all, one, type Steps } from '../statement.ts';
import { insertOne } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import type { SqlValue } from '../ports.ts';
import { randomUid } from '../uid.ts';

export interface NamedRow {
  uid: string;
  name: string;
  count: number;
}

export interface FeatureRow extends NamedRow {
  dtype: string;
  description: string | null;
}

type NamedTable = 'lamindb_ulabel' | 'lamindb_project' | 'lamindb_feature';

const usage: Record<NamedTable, string> = {
  lamindb_ulabel: '(SELECT count(DISTINCT artifact_id) FROM lamindb_artifactulabel WHERE ulabel_id = t.id)',
  lamindb_project:
    '(SELECT count(DISTINCT artifact_id) FROM lamindb_artifactproject WHERE project_id = t.id)',
  lamindb_feature: `(SELECT count(DISTINCT l.artifact_id) FROM lamindb_artifactjsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id WHERE v.feature_id = t.id)
    + (SELECT count(DISTINCT artifact_id) FROM lamindb_artifactulabel WHERE feature_id = t.id)`,
};

/** Names that start with the search come first, then those that contain it; `exact` takes the name alone. */
export function* listNamed(
  table: NamedTable,
  search: string,
  limit: number,
  exact = false,
): Steps<(NamedRow | FeatureRow)[]> {
  const escaped = search.trim().replace(/[\\%_]/g, (c) => `\\${c}`);
  const extra = table === 'lamindb_feature' ? ', t._dtype_str, t.description' : '';
  const rows = yield* all(
    `SELECT t.uid, t.name, ${usage[table]}${extra} FROM "${table}" t
     WHERE t.is_type = 0 AND +t.branch_id = 1 AND ${exact ? 't.name = ?1' : "t.name LIKE '%' || ?1 || '%' ESCAPE '\\'"}
     ORDER BY t.name LIKE ?1 || '%' ESCAPE '\\' DESC, t.name COLLATE NOCASE LIMIT ?2`,
    [exact ? search.trim() : escaped, Math.max(1, Math.min(500, Math.floor(limit)))],
  );
  return rows.map((r) => ({
    uid: String(r[0]),
    name: String(r[1]),
    count: Number(r[2]),
    ...(table === 'lamindb_feature' ? { dtype: String(r[3]), description: r[4] as string | null } : {}),
  }));
}

export function* createNamed(
  tx: Transaction,
  table: NamedTable,
  uidLength: number,
  given: string,
  values: Record<string, SqlValue>,
): Steps<number> {
  const name = given.trim();
  if (name === '') throw new LoamError('ValidationError', 'A name is needed.');
  const known = yield* one(
    `SELECT id FROM "${table}" WHERE name = ? AND is_type = 0 AND +branch_id <> -1 ORDER BY id LIMIT 1`,
    [name],
  );
  if (known) {
    if (table === 'lamindb_feature') {
      const dtype = (yield* one('SELECT _dtype_str FROM lamindb_feature WHERE id = ?', [
        known[0] ?? null,
      ]))?.[0];
      if (dtype !== values['_dtype_str']) {
        throw new LoamError(
          'ValidationError',
          `Feature "${name}" exists with dtype "${String(dtype)}". Choose another name or use it as it is.`,
          {
            feature: name,
          },
        );
      }
    }
    return Number(known[0]);
  }
  return yield* insertOne(tx, table, { uid: randomUid(uidLength, tx.journal.random), name, ...values });
}
