// The files of a LaminDB database that came from elsewhere: its folder dropped with it, attached later, or copied in
// where the browser has no folder picker; and words where they are out of reach.
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lamindbBytes, lamindbFacts, lamindbFile, writeStorage } from '../fixtures/lamindb-file.ts';
import { drop, opened, startSuite, storedBytes, toSettings, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
const sheet = () => page.getByRole('dialog');
const [plate] = lamindbFacts.artifacts;

beforeAll(async () => {
  suite = await startSuite('storage-folder', 900);
  app = await suite.open({ path: '/' });
  page = app.page;
});
afterAll(() => suite.end());

async function workIn(name: string): Promise<void> {
  await sheet().getByRole('button', { name: 'Open the database' }).click();
  await sheet().getByLabel('Name on this device').fill(name);
  await sheet().getByRole('button', { name: 'Work in it' }).click();
  await page.locator('.top .db', { hasText: name }).waitFor();
  await opened(page);
}

/** The page of an artifact, reached as a person reaches it. */
async function showArtifact(key: string): Promise<void> {
  await page.locator('a[href="/artifacts"]').first().click();
  await page.locator('[role=grid] .key a', { hasText: key }).click();
  await page.getByRole('navigation', { name: 'Parts of this artifact' }).waitFor();
}

it('a storage folder is dropped: its database opens and its files are read where they lie', async () => {
  const folder = join(suite.folder, 'lab-data');
  writeStorage(folder, await lamindbFile());
  await drop(page, [folder]);
  await sheet().getByText('is a storage folder with a LaminDB database in it').waitFor();
  await workIn('with-folder');
  await showArtifact('plate-1.csv');
  await page.getByText('A1').first().waitFor();
  expect(await page.locator('.preview').innerText()).toContain('well');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).first().click();
  const stream = await (await downloading).createReadStream();
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  expect(Buffer.concat(parts).toString()).toBe(plate.text);
  // Nothing of it was copied into this browser.
  expect([...(await storedBytes(page)).keys()].filter((path) => path.includes('Plate'))).toEqual([]);
});

it('without the folder the page says where the file lies; the folder can be detached and attached again', async () => {
  await toSettings(page);
  const location = page.locator('#storages li', { hasText: lamindbFacts.root });
  await location.getByText('read from the folder lab-data').waitFor();
  expect(await axe(page)).toEqual([]);
  await location.getByRole('button', { name: 'Detach' }).click();
  await location.getByText('elsewhere').waitFor();
  await showArtifact('plate-2.csv');
  await page.getByText(`The file is not on this device. It lies in ${lamindbFacts.root}`).waitFor();
  expect(await axe(page)).toEqual([]);

  // The native picker cannot be answered by a test: a folder of the browser's own file system stands for the disk.
  await page.evaluate(
    async (files) => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('picked', { create: true });
      const hidden = await folder.getDirectoryHandle('.lamindb', { create: true });
      for (const [key, text] of files) {
        const handle = await hidden.getFileHandle(key.replace('.lamindb/', ''), { create: true });
        const stream = await handle.createWritable();
        await stream.write(text);
        await stream.close();
      }
      Object.assign(window, { showDirectoryPicker: () => Promise.resolve(folder) });
    },
    [...lamindbBytes()].map(([key, bytes]) => [key, new TextDecoder().decode(bytes)] as const),
  );
  await page.getByRole('button', { name: 'Attach the folder…' }).click();
  await page.getByText('B1').first().waitFor();
  await page.getByText('3 of 3 files looked for are in it.').first().waitFor();
});

it('[row 101] without a folder picker files are copied in by their storage keys, checked by hash', async () => {
  await toSettings(page);
  const location = page.locator('#storages li', { hasText: lamindbFacts.root });
  await location.getByRole('button', { name: 'Detach' }).click();
  // One file is another one under the same name: it must not pass for the artifact's.
  const folder = join(suite.folder, 'other-disk');
  writeStorage(folder, new Uint8Array(1));
  mkdirSync(join(folder, '.lamindb'), { recursive: true });
  await writeFile(join(folder, '.lamindb', 'NotesArtifactTxt0000.txt'), 'other words');
  const choosing = page.waitForEvent('filechooser');
  await location.getByRole('button', { name: 'Copy its files in…' }).click();
  await (await choosing).setFiles(folder);
  await page.getByText('2 files copied in').waitFor();
  expect(await page.getByText('have other content than the database says').innerText()).toContain(
    '1 have other content',
  );
  await location.getByText('2 copies here').waitFor();
  const copied = lamindbFacts.artifacts
    .slice(0, 2)
    .map(({ uid, suffix }) => `storage/.lamindb/${uid}${suffix}`);
  expect([...(await storedBytes(page)).keys()]).toEqual(expect.arrayContaining(copied));
  await showArtifact('plate-2.csv');
  await page.getByText('B1').first().waitFor();
});

it('a location’s path can be changed, and the change undone', async () => {
  await toSettings(page);
  const location = page.locator('#storages li', { hasText: lamindbFacts.root });
  await location.getByRole('button', { name: 'Change the path…' }).click();
  await page.getByLabel('Path or address that the database names').fill('/mnt/new/lab-data');
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.locator('#storages li', { hasText: '/mnt/new/lab-data' }).waitFor();
  await page.keyboard.press('Control+z');
  await page.locator('#storages li', { hasText: lamindbFacts.root }).waitFor();
  expect(app.problems.page).toEqual([]);
});
