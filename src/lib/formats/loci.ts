// Tables of places in a genome: VCF, GFF and GTF, BED. Their header lines as facts, their first lines as rows, and the
// number of lines as far as the file is gone through.
import type { ByteSource } from '../engine/ports.ts';
import type { Sniffed } from './sniff.ts';
import { chunks, decodeText, gunzipChunks, head } from './source.ts';
import {
  cellText,
  clip,
  count,
  parseLimit,
  partOf,
  PREVIEW_COLUMNS,
  PREVIEW_ROWS,
  reason,
  summaryOf,
  type FileSummary,
  type SummaryPart,
} from './summary.ts';
import { lines } from './text-lines.ts';

type Kind = 'vcf' | 'gff' | 'bed';

/** Headers with thousands of contigs or samples are longer than the usual sample. */
const HEADER = 8 * 1024 * 1024;
/** A line of a VCF with 100,000 samples has some hundred kilobytes. */
const LONGEST = 8 * 1024 * 1024;

const COLUMNS = {
  gff: ['seqid', 'source', 'type', 'start', 'end', 'score', 'strand', 'phase', 'attributes'],
  bed: [
    'chrom',
    'start',
    'end',
    'name',
    'score',
    'strand',
    'thickStart',
    'thickEnd',
    'itemRgb',
    'blockCount',
    'blockSizes',
    'blockStarts',
  ],
};

export async function summariseLoci(source: ByteSource, sniffed: Sniffed, kind: Kind): Promise<FileSummary> {
  const start = await firstLines(source, sniffed);
  const counted = await countLines(source, sniffed.gzip, kind);
  const suffix = sniffed.gzip ? '.gz' : '';
  const base = {
    rows: counted.whole ? counted.records : null,
    problem: counted.problem,
    suffixFromContent: `.${kind}${suffix}`,
  };
  const more = counted.whole ? '' : ` in the first ${count(parseLimit(source) / 2 ** 20)} MiB`;
  const packed = sniffed.gzip ? [{ label: 'Compression', value: 'gzip' }] : [];
  if (kind === 'vcf') {
    const header = vcfHeader(start);
    const columns = header.columns.slice(0, PREVIEW_COLUMNS);
    return summaryOf('vcf', {
      ...base,
      columnCount: header.columns.length,
      facts: [
        { label: 'Version', value: header.version },
        { label: 'Variants', value: count(counted.records) + more },
        { label: 'Samples', value: named(header.samples) },
        ...header.facts,
        ...packed,
      ],
      parts: header.parts,
      preview: { columns, rows: rowsOf(start, columns.length, /\t/) },
      problem: base.problem ?? header.problem,
    });
  }
  const rows = rowsOf(start, 12, kind === 'bed' ? /\s+/ : /\t/);
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = COLUMNS[kind].slice(0, kind === 'bed' ? Math.max(3, width) : 9);
  const types = [...counted.types].sort((a, b) => b[1] - a[1]);
  return summaryOf(kind, {
    ...base,
    columnCount: columns.length,
    facts: [
      ...(kind === 'gff' ? [{ label: 'Version', value: gffVersion(start) }] : []),
      { label: kind === 'gff' ? 'Features' : 'Intervals', value: count(counted.records) + more },
      { label: 'Sequences', value: named(counted.sequences) + more },
      ...(types.length > 0
        ? [{ label: 'Types', value: clip(types.map(([type, n]) => `${type} (${count(n)})`).join(', ')) }]
        : []),
      ...packed,
    ],
    preview: {
      columns,
      rows: rows.map((row) => columns.map((_, i) => row[i] ?? null)),
    },
  });
}

/** Header and first lines of data, whole lines only. */
async function firstLines(source: ByteSource, { sample, gzip, encoding }: Sniffed): Promise<string[]> {
  const utf8 = encoding ?? { label: 'utf-8', name: 'UTF-8', bom: 0 };
  const split = (bytes: Uint8Array): string[] =>
    decodeText(bytes, utf8)
      .replace(/^\ufeff/, '')
      .split(/\r\n|\n|\r/);
  let found = split(sample);
  let whole = gzip ? false : sample.length >= source.size;
  if (!whole && found.filter((line) => !line.startsWith('#')).length <= PREVIEW_ROWS) {
    const bytes = await head(source, HEADER, gzip).catch(() => sample);
    whole = bytes.length < HEADER;
    found = split(bytes);
  }
  // The last line may be cut by the sample.
  if (!whole) found.pop();
  return found;
}

const isRecord = (line: string): boolean => line !== '' && !line.startsWith('#') && line.trim() !== '';
const isTrack = (line: string): boolean => /^(track|browser)\b/.test(line);

function rowsOf(start: readonly string[], width: number, separator: RegExp): (string | null)[][] {
  const rows: (string | null)[][] = [];
  for (const line of start) {
    if (rows.length === PREVIEW_ROWS || line.startsWith('##FASTA')) break;
    if (!isRecord(line) || isTrack(line)) continue;
    rows.push(line.split(separator, width).map((cell) => cellText(cell)));
  }
  return rows;
}

