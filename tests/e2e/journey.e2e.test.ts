// The main job as a person does it, from a fresh profile to an exported file: drop, annotate, go offline, come back,
// version, undo, second tab, export. One story in order, so the parts are one test; rows are proven on the way.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differences, factsOf, withCopy } from '../../scripts/ddl-facts.mjs';
import { generateLab, LAB_FOLDERS } from '../fixtures/generate.ts';
import {
  axe,
  clearHttpCache,
  dropFiles,
  openApp,
  removeProfile,
  startServer,
  waitUntilOffline,
  type OpenedApp,
} from './harness.ts';
import { listCounts, opened } from './app.ts';

interface LabFact {
  size: number;
  hash: string;
  hashType: string;
  suffix: string;
  nObs?: number;
}

const images = new URL('../../docs/images/', import.meta.url).pathname;
let server: Awaited<ReturnType<typeof startServer>>;
let folder = '';
let app: OpenedApp;
let facts: Record<string, LabFact> = {};
let files: string[] = [];
let folders: string[] = [];

/** What the dropped things are called: files by their name, folders by theirs. */
const keyOf = (path: string): string => basename(path);

async function writeLab(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'loam-lab-'));
  for (const { path, bytes } of await generateLab()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  facts = JSON.parse(
    await readFile(new URL('../fixtures/lab-facts.json', import.meta.url), 'utf8'),
  ) as Record<string, LabFact>;
  files = Object.keys(facts).filter((path) => !LAB_FOLDERS.includes(path));
  folders = [...LAB_FOLDERS];
}

const row = (page: Page, key: string) =>
  page.getByRole('row').filter({ has: page.getByText(key, { exact: true }) });

async function showing(page: Page, name: string): Promise<void> {
  await mkdir(images, { recursive: true });
  await page.screenshot({ path: join(images, `${name}.png`) });
}

async function artifactPage(page: Page, key: string): Promise<void> {
  await page.goto(`${server.url}/artifacts?q=${encodeURIComponent(key)}`);
  await page.getByRole('link', { name: key }).first().click();
  await page.getByRole('navigation', { name: 'Parts of this artifact' }).waitFor();
}

beforeAll(async () => {
  await writeLab();
  server = await startServer();
  app = await openApp({ url: server.url });
  app.page.setDefaultTimeout(20_000);
});

afterAll(async () => {
  await app?.close().catch(() => {});
  if (app) await removeProfile(app.profile);
  await server?.close().catch(() => {});
  await rm(folder, { recursive: true, force: true });
});

