// A copy of a dataset with fixes applied, written beside the original in the worker that can be ended. Each format has its
// own writer; what has none is refused in words.
import { isLoamError, LoamError } from '../engine/errors.ts';
import type { ByteSource, Fix, FolderSource } from '../engine/ports.ts';
import { csvLook, isTextTable } from '../formats/curate/csv-look.ts';
import { fixedArrowFile } from '../formats/curate/fixed-arrow-file.ts';
import { fixedHdf5 } from '../formats/curate/fixed-hdf5.ts';
import { fixedCsv } from '../formats/curate/fixed-csv.ts';
import { sniff } from '../formats/sniff.ts';
import type { SyncByteSource } from '../formats/source.ts';
import { reason } from '../formats/summary.ts';
import { loadParquet } from './duckdb-parquet.ts';
import type { FixedDataset } from './curation-wire.ts';
import { fixedParquet } from './fixed-parquet.ts';
import { fixedFolder, fixedZip } from './fixed-store.ts';
import type { AnyFile } from './find-bytes.ts';

/** Throws `FileUnreadable` for damage, in words; what the browser says of a file that has gone stays. */
export async function fixedDataset(...given: Parameters<typeof written>): Promise<FixedDataset> {
  try {
    return await written(...given);
  } catch (error) {
    if (isLoamError(error) || error instanceof DOMException) throw error;
    throw new LoamError(
      'FileUnreadable',
      `No fixed copy of ${baseName(given[2])} could be written: the file is damaged, or holds what is not read here (${reason(error)}).`,
      { name: given[2] },
    );
  }
}

async function written(
  source: SyncByteSource | FolderSource,
  input: AnyFile | { path: string; file: AnyFile }[],
  name: string,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<FixedDataset> {
  if ('files' in source) {
    const own = new Map(Array.isArray(input) ? input.map(({ path, file }) => [path, local(file, name)]) : []);
    const files = await fixedFolder(source, own, fixes, onRows);
    if (files === null) throw notWritten(name);
    return { file: null, files };
  }
  const sniffed = await sniff(source, name);
  if (sniffed.damage !== null) throw sniffed.damage;
  if (isTextTable(name)) return single(await csvFile(source, name, sniffed.gzip, fixes, onRows));
  if (sniffed.format === 'parquet') return single(await parquetFile(local(input, name), name, fixes, onRows));
  const whole = (bytes: Uint8Array, type?: string): FixedDataset =>
    single(new File([bytes as Uint8Array<ArrayBuffer>], baseName(name), type === undefined ? {} : { type }));
  if (sniffed.format === 'hdf5') return whole(await fixedHdf5(source, fixes), 'application/x-hdf5');
  if (sniffed.format === 'arrow') return whole(await fixedArrowFile(source, fixes, onRows));
  const zip = sniffed.format === 'zip' ? await fixedZip(source, fixes, onRows) : null;
  if (zip === null) throw notWritten(name);
  return single(new File([await new Response(streamOf(zip)).blob()], baseName(name)));
}

/** The file itself; what lies elsewhere has to be here as a whole to be copied. */
function local(input: AnyFile | { path: string; file: AnyFile }[], name: string): File {
  if (input instanceof File) return input;
  throw new LoamError(
    'BytesElsewhere',
    `${baseName(name)} lies elsewhere. Keep it on this device (Storage, Keep offline), then save the fixed copy.`,
    { name },
  );
}

const single = (file: File): FixedDataset => ({ file, files: null });

const streamOf = (parts: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array<ArrayBuffer>> =>
  new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
  });

async function csvFile(
  source: ByteSource,
  name: string,
  gzip: boolean,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<File> {
  const parts = fixedCsv(source, csvLook(name, gzip), fixes, onRows);
  const stream = streamOf(parts);
  const packed = gzip ? stream.pipeThrough(new CompressionStream('gzip')) : stream;
  return new File([await new Response(packed).blob()], baseName(name));
}

async function parquetFile(
  file: File,
  name: string,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<File> {
  const parquet = await loadParquet({ allow() {} }); // No fence stands around this worker.
  return new File([await fixedParquet(parquet, file, fixes, onRows)], baseName(name));
}

const baseName = (name: string): string => name.split('/').pop() ?? name;

const notWritten = (name: string) =>
  new LoamError(
    'NotImplementedError',
    `A fixed copy of ${baseName(name)} cannot be written here yet. Fix the file where it was made, and drop it again: what was found stays listed.`,
    { name },
  );
