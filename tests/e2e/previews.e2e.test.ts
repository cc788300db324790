// Files of many formats dropped into the built app, each on its own page: the sheets, trees, reads, headers, cells and
// pictures are there to be seen, nothing of a notebook runs, and it all works again without a network.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { madeFiles } from '../fixtures/inspect-facts.ts';
import { png } from '../fixtures/generate.ts';
import { bamFile } from '../fixtures/write-bam.ts';
import { omeZarr } from '../fixtures/write-ome-zarr.ts';
import { omeTiff } from '../fixtures/write-tiff.ts';
import { workbook } from '../fixtures/write-workbook.ts';
import { drop, dropSaved, listedUids, opened, showList, startSuite, type Suite } from './app.ts';
import { axe, waitUntilOffline, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
/** Addresses of the artifacts by key. */
const addresses = new Map<string, string>();

const notebook = JSON.stringify({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { language_info: { name: 'python' } },
  cells: [
    { cell_type: 'markdown', source: '# Quality of the pilot', metadata: {} },
    {
      cell_type: 'code',
      source: 'plot(cells)',
      execution_count: 1,
      metadata: {},
      outputs: [
        { output_type: 'stream', name: 'stdout', text: '203 cells kept\n' },
        {
          output_type: 'display_data',
          metadata: {},
          data: { 'image/png': Buffer.from(png(40, 30, 90)).toString('base64') },
        },
        {
          output_type: 'display_data',
          metadata: {},
          data: { 'text/html': '<script>window.ran = 1</script><img src=x onerror="window.ran = 1">' },
        },
      ],
    },
  ],
});

/** What a page may try when somebody looks at it. */
const tries =
  'top.ran = 1; localStorage.ran = 1; new Image().src = "http://foreign.invalid/s"; location = "http://foreign.invalid/l"';
const report = `<!doctype html><meta http-equiv="refresh" content="0;url=http://foreign.invalid/r"><h1>Quality report</h1><p id="by">not run</p><img src="http://foreign.invalid/i"><link rel="stylesheet" href="http://foreign.invalid/c"><iframe src="http://foreign.invalid/f"></iframe><script>document.getElementById('by').textContent = 'ran'; ${tries}</script>`;
const plot = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="teal"/><script>${tries}</script></svg>`;

/** Two channels, of which the first is shown from 0 to 255. */
const embryo = omeZarr({
  version: 3,
  levels: [[2, 2, 3, 96, 128]],
  more: {
    omero: {
      channels: [
        { label: 'DAPI', color: '0000FF', window: { start: 0, end: 255 } },
        { label: 'GFP', color: '00FF00' },
      ],
    },
  },
});

beforeAll(async () => {
  suite = await startSuite('previews', 900);
  app = await suite.open();
  ({ page } = app);
  page.setDefaultTimeout(20_000);
});
afterAll(() => suite?.end());

async function show(name: string): Promise<void> {
  const address = addresses.get(name);
  if (address === undefined) throw new Error(`${name} is not among ${[...addresses.keys()].join(', ')}`);
  await page.goto(suite.url + address);
  await opened(page);
}
const has = (text: string | RegExp): Promise<void> =>
  page.locator('.preview').getByText(text).first().waitFor();

async function looksWell(): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await expect.poll(() => axe(page), { timeout: 15_000 }).toEqual([]);
    if (process.env['LOAM_SHOTS'])
      await page.screenshot({
        path: join(process.env['LOAM_SHOTS'], `${page.url().split('/').pop()}-${colorScheme}.png`),
      });
  }
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  if (process.env['LOAM_SHOTS'])
    await page.screenshot({
      path: join(process.env['LOAM_SHOTS'], `${page.url().split('/').pop()}-390.png`),
    });
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Different colours on the canvas. */
const colours = (): Promise<number> =>
  page
    .locator('canvas')
    .first()
    .evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const image = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height);
      return new Set(new Uint32Array(image?.data.buffer ?? new ArrayBuffer(0))).size;
    });

describe.sequential('previews', () => {
  it('files of thirteen formats are dropped', async () => {
    const made = new Map(madeFiles());
    const files: [string, Uint8Array | string][] = [
      [
        'plan.xlsx',
        workbook([
          {
            name: 'Plates',
            rows: [
              ['sample', 'dose'],
              ['S1', 1.5],
            ],
          },
          { name: 'People', rows: [['name'], ['Ada']] },
        ]),
      ],
      ['notes.ipynb', notebook],
      [
        'reads.bam',
        bamFile(
          '@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:1000\n',
          [['chr1', 1000]],
          [{ name: 'r1', at: 4, sequence: 'ACGT', cigar: [[4, 'M']] }],
        ),
      ],
      ['reads.fastq.gz', made.get('sequences/a.fastq.gz') as Uint8Array],
      ['calls.vcf.gz', made.get('sequences/a.vcf.gz') as Uint8Array],
      ['five.ome.tif', omeTiff(48, 32, ['DAPI', 'GFP'], 3)],
      ['embryo.ome.zarr.zip', zipSync(embryo)],
      ['pair.h5mu', made.get('cells/mudata.h5mu') as Uint8Array],
      ['cells.h5ad', made.get('cells/full.h5ad') as Uint8Array],
      ['report.html', report],
      ['plot.svg', plot],
      ['types.h5', made.get('cells/types.h5') as Uint8Array],
      ['zipped.feather', made.get('arrow/zstd.feather') as Uint8Array],
    ];
    const paths: string[] = [];
    for (const [name, bytes] of files) {
      const path = join(suite.folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
      paths.push(path);
    }
    await drop(page, paths);
    await dropSaved(page, paths.length);
    await showList(page);
    await expect.poll(async () => (await listedUids(page)).length).toBe(paths.length);
    for (const link of await page.locator('[role=grid] .key a').all())
      addresses.set(
        (await link.innerText()).split('/').pop()?.trim() ?? '',
        (await link.getAttribute('href')) ?? '',
      );
  });

  it('a workbook shows its sheets, one at a time', async () => {
    await show('plan.xlsx');
    await page.getByRole('region', { name: 'First rows of Plates' }).getByText('S1').waitFor();
    await page.getByRole('button', { name: /^People/ }).click();
    await page.getByRole('region', { name: 'First rows of People' }).getByText('Ada').waitFor();
    await looksWell();
  });

  it('a notebook is read, with its picture, and nothing in it runs', async () => {
    await show('notes.ipynb');
    await page.getByRole('heading', { name: 'Quality of the pilot' }).waitFor();
    await has('203 cells kept');
    const picture = page.getByRole('img', { name: 'Output of cell 2' });
    await expect.poll(() => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(40);
    await has('Not shown: text/html');
    expect(await page.evaluate(() => 'ran' in window)).toBe(false);
    await looksWell();
  });

  it('a picture with channels is drawn, each channel another', async () => {
    await show('five.ome.tif');
    await expect.poll(colours).toBeGreaterThan(1);
    await has('Series');
    await has('Black is 0, white is 47.');
    await page.getByLabel('Channel').selectOption('GFP');
    await has('Black is 20, white is 67.');
    await page.getByRole('slider').fill('2');
    await has('Black is 100, white is 147.');
    await has(/Read .+ of .+\./);
    await looksWell();
  });

  it('an OME-Zarr picture is drawn in the colours of its channels, plane by plane', async () => {
    await show('embryo.ome.zarr.zip');
    await expect.poll(colours).toBeGreaterThan(1);
    const legend = page.getByRole('list', { name: 'Colours' }).getByRole('listitem');
    await expect.poll(() => legend.allInnerTexts()).toEqual(['DAPI\n0 to 255', 'GFP\n106 to 316']);
    await has('z 2 micrometer, y 0.5 micrometer, x 0.5 micrometer');
    await page.getByLabel('Channel').selectOption('GFP');
    await expect.poll(() => legend.allInnerTexts()).toEqual(['GFP\n106 to 316']);
    await page.getByLabel('Slice').fill('2');
    await page.getByLabel('Time').fill('1');
    await expect.poll(() => legend.allInnerTexts()).toEqual(['GFP\n1,126 to 1,336']);
    await has(/Read .+ of .+\./);
    const tree = page.getByRole('region', { name: 'Groups and arrays' });
    await tree.getByRole('button', { name: '0', exact: true }).click();
    await page.getByRole('application', { name: 'Heat map of 0, rows 0 to 95' }).waitFor();
    await page.getByRole('slider', { name: /^Axis 1/ }).fill('1');
    const values = page.getByRole('region', { name: 'Values of 0' }).locator('tbody tr').nth(2);
    await expect.poll(() => values.locator('td').nth(1).innerText()).toBe('102');
    await looksWell();
  });

  it('[row 98] cells are drawn by an embedding, coloured by a column and by a gene, and chosen into a table', async () => {
    await show('cells.h5ad');
    const plot = page.getByRole('application', { name: /^12 cells in X_pca, coloured by cat/ });
    await plot.waitFor();
    await expect.poll(colours).toBeGreaterThan(1);
    const legend = page.getByRole('group', { name: 'Categories' }).getByRole('button');
    expect(await legend.allInnerTexts()).toEqual(['a\n8', 'b\n2', 'c\n2']);
    await legend.nth(1).click();
    await has('2 cells (17 %)');
    await page.getByRole('button', { name: 'Show these in the table' }).click();
    const table = page.getByRole('region', { name: 'Chosen cells' });
    await table.getByText('cell8').waitFor();
    expect(await table.locator('tbody tr').count()).toBe(2);
    await looksWell();
    await page.getByRole('button', { name: 'Box' }).click();
    const box = await plot.boundingBox();
    if (box === null) throw new Error('the plot is not to be seen');
    await page.mouse.move(box.x + 5, box.y + 5);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 5, box.y + box.height - 60, { steps: 3 });
    await page.mouse.up();
    await has(/^1[12] cells/);
    await page.getByRole('combobox', { name: 'Colour' }).selectOption('raw/X');
    await page.getByRole('combobox', { name: 'Gene' }).fill('ENSG2');
    await page.keyboard.press('Enter');
    await page.getByRole('application', { name: /coloured by ENSG2/ }).waitFor();
    await page.mouse.move(2, 2);
    await has(/Read .+ of .+\./);
  });

  it('an HTML page and an SVG drawing are shown, and nothing of them runs or leaves', async () => {
    await show('report.html');
    const frame = page.frameLocator('iframe[title^="Preview of"]');
    await frame.getByRole('heading', { name: 'Quality report' }).waitFor();
    expect(await frame.locator('#by').innerText()).toBe('not run');
    await show('plot.svg');
    const picture = page.getByRole('img', { name: /plot\.svg/ });
    await expect.poll(() => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(40);
    expect(await page.evaluate(() => 'ran' in window || 'ran' in localStorage)).toBe(false);
  });

  it('a tree opens and tells shapes and attributes; modalities stand side by side', async () => {
    await show('types.h5');
    const tree = page.getByRole('region', { name: 'Groups and arrays' });
    await tree.waitFor();
    await looksWell();
    await tree.getByRole('button', { name: 'chunks', exact: true }).click();
    await page.getByRole('application', { name: 'Heat map of chunks, rows 0 to 99' }).waitFor();
    // It was made without values, which are its fill value then.
    const values = page.getByRole('region', { name: 'Values of chunks' }).locator('tbody tr');
    expect(await values.count()).toBe(50);
    expect(await values.nth(2).innerText()).toBe(['2', ...Array.from({ length: 20 }, () => '0')].join('\t'));
    await show('pair.h5mu');
    const parts = page.getByRole('group', { name: 'Part to show' }).getByRole('button');
    await expect.poll(() => parts.count()).toBeGreaterThan(1);
    await parts.nth(1).click();
    expect(await parts.nth(1).getAttribute('aria-pressed')).toBe('true');
    await looksWell();
  });

  it('reads, variants, alignments and Feather tell their facts, also without a network', async () => {
    await waitUntilOffline(page);
    await app.context.setOffline(true);
    await show('reads.bam');
    await has('coordinate');
    await page.getByRole('region', { name: 'First rows of References' }).getByText('chr1').waitFor();
    await show('reads.fastq.gz');
    await has('Mean quality');
    await show('calls.vcf.gz');
    await has('Variants');
    await show('zipped.feather');
    await page.getByRole('region', { name: 'First rows' }).waitFor();
    await show('five.ome.tif');
    await expect.poll(colours).toBeGreaterThan(1);
    await app.context.setOffline(false);
  });

  it('no request left this machine, no policy was broken', () => {
    const { foreign, csp, page: thrown } = app.problems;
    // The policy of the report's frame must say no to each thing that it tries.
    const broken = csp.filter((line) => !line.includes('foreign.invalid'));
    expect({ foreign, broken, thrown }).toEqual({ foreign: [], broken: [], thrown: [] });
  });
});
