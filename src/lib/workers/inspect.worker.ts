// Reads dropped files in a worker of its own, so that a hostile or damaged file can be stopped by ending the worker.
// The only place that joins File objects with the format readers and the hashes.
import * as Comlink from 'comlink';
import { checksumSha256, hashFile, hashFolder } from '../engine/hash.ts';
import type {
  DatasetRead,
  FileView,
  Fix,
  FolderSource,
  FrameAsk,
  SmallFile,
  ViewAsk,
} from '../engine/ports.ts';
import { readSmallFile } from '../engine/small-file.ts';
import { isLoamError, toWire, type WireError } from '../engine/errors.ts';
import type { RowsTable } from '../formats/curate/read-dataset.ts';
import { hdf5Damaged } from '../formats/hdf5-file.ts';
import { inspectFile, inspectFolder } from '../formats/inspect.ts';
import { metered, type SyncByteSource } from '../formats/source.ts';
import { summaryOf, type FileSummary } from '../formats/summary.ts';
import { viewFile } from '../formats/view.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import {
  createAsker,
  isRemoteFile,
  openReader,
  type Asker,
  type RemoteReader,
} from '../storage/remote/cache-reader.ts';
import type { AnyFile } from './find-bytes.ts';
import type { FixedDataset } from './curation-wire.ts';
import { tableToParquet, type TableCopy, type TableJob } from './table-parquet.ts';

/** A file, or a folder as its files with their paths below it. */
export type InspectInput = AnyFile | { path: string; file: AnyFile }[];

export interface HashResult {
  hash: string;
  hashType: 'md5' | 'sha1-fl' | 'md5-d';
  size: number;
  nFiles: number | null;
}

/** Errors are answers here: structured clone would drop their code. */
export type Answer<T> = { ok: true; value: T } | { ok: false; error: WireError };
/** `restart` asks the client for a fresh worker: the HDF5 reader crashed and its memory is suspect. */
export interface Answered<T> {
  answer: Answer<T>;
  restart: boolean;
}

