// The engine as one object: registries, write path, drops and queries over the ports it is given. The same in the
// browser worker, in Node and in tests; it knows no DOM, no network and no file system.
import { finishArriving } from './branch/bundle-arrival.ts';
import { bundlePart, type BundleKeys } from './branch/bundle-part.ts';
import { branchPart } from './branch/part.ts';
import { revertPart } from './branch/revert.ts';
import { reviewPart } from './branch/review-part.ts';
import { createPast, type PastState } from './branch/as-of.ts';
import { consolePart } from './console/part.ts';
import type { EngineContext } from './context.ts';
import { curationPart } from './curate/curation.ts';
import { curatePart } from './curate/part.ts';
import { schemasPart } from './curate/schemas.ts';
import { termsPart } from './curate/terms.ts';
import { LoamError } from './errors.ts';
import { countedBlobs } from './held-bytes.ts';
import { createJobs, type JobProgress } from './jobs.ts';
import { addValues, removeValues, setValues, updateValues } from './features/values.ts';
import { link, projectsByName, ulabelsByName, unlink } from './features/labels.ts';
import { movingPart } from './interop/moving.ts';
import { liveNotesPart } from './rooms/part.ts';
import { transferPart } from './interop/transfer.ts';
import type { Model } from './model/types.ts';
import { comparePart } from './ontology/compare.ts';
import { importPart } from './ontology/import.ts';
import { knownPart } from './ontology/known-terms.ts';
import type {
  Bell,
  BlobStore,
  Clock,
  Device,
  FileNonce,
  Inspector,
  Payload,
  Random,
  SqlDriver,
} from './ports.ts';
import { artifactDetail, findArtifact } from './query/artifact-detail.ts';
import { artifactIds } from './query/artifact-set.ts';
import { listArtifacts } from './query/artifact-rows.ts';
import type { ArtifactDetail, ArtifactListSpec, ArtifactPage } from './query/artifact-types.ts';
import { queryPart } from './query/part.ts';
import { actList, onlyHere, statusFacts, type StatusFacts } from './query/status.ts';
import { findLeftovers, saveBatch } from './registry/drop-save.ts';
import { removePurged, type NamedElsewhere } from './registry/purged-bytes.ts';
import { startDrop, type Drop, type DropInput } from './registry/drop.ts';
import type { DropOptions, DropProgress } from './registry/drop-types.ts';
import { auditPart } from './registry/audit-log.ts';
import { binPart } from './registry/bin.ts';
import { gonePart } from './registry/gone.ts';
import { historyPart } from './registry/history-part.ts';
import { manyPart } from './registry/many.ts';
import { devicePart } from './registry/device-part.ts';
import { deviceStorage, lookForBytes } from './registry/device-storage.ts';
import { namedPart } from './registry/named-part.ts';
import { registryPart } from './registry/part.ts';
import { schemaBuildPart } from './registry/schema-build.ts';
import { sheetPart } from './registry/sheet.ts';
import { dropTransform, finishRun, startRun } from './registry/run.ts';
import { inPlacePart } from './registry/in-place.ts';
import { teamStoragePart } from './registry/team-storage.ts';
import { placingPart } from './registry/placing.ts';
import { storagesPart } from './registry/storages.ts';
import { whereabouts } from './registry/whereabouts.ts';
import { readAuthor, type Place } from './schema/open.ts';
import { all, one, runInTurn, runSync } from './statement.ts';
import { countedTables } from './view/facet-counts.ts';
import { viewPart } from './view/part.ts';
import { emptyView } from './view/view.ts';
import { bringBackAll } from './write/bulk-indexes.ts';
import { restoreFields } from './write/history.ts';
import type { ActSummary, HistoryEntry } from './write/history-types.ts';
import { refuseInPast } from './write/journal.ts';
import { createSyncLog } from './sync/log.ts';
import { syncPart } from './sync/part.ts';
import { createWriter, type FeedChange, type UndoResult, type Writer } from './write/writer.ts';

