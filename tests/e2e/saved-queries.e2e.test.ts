// A query as people keep it: written with parameters, given values, saved, opened again by its link, changed into a second
// version; and its rows saved as an artifact whose run knows the values.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drop, dropSaved, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;

const told = (words: RegExp) =>
  expect.poll(() => page.locator('#query-status').innerText(), { timeout: 60_000 }).toMatch(words);
const cells = () => page.getByRole('gridcell').allInnerTexts();
const editor = () => page.getByRole('textbox', { name: 'SQL statement' });
const run = () => page.getByRole('button', { name: /^Run Ctrl/ });
async function write(sql: string): Promise<void> {
  await editor().click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(sql);
}

beforeAll(async () => {
  suite = await startSuite('saved-queries', 900);
  app = await suite.open({ path: '/' });
  page = app.page;
  page.setDefaultTimeout(30_000);
});
afterAll(() => suite.end());

it('parameters have fields of their type, hostile values stay values, and the address keeps them', async () => {
  const wells = join(suite.folder, 'wells.csv');
  await writeFile(wells, "well,n\nA1,1\nA2,2\nB'1,3\n");
  await drop(page, [wells]);
  await dropSaved(page, 1);
  await page.goto(`${suite.url}/query`);
  await write(`select well, n from artifact($file) where well in $wells and n >= $least::int order by n`);
  const group = page.getByRole('group', { name: 'Parameters' });
  await group.getByLabel('$file', { exact: true }).fill('wells.csv');
  await group.getByLabel('$least', { exact: true }).fill('2; drop');
  const names = group.getByRole('combobox', { name: '$wells', exact: true });
  await names.fill("B'1");
  await names.press('Enter');
  await names.fill("') or 1=1 --");
  await names.press('Enter');
  await run().click();
  await told(/\$least is a number, such as 12 or -0\.5, not "2; drop"/);
  await group.getByLabel('$least', { exact: true }).fill('2');
  await group.getByLabel('$least', { exact: true }).press('Enter');
  await told(/^1 row/);
  expect(await cells()).toEqual(["B'1", '3']);
  await expect.poll(() => new URL(page.url()).searchParams.getAll('$wells')).toEqual(["B'1", "') or 1=1 --"]);
  expect(await axe(page)).toEqual([]);
});

it('a query is saved with its values, opened by its link in a fresh page, and changed into a new version', async () => {
  await page.keyboard.press('Control+s');
  const sheet = page.getByRole('dialog', { name: 'Save query' });
  await sheet.getByLabel('Name').fill('wells/at least');
  expect(await axe(page)).toEqual([]);
  await sheet.getByRole('button', { name: 'Save', exact: true }).click();
  await page.locator('.query-name').getByText('wells/at least').waitFor();
  expect(await editor().innerText()).toContain('-- $least: number = 2');
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toMatch(/^[0-9A-Za-z]{12}$/);
  const link = page.url();
  expect(new URL(link).searchParams.has('sql')).toBe(false);

  await page.goto(`${suite.url}/artifacts`);
  await page.evaluate(() => {
    for (const key of ['loam.sql.draft', 'loam.sql.query', 'loam.statements']) localStorage.removeItem(key);
  });
  await page.goto(link);
  await told(/^1 row/);
  expect(await cells()).toEqual(["B'1", '3']);

  await editor().click();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText(' desc');
  await page.getByText('changed, not saved').waitFor();
  await page.keyboard.press('Control+s');
  await sheet.getByRole('button', { name: 'Save new version' }).click();
  await expect.poll(() => page.getByText('changed, not saved').count()).toBe(0);
  await page.getByRole('button', { name: 'Saved', exact: true }).click();
  const list = page.getByRole('list', { name: 'Saved queries' });
  await list.getByText('version 2').waitFor();
  await list.getByRole('button', { name: 'Change the query wells/at least' }).click();
  await page.getByRole('menuitem', { name: 'Versions' }).click();
  const versions = page.getByRole('dialog', { name: 'Versions of wells/at least' });
  await expect.poll(() => versions.locator('pre').allInnerTexts()).toHaveLength(2);
  await page.keyboard.press('Escape');
});

it('its rows are an artifact of a run of the saved query that keeps the values; Copy as Python names the file', async () => {
  await run().click();
  await told(/^1 row/);
  await page.getByRole('button', { name: 'Copy as' }).click();
  await page.getByRole('menuitem', { name: 'Python' }).click();
  await page.getByText('Copied the statement as Python').waitFor();
  await page.getByRole('button', { name: 'Save as artifact' }).click();
  const sheet = page.getByRole('dialog', { name: 'Save as artifact' });
  await sheet.getByLabel('Key').fill('results/wells');
  await sheet.getByRole('button', { name: 'Save', exact: true }).click();
  await sheet.getByText(/results\/wells\.parquet holds 1 row, made from 1 artifact/).waitFor();
  const found = await page.evaluate(async () => {
    interface Found {
      all(): Promise<{ params: unknown }[]>;
    }
    const { ln } = window as unknown as { ln: Promise<{ Run: { filter(fields: object): Found } }> };
    const all = await (await ln).Run.filter({ transform__key: 'queries/wells/at least.sql' }).all();
    return all.map((run) => run.params);
  });
  expect(found).toEqual([{ rows: 1, file: 'wells.csv', wells: ["B'1", "') or 1=1 --"], least: 2 }]);
  await sheet.getByRole('button', { name: 'Done' }).click();

  const list = page.getByRole('list', { name: 'Saved queries' });
  await list.getByRole('button', { name: 'Change the query wells/at least' }).click();
  await page.getByRole('menuitem', { name: 'Delete the query' }).click();
  await expect.poll(() => list.getByText('wells/at least').count()).toBe(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await list.getByText('wells/at least').waitFor();
});
