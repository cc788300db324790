// The steps by which read files become rows: plan, journal, rows. Each batch is safe to cut anywhere: its journal rows,
// written before any byte moves, say what to finish (staged files) and what to take back (files put straight in place).
import { addValues } from '../features/values.ts';
import { hostOf } from '../features/hosts.ts';
import { link, projectsByName, ulabelsByName } from '../features/labels.ts';
import { EMPTY_FILE_HASH } from '../hash.ts';
import type { BlobStore, FileSummary, SqlDriver } from '../ports.ts';
import { all, many, one, run, runSync, type Steps } from '../statement.ts';
import { versionNumber } from '../uid.ts';
import type { Journal } from '../write/journal.ts';
import type { Transaction } from '../write/transaction.ts';
import {
  insertArtifacts,
  linkRecreated,
  mintUid,
  planSaves,
  restore,
  storageKey,
  type ArtifactFacts,
  type SavedArtifact,
  type SavePlan,
} from './artifact.ts';
import type { DropOptions, DropVerdict } from './drop-types.ts';

/** A file that was read. Its bytes are here (small files), or staged under `token`, or neither where they are known. */
export interface ReadyItem {
  id: string;
  token: string | null;
  bytes: Uint8Array | null;
  sha256: string | null;
  facts: Omit<ArtifactFacts, 'uid'>;
  summary: FileSummary | null;
  options: DropOptions;
}

export interface SaveOutcome {
  verdict: DropVerdict;
  message: string | null;
  artifact: SavedArtifact;
}

/** An item with its decided uid and storage key; for staged files the journal keeps it. */
export interface PlannedItem extends ReadyItem {
  plan: SavePlan;
  uid: string;
  storageKey: string;
}

/** By what two items of a drop can meet: LaminDB finds artifacts by key and by content, except empty content. */
function marksOf({ facts }: ReadyItem): string[] {
  const marks = [`k:${facts.key}`];
  if (facts.hash !== EMPTY_FILE_HASH) marks.push(`h:${facts.hash}`);
  return marks;
}

export interface Batch {
  planned: PlannedItem[];
  /** Items that meet an earlier one of this batch, or of one that is being saved: to be planned after it. */
  waiting: ReadyItem[];
  /** What this batch will change. */
  marks: string[];
}

/** Decides the items. `busy` holds the marks of batches that are being saved. */
export function planBatch(
  driver: SqlDriver,
  journal: Journal,
  items: readonly ReadyItem[],
  busy: ReadonlySet<string>,
): Batch {
  const storageId = items[0]?.facts.storageId ?? 0;
  const wanted = items.map(({ facts, options }) => ({
    content: facts,
    duplicate: options.sameContent === 'duplicate',
  }));
  const plans = runSync(driver, planSaves(wanted, storageId));
  const planned: PlannedItem[] = [];
  const waiting: ReadyItem[] = [];
  const taken = new Set<string>();
  for (const [i, item] of items.entries()) {
    const plan = plans[i] as SavePlan;
    const marks = marksOf(item);
    if (marks.some((mark) => taken.has(mark) || busy.has(mark))) {
      waiting.push(item);
      continue;
    }
    const stored = plan.case === 'new' || plan.case === 'version';
    // What only finds something changes nothing that others would look at.
    if (stored || plan.case === 'trashed') for (const mark of marks) taken.add(mark);
    const uid = stored ? runSync(driver, mintUid({ journal }, plan)) : (plan.found?.uid ?? '');
    planned.push({
      ...item,
      plan,
      uid,
      storageKey: storageKey(uid, item.facts.suffix, item.facts.nFiles !== null),
    });
  }
  return { planned, waiting, marks: [...taken] };
}

export function isStored(item: PlannedItem): boolean {
  return item.plan.case === 'new' || item.plan.case === 'version';
}

/** Files whose bytes go straight to their storage key. */
export function putFiles(items: readonly PlannedItem[]): { key: string; bytes: Uint8Array }[] {
  return items.flatMap((item) =>
    isStored(item) && item.bytes ? [{ key: item.storageKey, bytes: item.bytes }] : [],
  );
}

/** Journal rows of files put in place stand apart from those of items, whose ids the page chose. */
const putOf = (drop: string) => `${drop}/put`;

/** Written before any byte moves to its place. `batch` names the batch within the drop. */
export function* journalBatch(
  drop: string,
  batch: string,
  items: readonly PlannedItem[],
  at: number,
): Steps<void> {
  const insert = 'INSERT OR REPLACE INTO loam_drop(uid, item, state, detail, at) VALUES (?, ?, ?, ?, ?)';
  const keys = putFiles(items).map(({ key }) => key);
  if (keys.length > 0) yield* run(insert, [putOf(drop), batch, 'putting', JSON.stringify(keys), at]);
  for (const item of items) {
    if (isStored(item) && item.token !== null)
      yield* run(insert, [drop, item.id, 'staged', JSON.stringify(item), at]);
  }
}

/** The end of a batch's journal rows: part of the transaction that saves it, or after its bytes were taken back. */
export function* forgetBatch(drop: string, batch: string, items: readonly PlannedItem[]): Steps<void> {
  const forget = 'DELETE FROM loam_drop WHERE uid = ? AND item = ?';
  yield* run(forget, [putOf(drop), batch]);
  for (const item of items) if (item.token !== null) yield* run(forget, [drop, item.id]);
}

