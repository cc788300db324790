// Artifacts as LaminDB makes them (lamindb 2.12.1 `Artifact.save`): versions by key, dedupe by hash, virtual keys,
// storage layout `.lamindb/<uid><suffix>`. Where LaminDB silently gives back an older artifact or keeps another key,
// `planSave` says which case it is; the default outcome stays LaminDB's.
import { LoamError } from '../errors.ts';
import { all, many, one, run, type Steps } from '../statement.ts';
import { insertOne, remove, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { tableNumber } from '../write/journal.ts';
import { EMPTY_FILE_HASH } from '../hash.ts';
import { nextVersionUid, randomUid, versionNumber } from '../uid.ts';

export const trashBranch = -1;

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
  const { key, hash } = content;
  if (hash !== EMPTY_FILE_HASH) {
    const rows = yield* all(
      'SELECT id, uid, key, is_latest FROM lamindb_artifact WHERE hash = ? AND +branch_id <> ? ORDER BY (key IS ?) DESC, id DESC',
      [hash, trashBranch, key],
    );
    const row = rows[0];
    if (row && row[2] === key) {
      const found = { id: Number(row[0]), uid: String(row[1]), key };
      if (row[3] === 1)
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
    if (row && !duplicate) {
      const found = { id: Number(row[0]), uid: String(row[1]), key: row[2] as string | null };
      return {
        case: 'existing-key',
        found,
        message: `Same content as ${found.key ?? found.uid}, which LaminDB gives back. Save as a copy to keep both keys.`,
      };
    }
    const trashed = yield* one(
      'SELECT id, uid, key FROM lamindb_artifact WHERE hash = ? AND storage_id = ? AND key IS ? AND +branch_id = ?',
      [hash, storageId, key, trashBranch],
    );
    if (trashed) {
      const found = { id: Number(trashed[0]), uid: String(trashed[1]), key };
      return { case: 'trashed', found, message: 'This file was in the trash. It was brought back.' };
    }
  }
  if (key !== null) {
    const head = yield* one(
      `SELECT id, uid, key FROM lamindb_artifact WHERE key = ? AND +branch_id <> ?
       ORDER BY is_latest DESC, created_at DESC, id DESC LIMIT 1`,
      [key, trashBranch],
    );
    if (head)
      return { case: 'version', found: { id: Number(head[0]), uid: String(head[1]), key }, message: null };
  }
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

export function* insertArtifact(
  tx: Transaction,
  facts: ArtifactFacts,
  revises: SavePlan['found'],
): Steps<SavedArtifact> {
  let description = facts.description;
  if (revises && description === null) {
    description =
      ((yield* one('SELECT description FROM lamindb_artifact WHERE id = ?', [revises.id]))?.[0] as
        string | null) ?? null;
  }
  const id = yield* insertOne(tx, 'lamindb_artifact', {
    uid: facts.uid,
    key: facts.key,
    description,
    storage_id: facts.storageId,
    suffix: facts.suffix,
    kind: facts.kind,
    otype: facts.otype,
    size: facts.size,
    hash: facts.hash,
    _hash_type: facts.hashType,
    n_files: facts.nFiles,
    n_observations: facts.nObservations,
    _key_is_virtual: 1,
    _overwrite_versions: facts.nFiles === null ? 0 : 1,
  });
  return { id, uid: facts.uid, key: facts.key, version: versionNumber(facts.uid) };
}

/** LaminDB's rule for files found again in a tracked run: the run re-created them. */
export function* linkRecreated(tx: Transaction, artifactId: number, runId: number): Steps<void> {
  const table = 'lamindb_artifact_recreating_runs';
  const known = yield* one(`SELECT 1 FROM ${table} WHERE artifact_id = ? AND run_id = ?`, [
    artifactId,
    runId,
  ]);
  if (!known) yield* insertOne(tx, table, { artifact_id: artifactId, run_id: runId });
}

/** Moves rows to the trash (branch −1) and remembers the branch they came from, which LaminDB forgets. */
export function* trash(tx: Transaction, ids: readonly number[]): Steps<void> {
  const tab = yield* tableNumber(tx.journal, 'lamindb_artifact');
  const rows = yield* all(
    'SELECT id, branch_id FROM lamindb_artifact WHERE id IN (SELECT value FROM json_each(?)) AND branch_id <> ?',
    [JSON.stringify(ids), trashBranch],
  );
  const live = rows.map((r) => Number(r[0]));
  yield* many('INSERT OR REPLACE INTO loam_trashed(tab, id, branch_id) VALUES (?, ?, ?)', rows.length, [
    [tab],
    live,
    rows.map((r) => r[1] ?? 1),
  ]);
  yield* update(tx, 'lamindb_artifact', live, { branch_id: trashBranch });
}

export function* restore(tx: Transaction, ids: readonly number[]): Steps<void> {
  const tab = yield* tableNumber(tx.journal, 'lamindb_artifact');
  for (const id of ids) {
    const row = yield* one('SELECT branch_id FROM loam_trashed WHERE tab = ? AND id = ?', [tab, id]);
    yield* update(tx, 'lamindb_artifact', [id], { branch_id: Number(row?.[0] ?? 1) });
    yield* run('DELETE FROM loam_trashed WHERE tab = ? AND id = ?', [tab, id]);
  }
}

/** Deletes rows for good; the caller removes the bytes after COMMIT. Folders: all versions share one path and go together. */
export function* purge(tx: Transaction, ids: readonly number[]): Steps<string[]> {
  const rows = yield* all(
    `SELECT id, uid, suffix, n_files, is_latest FROM lamindb_artifact WHERE id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(ids)],
  );
  const keys: string[] = [];
  const gone = new Set<number>();
  for (const [id, uid, suffix, nFiles, latest] of rows) {
    const folder = nFiles !== null;
    gone.add(Number(id));
    if (folder && latest === 1) {
      const stem = String(uid).slice(0, 16);
      const family = yield* all('SELECT id FROM lamindb_artifact WHERE uid >= ? AND uid < ?', [
        `${stem}0000`,
        `${stem}zzzz~`,
      ]);
      for (const [member] of family) gone.add(Number(member));
    }
    if (!folder || latest === 1) keys.push(storageKey(String(uid), String(suffix), folder));
  }
  yield* remove(
    tx,
    'lamindb_artifact',
    [...gone].sort((a, b) => a - b),
  );
  yield* run('DELETE FROM loam_blob WHERE artifact_id IN (SELECT value FROM json_each(?))', [
    JSON.stringify([...gone]),
  ]);
  // The bytes go after COMMIT; should the browser die in between, the next start finds their names here.
  for (const key of keys) {
    yield* run(
      "INSERT OR REPLACE INTO loam_drop(uid, item, state, detail, at) VALUES ('purge', ?, 'purged', '', ?)",
      [key, tx.at],
    );
  }
  return keys;
}

/** A key people may use: any text without path tricks, at most 1,024 characters. The suffix cannot change with it. */
export function checkKey(key: string): string {
  const parts = key.split('/');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (key === '' || /[\u0000-\u001f\u007f]/.test(key))
    throw badKey(key, 'is empty or has control characters');
  if (key.startsWith('/') || /^[a-z]:[\\/]/i.test(key))
    throw badKey(key, 'starts at the root of a disk; keys are relative');
  if (key.includes('\\')) throw badKey(key, 'has a backslash; separate folders by /');
  if (parts.some((p) => p === '..' || p === '.' || p === ''))
    throw badKey(key, 'has an empty, "." or ".." folder');
  if (parts[0] === '.lamindb') throw badKey(key, 'starts with .lamindb, where LaminDB keeps its own files');
  const length = [...key].length;
  if (length > 1024)
    throw new LoamError('NameTooLong', `A key may have 1,024 characters, this has ${length}. Shorten it.`, {
      length,
    });
  return key;
}

function badKey(key: string, why: string): LoamError {
  const shown = key.length > 80 ? `${key.slice(0, 80)}…` : key;
  return new LoamError('InvalidArgument', `The key "${shown}" ${why}. Choose another key.`, { key: shown });
}
