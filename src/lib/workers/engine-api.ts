// EngineApi over the engine: turns Files into sources, OPFS files into Files, events into wire messages. No rules of
// its own; what a method means is said in the engine.
import { createEngine, type Engine } from '../engine/index.ts';
import { model } from '../engine/model/model.ts';
import { LoamError } from '../engine/errors.ts';
import type { ByteSource, FolderSource, Inspector, Payload, Random, SqlDriver } from '../engine/ports.ts';
import type { DropInput } from '../engine/registry/drop.ts';
import type { OpfsBlobStore } from '../storage/blob/opfs.ts';
import type { OpenedDatabase } from '../storage/sql/opened.ts';
import { openBlobs } from './database.ts';
import { createInspector, type InspectInput } from './inspect-pool.ts';
import { sampleLab } from './sample-lab.ts';
import { nextTask } from './serve.ts';
import type { DropItem, EngineApi, EngineEvent } from './wire.ts';

let operation: string | null = null;

/** The uid of the request about to be served; the act it makes takes it as its own. */
export function requestUid(uid: string | null): void {
  operation = uid;
}

export async function createEngineApi(
  opened: OpenedDatabase,
  emit: (event: EngineEvent) => void,
  started: number,
  random: Random,
): Promise<EngineApi> {
  const { driver, file } = opened;
  const tidySoon = createTidy(driver);
  const blobs = await openBlobs();
  const engine = await createEngine({
    driver,
    model,
    blobs,
    inspector: inspectorPort(blobs),
    clock: () => Date.now(),
    random,
    onFeed: (feed) => {
      emit({ type: 'feed', feed });
      tidySoon();
    },
    onDrop: (progress) => emit({ type: 'drop', progress }),
    breathe: nextTask,
  });
  const openMs = Math.round(performance.now() - started);

  /** A write names its act after the request before anything can be awaited. */
  const writing =
    <A extends unknown[], R>(method: (...args: A) => R | Promise<R>) =>
    async (...args: A): Promise<R> => {
      engine.withOperation(operation);
      try {
        return await method(...args);
      } finally {
        engine.withOperation(null);
      }
    };
  const reading =
    <A extends unknown[], R>(method: (...args: A) => R | Promise<R>) =>
    async (...args: A): Promise<R> =>
      method(...args);

  return {
    status: async () => ({
      ...engine.status(),
      backend: driver.kind,
      durable: driver.durable,
      openMs,
      leader: true,
    }),
    meter: () => meter(engine, file),
    listArtifacts: reading(engine.listArtifacts),
    facets: reading(engine.facets),
    artifact: reading(engine.artifact),
    openArtifact: async (uid, path) => {
      const { name, key } = engine.locate(uid, path);
      const stored = await blobs.file(key);
      return new File([stored], name, { type: stored.type });
    },
    listFiles: engine.listFiles,
    drop: writing((items, options) => engine.drop(items.map(inputOf), options)),
    pauseDrop: writing(engine.pauseDrop),
    cancelDrop: writing(engine.cancelDrop),
    retryDrop: writing(engine.retryDrop),
    drops: reading(engine.drops),
    updateArtifact: writing(engine.updateArtifact),
    trashArtifacts: writing(engine.trashArtifacts),
    restoreArtifacts: writing(engine.restoreArtifacts),
    purgeArtifacts: writing(engine.purgeArtifacts),
    annotate: writing(engine.annotate),
    addLabels: writing(engine.addLabels),
    removeLabel: writing(engine.removeLabel),
    addProjects: writing(engine.addProjects),
    removeProject: writing((uid, project) => engine.removeLabel(uid, 'Project', project)),
    setFeatures: writing(engine.setFeatures),
    addFeatures: writing(engine.addFeatures),
    updateFeatures: writing(engine.updateFeatures),
    removeFeatures: writing(engine.removeFeatures),
    saveNote: writing(engine.saveNote),
    ulabels: reading(engine.ulabels),
    projects: reading(engine.projects),
    features: reading(engine.features),
    createFeature: writing(engine.createFeature),
    createULabel: writing(engine.createULabel),
    createProject: writing(engine.createProject),
    undo: writing(engine.undo),
    redo: writing(engine.redo),
    undoAct: writing(engine.undoAct),
    acts: reading(engine.acts),
    history: reading(engine.history),
    restoreFields: writing(engine.restoreFields),
    query: reading(engine.query),
    integrityCheck: reading(engine.integrityCheck),
    exportDatabase: async () => (await file.export()) as ReadableStream<Uint8Array>,
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

/** The WAL file keeps its high-water mark: written back and cut once nothing has changed for a while. */
function createTidy(driver: SqlDriver): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!driver.inTransaction) driver.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    }, 5_000);
  };
}

async function meter(engine: Engine, file: OpenedDatabase['file']) {
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  return {
    artifactBytes: await engine.storedBytes(),
    databaseBytes: await file.size(),
    usage: estimate?.usage ?? null,
    quota: estimate?.quota ?? null,
    persisted: (await navigator.storage?.persisted?.().catch(() => null)) ?? null,
    onlyHere: engine.counts().onlyHere,
  };
}

function inputOf(item: DropItem): DropInput {
  if (typeof item.key !== 'string' || typeof item.id !== 'string' || (!item.file && !item.files)) {
    throw new LoamError('InvalidArgument', 'A dropped item needs an id, a key and a file or folder.');
  }
  const name = item.key.split('/').pop() ?? item.key;
  const folder: FolderSource | null = item.files && {
    files: item.files.map(({ path, file }) => ({ path, source: fileSource(file) })),
  };
  return {
    id: item.id,
    key: item.key,
    payload: { name, file: item.file, files: item.files },
    source: item.file && fileSource(item.file),
    folder,
  };
}

function fileSource(file: File): ByteSource {
  return {
    size: file.size,
    read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
  };
}

function inspectorPort(blobs: OpfsBlobStore): Inspector {
  const pool = createInspector({ size: 2 });
  const asFile = async (held: unknown): Promise<File> =>
    held instanceof File ? held : blobs.file(String(held));
  const input = async (payload: Payload): Promise<InspectInput> => {
    if (!payload.files) return asFile(payload.file);
    const files = [];
    for (const { path, file } of payload.files) files.push({ path, file: await asFile(file) });
    return files;
  };
  return {
    async hash(payload, onProgress, signal) {
      const abort = new AbortController();
      const watch = setInterval(() => signal.aborted && abort.abort(), 100);
      try {
        return await pool.hash(await input(payload), { onProgress, signal: abort.signal });
      } finally {
        clearInterval(watch);
      }
    },
    inspect: async (payload) => pool.inspect(await input(payload), payload.name),
    async checksum(payload) {
      const given = await input(payload);
      if (!Array.isArray(given)) return pool.checksum(given);
      const lines: string[] = [];
      for (const { path, file } of given) lines.push(`${path}\0${await pool.checksum(file)}`);
      return pool.checksum(new File([lines.sort().join('\n')], 'folder'));
    },
  };
}
