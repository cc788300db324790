// The engine on a LaminDB file of the file system: opened for one command, closed after it. What the browser's worker
// does with OPFS and inspect workers is done here by Node and in this process.
import { createHash, getRandomValues } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { isLoamError, LoamError } from '../src/lib/engine/errors.ts';
import { hashFile, hashFolder } from '../src/lib/engine/hash.ts';
import { createEngine, type Engine } from '../src/lib/engine/index.ts';
import { model } from '../src/lib/engine/model/model.ts';
import type {
  BlobStore,
  ByteSource,
  FolderSource,
  Inspector,
  Payload,
  SqlDriver,
} from '../src/lib/engine/ports.ts';
import type { JobProgress } from '../src/lib/engine/jobs.ts';
import type { DropInput } from '../src/lib/engine/registry/drop.ts';
import type { DropProgress } from '../src/lib/engine/registry/drop-types.ts';
import { readSmallFile } from '../src/lib/engine/small-file.ts';
import { instanceUid } from '../src/lib/engine/schema/instance-id.ts';
import { createInstance, emptyInstance, hasInstance, type Place } from '../src/lib/engine/schema/open.ts';
import { randomUid } from '../src/lib/engine/uid.ts';
import { inspectFile, inspectFolder } from '../src/lib/formats/inspect.ts';
import { createNodeBlobs } from '../src/lib/storage/blob/node.ts';
import { openNode } from '../src/lib/storage/sql/node.ts';
import { createRemoteFiles, usualCache, type RemoteFiles } from './remote-files.ts';
import { databaseOf, findSettings, type Settings } from './settings.ts';
import { deviceHere } from './device.ts';
import { fileNonce } from './file-nonce.ts';
import { signingKeys } from './signing-key.ts';
import type { Io } from './verb.ts';

export interface Instance {
  engine: Engine;
  driver: SqlDriver;
  blobs: BlobStore;
  storage: string;
  /** The development directory, where `.loam/settings.json` lies. */
  folder: string;
  settings: Settings;
  /** Artifacts that lie elsewhere. */
  remote: RemoteFiles;
  /** Progress of drops, as they happen. */
  onDrop(listener: (progress: DropProgress) => void): void;
  /** The same of acts on many rows. */
  onJob(listener: (progress: JobProgress) => void): void;
}

const random = (bytes: Uint8Array): Uint8Array => getRandomValues(bytes as Uint8Array<ArrayBuffer>);

/**
 * Runs `use` on the instance of this directory and closes it, whatever happens. `place` says where new rows go instead of
 * the branch and space of the settings.
 */
export async function withInstance<T>(
  io: Pick<Io, 'cwd'> & Partial<Pick<Io, 'env'>>,
  use: (instance: Instance) => Promise<T> | T,
  place: Place = {},
): Promise<T> {
  const { instance, close } = await openInstance(io, place);
  try {
    return await use(instance);
  } finally {
    close();
  }
}

/** The instance of this directory, until it is closed. */
export async function openInstance(
  io: Pick<Io, 'cwd'> & Partial<Pick<Io, 'env'>>,
  place: Place = {},
): Promise<{ instance: Instance; close: () => void }> {
  const found = findSettings(io);
  if (!found) {
    throw new LoamError(
      'DoesNotExist',
      'There is no database here or in a folder above. Run "loam init", or name one with --db.',
    );
  }
  const { folder, settings } = found;
  const { storage } = settings;
  const database = databaseOf(storage);
  if (!existsSync(database)) {
    throw new LoamError(
      'DoesNotExist',
      `The database ${database} is gone. Bring it back or run "loam init" elsewhere.`,
    );
  }
  const driver = openNode(database);
  try {
    if (!hasInstance(driver)) throw new LoamError('DatabaseDamaged', `${database} holds no LaminDB tables.`);
    const blobs = await createNodeBlobs(storage);
    const listeners: ((progress: DropProgress) => void)[] = [];
    const jobListeners: ((progress: JobProgress) => void)[] = [];
    const engine = await createEngine({
      driver,
      model,
      blobs,
      inspector: inspectorOn(blobs),
      clock: () => Date.now(),
      random,
      onFeed: () => {},
      bundleKeys: signingKeys(folder),
      device: deviceHere(random, io.env),
      fileNonce: fileNonce(database, io.env),
      onDrop: (progress) => listeners.forEach((listener) => listener(progress)),
      onJob: (progress) => jobListeners.forEach((listener) => listener(progress)),
      place: {
        branch: place.branch ?? settings.branch ?? 'main',
        space: place.space ?? settings.space ?? 'all',
      },
    });
    const onDrop: Instance['onDrop'] = (listener) => listeners.push(listener);
    const onJob: Instance['onJob'] = (listener) => jobListeners.push(listener);
    const remote = createRemoteFiles(settings.cacheDir ?? usualCache(io.env), io.env);
    const instance = { engine, driver, blobs, folder, settings, storage, remote, onDrop, onJob };
    // At rest the file shows main: Python, which knows no working trees, may open it next.
    const close = () => {
      try {
        engine.rest();
      } finally {
        driver.close();
      }
    };
    return { instance, close };
  } catch (error) {
    driver.close();
    throw ended(error, place.branch === undefined ? settings.branch : undefined);
  }
}

