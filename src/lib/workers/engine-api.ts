// EngineApi over the engine: turns Files into sources, OPFS files into Files, events into wire messages. No rules of
// its own; what a method means is said in the engine.
import { appVersion } from '../engine/app-version.ts';
import { createEngine, type Engine } from '../engine/index.ts';
import { model } from '../engine/model/model.ts';
import { LoamError } from '../engine/errors.ts';
import type { Parcel } from '../engine/interop/parcel.ts';
import { deviceSigner } from '../storage/keys/device-keys.ts';
import { deviceIdentity, keepDevice } from '../storage/keys/device-identity.ts';
import { fileNonce } from '../storage/keys/file-nonces.ts';
import { verifierHere } from '../storage/keys/ed25519.ts';
import { fileModel } from '../engine/schema/file-model.ts';
import type { FolderSource, Random } from '../engine/ports.ts';
import type { DropInput } from '../engine/registry/drop.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import type { OpfsBlobStore } from '../storage/blob/opfs.ts';
import type { OpenedDatabase } from '../storage/sql/opened.ts';
import { createBell } from './bell.ts';
import { branchCalls } from './branch-calls.ts';
import { createBundles } from './bundles.ts';
import { createCurations } from './curations.ts';
import { createDatasetWatch } from './dataset-watch.ts';
import { inspectorPort } from './inspector-port.ts';
import { sampleLab } from './sample-lab.ts';
import { createFinder } from './find-bytes.ts';
import { nextTask } from './serve.ts';
import { createDesk } from '../engine/ontology/desk.ts';
import { randomUid } from '../engine/uid.ts';
import { createPackLibrary } from './pack-library.ts';
import { createTidy } from './tidy.ts';
import { createRemotes } from './remotes.ts';
import { createJoining } from './joining.ts';
import { createOwnServer } from './own-server.ts';
import { createTeamFiles, type TeamFiles } from './team-files.ts';
import { createRooms, type WorkerRooms } from './rooms.ts';
import { createTransfers } from './transfers.ts';
import { meter } from './storage-meter.ts';
import { createStorages } from './storages.ts';
import { createSyncing } from './syncing.ts';
import { createValidations } from './validations.ts';
import { helper, type Databases } from './databases.ts';
import type { DropItem, DropProgress, EngineApi, EngineEvent } from './wire.ts';

/** Asked for while the database is being opened. */
const identity = deviceIdentity(() =>
  randomUid(16, (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)),
);

let operation: string | null = null;
/** The uid of the request about to be served; the act it makes takes it as its own. */
export function requestUid(uid: string | null): void {
  operation = uid;
}

export interface EngineApiParts {
  opened: OpenedDatabase;
  blobs: OpfsBlobStore;
  emit: (event: EngineEvent) => void;
  /** `performance.now()` when the worker started. */
  started: number;
  random: Random;
  /** Why the last changes are not kept on this device yet; null while they are. */
  unkept: () => string | null;
  /** The databases of this device, the one in use among them, and what opening it has to say. */
  shelf: { databases: (engine: Engine) => Databases; id: string; notice: string | null };
}

