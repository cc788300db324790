// What a preview tells about sheets, arrays, reads, places in genomes and alignments, beside what Python's readers told
// about the same files (tests/fixtures/inspect-pack.json); and files that lie, are cut or are empty.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { ByteSource } from '../../src/lib/engine/ports.ts';
import { inspectFile } from '../../src/lib/formats/inspect.ts';
import type { FileSummary } from '../../src/lib/formats/summary.ts';
import { bgzf, bamFile } from '../fixtures/write-bam.ts';
import { join as bytesOf, utf8 } from '../fixtures/bytes.ts';
import { npyFile } from '../fixtures/write-npy.ts';
import { workbook } from '../fixtures/write-workbook.ts';
import { madeFacts, madeFiles, type FactsEntry } from '../fixtures/inspect-facts.ts';
import { bufferSource, fileSource } from '../fixtures/sources.ts';

const file = (content: string | Uint8Array, name: string): Promise<FileSummary> =>
  inspectFile(bufferSource(typeof content === 'string' ? utf8(content) : content), name);
const fact = (summary: FileSummary, label: string): string | undefined =>
  summary.facts.find((one) => one.label === label)?.value;
const part = (summary: FileSummary, name: string) => summary.parts?.find((one) => one.name === name);
const number = (value: number) => value.toLocaleString('en');

/** What Python told of a file of one of these kinds. */
interface Told {
  sheets: Record<string, [rows: number, columns: number]>;
  n_lines: number;
  samples: string[];
  n_records: number;
  n_features: number;
  n_refs: number;
  refs: string[];
  lengths: number[];
  keys: string[];
  metadata: Record<string, string> | null;
}

/** The preview of each kind beside Python's facts. */
const kinds: Record<string, (found: FileSummary, facts: Told) => void> = {
  xlsx(found, { sheets }) {
    expect(found.format).toBe('xlsx');
    expect(found.parts?.map(({ name, size }) => [name, size])).toEqual(
      Object.entries(sheets).map(([name, [rows, columns]]) => [
        name,
        `${number(rows)} row${rows === 1 ? '' : 's'} × ${number(columns)} column${columns === 1 ? '' : 's'}`,
      ]),
    );
    for (const { rows, preview } of found.parts ?? [])
      expect(preview?.rows.length ?? 0).toBe(Math.min(50, rows ?? 0));
  },
  FASTQ(found, { n_lines: lines }) {
    // Reads may stand on more than four lines each.
    expect(found.rows).toBeLessThanOrEqual(lines / 4);
    expect(found.rows).toBeGreaterThan(0);
    expect(fact(found, 'Reads')).toBe(number(found.rows ?? 0));
    expect(found.preview?.rows).toHaveLength(Math.min(50, found.rows ?? 0));
  },
  VCF(found, { samples, n_records: records }) {
    expect(found.rows).toBe(records);
    expect(found.preview?.columns.slice(9)).toEqual(samples);
    expect(found.preview?.rows).toHaveLength(Math.min(50, records));
    expect(fact(found, 'Variants')).toBe(number(records));
  },
  GFF(found, { n_features: features }) {
    expect(found.rows).toBe(features);
    expect(fact(found, 'Features')).toBe(number(features));
    expect(found.preview?.columns).toHaveLength(9);
  },
  BAM(found, { n_refs: references, refs, lengths, n_records: records }) {
    expect(fact(found, 'References')).toBe(number(references));
    expect(part(found, 'References')?.preview?.rows).toEqual(
      refs.map((name, i) => [name, String(lengths[i])]),
    );
    expect(found.preview?.rows).toHaveLength(Math.min(50, records));
  },
  CRAM(found) {
    expect(fact(found, 'Version')).toBe('CRAM 3.0');
  },
  safetensors(found, { keys, metadata }) {
    expect(found.preview?.rows.map(([name]) => name).sort()).toEqual(keys);
    for (const [name, value] of Object.entries(metadata ?? {})) expect(fact(found, name)).toBe(value);
  },
};

async function compare(entry: FactsEntry, found: FileSummary): Promise<void> {
  const check = kinds[entry.facts.kind];
  expect(found.problem).toBeNull();
  check?.(found, entry.facts as unknown as Told);
}

