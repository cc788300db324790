// One artifact with everything its page shows: feature values, note, versions, lineage as lists, stored bytes.
import { LoamError } from '../errors.ts';
import { categoryLinks } from '../features/values.ts';
import { summaryReader, type FileSummary, type SqlValue } from '../ports.ts';
import { storageKey } from '../registry/artifact.ts';
import { isDeviceRoot } from '../registry/device-storage.ts';
import { all, one, type Steps } from '../statement.ts';
import { isoTime } from '../time.ts';
import { versionNumber } from '../uid.ts';
import type { Hidden } from '../write/hidden.ts';
import type { Journal } from '../write/journal.ts';
import { nameColumn } from '../write/history-names.ts';
import { artifactRows } from './artifact-rows.ts';
import { keptReports } from './kept-reports.ts';
import type { ArtifactDetail, ArtifactRef, FeatureValue, RunInfo, UsingRun } from './artifact-types.ts';

/** By full uid, or by a stem of at most 16 characters: then the latest version (lamindb.md §5). */
export function* findArtifact(hidden: Hidden, uid: string): Steps<{ id: number; uid: string }> {
  if (/^[0-9A-Za-z]{20}$/.test(uid)) {
    const row = yield* one(
      `SELECT id, uid FROM lamindb_artifact WHERE uid = ?${hidden('lamindb_artifact', 'id')}`,
      [uid],
    );
    if (row) return { id: Number(row[0]), uid: String(row[1]) };
  } else if (/^[0-9A-Za-z]{4,16}$/.test(uid)) {
    const row = yield* one(
      `SELECT id, uid FROM lamindb_artifact WHERE uid >= ?1 AND uid < ?1 || ?${hidden('lamindb_artifact', 'id')}
       ORDER BY is_latest DESC, created_at DESC, id DESC LIMIT 1`,
      [uid, '~'],
    );
    if (row) return { id: Number(row[0]), uid: String(row[1]) };
  }
  throw new LoamError(
    'DoesNotExist',
    `There is no artifact with the uid "${uid.slice(0, 40)}" here. It may have been deleted or undone.`,
    { uid: uid.slice(0, 40) },
  );
}

export function* artifactDetail(journal: Journal, uid: string): Steps<ArtifactDetail> {
  const hidden = journal.hidden.without;
  const { id, uid: full } = yield* findArtifact(hidden, uid);
  const [row] = yield* artifactRows(hidden, [id]);
  if (!row) throw new LoamError('DoesNotExist', `There is no artifact ${uid}.`);
  const extra = yield* one(
    `SELECT a._hash_type, a._real_key, s.root, a.branch_id, b.sha256, b.summary, a._key_is_virtual, s.uid, b.storage_key, c.uid, c.name
     FROM lamindb_artifact a JOIN lamindb_storage s ON s.id = a.storage_id LEFT JOIN loam_blob b ON b.artifact_id = a.id
     LEFT JOIN lamindb_schema c ON c.id = a.schema_id WHERE a.id = ?`,
    [id],
  );
  const projects = row.labels
    .filter((l) => l.registry === 'Project' && l.feature === null)
    .map(({ uid: u, name }) => ({ uid: u, name }));
  const note = yield* one(
    `SELECT b.uid, b.content, b.created_at, u.handle FROM lamindb_artifactblock b LEFT JOIN lamindb_user u ON u.id = b.created_by_id
     WHERE b.artifact_id IN (SELECT id FROM lamindb_artifact WHERE uid >= ?1 AND uid < ?2) AND b.kind = 'readme' AND b.is_latest = 1
     AND +b.branch_id IN (${hidden.branches().join(', ')})${hidden('lamindb_artifactblock', 'b.id')} ORDER BY b.artifact_id = ?3 DESC, b.id DESC LIMIT 1`,
    [`${full.slice(0, 16)}0000`, `${full.slice(0, 16)}zzzz~`, id],
  );
  const real = extra?.[1] as string | null;
  const summary = extra?.[5] ? (JSON.parse(String(extra[5])) as FileSummary) : null;
  return {
    ...row,
    labels: [...row.labels, ...(yield* termLabels(journal, id))],
    storageKey:
      real ??
      (extra?.[6] === 1 || row.key === null ? storageKey(row.uid, row.suffix, row.nFiles !== null) : row.key),
    storageRoot: String(extra?.[2] ?? ''),
    storageUid: String(extra?.[7] ?? ''),
    keptHere: !isDeviceRoot(String(extra?.[2] ?? '')) && String(extra?.[8] ?? '') !== '',
    hashType: (extra?.[0] as string | null) ?? null,
    checksum: (extra?.[4] as string | null) ?? null,
    features: yield* featureValues(journal, id),
    projects,
    note: note
      ? {
          uid: String(note[0]),
          content: String(note[1]),
          updatedAt: isoTime(String(note[2])),
          by: String(note[3] ?? ''),
        }
      : null,
    summary,
    lookAgain: summary !== null && summary.reader !== summaryReader,
    schema: extra?.[9] ? { uid: String(extra[9]), name: (extra[10] as string | null) ?? null } : null,
    report: (yield* keptReports(hidden, id, 1))[0] ?? null,
    versionList: yield* versionList(hidden, full),
    lineage: yield* lineage(hidden, id),
    trashed: extra?.[3] === -1,
    archived: extra?.[3] === 0,
  };
}

