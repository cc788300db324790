// The whole app in browsers that lack what it would like: without synchronous file access it keeps its database in
// IndexedDB, without any storage in memory, loudly. No tab ever shows an empty database in place of one out of reach.
// The lacking browser is Chromium with the functions taken away before the app's own code runs.
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checkInApp,
  drop,
  dropSaved,
  listAnswered,
  listCounts,
  opened,
  readDatabase,
  sha256,
  showList,
  storedBytes,
  storedPath,
  toSettings,
} from './app.ts';
import { builtApp, clearHttpCache, openApp, removeProfile, startServer, type OpenedApp } from './harness.ts';
import { noteText } from './notes.ts';

const noSyncAccess = `
  if (globalThis.FileSystemFileHandle) delete FileSystemFileHandle.prototype.createSyncAccessHandle;
`;
const noStorage = `${noSyncAccess}
  if (globalThis.StorageManager) delete StorageManager.prototype.getDirectory;
  Object.defineProperty(globalThis, 'indexedDB', { value: undefined, configurable: true });
`;

const lacking = { sync: '', storage: '' };
let folder: string;
const profiles = new Set<string>();

/** The built app behind code that runs first in its page and in each of its workers. */
async function appBehind(code: string, name: string): Promise<string> {
  const dir = join(folder, name);
  await cp(builtApp, dir, { recursive: true });
  const scripts = join(dir, '_app/immutable');
  for (const path of await readdir(scripts, { recursive: true }))
    if (path.endsWith('.js')) {
      const file = join(scripts, path);
      await writeFile(file, `{${code}}\n${await readFile(file, 'utf8')}`);
    }
  return dir;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loam-fallback-'));
  lacking.sync = await appBehind(noSyncAccess, 'no-sync');
  lacking.storage = await appBehind(noStorage, 'no-storage');
});
afterAll(async () => {
  for (const profile of profiles) await removeProfile(profile);
  await rm(folder, { recursive: true, force: true });
});

/** One address that serves one app after the other to the same browser profile. */
async function address() {
  let server: Awaited<ReturnType<typeof startServer>> | null = null;
  let app: OpenedApp | null = null;
  let profile: string | undefined;
  let port = 0;
  async function leave(how: 'close' | 'kill' = 'close'): Promise<void> {
    // The next app has scripts of the same names.
    const [page] = app?.context.pages() ?? [];
    if (page) await clearHttpCache(page);
    await app?.[how]();
    await server?.close();
    app = server = null;
  }
  return {
    leave,
    async open(dir: string, path = '/artifacts'): Promise<OpenedApp> {
      await leave();
      server = await startServer(port, dir);
      ({ port } = server);
      app = await openApp({
        url: server.url,
        path,
        serviceWorker: false,
        viewport: { width: 1280, height: 900 },
        ...(profile === undefined ? {} : { profile }),
      });
      ({ profile } = app);
      profiles.add(profile);
      return app;
    },
    async openTab(path = '/artifacts'): Promise<Page> {
      if (!app || !server) throw new Error('Open the app first.');
      const page = await app.context.newPage();
      await page.goto(server.url + path);
      return page;
    },
  };
}

const row = (page: Page, text: string) => page.locator('[role=grid] [role=row]', { hasText: text });

async function give(name: string, text: string): Promise<{ path: string; sha: string }> {
  const path = join(folder, name);
  await writeFile(path, text);
  return { path, sha: sha256(Buffer.from(text)) };
}

/** Gives the row a label, as a person at the keyboard does. */
async function label(page: Page, key: string, name: string): Promise<void> {
  await row(page, key).click();
  await page.keyboard.press('e');
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('Labels').fill(name);
  await page.keyboard.press('Enter');
  await sheet.getByRole('button', { name: /^Apply/ }).click();
  await sheet.waitFor({ state: 'hidden' });
  // One row with one label leaves nothing to choose from in the filters; the inspector tells of the row's labels.
  await page.getByRole('complementary', { name: 'Inspector' }).getByText(name).waitFor();
}

/** Where the database is kept, as Settings says it. */
async function keptWhere(page: Page): Promise<string> {
  await toSettings(page);
  return page
    .locator('dt', { hasText: /^kept$/ })
    .locator('+ dd')
    .innerText();
}

