// Views of files that are made when somebody looks: cells of notebooks and planes of TIFF pictures, beside facts that
// Python's readers told, and files that would act, lie or are cut.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeArrayBuffer } from 'geotiff';
import { describe, expect, it } from 'vitest';
import type { FileView, NotebookOutput, ViewAsk } from '../../src/lib/engine/ports.ts';
import { inspectFile } from '../../src/lib/formats/inspect.ts';
import { viewFile } from '../../src/lib/formats/view.ts';
import { utf8 } from '../fixtures/bytes.ts';
import { png } from '../fixtures/generate.ts';
import { madeFacts, madeFiles, type FactsEntry } from '../fixtures/inspect-facts.ts';
import { omeTiff } from '../fixtures/write-tiff.ts';
import { bufferSource, fileSource } from '../fixtures/sources.ts';

const bio = join(process.env['LOAM_FIXTURES'] ?? '../shared', 'fixtures/bio');
const real = existsSync(join(bio, 'facts.json'));
const missing = real ? '' : ` (skipped: no facts.json below ${bio}, set LOAM_FIXTURES)`;
const realFacts: FactsEntry[] = real
  ? (JSON.parse(readFileSync(join(bio, 'facts.json'), 'utf8')) as { files: FactsEntry[] }).files
  : [];

const asPlane = (view: FileView) => {
  if (view.kind !== 'plane') throw new Error(`a ${view.kind} came`);
  return view;
};
const asCells = (view: FileView) => {
  if (view.kind !== 'notebook') throw new Error(`a ${view.kind} came`);
  return view;
};
const PLANE: ViewAsk = { kind: 'plane', channel: 0, slice: 0, moment: 0 };

