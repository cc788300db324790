// What crosses the worker border: the engine's API as the page sees it, plain data only.
// The page imports this file for its types; the engine worker implements EngineApi.
import type { WireError } from '../engine/errors.ts';
import type { SqlValue } from '../engine/ports.ts';
import type { FileSummary } from '../formats/summary.ts';

/* ---------- status ---------- */

export interface EngineStatus {
  /** How the database is kept on this device. `memory` is shown with a loud banner and an export button. */
  backend: 'opfs-sahpool' | 'wa-sqlite' | 'memory' | 'node';
  durable: boolean;
  instance: string;
  user: { uid: string; handle: string; name: string | null };
  branch: { uid: string; name: string; isMain: boolean };
  /** Milliseconds from worker start to the first answered query. */
  openMs: number;
  /** True in the tab that holds the database. */
  leader: boolean;
  artifacts: number;
  /** Artifacts whose bytes exist only on this device. */
  onlyHere: number;
  canUndo: ActSummary | null;
  canRedo: ActSummary | null;
}

export interface StorageMeter {
  /** Bytes of artifacts stored here, of the database file, and what the browser reports for the whole origin. */
  artifactBytes: number;
  databaseBytes: number;
  usage: number | null;
  quota: number | null;
  persisted: boolean | null;
  onlyHere: number;
}

/* ---------- acts, history, feed ---------- */

export interface ActSummary {
  uid: string;
  /** One user intention: drop, annotate, rename, import, undo, redo … */
  kind: string;
  title: string;
  /** ISO 8601 UTC. */
  at: string;
  by: string;
  undone: boolean;
}

/** What an undo or redo did. Cells or rows touched by others since stay and are listed. */
export interface UndoReport {
  act: ActSummary;
  title: string;
  restored: number;
  skipped: { table: string; row: string; column: string | null; reason: string; by: string | null; at: string | null }[];
  /** `skipped` is cut at 200; this is the whole number. */
  skippedCount: number;
}

export interface HistoryEntry {
  act: ActSummary;
  kind: 'create' | 'update' | 'delete' | 'restore' | 'link' | 'unlink';
  table: string;
  changes: { field: string; old: string | null; new: string | null }[];
  /** The restore button puts the old values back as a new act. */
  restorable: boolean;
  /** Names the entry for `restore`. */
  ref: { record: number; operation: number; table: string; id: number };
}

/** After each COMMIT: which tables changed. `ids` is null when there are more than 1,000. */
export interface FeedEvent {
  act: string;
  title: string;
  tables: { table: string; inserted: number; updated: number; deleted: number; ids: number[] | null }[];
  /** False while a long act goes on. */
  last: boolean;
}

/* ---------- artifacts ---------- */

export interface ArtifactRow {
  id: number;
  uid: string;
  key: string | null;
  description: string | null;
  suffix: string;
  kind: string | null;
  otype: string | null;
  size: number | null;
  hash: string | null;
  nFiles: number | null;
  nObservations: number | null;
  version: number;
  versions: number;
  isLatest: boolean;
  /** ISO 8601 UTC. */
  createdAt: string;
  updatedAt: string;
  createdBy: string;
  run: { uid: string; transform: string } | null;
  labels: { registry: string; uid: string; name: string; feature: string | null }[];
  onlyHere: boolean;
}

export interface ArtifactListSpec {
  search?: string;
  /** facet id -> chosen values; the value `null` means "missing". Values of one facet are OR-ed, facets AND-ed. */
  facets?: Record<string, (string | null)[]>;
  sort?: { by: 'key' | 'size' | 'createdAt' | 'updatedAt' | 'suffix' | 'nObservations'; descending: boolean };
  /** Old versions are hidden unless asked for. */
  allVersions?: boolean;
  trash?: boolean;
  offset: number;
  limit: number;
}

export interface ArtifactPage {
  rows: ArtifactRow[];
  total: number;
}

/** `id` is stable ("suffix", "kind", "ulabel", "project", "feature:<uid>", "createdBy", …); `missing` counts artifacts without a value. */
export interface Facet {
  id: string;
  title: string;
  values: { value: string; label: string; count: number }[];
  missing: number;
}

export interface FeatureValue {
  feature: { uid: string; name: string; dtype: string };
  /** Display values; JSON scalars as text. */
  values: string[];
  /** Raw JSON values, or names of categories. */
  raw: unknown[];
}

export interface ArtifactDetail extends ArtifactRow {
  storageKey: string;
  storageRoot: string;
  hashType: string | null;
  /** Full sha256 from our own table; null until computed in the background. */
  checksum: string | null;
  features: FeatureValue[];
  projects: { uid: string; name: string }[];
  note: { uid: string; content: string; updatedAt: string; by: string } | null;
  summary: FileSummary | null;
  versionList: { uid: string; version: number; size: number | null; hash: string | null; createdAt: string; by: string; isLatest: boolean; run: string | null; changed: string[] }[];
  lineage: { inputs: ArtifactRef[]; run: RunInfo | null; outputs: ArtifactRef[]; usedBy: RunInfo[] };
  trashed: boolean;
}

export interface ArtifactRef {
  uid: string;
  key: string | null;
}

export interface RunInfo {
  uid: string;
  transform: { uid: string; key: string; kind: string };
  startedAt: string;
  finishedAt: string | null;
  status: string;
  by: string;
  params: Record<string, unknown> | null;
}

/* ---------- drops ---------- */

/** One file or folder to be saved. The File travels by structured clone (a handle, not its bytes). */
export interface DropItem {
  /** Chosen by the page, unique within the drop. */
  id: string;
  key: string;
  file: File | null;
  /** For folders: files with their path below the folder. */
  files: { path: string; file: File }[] | null;
}