export async function createEngineApi(parts: EngineApiParts): Promise<EngineApi> {
  const { opened, blobs, emit, started, random, shelf } = parts;
  const { driver, file } = opened;
  const tidySoon = createTidy(driver, () => engine.writer.feed() || engine.writer.pack());
  const tellDrop = gatherDrops((progress) => emit({ type: 'drop', progress }));
  const { inspector, viewer, readDataset, fixedDataset } = inspectorPort(blobs);
  let others: Databases | null = null;
  let teamFiles: TeamFiles | null = null;
  let rooms: WorkerRooms | null = null;
  const engine = await createEngine({
    driver,
    model: fileModel(driver, model),
    blobs,
    inspector,
    clock: () => Date.now(),
    random,
    onFeed: (feed) => {
      emit({ type: 'feed', feed });
      tidySoon();
      teamFiles?.stir();
      rooms?.fed(feed);
    },
    onDrop: (progress) => {
      // "Saved" is said when it is true: where a commit is not enough, after it is kept.
      if (progress.state !== 'saved' || !opened.settled) tellDrop(progress);
      else void opened.settled().then(() => tellDrop(progress));
    },
    onJob: (job) => emit({ type: 'job', job }),
    onPast: (past) => emit({ type: 'status', status: { past } }),
    breathe: nextTask,
    bell: createBell(),
    searchIndex: true,
    device: await identity,
    bundleKeys: { signer: deviceSigner, verifier: verifierHere },
    // A database in memory is another one each time.
    ...(driver.durable ? { fileNonce: fileNonce(shelf.id) } : {}),
    // Until the others can be asked, all stays.
    namedElsewhere: async (keys) => (others ? others.namedElsewhere(keys) : keys),
  });
  // The first screen comes first.
  setTimeout(() => void engine.settle(), 2000);
  tidySoon();
  const openMs = Math.round(performance.now() - started);
  const openedAt = Math.round(performance.timeOrigin + started);

  /** A write names its act after the request before anything can be awaited. */
  const writing =
    <A extends unknown[], R>(method: (...args: A) => R | Promise<R>) =>
    async (...args: A): Promise<R> => {
      engine.notInPast();
      engine.withOperation(operation);
      try {
        return await method(...args);
      } finally {
        engine.withOperation(null);
      }
    };
  /** Reads, and what steers a running write. */
  const direct =
    <A extends unknown[], R>(method: (...args: A) => R | Promise<R>) =>
    async (...args: A): Promise<R> =>
      method(...args);

  others = shelf.databases(engine);
  rooms = createRooms({ engine, emit: (room, bytes) => emit({ type: 'room', room, bytes }) });
  const desk = createDesk({
    engine,
    library: createPackLibrary(`${self.location.origin}${import.meta.env.BASE_URL}ontologies/`),
    onJob: (job) => emit({ type: 'job', job }),
    newUid: () => randomUid(16, random),
  });
  const { team, know, stir, ...teamApi } = (teamFiles = createTeamFiles({
    ...{ engine, ask: createOwnServer(), origin: self.location.origin },
    transfers: () => transfers,
  }));
  const remotes = createRemotes({ wantKeys: () => emit({ type: 'keys' }), team, know });
  stir();
  const { keysCame, ...transfers } = createTransfers({
    ...{ engine, blobs, inspector, remotes, db: shelf.id },
    tell: (list) => emit({ type: 'transfers', transfers: list }),
  });

  const bundles = createBundles({
    ...{ engine, blobs, createWorker: helper },
    tell: (progress) => emit({ type: 'view', progress }),
  });
  const watch = createDatasetWatch({
    ...{ engine, find: createFinder(blobs, remotes).find },
    tell: (progress) => emit({ type: 'view', progress }),
  });
  const curation = createCurations({ engine, readDataset, fixedDataset, watch });
  const validations = createValidations({ engine, readDataset, watch });

  const syncing = createSyncing({
    ...{ engine, rooms, origin: self.location.origin, app: appVersion },
    tell: (status) => emit({ type: 'sync', status }),
  });

  /** The file on disk is that of the present, and cannot be read while a transaction is open. */
  const ofNow =
    <A extends unknown[], R>(method: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      engine.notInPast();
      return method(...args);
    };

  const { stop: stopJoining, ...joining } = createJoining({
    ...{ engine, databases: others, remotes, inspector, origin: self.location.origin },
    tell: (progress) => emit({ type: 'database', progress }),
  });

  return {
    ...others.api,
    async cancelDatabase(token) {
      await stopJoining(token);
      await others?.api.cancelDatabase(token);
    },
    ...joining,
    exportTo: ofNow(others.api.exportTo),
    exportStream: ofNow(others.api.exportStream),
    ...transfers,
    ...syncing,
    settleConflict: writing(syncing.settleConflict),
    discardRejected: writing(syncing.discardRejected),
    reviseRejected: writing(syncing.reviseRejected),
    ...teamApi,
    uploadToTeam: writing(teamApi.uploadToTeam),
    ...rooms.api,
    ...curation,
    createTerms: writing(curation.createTerms),
    keepReport: writing(curation.keepReport),
    ...validations,
    saveValidated: writing(validations.saveValidated),
    builtinSchema: writing(validations.builtinSchema),
    ...createStorages({
      engine,
      blobs,
      inspector,
      viewer,
      remotes,
      onKeys: keysCame,
      tell: (progress) => emit({ type: 'view', progress }),
    }),
    status: async () => ({
      ...engine.status(),
      backend: driver.kind,
      durable: driver.durable,
      unkept: parts.unkept(),
      openMs,
      openedAt,
      database: shelf.id,
      notice: shelf.notice,
      past: engine.past(),
      leader: true,
    }),
    meter: () => meter(engine, file),
    listArtifacts: direct(engine.listArtifacts),
    artifact: direct(engine.artifact),
    registries: direct(engine.registries),
    registryCounts: direct(engine.registryCounts),
    listRows: direct(engine.listRows),
    countList: direct(engine.countList),
    elsewhere: direct(engine.elsewhere),
    listMarks: direct(engine.listMarks),
    listKeys: direct(engine.listKeys),
    findObjects: direct(engine.findObjects),
    facetSpecs: direct(engine.facetSpecs),
    listFacet: direct(engine.listFacet),
    listTotals: direct(engine.listTotals),
    listHistogram: direct(engine.listHistogram),
    listFeatures: direct(engine.listFeatures),
    savedViews: direct(engine.savedViews),
    registerInPlace: writing(engine.registerInPlace),
    saveView: writing(engine.saveView),
    removeView: writing(engine.removeView),
    viewCode: direct(engine.viewCode),
    artifactSchemas: direct(engine.artifactSchemas),
    schemaContents: direct(engine.schemaContents),
    row: direct(engine.row),
    device: direct(engine.device),
    renameDevice: ofNow(async (name) => {
      const device = engine.renameDevice(name);
      await keepDevice(device);
      return device;
    }),
    drop: writing((items, options) => engine.drop(items.map(inputOf), options)),
    pauseDrop: direct(engine.pauseDrop),
    cancelDrop: direct(engine.cancelDrop),
    retryDrop: writing(engine.retryDrop),
    drops: direct(engine.drops),
    updateArtifact: writing(engine.updateArtifact),
    trashArtifacts: writing(engine.trashArtifacts),
    restoreArtifacts: writing(engine.restoreArtifacts),
    purgeArtifacts: writing(engine.purgeArtifacts),
    annotate: writing(engine.annotate),
    jobs: async () => [...desk.readingJobs(), ...engine.jobs()],
    cancelJob: async (act) => {
      if (!desk.cancelReading(act)) engine.cancelJob(act);
    },
    ontologyPacks: desk.ontologyPacks,
    findTerms: desk.findTerms,
    publicTerm: desk.publicTerm,
    publicRoots: desk.publicRoots,
    async importOntology(choice, ask) {
      const done = await desk.importOntology(choice, ask);
      await opened.settled?.();
      return done;
    },
    compareOntology: desk.compareOntology,
    addLabels: writing(engine.addLabels),
    removeLabel: writing(engine.removeLabel),
    addProjects: writing(engine.addProjects),
    removeProject: writing((uid, project) => engine.removeLabel(uid, 'Project', project)),
    setFeatures: writing(engine.setFeatures),
    addFeatures: writing(engine.addFeatures),
    updateFeatures: writing(engine.updateFeatures),
    removeFeatures: writing(engine.removeFeatures),
    saveNote: writing(engine.saveNote),
    ulabels: direct(engine.ulabels),
    projects: direct(engine.projects),
    features: direct(engine.features),
    createFeature: writing(engine.createFeature),
    createULabel: writing(engine.createULabel),
    createProject: writing(engine.createProject),
    create: writing(engine.create),
    update: writing(engine.update),
    relate: writing(engine.relate),
    lookAtSchema: direct(engine.lookAtSchema),
    buildSchema: writing(engine.buildSchema),
    writeFeatures: writing(engine.writeFeatures),
    importRows: writing(engine.importRows),
    trash: writing(engine.trash),
    archive: writing(engine.archive),
    restore: writing(engine.restore),
    purgePlan: direct(engine.purgePlan),
    keysNamed: direct(engine.keysNamed),
    purge: writing(engine.purge),
    appendToCollection: writing(engine.appendToCollection),
    saveBlock: writing(engine.saveBlock),
    removeBlock: writing(engine.removeBlock),
    rowHistory: direct(engine.rowHistory),
    timeline: direct(engine.timeline),
    restorePlan: direct(engine.restorePlan),
    restoreState: writing(engine.restoreState),
    async goToPast(stop) {
      const moving = (await transfers.transfers()).some(
        ({ state }) => state === 'running' || state === 'queued',
      );
      if (moving)
        throw new LoamError(
          'InvalidArgument',
          'Files are still on their way to or from a storage. Wait for them, or pause them.',
        );
      return engine.goToPast(stop);
    },
    cancelPast: direct(engine.cancelPast),
    backToNow: direct(engine.backToNow),
    auditLog: direct(engine.auditLog),
    auditChoices: direct(engine.auditChoices),
    auditRows: direct(engine.auditRows),
    binCounts: direct(engine.binCounts),
    bin: direct(engine.bin),
    emptyPlan: direct(engine.emptyPlan),
    emptyTrash: writing(engine.emptyTrash),
    answerSpecs: direct(engine.answerSpecs),
    queryRows: direct(engine.queryRows),
    queryIds: direct(engine.queryIds),
    queryCount: direct(engine.queryCount),
    queryPage: direct(engine.queryPage),
    queryFacet: direct(engine.queryFacet),
    getRow: direct(engine.getRow),
    findAddress: direct(engine.findAddress),
    searchRows: direct(engine.searchRows),
    lookupKeys: direct(engine.lookupKeys),
    dataFrame: direct(engine.dataFrame),
    describeRow: direct(engine.describeRow),
    describeRegistry: direct(engine.describeRegistry),
    rowVersions: direct(engine.rowVersions),
    rowRelatives: direct(engine.rowRelatives),
    featureValues: direct(engine.featureValues),
    validateValues: direct(engine.validateValues),
    inspectValues: direct(engine.inspectValues),
    standardizeValues: direct(engine.standardizeValues),
    lineageEdges: direct(engine.lineageEdges),
    gone: direct(engine.gone),
    goneIn: direct(engine.goneIn),
    packRows: direct(engine.packRows),
    movableParts: direct(engine.movableParts),
    isUntouched: direct(engine.isUntouched),
    async saveFrom(db, registry, keys, mode) {
      const uid = operation;
      const parcel = (await others.ask(db, 'packRows', [registry, keys, mode ?? 'annotations'])) as Parcel;
      // Named only now: what runs meanwhile must not take this request's uid for its act.
      engine.withOperation(uid);
      try {
        return await engine.receiveRows(parcel);
      } finally {
        engine.withOperation(null);
      }
    },
    ...branchCalls(engine, { writing, direct, ofNow }, emit, bundles),
    undo: writing(engine.undo),
    redo: writing(engine.redo),
    undoAct: writing(engine.undoAct),
    acts: direct(engine.acts),
    history: direct(engine.history),
    restoreFields: writing(engine.restoreFields),
    runSql: engine.runSql,
    exportSql: async (spec) => bytesOf(await engine.exportSql(spec), () => engine.cancelSql(spec.uid)),
    exportedSql: direct(engine.exportedSql),
    cancelSql: direct(engine.cancelSql),
    sqlSchema: direct(engine.sqlSchema),
    integrityCheck: direct(engine.integrityCheck),
    exportDatabase: ofNow(async () => (await file.export()) as ReadableStream<Uint8Array>),
    createSampleLab: writing(() =>
      engine.drop(
        sampleLab().map(({ key, bytes }, i) => {
          const sample = new File([bytes as Uint8Array<ArrayBuffer>], key.split('/').pop() ?? key);
          return inputOf({ id: `sample-${i}`, key, file: sample, files: null });
        }),
        { labels: ['sample lab'], projects: ['Sample lab'] },
      ),
    ),
  };
}