export interface EngineDeps {
  driver: SqlDriver;
  model: Model;
  blobs: BlobStore;
  inspector: Inspector;
  clock: Clock;
  random: Random;
  onFeed: (feed: FeedChange) => void;
  onDrop: (progress: DropProgress) => void;
  onJob?: (job: JobProgress) => void;
  /** Another moment is looked at, or the present again (null). */
  onPast?: (state: PastState | null) => void;
  breathe?: () => Promise<void>;
  bell?: Bell;
  /** Keeps an index of texts and counters of facets in the database; only where no other program writes it. */
  searchIndex?: boolean;
  /** The device that the engine runs on, which its acts tell of; none is told otherwise. */
  device?: Device | null;
  /** Keys that sign branches in files; none where there are none. */
  bundleKeys?: BundleKeys;
  /** Branch and space that new rows go to; main and `all` otherwise. */
  place?: Place;
  /** Of keys of the store of bytes those that another database of the device names; none otherwise. */
  namedElsewhere?: NamedElsewhere;
  /** What tells a database file that is synced from a copy of it; without it every file is taken for itself. */
  fileNonce?: FileNonce;
  /** The database is only looked at: nothing is taken back, resumed or written. */
  readOnly?: boolean;
}

export type Engine = Awaited<ReturnType<typeof createEngine>>;

