// A branch as plain data for another copy of its database: rows and references by their row keys, net changes only, each
// changed cell with the value that the branch had found. Also what the changes lean on without being the branch's: values,
// people and storages, and by name every other row, so that one that is missing elsewhere can be told of.
import type { Table } from '../model/types.ts';
import type { Device, SqlValue } from '../ports.ts';
import { instanceHere } from '../schema/open.ts';
import { all, one, type Steps } from '../statement.ts';
import { nameColumn } from '../write/history-names.ts';
import { keysOf, nullableKeys, tableOf, type Journal } from '../write/journal.ts';
import type { RowKey } from '../write/operation.ts';
import type { Author } from '../write/transaction.ts';
import type { Branch } from './branches.ts';
import { packChoices, type BundleChoice } from './bundle-choices.ts';
import { countReview, packReview, type ReviewCounts } from './bundle-review.ts';
import { rowsOf, type BundleRows, type Use } from './bundle-rows.ts';
import { byTable, changesOf, ofKind, type RowChange } from './changes.ts';
import { modelFingerprint } from './fingerprint.ts';
import { stateOf } from './review.ts';

export interface BundleCells {
  table: string;
  key: RowKey;
  /** Column, the value the branch found, its own. */
  cells: [column: string, base: RowKey, mine: RowKey][];
}

export interface BundleContent {
  /** What the changes use and every branch shares: values of features, people, storages. */
  shared: BundleRows[];
  made: BundleRows[];
  changed: BundleCells[];
  added: BundleRows[];
  taken: { table: string; keys: RowKey[] }[];
  /** What rows of elsewhere are called that the changes name. */
  named: { table: string; key: RowKey; name: string }[];
  /** README, comments and reviewers of the branch. */
  review: BundleRows[];
  /** What was chosen where it and its parent differ. */
  choices: BundleChoice[];
}

/** Bytes that the branch's own artifacts need. */
export interface BundleBlob {
  uid: string;
  hash: string | null;
  /** LaminDB's word for how it was made; null in files of format 1. */
  hashType: string | null;
  size: number | null;
  storageKey: string;
  /** What people call the artifact. */
  name: string;
  /** Its files whose bytes are in the bundle, in their order there; null where they are not. */
  files: BundleFile[] | null;
}

/** `path` is empty where the artifact is a single file. */
export interface BundleFile {
  path: string;
  size: number;
  sha256: string;
}

export interface BundleManifest {
  /** 1: without its review and what was chosen. */
  format: 1 | 2;
  branch: {
    uid: string;
    name: string;
    description: string | null;
    status: number;
    /** Uid of who made it, and when; null in files of format 1. */
    by: string | null;
    createdAt: string | null;
    /** Names the state that it is in, as verdicts of its review do. */
    state: string | null;
  };
  parent: { uid: string; name: string };
  /** Newest act of the parent when the branch began, and when that was (microseconds). */
  fork: { act: string | null; at: number };
  instance: { uid: string; name: string };
  /** Tables and columns that it speaks of. */
  schema: string;
  author: { uid: string; handle: string };
  /** Where the file was made; null where that is not told. */
  device: Device | null;
  madeAt: string;
  counts: { made: number; changed: number; added: number; taken: number };
  review: ReviewCounts;
  blobs: BundleBlob[];
}

export interface Bundle {
  manifest: BundleManifest;
  content: BundleContent;
}

/** Tables without branches whose rows come along where they are used; each may lean on those after it. */
export const carriedTables: ReadonlySet<string> = new Set([
  'lamindb_jsonvalue',
  'lamindb_storage',
  'lamindb_user',
]);
/** With the branch checked out. */
export function* packBranch(journal: Journal, author: Author, branch: Branch, at: number): Steps<Bundle> {
  const changes = yield* changesOf(journal, author, branch.id);
  const used = new Map<string, Set<number>>();
  const use: Use = (table, values) => {
    const ids = used.get(table) ?? new Set<number>();
    used.set(table, ids);
    for (const value of values)
      if (typeof value === 'number' || typeof value === 'bigint') ids.add(Number(value));
  };
  const content = noContent();
  for (const [table, rows] of byTable(changes, ofKind('made')))
    content.made.push(yield* rowsOf(journal, table, idsOf(rows), use));
  for (const [table, rows] of byTable(changes, ofKind('changed')))
    content.changed.push(...(yield* cellsOf(journal, table, rows, use)));
  for (const [table, rows] of byTable(changes, ofKind('added')))
    content.added.push(yield* rowsOf(journal, table, idsOf(rows), use));
  for (const [table, rows] of byTable(changes, ofKind('taken')))
    content.taken.push(yield* takenOf(journal, table, rows, use));
  content.review = yield* packReview(journal, branch.id, use);
  content.choices = yield* packChoices(journal, author, branch);
  use('lamindb_user', yield* makerOf(branch.id));
  for (const name of carriedTables) {
    const ids = [...(used.get(name) ?? [])];
    if (ids.length > 0)
      content.shared.unshift(yield* rowsOf(journal, tableOf(journal.model, name), ids, use));
  }
  content.named = yield* namesOf(journal, used, content.made);
  return {
    manifest: yield* manifestOf(journal, author, branch, at, changes, content),
    content,
  };
}

export const noContent = (): BundleContent => ({
  shared: [],
  made: [],
  changed: [],
  added: [],
  taken: [],
  named: [],
  review: [],
  choices: [],
});

function* makerOf(branch: number): Steps<SqlValue[]> {
  const row = yield* one('SELECT created_by_id FROM lamindb_branch WHERE id = ?', [branch]);
  return [row?.[0] ?? null];
}

const idsOf = (rows: readonly RowChange[]): number[] => rows.map(({ id }) => id);