/** Runs in the page: remembers words that an empty database shows, however shortly they were on screen. */
function watchForEmptiness(): void {
  const seen: string[] = [];
  Object.assign(window, { seen });
  new MutationObserver(() => {
    const text = document.body?.textContent ?? '';
    for (const words of ['No artifacts yet', 'Drop files anywhere on this page, or begin here'])
      if (text.includes(words) && !seen.includes(words)) seen.push(words);
  }).observe(document, { subtree: true, childList: true, characterData: true });
}
const emptiness = (page: Page) => page.evaluate(() => (window as unknown as { seen: string[] }).seen);

const calm = { console: [], page: [], csp: [], foreign: [], failed: [] };

describe('without synchronous file access', () => {
  test('files, annotations and undo live in IndexedDB and OPFS, survive a reload and a kill, and move when the browser has learnt; out of reach they are an error', async () => {
    const at = await address();
    const one = await give('one.csv', 'well,signal\nA1,1\nA2,2\n');
    const two = await give('two.txt', 'second\n');
    const shas = new Map([
      ['one.csv', one.sha],
      ['two.txt', two.sha],
    ]);

    let app = await at.open(lacking.sync);
    await opened(app.page);
    expect(await keptWhere(app.page)).toMatch(/IndexedDB after each change/);
    await showList(app.page);
    await drop(app.page, [one.path]);
    await dropSaved(app.page, 1);
    await label(app.page, 'one.csv', 'pilot');
    await app.page.reload();
    await row(app.page, 'one.csv').getByText('pilot').waitFor();
    await row(app.page, 'one.csv').locator('.key a').click();
    await app.page.locator('.preview').getByText('A2').waitFor();
    await app.page.keyboard.press('Control+z');
    await app.page
      .getByText(/^Undone/)
      .first()
      .waitFor();
    await showList(app.page);
    await row(app.page, 'one.csv').waitFor();
    await row(app.page, 'one.csv').getByText('pilot').waitFor({ state: 'detached' });
    await app.page.keyboard.press('Control+y');
    await row(app.page, 'one.csv').getByText('pilot').waitFor();

    // A power cut the moment the page says that the file is saved.
    await drop(app.page, [two.path]);
    await dropSaved(app.page, 1);
    expect(app.problems).toEqual(calm);
    await at.leave('kill');
    app = await at.open(lacking.sync);
    await listCounts(app.page, 2);
    await row(app.page, 'two.txt').waitFor();

    // Another tab, and on without the first.
    const other = await at.openTab();
    await listAnswered(other);
    await app.page.close();
    await listCounts(other, 2);
    await label(other, 'two.txt', 'late');
    const database = await readDatabase(other);
    expect(database.check).toBe('ok');
    const bytes = await storedBytes(other);
    expect([...bytes.keys()].sort()).toEqual(database.artifacts.map(storedPath).sort());
    for (const artifact of database.artifacts)
      expect([artifact.key, bytes.get(storedPath(artifact))]).toEqual([
        artifact.key,
        shas.get(artifact.key ?? ''),
      ]);

    // The same profile in a browser that has it all: the database moves into OPFS, once.
    app = await at.open(builtApp);
    await listCounts(app.page, 2);
    await row(app.page, 'two.txt').getByText('late').waitFor();
    expect(await keptWhere(app.page)).toMatch(/private file system/);
    expect(await checkInApp(app.page)).toMatch(/sound/);
    expect(
      await app.page.evaluate(async () =>
        (await indexedDB.databases())
          .map(({ name }) => name)
          .filter((name) => !/^loam-(shelf-|(?:attached|transfers|keys|device|signing)$)/.test(name ?? '')),
      ),
    ).toEqual([]);
    await showList(app.page);
    await label(app.page, 'one.csv', 'moved');

    // And back: what lies in OPFS cannot be opened here, nor anything where there is no storage at all. Either is said,
    // not hidden behind an empty list.
    for (const [dir, words] of [
      [lacking.sync, 'lies in this browser’s private file system'],
      [lacking.storage, 'has kept a database'],
    ] as const) {
      app = await at.open(dir, '/_app/version.json');
      await app.context.addInitScript(watchForEmptiness);
      for (const path of ['/', '/artifacts']) {
        await app.page.goto(new URL(path, app.page.url()).href);
        const said = app.page.getByRole('alert').filter({ hasText: 'The database is not open' });
        await said.filter({ hasText: words }).waitFor();
        expect(await emptiness(app.page)).toEqual([]);
      }
    }
    app = await at.open(builtApp);
    await listCounts(app.page, 2);
    await row(app.page, 'one.csv').getByText('moved').waitFor();
    await at.leave();
  });

  const long = process.env['LOAM_LONG'] === '1';
  const whyNot = long ? '' : ' (skipped: LOAM_LONG is needed)';
  test.runIf(long)(
    `a full disk is said while it lasts, and what was done meanwhile is kept once there is room${whyNot}`,
    async () => {
      const at = await address();
      // Chromium asks for the quota of IndexedDB when it is first used, and then not for a while.
      const first = await at.open(lacking.sync, '/_app/version.json');
      const { origin } = new URL(first.page.url());
      const session = await first.context.newCDPSession(first.page);
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_000_000 });
      const page = await at.openTab();
      await opened(page);
      await drop(page, [(await give('noted.csv', 'a\n1\n')).path]);
      await dropSaved(page, 1);
      await row(page, 'noted.csv').locator('.key a').click();
      await page.getByRole('link', { name: 'Note', exact: true }).click();
      const note = page.getByLabel('Note in Markdown');
      await note.fill(`# Long\n\n${randomBytes(1_000_000).toString('base64')}`);
      await page.keyboard.press('Control+s');
      const banner = page.getByRole('alert').filter({ hasText: 'The last changes are not kept yet' });
      await banner.filter({ hasText: /bytes are needed/ }).waitFor();
      await page.getByText('Last changes not kept yet', { exact: true }).waitFor();

      await session.send('Storage.overrideQuotaForOrigin', { origin });
      await banner.waitFor({ state: 'detached' });
      await opened(page);
      await at.leave('kill');
      const again = (await at.open(lacking.sync)).page;
      await row(again, 'noted.csv').locator('.key a').click();
      await again.getByRole('link', { name: 'Note', exact: true }).click();
      await expect.poll(() => noteText(again)).toMatch(/^# Long/);
      await at.leave();
    },
  );
});

