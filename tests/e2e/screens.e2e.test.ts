// What the screens do for a person beside the main journey: a folder as files, the trash and back, notes and history,
// values of every simple dtype, one act for many annotations, and every route in both themes and at narrow widths.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropEnded, drop, listAnswered, listTotal, opened, storedBytes } from './app.ts';
import { axe, openApp, removeProfile, startServer, type OpenedApp } from './harness.ts';

let server: Awaited<ReturnType<typeof startServer>>;
let folder = '';
let app: OpenedApp;
let page: Page;

const FILES = {
  'plates/a.csv': 'well,signal\nA1,1\nA2,2\n',
  'plates/deep/b.txt': 'second file\n',
  'plates/deep/c.txt': 'third file\n',
};
const keys = Object.keys(FILES);

const listRow = (key: string) => page.getByRole('row').filter({ has: page.getByRole('link', { name: key }) });

async function list(search = ''): Promise<void> {
  await page.goto(`${server.url}/artifacts${search}`);
  await listAnswered(page);
}
async function open(key: string, tab: string): Promise<void> {
  await list();
  const href = await page.getByRole('link', { name: key, exact: true }).getAttribute('href');
  await page.goto(`${server.url}${href}?tab=${tab}`);
  await page.getByRole('navigation', { name: 'Parts of this artifact' }).waitFor();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loam-screens-'));
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  server = await startServer();
  app = await openApp({ url: server.url });
  ({ page } = app);
  page.setDefaultTimeout(8_000);
  await opened(page);
});

afterAll(async () => {
  await app?.close().catch(() => {});
  if (app) await removeProfile(app.profile);
  await server?.close().catch(() => {});
  await rm(folder, { recursive: true, force: true });
});

