// The database leaves for Python, and registries leave as parquet and come back as a database of their own, as a person does it in Settings.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { strToU8, unzipSync, zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { listCounts, listedUids, opened, showList, startSuite, toSettings, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
let archive: string;
let uids: string[];
const sheet = () => page.getByRole('dialog');

beforeAll(async () => {
  suite = await startSuite('parquet', 930);
  app = await suite.open({ path: '/' });
  page = app.page;
});
afterAll(() => suite.end());

async function settings(): Promise<void> {
  await toSettings(page);
  await page.locator('#databases tbody tr').first().waitFor();
}

async function choose(path: string | string[]): Promise<void> {
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Import parquet…' }).click();
  await (await choosing).setFiles(path);
}

it('every registry is exported as a parquet file of its own', async () => {
  await page.getByRole('button', { name: 'Try the sample lab' }).first().click();
  await showList(page);
  await expect.poll(async () => (await listedUids(page)).length).toBeGreaterThan(2);
  await expect
    .poll(() => page.locator('.jobs').innerText(), { message: 'the drop' })
    .toMatch(/files? done|All quiet/);
  uids = (await listedUids(page)).sort();
  await settings();
  await page.evaluate(() => Object.assign(window, { showSaveFilePicker: undefined }));
  await page.getByRole('button', { name: 'Export as parquet…' }).click();
  const downloading = page.waitForEvent('download');
  await sheet().getByRole('button', { name: 'As a zip archive' }).click();
  archive = join(suite.folder, 'registries.zip');
  await (await downloading).saveAs(archive);
  await sheet()
    .getByText(/\d+ files written to/)
    .waitFor();
  await sheet().getByRole('button', { name: 'Close' }).last().click();
  const files = Object.entries(unzipSync(await readFile(archive)));
  expect(files.map(([name]) => name)).toEqual(
    expect.arrayContaining(['lamindb_artifact.parquet', 'bionty_gene.parquet']),
  );
  for (const [name, bytes] of files)
    expect(new TextDecoder().decode(bytes.subarray(0, 4)), name).toBe('PAR1');
});

it('[row 2] the export for Python downloads whole: database, files at their keys, script', async () => {
  await settings();
  await page.getByRole('button', { name: 'Export for Python…' }).click();
  const downloading = page.waitForEvent('download');
  await sheet().getByRole('button', { name: 'As a zip archive' }).click();
  const path = join(suite.folder, 'python.zip');
  await (await downloading).saveAs(path);
  await sheet().getByText('python open_in_python.py').waitFor();
  await sheet().getByRole('button', { name: 'Close' }).last().click();
  const files = unzipSync(await readFile(path));
  const names = Object.keys(files);
  expect(names).toEqual(
    expect.arrayContaining(['.lamindb/lamin.db', '.lamindb/storage_uid.txt', 'open_in_python.py']),
  );
  for (const uid of uids)
    expect(
      names.some((name) => name.includes(uid)),
      uid,
    ).toBe(true);
  const database = await openMemory({ bytes: files['.lamindb/lamin.db'] as Uint8Array });
  try {
    expect(
      database
        .all('SELECT uid FROM lamindb_artifact ORDER BY uid')
        .map(([uid]) => String(uid))
        .sort(),
    ).toEqual(uids);
    expect(database.all("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'loam%'")).toEqual([[0]]);
  } finally {
    database.close();
  }
});

it('the archive becomes a database with the same rows; what is none is refused in words', async () => {
  const wrong = join(suite.folder, 'wrong.zip');
  await writeFile(wrong, zipSync({ 'lamindb_nothing.parquet': strToU8('x') }));
  const damaged = join(suite.folder, 'lamindb_ulabel.parquet');
  await writeFile(damaged, 'PAR1 but no more');
  for (const [path, words] of [
    [wrong, /lamindb_nothing: LaminDB has no such table/],
    [damaged, /lamindb_ulabel\.parquet cannot be read/],
  ] as const) {
    await settings();
    await choose(path);
    await sheet().getByText(words).waitFor();
    expect(await sheet().innerText()).toContain('Nothing was changed');
    await sheet().getByRole('button', { name: 'Close' }).last().click();
  }
  await settings();
  await choose(archive);
  await sheet().getByText('LaminDB 2.9 to 2.12').waitFor();
  expect(await axe(page)).toEqual([]);
  await sheet().getByLabel('Name on this device').fill('from parquet');
  await sheet().getByRole('button', { name: 'Work in it' }).click();
  await page.locator('.top .db', { hasText: 'from parquet' }).waitFor();
  await opened(page);
  await showList(page);
  await listCounts(page, uids.length);
  expect((await listedUids(page)).sort()).toEqual(uids);
  // Its bytes are those of this device.
  await page.locator('[role=grid] .key a').first().click();
  await page.getByRole('button', { name: 'Download' }).waitFor();
  expect(app.problems.page).toEqual([]);
});