describe.sequential('the main journey', () => {
  it('[row 104] first run says what this is and offers the next act', async () => {
    const { page } = app;
    await page.getByRole('button', { name: /sample lab/i }).waitFor();
    await page
      .getByText(/Nothing leaves this browser/)
      .first()
      .waitFor();
    await showing(page, 'home-first-run');
    expect(await axe(page)).toEqual([]);
  });

  it('[row 95] 33 files and 4 folders dropped at once become artifacts, one line each', async () => {
    const { page } = app;
    await waitUntilOffline(page);
    expect(files.length).toBeGreaterThanOrEqual(25);
    await dropFiles(
      page,
      [...files, ...folders].map((path) => join(folder, path)),
    );
    for (const name of folders.filter((f) => !f.endsWith('.zarr')).map(keyOf)) {
      await page
        .getByRole('group', { name: new RegExp(name) })
        .getByLabel(/Keep as one folder artifact/)
        .check();
    }
    await page.getByRole('button', { name: 'Save them' }).click();
    await page
      .getByRole('heading', { name: `${files.length + folders.length} files done` })
      .waitFor({ timeout: 60_000 });
    await showing(page, 'drop-sheet');
    expect(await page.locator('.drop-line .err').count()).toBe(0);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
  });

  it('labels and feature values are added to a selection by keyboard', async () => {
    const { page } = app;
    await page.goto(`${server.url}/artifacts?q=samples`);
    await row(page, 'samples.csv').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.keyboard.press('e');
    const sheet = page.getByRole('dialog');
    await sheet
      .getByLabel(/labels/i)
      .first()
      .fill('pilot');
    await page.keyboard.press('Enter');
    await sheet
      .getByRole('button', { name: /apply|annotate/i })
      .last()
      .click();
    await sheet.waitFor({ state: 'hidden' });
    // The page must not be left while the act is still on its way.
    await opened(page);
    await page.goto(`${server.url}/artifacts`);
    await page.getByRole('complementary', { name: 'Filters' }).getByText('pilot').waitFor();
    await showing(page, 'artifacts');
    expect(await axe(page)).toEqual([]);
  });

  it('[row 107] with the server gone and the cache cleared, a cold start shows everything', async () => {
    await clearHttpCache(app.page);
    await server.close();
    const { profile } = app;
    await app.close();
    app = await openApp({ url: server.url, path: '/artifacts', profile });
    app.page.setDefaultTimeout(20_000);
    await row(app.page, 'samples.csv').waitFor();
    await listCounts(app.page, files.length + folders.length);
    expect(app.problems.foreign).toEqual([]);
    expect(app.problems.csp).toEqual([]);
    const port = Number(new URL(server.url).port);
    server = await startServer(port);
  });

  it('[row 52] a changed file under the same key is version 2, the same bytes are the existing artifact', async () => {
    const { page } = app;
    const changed = join(folder, 'tables/samples.csv');
    await writeFile(changed, `${await readFile(changed, 'utf8')}S99,lung,9.5,True,2024-02-01\n`);
    await dropFiles(page, [changed, join(folder, 'config.json')]);
    await page.getByText('Version 2. Its labels and feature values stay with version 1').waitFor();
    await page.getByText(/Already here/).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
  });

  it('[row 53] the version list says size, run, author and what changed', async () => {
    const { page } = app;
    await artifactPage(page, 'samples.csv');
    await page.getByRole('link', { name: /Versions/ }).click();
    const second = page.getByRole('row').filter({ hasText: 'Version 2' });
    await second.waitFor();
    expect(await second.innerText()).toMatch(/anonymous/);
    expect(await second.innerText()).toMatch(/content, size/);
    await showing(page, 'artifact-versions');
    expect(await axe(page)).toEqual([]);
  });

  it('[row 25] every drop is a run with its outputs', async () => {
    const { page } = app;
    await page.getByRole('link', { name: 'Lineage' }).click();
    await page.getByText('loam/drop-files').first().waitFor();
    await showing(page, 'artifact-lineage');
  });

  it('[row 55] undo takes the drop back, redo brings the same uid, also after a reload', async () => {
    const { page } = app;
    const address = page.url().split('?')[0] ?? '';
    await page.goto(`${server.url}/artifacts?q=samples.csv`);
    await row(page, 'samples.csv').waitFor();
    await page.keyboard.press('Control+z');
    await page
      .getByText(/Undone/i)
      .first()
      .waitFor();
    await page.goto(address);
    await page.getByText('There is no such artifact').waitFor();
    await page.reload();
    await page.getByText('There is no such artifact').waitFor();
    await page.keyboard.press('Control+Shift+z');
    await page.getByRole('navigation', { name: 'Parts of this artifact' }).waitFor();
  });

  it('[row 106] rows are real links; back keeps the filters', async () => {
    const { page } = app;
    await page.goto(`${server.url}/artifacts`);
    await page.getByRole('complementary', { name: 'Filters' }).getByText('.fasta').click();
    await expect.poll(() => page.url()).toContain('fasta');
    const filtered = page.url();
    const link = page.getByRole('link', { name: 'contigs.fasta' }).first();
    expect(await link.getAttribute('href')).toMatch(/^\/artifacts\/[0-9A-Za-z]{20}/);
    await link.click();
    await page.getByRole('navigation', { name: 'Parts of this artifact' }).waitFor();
    await showing(page, 'artifact-preview');
    await page.goBack();
    await expect.poll(() => page.url()).toBe(filtered);
    await row(page, 'contigs.fasta').waitFor();
  });

  it('[row 108] a second tab sees edits live and goes on when the leading tab is gone', async () => {
    const second = await app.context.newPage();
    await second.goto(`${server.url}/artifacts`);
    second.setDefaultTimeout(20_000);
    await second.getByRole('row').nth(5).waitFor();
    await dropFiles(app.page, [await extra('live.txt', 'seen live')]);
    await row(second, 'live.txt').waitFor();
    // The drop's run ends a moment after its last file is there; the tab that saves may go only then.
    await second.getByRole('link', { name: 'live.txt' }).first().click();
    await second.getByRole('link', { name: 'Lineage' }).click();
    await second.getByText(/^completed,/).waitFor();
    await second.goBack();
    await second.goBack();
    await app.page.close();
    await dropFiles(second, [await extra('after.txt', 'the other goes on')]);
    await row(second, 'after.txt').waitFor();
    app.page = second;
  });

  it('[row 100] the storage meter says what is used and what is only here', async () => {
    const { page } = app;
    await page.goto(`${server.url}/settings`);
    await page
      .getByText(/only on this device/i)
      .first()
      .waitFor();
    await page
      .getByText(/of .*B/)
      .first()
      .waitFor();
    await showing(page, 'settings');
    expect(await axe(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await showing(page, 'settings-dark');
    expect(await axe(page)).toEqual([]);
    await page.goto(`${server.url}/artifacts`);
    await page.getByRole('row').nth(5).waitFor();
    await showing(page, 'artifacts-dark');
    expect(await axe(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('the exported file is a LaminDB database that a stock SQLite reads, with every hash right', async () => {
    const { page } = app;
    await page.goto(`${server.url}/settings`);
    // Headless browsers show no file picker; the page then downloads.
    await page.evaluate(() => Reflect.deleteProperty(window, 'showSaveFilePicker'));
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export the database file' }).click();
    const file = join(folder, 'export.db');
    await (await download).saveAs(file);
    const known = JSON.parse(
      await readFile(new URL('../fixtures/ddl-facts.json', import.meta.url), 'utf8'),
    ) as ReturnType<typeof factsOf>;
    withCopy(file, (db) => {
      expect(db.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });
      expect(db.all('PRAGMA foreign_key_check')).toEqual([]);
      const ours = Object.fromEntries(
        Object.entries(factsOf(db)).filter(([table]) => !table.startsWith('loam_')),
      );
      expect(differences(ours, known)).toEqual([]);
      const rows = db.all(
        'SELECT key, hash, _hash_type, size, suffix, n_files, n_observations, uid FROM lamindb_artifact',
      ) as Record<string, unknown>[];
      for (const [path, fact] of Object.entries(facts)) {
        const found = rows.find((r) => r['key'] === keyOf(path) && String(r['uid']).endsWith('0000'));
        expect(found, path).toMatchObject({
          hash: fact.hash,
          _hash_type: fact.hashType,
          suffix: fact.suffix,
        });
        expect(Number(found?.['size']), path).toBe(fact.size);
        if (fact.nObs !== undefined) expect(Number(found?.['n_observations']), path).toBe(fact.nObs);
      }
      const outputs = db.get(
        'SELECT count(*) AS n FROM lamindb_artifact a JOIN lamindb_run r ON r.id = a.run_id WHERE r._status_code = 0',
      );
      expect(Number(outputs?.['n'])).toBe(rows.length);
    });
    expect(app.problems.page).toEqual([]);
  });
});

async function extra(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}
