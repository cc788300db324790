// Files before the query engine opens them: what parquet footers say, and a copy where the engine cannot read a file as it
// is packed (parquet in BROTLI or LZ4, text in gzip). A copy is made once, piece by piece, and kept in the browser's
// private file system beside the artifacts; it is a cache and may be removed at any time.
import type { FileMetaData } from 'hyparquet';
import { isLoamError } from '../engine/errors.ts';
import { gunzipChunks } from '../formats/source.ts';
import type { ByteSource } from '../engine/ports.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import { cancelled } from './duckdb-errors.ts';
import { factsOf, type FileFacts } from '../statements/facts.ts';
import { damaged, readFooter } from '../statements/footer.ts';
import type { RemoteReader } from '../storage/remote/cache-reader.ts';
import { parquetPlan } from './parquet-plan.ts';
import type { Fence } from './duckdb-fence.ts';
import { loadParquet } from './duckdb-parquet.ts';
import { writerProperties } from '../statements/parquet-stream.ts';
import type { SourceFormat } from './duckdb-wire.ts';
import { forgetCopy, keepCopy, keptCopy, keptMost } from './query-copies.ts';

/** Packings that the built-in engine cannot read; the modern one reads all of them. */
const unreadable = new Set<string>(['BROTLI', 'LZ4', 'LZ4_RAW', 'LZO']);

export interface Readable {
  file: File | RemoteReader;
  format: SourceFormat;
  /** Names its content; a file name. */
  id: string;
  /** As people call it. */
  title: string;
  /** Told bytes of the original while a copy is made. */
  onProgress(done: number, total: number): void;
  signal: AbortSignal;
}

export interface ReadableFile {
  file: File | RemoteReader;
  /** What the footer tells; null where there is none. */
  facts: FileFacts | null;
}

export interface Copies {
  /** The file to register in its place. Throws `FileUnreadable` for what no engine can read. */
  readable(asked: Readable): Promise<ReadableFile>;
}

/** `unpacked`: the engine reads every packing of parquet by itself. */
export function createCopies(fence: Fence, unpacked: () => boolean): Copies {
  async function parquet(asked: Readable): Promise<ReadableFile> {
    const { file, id, title } = asked;
    const far = isFar(file);
    const footer = await footerOf(file, title);
    // What the table description says of where columns lie is what is worth fetching ahead.
    if (far) file.plan = parquetPlan(footer, file.size);
    const codecs = new Set(
      footer.row_groups.flatMap((group) => group.columns.map((c) => c.meta_data?.codec)),
    );
    const strange = [...codecs].filter((codec) => codec !== undefined && unreadable.has(codec));
    const facts = factsOf(footer);
    if (unpacked() || strange.length === 0) return { file, facts };
    const kept = await keptCopy(`${id}.parquet`);
    if (kept && (await sameRows(kept, footer))) return { file: kept, facts };
    return { file: await repackedCopy(asked, footer, strange.join(', '), fence), facts };
  }

  /** A copy is under its name only once it is whole. */
  async function text({
    file,
    format,
    id,
    title,
    onProgress,
    signal,
  }: Readable): Promise<File | RemoteReader> {
    if (!(await isGzip(file))) return file;
    const name = `${id}.${format}`;
    const kept = await keptCopy(name);
    if (kept) return kept;
    try {
      const source = sourceOf(counted(file, onProgress, signal));
      return await keepCopy(name, streamOf(gunzipChunks(source, keptMost)), signal);
    } catch (error) {
      if (signal.aborted) throw cancelled();
      if (isLoamError(error)) throw error;
      throw damaged(title, `it could not be unpacked (${(error as Error).message}).`);
    }
  }

  return {
    readable: async (asked) =>
      asked.format === 'parquet' ? parquet(asked) : { file: await text(asked), facts: null },
  };
}