describe('files made by the libraries that write them', () => {
  const files = new Map(madeFiles());
  const known = madeFacts.filter(({ file, facts }) => facts.kind in kinds && files.has(file));
  it('are there, of each kind but CRAM', () =>
    expect(new Set(known.map(({ facts }) => facts.kind))).toEqual(
      new Set(Object.keys(kinds).filter((kind) => kind !== 'CRAM')),
    ));
  it.each(known.map((entry) => [entry.file, entry] as const))('%s', async (path, entry) => {
    await compare(entry, await file(files.get(path) as Uint8Array, path));
  });
});

const bio = join(process.env['LOAM_FIXTURES'] ?? '../shared', 'fixtures/bio');
const real = existsSync(join(bio, 'facts.json'));
describe.skipIf(!real)(
  `real files${real ? '' : ` (skipped: no facts.json below ${bio}, set LOAM_FIXTURES)`}`,
  () => {
    const entries = real
      ? (JSON.parse(readFileSync(join(bio, 'facts.json'), 'utf8')) as { files: FactsEntry[] }).files
      : [];
    const known = entries.filter(
      ({ file: path, facts }) => facts.kind in kinds && statSync(join(bio, path)).isFile(),
    );
    it.each(known.map((entry) => [entry.file, entry] as const))('%s', async (path, entry) => {
      await compare(entry, await inspectFile(fileSource(join(bio, path)), path));
    });
  },
);

describe('workbooks', () => {
  const sheets = workbook([
    {
      name: 'Plates & doses',
      rows: [
        ['sample', 'dose', 'when', 'ok', ''],
        ['A <1>', 1.5, { date: 45_292 }, true, ''],
        ['B', -2, { date: 45_292.75 }, false, 'note'],
      ],
    },
    { name: 'Hidden', hidden: true, rows: [['x'], [1]] },
    { name: 'Empty', rows: [] },
  ]);

  it('show their sheets with names, texts, numbers, dates and truth values', async () => {
    const found = await file(sheets, 'a.xlsx');
    expect(found).toMatchObject({ format: 'xlsx', suffixFromContent: '.xlsx', problem: null });
    expect(fact(found, 'Sheets')).toBe('3, 1 of them hidden');
    expect(found.parts?.map(({ name, what, size }) => [name, what, size])).toEqual([
      ['Plates & doses', 'sheet', '2 rows × 5 columns'],
      ['Hidden', 'hidden sheet', '1 row × 1 column'],
      ['Empty', 'sheet', '0 rows × 0 columns'],
    ]);
    expect(part(found, 'Plates & doses')?.preview).toEqual({
      columns: ['sample', 'dose', 'when', 'ok', 'E'],
      rows: [
        ['A <1>', '1.5', '2024-01-01', 'True', null],
        ['B', '-2', '2024-01-01 18:00:00', 'False', 'note'],
      ],
    });
  });

  it('say what is wrong with those that are cut, lie or lack a part', async () => {
    for (const length of [30, sheets.length >> 1, sheets.length - 30]) {
      const found = await file(sheets.subarray(0, length), 'a.xlsx');
      expect(found.problem).toMatch(/^This (zip archive|workbook) .{20,}\.$/);
    }
    const only = zipSync({ 'xl/workbook.xml': utf8('<workbook/>') });
    expect((await file(only, 'a.xlsx')).problem).toContain('workbook.xml.rels is missing');
    const far = workbook([{ name: 'far', rows: [['a'], [1]], last: 'XFD1048576' }]);
    const found = await file(far, 'a.xlsx');
    expect(found.parts?.[0]).toMatchObject({ rows: 1_048_575, size: '1,048,575 rows × 16,384 columns' });
    expect(found.parts?.[0]?.preview?.rows).toHaveLength(50);
    expect(JSON.stringify(found).length).toBeLessThan(200_000);
  });

  it('are not unpacked without end', async () => {
    // 30 MB of cells.
    const row = utf8('<row><c><v>1</v></c></row>'.repeat(40_000));
    const bomb = workbook([{ name: 'bomb', rows: [['a'], [1]], more: row, times: 30 }]);
    expect(bomb.length).toBeLessThan(4_000_000);
    const started = performance.now();
    const found = await file(bomb, 'bomb.xlsx');
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(found.parts?.[0]?.size).toMatch(/^more than/);
    expect(found.parts?.[0]?.preview?.rows[0]).toEqual(['1']);
  });
});

