// A LaminDB file brought into the app as a person does it: dropped, looked over, worked in, and back again. The files
// are made here; a real LaminDB database is tried in addition where $LOAM_FIXTURES has one.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lamindbFacts, lamindbFile } from '../fixtures/lamindb-file.ts';
import { drop, listedUids, listTotal, opened, showList, startSuite, toSettings, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
const sheet = () => page.getByRole('dialog');

beforeAll(async () => {
  suite = await startSuite('databases', 900);
  app = await suite.open({ path: '/' });
  page = app.page;
});
afterAll(() => suite.end());

async function made(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(suite.folder, name);
  await writeFile(path, bytes);
  return path;
}

/** Settings as the rail opens it, with the list of databases answered. */
async function databases(): Promise<string[]> {
  await toSettings(page);
  await page.locator('#databases tbody tr').first().waitFor();
  return page.locator('#databases tbody tr td:first-child').allInnerTexts();
}

async function inDatabase(name: string): Promise<void> {
  await page.locator('.top .db', { hasText: name }).waitFor();
  await opened(page);
}

describe('[row 1] a LaminDB file', () => {
  it('is dropped, checked, and told with the rows of every registry', async () => {
    await drop(page, [await made('quickstart.sqlite', await lamindbFile())]);
    await sheet().getByText('quickstart.sqlite is a database').waitFor();
    await sheet().getByRole('button', { name: 'Open the database' }).click();
    await sheet().getByText('LaminDB 2.9 to 2.12').waitFor();
    expect(await sheet().innerText()).toContain(lamindbFacts.root);
    const rows = await sheet().locator('section[aria-label=Rows] li').allInnerTexts();
    const counts = Object.fromEntries(rows.map((row) => row.split('\n')));
    expect(counts).toMatchObject({ Artifact: '3', ULabel: '2', Feature: '1', 'bionty.Source': '43' });
    expect(await sheet().innerText()).toMatch(/\d+ registries without rows/);
    expect(await axe(page)).toEqual([]);
  });

  it('[row 109] becomes the database worked in; the earlier one stays and can be opened again', async () => {
    await sheet().getByLabel('Name on this device').fill('quickstart');
    await sheet().getByRole('button', { name: 'Work in it' }).click();
    await inDatabase('quickstart');
    await showList(page);
    await expect.poll(() => listTotal(page)).toBe(3);
    expect((await listedUids(page)).sort()).toEqual(lamindbFacts.artifacts.map(({ uid }) => uid).sort());

    expect(await databases()).toEqual([
      expect.stringMatching(/^quickstart\s+you work in it/),
      expect.stringMatching(/^my-lab\s+kept from before/),
    ]);
    // Edits go to the file that is open, also after a reload.
    await showList(page);
    await page.reload();
    await inDatabase('quickstart');
    await toSettings(page);
    const earlier = page.locator('#databases tr', { hasText: 'my-lab' });
    await earlier.getByRole('button', { name: 'Work in it' }).click();
    await inDatabase('my-lab');
    await page.locator('a[href="/artifacts"]').first().click();
    await page.getByText('No artifacts yet').first().waitFor();
    expect(app.problems.page).toEqual([]);
  });

  it('packed with gzip is opened to be looked at, beside the own one', async () => {
    await drop(page, [await made('packed.db.gz', gzipSync(await lamindbFile()))]);
    await sheet().getByRole('button', { name: 'Open the database' }).click();
    await sheet().getByText('packed.db').first().waitFor();
    await sheet().getByLabel('Name on this device').fill('colleague');
    await sheet().getByRole('button', { name: 'Only look at it' }).click();
    await expect.poll(databases).toContainEqual(expect.stringMatching(/^colleague\s+to look at/));
  });

  it('is fetched from an address; a server that does not let us is told in words', async () => {
    const bytes = gzipSync(await lamindbFile());
    const server = createServer((request, response) => {
      if (request.url !== '/closed/lamin.db.gz') response.setHeader('Access-Control-Allow-Origin', '*');
      if (request.url === '/gone.db') response.statusCode = 404;
      response.end(request.url === '/gone.db' ? '' : bytes);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const ask = async (path: string) => {
      await databases();
      await page.getByRole('button', { name: 'Open from an address…' }).click();
      await page.getByLabel('Address of a SQLite file').fill(`http://127.0.0.1:${port}${path}`);
      await page.getByRole('button', { name: 'Fetch it' }).click();
    };
    try {
      await ask('/closed/lamin.db.gz');
      await sheet().getByText('does not let other sites read its files').waitFor();
      await sheet().getByRole('button', { name: 'Close' }).last().click();
      await ask('/gone.db');
      await sheet().getByText('there is no such file').waitFor();
      await sheet().getByRole('button', { name: 'Close' }).last().click();
      await ask('/open/lamin.db.gz');
      await sheet().getByText('LaminDB 2.9 to 2.12').waitFor();
      await sheet().getByRole('button', { name: 'Cancel' }).click();
      await expect.poll(databases).toHaveLength(3);
      // The page itself may still ask no other site.
      const asked = await page.evaluate(
        (url) =>
          fetch(url).then(
            () => 'answered',
            () => 'refused',
          ),
        `http://127.0.0.1:${port}/open/x`,
      );
      expect(asked).toBe('refused');
      expect(app.problems.csp.splice(0).join()).toContain('connect-src');
      app.problems.console.length = 0;
    } finally {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  });

  it('that is damaged, cut off or something else is refused in words; the own database is untouched', async () => {
    const sound = await lamindbFile();
    const cut = await made('cut.db', sound.subarray(0, 300_000));
    const other = await made(
      'notes.sqlite',
      new TextEncoder().encode('just some text that is long enough'.repeat(9)),
    );
    for (const [path, words] of [
      [cut, /cut off: 300,000 bytes of [\d,]+ bytes are there/],
      [other, /This is no SQLite database/],
    ] as const) {
      await drop(page, [path]);
      await sheet().getByRole('button', { name: 'Open the database' }).click();
      await sheet().getByText(words).waitFor();
      expect(await sheet().innerText()).toContain('Nothing was changed');
      await sheet().getByRole('button', { name: 'Close' }).last().click();
    }
    expect(await databases()).toHaveLength(3);
    expect(app.problems.console).toEqual([]);
  });

  it('can still be kept as a file', async () => {
    await drop(page, [await made('kept.sqlite', await lamindbFile())]);
    await sheet().getByRole('button', { name: 'Keep it as an artifact' }).click();
    await page.locator('.drop-line', { hasText: 'New artifact' }).waitFor();
  });
});

const quickstart = resolve(
  process.env.LOAM_FIXTURES ?? '../shared',
  'fixtures/lamindb/quickstart.lamindb.sqlite',
);
const there = existsSync(quickstart);

describe.skipIf(!there)(
  `[row 1] a real LaminDB database${there ? '' : ' (skipped: no LOAM_FIXTURES)'}`,
  () => {
    it('is opened and its artifacts are listed', async () => {
      await drop(page, [quickstart]);
      await sheet().getByRole('button', { name: 'Open the database' }).click();
      await sheet().getByRole('button', { name: 'Work in it' }).click();
      await inDatabase('quickstart-data');
      await showList(page);
      await expect.poll(() => listTotal(page)).toBeGreaterThan(5);
    });
  },
);
