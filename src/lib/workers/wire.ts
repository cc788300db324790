// What crosses the worker border: the engine's API as the page sees it, plain data only.
// The page imports this file for its types; the engine worker implements EngineApi.
import type { RoomsApi } from './rooms-wire.ts';
import type { WireError } from '../engine/errors.ts';
import type { SqlExport, SqlPage, SqlSpec, SqlTable } from '../engine/console/types.ts';
import type { ArtifactDetail, ArtifactListSpec, ArtifactPage } from '../engine/query/artifact-types.ts';
import type { ArtifactSet } from '../engine/query/artifact-set.ts';
import type { AskedSource } from '../engine/registry/query-sources.ts';
import type { JobProgress } from '../engine/jobs.ts';
import type { BlockInput, SavedBlock } from '../engine/registry/block.ts';
import type { GoneName, GoneRow } from '../engine/registry/gone.ts';
import type { FeatureRow, NamedRow } from '../engine/registry/named.ts';
import type {
  Columns,
  Created,
  CreateOptions,
  FeatureValues,
  Fields,
  Imported,
  ImportOptions,
  PurgePlan,
  Purged,
  Ref,
  RelationChange,
  Updated,
  ValueAct,
  ValueReading,
} from '../engine/registry/registry-types.ts';
import type { FeedChange, UndoResult } from '../engine/write/writer.ts';
import type { Parcel, TransferMode } from '../engine/interop/parcel.ts';
import type { Transferred } from '../engine/interop/receive.ts';
import type { AnnotateOptions, DropOptions, DropProgress } from '../engine/registry/drop-types.ts';
import type { ArtifactSchemas } from '../engine/view/artifact-schemas.ts';
import type { Elsewhere } from '../engine/view/elsewhere.ts';
import type { FacetSpec, ListFacet } from '../engine/view/facets.ts';
import type { ListHistogram, ListTotals, UsedFeature } from '../engine/view/summary.ts';
import type { BarSpec } from '../engine/view/summary-bars.ts';
import type { ListPage } from '../engine/view/list.ts';
import type { FoundObjects } from '../engine/view/objects.ts';
import type { Cursor, PageSpec } from '../engine/view/page.ts';
import type { RegistryInfo } from '../engine/view/registry-info.ts';
import type { RowDetail } from '../engine/view/row-detail.ts';
import type { CodeLanguage } from '../engine/view/part.ts';
import type { SavedView, SavedViewInput } from '../engine/view/saved.ts';
import type { View } from '../engine/view/view.ts';
import type { ActSummary, HistoryEntry } from '../engine/write/history-types.ts';
import type { PlacedArtifact, PlacedFile } from '../engine/registry/in-place.ts';
import type { StoragesApi, ViewProgress } from './storages.ts';
import type { MovePart } from '../engine/interop/moving.ts';
import type { JoiningApi } from './joining-wire.ts';
import type { TeamFilesApi } from './team-files.ts';
import type { Transfer, TransfersApi } from './transfers.ts';
import type { UnsavedFile, ValidationsApi } from './validations.ts';
import type { DatabaseProgress, DatabasesApi } from './databases-wire.ts';
import type { QueryApi } from './query-wire.ts';
import type { BranchApi } from './branch-wire.ts';
import type { ReviewApi } from './review-wire.ts';
import type { CurationApi } from './curation-wire.ts';
import type { OntologiesApi } from './ontology-wire.ts';
import type { SchemasApi } from './schemas-wire.ts';
import type { HistoryApi } from './history-wire.ts';
import type { PastState } from '../engine/branch/as-of.ts';
import type { EngineStatus, StorageMeter } from './status-wire.ts';
import type { SyncApi, SyncStatus } from './sync-wire.ts';

export type { Transfer };
export type { PastState };
export type {
  AuditAct,
  AuditAsk,
  AuditChoices,
  AuditPage,
  AuditRow,
  AuditRows,
  BinAsk,
  BinPage,
  BinPlace,
  BinRow,
  Emptied,
  EmptyPlan,
  HistoryAsk,
  HistoryChange,
  HistoryPage,
  PastStop,
  Restored,
  RestoreLine,
} from './history-wire.ts';
export type { ActSummary, GoneName, GoneRow, HistoryEntry };
export type {
  SqlColumn,
  SqlExport,
  SqlPage,
  SqlSpec,
  SqlTable,
  SqlTableColumn,
} from '../engine/console/types.ts';

/* ---------- status ---------- */

export type { EngineStatus, StorageMeter } from './status-wire.ts';

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
  FeatureValue,
  RunInfo,
} from '../engine/query/artifact-types.ts';

