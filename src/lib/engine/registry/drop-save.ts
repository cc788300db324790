// Saving what a drop has hashed and staged: plan, journal, bytes to their storage key, rows. Each batch is safe to cut
// anywhere: a journal row written before the bytes move says how to finish or take back (`resumeDrops`).
import { addValues } from '../features/values.ts';
import { link, projectsByName, ulabelsByName } from '../features/labels.ts';
import type { BlobStore, FileSummary } from '../ports.ts';
import { all, run, runSync, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import {
  insertArtifact,
  linkRecreated,
  mintUid,
  planSave,
  restore,
  storageKey,
  type ArtifactFacts,
  type SavePlan,
} from './artifact.ts';
import type { DropOptions, DropVerdict } from './drop-types.ts';
import type { SqlDriver } from '../ports.ts';
import type { Journal } from '../write/journal.ts';
import { versionNumber } from '../uid.ts';

/** A file whose bytes are hashed and, unless they are known, staged under `token`. */
export interface ReadyItem {
  id: string;
  token: string | null;
  facts: Omit<ArtifactFacts, 'uid'>;
  summary: FileSummary | null;
  options: DropOptions;
}

export interface SaveOutcome {
  verdict: DropVerdict;
  message: string | null;
  artifact: { id: number; uid: string; key: string | null; version: number };
}

/** An item with its decided uid and storage key; what the journal keeps. */
export interface PlannedItem extends ReadyItem {
  plan: SavePlan;
  uid: string;
  storageKey: string;
}

/** Decides each item; those that collide with an earlier one of the batch (same key or content) wait for the next. */
export function planBatch(
  driver: SqlDriver,
  journal: Journal,
  items: ReadyItem[],
): { planned: PlannedItem[]; waiting: ReadyItem[] } {
  const planned: PlannedItem[] = [];
  const waiting: ReadyItem[] = [];
  const taken = new Set<string>();
  for (const item of items) {
    const marks = [`k:${item.facts.key}`, `h:${item.facts.hash}`];
    if (marks.some((m) => taken.has(m))) {
      waiting.push(item);
      continue;
    }
    for (const mark of marks) taken.add(mark);
    const plan = runSync(
      driver,
      planSave(item.facts, item.facts.storageId, item.options.sameContent === 'duplicate'),
    );
    const uid =
      plan.case === 'new' || plan.case === 'version'
        ? runSync(driver, mintUid({ journal }, plan))
        : (plan.found?.uid ?? '');
    planned.push({
      ...item,
      plan,
      uid,
      storageKey: storageKey(uid, item.facts.suffix, item.facts.nFiles !== null),
    });
  }
  return { planned, waiting };
}

export function isStored(item: PlannedItem): boolean {
  return item.plan.case === 'new' || item.plan.case === 'version';
}

/** Written before any byte moves to its place. */
export function* journalBatch(drop: string, items: PlannedItem[], at: number): Steps<void> {
  for (const item of items) {
    if (!isStored(item)) continue;
    yield* run('INSERT OR REPLACE INTO loam_drop(uid, item, state, detail, at) VALUES (?, ?, ?, ?, ?)', [
      drop,
      item.id,
      'staged',
      JSON.stringify(item),
      at,
    ]);
  }
}

/** The rows of a batch: artifacts, their links to the run, annotations; and the end of their journal rows. */
export function* saveBatch(
  tx: Transaction,
  drop: string,
  items: PlannedItem[],
  runId: number,
): Steps<Map<string, SaveOutcome>> {
  tx.runId = runId;
  const out = new Map<string, SaveOutcome>();
  for (const item of items) {
    const outcome = yield* saveOne(tx, item, runId);
    out.set(item.id, outcome);
    yield* annotate(tx, outcome.artifact.id, item.options);
    yield* run('DELETE FROM loam_drop WHERE uid = ? AND item = ?', [drop, item.id]);
  }
  return out;
}

function* saveOne(tx: Transaction, item: PlannedItem, runId: number): Steps<SaveOutcome> {
  const { plan } = item;
  if (isStored(item)) {
    const artifact = yield* insertArtifact(
      tx,
      { ...item.facts, uid: item.uid },
      plan.case === 'version' ? plan.found : null,
    );
    yield* run(
      'INSERT OR REPLACE INTO loam_blob(artifact_id, storage_key, summary, only_here) VALUES (?, ?, ?, 1)',
      [artifact.id, item.storageKey, item.summary ? JSON.stringify(item.summary) : null],
    );
    return { verdict: plan.case === 'version' ? 'version' : 'new', message: plan.message, artifact };
  }
  const found = plan.found ?? { id: 0, uid: '', key: null };
  if (plan.case === 'trashed') yield* restore(tx, [found.id]);
  yield* linkRecreated(tx, found.id, runId);
  const verdict: DropVerdict =
    plan.case === 'trashed' || plan.case === 'existing'
      ? 'existing'
      : plan.case === 'old-version'
        ? 'old-version'
        : 'existing-key';
  return { verdict, message: plan.message, artifact: { ...found, version: versionNumber(found.uid) } };
}

export function* annotate(tx: Transaction, artifact: number, options: DropOptions): Steps<void> {
  if (options.labels?.length)
    yield* link(
      tx,
      'lamindb_artifactulabel',
      'ulabel_id',
      [artifact],
      yield* ulabelsByName(tx, options.labels),
    );
  if (options.projects?.length) {
    yield* link(
      tx,
      'lamindb_artifactproject',
      'project_id',
      [artifact],
      yield* projectsByName(tx, options.projects),
    );
  }
  if (options.features && Object.keys(options.features).length > 0)
    yield* addValues(tx, [artifact], options.features);
}

export interface Leftovers {
  /** Items whose bytes are complete: finish them. */
  resume: { drop: string; item: PlannedItem }[];
}

/**
 * What the last session left: complete items to finish, bytes of purged artifacts to remove, staged bytes nobody waits
 * for. Stored bytes are removed only by name, never because a row for them is missing: a database that was lost or
 * replaced must not take the files with it.
 */
export async function findLeftovers(driver: SqlDriver, blobs: BlobStore): Promise<Leftovers> {
  const rows = runSync(driver, all("SELECT uid, item, detail FROM loam_drop WHERE state = 'staged'"));
  const resume = rows.map((r) => ({ drop: String(r[0]), item: JSON.parse(String(r[2])) as PlannedItem }));
  const tokens = new Set(resume.map((r) => r.item.token));
  for (const token of await blobs.staged()) if (!tokens.has(token)) await blobs.discard(token);
  await removePurged(driver, blobs);
  return { resume };
}

/** Bytes of purged artifacts, named by the transaction that purged them. */
export async function removePurged(driver: SqlDriver, blobs: BlobStore): Promise<void> {
  for (const [uid, key] of runSync(driver, all("SELECT uid, item FROM loam_drop WHERE state = 'purged'"))) {
    await blobs.remove(String(key));
    driver.run('DELETE FROM loam_drop WHERE uid = ? AND item = ?', [uid ?? null, key ?? null]);
  }
}
