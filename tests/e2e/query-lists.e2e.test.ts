// Many files asked as one table, as a person does it: files chosen in the list, what they are annotated with beside their
// rows, files that do not agree, a join with the registries, and the answer saved as an artifact that knows where it is from.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { drop, dropSaved, listAnswered, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

const images = new URL('../../docs/images/', import.meta.url).pathname;
let suite: Suite;
let app: OpenedApp;
let page: Page;

const status = () => page.locator('#query-status').innerText();
const told = (words: RegExp) => expect.poll(status, { timeout: 60_000 }).toMatch(words);
const cells = () => page.getByRole('gridcell').allInnerTexts();
const editor = () => page.getByRole('textbox', { name: 'SQL statement' });
async function ask(sql: string): Promise<void> {
  await editor().click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('Control+Enter');
}

/** Four plates of wells; on the last one counts are texts and a column is more. */
async function plate(i: number): Promise<string> {
  const wells = Array.from({ length: 96 }, (_, w) => `${'ABCDEFGH'[w % 8]}${1 + Math.floor(w / 8)}`);
  const counts = wells.map((_, w) => i * 1000 + w);
  const path = join(suite.folder, `plate-${i}.parquet`);
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'well', data: wells, type: 'STRING' },
      i === 3
        ? { name: 'n_cells', data: counts.map(String), type: 'STRING' }
        : { name: 'n_cells', data: counts, type: 'INT32' },
      ...(i === 3 ? [{ name: 'operator', data: wells.map(() => 'Ada'), type: 'STRING' as const }] : []),
    ],
  });
  await writeFile(path, new Uint8Array(buffer));
  return path;
}

beforeAll(async () => {
  suite = await startSuite('query-lists', 900);
  app = await suite.open({ path: '/' });
  page = app.page;
  page.setDefaultTimeout(30_000);
});
afterAll(() => suite.end());

it('[row 31] the files of a list are asked; those that do not agree are shown before anything runs, and one click settles it', async () => {
  const paths = [];
  for (let i = 0; i < 4; i++) paths.push(await plate(i));
  const notes = join(suite.folder, 'notes.md');
  await writeFile(notes, '# Notes');
  await drop(page, [...paths, notes]);
  await dropSaved(page, 5);
  await page.keyboard.press('Escape');
  await page.goto(`${suite.url}/artifacts`);
  await listAnswered(page);
  await page
    .getByRole('row', { name: /plate-0/ })
    .getByRole('checkbox')
    .click();
  await page.getByRole('button', { name: 'Select all 5' }).click();
  await page.getByRole('button', { name: 'Query these 5 files' }).click();
  await page.getByRole('heading', { name: 'These files do not agree' }).waitFor();
  await told(/do not agree on 1 column, so nothing was run/);
  await page.screenshot({ path: join(images, 'query-drift.png') });
  const notice = await page.locator('.drift').innerText();
  expect(notice).toMatch(
    /n_cells\s*INTEGER in 3 files, such as plate-\d\.parquet\s*VARCHAR in 1 file, such as plate-3\.parquet\s*INTEGER/,
  );
  expect(notice).toMatch(/operator is missing in 3 of 4 files/);
  expect(await axe(page)).toEqual([]);
  await page.getByRole('button', { name: 'Read them so and run' }).click();
  await told(/^384 rows, .*in 4 files; 1 artifact is no table.*1 column missing in some files/s);
  expect(await editor().innerText()).toBe(`select * from artifacts('?', types = {'n_cells': 'INTEGER'})`);
  await page.getByText('1 column missing in some files').click();
  await expect
    .poll(() => page.locator('details.missing').innerText())
    .toMatch(/operator is missing in 3 of 4 files, such as plate-\d\.parquet; it is null there/);
});

it('[row 30] [row 35] annotations are columns, conditions on them leave files unopened, registries join', async () => {
  await page.goto(`${suite.url}/artifacts`);
  await listAnswered(page);
  for (const name of ['plate-0', 'plate-1'])
    await page
      .getByRole('row', { name: new RegExp(name) })
      .getByRole('checkbox')
      .click();
  await page.keyboard.press('e');
  await page.getByRole('dialog').getByLabel('Labels').fill('treated');
  await page.keyboard.press('Enter');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Apply/ })
    .click();
  await page.getByText('Annotated').first().waitFor();
  await page.keyboard.press('q');
  await told(/^192 rows/);
  await ask(`select artifact_key, u.name, count(*) as wells, sum(n_cells) as cells
from artifacts('?', types = {'n_cells': 'BIGINT'}) t
join lamindb_artifact a on a.uid = t.artifact_uid
join lamindb_artifactulabel l on l.artifact_id = a.id
join lamindb_ulabel u on u.id = l.ulabel_id
where list_contains(t.artifact_labels, 'treated')
group by all order by artifact_key`);
  await told(/^2 rows.*in 3 files; 1 file left out by annotations/s);
  const sum = (i: number) => String(96 * i * 1000 + (96 * 95) / 2);
  expect(await cells()).toEqual([
    'plate-0.parquet',
    'treated',
    '96',
    sum(0),
    'plate-1.parquet',
    'treated',
    '96',
    sum(1),
  ]);
});