/** Longest time that progress waits to be told with other progress. */
const gatherMs = 50;

/**
 * A drop of thousands of files tells of each several times; one message carries the newest of all. What has ended is
 * told as soon as the engine takes a breath.
 */
function gatherDrops(tell: (progress: DropProgress[]) => void): (progress: DropProgress) => void {
  const news = new Map<string, DropProgress>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let soon = false;
  const send = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    soon = false;
    const told = [...news.values()];
    news.clear();
    if (told.length > 0) tell(told);
  };
  return (progress) => {
    news.set(`${progress.drop}/${progress.item}`, progress);
    if (progress.state === 'saved' || progress.state === 'failed' || progress.state === 'cancelled') {
      if (!soon) void nextTask().then(send);
      soon = true;
    } else timer ??= setTimeout(send, gatherMs);
  };
}

/** Text as it is asked for, as bytes. */
function bytesOf(chunks: AsyncGenerator<string>, cancel: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      cancel();
      await chunks.return(undefined);
    },
  });
}

function inputOf(item: DropItem): DropInput {
  if (typeof item.key !== 'string' || typeof item.id !== 'string' || (!item.file && !item.files)) {
    throw new LoamError('InvalidArgument', 'A dropped item needs an id, a key and a file or folder.');
  }
  const name = item.key.split('/').pop() ?? item.key;
  const folder: FolderSource | null = item.files && {
    files: item.files.map(({ path, file }) => ({ path, source: blobSource(file) })),
  };
  return {
    id: item.id,
    key: item.key,
    payload: { name, file: item.file, files: item.files },
    source: item.file && blobSource(item.file),
    folder,
  };
}
