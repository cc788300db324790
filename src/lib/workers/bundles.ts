// Branches in files as a page asks for them, with the bytes of their artifacts: each in a helper of its own that can be ended. The
// rows come and go here, in the worker that has the database.
import type { Engine } from '../engine/index.ts';
import { LoamError } from '../engine/errors.ts';
import {
  lookForFiles,
  mostFileBytes,
  usualFileBytes,
  type FilesReport,
  type StagedBlob,
} from '../engine/branch/bundle-files.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import type { OpfsBlobStore } from '../storage/blob/opfs.ts';
import { verifierHere } from '../storage/keys/ed25519.ts';
import { openBundle } from '../engine/branch/bundle-file.ts';
import type { BranchFileApi } from './branch-wire.ts';
import { clearOutgoing, filesFound, removeOutgoing, type BundlerApi, type BundleStep } from './bundler.ts';
import { createFinder } from './find-bytes.ts';
import type { ViewProgress } from './storages.ts';
import { connectWorker, type WorkerPort } from './worker-port.ts';

/** What a page is told of a branch's files before they go along. */
export interface FilesOfBranch {
  artifacts: number;
  files: number;
  bytes: number;
  /** Artifacts whose bytes are not on this device. */
  missing: number;
  /** Up to so many bytes they go along unless somebody says otherwise, and more than `most` never. */
  usual: number;
  most: number;
}

export interface SavedBranchFile {
  report: FilesReport;
  size: number;
  signed: boolean;
  /** Null where it went into a file that was picked. */
  file: File | null;
}

export interface BundlesDeps {
  engine: Engine;
  blobs: OpfsBlobStore;
  tell: (progress: ViewProgress) => void;
  createWorker: () => Worker;
}

const stopped = () => new LoamError('Cancelled', 'This was stopped. Nothing was changed.');

export function createBundles({ engine, blobs, tell, createWorker }: BundlesDeps): BranchFileApi {
  const running = new Map<string, WorkerPort<BundlerApi>>();
  /** Files that were read and staged, until they are taken. */
  const staged = new Map<string, { file: File; blobs: StagedBlob[] }>();
  void clearOutgoing().catch(() => {});

  async function helped<T>(token: string, work: (api: BundlerApi) => Promise<T>): Promise<T> {
    if (running.has(token)) throw new LoamError('InvalidArgument', 'This is going on already.');
    const port = connectWorker<BundlerApi>(createWorker(), (event) =>
      tell({ token, ...(event as BundleStep) }),
    );
    running.set(token, port);
    try {
      return await work(port.api);
    } finally {
      running.delete(token);
      port.end();
    }
  }

  const prefixOf = (token: string) => `bundle-${token}`.slice(0, 56);

  /** A helper that was ended has left bytes behind; a file that it still held open goes at the next start. */
  async function clear(token: string): Promise<void> {
    for (const one of await blobs.staged())
      if (one.startsWith(`${prefixOf(token)}-`)) await blobs.discard(one).catch(() => {});
  }

  return {
    async branchFiles(ref) {
      const { places } = engine.packBranch(ref);
      const found = await lookForFiles(places, filesFound(createFinder(blobs)));
      return { ...found, usual: usualFileBytes, most: mostFileBytes };
    },

    async saveBranchFile(token, ref, target) {
      await clearOutgoing().catch(() => {});
      const packed = engine.packBranch(ref);
      try {
        return await helped(token, (api) => api.writeBundle(packed, target, token));
      } catch (error) {
        if (!target) await removeOutgoing(token);
        throw error;
      }
    },

    async stageBranchFile(token, file) {
      // What cannot be opened here is refused before gigabytes of it are read.
      engine.refuseBundle(await openBundle(blobSource(file), await verifierHere()));
      try {
        staged.set(token, {
          file,
          blobs: await helped(token, (api) => api.stageBundle(file, prefixOf(token))),
        });
      } catch (error) {
        await clear(token);
        throw error;
      }
    },

    async importBranch(file, token) {
      const ready = token === undefined ? undefined : staged.get(token);
      if (token !== undefined) staged.delete(token);
      if (token !== undefined && !ready)
        throw new LoamError(
          'DoesNotExist',
          'The files of this branch are not read any more: another tab took over meanwhile. Open it again.',
        );
      const source = blobSource(ready?.file ?? file);
      return engine.importBranch(source, ready ? { staged: ready.blobs } : {});
    },

    async cancelBranchFile(token) {
      running.get(token)?.end(stopped());
      if (staged.delete(token)) await clear(token);
    },
  };
}
