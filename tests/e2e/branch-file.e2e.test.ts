// A branch mailed as a file: saved here, opened in another copy of the same database, reviewed and merged there.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { downloaded, opened, startSuite, workIn, type Suite } from './app.ts';
import { axe } from './harness.ts';

let suite: Suite;
let page: Page;
let copy = '';
let mailed = '';

beforeAll(async () => {
  suite = await startSuite('branch-file', 900);
  ({ page } = await suite.open({ path: '/settings' }));
  page.setDefaultTimeout(20_000);
  copy = join(suite.folder, 'copy.sqlite');
  mailed = join(suite.folder, 'mailed.loam');
});
afterAll(() => suite?.end());

interface Row {
  save(): Promise<unknown>;
  description: string;
}
interface Ln {
  ULabel: { (fields: object): Row; get(lookups: object): Promise<Row> };
}

async function pickFile(path: string): Promise<void> {
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open a branch file…' }).click();
  await (await choosing).setFiles([path]);
}

it('[row 72] a branch is saved as a file that is signed by this device', async () => {
  await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    await ln.ULabel({ name: 'donor', description: 'as it was' }).save();
  });
  const exporting = page.getByRole('button', { name: 'Export the database file' });
  await exporting.waitFor();
  await downloaded(page, copy, () => exporting.click());

  await page.goto(`${suite.url}/changes`);
  await opened(page);
  await page.getByRole('button', { name: 'New branch…' }).first().click();
  await page.getByRole('dialog').getByLabel('Name').fill('for a colleague');
  await page.keyboard.press('Enter');
  await page.getByText('You are on for a colleague').waitFor();
  await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    const label = await ln.ULabel.get({ name: 'donor' });
    label.description = 'mended by mail';
    await label.save();
    await ln.ULabel({ name: 'came by mail' }).save();
  });
  await downloaded(page, mailed, async () => {
    await page.getByRole('button', { name: 'More for for a colleague' }).click();
    await page.getByRole('menuitem', { name: 'Save as a file…' }).click();
  });
  await page.getByText('It is signed by this device.').waitFor();
});

it('[row 72] another copy of the database shows what the file holds, takes it as a branch, and merges it', async () => {
  await workIn(page, copy, 'copy');
  const sheet = page.getByRole('dialog');
  await page.goto(`${suite.url}/changes`);
  await opened(page);
  await page.getByText('There is no branch yet').waitFor();

  await pickFile(mailed);
  await sheet.getByText('1 new object, 1 changed object').waitFor();
  await sheet.getByText('unchanged since it was saved').waitFor();
  expect(await axe(page)).toEqual([]);
  await sheet.getByRole('button', { name: 'Open as a branch' }).click();
  await sheet.getByText('All of it fits this database.').waitFor();
  await sheet.getByRole('button', { name: 'Review the branch' }).click();
  await page.getByRole('heading', { name: 'for a colleague' }).waitFor();
  await page.getByText('mended by mail').first().waitFor();
  const text = () =>
    page.evaluate(async () => {
      const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
      return (await ln.ULabel.get({ name: 'donor' })).description;
    });
  expect(await text()).toBe('as it was');
  await page.getByRole('button', { name: 'Merge into main' }).click();
  await expect.poll(text).toBe('mended by mail');
});

it('[row 72] what was cut off or altered is refused in words, and nothing is changed', async () => {
  const bytes = await readFile(mailed);
  const altered = join(suite.folder, 'altered.loam');
  const middle = Math.floor(bytes.length / 2);
  await writeFile(
    altered,
    bytes.map((byte, i) => (i === middle ? byte ^ 1 : byte)),
  );
  await page.goto(`${suite.url}/changes?show=merged`);
  await opened(page);
  await pickFile(altered);
  await page.getByText('altered.loam cannot be opened').waitFor();
  expect(await page.getByRole('dialog').count()).toBe(0);
  expect(await page.getByRole('list', { name: 'Branches' }).getByRole('listitem').count()).toBe(1);
});