/** The rows of a batch: artifacts, their links to the run, annotations. */
export function* saveBatch(
  tx: Transaction,
  items: readonly PlannedItem[],
  runId: number,
): Steps<Map<string, SaveOutcome>> {
  tx.runId = runId;
  const out = new Map<string, SaveOutcome>();
  yield* saveStored(tx, items.filter(isStored), out);
  for (const item of items) if (!isStored(item)) out.set(item.id, yield* giveBack(tx, item, runId));
  const byOptions = new Map<DropOptions, Set<number>>();
  for (const item of items) {
    const ids = byOptions.get(item.options) ?? new Set();
    byOptions.set(item.options, ids.add(out.get(item.id)?.artifact.id ?? 0));
  }
  for (const [options, ids] of byOptions) yield* annotate(tx, [...ids], options);
  return out;
}

function* saveStored(tx: Transaction, items: PlannedItem[], out: Map<string, SaveOutcome>): Steps<void> {
  if (items.length === 0) return;
  const saved = yield* insertArtifacts(
    tx,
    items.map(({ facts, uid, plan }) => ({
      facts: { ...facts, uid },
      revises: plan.case === 'version' ? plan.found : null,
    })),
  );
  yield* many(
    'INSERT OR REPLACE INTO loam_blob(artifact_id, storage_key, sha256, summary, only_here) VALUES (?, ?, ?, ?, 1)',
    items.length,
    [
      saved.map(({ id }) => id),
      items.map((item) => item.storageKey),
      items.map(({ sha256 }) => sha256 ?? null),
      items.map(({ summary }) => summary && JSON.stringify(summary)),
    ],
  );
  for (const [i, { id, plan }] of items.entries()) {
    const verdict = plan.case === 'version' ? 'version' : 'new';
    const stays = plan.case === 'version' && plan.found !== null && (yield* isAnnotated(tx, plan.found.id));
    const message = stays ? staysWords(versionNumber(plan.found?.uid ?? '')) : plan.message;
    out.set(id, { verdict, message, artifact: saved[i] as SavedArtifact });
  }
}

/** As in LaminDB, which says nothing of it. */
const staysWords = (version: number): string =>
  `Its labels and feature values stay with version ${version}: a new version begins without.`;

/** Labels, projects or feature values of any registry. */
function* isAnnotated(tx: Transaction, artifact: number): Steps<boolean> {
  const { links, json } = hostOf(tx.journal.model, 'Artifact');
  const tables = [...links.values(), { table: json.table, own: json.own }];
  for (const { table, own } of tables)
    if (yield* one(`SELECT 1 FROM "${table}" WHERE "${own}" = ? LIMIT 1`, [artifact])) return true;
  return false;
}

/** Content that is here already: what LaminDB gives back instead of saving it again. */
function* giveBack(tx: Transaction, { plan }: PlannedItem, runId: number): Steps<SaveOutcome> {
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

function* annotate(tx: Transaction, artifacts: readonly number[], options: DropOptions): Steps<void> {
  const { labels = [], projects = [], features = {} } = options;
  if (labels.length > 0)
    yield* link(tx, 'lamindb_artifactulabel', 'ulabel_id', artifacts, yield* ulabelsByName(tx, labels));
  if (projects.length > 0) {
    const ids = yield* projectsByName(tx, projects);
    yield* link(tx, 'lamindb_artifactproject', 'project_id', artifacts, ids);
  }
  if (Object.keys(features).length > 0) yield* addValues(tx, artifacts, features);
}

export interface Leftovers {
  /** Items whose bytes are complete: finish them. */
  resume: { drop: string; item: PlannedItem }[];
}

/**
 * What the last session left: complete items to finish, bytes put in place for rows that were never committed, staged
 * bytes nobody waits for. Stored bytes are removed only by name, never because a row for them
 * is missing: a database that was lost or replaced must not take the files with it.
 */
export async function findLeftovers(driver: SqlDriver, blobs: BlobStore): Promise<Leftovers> {
  const rows = runSync(driver, all("SELECT uid, item, detail FROM loam_drop WHERE state = 'staged'"));
  const resume = rows.map((r) => ({ drop: String(r[0]), item: JSON.parse(String(r[2])) as PlannedItem }));
  const arriving = runSync(driver, all("SELECT item FROM loam_drop WHERE state IN ('arriving', 'moving')"));
  const tokens = new Set<string | null>([
    ...resume.map((r) => r.item.token),
    ...arriving.map(([token]) => String(token)),
  ]);
  for (const token of await blobs.staged()) if (!tokens.has(token)) await blobs.discard(token);
  await removePut(driver, blobs);
  return { resume };
}

async function removePut(driver: SqlDriver, blobs: BlobStore): Promise<void> {
  const rows = runSync(driver, all("SELECT uid, item, detail FROM loam_drop WHERE state = 'putting'"));
  for (const [uid = null, item = null, keys] of rows) {
    for (const key of JSON.parse(String(keys)) as string[]) {
      const used = runSync(driver, one('SELECT 1 FROM loam_blob WHERE storage_key = ?', [key]));
      if (!used) await blobs.remove(key);
    }
    driver.run('DELETE FROM loam_drop WHERE uid = ? AND item = ?', [uid, item]);
  }
}