describe('NumPy arrays', () => {
  it('show type, shape and first values in either order', async () => {
    const rows = npyFile({ descr: '<f4', shape: [2, 3] }, new Float32Array([1, 2.5, 3, 4, 5, 6.1]));
    expect(await file(rows, 'a.npy')).toMatchObject({
      format: 'npy',
      rows: 2,
      preview: {
        columns: ['0', '1', '2'],
        rows: [
          ['1', '2.5', '3'],
          ['4', '5', '6.1'],
        ],
      },
      problem: null,
    });
    const columns = npyFile(
      { descr: '>i2', shape: [2, 3], fortran: true },
      new Uint8Array([0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6]),
    );
    const found = await file(columns, 'a.npy');
    expect(found.preview?.rows).toEqual([
      ['1', '2', '3'],
      ['4', '5', '6'],
    ]);
    expect(fact(found, 'Order')).toContain('Fortran');
    const texts = npyFile({ descr: '<U2', shape: [2] }, new Uint32Array([0x61, 0x1f9ec, 0x62, 0]));
    expect((await file(texts, 'a.npy')).preview?.rows).toEqual([['a🧬'], ['b']]);
  });

  it('in a zip are told one by one', async () => {
    const npz = zipSync({
      'w.npy': npyFile({ descr: '|b1', shape: [3] }, new Uint8Array([1, 0, 1])),
      'x/y.npy': npyFile({ descr: '<i8', shape: [] }, new BigInt64Array([7n])),
    });
    const found = await file(npz, 'a.npz');
    expect(found.parts?.map(({ name, size, preview }) => [name, size, preview?.rows])).toEqual([
      ['w', '3, bool', [['True'], ['False'], ['True']]],
      ['x/y', 'single value, int64', [['7']]],
    ]);
  });

  it('of Python objects, cut ones and lying headers get a reason', async () => {
    const objects = npyFile({ descr: '|O', shape: [1e9] }, new Uint8Array(4));
    expect(await file(objects, 'a.npy')).toMatchObject({ preview: null, problem: null });
    const huge = npyFile({ descr: '<f8', shape: [1e9, 1e6] }, new Uint8Array(8));
    expect((await file(huge, 'a.npy')).problem).toContain('needs 8,000,000,000,000,');
    expect((await file(huge.subarray(0, 40), 'a.npy')).problem).toContain('cut off');
    const negative = npyFile({ descr: '<f8', shape: [-5] }, new Uint8Array(8));
    expect((await file(negative, 'a.npy')).problem).toContain('header is damaged');
  });
});

describe('safetensors', () => {
  const made = (header: string, data = 8): Uint8Array => {
    const length = new DataView(new ArrayBuffer(8));
    length.setBigUint64(0, BigInt(utf8(header).length), true);
    return bytesOf([new Uint8Array(length.buffer), utf8(header), new Uint8Array(data)]);
  };
  it('list tensors, also those with odd names', async () => {
    const header =
      '{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"format":"pt"}}';
    const found = await file(made(header), 'a.safetensors');
    expect(found).toMatchObject({ format: 'safetensors', rows: 1, problem: null });
    expect(found.preview?.rows).toEqual([['__proto__', 'F32', '2', '8']]);
    expect(fact(found, 'format')).toBe('pt');
  });
  it.each([
    ['a tensor without a place', '{"a":{"dtype":"F32","shape":[2]}}', /no place/],
    ['a negative axis', '{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}', /no type or shape/],
    ['values beyond the end', '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,999]}}', /cut off/],
    ['a header that is no JSON', '{"a": oh', /damaged/],
    ['a header nested without end', `{"a":${'['.repeat(100_000)}`, /nested too deep/],
  ])('with %s get a reason', async (_what, header, problem) => {
    expect((await file(made(header), 'a.safetensors')).problem).toMatch(problem);
  });
  it('with a length beyond the file are no safetensors', async () => {
    const bytes = made('{"a":1}');
    bytes.fill(0x7f, 0, 8);
    expect((await file(bytes, 'a.safetensors')).problem).toContain('The name says');
  });
});

