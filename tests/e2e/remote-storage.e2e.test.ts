// A bucket as a person takes it into use: tested, added with keys for the session, looked through, files registered in
// place, previewed and queried where they lie; then again without a network. Its keys are found nowhere afterwards.
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { s3Access, s3Region } from '../fixtures/s3-keys.ts';
import { startS3, type S3Server } from '../fixtures/s3-server.ts';
import { startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
let s3: S3Server;
const rows = 200_000;
let bytes = 0;

const sheet = () => page.getByRole('dialog');
const status = () => page.locator('#query-status').innerText();
const told = (words: RegExp) => expect.poll(status, { timeout: 60_000 }).toMatch(words);
async function ask(sql: string): Promise<void> {
  await page.locator('a[href^="/query"]').first().click();
  await page.getByRole('textbox', { name: 'SQL statement' }).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('Control+Enter');
}

function plate(from: number): Uint8Array {
  const ids = Array.from({ length: rows }, (_, i) => from + i);
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'id', data: ids, type: 'INT32' },
      {
        name: 'cell_type',
        data: ids.map((i) => ['B cell', 'T cell', 'NK cell'][i % 3] ?? ''),
        type: 'STRING',
      },
      { name: 'score', data: ids.map((i) => Math.sin(i)), type: 'DOUBLE' },
    ],
    rowGroupSize: 20_000,
    codec: 'UNCOMPRESSED',
  });
  return new Uint8Array(buffer);
}

beforeAll(async () => {
  s3 = await startS3();
  s3.bucket('lab');
  s3.bucket('closed', { cors: false });
  for (const [name, from] of [
    ['plate-1', 0],
    ['plate-2', rows],
  ] as const) {
    const file = plate(from);
    bytes = file.length;
    s3.put('lab', `screens/2026/${name}.parquet`, file);
  }
  s3.put('lab', 'screens/readme.md', Buffer.from('# Screens\n'));
  suite = await startSuite('remote-storage', 900);
  app = await suite.open({ path: '/settings' });
  page = app.page;
  page.setDefaultTimeout(30_000);
}, 120_000);
afterAll(async () => {
  await suite.end();
  await s3.close();
});

async function fill(bucket: string, secret: string): Promise<void> {
  await sheet().getByLabel('Bucket, and folder in it if any').fill(bucket);
  await sheet().getByLabel('Server').fill(s3.url);
  await sheet().getByLabel('Region').fill(s3Region);
  await sheet().getByLabel('Access key').fill(s3Access.accessKeyId);
  await sheet().getByLabel('Secret key').fill(secret);
}

it('[row 97] a connection is tested; what is wrong is told, with the rule that a bucket needs', async () => {
  await page.getByRole('button', { name: 'Add a bucket or web address…' }).click();
  await fill('closed', s3Access.secretAccessKey);
  const test = sheet().getByRole('button', { name: 'Test connection' });
  await test.click();
  await sheet().getByText('its CORS rule does not let this site read it').waitFor();
  const rule = JSON.parse(await sheet().getByLabel('The rule to set').inputValue()) as {
    AllowedOrigins: string[];
  }[];
  expect(rule[0]).toMatchObject({ AllowedOrigins: [suite.url], AllowedMethods: ['GET', 'HEAD'] });
  expect(await axe(page)).toEqual([]);
  await fill('lab', 'not the secret');
  await test.click();
  await sheet().getByText('the secret key does not fit the access key').waitFor();
  await fill('lab', s3Access.secretAccessKey);
  await test.click();
  await sheet().getByText('It answers: 1 folder and 0 files at the top.').waitFor();
});

