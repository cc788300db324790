// Versions: a family shares a stem, each version counts up behind it. The next counter is one more than the family's
// highest on any branch and in the trash (lamindb 2.12.1 `create_uid`), computed here since a database's collation may sort
// letters otherwise. Which version is the latest is derived (write/derived.ts).
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import { nextVersionUid } from '../uid.ts';

/** The uid of a new version of the family that this uid belongs to. */
export function* nextUid(table: string, uid: string): Steps<string> {
  const stem = uid.slice(0, -4);
  const rows = yield* all(`SELECT uid FROM "${table}" WHERE uid >= ? AND uid < ?`, [
    `${stem}0000`,
    `${stem}zzzz~`,
  ]);
  return nextVersionUid(rows.length > 0 ? rows.map((r) => String(r[0])) : [uid]);
}

export interface Head {
  id: number;
  uid: string;
}

/**
 * The newest version with this key that is not in the trash: on the given branch where there is one, else on any
 * (LaminDB's look for what a new row revises).
 */
export function* headByKey(table: Table, key: string, branch: number): Steps<Head | null> {
  const row = yield* one(
    `SELECT id, uid FROM "${table.name}" WHERE key = ?1 AND +is_latest = 1 AND loam_present(branch_id)
     ORDER BY branch_id = ?2 DESC, created_at DESC, id DESC LIMIT 1`,
    [key, branch],
  );
  return row ? { id: Number(row[0]), uid: String(row[1]) } : null;
}

/** The head of the family a row belongs to: a new version revises the latest, also where an older one was named. */
export function* headOf(table: Table, id: number): Steps<Head> {
  const row = yield* one(
    `SELECT h.id, h.uid FROM "${table.name}" r JOIN "${table.name}" h
       ON h.uid >= substr(r.uid, 1, length(r.uid) - 4) || '0000' AND h.uid < substr(r.uid, 1, length(r.uid) - 4) || 'zzzz~'
     WHERE r.id = ? ORDER BY h.is_latest DESC, h.branch_id = r.branch_id DESC, h.created_at DESC, h.id DESC LIMIT 1`,
    [id],
  );
  return { id: Number(row?.[0] ?? id), uid: String(row?.[1] ?? '') };
}

/** A version tag names one version: the one revised cannot have it too. */
export function* checkTag(table: Table, revised: Head, tag: unknown): Steps<void> {
  if (tag === null || tag === undefined) return;
  if (typeof tag !== 'string')
    throw new LoamError('ValueError', "`version` must be null or a text, e.g. '0.1', '1', '2'.", {
      field: 'version',
    });
  const row = yield* one(`SELECT version_tag FROM "${table.name}" WHERE id = ?`, [revised.id]);
  if (row?.[0] !== tag) return;
  throw new LoamError(
    'ValueError',
    `Please change the version tag or leave it empty, '${tag}' is already taken.`,
    { registry: table.registry ?? table.name, field: 'version' },
  );
}
