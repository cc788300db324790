// A branch saved with the files that were added on it, and opened where neither the branch nor its files are.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { downloaded, drop, dropSaved, opened, startSuite, workIn, type Suite } from './app.ts';
import { axe } from './harness.ts';

let suite: Suite;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('branch-files', 900);
  ({ page } = await suite.open({ path: '/settings' }));
  page.setDefaultTimeout(20_000);
});
afterAll(() => suite?.end());

interface Ln {
  Artifact: { get(lookups: object): Promise<{ uid: string }> };
  setup: { switch(name: string, options?: object): Promise<void> };
}
const path = (name: string) => join(suite.folder, name);

async function openFile(file: string): Promise<void> {
  await page.goto(`${suite.url}/changes`);
  await opened(page);
  await page.getByText('There is no branch yet').waitFor();
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open a branch file…' }).click();
  await (await choosing).setFiles([path(file)]);
}

it('[row 72] the files that were added on a branch go along in its file, and are there after opening', async () => {
  const exporting = page.getByRole('button', { name: 'Export the database file' });
  await exporting.waitFor();
  await downloaded(page, path('copy.sqlite'), () => exporting.click());
  await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    await ln.setup.switch('files', { create: true });
  });
  // More than one piece of reading, so that it is put together again.
  const big = Uint8Array.from({ length: 9_000_000 }, (_, i) => (i * 7919) % 251);
  await writeFile(path('big.bin'), big);
  await writeFile(path('small.csv'), 'gene,count\nCD8A,3\n');
  await page.goto(`${suite.url}/artifacts`);
  await opened(page);
  await drop(page, [path('big.bin'), path('small.csv')]);
  await dropSaved(page, 2);

  await page.goto(`${suite.url}/changes`);
  await opened(page);
  await page.getByRole('link', { name: 'files', exact: true }).waitFor();
  await page.getByRole('button', { name: 'More for files' }).click();
  await page.getByRole('menuitem', { name: 'Save as a file…' }).click();
  const sheet = page.getByRole('dialog');
  const along = sheet.getByLabel('With its files (2 files, 9 MB)');
  await along.waitFor();
  expect(await along.isChecked()).toBe(true);
  expect(await axe(page)).toEqual([]);
  await downloaded(page, path('files.loam'), () => sheet.getByRole('button', { name: 'Save' }).click());
  await page.getByText('It is signed by this device. 2 files went along.').waitFor();

  // The other copy: another browser, with nothing of it.
  const other = await suite.open({ path: '/settings' });
  page = other.page;
  page.setDefaultTimeout(20_000);
  await workIn(page, path('copy.sqlite'), 'copy');
  const bytes = await readFile(path('files.loam'));
  const middle = bytes.length - 4_000_000;
  await writeFile(
    path('altered.loam'),
    Buffer.concat([
      bytes.subarray(0, middle),
      Buffer.from([(bytes[middle] ?? 0) ^ 1]),
      bytes.subarray(middle + 1),
    ]),
  );
  await openFile('altered.loam');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Open as a branch' }).click();
  await dialog.getByText('it was cut off or altered on its way').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('There is no branch yet').waitFor();

  await openFile('files.loam');
  await dialog.getByText('of 2 artifacts (9 MB), which are stored on this device').waitFor();
  await dialog.getByRole('button', { name: 'Open as a branch' }).click();
  await dialog.getByText('The files of 2 artifacts are on this device.').waitFor();
  expect(await axe(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Review the branch' }).click();
  await page.getByRole('heading', { name: 'files', exact: true }).waitFor();
  const stored = await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    await ln.setup.switch('files');
    const sums: string[] = [];
    for (const key of ['big.bin', 'small.csv']) {
      const { uid } = await ln.Artifact.get({ key });
      let folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('storage');
      folder = await folder.getDirectoryHandle('.lamindb');
      const name = `${uid}${key.slice(key.indexOf('.'))}`;
      const content = await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
      sums.push(Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''));
    }
    return sums;
  });
  const sum = async (content: Uint8Array) =>
    Buffer.from(await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>)).toString('hex');
  expect(stored).toEqual([await sum(big), await sum(Buffer.from('gene,count\nCD8A,3\n'))]);
});