describe('notebooks', () => {
  const code = (outputs: unknown[], source: unknown = 'x'): object => ({
    cell_type: 'code',
    source,
    outputs,
    execution_count: 3,
    metadata: {},
  });
  const notebook = (cells: object[], more: object = {}): Uint8Array =>
    utf8(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells, ...more }));
  const show = async (bytes: Uint8Array) =>
    asCells(await viewFile(bufferSource(bytes), { kind: 'notebook' }));
  const outputs = async (...given: unknown[]): Promise<NotebookOutput[]> =>
    (await show(notebook([code(given)]))).cells[0]?.outputs ?? [];

  it('show text, code, what was printed, errors and pictures', async () => {
    const picture = png(3, 2, 40);
    const view = await show(
      notebook(
        [
          { cell_type: 'markdown', source: ['# Title\n', 'text'] },
          code(
            [
              { output_type: 'stream', name: 'stdout', text: ['a\n', ' 10%\r 99%\rb'] },
              { output_type: 'stream', name: 'stderr', text: 'careful' },
              { output_type: 'error', ename: 'E', evalue: 'no', traceback: ['\u001b[31mE\u001b[0m: no'] },
              {
                output_type: 'display_data',
                data: { 'image/png': Buffer.from(picture).toString('base64'), 'text/plain': '<Figure>' },
              },
              { output_type: 'execute_result', data: { 'text/html': '<b>1</b>', 'text/plain': ['1'] } },
            ],
            ['1+', '1'],
          ),
          { cell_type: 'raw', source: 'as it is' },
        ],
        { metadata: { language_info: { name: 'python' } } },
      ),
    );
    expect(view).toMatchObject({ language: 'python', more: 0 });
    expect(view.cells.map(({ type, source, count }) => [type, source, count])).toEqual([
      ['markdown', '# Title\ntext', null],
      ['code', '1+1', 3],
      ['raw', 'as it is', null],
    ]);
    expect(view.cells[1]?.outputs).toEqual([
      { type: 'text', text: 'a\nb' },
      { type: 'stderr', text: 'careful' },
      { type: 'error', text: 'E: no' },
      { type: 'picture', media: 'image/png', bytes: picture },
      { type: 'text', text: '1' },
    ]);
  });

  it('never give HTML, SVG or scripts to the page', async () => {
    const given = [
      'text/html',
      'image/svg+xml',
      'application/javascript',
      'application/vnd.plotly.v1+json',
    ].map((media) => ({ output_type: 'display_data', data: { [media]: '<script>alert(1)</script>' } }));
    const found = await outputs(...given);
    expect(found.map(({ type }) => type)).toEqual(given.map(() => 'left out'));
    expect(JSON.stringify(found)).not.toContain('script>');
  });

  it('keep within bounds: pictures that are none or too large, endless texts, many cells and outputs', async () => {
    expect(await outputs({ output_type: 'display_data', data: { 'image/png': 'not base64!' } })).toEqual([
      { type: 'left out', what: 'image/png' },
    ]);
    expect(
      await outputs({ output_type: 'display_data', data: { 'image/png': 'A'.repeat(12_000_000) } }),
    ).toEqual([{ type: 'left out', what: 'image/png' }]);
    const [text] = await outputs({ output_type: 'stream', text: 'x'.repeat(1_000_000) });
    expect((text as { text: string }).text).toHaveLength(16 * 1024);
    const many = await outputs(...Array.from({ length: 90 }, () => ({ output_type: 'stream', text: 'a' })));
    expect(many).toHaveLength(51);
    expect(many.at(-1)).toEqual({ type: 'left out', what: '40 more outputs' });
    const long = await show(notebook(Array.from({ length: 1_500 }, () => code([]))));
    expect([long.cells.length, long.more]).toEqual([1_000, 500]);
    const wide = await show(
      notebook(Array.from({ length: 200 }, () => ({ cell_type: 'raw', source: 'y'.repeat(70_000) }))),
    );
    expect(JSON.stringify(wide).length).toBeLessThan(5_000_000);
    expect(wide.more).toBeGreaterThan(100);
  });

  it('of version 3 are read too; odd ones get a reason', async () => {
    const old = utf8(
      JSON.stringify({
        nbformat: 3,
        worksheets: [
          {
            cells: [
              {
                cell_type: 'code',
                input: ['1'],
                prompt_number: 2,
                outputs: [{ output_type: 'pyout', text: ['1'] }],
              },
            ],
          },
        ],
      }),
    );
    expect((await show(old)).cells).toEqual([
      { type: 'code', source: '1', count: 2, outputs: [{ type: 'text', text: '1' }] },
    ]);
    const deep = utf8(`{"nbformat":4,"cells":${'['.repeat(100_000)}`);
    for (const [bytes, why] of [
      [utf8('{"nbformat":4}'), /no notebook/],
      [utf8('{"nbformat":4,"cells":[{'), /JSON/],
      [deep, /nested too deep/],
    ] as const)
      await expect(viewFile(bufferSource(bytes), { kind: 'notebook' })).rejects.toThrow(why);
    const odd = notebook([5, null, { cell_type: 7, source: { a: 1 }, outputs: 'no' }] as never);
    expect((await show(odd)).cells).toEqual([{ type: 'raw', source: '', count: null, outputs: [] }]);
  });

  it.skipIf(!real)(`a real one has the cells that Python counts${missing}`, async () => {
    const entry = realFacts.find(({ facts }) => facts.kind === 'notebook') as FactsEntry;
    const source = fileSource(join(bio, entry.file));
    const found = await inspectFile(source, entry.file);
    expect(found).toMatchObject({ format: 'notebook', views: { notebook: true }, problem: null });
    const view = asCells(await viewFile(source, { kind: 'notebook' }));
    expect(view.cells).toHaveLength(entry.facts['n_cells'] as number);
    expect(view.cells.filter(({ type }) => type === 'code')).toHaveLength(entry.facts['n_code'] as number);
    expect(view.cells.some(({ outputs: shown }) => shown.some(({ type }) => type === 'text'))).toBe(true);
  });
});

