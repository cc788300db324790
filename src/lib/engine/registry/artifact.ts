// Artifacts as LaminDB makes them (lamindb 2.12.1 `Artifact.save`): versions by key, dedupe by hash, virtual keys,
// storage layout `.lamindb/<uid><suffix>`. Where LaminDB silently gives back an older artifact or keeps another key,
// `planSave` says which case it is; the default outcome stays LaminDB's.
import { all, type Steps } from '../statement.ts';
import type { SqlValue } from '../ports.ts';
import { insert } from '../write/apply.ts';
import { tableOf } from '../write/journal.ts';
import type { Transaction } from '../write/transaction.ts';
import { EMPTY_FILE_HASH } from '../hash.ts';
import { nextVersionUid, randomUid, versionNumber } from '../uid.ts';
import { markRecreated } from './run.ts';
import { restoreRows } from './trash.ts';
export { checkKey } from './key.ts';
import { trashBranch } from './tables.ts';

export interface ArtifactContent {
  key: string | null;
  suffix: string;
  size: number;
  hash: string;
  hashType: string;
  /** Number of files for folders, null for a single file. */
  nFiles: number | null;
}

export type SaveCase = 'new' | 'version' | 'existing' | 'existing-key' | 'old-version' | 'trashed';

export interface SavePlan {
  case: SaveCase;
  /** The artifact given back, or the family's newest version for `version`. */
  found: { id: number; uid: string; key: string | null } | null;
  /** In words, where the outcome may surprise. */
  message: string | null;
}

/**
 * What saving this content under this key does (lamindb.md §5). `duplicate` = LaminDB's skip_hash_lookup: content that
 * is known under another key becomes an artifact of its own.
 */
export function* planSave(content: ArtifactContent, storageId: number, duplicate = false): Steps<SavePlan> {
  const [plan] = yield* planSaves([{ content, duplicate }], storageId);
  return plan as SavePlan;
}

/** The same for many at once, each as if it were alone: two questions to the database in all. */
export function* planSaves(
  wanted: readonly { content: ArtifactContent; duplicate: boolean }[],
  storageId: number,
): Steps<SavePlan[]> {
  const byHash = yield* grouped(
    `SELECT hash, id, uid, key, is_latest, branch_id, storage_id FROM lamindb_artifact
     WHERE hash IN (SELECT value FROM json_each(?)) ORDER BY id DESC`,
    wanted.map(({ content }) => content.hash).filter((hash) => hash !== EMPTY_FILE_HASH),
  );
  const byKey = yield* grouped(
    `SELECT key, id, uid FROM lamindb_artifact WHERE key IN (SELECT value FROM json_each(?)) AND loam_present(branch_id)
     ORDER BY is_latest DESC, created_at DESC, id DESC`,
    wanted.map(({ content }) => content.key).filter((key) => key !== null),
  );
  return wanted.map(({ content: { key, hash }, duplicate }) => {
    const same = byHash.get(hash) ?? [];
    return planOne(key, same, byKey.get(key ?? '')?.[0], storageId, duplicate);
  });
}

function* grouped(sql: string, wanted: readonly string[]): Steps<Map<string, SqlValue[][]>> {
  const found = new Map<string, SqlValue[][]>();
  if (wanted.length === 0) return found;
  for (const row of yield* all(sql, [JSON.stringify([...new Set(wanted)])])) {
    const name = String(row[0]);
    const rows = found.get(name);
    if (rows) rows.push(row);
    else found.set(name, [row]);
  }
  return found;
}

/** `same`: rows [hash, id, uid, key, is_latest, branch, storage] of this content, newest first; `head`: [key, id, uid]. */
function planOne(
  key: string | null,
  same: readonly SqlValue[][],
  head: SqlValue[] | undefined,
  storageId: number,
  duplicate: boolean,
): SavePlan {
  const rowOf = (row: SqlValue[]) => ({
    id: Number(row[1]),
    uid: String(row[2]),
    key: row[3] as string | null,
  });
  const live = same.filter((row) => row[5] !== trashBranch);
  const mine = live.find((row) => row[3] === key);
  if (mine) {
    const found = rowOf(mine);
    if (mine[4] === 1)
      return {
        case: 'existing',
        found,
        message: 'Already here: same key, same content. Nothing was added.',
      };
    return {
      case: 'old-version',
      found,
      message: `Equals version ${versionNumber(found.uid)} of this key, which LaminDB gives back. The latest version stays as it is.`,
    };
  }
  const other = live[0];
  if (other && !duplicate) {
    const found = rowOf(other);
    return {
      case: 'existing-key',
      found,
      message: `Same content as ${found.key ?? found.uid}, which LaminDB gives back. Save as a copy to keep both keys.`,
    };
  }
  const trashed = same.find((row) => row[5] === trashBranch && row[3] === key && row[6] === storageId);
  if (trashed)
    return {
      case: 'trashed',
      found: rowOf(trashed),
      message: 'This file was in the trash. It was brought back.',
    };
  if (head)
    return { case: 'version', found: { id: Number(head[1]), uid: String(head[2]), key }, message: null };
  return { case: 'new', found: null, message: null };
}

export interface SavedArtifact {
  id: number;
  uid: string;
  key: string | null;
  version: number;
}