/** The branch that the settings name was merged or closed: what to do here. */
function ended(error: unknown, branch: string | undefined): unknown {
  if (branch === undefined || !isLoamError(error, 'InvalidArgument') || error.details['branch'] !== branch)
    return error;
  return new LoamError(error.code, `${error.message} To go on here, run "loam switch main".`, error.details);
}

/** Makes `<storage>/.lamindb/lamin.db`; refuses a folder that is managed already, so nothing is ever overwritten. */
export async function initInstance(storage: string, name: string): Promise<void> {
  const marker = join(storage, '.lamindb', 'storage_uid.txt');
  const database = databaseOf(storage);
  if (existsSync(marker) || existsSync(database)) {
    throw new LoamError(
      'StorageAlreadyManaged',
      `${storage} is the storage of a database already. Choose another folder with --storage.`,
    );
  }
  mkdirSync(join(storage, '.lamindb'), { recursive: true });
  const slug = `anonymous/${name}`;
  const storageUid = randomUid(12, random);
  writeFileSync(database, emptyInstance(model), { flag: 'wx' });
  const driver = openNode(database);
  try {
    createInstance(driver, {
      model,
      clock: () => Date.now(),
      random,
      name,
      storage: { uid: storageUid, root: realpathSync(storage), instanceUid: await instanceUid(slug) },
    });
  } finally {
    driver.close();
  }
  writeFileSync(marker, `${storageUid}\n`);
}

/** A path of the file system as something to save: a file, or a folder as one artifact. */
export function inputOf(path: string, key: string): { input: DropInput; close: () => Promise<void> } {
  const name = basename(key);
  if (statSync(path).isDirectory()) {
    const folder = folderOf(path);
    const files = folder.files.map(({ path: at, source }) => ({ path: at, file: source }));
    const input = { id: key, key, payload: { name, file: null, files }, source: null, folder: folder.source };
    return { input, close: folder.close };
  }
  const { source, close } = fileOf(path);
  return {
    input: { id: key, key, payload: { name, file: source, files: null }, source, folder: null },
    close,
  };
}

/** Opened at the first read: a folder may hold more files than a process may have open. */
export function fileOf(path: string): { source: ByteSource; close: () => Promise<void> } {
  const { size } = statSync(path);
  let handle: Promise<FileHandle> | null = null;
  return {
    source: {
      size,
      async read(start, end) {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
        const file = await (handle ??= open(path, 'r'));
        for (let done = 0; done < bytes.length;) {
          const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
          if (bytesRead === 0)
            throw new LoamError('FileUnreadable', `${path} became shorter while it was read.`);
          done += bytesRead;
        }
        return bytes;
      },
    },
    close: async () => (await handle)?.close(),
  };
}

function folderOf(root: string): {
  files: { path: string; source: ByteSource }[];
  source: FolderSource;
  close: () => Promise<void>;
} {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: relative(root, path).split(sep).join('/'), source: onceOpen(path) }));
  return { files, source: { files }, close: () => Promise.resolve() };
}

/** A source that opens and closes the file around each read. */
function onceOpen(path: string): ByteSource {
  return {
    size: statSync(path).size,
    async read(start, end) {
      const { source, close } = fileOf(path);
      try {
        return await source.read(start, end);
      } finally {
        await close();
      }
    },
  };
}

function inspectorOn(blobs: BlobStore): Inspector {
  const sourceOf = async (held: unknown): Promise<ByteSource> =>
    typeof held === 'string' ? blobs.open(held) : (held as ByteSource);
  const folderFrom = async (files: { path: string; file: unknown }[]): Promise<FolderSource> => {
    const sources = [];
    for (const { path, file } of files) sources.push({ path, source: await sourceOf(file) });
    return { files: sources };
  };
  return {
    async hash(payload, onProgress, signal) {
      if (payload.files) return hashFolder(await folderFrom(payload.files), onProgress, signal);
      const source = await sourceOf(payload.file);
      return { ...(await hashFile(source, onProgress, signal)), size: source.size, nFiles: null };
    },
    readSmall: async (payloads) => {
      const read = async ({ file, name }: Payload) => {
        const source = await sourceOf(file);
        return readSmallFile(
          source.size,
          () => source.read(0, source.size),
          (bytes) => inspectFile(bytes, name),
        ).catch((error: Error) => ({ error }));
      };
      return Promise.all(payloads.map(read));
    },
    inspect: async (payload) =>
      payload.files
        ? inspectFolder(await folderFrom(payload.files), payload.name)
        : inspectFile(await sourceOf(payload.file), payload.name),
    async checksum(payload) {
      if (!payload.files) return sha256Of(await sourceOf(payload.file));
      const lines = [];
      for (const { path, file } of payload.files)
        lines.push(`${path}\0${await sha256Of(await sourceOf(file))}`);
      return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
    },
  };
}

async function sha256Of(source: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  const step = 4 * 1024 * 1024;
  for (let at = 0; at < source.size; at += step)
    hash.update(await source.read(at, Math.min(at + step, source.size)));
  return hash.digest('hex');
}

/** Absolute, with links resolved where the path exists. */
export function absolute(io: Io, path: string): string {
  return resolve(io.cwd, path);
}
