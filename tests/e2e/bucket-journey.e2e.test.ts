// The lakehouse as a whole, as a person meets it: a bucket and a folder of the disk are registered, 200 artifacts filtered
// by a label are asked as one table, what does not agree is settled, the registries are joined, the answer is drawn and
// saved with its lineage, and without a network it all answers again. Nothing but this machine is ever asked.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { s3Access, s3Region } from '../fixtures/s3-keys.ts';
import { startS3, type S3Server } from '../fixtures/s3-server.ts';
import { drop, dropSaved, listCounts, showList, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

const images = new URL('../../docs/images/', import.meta.url).pathname;
const inBucket = 160;
const inFolder = 40;
const wells = 96;

let suite: Suite;
let app: OpenedApp;
let page: Page;
let s3: S3Server;

const sheet = () => page.getByRole('dialog');
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

/** Plate `i`; what the lab's own disk holds counts in texts. */
function plate(i: number): Uint8Array {
  const counts = Array.from({ length: wells }, (_, well) => i * 100 + well);
  const n =
    i < inBucket
      ? { data: counts, type: 'INT32' as const }
      : { data: counts.map(String), type: 'STRING' as const };
  const buffer = parquetWriteBuffer({
    columnData: [
      {
        name: 'well',
        data: counts.map((_, well) => `${'ABCDEFGH'[well % 8]}${1 + Math.floor(well / 8)}`),
        type: 'STRING',
      },
      { name: 'n_cells', ...n },
    ],
  });
  return new Uint8Array(buffer);
}
const nameOf = (i: number) => `plate-${String(i).padStart(3, '0')}.parquet`;
const total = (from: number, to: number) => {
  let sum = 0;
  for (let i = from; i < to; i++) sum += i * 100 * wells + (wells * (wells - 1)) / 2;
  return sum;
};

beforeAll(async () => {
  s3 = await startS3();
  s3.bucket('lab');
  for (let i = 0; i < inBucket; i++) s3.put('lab', `plates/${nameOf(i)}`, plate(i));
  suite = await startSuite('bucket-journey', 900);
  app = await suite.open({ path: '/settings' });
  page = app.page;
  page.setDefaultTimeout(30_000);
}, 120_000);
afterAll(async () => {
  await suite.end();
  await s3.close();
});

it('[row 96] a bucket and a folder of the disk are registered where they lie', async () => {
  await page.getByRole('button', { name: 'Add a bucket or web address…' }).click();
  await sheet().getByLabel('Bucket, and folder in it if any').fill('lab');
  await sheet().getByLabel('Server').fill(s3.url);
  await sheet().getByLabel('Region').fill(s3Region);
  await sheet().getByLabel('Access key').fill(s3Access.accessKeyId);
  await sheet().getByLabel('Secret key').fill(s3Access.secretAccessKey);
  await sheet().getByRole('button', { name: 'Add and browse' }).click();
  await sheet().getByRole('button', { name: 'plates', exact: true }).click();
  await sheet().getByLabel(`All ${inBucket} files here`).check();
  await sheet()
    .getByRole('button', { name: `Register ${inBucket} in place` })
    .click();
  await page.getByText(`${inBucket} artifacts registered in place`).waitFor();
  await page.keyboard.press('Escape');

  // The native picker cannot be answered by a test: a folder of the browser's own file system stands for the disk.
  await page.evaluate(
    async (files) => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('screens', { create: true });
      const below = await folder.getDirectoryHandle('late', { create: true });
      for (const [name, bytes] of files) {
        const handle = await below.getFileHandle(name, { create: true });
        const stream = await handle.createWritable();
        await stream.write(Uint8Array.from(bytes));
        await stream.close();
      }
      await folder.getFileHandle('.DS_Store', { create: true });
      Object.assign(window, { showDirectoryPicker: () => Promise.resolve(folder) });
    },
    Array.from({ length: inFolder }, (_, i) => [nameOf(inBucket + i), [...plate(inBucket + i)]] as const),
  );
  await page.getByRole('button', { name: 'Add a folder of this disk…' }).click();
  await sheet().getByLabel('Its path on this computer').fill('/data/screens');
  expect(await axe(page)).toEqual([]);
  await sheet().getByRole('button', { name: 'Add and browse' }).click();
  await sheet().getByLabel('Choose late with all in it').check();
  expect(await axe(page)).toEqual([]);
  await sheet().getByRole('button', { name: 'Register all of it in place' }).click();
  await page.getByText(`${inFolder} artifacts registered in place`).waitFor();
  await sheet().getByRole('button', { name: 'late/' }).click();
  await expect.poll(() => sheet().getByText('registered', { exact: true }).count()).toBe(inFolder);
  await page.keyboard.press('Escape');
  await page.locator('#storages li', { hasText: '/data/screens' }).getByText('40 artifacts').waitFor();
});