export interface DropOptions {
  description?: string;
  labels?: string[];
  projects?: string[];
  /** feature name -> value as typed. */
  features?: Record<string, string>;
  /** What to do where content equals that of an existing artifact with another key. */
  sameContent?: 'existing' | 'duplicate';
}

export type DropState = 'queued' | 'hashing' | 'storing' | 'saved' | 'failed' | 'cancelled' | 'paused';

/**
 * What became of one item.
 * new: a new artifact; version: a new version of `uid`'s family; existing: same key and content, nothing new;
 * existing-key: same content under another key, LaminDB returns that artifact; old-version: equals an older version.
 */
export type DropVerdict = 'new' | 'version' | 'existing' | 'existing-key' | 'old-version' | 'error';

export interface DropProgress {
  drop: string;
  item: string;
  key: string;
  state: DropState;
  size: number;
  done: number;
  verdict: DropVerdict | null;
  /** In words, where LaminDB would stay silent or where something failed. */
  message: string | null;
  artifact: { uid: string; key: string | null; version: number } | null;
  otype: string | null;
  suffix: string | null;
}

/* ---------- inspection ---------- */

export type { FileSummary, SummaryColumn } from '../formats/summary.ts';

/* ---------- labels, projects, features ---------- */

export interface NamedRow {
  uid: string;
  name: string;
  count: number;
}

export interface FeatureRow extends NamedRow {
  dtype: string;
  description: string | null;
}

/* ---------- the API ---------- */

export interface EngineApi {
  status(): Promise<EngineStatus>;
  meter(): Promise<StorageMeter>;

  listArtifacts(spec: ArtifactListSpec): Promise<ArtifactPage>;
  facets(spec: ArtifactListSpec): Promise<Facet[]>;
  artifact(uid: string): Promise<ArtifactDetail>;
  /** Bytes of an artifact (or of one file in a folder artifact) as a File that reads lazily from OPFS. */
  openArtifact(uid: string, path?: string): Promise<File>;
  listFiles(uid: string): Promise<{ path: string; size: number }[]>;

  /** Starts a drop and answers at once with its uid; progress comes by `onDrop`. */
  drop(items: DropItem[], options: DropOptions): Promise<{ drop: string }>;
  pauseDrop(drop: string, paused: boolean): Promise<void>;
  cancelDrop(drop: string): Promise<void>;
  retryDrop(drop: string, item: string, options?: DropOptions): Promise<void>;
  /** Items of unfinished or recent drops, e.g. after a reload. */
  drops(): Promise<DropProgress[]>;

  updateArtifact(uid: string, change: { key?: string; description?: string | null; kind?: string | null }): Promise<void>;
  trashArtifacts(uids: string[]): Promise<void>;
  restoreArtifacts(uids: string[]): Promise<void>;
  /** Removes rows and bytes for good; the page asks first. */
  purgeArtifacts(uids: string[]): Promise<{ bytes: number }>;

  /** Adds labels by name; unknown ones are created as ULabels. */
  addLabels(uids: string[], names: string[]): Promise<void>;
  removeLabel(uid: string, registry: string, labelUid: string): Promise<void>;
  addProjects(uids: string[], names: string[]): Promise<void>;
  removeProject(uid: string, projectUid: string): Promise<void>;
  /** Replaces all external values of the artifact (LaminDB `features.set_values`). */
  setFeatures(uid: string, values: Record<string, unknown>): Promise<void>;
  addFeatures(uids: string[], values: Record<string, unknown>): Promise<void>;
  updateFeatures(uid: string, values: Record<string, unknown>): Promise<void>;
  removeFeatures(uid: string, names: string[]): Promise<void>;
  saveNote(uid: string, content: string): Promise<void>;

  ulabels(search: string, limit: number): Promise<NamedRow[]>;
  projects(search: string, limit: number): Promise<NamedRow[]>;
  features(search: string, limit: number): Promise<FeatureRow[]>;
  createFeature(name: string, dtype: string, description?: string): Promise<FeatureRow>;
  createULabel(name: string, description?: string): Promise<NamedRow>;
  createProject(name: string, description?: string): Promise<NamedRow>;

  undo(): Promise<UndoReport | null>;
  redo(): Promise<UndoReport | null>;
  undoAct(uid: string): Promise<UndoReport>;
  acts(limit: number, before?: string): Promise<ActSummary[]>;
  history(uid: string): Promise<HistoryEntry[]>;
  restoreFields(ref: HistoryEntry['ref']): Promise<void>;

  /** Reads only; used by the diagnostics screen and by tests. Writes are refused. */
  query(sql: string, params?: SqlValue[]): Promise<{ names: string[]; rows: SqlValue[][] }>;
  integrityCheck(): Promise<string>;
  /** The whole database file, streamed from disk. */
  exportDatabase(): Promise<ReadableStream<Uint8Array>>;
  /** One-click sample lab: generated here, dropped like any other files. */
  createSampleLab(): Promise<{ drop: string }>;
}

/** Messages that arrive without being asked for. */
export type EngineEvent =
  | { type: 'feed'; feed: FeedEvent }
  | { type: 'drop'; progress: DropProgress }
  | { type: 'status'; status: Partial<EngineStatus> }
  | { type: 'fatal'; error: WireError };

/** One request on a port. `op` makes a write idempotent: re-sent after a leader change it is applied once. */
export interface WireRequest {
  id: number;
  method: keyof EngineApi;
  args: unknown[];
  op: string | null;
}

export type WireResponse = { id: number; ok: true; value: unknown } | { id: number; ok: false; error: WireError };