describe.sequential('the screens', () => {
  it('a folder kept file by file gives one artifact each, with the folder in its key', async () => {
    await drop(page, [join(folder, 'plates')]);
    await page
      .getByRole('group', { name: /plates/ })
      .getByLabel(/Each file becomes an artifact/)
      .check();
    await page.getByRole('button', { name: 'Save them' }).click();
    const lines = await dropEnded(page, keys.length);
    expect(lines.map(({ key }) => key).sort()).toEqual(keys);
    expect(lines.filter(({ uid }) => uid === null)).toEqual([]);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
  });

  it('values of every simple dtype are taken; a wrong one is refused in words and keeps the field', async () => {
    await open('plates/a.csv', 'annotations');
    const cases = [
      { name: 'cells', dtype: 'int', wrong: 'many', right: '42', shown: '42' },
      { name: 'ratio', dtype: 'float', wrong: 'half', right: '0.5', shown: '0.5' },
      { name: 'medium', dtype: 'str', wrong: null, right: 'RPMI', shown: 'RPMI' },
      { name: 'taken', dtype: 'date', wrong: '', right: '2024-02-29', shown: '2024-02-29' },
      { name: 'read at', dtype: 'datetime', wrong: '', right: '2024-02-29T10:30', shown: '2024-02-29' },
      { name: 'setup', dtype: 'dict', wrong: '[1]', right: '{"lane": 2}', shown: 'lane' },
      { name: 'tissue', dtype: 'cat[ULabel]', wrong: null, right: 'lung', shown: 'lung' },
      { name: 'passed', dtype: 'bool', wrong: null, right: 'true', shown: 'true' },
    ];
    for (const { name, dtype, wrong, right, shown } of cases) {
      await page.getByLabel('Feature', { exact: true }).fill(name);
      await page.getByLabel(`Type of ${name}`).selectOption(dtype);
      await page.getByRole('button', { name: 'Create feature' }).click();
      const value = page.getByLabel(`Value of ${name}`);
      await value.waitFor();
      const save = page.locator('.new').getByRole('button', { name: 'Save' });
      if (wrong !== null) {
        await value.fill(wrong);
        await save.click();
        const said = await page.getByRole('alert').first().innerText();
        expect(said).toContain(dtype);
        expect(await value.inputValue()).toBe(wrong);
      }
      if (dtype === 'bool') await value.selectOption(right);
      else await value.fill(right);
      await save.click();
      await page.getByRole('button', { name: `Remove feature ${name}` }).waitFor();
      expect(await page.getByRole('row').filter({ hasText: name }).innerText()).toContain(shown);
    }
    await page.getByRole('button', { name: 'Remove feature medium' }).click();
    await page.getByRole('button', { name: 'Remove feature medium' }).waitFor({ state: 'detached' });
  });

  it('a label, a project and a description given together are one act and one undo; a wrong one gives nothing', async () => {
    await list();
    await page.keyboard.press('j');
    await page.keyboard.press('e');
    const sheet = page.getByRole('dialog');
    // The first field has the focus: a person types at once.
    await expect
      .poll(() => sheet.getByLabel('Labels').evaluate((field) => field === document.activeElement))
      .toBe(true);
    await page.keyboard.type('together');
    await page.keyboard.press('Enter');
    await sheet.getByLabel('Project').fill('Screens');
    await page.keyboard.press('Enter');
    await sheet.getByLabel('Feature name').fill('cells');
    await sheet.getByLabel('Value of cells').fill('many');
    await sheet.getByRole('button', { name: /^Apply/ }).click();
    await sheet.getByRole('alert').waitFor();
    const filters = page.getByRole('complementary', { name: 'Filters' });
    expect(await filters.getByText('together').count()).toBe(0);
    await sheet.getByLabel('Value of cells').fill('7');
    await sheet.getByRole('button', { name: /^Apply/ }).click();
    await sheet.waitFor({ state: 'hidden' });
    await filters.getByText('together').waitFor();
    await filters.getByText('Screens').waitFor();
    await page.keyboard.press('Control+z');
    await filters.getByText('together').waitFor({ state: 'detached' });
    await filters.getByText('Screens').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+y');
    await filters.getByText('Screens').waitFor();
  });

  it('a note saved with Ctrl S outlives a reload', async () => {
    await open('plates/a.csv', 'note');
    const note = page.getByLabel('Note in Markdown');
    await note.fill('# Kept\n\nby hand');
    await page.keyboard.press('Control+s');
    await page.getByText(/^Saved .* by/).waitFor();
    await page.reload();
    await expect.poll(() => note.inputValue()).toBe('# Kept\n\nby hand');
    await page.getByRole('heading', { name: 'Kept' }).waitFor();
  });

  it('history puts an older description back, and a key with another suffix is refused', async () => {
    await open('plates/a.csv', 'annotations');
    const description = page.getByLabel('Description', { exact: true });
    for (const text of ['first words', 'second words']) {
      await description.fill(text);
      await description.press('Enter');
      await page.getByRole('link', { name: 'History' }).click();
      await page.locator('.change').getByText(text).first().waitFor();
      if (text === 'first words') await page.getByRole('link', { name: 'Annotations' }).click();
    }
    const change = page.getByRole('listitem').filter({ hasText: /first words\s*→\s*second words/ });
    await change.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Put the old values back').waitFor();
    await page.getByRole('link', { name: 'Annotations' }).click();
    await expect.poll(() => description.inputValue()).toBe('first words');

    await page.getByRole('button', { name: 'Change the key' }).click();
    const key = page.getByLabel('Key', { exact: true });
    await key.fill('plates/a.tsv');
    await key.press('Enter');
    await page
      .getByRole('alert')
      .getByText(/suffix/)
      .waitFor();
    expect(await key.inputValue()).toBe('plates/a.tsv');
    await key.press('Escape');
  });

  it('the trash gives back what was deleted, and deletes for good with its bytes', async () => {
    await list('?q=b.txt');
    await listRow('plates/deep/b.txt').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Delete');
    await listRow('plates/deep/b.txt').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Trash' }).click();
    await listRow('plates/deep/b.txt').waitFor();
    await page.keyboard.press('j');
    const inspector = page.getByRole('complementary', { name: 'Inspector' });
    await inspector.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('The trash is empty').waitFor();
    await list();
    expect(await listTotal(page)).toBe(keys.length);

    await list('?q=c.txt');
    await listRow('plates/deep/c.txt').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Delete');
    await listRow('plates/deep/c.txt').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Trash' }).click();
    await listRow('plates/deep/c.txt').waitFor();
    const before = [...(await storedBytes(page)).keys()];
    await page.keyboard.press('j');
    await page.keyboard.press('Delete');
    await page.getByRole('dialog').getByText('exist only on this device').waitFor();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Delete/ })
      .click();
    await page.getByText('The trash is empty').waitFor();
    await expect.poll(async () => (await storedBytes(page)).size).toBe(before.length - 1);
    await list();
    expect(await listTotal(page)).toBe(keys.length - 1);
  });

  it('files cancelled on their way are not called done', async () => {
    const paths: string[] = [];
    for (let at = 0; at < 40; at++) {
      const path = join(folder, `cancel-${at}.bin`);
      await writeFile(path, Buffer.alloc(3_000_000, at));
      paths.push(path);
    }
    await drop(page, paths);
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    const lines = await dropEnded(page, paths.length);
    const cancelled = lines.filter(({ words }) => words === 'Cancelled').length;
    expect(cancelled).toBeGreaterThan(0);
    const sheet = page.getByRole('region', { name: 'Added files' });
    expect(await sheet.getByRole('heading').innerText()).toMatch(
      new RegExp(`^${paths.length - cancelled} files? done$`),
    );
    await sheet.getByText(`${cancelled} cancelled`).waitFor();
    await sheet.getByRole('button', { name: 'Clear' }).click();
  });

  it('Ctrl K marks what stands first, so that Enter opens the artifact searched for', async () => {
    await page.goto(server.url);
    await opened(page);
    await page.keyboard.press('Control+k');
    const marked = page.getByRole('option', { selected: true });
    await expect.poll(() => marked.allInnerTexts()).not.toEqual(['Add files']);
    await page.keyboard.type('a.csv');
    await expect.poll(async () => (await marked.allInnerTexts()).join()).toContain('plates/a.csv');
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Parts of this artifact' }).waitFor();
  });

  it('every route is accessible in both themes and usable at 390 px and at 200 % zoom', async () => {
    await open('plates/a.csv', 'preview');
    const artifact = new URL(page.url()).pathname;
    const tabs = ['preview', 'annotations', 'lineage', 'versions', 'note', 'history'];
    const routes = ['/', '/artifacts', '/settings', ...tabs.map((tab) => `${artifact}?tab=${tab}`)];
    // 200 % zoom of 1440 × 860 is a viewport of half the CSS pixels.
    const sizes = [
      { width: 1280, height: 800 },
      { width: 720, height: 430 },
      { width: 390, height: 800 },
    ];
    for (const route of routes) {
      await page.goto(server.url + route);
      await page.locator('main').waitFor();
      await opened(page);
      if (route === '/artifacts') await listAnswered(page);
      if (route.startsWith(artifact))
        await page.getByRole('navigation', { name: 'Parts of this artifact' }).waitFor();
      for (const size of sizes) {
        await page.setViewportSize(size);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(wide, `${route} at ${size.width} px scrolls sideways`).toBeLessThanOrEqual(0);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect(await axe(page), `${route} at ${size.width} px, ${colorScheme}`).toEqual([]);
        }
      }
    }
    expect(app.problems).toEqual({ console: [], page: [], csp: [], foreign: [], failed: [] });
  });
});
