// Every bio fixture through the inspector, against facts computed by Python; and odd files made here.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ViewAsk } from '../../src/lib/engine/ports.ts';
import { inspectFile, inspectFolder } from '../../src/lib/formats/inspect.ts';
import type { FileSummary, SummaryColumn } from '../../src/lib/formats/summary.ts';
import { viewFile } from '../../src/lib/formats/view.ts';
import { bufferSource, fileSource, folderSource } from '../fixtures/sources.ts';

const bio = join(process.env['LOAM_FIXTURES'] ?? '../shared', 'fixtures/bio');
interface Columns {
  index_head?: string[];
  columns: Record<string, { dtype: string; n_categories?: number }>;
}
interface Facts {
  kind: string;
  n_obs?: number;
  n_vars?: number;
  obs?: Columns;
  var?: Columns;
  num_rows?: number;
  schema?: Record<string, string>;
  n_lines?: number;
  n_columns?: number;
  n_seqs?: number;
  total_len?: number;
  width?: number;
  height?: number;
  shape?: number[];
  anndata?: Facts;
  tables?: Record<string, Facts>;
  mods?: Record<string, Facts>;
}
const files: { file: string; facts: Facts }[] = existsSync(join(bio, 'facts.json'))
  ? (JSON.parse(readFileSync(join(bio, 'facts.json'), 'utf8')) as { files: { file: string; facts: Facts }[] })
      .files
  : [];

function inspect(file: string): Promise<FileSummary> {
  const path = join(bio, file);
  if (statSync(path).isDirectory()) return inspectFolder(folderSource(path), file);
  return inspectFile(fileSource(path), file);
}

/** pandas' and Arrow's names of a type as one of ours. */
function kind(type: string): string {
  if (/^(category|dictionary)/.test(type)) return 'category';
  if (/^(object|str|string|utf8)/i.test(type)) return 'str';
  if (/^u?int/.test(type)) return 'int';
  if (/^(float|double|half)/.test(type)) return 'float';
  if (/^bool/.test(type)) return 'bool';
  if (/^(list|map|struct|large_list)/.test(type)) return 'nested';
  if (/^date/.test(type)) return 'date';
  if (/^timestamp/.test(type)) return 'timestamp';
  if (/^decimal/.test(type)) return 'decimal';
  return type;
}

function expectColumns(found: SummaryColumn[] | null, facts: Columns): void {
  expect(found?.map((column) => column.name)).toEqual(Object.keys(facts.columns));
  const types = Object.values(facts.columns);
  expect(found?.map((column) => kind(column.type))).toEqual(types.map((type) => kind(type.dtype)));
  expect(found?.map((column) => column.categories ?? null)).toEqual(
    types.map((type) => type.n_categories ?? null),
  );
}

/** Files whose problem is expected, by a word of the sentence. Others must have none. */
const PROBLEMS: Record<string, RegExp> = {
  'odd/truncated.h5ad': /incomplete/,
  'odd/not_hdf5.h5ad': /name says/,
  'odd/zero_bytes.parquet': /empty/,

  'odd/bitflip.h5ad': /could not be read/,

  'parquet/uniform_encryption.parquet': /encrypted/,
  'parquet/nation.dict-malformed.parquet': /./,
};