it('[row 34] the answer is saved as an artifact whose lineage shows the statement and the files it read', async () => {
  const sql = `select well, sum(n_cells) as cells from artifact(['plate-0.parquet', 'plate-1.parquet']) group by well order by well`;
  await ask(sql);
  await told(/^96 rows/);
  await page.locator('.pane').focus();
  await page.keyboard.press('s');
  const sheet = page.getByRole('dialog', { name: 'Save as artifact' });
  await sheet.getByLabel('Key').fill('results/by well');
  await page.screenshot({ path: join(images, 'save-rows.png') });
  expect(await axe(page)).toEqual([]);
  await sheet.getByRole('button', { name: 'Save', exact: true }).click();
  await sheet.getByText(/results\/by well\.parquet holds 96 rows, made from 2 artifacts/).waitFor();
  await sheet.getByRole('link', { name: 'results/by well.parquet' }).click();
  await page.getByRole('heading', { name: 'results/by well.parquet' }).waitFor();
  await page.getByRole('link', { name: 'Lineage' }).click();
  for (const name of ['plate-0.parquet', 'plate-1.parquet', 'queries/results/by well.sql'])
    await page.getByRole('main').getByText(name).first().waitFor();
  // The rows are there, and the same again are the same artifact.
  await page.getByRole('button', { name: 'Query' }).click();
  await told(/^96 rows/);
  await ask(sql);
  await told(/^96 rows/);
  await page.getByRole('button', { name: 'Save as artifact' }).click();
  await sheet.getByLabel('Key').fill('results/by well');
  await sheet.getByRole('button', { name: 'Save', exact: true }).click();
  await sheet.getByText(/holds 96 rows/).waitFor();
  await sheet.getByRole('button', { name: 'Done' }).click();
  await ask(`select count(*) from lamindb_artifact where key = 'results/by well.parquet'`);
  await told(/^1 row/);
  expect(await cells()).toEqual(['1']);
  await ask(`select t.key, t.kind, t.source_code, count(i.artifact_id) from lamindb_run r join lamindb_transform t on t.id = r.transform_id
    left join lamindb_artifact_input_of_runs i on i.run_id = r.id where t.key like 'queries/%' group by r.id`);
  await told(/^2 rows/);
  expect(await cells()).toEqual(
    Array.from({ length: 2 }, () => ['queries/results/by well.sql', 'script', sql, '2']).flat(),
  );
});

it('[row 34] what cannot be saved is told in words, and nothing is half there', async () => {
  await ask(`select * from artifact('plate-0.parquet') where n_cells < 0`);
  await told(/^0 rows/);
  await page.keyboard.press('Escape');
  await page.locator('.pane').focus();
  await page.keyboard.press('s');
  const sheet = page.getByRole('dialog', { name: 'Save as artifact' });
  await sheet.getByLabel('Key').fill('results/none.parquet');
  await sheet.getByRole('button', { name: 'Save', exact: true }).click();
  await sheet.getByText(/no rows, so there is nothing to save/).waitFor();
  await sheet.getByRole('button', { name: 'Cancel' }).click();
  await ask(`select count(*) from lamindb_artifact where key like 'results/none%'`);
  await told(/^1 row/);
  expect(await cells()).toEqual(['0']);
});

it('files stand in the tree with their columns, and are completed by key', async () => {
  await page.keyboard.press('Escape');
  const file = page.getByRole('treeitem', { name: 'plate-3.parquet' });
  await file.click();
  await page.getByRole('treeitem', { name: /^operator/ }).waitFor();
  await editor().click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.type('select oper');
  await page.keyboard.press('Escape');
  await page.keyboard.press('End');
  await page.keyboard.type("ator, count(*) from artifact('plate-3");
  await page.getByRole('option', { name: 'plate-3.parquet' }).waitFor();
  // The editor takes Enter for the list only once people can have seen it.
  await page.waitForTimeout(200);
  await page.keyboard.press('Enter');
  expect(await editor().innerText()).toMatch(
    /^select operator, count\(\*\) from artifact\('plate-3\.parquet'/,
  );
  await page.screenshot({ path: join(images, 'query-files.png') });
  await page.getByLabel('Find a file, table or column').fill('plate-1');
  await expect.poll(() => page.getByRole('treeitem', { name: 'plate-3.parquet' }).count()).toBe(0);
  await page.getByRole('treeitem', { name: 'plate-1.parquet' }).waitFor();
  await page.getByLabel('Find a file, table or column').fill('');
});