function* cellsOf(
  journal: Journal,
  table: Table,
  rows: readonly RowChange[],
  use: Use,
): Steps<BundleCells[]> {
  const present = rows.filter(({ missing }) => !missing);
  const keys = yield* keysOf(journal, table.name, idsOf(present));
  // Where they are not, they are told of by name.
  use(table.name, idsOf(present));
  const out: BundleCells[] = [];
  for (const [i, { cells }] of present.entries()) {
    const told: BundleCells['cells'] = [];
    for (const { column, base, mine } of cells) {
      const target = table.column.get(column)?.references?.table;
      if (target === undefined) told.push([column, base as RowKey, mine as RowKey]);
      else {
        use(target, [base, mine]);
        const [before = null, after = null] = yield* nullableKeys(journal, target, [base, mine]);
        told.push([column, before, after]);
      }
    }
    out.push({ table: table.name, key: keys[i] ?? null, cells: told });
  }
  return out;
}

/** They are in no table: their keys are made of what is kept of them. */
function* takenOf(
  journal: Journal,
  table: Table,
  rows: readonly RowChange[],
  use: Use,
): Steps<{ table: string; keys: RowKey[] }> {
  const parts: RowKey[][] = [];
  for (const name of table.rowKey.columns) {
    const held = rows.map(({ values }) => values?.[name] ?? null);
    const target = table.column.get(name)?.references?.table;
    if (target !== undefined) use(target, held);
    parts.push(target === undefined ? (held as RowKey[]) : yield* nullableKeys(journal, target, held));
  }
  const keys = rows.map((_, i) =>
    parts.length === 1 ? (parts[0]?.[i] ?? null) : parts.map((part) => part[i] ?? null),
  );
  return { table: table.name, keys };
}

function* namesOf(
  journal: Journal,
  used: ReadonlyMap<string, Set<number>>,
  made: readonly BundleRows[],
): Steps<BundleContent['named']> {
  const own = new Set(
    made.flatMap(({ table, keys }) => keys.map((key) => `${table} ${JSON.stringify(key)}`)),
  );
  const named: BundleContent['named'] = [];
  for (const [name, ids] of used) {
    if (carriedTables.has(name) || ids.size === 0) continue;
    const table = tableOf(journal.model, name);
    const list = [...ids];
    const keys = yield* keysOf(journal, name, list);
    const column = nameColumn(table);
    // Links have no name: they are told of by what they tie.
    const texts = new Map(
      column === 'id'
        ? []
        : (yield* all(`SELECT id, "${column}" FROM "${name}" WHERE id IN (SELECT value FROM json_each(?))`, [
            JSON.stringify(list),
          ])).map(([id, text]) => [Number(id), text]),
    );
    for (const [i, id] of list.entries())
      if (!own.has(`${name} ${JSON.stringify(keys[i] ?? null)}`))
        named.push({ table: name, key: keys[i] ?? null, name: String(texts.get(id) ?? '').slice(0, 200) });
  }
  return named;
}

function* manifestOf(
  journal: Journal,
  author: Author,
  branch: Branch,
  at: number,
  changes: readonly RowChange[],
  content: BundleContent,
): Steps<BundleManifest> {
  const row = yield* one(
    `SELECT b.description, b._status_code, p.uid, p.name, l.at, b.created_at, m.uid FROM lamindb_branch b JOIN lamindb_branch p ON p.id = ?2
     LEFT JOIN loam_branch l ON l.id = b.id LEFT JOIN lamindb_user m ON m.id = b.created_by_id WHERE b.id = ?1`,
    [branch.id, branch.parent],
  );
  const act = yield* one('SELECT uid FROM loam_act WHERE id <= ? ORDER BY id DESC LIMIT 1', [branch.fork]);
  const user = yield* one('SELECT uid, handle FROM lamindb_user WHERE id = ?', [author.userId]);
  const artifacts = changes.filter(({ kind, table }) => kind === 'made' && table.name === 'lamindb_artifact');
  const blobs = yield* all(
    `SELECT a.uid, a.hash, a.size, coalesce(b.storage_key, a.key, a.uid), a._hash_type, coalesce(a.key, a.uid) FROM lamindb_artifact a
     LEFT JOIN loam_blob b ON b.artifact_id = a.id WHERE a.id IN (SELECT value FROM json_each(?)) ORDER BY a.id`,
    [JSON.stringify(idsOf(artifacts))],
  );
  const count = (kind: RowChange['kind']) => changes.filter((change) => change.kind === kind).length;
  return {
    format: 2,
    branch: {
      uid: branch.uid,
      name: branch.name,
      description: textOrNull(row?.[0]),
      status: Number(row?.[1] ?? 1),
      by: textOrNull(row?.[6]),
      createdAt: textOrNull(row?.[5]),
      state: yield* stateOf(journal, branch),
    },
    parent: { uid: String(row?.[2]), name: String(row?.[3]) },
    fork: { act: act ? String(act[0]) : null, at: Number(row?.[4] ?? 0) },
    instance: yield* instanceHere(),
    schema: modelFingerprint(journal.model),
    author: { uid: String(user?.[0] ?? ''), handle: String(user?.[1] ?? '') },
    device: journal.device,
    madeAt: new Date(at).toISOString(),
    counts: { made: count('made'), changed: count('changed'), added: count('added'), taken: count('taken') },
    review: countReview(content.review, content.choices.length),
    blobs: blobs.map(([uid, hash, size, storageKey, hashType, name]) => ({
      uid: String(uid),
      hash: textOrNull(hash),
      size: size === null || size === undefined ? null : Number(size),
      storageKey: String(storageKey),
      hashType: textOrNull(hashType),
      name: String(name),
      files: null,
    })),
  };
}

const textOrNull = (value: SqlValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value);