describe.skipIf(files.length === 0)(
  `bio fixtures${files.length === 0 ? ` (skipped: no facts.json below ${bio}, set LOAM_FIXTURES)` : ''}`,
  () => {
    it('are present', () => expect(files.length).toBeGreaterThan(0));

    it('are all known to Python', () => {
      const known = files.map(({ file }) => file);
      const others = readdirSync(bio, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(bio, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
        .filter((path) => !known.some((file) => path === file || path.startsWith(`${file}/`)));
      expect(others.sort()).toEqual(['README.md', 'facts.json']);
    });

    it.each(files.map(({ file }) => file))(
      '%s: something is to be seen, or a reason is told',
      async (file) => {
        const found = await inspect(file);
        const { preview, parts, members, text, media, columns, obs, views, problem } = found;
        const seen =
          [preview?.columns, parts, members, columns, obs].some((list) => (list?.length ?? 0) > 0) ||
          [text, media].some((one) => one !== null);
        if (problem === null) expect(seen || found.facts.length > 1).toBe(true);
        else expect(problem).toMatch(/^[A-Z“].{15,}\.$/s);
        // Each view that it names opens; what cannot be shown of it says why.
        const path = join(bio, file);
        const source = statSync(path).isDirectory() ? folderSource(path) : fileSource(path);
        const arrays = (views?.arrays ? (members ?? []) : []).filter(({ kind: what }) => what === 'array');
        const asks: ViewAsk[] = [
          ...(views?.notebook ? [{ kind: 'notebook' } as const] : []),
          ...(views?.plane ? [{ kind: 'plane', channel: 0, slice: 0, moment: 0 } as const] : []),
          ...(views?.pictures ?? []).map(
            ({ path: at }) => ({ kind: 'plane', path: at, channel: 0, slice: 0, moment: 0 }) as const,
          ),
          ...(views?.cells ?? []).map(({ path: at }) => ({ kind: 'cells', path: at }) as const),
        ];
        for (const ask of asks) expect((await viewFile(source, ask)).kind).toBe(ask.kind);
        for (const { path: at, shape } of arrays.slice(0, 12)) {
          const axes =
            shape.length === 0 ? [] : shape.length === 1 ? [0] : [shape.length - 2, shape.length - 1];
          const ask = {
            kind: 'array',
            path: at,
            axes,
            at: shape.map(() => 0),
            from: [0, 0],
            count: [8, 8],
          } as const;
          const view = await viewFile(source, { ...ask, at: ask.at, from: [0, 0], count: [8, 8] }).catch(
            (error: Error) => error.message,
          );
          if (typeof view === 'string')
            expect([at, view]).toEqual([at, expect.stringMatching(/^It cannot be shown \(.{8,}\)\.$/s)]);
          else if (view.kind === 'array')
            expect([at, view.values.length]).toEqual([
              at,
              axes.reduce((all, axis) => all * Math.min(8, shape[axis] ?? 0), 1),
            ]);
          else expect(view.kind).toBe('rows');
        }
      },
    );

    it.each(files.map((entry) => [entry.file, entry.facts] as const))('%s', async (file, facts) => {
      const started = performance.now();
      const found = await inspect(file);
      expect(performance.now() - started).toBeLessThan(15_000);
      expect(JSON.stringify(found).length).toBeLessThan(4_000_000);
      const problem = PROBLEMS[file];
      if (problem === undefined) expect(found.problem).toBeNull();
      else expect(found.problem).toMatch(problem);
      if (file === 'odd/bitflip.h5ad') return;
      if (facts.kind === 'AnnData' || facts.anndata !== undefined) {
        const expected = facts.anndata ?? facts;
        expect(found.otype).toBe('AnnData');
        expect(found.nObservations).toBe(expected.n_obs);
        expect(found.shape).toEqual({ observations: expected.n_obs, variables: expected.n_vars });
        if (expected.obs) expectColumns(found.obs, expected.obs);
        if (problem === undefined && expected.obs?.index_head) {
          expect(found.preview?.rows.slice(0, 3).map((row) => row[0])).toEqual(expected.obs.index_head);
        }
        if (expected.var) expectColumns(found.vars, expected.var);
      } else if (facts.kind === 'MuData' || facts.mods !== undefined) {
        expect(found.otype).toBe('MuData');
        const modalities = Object.keys(facts.mods ?? {}).map((mod) => `Modality ${mod}`);
        expect(found.facts.map((one) => one.label)).toEqual(expect.arrayContaining(modalities));
        if (facts.obs) expectColumns(found.obs, facts.obs);
        if (facts.var) expectColumns(found.vars, facts.var);
      } else if (facts.tables !== undefined) {
        expect(found.otype).toBe('SpatialData');
        expect(found.nObservations).toBeNull();
        const first = Object.values(facts.tables)[0];
        expect(found.shape).toEqual({ observations: first?.n_obs, variables: first?.n_vars });
        if (first?.obs) expectColumns(found.obs, first.obs);
        expect(found.preview?.rows.slice(0, 3).map((row) => row[0])).toEqual(first?.obs?.index_head);
      } else if (facts.kind === 'Parquet' && problem === undefined) {
        expect(found.otype).toBe('DataFrame');
        expect(found.rows).toBe(facts.num_rows);
        expect(found.nObservations).toBe(facts.num_rows);
        if (facts.schema && facts.n_columns === undefined)
          expect(found.columns?.map((column) => column.name)).toEqual(Object.keys(facts.schema));
        if (facts.n_columns !== undefined) expect(found.columnCount).toBe(facts.n_columns);
        expect(found.preview?.rows).toHaveLength(Math.min(50, facts.num_rows ?? 0));
      } else if (facts.kind === 'Arrow') {
        expect(found.rows).toBe(facts.num_rows);
        expect(found.columns?.map((column) => [column.name, kind(column.type)])).toEqual(
          Object.entries(facts.schema ?? {}).map(([name, type]) => [name, kind(type)]),
        );
      } else if (facts.kind === 'delimited text') {
        // The facts count every line; one file has no header line.
        const header = file === 'table/visium_tissue_positions_list.csv' ? 0 : 1;
        expect(found.rows).toBe((facts.n_lines ?? 0) - header);
        expect(found.columnCount).toBe(facts.n_columns);
        expect(found.otype).toBeNull();
      } else if (facts.kind === 'FASTA') {
        expect(found.facts[0]?.value).toBe(facts.n_seqs?.toLocaleString('en'));
        expect(found.facts[1]?.value).toBe(facts.total_len?.toLocaleString('en'));
      } else if (facts.kind === 'PNG') {
        expect(found.media).toEqual({ type: 'image/png', width: facts.width, height: facts.height });
      } else if (facts.kind === '10x mtx') {
        expect(found.shape).toEqual({ observations: facts.shape?.[1], variables: facts.shape?.[0] });
      }
    });
  },
);

const file = (text: string | Uint8Array, name: string): Promise<FileSummary> =>
  inspectFile(bufferSource(typeof text === 'string' ? Buffer.from(text) : text), name);
const types = (summary: FileSummary): (string | undefined)[] | undefined =>
  summary.columns?.map((column) => column.type);
const fact = (summary: FileSummary, label: string): string | undefined =>
  summary.facts.find((one) => one.label === label)?.value;

describe('text tables', () => {
  it('finds types, missing values and rows', async () => {
    const found = await file(
      'id,x,ok,when,name,none\n1,1.5,true,2024-01-02,a,\n2,NA,False,2024-01-03,7,\n',
      'a.csv',
    );
    expect(types(found)).toEqual(['int', 'float', 'bool', 'date', 'str', 'empty']);
    expect(found.columns?.map((column) => column.nulls)).toEqual([0, 1, 0, 0, 0, 2]);
    expect(found).toMatchObject({
      format: 'csv',
      rows: 2,
      columnCount: 6,
      otype: null,
      nObservations: null,
      problem: null,
    });
    expect(found.preview?.rows[0]).toEqual(['1', '1.5', 'true', '2024-01-02', 'a', null]);
  });

  it.each([
    [';', 'semicolon'],
    ['\t', 'tab'],
    ['|', 'pipe'],
    [',', 'comma'],
  ])('finds the separator "%s"', async (separator, name) => {
    const found = await file(
      ['a', 'b', 'c'].join(separator) +
        '\n' +
        ['1', '2', '3'].join(separator) +
        '\n' +
        ['x', 'y', 'z'].join(separator),
      'a.txt',
    );
    expect(fact(found, 'Separator')).toBe(name);
    expect(found.columnCount).toBe(3);
    expect(found.rows).toBe(2);
  });

  it('reads decimal commas', async () => {
    const found = await file('g;v\nA;1,5\nB;2\n', 'a.csv');
    expect(types(found)).toEqual(['str', 'float']);
    expect(fact(found, 'Decimal mark')).toBe('comma');
  });

  it('keeps separators, quotes and line ends inside quotes', async () => {
    const found = await file('name,note\r\n"A, B","says ""hi""\r\nthere"\r\nC,5" pipe\r\n\r\n', 'a.csv');
    expect(found.rows).toBe(2);
    expect(found.preview?.rows).toEqual([
      ['A, B', 'says "hi"\r\nthere'],
      ['C', '5" pipe'],
    ]);
  });

  it('names repeated columns and uneven rows', async () => {
    const found = await file('id,x,x\n1,2,3\n4,5\n', 'a.csv');
    expect(fact(found, 'Repeated column names')).toBe('x');
    expect(fact(found, 'Uneven rows')).toContain('1 of the first 2');
  });

  it.each([
    [
      'utf-16le',
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('größe,b\n1,2\n', 'utf16le')]),
      'UTF-16 (little endian)',
    ],
    [
      'utf-16be',
      Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from('größe,b\n1,2\n', 'utf16le').swap16()]),
      'UTF-16 (big endian)',
    ],
    ['latin-1', Buffer.from('größe,b\n1,2\n', 'latin1'), 'Latin-1'],
    ['utf-8', Buffer.from('größe,b\n1,2\n'), 'UTF-8'],
  ])('reads %s', async (_name, bytes, encoding) => {
    const found = await file(bytes, 'a.csv');
    expect(fact(found, 'Encoding')).toBe(encoding);
    expect(found.columns?.[0]?.name).toBe('größe');
    expect(found.rows).toBe(1);
  });

  it('reads gzip, also several members in a row, and stops at bombs and damage', async () => {
    const rows = 'a,b\n' + '1,2\n'.repeat(1000);
    expect(await file(gzipSync(rows), 'a.csv.gz')).toMatchObject({
      rows: 1000,
      format: 'csv',
      suffixFromContent: '.csv.gz',
      problem: null,
    });
    // bgzip: members that carry their length in an extra field "BC".
    const member = (text: string): Buffer => {
      const plain = gzipSync(text);
      const head = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, 0x42, 0x43, 2, 0, 0, 0]);
      head.writeUInt16LE(plain.length + 7, 16);
      return Buffer.concat([head, plain.subarray(10)]);
    };
    const members = Buffer.concat([member('a,b\n1,2\n'), member('3,4\n5,6\n'), member('')]);
    expect(await file(members, 'a.csv.gz')).toMatchObject({ rows: 3, problem: null });
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, '1,2\n'));
    const found = await file(bomb, 'bomb.csv.gz');
    expect(found.problem).toContain('200 times');
    expect(found.preview?.rows).toHaveLength(50);
    const cut = await file(
      gzipSync(Buffer.from(rows + Math.random().toString())).subarray(0, 60),
      'cut.csv.gz',
    );
    expect(cut.problem).toMatch(/damaged|cut off|could not be read/);
  });

  it('stays fast with 20,001 columns', async () => {
    const names = Array.from({ length: 20_001 }, (_, i) => `c${i}`).join(',');
    const row = Array.from({ length: 20_001 }, (_, i) => String(i % 7)).join(',');
    const started = performance.now();
    const found = await file([names, row, row, row].join('\n'), 'wide.csv');
    expect(performance.now() - started).toBeLessThan(3000);
    expect(found).toMatchObject({ rows: 3, columnCount: 20_001 });
    expect(found.columns).toHaveLength(2000);
    expect(found.preview?.columns).toHaveLength(200);
  });
});