describe('TIFF pictures', () => {
  const shapes = (entry: FactsEntry) => entry.facts['series'] as [number[], string, string][];
  function check(entry: FactsEntry, found: Awaited<ReturnType<typeof inspectFile>>): void {
    expect(found.problem).toBeNull();
    expect(found.format).toBe(entry.facts.kind === 'OME-TIFF' ? 'ome-tiff' : 'tiff');
    expect(found.parts?.[0]?.preview?.rows.map(([, axes, shape, type]) => [shape, type, axes])).toEqual(
      shapes(entry).map(([shape, type, axes]) => [shape.join(' × '), type, axes]),
    );
  }
  const files = new Map(madeFiles());
  const made = madeFacts.filter(({ file, facts }) => /TIFF$/.test(facts.kind) && files.has(file));

  it.each(made.map((entry) => [entry.file, entry] as const))('%s: series and planes', async (path, entry) => {
    const source = bufferSource(files.get(path) as Uint8Array);
    const found = await inspectFile(source, path);
    // Copies in other sizes are no series of their own for people.
    if (!path.includes('pyramid')) check(entry, found);
    const { channels, slices, moments } = found.views?.plane ?? { channels: [], slices: 0, moments: 0 };
    const last = {
      kind: 'plane',
      channel: Math.max(0, channels.length - 1),
      slice: slices - 1,
      moment: moments - 1,
    } as const;
    for (const ask of [PLANE, last]) {
      const view = asPlane(await viewFile(source, ask));
      expect(view.pixels).toHaveLength(view.width * view.height * 4);
      expect(Math.max(view.width, view.height)).toBeLessThanOrEqual(1024);
    }
  });

  it.skipIf(!real)(`a real OME-TIFF tells its channels, and each is another plane${missing}`, async () => {
    const entry = realFacts.find(({ facts }) => facts.kind === 'OME-TIFF') as FactsEntry;
    const source = fileSource(join(bio, entry.file));
    const found = await inspectFile(source, entry.file);
    check(entry, found);
    expect(found.views?.plane?.channels).toHaveLength(3);
    const planes = await Promise.all(
      [0, 1, 2].map(async (channel) =>
        asPlane(await viewFile(source, { ...PLANE, kind: 'plane', channel } as ViewAsk)),
      ),
    );
    for (const plane of planes) expect([plane.width, plane.height]).toEqual([439, 167]);
    const sums = planes.map(({ pixels }) => pixels.reduce((sum, value) => sum + value, 0));
    expect(new Set(sums).size).toBe(3);
  });

  it('planes are found by channel and slice, in the order of the description', async () => {
    const source = bufferSource(omeTiff(16, 8, ['DAPI', 'GFP'], 3));
    const found = await inspectFile(source, 'a.ome.tif');
    expect(found).toMatchObject({
      format: 'ome-tiff',
      problem: null,
      views: { plane: { channels: ['DAPI', 'GFP'], slices: 3, moments: 1 } },
    });
    expect(found.facts).toEqual(
      expect.arrayContaining([
        { label: 'Channels', value: 'DAPI, GFP' },
        { label: 'Pixel size', value: 'x 0.5 µm, y 0.5 µm' },
      ]),
    );
    for (const [channel, slice] of [
      [0, 0],
      [1, 0],
      [0, 2],
      [1, 2],
    ] as const) {
      const view = asPlane(await viewFile(source, { kind: 'plane', channel, slice, moment: 0 }));
      const low = (channel + 2 * slice) * 20;
      expect([channel, slice, view.range]).toEqual([channel, slice, { low, high: low + 15 }]);
    }
  });

  it('grey values are stretched from the darkest to the brightest', async () => {
    const width = 64;
    const values = Uint16Array.from({ length: width * width }, (_, i) => 1000 + (i % width));
    const tiff = new Uint8Array(
      writeArrayBuffer(values, { width, height: width, BitsPerSample: [16], SampleFormat: [1] } as never),
    );
    const view = asPlane(await viewFile(bufferSource(tiff), PLANE));
    expect(view.range).toEqual({ low: 1000, high: 1063 });
    expect(Array.from(view.pixels.subarray(0, 4))).toEqual([0, 0, 0, 255]);
    expect(Array.from(view.pixels.subarray(63 * 4, 64 * 4))).toEqual([255, 255, 255, 255]);
  });

  it('cut, scrambled or lying ones get a reason', async () => {
    const whole = files.get('images/gray.tif') as Uint8Array;
    for (const length of [4, 9, 40, whole.length >> 1]) {
      const found = await inspectFile(bufferSource(whole.subarray(0, length)), 'a.tif');
      const view = viewFile(bufferSource(whole.subarray(0, length)), PLANE);
      // Pixels may be missing where the directory is whole.
      if (found.problem === null)
        await view.catch((error: Error) => expect(error.message).toMatch(/^It cannot be shown/));
      else await expect(view).rejects.toThrow(/^It cannot be shown/);
    }
    let seed = 11;
    const next = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
    for (let i = 0; i < 150; i++) {
      const bytes = whole.slice();
      for (let k = 0; k < 6; k++) bytes[next() % Math.min(400, bytes.length)] = next() >>> 24;
      const found = await inspectFile(bufferSource(bytes), 'a.tif');
      expect(typeof found.format).toBe('string');
      await viewFile(bufferSource(bytes), PLANE).catch((error: Error) =>
        expect(error.message).toMatch(/^It cannot be shown \(.+\)\.$/),
      );
    }
    const loop = Uint8Array.from([
      0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 1, 0, 0, 1, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0,
    ]);
    expect((await inspectFile(bufferSource(loop), 'a.tif')).problem).toContain('list of pictures is damaged');
  });
});