export type { ArtifactSet, AskedSource };

/** An act on many rows that is going on in the leading tab. */
export type { JobProgress };

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

export type {
  AnnotateOptions,
  DropOptions,
  DropProgress,
  DropState,
  DropVerdict,
} from '../engine/registry/drop-types.ts';

/* ---------- inspection ---------- */

export type {
  ArrayValues,
  CellMatrix,
  ColourBy,
  FileSummary,
  FileView,
  NotebookCell,
  PictureViews,
  PlaneLayer,
  PlaneViews,
  SummaryColumn,
  SummaryMember,
  SummaryPart,
  SummaryViews,
  ViewAsk,
  ViewContent,
} from '../engine/ports.ts';

/* ---------- validation ---------- */

export type { UnsavedFile, ValidationsApi };
export type { SavedValidation } from '../engine/curate/part.ts';
export type { RowsTable } from '../formats/curate/read-dataset.ts';
export type {
  Finding,
  FindingKind,
  FindingTerms,
  FindingValue,
  LaminCheck,
  SlotResult,
  ValidationCounts,
  ValidationResult,
} from '../engine/curate/finding.ts';

export type {
  BuiltSchema,
  ColumnProposal,
  ContentMember,
  DraftLook,
  DraftProblem,
  DtypeChoice,
  FeatureChoice,
  MemberDraft,
  PartDraft,
  SchemaContent,
  SchemaDraft,
  SchemaProposal,
  SlotDraft,
  SlotProposal,
} from './schemas-wire.ts';

/* ---------- labels, projects, features ---------- */

export type { FeatureRow, NamedRow };

/* ---------- lists of any registry ---------- */

export type {
  BranchCheck,
  BranchDiff,
  BranchRow,
  BundleFacts,
  CellName,
  CheckFailure,
  Choice,
  DiffField,
  DiffKind,
  DiffObject,
  DiffSpec,
  ExportedBranch,
  FilesOfBranch,
  SavedBranchFile,
  BranchHeld,
  HeldBack,
  HeldRow,
  ImportedBranch,
  Merged,
  Received,
  Reverted,
  SheetCell,
  SheetColumn,
  SheetDiff,
  SheetFacts,
  SheetRow,
  ToldConflict,
} from './branch-wire.ts';
export type { FieldInfo, RegistryInfo, RelationInfo } from '../engine/view/registry-info.ts';
export type { FilterGroup, FilterNode, FilterTest, TestOp, View } from '../engine/view/view.ts';
export type { ColumnInfo } from '../engine/view/columns.ts';
export type { CodeLanguage } from '../engine/view/part.ts';
export type { Density, SavedView, SavedViewInput } from '../engine/view/saved.ts';
export type { Elsewhere } from '../engine/view/elsewhere.ts';
export type { ArtifactSchemas, SchemaSlot } from '../engine/view/artifact-schemas.ts';
export type { Cell, RowLink } from '../engine/view/cells.ts';
export type { ListPage, ListRow } from '../engine/view/list.ts';
export type { FoundObject, FoundObjects } from '../engine/view/objects.ts';
export type { Cursor, PageSpec } from '../engine/view/page.ts';
export type { RowDetail, RowFeature } from '../engine/view/row-detail.ts';
export type { FacetSpec, ListFacet } from '../engine/view/facets.ts';
export type { HistogramBar, ListHistogram, ListTotals, UsedFeature } from '../engine/view/summary.ts';
export type { BarSpec } from '../engine/view/summary-bars.ts';

/* ---------- rows of any registry ---------- */

export type { TransferMode, Transferred };

export type {
  BlockInput,
  Created,
  CreateOptions,
  FeatureValues,
  Fields,
  Imported,
  ImportOptions,
  PurgePlan,
  Purged,
  Ref,
  RelationChange,
  SavedBlock,
  Updated,
};

/* ---------- the API ---------- */