describe('without any storage', () => {
  test('all works in memory under a loud banner, the export takes it along, and a lost database is said to be lost', async () => {
    const at = await address();
    const app = await at.open(lacking.storage, '/');
    const { page } = app;
    const banner = page.getByRole('alert').filter({ hasText: 'Not kept.' });
    await banner.filter({ hasText: 'gone when the tab closes' }).waitFor();
    await page.getByText('Not kept on this device').waitFor();
    await drop(page, [(await give('brief.csv', 'a,b\n1,2\n')).path]);
    await dropSaved(page, 1);
    await showList(page);
    await label(page, 'brief.csv', 'passing');
    expect(await keptWhere(page)).toBe('In memory only, not kept');

    await page.evaluate(() => Object.assign(window, { showSaveFilePicker: undefined }));
    const downloading = page.waitForEvent('download');
    await banner.getByRole('button', { name: 'Export the database' }).click();
    const file = await readFile(await (await downloading).path());
    expect(file.subarray(0, 15).toString()).toBe('SQLite format 3');
    const database = await readDatabase(page);
    expect([database.check, database.artifacts.map(({ key }) => key)]).toEqual(['ok', ['brief.csv']]);

    // Leaving asks first, since something would be lost.
    const asked = new Promise<string>((resolve) =>
      page.once('dialog', (dialog) => {
        resolve(dialog.type());
        void dialog.dismiss();
      }),
    );
    await page.close({ runBeforeUnload: true });
    expect(await asked).toBe('beforeunload');

    const other = await at.openTab();
    await row(other, 'brief.csv').waitFor();
    await other.evaluate(watchForEmptiness);
    expect(app.problems).toEqual(calm);
    await page.close();
    await other.getByRole('alert').filter({ hasText: 'The database is gone' }).waitFor();
    expect(await emptiness(other)).toEqual([]);
    await other.getByRole('button', { name: 'Begin anew' }).click();
    await other.getByText('No artifacts yet').waitFor();
    await other.getByRole('alert').filter({ hasText: 'Not kept.' }).waitFor();
    await at.leave();
  });
});