interface Counted {
  records: number;
  /** True where the whole file was gone through. */
  whole: boolean;
  sequences: string[];
  /** Of GFF: how often each type of feature comes. */
  types: Map<string, number>;
  problem: string | null;
}

/** Different names that are kept. */
const NAMES = 10_000;

async function countLines(source: ByteSource, gzip: boolean, kind: Kind): Promise<Counted> {
  const limit = parseLimit(source);
  const sequences = new Set<string>();
  const types = new Map<string, number>();
  let [records, size, ended] = [0, 0, false];
  let problem: string | null = null;
  const measured = async function* (): AsyncGenerator<Uint8Array, void> {
    for await (const part of gzip ? gunzipChunks(source, limit) : chunks(source, limit)) {
      size += part.length;
      yield part;
    }
  };
  try {
    for await (const some of lines(measured(), LONGEST)) {
      for (const line of some) {
        // Sequences behind this line are no features.
        ended ||= kind === 'gff' && line.startsWith('##FASTA');
        if (ended || !isRecord(line) || (kind === 'bed' && isTrack(line))) continue;
        records++;
        if (kind === 'vcf') continue;
        const end = line.search(/\s/);
        if (sequences.size < NAMES) sequences.add(line.slice(0, end < 0 ? undefined : end));
        const type = kind === 'gff' ? line.split('\t', 3)[2] : undefined;
        if (type !== undefined && (types.has(type) || types.size < 1_000))
          types.set(type, (types.get(type) ?? 0) + 1);
      }
    }
  } catch (error) {
    problem = `Only the first part of this file could be read (${reason(error)}).`;
  }
  return {
    records,
    whole: problem === null && size < limit,
    sequences: [...sequences],
    types,
    problem,
  };
}

const named = (names: readonly string[]): string =>
  names.length === 0
    ? 'none'
    : clip(`${count(names.length)}: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`);

function gffVersion(start: readonly string[]): string {
  const line = start.find((one) => /^##gff-version\s/.test(one));
  return line === undefined ? 'GTF or not said' : clip(line.replace(/^##gff-version\s+/, 'GFF '), 40);
}

interface VcfHeader {
  version: string;
  columns: string[];
  samples: string[];
  facts: FileSummary['facts'];
  parts: SummaryPart[];
  problem: string | null;
}

const FIXED = ['CHROM', 'POS', 'ID', 'REF', 'ALT', 'QUAL', 'FILTER', 'INFO'];

function vcfHeader(start: readonly string[]): VcfHeader {
  const meta = start.filter((line) => line.startsWith('##'));
  const titles = start.find((line) => line.startsWith('#') && !line.startsWith('##'));
  const columns =
    titles
      ?.slice(1)
      .split('\t')
      .map((one) => clip(one)) ?? FIXED;
  const value = (key: string): string | null => {
    const line = meta.find((one) => one.startsWith(`##${key}=`));
    return line === undefined ? null : clip(line.slice(key.length + 3));
  };
  const parts: SummaryPart[] = [];
  for (const [key, name] of [
    ['INFO', 'INFO fields'],
    ['FORMAT', 'FORMAT fields'],
    ['FILTER', 'Filters'],
    ['contig', 'Contigs'],
  ] as const) {
    const found = meta.filter((line) => line.startsWith(`##${key}=<`)).map(vcfFields);
    if (found.length === 0) continue;
    const shown = (
      {
        INFO: ['ID', 'Type', 'Number', 'Description'],
        FORMAT: ['ID', 'Type', 'Number', 'Description'],
        FILTER: ['ID', 'Description'],
        contig: ['ID', 'length', 'assembly'],
      } as const
    )[key].filter((field) => found.some((one) => one.has(field)));
    parts.push(
      partOf(name, 'header', {
        size: count(found.length),
        rows: found.length,
        preview: {
          columns: [...shown],
          rows: found.slice(0, PREVIEW_ROWS).map((one) => shown.map((field) => cellText(one.get(field)))),
        },
      }),
    );
  }
  const facts: FileSummary['facts'] = [];
  for (const [key, label] of [
    ['reference', 'Reference'],
    ['source', 'Written by'],
  ] as const) {
    const found = value(key);
    if (found !== null) facts.push({ label, value: found });
  }
  return {
    version: value('fileformat') ?? 'not said',
    columns,
    samples: columns.slice(9),
    facts,
    parts,
    problem: titles === undefined ? 'The line of column names (#CHROM …) is missing.' : null,
  };
}

/** `##INFO=<ID=DP,Number=1,Description="a, b">` by name; quotes may hold commas. */
function vcfFields(line: string): Map<string, string> {
  const fields = new Map<string, string>();
  const inside = line.slice(line.indexOf('<') + 1, 4096);
  for (const [, key = '', quoted, plain] of inside.matchAll(
    /([A-Za-z_]\w*)=(?:"((?:[^"\\]|\\.)*)"|([^,>]*))/g,
  ))
    fields.set(key, quoted ?? plain ?? '');
  return fields;
}