it('[row 96] it is added, looked through, and its files are registered in place without a download', async () => {
  await sheet().getByRole('button', { name: 'Add and browse' }).click();
  await sheet().getByRole('button', { name: 'screens', exact: true }).click();
  await sheet().getByText('readme.md').waitFor();
  await sheet().getByRole('button', { name: '2026', exact: true }).click();
  await sheet().getByText('plate-1.parquet').waitFor();
  const asked = s3.log.length;
  await sheet().getByLabel('All 2 files here').check();
  expect(await axe(page)).toEqual([]);
  await sheet().getByRole('button', { name: 'Register 2 in place' }).click();
  await page.getByText('2 artifacts registered in place').waitFor();
  await expect.poll(() => sheet().getByText('registered', { exact: true }).count()).toBe(2);
  expect(s3.log.slice(asked).filter((line) => !line.includes('?list'))).toEqual([]);
  await sheet().getByRole('link', { name: 'plate-1.parquet' }).click();
  await page
    .getByRole('heading', { name: /plate-1\.parquet/ })
    .first()
    .waitFor();
  await page.getByText('Fetched for this').waitFor();
  await page.getByText('200,000').first().waitFor();
});

it('[row 32] a query reads the columns it needs where they lie, and tells what it fetched', async () => {
  const sent = s3.log.length;
  await ask(
    "select cell_type, count(*) as n from artifact(['screens/2026/plate-1.parquet', 'screens/2026/plate-2.parquet']) group by 1 order by 1",
  );
  await told(/^3 rows.*Read .* in 2 files; fetched [\d.]+ kB in \d+ requests/s);
  expect((await page.getByRole('gridcell').allInnerTexts()).slice(0, 2)).toEqual(['B cell', '133334']);
  const ranges = s3.log.slice(sent).map((line) => /bytes=(\d+)-(\d+)/.exec(line));
  const fetched = ranges.reduce(
    (sum, range) => sum + (range ? Number(range[2]) - Number(range[1]) + 1 : 0),
    0,
  );
  expect(fetched).toBeLessThan(bytes / 2);
});

it('[row 41] without a network the same question has the same answer, another one is told what is missing', async () => {
  s3.down = true;
  await page.waitForTimeout(5_500);
  await ask(
    "select cell_type, max(length(cell_type)) as n from artifact(['screens/2026/plate-1.parquet', 'screens/2026/plate-2.parquet']) group by 1 order by 1",
  );
  await told(/^3 rows.*fetched 0 bytes in .*offline/s);
  await ask("select sum(score) from artifact('screens/2026/plate-2.parquet')");
  await told(/cannot be reached|device is offline/);
  s3.down = false;
  await ask("select count(score) from artifact('screens/2026/plate-2.parquet')");
  await told(/^1 row,/);
});

it('its keys are in no file, no setting and no log of this browser', async () => {
  const found = await page.evaluate(
    async ([secret = '', access = '']) => {
      const places: string[] = [];
      const look = (place: string, text: string) => {
        if (text.includes(secret) || text.includes(access)) places.push(place);
      };
      async function walk(folder: FileSystemDirectoryHandle, path: string): Promise<void> {
        for await (const [name, handle] of folder.entries()) {
          if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${path}/${name}`);
          else {
            const file = await (handle as FileSystemFileHandle).getFile();
            look(`${path}/${name}`, new TextDecoder('latin1').decode(await file.arrayBuffer()));
          }
        }
      }
      await walk(await navigator.storage.getDirectory(), '');
      look('localStorage', JSON.stringify({ ...localStorage }));
      look('sessionStorage', JSON.stringify({ ...sessionStorage }));
      look('address', location.href);
      return places;
    },
    [s3Access.secretAccessKey, s3Access.accessKeyId],
  );
  expect(found).toEqual([]);
  const told = [...app.problems.console, ...app.problems.page].join('\n');
  expect(told).not.toContain(s3Access.secretAccessKey);
  expect(app.problems.csp).toEqual([]);
  expect(app.problems.page).toEqual([]);
  expect(app.problems.foreign.filter((url) => !/^http:\/\/localhost:/.test(url))).toEqual([]);
});
