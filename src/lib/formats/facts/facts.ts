// The door of this room: all facts of a file or folder, computed from its whole content. Never throws; what cannot be
// read has kind `unreadable` and the reason in words. The preview's lighter door is ../inspect.ts.
import type { ByteSource, FolderSource } from '../../engine/ports.ts';
import { brokenPromise, inspectFile } from '../inspect.ts';
import { sniff, type Sniffed } from '../sniff.ts';
import type { Encoding, SyncByteSource } from '../source.ts';
import { reason, type FileSummary } from '../summary.ts';
import { zarrRoot } from '../zarr-node.ts';
import { folderStore, zipStore } from '../zarr-store.ts';
import { isWorkbook } from '../workbook.ts';
import { listZip } from '../zip.ts';
import { arrowFacts } from './arrow-facts.ts';
import { delimitedFacts } from './delimited-facts.ts';
import { notebookFacts, pngFacts, safetensorsFacts } from './document-facts.ts';
import type { Facts } from './facts-types.ts';
import { record } from './facts-types.ts';
import { hdf5Facts } from './hdf5-facts.ts';
import { matrixMarketFacts } from './matrix-market-facts.ts';
import { parquetFacts } from './parquet-facts.ts';
import { bamFacts, cramFacts, fastaFacts, fastqFacts, gffFacts, vcfFacts } from './sequence-facts.ts';
import { tiffFacts } from './tiff-facts.ts';
import { workbookFacts } from './workbook-facts.ts';
import { zarrFacts } from './zarr-facts.ts';

export type { Facts } from './facts-types.ts';

export async function factsOfFile(source: SyncByteSource, name: string): Promise<Facts> {
  try {
    const sniffed = await sniff(source, name);
    if (sniffed.damage !== null) throw sniffed.damage;
    const facts = await byFormat(source, sniffed, name);
    if (facts === null) return fromSummary(await inspectFile(source, name));
    const isTable = facts.kind === 'delimited text' && /\.(csv|tsv)$/i.test(name);
    const broken = isTable ? null : brokenPromise(sniffed.format, name);
    if (broken === null || facts.kind === 'unreadable') return facts;
    return { kind: 'unreadable', error: broken, readable: facts };
  } catch (error) {
    return { kind: 'unreadable', error: `This file could not be read (${reason(error)}).` };
  }
}

export async function factsOfFolder(folder: FolderSource): Promise<Facts> {
  try {
    const paths = folder.files.map((file) => file.path);
    if (zarrRoot(paths) === '') return await zarrFacts(folderStore(folder));
    const matrix = folder.files.find((file) => /^matrix\.mtx(\.gz)?$/.test(file.path));
    if (matrix) return await matrixMarketFacts(matrix.source, matrix.path.endsWith('.gz'), '10x mtx');
    return { kind: 'folder', n_files: paths.length };
  } catch (error) {
    return { kind: 'unreadable', error: `This folder could not be read (${reason(error)}).` };
  }
}

/** Null where this room has no reader of its own. */
async function byFormat(source: SyncByteSource, sniffed: Sniffed, name: string): Promise<Facts | null> {
  const { gzip } = sniffed;
  switch (sniffed.format) {
    case 'empty':
      return { kind: 'unreadable', error: 'This file is empty (0 bytes).' };
    case 'hdf5':
      return hdf5Facts(source);
    case 'parquet':
      return parquetFacts(source);
    case 'arrow':
      return arrowFacts(source);
    case 'zip': {
      const entries = await listZip(source);
      if (zarrRoot(entries.map((entry) => entry.path)) !== null)
        return zarrFacts(await zipStore(source, entries));
      return isWorkbook(entries) ? workbookFacts(source, entries) : null;
    }
    case 'delimited':
    case 'bed':
      return delimitedFacts(source, sniffed, name);
    case 'fasta':
      return fastaFacts(source, gzip);
    case 'fastq':
      return fastqFacts(source, gzip);
    case 'vcf':
      return vcfFacts(source, gzip);
    case 'gff':
      return gffFacts(source, gzip);
    case 'tiff':
      return tiffFacts(source);
    case 'safetensors':
      return safetensorsFacts(source);
    case 'bam':
      return bamFacts(source);
    case 'cram':
      return cramFacts(source);
    case 'png':
      return pngFacts(source);
    case 'json':
      return gzip ? null : notebookFacts(source, sniffed.encoding);
    case 'text':
      return textFacts(source, sniffed);
    case 'binary':
      return binaryFacts(source, sniffed, name);
    default:
      return null;
  }
}

/** Texts with a structure of their own, by their first line. */
function textFacts(source: ByteSource, { sample, gzip }: Sniffed): Promise<Facts> | null {
  const start = new TextDecoder().decode(sample.subarray(0, 64));
  if (/^%%MatrixMarket/i.test(start)) return matrixMarketFacts(source, gzip, 'Matrix Market');
  return null;
}

/** Texts in encodings that are not recognised, such as Shift JIS: lines and cells can still be told. */
function binaryFacts(source: ByteSource, sniffed: Sniffed, name: string): Promise<Facts> | null {
  if (/\.(csv|tsv)(\.gz)?$/i.test(name) && !sniffed.sample.some((byte) => byte < 9))
    return delimitedFacts(source, { ...sniffed, encoding: LATIN_1 }, name);
  return null;
}

const LATIN_1: Encoding = { label: 'windows-1252', name: 'Latin-1', bom: 0 };

/** What the preview tells, for files that have no facts of their own. */
function fromSummary(summary: FileSummary): Facts {
  if (summary.problem !== null) return { kind: 'unreadable', error: summary.problem };
  return {
    kind: KINDS[summary.format] ?? summary.format,
    ...(summary.media?.width == null ? {} : { width: summary.media.width, height: summary.media.height }),
    ...(summary.facts.length > 0
      ? { details: record(summary.facts.map(({ label, value }) => [label, value] as const)) }
      : {}),
  };
}

const KINDS: Record<string, string> = {
  json: 'JSON',
  pdf: 'PDF',
  image: 'picture',
  text: 'text',
  markdown: 'Markdown',
  zip: 'zip',
  npz: 'NumPy arrays',
  docx: 'docx',
  binary: 'binary',
};