/** Opens the engine on an existing instance: takes back unfinished acts, finishes or removes unfinished drops. */
export async function createEngine(deps: EngineDeps) {
  const { driver, readOnly = false, namedElsewhere = async () => [] } = deps;
  if (readOnly) driver.exec('PRAGMA query_only=on');
  const blobs = countedBlobs(deps.blobs);
  const author = readAuthor(driver, deps.place);
  const facets = deps.searchIndex ? { facets: countedTables(deps.model) } : {};
  let wakeSync: (feed: FeedChange) => void = () => {};
  const onFeed = (feed: FeedChange): void => {
    deps.onFeed(feed);
    wakeSync(feed);
  };
  const writer: Writer = createWriter({ ...deps, ...facets, author, onFeed });
  const drops = new Map<string, Drop>();
  /** Full checksums of drops, on their way. */
  const summed = new Map<string, Promise<void>>();
  const recovered = readOnly ? [] : writer.recover();
  const sync = createSyncLog(driver, writer.journal);
  if (!readOnly && sync.on && deps.fileNonce) await sync.checkFile(deps.fileNonce);
  if (!readOnly) bringBackAll(driver);
  const storageId = deviceStorage(driver, blobs.root, readOnly ? null : writer);
  if (!readOnly) {
    await finishArriving(driver, blobs);
    await resumeDrops();
    await removePurged(driver, blobs, namedElsewhere);
    await lookForBytes(driver, blobs);
  }

  /** Uid of the request being served: the act takes it, so that a re-sent request is applied once. */
  let operation: string | null = null;

  const act: EngineContext['act'] = (kind, title, body, again) => {
    if (readOnly) throw onlyLookedAt();
    const uid = request();
    const done = writer.act(uid === null ? { kind, title } : { kind, title, uid }, body);
    return done === null && uid !== null && again ? read(again(uid)) : done;
  };

  /** The request's uid, taken once. */
  function request(): string | null {
    const uid = operation;
    operation = null;
    return uid;
  }

  /** What readers do not see yet. */
  const hidden = writer.journal.hidden.without;
  const read: EngineContext['read'] = (steps) => runSync(driver, steps);
  const breathe = deps.breathe ?? (() => Promise.resolve());
  const readInTurn: EngineContext['readInTurn'] = (steps) => runInTurn(driver, steps, deps.clock, breathe);
  const idOf = (uid: string): number => read(findArtifact(hidden, uid)).id;
  const idsOf = (uids: string[]): number[] => read(artifactIds(deps.model, hidden, uids));
  const titled = (verb: string, ids: number[]): string => {
    if (ids.length !== 1) return `${verb} ${ids.length} artifacts`;
    const row = read(one('SELECT coalesce(key, uid) FROM lamindb_artifact WHERE id = ?', [ids[0] ?? 0]));
    return `${verb} ${String(row?.[0] ?? '')}`;
  };

  async function resumeDrops(): Promise<void> {
    const { resume } = await findLeftovers(driver, blobs);
    for (const { drop, item } of resume) {
      try {
        const there = runSync(driver, one('SELECT 1 FROM lamindb_artifact WHERE uid = ?', [item.uid]));
        if (!there) {
          if (item.token !== null) await blobs.commit(item.token, item.storageKey);
          writer.act({ kind: 'drop', title: `Resume adding ${item.facts.key ?? item.uid}` }, function* (tx) {
            const run = yield* startRun(tx, yield* dropTransform(tx), { resumed: drop });
            yield* saveBatch(tx, [item], run.id);
            yield* finishRun(tx, run.id, 'completed');
          });
        }
      } catch {
        // Bytes that cannot be finished are taken back: the file is then cleanly absent and can be dropped again.
        if (item.token !== null) await blobs.discard(item.token);
      }
      driver.run('DELETE FROM loam_drop WHERE uid = ? AND item = ?', [drop, item.id]);
    }
  }

  function drop(inputs: DropInput[], options: DropOptions): { drop: string } {
    refuseInPast(writer.journal);
    const started = startDrop(
      {
        driver,
        writer,
        blobs,
        inspector: deps.inspector,
        storageId,
        now: deps.clock,
        onProgress: deps.onDrop,
        onSlice: (opened, changes, last) =>
          onFeed({
            act: opened.uid,
            title: opened.title,
            last,
            tables: changes.map((c) => ({ ...c, ids: c.ids && [...c.ids] })),
          }),
      },
      inputs,
      options,
    );
    drops.set(started.uid, started);
    summed.set(
      started.uid,
      started.done.then(() => afterwards(started)),
    );
    return { drop: started.uid };
  }

  /** Bytes that were kept together are laid out while no drop is running; what fails is tried after the next one. */
  const dropping = {
    get aborted() {
      return [...drops.values()].some((d) => !d.finished);
    },
  };
  async function settle(): Promise<void> {
    if (writer.journal.until) return;
    await blobs.settle(dropping).catch(() => {});
    // What could not go when it was deleted, since another database named it.
    if (!readOnly) await removePurged(driver, blobs, namedElsewhere);
  }

  /** Drops whose checksums are still being made. */
  let summing = 0;
  async function afterwards(done: Drop): Promise<void> {
    summing++;
    try {
      await settle();
      await checksums(done);
    } finally {
      summing--;
    }
  }

  /** sha1-fl cannot see a change in the middle of a large file, so a full checksum is kept beside it (small ones have it). */
  async function checksums(done: Drop): Promise<void> {
    const saved = done.items.flatMap(({ artifact, verdict }) =>
      artifact && (verdict === 'new' || verdict === 'version') ? [artifact.uid] : [],
    );
    const missing = read(
      all(
        `SELECT a.id, a.uid FROM lamindb_artifact a JOIN loam_blob b ON b.artifact_id = a.id
         WHERE b.sha256 IS NULL AND a.uid IN (SELECT value FROM json_each(?))`,
        [JSON.stringify(saved)],
      ),
    ).map((row) => ({ id: Number(row[0]), uid: String(row[1]) }));
    for (const { id, uid } of missing) {
      try {
        const sha256 = await deps.inspector.checksum(await payloadOf(uid));
        driver.run('UPDATE loam_blob SET sha256 = ? WHERE artifact_id = ?', [sha256, id]);
        deps.onFeed({
          act: done.uid,
          title: '',
          last: true,
          tables: [{ table: 'loam_blob', inserted: 0, updated: 1, deleted: 0, ids: [id] }],
        });
      } catch {
        // Undone or purged meanwhile; a checksum of bytes that are gone is of no use.
      }
    }
  }

  /** Stored bytes as inspection takes them: by storage key, which the platform resolves to its own file handle. */
  async function payloadOf(uid: string): Promise<Payload> {
    const { key, folder } = locate(uid);
    if (!folder) return { name: key, file: key, files: null };
    const paths = await blobs.list(key);
    return { name: key, file: null, files: paths.map((path) => ({ path, file: `${key}/${path}` })) };
  }

  const locate = (uid: string): { key: string; folder: boolean; name: string } =>
    read(whereabouts(hidden, uid));

  function dropOf(uid: string): Drop {
    const found = drops.get(uid);
    if (!found) throw new LoamError('DoesNotExist', 'This drop is over.', { drop: uid });
    return found;
  }

  function notWhileDropping(): void {
    if (dropping.aborted) {
      throw new LoamError(
        'InvalidArgument',
        'Files are still being added. Wait until they are done, or cancel them, then undo.',
      );
    }
  }

  const { model, clock, random } = deps;
  const jobs = createJobs(writer, clock, deps.onJob ?? (() => {}));
  const shared = {
    driver,
    model,
    blobs,
    clock,
    random,
    writer,
    storageId,
    namedElsewhere,
    tell: deps.onFeed,
  };
  const context: EngineContext = { ...shared, jobs, read, readInTurn, act, request };
  const synced = syncPart(context, sync, () => branches);
  wakeSync = synced.wakeSync;
  const past = createPast({
    driver,
    model,
    writer,
    clock,
    breathe,
    tell: deps.onFeed,
    onPast(state) {
      synced.holdSync();
      deps.onPast?.(state);
    },
    busy() {
      if (dropping.aborted) return 'Files are still being added. Wait until they are done, or cancel them.';
      if (summing > 0) return 'Added files are still being read for their checksums. Try again in a moment.';
      const [job] = jobs.running();
      if (job) return `“${job.title}” is still going on. Wait until it is done, or cancel it.`;
      if (driver.reading) return 'An export is being read. Wait until it is done, or cancel it.';
      return null;
    },
  });
  const registries = registryPart(context);
  const branches = branchPart(context, () => dropping.aborted);
  const view = viewPart(context);
  if (deps.place?.branch !== undefined) branches.openOn(deps.place.branch, readOnly);

  return {
    sync,
    ...synced,
    ...branches,
    ...revertPart(context, branches.switchBranch),
    ...reviewPart(context),
    ...liveNotesPart(context),
    ...bundlePart(context, branches, deps.bundleKeys ?? null),
    ...manyPart(context),
    ...queryPart(context, readOnly ? null : branches.seenOn),
    ...gonePart(context),
    ...historyPart(context),
    ...auditPart(context),
    ...devicePart(context),
    ...binPart(context, registries),
    ...storagesPart(context),
    ...inPlacePart(context),
    ...placingPart(context),
    ...teamStoragePart(context),
    ...registries,
    ...sheetPart(context),
    ...importPart(context),
    ...knownPart(context),
    ...comparePart(context),
    ...view,
    ...curatePart(context),
    ...curationPart(context),
    ...termsPart(context, breathe),
    ...schemasPart(context),
    ...schemaBuildPart(context),
    ...transferPart(context),
    ...movingPart(context),
    ...consolePart(context, breathe, deps.bell),
    writer,
    recovered,
    /** Names the next act after the request that asked for it. */
    withOperation: (uid: string | null): void => {
      operation = uid;
    },
    status: (): StatusFacts => read(statusFacts(hidden, author, view.countList(emptyView('Artifact')))),
    onlyHere: (): number => read(onlyHere(hidden)),
    storedBytes: (): Promise<number> => blobs.held(),

    listArtifacts: (spec: ArtifactListSpec): ArtifactPage => read(listArtifacts(hidden, spec)),
    artifact: (uid: string): ArtifactDetail => read(artifactDetail(writer.journal, uid)),
    /** Name and storage key of an artifact's bytes, or of one file in a folder artifact. */
    /** Why the database cannot be left just now, in words; null when it can. */
    busy: (): string | null => {
      if (dropping.aborted)
        return 'Files are still being added. Wait until they are done, or cancel them, then try again.';
      return past.past() ? 'You are looking at the past. Go back to now first.' : null;
    },
    ...past,
    /** Refuses in words while the past is looked at. */
    notInPast: (): void => refuseInPast(writer.journal),

    drop,
    pauseDrop: (uid: string, paused: boolean): void => dropOf(uid).pause(paused),
    cancelDrop: (uid: string): void => dropOf(uid).cancel(),
    retryDrop: (uid: string, item: string, options?: DropOptions): void => {
      refuseInPast(writer.journal);
      const again = dropOf(uid);
      again.retry(item, options);
      void again.done.then(() => afterwards(again));
    },
    /** Lays out what an earlier session kept together, and removes bytes that it had to leave. */
    settle,
    /** Settles when the drop's items are saved or failed and its checksums are kept. */
    dropDone: (uid: string): Promise<void> => dropOf(uid).done.then(() => summed.get(uid)),
    drops: (): DropProgress[] => [...drops.values()].flatMap((d) => d.items),

    updateArtifact: (
      uid: string,
      change: { key?: string; description?: string | null; kind?: string | null },
    ): void => {
      registries.update('Artifact', { uid }, change);
    },
    purgeArtifacts: async (uids: string[]): Promise<{ bytes: number }> => {
      const refs = uids.map((uid) => ({ uid }));
      return { bytes: (await registries.purge('Artifact', refs)).bytes };
    },

    addLabels: (uids: string[], names: string[]): void => {
      const ids = idsOf(uids);
      act('annotate', titled('Label', ids), function* (tx) {
        yield* link(tx, 'lamindb_artifactulabel', 'ulabel_id', ids, yield* ulabelsByName(tx, names));
      });
    },
    removeLabel: (uid: string, registry: string, label: string): void => {
      const id = idOf(uid);
      const table = deps.model.registry.get(registry);
      if (!table) throw new LoamError('InvalidArgument', `There is no registry "${registry}".`);
      const row = read(one(`SELECT id FROM "${table.name}" WHERE uid = ?`, [label]));
      if (!row) throw new LoamError('DoesNotExist', `There is no ${registry} ${label}.`);
      const linkTable = `${table.module}_artifact${registry.toLowerCase()}`;
      act('annotate', titled('Remove a label from', [id]), (tx) =>
        unlink(tx, linkTable, `${registry.toLowerCase()}_id`, id, Number(row[0])),
      );
    },
    addProjects: (uids: string[], names: string[]): void => {
      const ids = idsOf(uids);
      act('annotate', titled('Add project to', ids), function* (tx) {
        yield* link(tx, 'lamindb_artifactproject', 'project_id', ids, yield* projectsByName(tx, names));
      });
    },
    setFeatures: (uid: string, values: Record<string, unknown>): void => {
      const ids = [idOf(uid)];
      act('annotate', titled('Set features of', ids), (tx) => setValues(tx, ids, values));
    },
    addFeatures: (uids: string[], values: Record<string, unknown>): void => {
      const ids = idsOf(uids);
      act('annotate', titled('Annotate', ids), (tx) => addValues(tx, ids, values));
    },
    updateFeatures: (uid: string, values: Record<string, unknown>): void => {
      const ids = [idOf(uid)];
      act('annotate', titled('Change features of', ids), (tx) => updateValues(tx, ids, values));
    },
    removeFeatures: (uid: string, names: string[]): void => {
      const ids = [idOf(uid)];
      act('annotate', titled('Remove features of', ids), (tx) => removeValues(tx, ids, names));
    },
    saveNote: (uid: string, content: string): void => {
      registries.saveBlock('Artifact', { uid }, { kind: 'readme', content });
    },

    ...namedPart(context, registries.create),

    undo: async (): Promise<UndoResult | null> => {
      notWhileDropping();
      const asked = request();
      return jobs.follow((watch) => writer.undo(undefined, asked, watch));
    },
    redo: async (): Promise<UndoResult | null> => {
      notWhileDropping();
      const asked = request();
      return jobs.follow((watch) => writer.redo(asked, watch));
    },
    undoAct: async (uid: string): Promise<UndoResult> => {
      notWhileDropping();
      const asked = request();
      const result = await jobs.follow((watch) => writer.undo(uid, asked, watch));
      if (!result) throw new LoamError('UndoConflict', 'This was undone already.', { act: uid });
      return result;
    },
    acts: (limit: number, before?: string): ActSummary[] => read(actList(limit, before)),
    history: (uid: string): HistoryEntry[] => registries.rowHistory('Artifact', { uid }),
    restoreFields: (ref: HistoryEntry['ref']): void => {
      act('restore', 'Restore an earlier value', (tx) => restoreFields(tx, ref));
    },
    integrityCheck: (): string =>
      read(all('PRAGMA integrity_check'))
        .map((r) => String(r[0]))
        .join('\n'),
  };
}

const onlyLookedAt = () =>
  new LoamError(
    'InvalidArgument',
    'This database is open to be looked at only. Transfer the object into your own database to change it there.',
  );