describe('reads', () => {
  it('are measured: lengths, GC and quality', async () => {
    const found = await file('@r1 first\nACGT\n+\nIIII\n@r2\nGGCCNN\n+\n!!!!!!\n', 'a.fq');
    expect(Object.fromEntries(found.facts.map(({ label, value }) => [label, value]))).toEqual({
      Reads: '2',
      'Total length': '10',
      'Read length': '4 to 6, mean 5',
      GC: '75.0 %',
      'Mean quality': '16.0 (Phred+33)',
      'Q30 or better': '40.0 %',
    });
    expect(found.preview?.rows).toEqual([
      ['r1 first', '4', '40.0', 'ACGT'],
      ['r2', '6', '0.0', 'GGCCNN'],
    ]);
  });
  it('on several lines are put together, also where values look like names', async () => {
    const found = await file('@r1\nAC\nGT\n+r1\n@I\n+I\n\n@r2\n\n+\n\n@r3\nA\n+\n@\n', 'a.fq');
    expect(found).toMatchObject({ rows: 3, problem: null });
    expect(found.preview?.rows.map((row) => [row[0], row[1], row[3]])).toEqual([
      ['r1', '4', 'ACGT'],
      ['r2', '0', ''],
      ['r3', '1', 'A'],
    ]);
  });
  it('of old machines count quality from 64', async () => {
    const found = await file('@r\nACGT\n+\nhhhB\n', 'a.fq');
    expect(fact(found, 'Mean quality')).toBe('30.5 (Phred+64)');
  });
  it('packed, with Windows line ends, and in several members give the same', async () => {
    const text = '@r1\r\nACGT\r\n+\r\nIIII\r\n'.repeat(500);
    const plain = await file(text, 'a.fq');
    const packed = await file(gzipSync(text), 'a.fq.gz');
    const blocks = await file(bgzf(utf8(text), 300), 'a.fq.gz');
    for (const found of [packed, blocks]) {
      expect(found.rows).toBe(500);
      expect(found.facts.filter(({ label }) => label !== 'Compression')).toEqual(plain.facts);
    }
  });
  it('that are cut or uneven are said to be', async () => {
    expect((await file('@r\nACGT\n+\nIIII\n@s\nAC', 'a.fq')).problem).toContain('cut off');
    expect((await file('@r\nAC\n+\nIIII\n', 'a.fq')).problem).toContain('2 letters and 4 quality values');
    const packed = gzipSync('@r\nACGT\n+\nIIII\n'.repeat(9_000) + Math.random());
    expect((await file(packed.subarray(0, packed.length - 20), 'a.fq.gz')).problem).toMatch(
      /damaged or cut off/,
    );
  });
});