describe('other files', () => {
  it('goes by content before the name', async () => {
    const png = await file(
      Buffer.from('89504e470d0a1a0a0000000d4948445200000003000000050806000000', 'hex'),
      'x.csv',
    );
    expect(png.format).toBe('image');
    expect(png.problem).not.toBeNull();
    expect(await file('PK no zip', 'x.parquet')).toMatchObject({
      problem: expect.stringContaining('name says') as string,
    });
  });

  it('reads JSON, and survives depth and damage', async () => {
    expect(await file('{"b": [1, 2], "a": {"c": null}}', 'a.json')).toMatchObject({
      format: 'json',
      facts: [{ label: 'Keys', value: '2: b, a' }],
      problem: null,
    });
    expect((await file('['.repeat(200_000) + ']'.repeat(200_000), 'deep.json')).problem).toContain(
      'levels deep',
    );
    expect((await file('{"a": ', 'bad.json')).problem).toContain('not valid JSON');
    expect((await file('{"a":1}\n{"a":2}\n', 'a.jsonl')).suffixFromContent).toBe('.jsonl');
  });

  it('reads sequences, text, Markdown and PDFs', async () => {
    const fasta = await file('>chr1 first\nACGT\nAC\n>chr2\nGG\n', 'a.fa');
    expect(fasta).toMatchObject({ format: 'fasta', problem: null });
    expect(fasta.facts.map((one) => one.value)).toEqual(['2', '8', 'chr1, chr2']);
    const windows = await file('>a\r\nAC\r\n\r\nGT\r\n', 'a.fa');
    expect(windows.facts.map((one) => one.value)).toEqual(['1', '4', 'a']);
    const fastq = await file('@r1\nACGT\n+\n@III\n@r2\nAC\n+\nII\n', 'a.fq');
    expect(fastq.facts.slice(0, 3).map((one) => one.value)).toEqual(['2', '6', '2 to 4, mean 3']);
    expect((await file('# Title\n\nText, with commas\n', 'a.md')).format).toBe('markdown');
    expect((await file('Dear diary, today\nwas fine.\n', 'a.txt')).format).toBe('text');
    expect((await file('%PDF-1.4\n1 0 obj <</Type /Pages /Count 3>>\n%%EOF', 'a.pdf')).facts).toEqual([
      { label: 'Pages', value: '3' },
    ]);
    expect(await file(new Uint8Array([0, 1, 2, 3, 0, 200]), 'a.pt')).toMatchObject({
      format: 'binary',
      problem: null,
    });
  });

  it('never throws on cut or scrambled files', async () => {
    const magics = [
      'PAR1',
      'ARROW1',
      '\x89HDF\r\n\x1a\n',
      'PK\x03\x04',
      '\x1f\x8b\x08',
      '\x89PNG\r\n\x1a\n',
      '\xff\xd8\xff',
      '%PDF-',
      '[',
      '{"',
      '>a\nC',
      '@a\nA\n+',
    ];
    let seed = 7;
    const next = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
    for (let i = 0; i < 240; i++) {
      const start = Buffer.from(magics[i % magics.length] ?? '', 'latin1');
      const noise = Buffer.from(Array.from({ length: next() % 400 }, () => next() >>> 24));
      const end =
        i % 3 === 0 ? Buffer.from([next() & 255, next() & 1, 0, 0, 0x50, 0x41, 0x52, 0x31]) : Buffer.alloc(0);
      const found = await file(Buffer.concat([start, noise, end]), `noise-${i}`);
      expect(typeof found.format).toBe('string');
    }
  });
});