export interface EngineApi
  extends
    DatabasesApi,
    StoragesApi,
    TransfersApi,
    TeamFilesApi,
    JoiningApi,
    QueryApi,
    OntologiesApi,
    ValidationsApi,
    RoomsApi,
    CurationApi,
    SchemasApi,
    HistoryApi,
    BranchApi,
    ReviewApi,
    SyncApi {
  status(): Promise<EngineStatus>;
  meter(): Promise<StorageMeter>;

  listArtifacts(spec: ArtifactListSpec): Promise<ArtifactPage>;
  artifact(uid: string): Promise<ArtifactDetail>;

  /** Every registry of the open database, with its fields and relations: the same until another one is opened. */
  registries(): Promise<RegistryInfo[]>;
  /** Rows that a list of each registry shows at first, by its name. */
  registryCounts(): Promise<Record<string, number>>;
  /** One page of a list, by keyset. Throws `FieldError` and its kin for what the view asks wrongly. */
  listRows(view: View, page: PageSpec): Promise<ListPage>;
  countList(view: View): Promise<number>;
  /** Where the rows of a registry are that its list does not show at first, in numbers. */
  elsewhere(registry: string): Promise<Elsewhere>;
  /** Cursors every `step` rows behind `after`, at most `most` of them. */
  listMarks(view: View, after: Cursor | null, step: number, most: number): Promise<Cursor[]>;
  /** Keys of all rows that the view shows, to act on all of them. */
  listKeys(view: View): Promise<string[]>;
  /** The best `most` rows for a text, ranked by name, of every registry or of those that are named. */
  findObjects(text: string, most: number, registries?: string[]): Promise<FoundObjects[]>;
  /** Which facets a list has; each is then counted by itself. */
  facetSpecs(view: View): Promise<FacetSpec[]>;
  listFacet(view: View, spec: FacetSpec): Promise<ListFacet>;
  /** How many artifacts a list has and what they weigh together. */
  listTotals(view: View): Promise<ListTotals>;
  /** Bars of `size`, of a field with times, or of a feature with numbers or dates; each has the condition it stands for. */
  listHistogram(view: View, spec: BarSpec): Promise<ListHistogram>;
  /** The features that most rows of a list carry. */
  listFeatures(view: View, limit: number): Promise<UsedFeature[]>;
  savedViews(registry: string): Promise<SavedView[]>;
  /** Saves a new view, or changes the one whose uid is given; answers its uid. Nothing to undo. */
  /** Makes artifacts of files below a storage's root without copying them; one act, one run. */
  registerInPlace(storage: string, files: readonly PlacedFile[]): Promise<PlacedArtifact[]>;
  saveView(input: SavedViewInput): Promise<string>;
  removeView(uid: string): Promise<void>;
  /** The view as a program that rebuilds it. */
  viewCode(view: View, language: CodeLanguage): Promise<string>;
  /** Schema and slots of an artifact's dataset, with the first members of each. */
  artifactSchemas(uid: string): Promise<ArtifactSchemas>;
  /** One row of any registry by uid (or id, where there is no uid), with all that its page shows. */
  row(registry: string, key: string): Promise<RowDetail>;

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
  trashArtifacts(set: ArtifactSet): Promise<void>;
  restoreArtifacts(set: ArtifactSet): Promise<void>;
  /** Removes rows and bytes for good; the page asks first. */
  purgeArtifacts(uids: string[]): Promise<{ bytes: number }>;

  /** All of it in one act, undone in one step. On many artifacts it is a job, told by `job` events. */
  annotate(set: ArtifactSet, options: AnnotateOptions): Promise<void>;
  /** Jobs going on, e.g. for a tab that has just opened. */
  jobs(): Promise<JobProgress[]>;
  /** Takes back what the job has done; its call then rejects with `Cancelled`. */
  cancelJob(act: string): Promise<void>;
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

  /** Makes a row of any registry, or gives back the one LaminDB would give back. Field names are LaminDB's. */
  create(registry: string, fields: Fields, options?: CreateOptions): Promise<Created>;
  update(registry: string, ref: Ref, changes: Fields): Promise<Updated>;
  /** Adds and removes ties under LaminDB's relation names: parents, ulabels, projects, input_of_runs … */
  relate(registry: string, ref: Ref, relation: string, change: RelationChange): Promise<void>;
  /** Feature values of artifacts, runs and records. Answers in words what was to be removed and not there. */
  writeFeatures(
    registry: string,
    refs: Ref[],
    what: ValueAct,
    values: FeatureValues,
    options?: ValueReading,
  ): Promise<string[]>;
  /** A record of each row of a table, given by columns, in a record type or a new sheet below `Imports`. */
  importRows(type: Ref | { create: string }, columns: Columns, options?: ImportOptions): Promise<Imported>;
  trash(registry: string, refs: Ref[]): Promise<void>;
  archive(registry: string, refs: Ref[]): Promise<void>;
  /** From trash or archive, to the branch each row came from. */
  restore(registry: string, refs: Ref[]): Promise<void>;
  /** What deleting for good would take; `purge` refuses where something is in the way. */
  /** Of these keys of the store of bytes those that an artifact here has its bytes under; another database asks. */
  keysNamed(keys: string[]): Promise<string[]>;
  purgePlan(registry: string, refs: Ref[]): Promise<PurgePlan>;
  purge(registry: string, refs: Ref[]): Promise<Purged>;
  /** A new version of the collection; the old one keeps its artifacts. */
  appendToCollection(ref: Ref, artifacts: Ref[], options?: { run?: Ref }): Promise<Created>;
  /** A note or comment on a row; with registry null a page of the instance by key. */
  saveBlock(registry: string | null, ref: Ref | null, input: BlockInput): Promise<SavedBlock>;
  removeBlock(registry: string | null, uid: string): Promise<void>;
  rowHistory(registry: string, ref: Ref): Promise<HistoryEntry[]>;
  /** A row that was deleted for good: its name, the act that ended it and its whole history; null for any other uid. */
  gone(registry: string, uid: string): Promise<GoneRow | null>;
  /** What an act deleted for good, at most 200 rows. */
  goneIn(act: string): Promise<GoneName[]>;

  /** Rows by uid with all that they need in another database. */
  packRows(registry: string, keys: string[], mode?: TransferMode): Promise<Parcel>;
  /** All that the database has, in the order in which another one can take it as a whole. */
  movableParts(): Promise<MovePart[]>;
  /** Nobody has made anything in it. */
  isUntouched(): Promise<boolean>;
  /**
   * Saves rows of a database that is looked at into the one in use, with what they need and, unless `mode` says less,
   * their annotations (`object.save()` of LaminDB's `ln.DB`). One act; many rows are a job. No bytes move.
   */
  saveFrom(db: string, registry: string, keys: string[], mode?: TransferMode): Promise<Transferred>;

  undo(): Promise<UndoReport | null>;
  redo(): Promise<UndoReport | null>;
  undoAct(uid: string): Promise<UndoReport>;
  acts(limit: number, before?: string): Promise<ActSummary[]>;
  history(uid: string): Promise<HistoryEntry[]>;
  restoreFields(ref: HistoryEntry['ref']): Promise<void>;

  /** One page of the rows of a statement that reads; anything else is refused with `ReadOnly`. */
  runSql(spec: SqlSpec): Promise<SqlPage>;
  /** All rows as a CSV file, made as it is read. Errors of the statement come before the first byte. */
  exportSql(
    spec: Pick<SqlSpec, 'uid' | 'sql' | 'params' | 'timeLimitMs'>,
  ): Promise<ReadableStream<Uint8Array>>;
  exportedSql(uid: string): Promise<SqlExport>;
  /** Ends a statement or an export; unknown and ended ones are no error. */
  cancelSql(uid: string): Promise<void>;
  /** Tables and columns of the database, for the tree and for completion. */
  sqlSchema(): Promise<SqlTable[]>;
  integrityCheck(): Promise<string>;
  /** The whole database file, streamed from disk. */
  exportDatabase(): Promise<ReadableStream<Uint8Array>>;
  /** One-click sample lab: generated here, dropped like any other files. */
  createSampleLab(): Promise<{ drop: string }>;
}

