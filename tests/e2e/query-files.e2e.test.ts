// Files asked on the Query screen as a person does it: an artifact's page leads there, rows come with what was read for
// them, several files are one table, and what is wrong is told in words; all of it without a network.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drop, dropSaved, opened, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
let paths: string[];
const n = 3_000;

const status = () => page.locator('#query-status').innerText();
const told = (words: RegExp) => expect.poll(status, { timeout: 60_000 }).toMatch(words);
const cells = () => page.getByRole('gridcell').allInnerTexts();
async function ask(sql: string): Promise<void> {
  await page.getByRole('textbox', { name: 'SQL statement' }).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('Control+Enter');
}

beforeAll(async () => {
  suite = await startSuite('query-files', 900);
  app = await suite.open({ path: '/' });
  page = app.page;
  page.setDefaultTimeout(30_000);
  const rows = (cell: string, from: number) =>
    Array.from(
      { length: n },
      (_, i) => `${from + i},${cell},${i % 7 === 0 ? '' : i / 4},2026-01-0${1 + (i % 9)}`,
    );
  const head = 'id,cell,score,day';
  paths = [join(suite.folder, 'plate a.csv'), join(suite.folder, 'b.csv')];
  await writeFile(paths[0] ?? '', [head, ...rows('CD4', 0)].join('\n'));
  await writeFile(paths[1] ?? '', [head, ...rows('CD8', n)].join('\n'));
});
afterAll(() => suite.end());

it('an artifact’s page leads to its rows, which come a batch at a time with what was read for them', async () => {
  await drop(page, paths);
  await dropSaved(page, 2);
  await page.keyboard.press('Escape');
  await page.locator('a[href="/artifacts"]').first().click();
  await page.getByRole('link', { name: 'plate a.csv' }).first().click();
  await page.getByRole('button', { name: 'Query' }).click();
  await told(/^First 2,048 rows, [\d.]+ m?s\. There are more\.\s*Read [\d.]+ kB of [\d.]+ kB in 1 file/);
  expect((await page.getByRole('columnheader').allInnerTexts()).join(' ')).toMatch(/id.*cell.*score.*day/s);
  // Numbers, a missing one, and a day as a day.
  expect((await cells()).slice(0, 8)).toEqual([
    '0',
    'CD4',
    'null',
    '2026-01-01',
    '1',
    'CD4',
    '0.25',
    '2026-01-02',
  ]);
  await page.locator('.pane').focus();
  await page.keyboard.press('m');
  await told(/^3,000 rows/);
  expect(await axe(page)).toEqual([]);
});

it('several files are one table that says which artifact each row is from', async () => {
  await ask(
    `select artifact_key, count(*) as n, sum(id) as ids, avg(score) as score from artifact(['plate a.csv', 'b.csv']) group by 1 order by 1`,
  );
  await told(/^2 rows/);
  const sum = (from: number) => (n * (2 * from + n - 1)) / 2;
  const scores = Array.from({ length: n }, (_, i) => i).filter((i) => i % 7 !== 0);
  const mean = scores.reduce((total, i) => total + i / 4, 0) / scores.length;
  const shown = await cells();
  expect(shown.slice(0, 3)).toEqual(['b.csv', String(n), String(sum(n))]);
  expect(shown.slice(4, 7)).toEqual(['plate a.csv', String(n), String(sum(0))]);
  expect(Number(shown[3])).toBeCloseTo(mean, 6);
  await page.getByRole('link', { name: 'Plan' }).click();
  await expect.poll(() => page.getByRole('region', { name: 'Plan' }).innerText()).toMatch(/GROUP_BY/);
  await page.getByRole('link', { name: 'Rows' }).click();
});

it('all rows are downloaded, however few are on screen', async () => {
  await page.evaluate('delete window.showSaveFilePicker');
  await ask(`select id, score from 'b.csv' order by id`);
  await told(/^First 2,048 rows/);
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const lines = (await readFile(await (await downloading).path(), 'utf8')).trimEnd().split('\r\n');
  expect(lines).toHaveLength(n + 1);
  expect([lines[0], lines[1], lines[2], lines.at(-1)]).toEqual([
    'id,score',
    `${n},`,
    `${n + 1},0.25`,
    `${2 * n - 1},${(n - 1) / 4}`,
  ]);
});

it('what is wrong is told in words, nothing is written, and the registries go on answering', async () => {
  await ask(`select * from artifact('plate b.csv')`);
  await told(/plate b\.csv/);
  expect(await status()).toMatch(/plate a\.csv/);
  await ask(`copy (select 1) to 'b.csv'`);
  await told(/read/i);
  await ask(`select cast(cell as integer) from artifact('b.csv')`);
  await told(/convert|cast/i);
  await ask('select count(*) from lamindb_artifact');
  await told(/^1 row/);
  expect(await cells()).toEqual(['2']);
  await ask(
    `select count(*) from artifact('b.csv') a, artifact('b.csv') b, artifact('b.csv') c where a.id + b.id > c.id`,
  );
  await page.waitForTimeout(500);
  await page.keyboard.press('Control+.');
  await told(/cancelled/i);
  await ask(`select max(id) from artifact('b.csv')`);
  await told(/^1 row/);
});

it('answers without a network, also after a reload', async () => {
  await page.evaluate('navigator.serviceWorker.ready');
  await expect
    .poll(
      () =>
        page.evaluate(async () => {
          const kept = await Promise.all(
            (await caches.keys()).map(async (name) => (await caches.open(name)).keys()),
          );
          return kept.flat().some(({ url }) => /duckdb-eh[^/]*\.wasm$/.test(url));
        }),
      { timeout: 60_000, message: 'the query engine is kept for offline use' },
    )
    .toBe(true);
  await app.context.setOffline(true);
  await page.reload();
  await opened(page);
  await page.locator('a[href="/query"]').first().click();
  await ask(`select count(*) from artifact('plate a.csv')`);
  await told(/^1 row/);
  expect(await cells()).toEqual([String(n)]);
});