/** Plain labels that are rows of registries of terms, or records; those of features are told with their feature. */
function* termLabels(journal: Journal, artifact: number): Steps<ArtifactDetail['labels']> {
  const found: ArtifactDetail['labels'] = [];
  for (const { link, column, table } of categoryLinks({ journal })) {
    const target = journal.model.tables.get(table);
    if (!target?.registry || !(target.column.has('source_id') || target.registry === 'Record')) continue;
    const rows = yield* all(
      `SELECT x.uid, x."${nameColumn(target)}" FROM "${link}" l JOIN "${table}" x ON x.id = l."${column}"
       WHERE l.artifact_id = ? AND l.feature_id IS NULL${journal.hidden.without(link, 'l.id')} ORDER BY 2, l.id LIMIT 200`,
      [artifact],
    );
    for (const [uid, name] of rows)
      found.push({ registry: target.registry, uid: String(uid), name: String(name ?? uid), feature: null });
  }
  return found;
}

/** External and dataset values alike, by feature name. */
export function* featureValues(journal: Journal, artifact: number): Steps<FeatureValue[]> {
  const hidden = journal.hidden.without;
  const found = new Map<string, FeatureValue>();
  const add = (feature: SqlValue[], raw: unknown, text: string): void => {
    const uid = String(feature[0]);
    const entry = found.get(uid) ?? {
      feature: { uid, name: String(feature[1]), dtype: String(feature[2]) },
      values: [],
      raw: [],
    };
    entry.values.push(text);
    entry.raw.push(raw);
    found.set(uid, entry);
  };
  const json = yield* all(
    `SELECT f.uid, f.name, f._dtype_str, v.value FROM lamindb_artifactjsonvalue l JOIN lamindb_jsonvalue v ON v.id = l.jsonvalue_id
     JOIN lamindb_feature f ON f.id = v.feature_id WHERE l.artifact_id = ?${hidden('lamindb_artifactjsonvalue', 'l.id')} ORDER BY l.id`,
    [artifact],
  );
  for (const row of json) {
    const value: unknown = JSON.parse(String(row[3]));
    add(row, value, typeof value === 'string' ? value : JSON.stringify(value));
  }
  for (const { link, column, table } of categoryLinks({ journal })) {
    const target = journal.model.tables.get(table);
    if (!target) continue;
    const rows = yield* all(
      `SELECT f.uid, f.name, f._dtype_str, x."${nameColumn(target)}" FROM "${link}" l JOIN lamindb_feature f ON f.id = l.feature_id
       JOIN "${table}" x ON x.id = l."${column}" WHERE l.artifact_id = ?${hidden(link, 'l.id')} ORDER BY l.id`,
      [artifact],
    );
    for (const row of rows) add(row, row[3], String(row[3] ?? ''));
  }
  return [...found.values()].sort((a, b) => (a.feature.name < b.feature.name ? -1 : 1));
}

