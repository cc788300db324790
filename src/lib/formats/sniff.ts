// Finds a file's format by its bytes; the name decides only where bytes cannot (CSV or prose, h5ad or h5).
import type { ByteSource } from '../engine/ports.ts';
import { decodeText, detectEncoding, gunzipChunks, head, join, type Encoding } from './source.ts';

export type Format =
  | 'empty'
  | 'parquet'
  | 'arrow'
  | 'feather-v1'
  | 'hdf5'
  | 'zip'
  | 'png'
  | 'jpeg'
  | 'pdf'
  | 'tiff'
  | 'npy'
  | 'safetensors'
  | 'bam'
  | 'cram'
  | 'json'
  | 'fasta'
  | 'fastq'
  | 'vcf'
  | 'gff'
  | 'bed'
  | 'markdown'
  | 'delimited'
  | 'text'
  | 'binary';

export interface Sniffed {
  format: Format;
  gzip: boolean;
  /** Set for texts. */
  encoding: Encoding | null;
  /** The first 256 KiB, unpacked, for texts. */
  sample: Uint8Array;
  /** Of a packed file whose first bytes could not all be unpacked, the error. */
  damage: unknown;
}

const SAMPLE = 256 * 1024;

const MAGIC: [Format, number, number[]][] = [
  ['parquet', 0, [0x50, 0x41, 0x52, 0x31]],
  ['parquet', 0, [0x50, 0x41, 0x52, 0x45]],
  ['arrow', 0, [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31]],
  ['feather-v1', 0, [0x46, 0x45, 0x41, 0x31]],
  ['zip', 0, [0x50, 0x4b, 3, 4]],
  ['zip', 0, [0x50, 0x4b, 5, 6]],
  ['png', 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['jpeg', 0, [0xff, 0xd8, 0xff]],
  ['pdf', 0, [0x25, 0x50, 0x44, 0x46, 0x2d]],
  ['cram', 0, [0x43, 0x52, 0x41, 0x4d]],
  ['npy', 0, [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]],
  // TIFF and its large kind, in either byte order.
  ['tiff', 0, [0x49, 0x49, 0x2a, 0]],
  ['tiff', 0, [0x4d, 0x4d, 0, 0x2a]],
  ['tiff', 0, [0x49, 0x49, 0x2b, 0]],
  ['tiff', 0, [0x4d, 0x4d, 0, 0x2b]],
];

const HDF5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Formats whose text is no table even where its lines look like one. */
const PLAIN_TEXT =
  /\.(txt\.md|log|ya?ml|toml|py|r|sh|js|ts|sql|tex|bib|ini|cfg|xml|html?|svg|vcf|gff3?|gtf|sam|mtx|obo|ipynb|nwk)(\.gz)?$/i;

export async function sniff(source: ByteSource, name: string): Promise<Sniffed> {
  const none = { gzip: false, encoding: null, sample: new Uint8Array(), damage: null };
  if (source.size === 0) return { format: 'empty', ...none };
  const start = await source.read(0, 2048);
  for (const [format, at, magic] of MAGIC) if (matches(start, at, magic)) return { format, ...none };
  // HDF5 may stand behind a user block of 512, 1024, … bytes.
  for (const at of [0, 512, 1024]) if (matches(start, at, HDF5)) return { format: 'hdf5', ...none };
  if (isSafetensors(start, source.size)) return { format: 'safetensors', ...none };
  const gzip = matches(start, 0, [0x1f, 0x8b]);
  const { sample, damage } = await firstBytes(source, gzip);
  const found = { gzip, sample, damage };
  if (gzip && matches(sample, 0, [0x42, 0x41, 0x4d, 1])) return { format: 'bam', ...found, encoding: null };
  const encoding = detectEncoding(sample);
  if (encoding === null) return { format: 'binary', ...found, encoding };
  return { format: textFormat(decodeText(sample, encoding), name), ...found, encoding };
}

/** Of a packed file that is damaged further on, what comes before the damage. */
async function firstBytes(
  source: ByteSource,
  gzip: boolean,
): Promise<{ sample: Uint8Array; damage: unknown }> {
  if (!gzip) return { sample: await head(source, SAMPLE, false), damage: null };
  const parts: Uint8Array[] = [];
  try {
    for await (const part of gunzipChunks(source, SAMPLE)) parts.push(part.slice());
  } catch (damage) {
    if (parts.length === 0) throw damage;
    return { sample: join(parts), damage };
  }
  return { sample: join(parts), damage: null };
}

function matches(bytes: Uint8Array, at: number, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[at + i] === byte);
}

/** The length of a JSON header in eight bytes, then the header, which begins a record. */
function isSafetensors(start: Uint8Array, size: number): boolean {
  if (start.length < 10 || start[8] !== 0x7b || !/^["}\s]/.test(String.fromCharCode(start[9] ?? 0)))
    return false;
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(size - 8);
}

function textFormat(text: string, name: string): Format {
  const start = text.trimStart();
  if (/^>[^\n]*\n[A-Za-z*\-.\s]+(\n|$)/.test(start.slice(0, 4096)) && !/[:;{}]/.test(secondLine(start)))
    return 'fasta';
  if (/^@[^\n]+\r?\n(?:[A-Za-z.*-]+\r?\n)+\+/.test(start.slice(0, 65_536))) return 'fastq';
  if (
    /^\s*(\{\s*(["}]|$)|\[\s*(["{[\]\d\-tfn]|$))/.test(text.slice(0, 4096)) &&
    !/\.(csv|tsv|md|markdown)(\.gz)?$/i.test(name)
  )
    return 'json';
  if (/\.(csv|tsv)(\.(gz|bz2|xz|zst))?$/i.test(name)) return 'delimited';
  if (/\.(md|markdown)$/i.test(name)) return 'markdown';
  if (start.startsWith('##fileformat=VCF') || /\.vcf(\.b?gz)?$/i.test(name)) return 'vcf';
  if (start.startsWith('##gff') || /\.(gff3?|gtf)(\.b?gz)?$/i.test(name)) return 'gff';
  if (/\.bed(\.b?gz)?$/i.test(name) && isBed(start)) return 'bed';
  if (PLAIN_TEXT.test(name) || start.startsWith('##') || start.startsWith('%%')) return 'text';
  return looksDelimited(text) ? 'delimited' : 'text';
}

/** Lines of a name and two places; headers and comments may stand before them. */
function isBed(text: string): boolean {
  const first = text
    .slice(0, 65_536)
    .split('\n')
    .find((line) => line.trim() !== '' && !/^(#|track\b|browser\b)/.test(line));
  return first !== undefined && /^\S+\s+\d+\s+\d+(\s|$)/.test(first);
}

function secondLine(text: string): string {
  return text.slice(0, 4096).split('\n', 2)[1] ?? '';
}

/** Lines with one and the same number (at least one) of tabs, semicolons, pipes or commas. */
function looksDelimited(text: string): boolean {
  const lines = text.slice(0, 65_536).split(/\r?\n/).slice(0, 50);
  // The last line may be cut by the sample.
  if (text.length > 65_536) lines.pop();
  const filled = lines.filter((line) => line.trim() !== '');
  if (filled.length < 3) return false;
  return ['\t', ',', ';', '|'].some((separator) => {
    const counts = filled.map((line) => line.split(separator).length);
    return (counts[0] ?? 0) > 1 && counts.every((parts) => parts === counts[0]);
  });
}
