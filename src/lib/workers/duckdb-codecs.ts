// Parquet files before the query engine opens them: what their footers say, and a copy in a packing that the engine reads
// where it reads theirs not (BROTLI, LZ4). The copy is made once, row group by row group, and kept in the browser's
// private file system beside the artifacts; it is a cache and may be removed at any time.
import { parquetMetadataAsync, type FileMetaData } from 'hyparquet';
import { isLoamError, LoamError } from '../engine/errors.ts';
import { parquetEnd } from '../formats/parquet.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import type { Fence } from './duckdb-fence.ts';

/** Packings that the built-in engine cannot read; the modern one reads all of them. */
const unreadable = new Set<string>(['BROTLI', 'LZ4', 'LZ4_RAW', 'LZO']);
/** Rows at most in one row group of a copy, as the engine itself writes them. */
const rowsOfGroup = 122_880;
/** Copies together may take so many bytes; those not used for longest go first. */
const keptMost = 2e9;
const folderName = 'query-copies';

export interface CodecReader {
  /**
   * The file to register in place of `file`. `id` names its content. `onProgress` is told bytes of the original while a
   * copy is made. Throws `FileUnreadable` for what is no readable parquet file.
   */
  readable(
    file: File,
    id: string,
    title: string,
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<File>;
}

const damaged = (title: string, why: string) =>
  new LoamError('FileUnreadable', `${title} cannot be asked: ${why}`, { file: title });

export function createCodecReader(fence: Fence, needed: () => boolean): CodecReader {
  /** Content that was found readable as it is. */
  const plain = new Set<string>();

  return {
    async readable(file, id, title, onProgress, signal) {
      if (plain.has(id)) return file;
      const footer = await footerOf(file, title);
      const codecs = new Set(
        footer.row_groups.flatMap((group) => group.columns.map((c) => c.meta_data?.codec)),
      );
      const strange = [...codecs].filter((codec) => codec !== undefined && unreadable.has(codec));
      if (!needed() || strange.length === 0) {
        plain.add(id);
        return file;
      }
      const kept = await keptCopy(id);
      if (kept && (await sameRows(kept, footer))) return kept;
      return copyOf(file, { id, title, footer, codecs: strange.join(', ') }, fence, onProgress, signal);
    },
  };
}

async function footerOf(file: File, title: string): Promise<FileMetaData> {
  let end: Awaited<ReturnType<typeof parquetEnd>>;
  try {
    end = await parquetEnd(blobSource(file));
  } catch {
    throw damaged(title, 'the file was changed or moved since it was opened. Open it again.');
  }
  if ('problem' in end) throw damaged(title, end.problem);
  try {
    return await parquetMetadataAsync(end.file, { initialFetchSize: end.footer + 8 });
  } catch (error) {
    throw damaged(title, `the table description at its end is damaged (${(error as Error).message}).`);
  }
}

async function sameRows(copy: File, footer: FileMetaData): Promise<boolean> {
  const own = await footerOf(copy, copy.name).catch(() => null);
  return own !== null && own.num_rows === footer.num_rows;
}

interface Copied {
  id: string;
  title: string;
  footer: FileMetaData;
  codecs: string;
}

async function copyOf(
  file: File,
  { id, title, footer, codecs }: Copied,
  fence: Fence,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<File> {
  try {
    const stream = await repacked(counted(file, onProgress, signal), fence);
    const copy = await keep(id, stream, signal);
    if (!(await sameRows(copy, footer)))
      throw new Error(`the copy has other rows than the ${footer.num_rows} of the file`);
    return copy;
  } catch (error) {
    await forget(id);
    if (isLoamError(error)) throw error;
    if (signal.aborted) throw cancelled();
    throw damaged(
      title,
      `it is packed with ${codecs}, which the query engine does not read, and it could not be repacked (${(error as Error).message ?? String(error)}).`,
    );
  }
}

const cancelled = () =>
  new LoamError('StatementCancelled', 'The statement was cancelled.', { reason: 'cancelled' });

/** The file as a Blob that tells how far it was read; its reader asks for ranges. */
function counted(file: File, onProgress: (done: number, total: number) => void, signal: AbortSignal): Blob {
  let done = 0;
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

async function repacked(file: Blob, fence: Fence): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const [parquet, { default: url }] = await Promise.all([
    import('parquet-wasm'),
    import('parquet-wasm/esm/parquet_wasm_bg.wasm?url'),
  ]);
  fence.allow(url);
  await parquet.default({ module_or_path: url });
  const properties = new parquet.WriterPropertiesBuilder()
    .setCompression(parquet.Compression.SNAPPY)
    .setMaxRowGroupSize(rowsOfGroup)
    .build();
  const source = await parquet.ParquetFile.fromFile(file);
  return parquet.transformParquetStream(await source.stream({ batchSize: 8192, concurrency: 1 }), properties);
}

/* ---------- the copies ---------- */

const folder = async () =>
  (await navigator.storage.getDirectory()).getDirectoryHandle(folderName, { create: true });

async function keptCopy(id: string): Promise<File | null> {
  try {
    return await (await (await folder()).getFileHandle(`${id}.parquet`)).getFile();
  } catch {
    return null;
  }
}

async function forget(id: string): Promise<void> {
  await (await folder().catch(() => null))?.removeEntry(`${id}.parquet`).catch(() => {});
}

/** Without a private file system, or with a full one, the copy lives as long as this worker. */
async function keep(
  id: string,
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): Promise<File> {
  const name = `${id}.parquet`;
  const handle = await folder().then(
    (directory) => directory.getFileHandle(name, { create: true }),
    () => null,
  );
  if (!handle) return new File([await new Response(stream).blob()], name);
  await stream.pipeTo(await handle.createWritable(), { signal });
  await makeRoom(name);
  return handle.getFile();
}

async function makeRoom(newest: string): Promise<void> {
  const directory = await folder();
  const copies: File[] = [];
  for await (const handle of directory.values())
    if (handle.kind === 'file') copies.push(await (handle as FileSystemFileHandle).getFile());
  let total = copies.reduce((sum, { size }) => sum + size, 0);
  for (const copy of copies.sort((a, b) => a.lastModified - b.lastModified)) {
    if (total <= keptMost) return;
    if (copy.name === newest) continue;
    await directory.removeEntry(copy.name).catch(() => {});
    total -= copy.size;
  }
}
