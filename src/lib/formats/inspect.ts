// The door of this room: finds the format by content and summarises it. Never throws; every problem is a sentence.
import type { FolderSource } from '../engine/ports.ts';
import { summariseBam, summariseCram } from './alignments.ts';
import { summariseArrow } from './arrow.ts';
import { summariseDelimited } from './delimited.ts';
import { summariseHdf5 } from './hdf5.ts';
import { summariseLoci } from './loci.ts';
import { summariseJpeg, summarisePdf, summarisePng } from './media.ts';
import { summariseNumpy, summariseNpz } from './npy.ts';
import { summariseParquet } from './parquet.ts';
import { summariseReads } from './reads.ts';
import { summariseSafetensors } from './safetensors.ts';
import { summariseSequences } from './sequence.ts';
import { sniff, type Format, type Sniffed } from './sniff.ts';
import { metered, type SyncByteSource } from './source.ts';
import { count, reason, summaryOf, type FileSummary } from './summary.ts';
import { summariseTenxFolder } from './tenx.ts';
import { summariseJson, summariseText } from './text.ts';
import { summariseTiff } from './tiff.ts';
import { isWorkbook, summariseWorkbook } from './workbook.ts';
import { zarrRoot } from './zarr-node.ts';
import { summariseZarrFolder, summariseZarrZip } from './zarr.ts';
import { listZip, summariseZip } from './zip.ts';

/** Names that promise a format whose first bytes are known. */
const PROMISES: [RegExp, string, Format[]][] = [
  [/\.h5ad$|\.h5mu$|\.h5$|\.hdf5$|\.loom$/i, 'an HDF5 file', ['hdf5']],
  [/\.parquet$/i, 'a parquet table', ['parquet']],
  [/\.(arrow|feather)$/i, 'an Arrow table', ['arrow', 'feather-v1']],
  [/\.(zip|xlsx|npz)$/i, 'a zip archive', ['zip']],
  [/\.png$/i, 'a PNG picture', ['png']],
  [/\.jpe?g$/i, 'a JPEG picture', ['jpeg']],
  [/\.pdf$/i, 'a PDF', ['pdf']],
  [/\.tiff?$/i, 'a TIFF picture', ['tiff']],
  [/\.npy$/i, 'a NumPy array', ['npy']],
  [/\.safetensors$/i, 'safetensors', ['safetensors']],
  [/\.bam$/i, 'BAM reads', ['bam']],
  [/\.cram$/i, 'CRAM reads', ['cram']],
  [/\.(csv|tsv)$/i, 'a text table', ['delimited', 'json', 'fasta', 'fastq', 'vcf', 'gff', 'text']],
  [/\.json$/i, 'JSON', ['json', 'text', 'delimited']],
];

export async function inspectFile(file: SyncByteSource, name: string): Promise<FileSummary> {
  const { source, bytes } = metered(file);
  const found = await lookInto(source, name);
  return { ...found, bytesRead: Math.min(bytes(), source.size) };
}

async function lookInto(source: SyncByteSource, name: string): Promise<FileSummary> {
  try {
    const sniffed = await sniff(source, name);
    const summary = await summarise(source, sniffed, name);
    return {
      ...summary,
      problem: summary.problem ?? damaged(sniffed) ?? brokenPromise(sniffed.format, name),
    };
  } catch (error) {
    return summaryOf('binary', { problem: `This file could not be read (${reason(error)}).` });
  }
}

const damaged = ({ damage }: Sniffed): string | null =>
  damage === null
    ? null
    : `The compressed file is damaged or cut off; only its first part could be read (${reason(damage)}).`;

/** A sentence where the name promises another format than the content has, else null. */
export function brokenPromise(format: Format, name: string): string | null {
  const promise = PROMISES.find(([pattern]) => pattern.test(name));
  if (promise === undefined || format === 'empty' || promise[2].includes(format)) return null;
  return `The name says that this is ${promise[1]}, but its content is not (it looks like ${LOOKS[format]}). It may have been cut off, renamed, or saved by another program.`;
}