const api = {
  async inspect(input: InspectInput, name: string): Promise<{ summary: FileSummary; restart: boolean }> {
    try {
      const summary = Array.isArray(input)
        ? await inspectFolder(await folderSource(input), name)
        : await inspectFile(await anySource(input), name);
      return { summary: { ...summary, facts: [...summary.facts, ...fetchedFor()] }, restart: hdf5Damaged() };
    } catch (error) {
      // An answer of the server, in words.
      if (!isLoamError(error)) throw error;
      return { summary: summaryOf('unknown', { problem: error.message }), restart: false };
    } finally {
      letGo();
    }
  },

  hash(input: InspectInput, onProgress?: (done: number, total: number) => void): Promise<Answer<HashResult>> {
    const report = throttled(onProgress);
    return answer(onProgress, async () => {
      if (!Array.isArray(input)) {
        const found = await hashFile(await anySource(input), report);
        return { ...found, size: input.size, nFiles: null };
      }
      return hashFolder(await folderSource(input), report);
    });
  },

  /** Pixels and pictures are handed over, not copied. */
  async view(
    input: InspectInput,
    ask: ViewAsk,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Answered<FileView>> {
    const found = await answer(onProgress, async () =>
      viewFile(
        Array.isArray(input) ? await folderSource(input) : await anySource(input),
        ask,
        throttled(onProgress),
      ),
    );
    const answered = { answer: found, restart: hdf5Damaged() };
    return found.ok ? Comlink.transfer(answered, buffersOf(found.value)) : answered;
  },

  /** A table out of the file as a parquet copy. */
  async table(
    input: InspectInput,
    job: TableJob,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Answered<TableCopy>> {
    const report = throttled(onProgress);
    const made = await answer(onProgress, async () => {
      const source = Array.isArray(input) ? await folderSource(input) : await anySource(input);
      return tableToParquet(source, job, report);
    });
    return { answer: made, restart: hdf5Damaged() };
  },

  /** What a validation asks of a dataset; progress in rows gone through. `restart` as with `inspect`. */
  async dataset(
    input: InspectInput | { rows: RowsTable },
    name: string,
    asks: FrameAsk[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<{ answer: Answer<DatasetRead>; restart: boolean }> {
    const report = throttled(onProgress);
    const read = await answer(onProgress, async () => {
      // Readers of every layout are only loaded where somebody validates.
      const { readDataset } = await import('../formats/curate/read-dataset.ts');
      if ('rows' in input) return readDataset(input, name, asks);
      const source = Array.isArray(input) ? await folderSource(input) : await anySource(input);
      const meters = ('files' in source ? source.files.map((one) => one.source) : [source]).map(metered);
      const counted =
        'files' in source
          ? {
              files: source.files.map(({ path }, i) => ({
                path,
                source: meters[i]?.source as SyncByteSource,
              })),
            }
          : (meters[0]?.source as SyncByteSource);
      const found = await readDataset(counted, name, asks, (rows) => report(rows, Infinity));
      return { ...found, bytesRead: meters.reduce((sum, { bytes }) => sum + bytes(), 0) };
    });
    return { answer: read, restart: hdf5Damaged() };
  },

  /** A copy of the file with fixes applied. */
  async fixed(
    input: InspectInput,
    name: string,
    fixes: readonly Fix[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<Answered<FixedDataset>> {
    const report = throttled(onProgress);
    const made = await answer(onProgress, async () => {
      const { fixedDataset } = await import('./fixed-dataset.ts');
      const source = Array.isArray(input) ? await folderSource(input) : await anySource(input);
      return fixedDataset(source, input, name, fixes, (rows) => report(rows, Infinity));
    });
    return { answer: made, restart: hdf5Damaged() };
  },

  checksum(input: AnyFile, onProgress?: (done: number, total: number) => void): Promise<Answer<string>> {
    return answer(onProgress, async () => checksumSha256(await anySource(input), throttled(onProgress)));
  },

  /**
   * Small files, each read once. Answers for as many from the front as went well: after one that makes a fresh worker
   * necessary (`restart`) the others are left to that. `onAlive` is called now and then.
   */
  async readSmall(
    inputs: { file: File; name: string }[],
    onAlive: () => void,
  ): Promise<{ answers: Answer<SmallFile>[]; restart: boolean }> {
    const answers: Answer<SmallFile>[] = [];
    // Read ahead of the readers: each read is a question to another process.
    const bytes = inputs.map(({ file }) => file.arrayBuffer().then((buffer) => new Uint8Array(buffer)));
    for (const one of bytes) one.catch(() => {}); // told when its turn comes
    const alive = throttled(onAlive);
    for (const [i, { file, name }] of inputs.entries()) {
      const read = () => bytes[i] as Promise<Uint8Array>;
      answers.push(
        await answer(undefined, () => readSmallFile(file.size, read, (source) => inspectFile(source, name))),
      );
      if (hdf5Damaged()) break;
      alive(0, 1);
    }
    const transfer = answers.flatMap((one) => (one.ok ? [one.value.bytes.buffer] : []));
    (onAlive as Partial<Comlink.ProxyMethods>)[Comlink.releaseProxy]?.();
    return Comlink.transfer({ answers, restart: hdf5Damaged() }, transfer);
  },

  ping(): boolean {
    return true;
  },
};

export type InspectWorkerApi = typeof api;

function buffersOf(view: FileView): Transferable[] {
  switch (view.kind) {
    case 'plane':
      return [view.pixels.buffer];
    case 'notebook':
      return view.cells.flatMap(({ outputs }) =>
        outputs.flatMap((output) => (output.type === 'picture' ? [output.bytes.buffer] : [])),
      );
    case 'embedding':
      return [view.x.buffer, view.y.buffer];
    case 'categories':
      return [view.codes.buffer];
    case 'numbers':
      return [view.values.buffer];
    case 'array':
      return ArrayBuffer.isView(view.values) ? [view.values.buffer] : [];
    default:
      return [];
  }
}

async function answer<T>(onProgress: object | undefined, work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toWire(unreadable(error)) };
  } finally {
    letGo();
    // Each progress callback holds a message channel; thousands of files would pile them up.
    (onProgress as Partial<Comlink.ProxyMethods> | undefined)?.[Comlink.releaseProxy]?.();
  }
}

/** The browser's word for a file that was moved, changed or taken back. */
function unreadable(error: unknown): unknown {
  if (
    error instanceof DOMException &&
    (error.name === 'NotReadableError' || error.name === 'NotFoundError')
  ) {
    return Object.assign(
      new Error('The file was changed, moved or deleted while it was read. Drop it again.'),
      { name: error.name },
    );
  }
  return error;
}

/** At most ten messages a second, and always the last. */
function throttled(
  onProgress?: (done: number, total: number) => void,
): (done: number, total: number) => void {
  let last = 0;
  return (done, total) => {
    const now = performance.now();
    if (!onProgress || (now - last < 100 && done < total)) return;
    last = now;
    onProgress(done, total);
  };
}

function fileSource(file: File): SyncByteSource {
  return {
    ...blobSource(file),
    readSync: (start, end) => new Uint8Array(new FileReaderSync().readAsArrayBuffer(file.slice(start, end))),
  };
}

let asker: Promise<Asker> | null = null;
/** Of the present job; what is open cannot leave the cache. */
let far: RemoteReader[] = [];

function letGo(): void {
  for (const reader of far) reader.close();
  far = [];
}

/** What was fetched to look at files that lie elsewhere. */
function fetchedFor(): FileSummary['facts'] {
  if (far.length === 0) return [];
  const fetched = far.reduce((sum, reader) => sum + reader.count().fetched.bytes, 0);
  const size = far.reduce((sum, reader) => sum + reader.size, 0);
  return [
    { label: 'Fetched for this', value: `${megabytes(Math.min(fetched, size))} of ${megabytes(size)}` },
  ];
}

const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** Files that lie elsewhere are read by ranges, each fetched when a reader asks for it. */
async function anySource(file: AnyFile): Promise<SyncByteSource> {
  if (!isRemoteFile(file)) return fileSource(file);
  const reader = await openReader(file, await (asker ??= createAsker()));
  far.push(reader);
  return reader;
}

async function folderSource(files: readonly { path: string; file: AnyFile }[]): Promise<FolderSource> {
  const sources = [];
  for (const { path, file } of files) sources.push({ path, source: await anySource(file) });
  return { files: sources };
}

Comlink.expose(api);