/** Messages that arrive without being asked for. */
export type EngineEvent =
  | { type: 'feed'; feed: FeedEvent }
  /** The newest progress of each item that has some. */
  | { type: 'drop'; progress: DropProgress[] }
  | { type: 'job'; job: JobProgress }
  /** All files on their way to and from buckets. */
  | { type: 'transfers'; transfers: Transfer[] }
  /** Pages that hold keys of storages give them to the worker that leads now. */
  | { type: 'keys' }
  | { type: 'view'; progress: ViewProgress }
  /** A message of a live text or of presence. */
  | { type: 'room'; room: string; bytes: Uint8Array }
  | { type: 'database'; progress: DatabaseProgress }
  /** How sync stands, when that changed. */
  | { type: 'sync'; status: SyncStatus }
  | { type: 'status'; status: Partial<EngineStatus> }
  | { type: 'fatal'; error: WireError };

/**
 * One request on a port. `op` makes a write idempotent: re-sent after a leader change it is applied once. `db` names the
 * database it is about (null: the one in use); a write for another than that is refused, a read is passed on to it.
 */
export interface WireRequest {
  id: number;
  method: keyof EngineApi;
  args: unknown[];
  op: string | null;
  db: string | null;
  /** Uid of the branch that the page showed when a write was asked for. */
  branch?: string | null;
}

export type WireResponse =
  { id: number; ok: true; value: unknown } | { id: number; ok: false; error: WireError };
