// A result looked at: its profile while the statement is being written, charts of it by choosing and dragging columns, and
// filters that rows, profile and charts share.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drop, dropSaved, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
let path: string;
const n = 3_000;
const profiled = () => page.getByRole('region', { name: 'Column profile' }).innerText();
const status = () => page.locator('#query-status').innerText();
async function write(sql: string): Promise<void> {
  await page.getByRole('textbox', { name: 'SQL statement' }).focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(sql);
}

beforeAll(async () => {
  suite = await startSuite('query-look', 900);
  app = await suite.open({ path: '/' });
  page = app.page;
  page.setDefaultTimeout(30_000);
  const rows = Array.from(
    { length: n },
    (_, i) => `${i},${['CD4', 'CD8', 'B'][i % 3]},${i % 10 === 0 ? '' : i % 100},2026-0${1 + (i % 9)}-01`,
  );
  path = join(suite.folder, 'cells.csv');
  await writeFile(path, ['id,cell,score,day', ...rows].join('\n'));
});
afterAll(() => suite.end());

it('[row 36] the profile of the columns appears while the statement is written', async () => {
  await drop(page, [path]);
  await dropSaved(page, 1);
  await page.keyboard.press('Escape');
  await page.locator('a[href="/query"]').first().click();
  await write(`select * from 'cells.csv' where`);
  await write(`select * from 'cells.csv'`);
  // Nothing was run.
  await expect.poll(profiled, { timeout: 60_000 }).toMatch(/As written\s*·\s*Exact, 3,000 rows/);
  const told = await profiled();
  expect(told).toMatch(/score\s+mean 50\s+10 % null/);
  expect(told).toMatch(/CD4\s+1,000/);
  expect(await status()).toBe('');
  await page.getByRole('button', { name: /^score/ }).click();
  expect(await profiled()).toMatch(/Null\s+300 \(10 %\)[\s\S]*Least\s+1[\s\S]*Greatest\s+99/);
  expect(await axe(page)).toEqual([]);
});

it('[row 37] charts are made of columns, and what is chosen in one leaves the same rows everywhere', async () => {
  await page.keyboard.press('Escape');
  await page.getByRole('textbox', { name: 'SQL statement' }).click();
  await page.keyboard.press('Control+Enter');
  await expect.poll(status, { timeout: 60_000 }).toMatch(/^First 2,048 rows/);
  await page.getByRole('link', { name: 'Chart' }).click();
  const bars = page.getByRole('article', { name: 'Number of rows by cell' });
  const histogram = page.getByRole('article', { name: /Number of rows by (?:id|score)/ });
  await bars.getByRole('img').waitFor();
  await histogram.getByRole('img').waitFor();
  // A column dragged onto a place.
  await page
    .getByRole('button', { name: 'score', exact: true })
    .dragTo(bars.getByLabel('Y', { exact: true }));
  const boxes = page.getByRole('article', { name: 'score by cell' });
  const drawn = boxes.getByRole('img', { name: /^score by cell/ });
  await drawn.waitFor();
  await boxes.locator('[aria-busy=false]').waitFor();
  expect(await axe(page)).toEqual([]);
  // A box is pressed: the other chart, the chips, the rows and the profile follow.
  const box = await drawn.boundingBox();
  if (!box) throw new Error('no picture');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  const chips = page.getByRole('group', { name: 'Filters on the rows' });
  await expect.poll(() => chips.innerText()).toMatch(/cell is (?:CD4|CD8|B)/);
  await expect.poll(status).toMatch(/^1,000 rows/);
  await expect.poll(profiled).toMatch(/1,000 rows/);
  await expect.poll(() => histogram.getByRole('img').getAttribute('aria-label')).toMatch(/of 1,000 rows/);
  const downloading = page.waitForEvent('download');
  await boxes.getByRole('button', { name: 'SVG' }).click();
  expect((await downloading).suggestedFilename()).toBe('score by cell.svg');
  await chips.getByRole('button', { name: 'Write into the statement' }).click();
  const text = () => page.getByRole('textbox', { name: 'SQL statement' }).innerText();
  await expect.poll(text).toMatch(/WHERE "cell" = '(?:CD4|CD8|B)'/);
  await expect.poll(status).toMatch(/^1,000 rows/);
  expect(await chips.count()).toBe(0);
  expect(app.problems).toMatchObject({ console: [], page: [], csp: [], foreign: [], failed: [] });
});

it('[row 36] [row 37] rows of the registries have a profile and charts too, and go back to all of them', async () => {
  await write(
    `select 'S-00' || id as name, id as size, key from lamindb_artifact union all select 'S-001', 41, 'b' union all select 'S-001', 43, 'b'`,
  );
  await page.keyboard.press('Control+Enter');
  await expect.poll(status).toMatch(/^3 rows/);
  const bars = page.getByRole('article', { name: 'Number of rows by name' });
  await bars.getByRole('img').waitFor();
  await expect.poll(profiled).toMatch(/Exact, 3 rows[\s\S]*S-001/);
  // Typed, not run: nothing is asked of the database for it.
  await write('select key from lamindb_artifact');
  await expect.poll(profiled).toMatch(/Run the statement/);
  await write(
    `select key as name, size from lamindb_artifact union all select 'b', 41 union all select 'b', 43`,
  );
  await page.keyboard.press('Control+Enter');
  const keys = page.getByRole('article', { name: 'Number of rows by name' });
  const drawn = keys.getByRole('img');
  await drawn.waitFor();
  const box = await drawn.boundingBox();
  if (!box) throw new Error('no picture');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 4);
  const chips = page.getByRole('group', { name: 'Filters on the rows' });
  await expect.poll(() => chips.innerText()).toMatch(/name is (?:b|cells\.csv)/);
  await expect.poll(status).toMatch(/^[12] rows?/);
  expect(await chips.getByRole('button', { name: 'Write into the statement' }).count()).toBe(0);
  await chips.getByRole('button', { name: 'Clear all' }).click();
  await expect.poll(status).toMatch(/^3 rows/);
  expect(app.problems).toMatchObject({ console: [], page: [], csp: [], foreign: [], failed: [] });
});