function* versionList(hidden: Hidden, uid: string): Steps<ArtifactDetail['versionList']> {
  const stem = uid.slice(0, 16);
  const rows = yield* all(
    `SELECT a.uid, a.size, a.hash, a.created_at, u.handle, a.is_latest, r.uid, a.key, a.description, a.n_observations, a.n_files, a.suffix
     FROM lamindb_artifact a LEFT JOIN lamindb_user u ON u.id = a.created_by_id LEFT JOIN lamindb_run r ON r.id = a.run_id
     WHERE a.uid >= ? AND a.uid < ? AND +a.branch_id <> -1${hidden('lamindb_artifact', 'a.id')} ORDER BY a.uid`,
    [`${stem}0000`, `${stem}zzzz~`],
  );
  const watched: [number, string][] = [
    [2, 'content'],
    [1, 'size'],
    [7, 'key'],
    [8, 'description'],
    [9, 'observations'],
    [10, 'files'],
    [11, 'suffix'],
  ];
  const list = rows.map((r, i) => {
    const before = rows[i - 1];
    return {
      uid: String(r[0]),
      version: versionNumber(String(r[0])),
      size: r[1] === null ? null : Number(r[1]),
      hash: r[2] as string | null,
      createdAt: isoTime(String(r[3])),
      by: String(r[4] ?? ''),
      isLatest: r[5] === 1,
      run: r[6] as string | null,
      changed: before ? watched.filter(([c]) => r[c] !== before[c]).map(([, name]) => name) : [],
    };
  });
  return list.reverse();
}

function* lineage(hidden: Hidden, id: number): Steps<ArtifactDetail['lineage']> {
  const run = yield* one('SELECT run_id FROM lamindb_artifact WHERE id = ?', [id]);
  const runId = run?.[0] === null || run?.[0] === undefined ? null : Number(run[0]);
  const used = yield* all(
    `SELECT run_id FROM lamindb_artifact_input_of_runs WHERE artifact_id = ?${hidden('lamindb_artifact_input_of_runs', 'id')} LIMIT 100`,
    [id],
  );
  const usedBy: UsingRun[] = [];
  for (const [other] of used) {
    const info = yield* runInfo(Number(other));
    if (info) usedBy.push({ ...info, ...(yield* outputsOf(hidden, Number(other))) });
  }
  if (runId === null) return { inputs: [], run: null, outputs: [], usedBy };
  const inputs = yield* all(
    `SELECT a.uid, a.key FROM lamindb_artifact_input_of_runs l JOIN lamindb_artifact a ON a.id = l.artifact_id
     WHERE l.run_id = ?${hidden('lamindb_artifact_input_of_runs', 'l.id')}${hidden('lamindb_artifact', 'a.id')} ORDER BY a.key LIMIT 500`,
    [runId],
  );
  const outputs = yield* all(
    `SELECT uid, key FROM lamindb_artifact WHERE run_id = ? AND id <> ? AND +branch_id <> -1${hidden('lamindb_artifact', 'id')}
     ORDER BY key LIMIT 500`,
    [runId, id],
  );
  return { inputs: refs(inputs), run: yield* runInfo(runId), outputs: refs(outputs), usedBy };
}

const refs = (rows: SqlValue[][]): ArtifactRef[] =>
  rows.map((r) => ({ uid: String(r[0]), key: r[1] as string | null }));

const shownOutputs = 50;

function* outputsOf(hidden: Hidden, run: number): Steps<Pick<UsingRun, 'outputs' | 'made'>> {
  const made = `FROM lamindb_artifact WHERE run_id = ? AND +branch_id <> -1${hidden('lamindb_artifact', 'id')}`;
  const rows = yield* all(`SELECT uid, key ${made} ORDER BY key, id LIMIT ${shownOutputs}`, [run]);
  if (rows.length < shownOutputs) return { outputs: refs(rows), made: rows.length };
  const count = yield* one(`SELECT count(*) ${made}`, [run]);
  return { outputs: refs(rows), made: Number(count?.[0] ?? 0) };
}

const statusWords: Record<number, string> = {
  [-3]: 'scheduled',
  [-2]: 'restarted',
  [-1]: 'started',
  0: 'completed',
  1: 'errored',
  2: 'aborted',
};

export function* runInfo(id: number): Steps<RunInfo | null> {
  const r = yield* one(
    `SELECT r.uid, t.uid, t.key, t.kind, r.started_at, r.finished_at, r._status_code, u.handle, r.params FROM lamindb_run r
     JOIN lamindb_transform t ON t.id = r.transform_id LEFT JOIN lamindb_user u ON u.id = r.created_by_id WHERE r.id = ?`,
    [id],
  );
  if (!r) return null;
  return {
    uid: String(r[0]),
    transform: { uid: String(r[1]), key: String(r[2]), kind: String(r[3]) },
    startedAt: isoTime(String(r[4])),
    finishedAt: r[5] === null ? null : isoTime(String(r[5])),
    status: statusWords[Number(r[6])] ?? String(r[6]),
    by: String(r[7] ?? ''),
    params: r[8] === null ? null : (JSON.parse(String(r[8])) as Record<string, unknown>),
  };
}
