// A copy of a dataset with fixes applied, written beside the original in the worker that can be ended. Each format has its
// own writer; what has none is refused in words.
import { LoamError } from '../engine/errors.ts';
import type { ByteSource, Fix, FolderSource } from '../engine/ports.ts';
import { csvLook } from '../formats/curate/csv-frame.ts';
import { fixedCsv } from '../formats/curate/fixed-csv.ts';
import { sniff } from '../formats/sniff.ts';
import type { SyncByteSource } from '../formats/source.ts';
import type { AnyFile } from './find-bytes.ts';

/** A file, or a folder's files with their paths below it. */
export interface FixedDataset {
  file: File | null;
  files: { path: string; file: File }[] | null;
}

export async function fixedDataset(
  source: SyncByteSource | FolderSource,
  _input: AnyFile | { path: string; file: AnyFile }[],
  name: string,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<FixedDataset> {
  if ('files' in source) throw notWritten(name);
  const sniffed = await sniff(source, name);
  if (sniffed.damage !== null) throw sniffed.damage;
  if (/\.[ct]sv(\.gz)?$/i.test(name)) return single(await csvFile(source, name, sniffed.gzip, fixes, onRows));
  throw notWritten(name);
}

const single = (file: File): FixedDataset => ({ file, files: null });

async function csvFile(
  source: ByteSource,
  name: string,
  gzip: boolean,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<File> {
  const parts = fixedCsv(source, csvLook(name, gzip), fixes, onRows);
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
  });
  const packed = gzip ? stream.pipeThrough(new CompressionStream('gzip')) : stream;
  return new File([await new Response(packed).blob()], baseName(name));
}

const baseName = (name: string): string => name.split('/').pop() ?? name;

const notWritten = (name: string) =>
  new LoamError(
    'NotImplementedError',
    `A fixed copy of ${baseName(name)} cannot be written here yet. Fix the file where it was made, and drop it again: what was found stays listed.`,
    { name },
  );