it('[row 31] those that carry a label are one table; what does not agree is shown first and settled by a click', async () => {
  await showList(page);
  await listCounts(page, inBucket + inFolder);
  await page
    .getByRole('row', { name: /plate-/ })
    .first()
    .getByRole('checkbox')
    .click();
  await page.getByRole('button', { name: `Select all ${inBucket + inFolder}` }).click();
  await page.keyboard.press('e');
  await sheet().getByLabel('Labels').fill('screen 7');
  await page.keyboard.press('Enter');
  await sheet()
    .getByRole('button', { name: /^Apply/ })
    .click();
  await page.getByText('Annotated').first().waitFor();
  await page.keyboard.press('Escape');
  const notes = join(suite.folder, 'notes.md');
  await writeFile(notes, '# Screen 7');
  await drop(page, [notes]);
  await dropSaved(page, 1);
  await page.keyboard.press('Escape');
  // By the facet, without loading the page again: keys live in this session only.
  await page.getByRole('button', { name: `screen 7 ${inBucket + inFolder}` }).click();
  await expect.poll(() => page.url()).toContain('ulabels');
  await page
    .getByRole('row', { name: /plate-/ })
    .first()
    .getByRole('checkbox')
    .click();
  await page.getByRole('button', { name: `Select all ${inBucket + inFolder}` }).click();
  await page.getByRole('button', { name: `Query these ${inBucket + inFolder} files` }).click();
  await page.getByRole('heading', { name: 'These files do not agree' }).waitFor({ timeout: 60_000 });
  expect(await page.locator('.drift').innerText()).toMatch(
    /n_cells\s*INTEGER in 160 files, such as plates\/plate-\d+\.parquet\s*VARCHAR in 40 files, such as late\/plate-\d+\.parquet/,
  );
  await page.getByRole('button', { name: 'Read them so and run' }).click();
  await told(/rows, .*in 200 files/s);
});

/** Cells by storage, with the registries in the same statement. */
const byStorage = `select s.type, count(distinct artifact_uid) as plates, sum(n_cells) as cells
from artifacts('?where=ulabels__name:is:screen+7', types = {'n_cells': 'BIGINT'}) t
join lamindb_artifact a on a.uid = t.artifact_uid
join lamindb_storage s on s.id = a.storage_id
group by s.type order by s.type`;
const answer = [
  ...['local', String(inFolder), String(total(inBucket, inBucket + inFolder))],
  ...['s3', String(inBucket), String(total(0, inBucket))],
];

it('[row 35] the registries are joined in the same statement', async () => {
  await ask(byStorage);
  await told(/^2 rows/);
  expect(await cells()).toEqual(answer);
});

it('[row 37] the answer is drawn', async () => {
  // What is drawn first depends on what the profile knows.
  const profile = page.getByRole('region', { name: 'Column profile' });
  await expect.poll(() => profile.innerText(), { timeout: 60_000 }).toMatch(/Exact, 2 rows/);
  await page.getByRole('link', { name: 'Chart' }).click();
  const chart = page.getByRole('article', { name: 'Sum of cells by type' });
  await chart.getByRole('img').waitFor();
  await page.screenshot({ path: join(images, 'query-chart.png') });
  expect(await axe(page)).toEqual([]);
  await page.getByRole('link', { name: 'Rows' }).click();
});

it('[row 34] the answer is saved; its lineage leads to all 200 files', async () => {
  await page.locator('.pane').focus();
  await page.keyboard.press('s');
  await sheet().getByLabel('Key').fill('results/cells by storage');
  await sheet().getByRole('button', { name: 'Save', exact: true }).click();
  await sheet()
    .getByText(/holds 2 rows, made from 200 artifacts/)
    .waitFor();
  await sheet().getByRole('link', { name: 'results/cells by storage.parquet' }).click();
  await page.getByRole('heading', { name: 'results/cells by storage.parquet' }).waitFor();
  await page.getByRole('link', { name: 'Lineage' }).click();
  await page.getByRole('main').getByText('queries/results/cells by storage.sql').first().waitFor();
  await page.getByRole('main').getByText('plate-000.parquet').first().waitFor();
});

it('[row 41] without a network the same question has the same answer', async () => {
  s3.down = true;
  await app.context.setOffline(true);
  await page.waitForTimeout(5_500); // until then the server's last word stands
  await page.getByRole('button', { name: 'Query' }).click();
  await ask(`${byStorage} desc`);
  await told(/^2 rows.*offline/s);
  expect(await cells()).toEqual([...answer.slice(3), ...answer.slice(0, 3)]);
  await app.context.setOffline(false);
  s3.down = false;
});

it('nothing but this machine was asked, and nothing went wrong unseen', () => {
  expect(app.problems.foreign.filter((url) => !url.startsWith(s3.url))).toEqual([]);
  expect(app.problems.csp).toEqual([]);
  expect(app.problems.page).toEqual([]);
});