const isFar = (file: Blob | RemoteReader): file is RemoteReader => 'readSync' in file;
const sourceOf = (file: Blob | RemoteReader): ByteSource => (isFar(file) ? file : blobSource(file));

async function isGzip(file: File | RemoteReader): Promise<boolean> {
  const [a, b] = await sourceOf(file).read(0, 2);
  return a === 0x1f && b === 0x8b;
}

const footerOf = (file: File | RemoteReader, title: string): Promise<FileMetaData> =>
  readFooter(sourceOf(file), title);

async function sameRows(copy: File, footer: FileMetaData): Promise<boolean> {
  const own = await footerOf(copy, copy.name).catch(() => null);
  return own !== null && own.num_rows === footer.num_rows;
}

async function repackedCopy(
  { file, id, title, onProgress, signal }: Readable,
  footer: FileMetaData,
  codecs: string,
  fence: Fence,
): Promise<File> {
  const name = `${id}.parquet`;
  try {
    const copy = await orCrash(async () =>
      keepCopy(name, await repacked(asBlob(counted(file, onProgress, signal)), fence), signal),
    );
    if (await sameRows(copy, footer)) return copy;
    throw new Error(`the copy has not the ${footer.num_rows} rows of the file`);
  } catch (error) {
    await forgetCopy(name);
    if (signal.aborted) throw cancelled();
    if (isLoamError(error)) throw error;
    const crashed = error instanceof WebAssembly.RuntimeError;
    const why = crashed ? 'it is probably damaged' : ((error as Error).message ?? String(error));
    // What crashed cannot be used again; a fresh worker can.
    throw damaged(
      title,
      `it is packed with ${codecs}, which the query engine does not read, and it could not be repacked (${why}).`,
      crashed ? { broken: true } : {},
    );
  }
}

/** A crash inside the repacker reaches nobody who waits for it: it is an error event of the whole worker. */
function orCrash<T>(work: () => Promise<T>): Promise<T> {
  let fail: (event: ErrorEvent) => void = () => {};
  const crash = new Promise<never>((_, reject) => {
    fail = (event) => {
      if (!(event.error instanceof WebAssembly.RuntimeError)) return;
      event.preventDefault();
      reject(event.error);
    };
  });
  addEventListener('error', fail);
  return Promise.race([work(), crash]).finally(() => removeEventListener('error', fail));
}

/** The file as one that tells how far it was read; its reader asks for ranges. */
function counted(
  file: File | RemoteReader,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Blob | RemoteReader {
  let done = 0;
  if (isFar(file)) {
    const readSync = (start: number, end: number) => {
      if (signal.aborted) throw cancelled();
      done += end - start;
      onProgress(Math.min(done, file.size), file.size);
      return file.readSync(start, end);
    };
    return { ...file, readSync, read: async (start, end) => readSync(start, end) };
  }
  return new Proxy(file, {
    get(target, name) {
      if (name === 'slice')
        return (from?: number, to?: number, type?: string) => {
          if (signal.aborted) throw cancelled();
          done += (to ?? target.size) - (from ?? 0);
          onProgress(Math.min(done, target.size), target.size);
          return target.slice(from, to, type);
        };
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** For a reader that knows nothing but Blobs; of one that lies elsewhere each slice is fetched when it is made. */
function asBlob(file: Blob | RemoteReader): Blob {
  if (!isFar(file)) return file;
  const slice = (from = 0, to = file.size) => new Blob([file.readSync(from, to) as Uint8Array<ArrayBuffer>]);
  return { size: file.size, type: '', slice } as unknown as Blob;
}

async function repacked(file: Blob, fence: Fence): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const parquet = await loadParquet(fence);
  const source = await parquet.ParquetFile.fromFile(file);
  return parquet.transformParquetStream(
    await source.stream({ batchSize: 8192, concurrency: 1 }),
    writerProperties(parquet),
  );
}

function streamOf(chunks: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void (await chunks.return()),
  });
}