describe('places in genomes', () => {
  const header =
    '##fileformat=VCFv4.2\n##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth, all">\n##contig=<ID=chr1,length=100>\n';
  const titles = '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\n';
  it('of a VCF: fields, contigs, samples and first lines, also packed by bgzip', async () => {
    const text = header + titles + 'chr1\t5\trs1\tA\tG\t.\tPASS\tDP=3\tGT\t0/1\n'.repeat(60);
    for (const bytes of [utf8(text), bgzf(utf8(text), 500)]) {
      const found = await file(bytes, 'a.vcf.gz');
      expect(found).toMatchObject({ format: 'vcf', rows: 60, columnCount: 10, problem: null });
      expect(found.preview?.rows).toHaveLength(50);
      expect(found.preview?.rows[0]?.slice(0, 5)).toEqual(['chr1', '5', 'rs1', 'A', 'G']);
      expect(part(found, 'INFO fields')?.preview?.rows).toEqual([['DP', 'Integer', '1', 'Depth, all']]);
      expect(part(found, 'Contigs')?.preview?.rows).toEqual([['chr1', '100']]);
    }
  });
  it('of a VCF whose header is longer than the sample', async () => {
    const contigs = Array.from(
      { length: 12_000 },
      (_, i) => `##contig=<ID=scaffold_${i},length=${i}>\n`,
    ).join('');
    const found = await file(header + contigs + titles + 'chr1\t5\t.\tA\tG\t.\t.\t.\tGT\t1/1\n', 'a.vcf');
    expect(found).toMatchObject({ rows: 1, problem: null });
    expect(found.preview?.rows).toHaveLength(1);
    expect(part(found, 'Contigs')).toMatchObject({ rows: 12_001 });
  });
  it('of a VCF without column names, cut or packed and damaged, get a reason', async () => {
    expect((await file(header + 'chr1\t5\n', 'a.vcf')).problem).toContain('#CHROM');
    const packed = bgzf(utf8(header + titles), 60);
    expect((await file(packed.subarray(0, packed.length - 60), 'a.vcf.gz')).problem).toMatch(/first part/);
  });
  it('of GFF and GTF: features by type, without the sequences behind', async () => {
    const line = (type: string): string => `chr1\tx\t${type}\t1\t9\t.\t+\t.\tID=a\n`;
    const text = `##gff-version 3\n${line('gene')}${line('exon')}${line('exon')}##FASTA\n>chr1\nACGT\n`;
    const found = await file(text, 'a.gff3');
    expect(found).toMatchObject({ format: 'gff', rows: 3, problem: null });
    expect(fact(found, 'Types')).toBe('exon (2), gene (1)');
    expect(fact(found, 'Version')).toBe('GFF 3');
    expect(found.preview?.rows).toHaveLength(3);
    expect(await file(line('gene'), 'a.gtf')).toMatchObject({ format: 'gff', rows: 1 });
  });
  it('of BED: as many columns as there are', async () => {
    const found = await file('track name="x"\nchr1\t0\t10\tpeak1\t5\nchr2 3 4 peak2 6\n', 'a.bed');
    expect(found).toMatchObject({ format: 'bed', rows: 2, columnCount: 5, problem: null });
    expect(found.preview).toEqual({
      columns: ['chrom', 'start', 'end', 'name', 'score'],
      rows: [
        ['chr1', '0', '10', 'peak1', '5'],
        ['chr2', '3', '4', 'peak2', '6'],
      ],
    });
    expect((await file('Dear diary\nno places here\n', 'a.bed')).format).toBe('text');
  });
  it('in one line without end cost no more than a while', async () => {
    const started = performance.now();
    const found = await file('##fileformat=VCFv4.2\n' + 'x'.repeat(17_000_000), 'a.vcf');
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(found.problem).toContain('a line is too long');
  });
});

describe('alignments', () => {
  const head =
    '@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:1000\n@RG\tID:a\tSM:liver\n@PG\tID:bwa\tVN:0.7\tCL:bwa mem x\n';
  const reads = Array.from({ length: 70 }, (_, i) => ({
    name: `r${i}`,
    at: i,
    sequence: 'ACGTN',
    cigar: [[5, 'M']] as [number, string][],
  }));
  const bam = bamFile(head, [['chr1', 1000]], reads);
  it('of a BAM: references, order, groups, programs and first reads', async () => {
    const found = await file(bam, 'a.bam');
    expect(found).toMatchObject({ format: 'bam', problem: null });
    expect(found.facts).toEqual(
      expect.arrayContaining([
        { label: 'Sort order', value: 'coordinate' },
        { label: 'Samples', value: 'liver' },
      ]),
    );
    expect(part(found, 'Programs')?.preview?.rows).toEqual([['bwa', '0.7', 'bwa mem x']]);
    expect(found.preview?.rows).toHaveLength(50);
    expect(found.preview?.rows[3]).toEqual(['r3', '0', 'chr1', '4', '60', '5M', 'ACGTN']);
  });
  it('cut, lying or too large get a reason', async () => {
    expect((await file(bam.subarray(0, 60), 'a.bam')).problem).not.toBeNull();
    const lying = bamFile(head, [['chr1', 1000]], [], 2_000_000_000);
    expect((await file(lying, 'a.bam')).problem).toContain('cut off');
    const negative = bgzf(bytesOf([utf8('BAM\u0001'), new Uint8Array([255, 255, 255, 255])]));
    expect((await file(negative, 'a.bam')).problem).toContain('below zero');
    const zeros = bgzf(bytesOf([utf8('BAM\u0001'), new Uint8Array(200_000)]));
    expect((await file(zeros, 'a.bam')).problem).toBeNull();
  });
  it('of a CRAM: its version and header', async () => {
    const text = utf8(head);
    const size = new DataView(new ArrayBuffer(4));
    size.setInt32(0, text.length, true);
    const plain = bytesOf([new Uint8Array(size.buffer), text]);
    const packed = gzipSync(plain);
    const itf8 = (n: number): number[] => (n < 128 ? [n] : [0x80 | (n >> 8), n & 255]);
    const made = (data: Uint8Array, method: number): Uint8Array =>
      bytesOf([
        utf8('CRAM'),
        new Uint8Array([3, 0]),
        new Uint8Array(20),
        new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]),
        new Uint8Array([method, 0, 0, ...itf8(data.length), ...itf8(plain.length)]),
        data,
      ]);
    for (const bytes of [made(plain, 0), made(packed, 1)]) {
      const found = await file(bytes, 'a.cram');
      expect(found).toMatchObject({ format: 'cram', problem: null });
      expect(fact(found, 'Sort order')).toBe('coordinate');
      expect(part(found, 'References')?.preview?.rows).toEqual([['chr1', '1000']]);
    }
    expect((await file(made(plain, 0).subarray(0, 60), 'a.cram')).problem).toContain('cut off');
    expect((await file(made(plain, 4), 'a.cram')).problem).toContain('not read here');
  });
});

