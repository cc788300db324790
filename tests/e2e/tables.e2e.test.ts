// Tables inside files and versions of tables, as a person meets them: an h5ad is asked from its page, its columns stand in
// the tree, and a changed table says which rows and cells are different.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { h5adBytes } from '../fixtures/write-h5ad.ts';
import { drop, dropSaved, startSuite, type Suite } from './app.ts';
import { axe } from './harness.ts';

let suite: Suite;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('tables', 900);
  ({ page } = await suite.open({ path: '/' }));
  page.setDefaultTimeout(30_000);
});
afterAll(() => suite.end());

async function dropped(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(suite.folder, name);
  await writeFile(path, bytes);
  await drop(page, [path]);
  const [line] = await dropSaved(page, 1);
  await page.keyboard.press('Escape');
  return line?.uid ?? '';
}

it('[row 38] the obs of an h5ad are asked from its page, and its columns are offered', async () => {
  const uid = await dropped(
    'pbmc.h5ad',
    await h5adBytes({
      obsNames: Array.from({ length: 40 }, (_, i) => `cell-${i}`),
      varNames: ['CD3E', 'MS4A1'],
      category: {
        name: 'cell_type',
        categories: ['B cell', 'T cell'],
        codes: Array.from({ length: 40 }, (_, i) => i % 2),
      },
      number: { name: 'pct_mt', values: Array.from({ length: 40 }, (_, i) => i / 8) },
    }),
  );
  await page.goto(`${suite.url}/artifacts/${uid}`);
  await page.getByRole('button', { name: 'Query', exact: true }).click();
  const status = () => page.locator('#query-status').innerText();
  await expect.poll(status, { timeout: 60_000 }).toMatch(/^40 rows, .*1 table taken out of files once/s);
  expect(await page.getByRole('textbox', { name: 'SQL statement' }).innerText()).toBe(
    `select * from obs('pbmc.h5ad')`,
  );
  const cells = await page.getByRole('gridcell').allInnerTexts();
  expect(cells.slice(0, 6)).toEqual(['cell-0', 'B cell', '0.0', 'cell-1', 'T cell', '0.125']);
  await page.getByRole('treeitem', { name: /pbmc\.h5ad obs/ }).click();
  await page.getByRole('treeitem', { name: /cell_type/ }).waitFor();
  expect(await axe(page)).toEqual([]);
});

it('[row 42] two versions of a table are compared by a key that is found, cell by cell', async () => {
  const table = (change: boolean) => {
    const wells = ['A1', 'A2', 'A3', change ? 'A5' : 'A4'];
    return new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'well', data: wells, type: 'STRING' },
          { name: 'n_cells', data: [10, change ? 25 : 20, 30, 40], type: 'INT32' },
          ...(change ? [{ name: 'operator', data: wells.map(() => 'Ada'), type: 'STRING' as const }] : []),
        ],
      }),
    );
  };
  await dropped('plate.parquet', table(false));
  const uid = await dropped('plate.parquet', table(true));
  await page.goto(`${suite.url}/artifacts/${uid}?tab=versions`);
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByRole('button', { name: '1 changed' }).waitFor({ timeout: 60_000 });
  const section = page.getByRole('region', { name: 'Compare versions' });
  const words = await section.innerText();
  expect(words).toMatch(/Rows are named by\s*well/);
  expect(words).toMatch(/operator VARCHAR, a new column/);
  expect(words).toMatch(/1 added[^]*1 removed[^]*1 changed[^]*2 unchanged/);
  const rows = () => section.getByRole('row').allInnerTexts();
  expect((await rows()).map((row) => row.replace(/\s+/g, ' ').trim())).toEqual([
    'Change well n_cells',
    '± changed A2 20 → 25',
    '− removed A4 40',
    '+ added A5 40',
  ]);
  expect(await axe(page)).toEqual([]);
  await page.getByRole('button', { name: '1 added' }).click();
  await expect.poll(async () => (await rows()).length).toBe(3);
  await page.getByRole('button', { name: 'Without well' }).click();
  await expect
    .poll(async () => section.innerText(), { timeout: 30_000 })
    .toMatch(/whole rows are compared[^]*2 added[^]*2 removed/);
});