export async function inspectFolder(given: FolderSource, _name: string): Promise<FileSummary> {
  const meters = given.files.map((file) => ({ path: file.path, ...metered(file.source) }));
  const found = await lookIntoFolder({ files: meters });
  return {
    ...found,
    bytesRead: meters.reduce((sum, { source, bytes }) => sum + Math.min(bytes(), source.size), 0),
  };
}

async function lookIntoFolder(folder: FolderSource): Promise<FileSummary> {
  try {
    const paths = folder.files.map((file) => file.path);
    if (zarrRoot(paths) === '') return await summariseZarrFolder(folder);
    return (
      (await summariseTenxFolder(folder)) ??
      summaryOf('folder', { facts: [{ label: 'Files', value: count(paths.length) }] })
    );
  } catch (error) {
    return summaryOf('folder', { problem: `This folder could not be read (${reason(error)}).` });
  }
}

async function summarise(source: SyncByteSource, sniffed: Sniffed, name: string): Promise<FileSummary> {
  switch (sniffed.format) {
    case 'empty':
      return summaryOf('empty', { problem: 'This file is empty (0 bytes).' });
    case 'parquet':
      return summariseParquet(source);
    case 'arrow':
      return summariseArrow(source);
    case 'feather-v1':
      return summaryOf('arrow', {
        problem:
          'This is the old Feather V1 layout, which cannot be read here. Save it again as Feather V2 or parquet.',
      });
    case 'hdf5':
      return summariseHdf5(source);
    case 'zip':
      return summariseAnyZip(source);
    case 'png':
      return summarisePng(source);
    case 'jpeg':
      return summariseJpeg(source);
    case 'pdf':
      return summarisePdf(source);
    case 'json':
      return summariseJson(source, sniffed, name);
    case 'fasta':
      return summariseSequences(source, sniffed);
    case 'fastq':
      return summariseReads(source, sniffed);
    case 'vcf':
    case 'gff':
    case 'bed':
      return summariseLoci(source, sniffed, sniffed.format);
    case 'npy':
      return summariseNumpy(source);
    case 'safetensors':
      return summariseSafetensors(source);
    case 'tiff':
      return summariseTiff(source);
    case 'delimited':
      return summariseDelimited(source, sniffed, name);
    case 'markdown':
    case 'text':
      return summariseText(source, sniffed, sniffed.format);
    case 'bam':
      return summariseBam(source);
    case 'cram':
      return summariseCram(source);
    case 'binary':
      return summaryOf('binary', sniffed.gzip ? { facts: [{ label: 'Compression', value: 'gzip' }] } : {});
  }
}

async function summariseAnyZip(source: SyncByteSource): Promise<FileSummary> {
  try {
    const entries = await listZip(source);
    if (zarrRoot(entries.map((entry) => entry.path)) !== null) return await summariseZarrZip(source, entries);
    if (isWorkbook(entries)) return await summariseWorkbook(source, entries);
    const found = summariseZip(entries);
    return found.format === 'npz' ? await summariseNpz(source, entries, found) : found;
  } catch (error) {
    return summaryOf('zip', { problem: `This zip archive cannot be opened: ${reason(error)}.` });
  }
}

const LOOKS: Record<Format, string> = {
  empty: 'an empty file',
  parquet: 'a parquet table',
  arrow: 'an Arrow table',
  'feather-v1': 'an old Feather table',
  hdf5: 'an HDF5 file',
  zip: 'a zip archive',
  png: 'a PNG picture',
  jpeg: 'a JPEG picture',
  pdf: 'a PDF',
  tiff: 'a TIFF picture',
  npy: 'a NumPy array',
  safetensors: 'safetensors',
  bam: 'BAM reads',
  cram: 'CRAM reads',
  json: 'JSON',
  fasta: 'FASTA sequences',
  fastq: 'FASTQ reads',
  vcf: 'a VCF of variants',
  gff: 'GFF features',
  bed: 'BED intervals',
  markdown: 'Markdown',
  delimited: 'a text table',
  text: 'plain text',
  binary: 'other binary data',
};