describe('large files', () => {
  /** A file of 4 GB that repeats the bytes; counts what is read of it. */
  function endless(
    start: Uint8Array,
    pattern: Uint8Array,
  ): ByteSource & { read: ByteSource['read']; bytes: number } {
    const source = {
      size: 4 * 1024 ** 3,
      bytes: 0,
      read(from: number, to: number): Promise<Uint8Array> {
        const end = Math.min(to, source.size);
        const found = new Uint8Array(Math.max(0, end - from));
        source.bytes += found.length;
        for (let at = 0; at < found.length;) {
          const place = from + at;
          const part =
            place < start.length
              ? start.subarray(place)
              : pattern.subarray((place - start.length) % pattern.length);
          found.set(part.subarray(0, found.length - at), at);
          at += Math.min(part.length, found.length - at);
        }
        return Promise.resolve(found);
      },
    };
    return source;
  }
  const long = (line: string): Uint8Array => utf8(line.repeat(Math.ceil(1_000_000 / line.length)));
  it.each([
    ['a.fastq', '', '@read\nACGTACGTACGT\n+\nIIIIIIIIIIII\n'],
    [
      'a.vcf',
      '##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n',
      'chr1\t5\t.\tA\tG\t.\t.\t.\n',
    ],
    ['a.gff', '##gff-version 3\n', 'chr1\tx\texon\t1\t9\t.\t+\t.\tID=a\n'],
    ['a.bed', '', 'chr1\t1\t2\n'],
  ])('%s of 4 GB is read in part', async (name, start, line) => {
    const source = endless(utf8(start), long(line));
    const found = await inspectFile(source, name);
    expect(source.bytes).toBeLessThan(32 * 1024 * 1024);
    expect(found.bytesRead).toBe(source.bytes);
    expect(found).toMatchObject({ rows: null, problem: null });
    expect(found.facts.some(({ value }) => value.endsWith('in the first 16 MiB'))).toBe(true);
    expect(found.preview?.rows).toHaveLength(50);
  });
  it('an array of 4 GB is read by its first rows', async () => {
    const header = npyFile({ descr: '<f4', shape: [8_388_592, 128] }, new Uint8Array());
    const source = endless(header, new Uint8Array(1_000_000));
    const found = await inspectFile(source, 'a.npy');
    expect(found).toMatchObject({ rows: 8_388_592, problem: null });
    expect(source.bytes).toBeLessThan(1024 * 1024);
  });
  it('a zip bomb in a bgzip file stops', async () => {
    const block = bgzf(new Uint8Array(60_000).fill(120), 60_000);
    const bomb = bytesOf([
      bgzf(utf8('##fileformat=VCFv4.2\n')),
      ...Array.from({ length: 3_000 }, () => block),
    ]);
    expect((await file(bomb, 'a.vcf.gz')).problem).toMatch(/200 times|too long/);
  });
});
