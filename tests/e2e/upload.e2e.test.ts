// An artifact as a person moves it to a bucket: refused with the rule to paste, uploaded, given to others by an address, its copy
// here given up, kept offline again and opened without a network. Its keys are remembered on request and found nowhere.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { s3Access, s3Region } from '../fixtures/s3-keys.ts';
import { startS3, type S3Server } from '../fixtures/s3-server.ts';
import { drop, dropEnded, opened, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
let s3: S3Server;
let uid = '';
const text = `cell,count\n${Array.from({ length: 500 }, (_, i) => `cell-${i},${i}`).join('\n')}\n`;
const sheet = () => page.getByRole('dialog');
const stored = () => s3.get('lab', `.lamindb/${uid}.csv`);

async function addBucket(name: string): Promise<void> {
  await page.getByRole('button', { name: 'Add a bucket or web address…' }).click();
  await sheet().getByLabel('Bucket, and folder in it if any').fill(name);
  await sheet().getByLabel('Server').fill(s3.url);
  await sheet().getByLabel('Region').fill(s3Region);
  await sheet().getByLabel('Access key').fill(s3Access.accessKeyId);
  await sheet().getByLabel('Secret key').fill(s3Access.secretAccessKey);
  await sheet().getByLabel('Remember on this device').check();
  await sheet().getByRole('button', { name: 'Add and browse' }).click();
  // One sheet closes and the next opens.
  await sheet().getByText('Files stay where they are').waitFor();
  await sheet().getByRole('button', { name: 'Close' }).first().click();
  await sheet().waitFor({ state: 'detached' });
}
async function choose(item: string): Promise<void> {
  await page.getByRole('button', { name: 'Storage', exact: true }).click();
  await page.getByRole('menuitem', { name: item }).click();
}
async function upload(bucket: string): Promise<void> {
  await choose('Upload to a bucket…');
  await sheet()
    .getByLabel('Bucket')
    .selectOption({ label: `s3://${bucket}` });
  expect(await axe(page)).toEqual([]);
  await sheet().getByRole('button', { name: 'Upload', exact: true }).click();
}

beforeAll(async () => {
  s3 = await startS3();
  s3.bucket('lab');
  s3.bucket('reading', { readOnlyCors: true });
  suite = await startSuite('upload', 900);
  app = await suite.open();
  page = app.page;
  page.setDefaultTimeout(20_000);
}, 60_000);
afterAll(async () => {
  await suite.end();
  await s3.close();
});

it('a file is added, and two buckets whose keys are to be remembered', async () => {
  const path = join(suite.folder, 'counts.csv');
  await writeFile(path, text);
  await drop(page, [path]);
  [{ uid = '' } = { uid: '' }] = (await dropEnded(page, 1)).map((line) => ({ uid: line.uid ?? '' }));
  await page.goto(`${suite.url}/settings`);
  await addBucket('lab');
  await addBucket('reading');
  await page.goto(`${suite.url}/artifacts/${uid}`);
});

it('[row 97] a bucket that may only be read is told, with the rule that uploads need; nothing has changed', async () => {
  await upload('reading');
  await page.getByRole('button', { name: '1 transfer stopped, show why' }).click();
  await sheet().getByText('its CORS rule does not let this site write to it').waitFor();
  const rule = JSON.parse(await sheet().getByLabel('The rule to set').inputValue()) as object[];
  expect(rule[0]).toMatchObject({
    AllowedOrigins: [suite.url],
    AllowedMethods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    ExposeHeaders: expect.arrayContaining(['ETag']) as string[],
  });
  expect(await axe(page)).toEqual([]);
  await sheet().getByRole('button', { name: 'Cancel' }).click();
  // The sheet is smaller then, and its buttons stand elsewhere.
  await sheet().getByText('cancelled', { exact: true }).waitFor();
  await sheet().getByRole('button', { name: 'Close' }).last().click();
  await sheet().waitFor({ state: 'detached' });
  await page.getByText('only on this device', { exact: true }).first().waitFor();
});

it('[row 97] it is uploaded, and the row says where it lies; an address for others opens it', async () => {
  await upload('lab');
  await page.getByText('Uploaded counts.csv to s3://lab').waitFor();
  expect(stored()?.toString()).toBe(text);
  await page.getByText('kept offline', { exact: true }).waitFor();
  await page.getByText('s3://lab', { exact: true }).first().waitFor();
  await app.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await choose('Copy an address for others…');
  await sheet().getByLabel('1 day').check();
  await sheet().getByRole('button', { name: 'Copy the address' }).click();
  await sheet()
    .getByText(/^Copied\. It is good until/)
    .waitFor();
  const url = await page.evaluate(() => navigator.clipboard.readText());
  expect(url).toContain('X-Amz-Expires=86400');
  expect(await (await fetch(url)).text()).toBe(text);
  await sheet().getByRole('button', { name: 'Close' }).last().click();
});

it('[row 41] the copy here is given up and fetched again; kept offline it opens without a network', async () => {
  await choose('Remove the copy on this device');
  await page.getByText('1 copy removed from this device').waitFor();
  await expect.poll(() => page.getByText('kept offline', { exact: true }).count()).toBe(0);
  // Its keys were remembered: another worker has them after a reload.
  await page.reload();
  await opened(page);
  await choose('Keep offline');
  await page.getByText('counts.csv is kept offline').waitFor();
  s3.down = true;
  await page.reload();
  await opened(page);
  await page.getByText('cell-0').first().waitFor();
  await page.getByText('kept offline', { exact: true }).waitFor();
  s3.down = false;
  const { console, page: errors, csp } = app.problems;
  expect([...console, ...errors].join('\n')).not.toContain(s3Access.secretAccessKey);
  expect(csp).toEqual([]);
  expect(errors).toEqual([]);
});
