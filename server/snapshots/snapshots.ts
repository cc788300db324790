// The newest snapshot of an instance, kept in a folder of this node: made when somebody asks and the last one is old, used again
// by everybody until then. What has come since is in the log.
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readSnapshotManifest, type SnapshotManifest } from '../../src/lib/engine/sync/snapshot.ts';
import { fileRange } from '../blobs/folder.ts';
import { makeSnapshot, manifestEnding, type SnapshotProgress, type SnapshotSource } from './make.ts';

export interface SnapshotsDeps extends SnapshotSource {
  folder: string;
  /** One is made anew, when somebody asks, after so many milliseconds. */
  every?: number;
  /** Told of what went wrong; whoever asks is told that there is none. */
  onError: (error: unknown) => void;
}

export interface SnapshotFile {
  manifest: SnapshotManifest;
  stream(from: number, to: number): AsyncIterable<Uint8Array>;
}

export interface Snapshots {
  /** The newest; null while the first one is being made, which this begins. */
  newest(): Promise<SnapshotManifest | null>;
  /** What is being made now. */
  readonly making: SnapshotProgress | null;
  /** One of those that are kept, by its name. */
  file(name: string): Promise<SnapshotFile | null>;
  /** Makes one now; for an operator, and for tests. */
  make(): Promise<SnapshotManifest>;
}

const hour = 3_600_000;
/** The one before stays for those who are just fetching it. */
const keptFiles = 2;

export function createSnapshots(deps: SnapshotsDeps): Snapshots {
  const { folder, now, every = hour, onError } = deps;
  let making: SnapshotProgress | null = null;
  let made: Promise<SnapshotManifest> | null = null;
  /** After a failure nobody tries for a while: it costs a copy of everything. */
  let failedAt: number | null = null;

  async function all(): Promise<SnapshotManifest[]> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found: SnapshotManifest[] = [];
    for (const name of await readdir(folder)) {
      if (!name.endsWith(manifestEnding)) continue;
      try {
        const manifest = readSnapshotManifest(JSON.parse(readFileSync(join(folder, name), 'utf8')));
        const { size } = await stat(join(folder, manifest.file.name));
        if (size === manifest.file.bytes && manifest.instance.uid === deps.instance.uid) found.push(manifest);
      } catch {
        // What is not whole is none; it goes with the next one that is made.
      }
    }
    return found.sort((a, b) => b.madeAt - a.madeAt);
  }

  async function tidy(): Promise<void> {
    const kept = new Set(
      (await all()).slice(0, keptFiles).flatMap(({ file }) => [file.name, `${file.name}${manifestEnding}`]),
    );
    for (const name of await readdir(folder))
      if (name.startsWith(`${deps.instance.uid}-`) && !kept.has(name))
        await rm(join(folder, name), { force: true });
  }

  function make(): Promise<SnapshotManifest> {
    making ??= { step: 'copying', done: 0, total: null };
    made ??= (async () => {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const manifest = await makeSnapshot(deps, folder, (progress) => (making = progress));
        await tidy();
        failedAt = null;
        return manifest;
      } catch (error) {
        failedAt = now();
        throw error;
      } finally {
        making = null;
        made = null;
      }
    })();
    return made;
  }

  return {
    make,
    get making() {
      return making;
    },
    async newest() {
      const [newest = null] = await all();
      const old = newest === null || now() - newest.madeAt >= every;
      const mayTry = failedAt === null || now() - failedAt >= Math.min(every, 60_000);
      if (old && mayTry) make().catch(onError);
      return newest;
    },
    async file(name) {
      const manifest = (await all()).find(({ file }) => file.name === name);
      if (!manifest) return null;
      return { manifest, stream: (from, to) => fileRange(join(folder, manifest.file.name), from, to) };
    },
  };
}