export interface ArtifactFacts extends ArtifactContent {
  storageId: number;
  kind: string | null;
  otype: string | null;
  nObservations: number | null;
  description: string | null;
  /** Decided before the bytes were stored, since the storage key holds it. */
  uid: string;
  /** The bytes lie under the key itself, below their storage's root. */
  inPlace?: boolean;
}

/** The uid the content will get: a new stem, or the family's next version over all branches and the trash. */
export function* mintUid(tx: { journal: Transaction['journal'] }, plan: SavePlan): Steps<string> {
  if (plan.case !== 'version' || !plan.found) return randomUid(16, tx.journal.random) + '0000';
  const stem = plan.found.uid.slice(0, 16);
  const rows = yield* all('SELECT uid FROM lamindb_artifact WHERE uid >= ? AND uid < ?', [
    `${stem}0000`,
    `${stem}zzzz~`,
  ]);
  return nextVersionUid(rows.map((r) => String(r[0])));
}

/** `.lamindb/<uid><suffix>`; folders share one path for all versions, named by the stem. */
export function storageKey(uid: string, suffix: string, folder: boolean): string {
  return `.lamindb/${folder ? uid.slice(0, 16) : uid}${suffix}`;
}

/** Of files that a server tells of; not all of them have a hash. */
export type PlacedFacts = Omit<ArtifactFacts, 'hash' | 'hashType'> & {
  hash: string | null;
  hashType: string | null;
};

export function* insertArtifact(
  tx: Transaction,
  facts: ArtifactFacts,
  revises: SavePlan['found'],
): Steps<SavedArtifact> {
  const [saved] = yield* insertArtifacts(tx, [{ facts, revises }]);
  return saved as SavedArtifact;
}

/** New rows in one block; a new version without a description of its own takes its predecessor's. */
export function* insertArtifacts(
  tx: Transaction,
  items: readonly { facts: PlacedFacts; revises: SavePlan['found'] }[],
): Steps<SavedArtifact[]> {
  if (items.length === 0) return [];
  const before = items.flatMap(({ facts, revises }) =>
    revises && facts.description === null ? [revises.id] : [],
  );
  const inherited = new Map<number, SqlValue>();
  if (before.length > 0) {
    const rows = yield* all(
      'SELECT id, description FROM lamindb_artifact WHERE id IN (SELECT value FROM json_each(?))',
      [JSON.stringify(before)],
    );
    for (const row of rows) inherited.set(Number(row[0]), row[1] ?? null);
  }
  // A value that all have in common is bound and logged once.
  const short = (values: SqlValue[]) => (values.every((v) => v === values[0]) ? (values[0] ?? null) : values);
  const each = (value: (facts: PlacedFacts) => SqlValue) => short(items.map(({ facts }) => value(facts)));
  const from = yield* insert(tx, 'lamindb_artifact', items.length, {
    uid: each((f) => f.uid),
    key: each((f) => f.key),
    description: short(
      items.map(({ facts, revises }) => facts.description ?? (revises && inherited.get(revises.id)) ?? null),
    ),
    storage_id: each((f) => f.storageId),
    suffix: each((f) => f.suffix),
    kind: each((f) => f.kind),
    otype: each((f) => f.otype),
    size: each((f) => f.size),
    hash: each((f) => f.hash),
    _hash_type: each((f) => f.hashType),
    n_files: each((f) => f.nFiles),
    n_observations: each((f) => f.nObservations),
    _key_is_virtual: each((f) => (f.inPlace ? 0 : 1)),
    _overwrite_versions: each((f) => (f.nFiles === null ? 0 : 1)),
  });
  return items.map(({ facts: { uid, key } }, i) => ({
    id: from + i,
    uid,
    key,
    version: versionNumber(uid),
  }));
}

/** LaminDB's rule for files found again in a tracked run: the run re-created them. */
export function* linkRecreated(tx: Transaction, artifactId: number, runId: number): Steps<void> {
  yield* markRecreated(tx, 'artifact', artifactId, runId);
}

/** Rows brought back from the trash to the branch they came from; how a drop finds its file there again. */
export function* restore(tx: Transaction, ids: readonly number[]): Steps<void> {
  yield* restoreRows(tx, tableOf(tx.journal.model, 'lamindb_artifact'), ids);
}

/**
 * Storage keys of the bytes that go with these artifacts. Bytes under a key of their own (registered where they lay) are
 * somebody's files and stay, as do bytes in other storages; an older version of a folder shares its path with the newest.
 */
export function* storedUnder(ids: readonly number[], storageId: number): Steps<string[]> {
  const rows = yield* all(
    `SELECT uid, suffix, _overwrite_versions, is_latest FROM lamindb_artifact
     WHERE id IN (SELECT value FROM json_each(?)) AND storage_id = ? AND _real_key IS NULL AND (_key_is_virtual = 1 OR key IS NULL) ORDER BY id`,
    [JSON.stringify(ids), storageId],
  );
  const keys = rows
    .filter(([, , shared, latest]) => shared === 0 || latest === 1)
    .map(([uid, suffix, shared]) => storageKey(String(uid), String(suffix), shared === 1));
  return [...new Set(keys)];
}
