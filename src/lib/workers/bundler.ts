// Branches in files with the bytes of their artifacts, in the helper worker: written into a file that was picked or into one of
// this browser's own for a download, and read, compared and staged. Bytes pass neither the page nor the registry engine; the worker
// may be ended at any moment.
import { LoamError, storageFull } from '../engine/errors.ts';
import type { PackedBranch } from '../engine/branch/bundle-part.ts';
import { bundleChunks, openBundle } from '../engine/branch/bundle-file.ts';
import {
  gatherFiles,
  stageFiles,
  type FilesReport,
  type FindFiles,
  type StagedBlob,
} from '../engine/branch/bundle-files.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import { createOpfsBlobs } from '../storage/blob/opfs.ts';
import { opfsWriter } from '../storage/blob/opfs-write.ts';
import { deviceSigner } from '../storage/keys/device-keys.ts';
import { verifierHere } from '../storage/keys/ed25519.ts';
import { createFinder, type Finder } from './find-bytes.ts';

export interface WrittenBundle {
  report: FilesReport;
  size: number;
  signed: boolean;
  /** What was written, where no file was picked. */
  file: File | null;
}

export interface BundlerApi {
  /** Into a picked file, else into one of the private file system under `name`. */
  writeBundle(
    packed: PackedBranch,
    target: FileSystemFileHandle | null,
    name: string,
  ): Promise<WrittenBundle>;
  /** Reads every byte of a file and stages what it has of artifacts. */
  stageBundle(file: File, prefix: string): Promise<StagedBlob[]>;
}

/** How far it is, of so many bytes. */
export interface BundleStep {
  done: number;
  total: number;
}

export const outgoing = 'outgoing';
const tellEveryMs = 100;

/** Files of this device alone, as sources. */
export const filesFound =
  (finder: Finder<File>): FindFiles =>
  async (place) => {
    const found = await finder.find(place);
    if ('file' in found) return { source: blobSource(found.file) };
    return { files: found.files.map(({ path, file }) => ({ path, source: blobSource(file) })) };
  };

export function createBundler(tell: (step: BundleStep) => void): BundlerApi {
  let told = 0;
  const onProgress = (done: number, total: number): void => {
    const now = performance.now();
    if (now - told < tellEveryMs) return;
    told = now;
    tell({ done, total });
  };

  return {
    async writeBundle({ bundle, places }, target, name) {
      const finder = createFinder(await createOpfsBlobs());
      // Gathering is the first half of it, writing the second.
      const gathered = await gatherFiles(bundle, places, filesFound(finder), {
        onProgress: (done, total) => onProgress(done, total * 2),
      });
      const { sources, report } = gathered;
      const signer = await deviceSigner();
      const chunks = bundleChunks(bundle, signer, sources, {
        onProgress: (done, total) => onProgress(total + done, total * 2),
      });
      const handle = target ?? (await outgoingFile(name));
      try {
        await (target ? intoPicked(target, chunks) : intoOwn(handle, chunks));
      } catch (error) {
        if (!target) await removeOutgoing(name);
        if (error instanceof DOMException && error.name === 'QuotaExceededError')
          throw storageFull(report.bytes, null);
        throw error;
      }
      const file = await handle.getFile();
      return { report, size: file.size, signed: signer !== null, file: target ? null : file };
    },

    async stageBundle(file, prefix) {
      const opened = await openBundle(blobSource(file), await verifierHere());
      return stageFiles(opened, await createOpfsBlobs(), prefix, { onProgress });
    },
  };
}

/** The picked file has its old content until all of the new is there. */
async function intoPicked(target: FileSystemFileHandle, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const stream = await target.createWritable();
  try {
    for await (const chunk of chunks) await stream.write(chunk as Uint8Array<ArrayBuffer>);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
}

async function intoOwn(handle: FileSystemFileHandle, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const writer = await opfsWriter(handle);
  let at = 0;
  try {
    for await (const chunk of chunks) {
      // At the quota a handle takes less than it was given, without an error.
      if ((await writer.write(chunk, at)) !== chunk.length) throw storageFull(chunk.length, null);
      at += chunk.length;
    }
    await writer.finish(at);
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

const outgoingFolder = async () =>
  (await navigator.storage.getDirectory()).getDirectoryHandle(outgoing, { create: true });

async function outgoingFile(name: string): Promise<FileSystemFileHandle> {
  try {
    return await (await outgoingFolder()).getFileHandle(name, { create: true });
  } catch (error) {
    throw new LoamError(
      'StorageUnavailable',
      `This browser does not let the page keep files here (${String(error)}). Save the branch without its files.`,
    );
  }
}

export async function removeOutgoing(name: string): Promise<void> {
  await (await outgoingFolder()).removeEntry(name).catch(() => {});
}

/** What was downloaded an hour ago is on the disk by now. */
export async function clearOutgoing(now = Date.now(), olderMs = 3_600_000): Promise<void> {
  const folder = await outgoingFolder();
  const old: string[] = [];
  for await (const handle of folder.values()) {
    const file = handle.kind === 'file' ? await (handle as FileSystemFileHandle).getFile() : null;
    if (file && now - file.lastModified > olderMs) old.push(handle.name);
  }
  for (const name of old) await folder.removeEntry(name).catch(() => {});
}
