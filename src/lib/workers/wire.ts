// What crosses the worker border: the engine's API as the page sees it, plain data only.
// The page imports this file for its types; the engine worker implements EngineApi.
import type { WireError } from '../engine/errors.ts';
import type { SqlValue } from '../engine/ports.ts';
import type {
  ArtifactDetail,
  ArtifactListSpec,
  ArtifactPage,
  Facet,
} from '../engine/query/artifact-types.ts';
import type { FeatureRow, NamedRow } from '../engine/registry/named.ts';
import type { FeedChange, UndoResult } from '../engine/write/writer.ts';
import type { DropOptions, DropProgress } from '../engine/registry/drop-types.ts';
import type { ActSummary, HistoryEntry } from '../engine/write/history-types.ts';

export type { ActSummary, HistoryEntry };

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

/** What an undo or redo did. Cells or rows touched by others since stay and are listed (at most 200). */
export type UndoReport = UndoResult;

/** After each COMMIT: which tables changed. `ids` is null when there are more than 1,000; `last` is false while a long act goes on. */
export type FeedEvent = FeedChange;

/* ---------- artifacts ---------- */

export type {
  ArtifactDetail,
  ArtifactListSpec,
  ArtifactPage,
  ArtifactRef,
  ArtifactRow,
  Facet,
  FeatureValue,
  RunInfo,
} from '../engine/query/artifact-types.ts';

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

export type { DropOptions, DropProgress, DropState, DropVerdict } from '../engine/registry/drop-types.ts';

/* ---------- inspection ---------- */

export type { FileSummary, SummaryColumn } from '../engine/ports.ts';

/* ---------- labels, projects, features ---------- */

export type { FeatureRow, NamedRow };

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

  updateArtifact(
    uid: string,
    change: { key?: string; description?: string | null; kind?: string | null },
  ): Promise<void>;
  trashArtifacts(uids: string[]): Promise<void>;
  restoreArtifacts(uids: string[]): Promise<void>;
  /** Removes rows and bytes for good; the page asks first. */
  purgeArtifacts(uids: string[]): Promise<{ bytes: number }>;

  /** Adds labels by name; unknown ones are created as ULabels. */
  /** All of it in one act, undone in one step. */
  annotate(uids: string[], options: DropOptions): Promise<void>;
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

export type WireResponse =
  { id: number; ok: true; value: unknown } | { id: number; ok: false; error: WireError };
