// What the screens do for a person beside the main journey: a folder as files, the trash and back, notes and history,
// values of every simple dtype, one act for many annotations, and every route in both themes and at narrow widths.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropEnded, dropSaved, drop, listAnswered, listCounts, opened, storedBytes } from './app.ts';
import { axe, openApp, removeProfile, startServer, type OpenedApp } from './harness.ts';
import { noteText } from './notes.ts';

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
  page.setDefaultTimeout(20_000);
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
    const lines = await dropSaved(page, keys.length);
    expect(lines.map(({ key }) => key).sort()).toEqual(keys);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
  });

  it('values of every simple dtype are taken; a wrong one is refused in words and keeps the field', async () => {
    await open('plates/a.csv', 'annotations');
    const cases = [
      { name: 'cells', dtype: 'int', wrong: 'many', words: 'a whole number', right: '42', shown: '42' },
      { name: 'ratio', dtype: 'float', wrong: 'half', words: 'takes a number', right: '0.5', shown: '0.5' },
      { name: 'medium', dtype: 'str', wrong: null, words: '', right: 'RPMI', shown: 'RPMI' },
      {
        name: 'taken',
        dtype: 'date',
        wrong: '',
        words: 'needs a date',
        right: '2024-02-29',
        shown: '2024-02-29',
      },
      {
        name: 'read at',
        dtype: 'datetime',
        wrong: '',
        words: 'needs a date and time',
        right: '2024-02-29T10:30',
        shown: '2024-02-29',
      },
      {
        name: 'setup',
        dtype: 'dict',
        wrong: '[1]',
        words: 'takes a JSON object',
        right: '{"lane": 2}',
        shown: 'lane',
      },
      { name: 'tissue', dtype: 'cat[ULabel]', wrong: null, words: '', right: 'lung', shown: 'lung' },
      { name: 'passed', dtype: 'bool', wrong: null, words: '', right: 'true', shown: 'true' },
    ];
    for (const { name, dtype, wrong, words, right, shown } of cases) {
      await page.getByLabel('Feature', { exact: true }).fill(name);
      await page.getByLabel(`Type of ${name}`).selectOption(dtype);
      await page.getByRole('button', { name: 'Create feature' }).click();
      const value = page.getByLabel(`Value of ${name}`);
      // The focus leads on: what is typed next is the value, no command.
      await expect.poll(() => value.evaluate((field) => field === document.activeElement)).toBe(true);
      const save = page.locator('.new').getByRole('button', { name: 'Save' });
      if (wrong !== null) {
        await value.fill(wrong);
        await save.click();
        await page.getByRole('alert').filter({ hasText: words }).first().waitFor();
        expect(await value.inputValue()).toBe(wrong);
      }
      if (dtype === 'bool') await value.selectOption(right);
      else await value.fill(right);
      await save.click();
      await page.getByRole('button', { name: `Remove feature ${name}` }).waitFor();
      await page.getByRole('row').filter({ hasText: name }).filter({ hasText: shown }).waitFor();
      const next = page.getByLabel('Feature', { exact: true });
      await expect.poll(() => next.evaluate((field) => field === document.activeElement)).toBe(true);
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
    await sheet.getByRole('alert').getByText('cells takes a whole number; “many” is none.').waitFor();
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
    await expect.poll(() => noteText(page)).toBe('# Kept\n\nby hand');
    await page.getByRole('heading', { name: 'Kept' }).waitFor();
  });

  it('history puts an older description back, and a key with another suffix is refused', async () => {
    await open('plates/a.csv', 'annotations');
    const description = page.getByLabel('Description', { exact: true });
    let before = '';
    for (const text of ['first words', 'second words']) {
      await expect.poll(() => description.inputValue(), { message: 'the description shown' }).toBe(before);
      before = text;
      await description.fill(text);
      await description.press('Enter');
      await page.getByRole('link', { name: 'History' }).click();
      await page.locator('.change').getByText(text).first().waitFor();
      if (text === 'first words') await page.getByRole('link', { name: 'Annotations' }).click();
    }
    const change = page.getByRole('listitem').filter({ hasText: /first words\s*→\s*second words/ });
    await change.getByRole('button', { name: 'Put back description: first words' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Put back 1 value' }).click();
    await page.getByText('Put back 1 value').first().waitFor();
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
    await listCounts(page, keys.length);

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
    await listCounts(page, keys.length - 1);
  });

  it('what was deleted for good is said to be, by whom and when, with all that was done to it', async () => {
    await page.goto(server.url);
    await page.getByRole('button', { name: /^Show: Delete for good/ }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'plates/deep/c.txt' }).click();
    await page.getByRole('heading', { name: 'plates/deep/c.txt' }).waitFor();
    await page.getByRole('status').filter({ hasText: 'Deleted for good just now by anonymous' }).waitFor();
    // Whether this file was annotated before is another test's business.
    const history = async () =>
      (await page.locator('ol strong').allInnerTexts()).filter((title) => !title.includes('Annotate'));
    await expect
      .poll(history, { message: 'acts in the history of what is gone' })
      .toEqual([
        'Delete for good: Artifact plates/deep/c.txt',
        'Move to trash: plates/deep/c.txt',
        'Add 3 files',
      ]);
    expect(await page.getByRole('button', { name: 'Restore' }).count()).toBe(0);
    expect(await axe(page)).toEqual([]);
    const address = page.url();
    await page.goto(`${address.slice(0, -4)}`);
    await page.getByRole('heading', { name: 'plates/deep/c.txt' }).waitFor();
    await page.goto(`${server.url}/artifacts/${'x'.repeat(20)}`);
    await page.getByText('There is no such artifact').waitFor();
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
    await sheet
      .getByRole('heading', { name: new RegExp(`^${paths.length - cancelled} files? done$`) })
      .waitFor();
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

  it('panes are resized by mouse and by keys, reset by a double click, and stay as they were after a reload', async () => {
    await page.setViewportSize({ width: 1440, height: 860 });
    await list();
    await page.keyboard.press('j');
    const filters = page.getByRole('separator', { name: 'Width of the filters' });
    const inspector = page.getByRole('separator', { name: 'Width of the inspector' });
    const widths = async () => [
      Math.round((await page.getByRole('complementary', { name: 'Filters' }).boundingBox())?.width ?? 0),
      Math.round((await page.getByRole('complementary', { name: 'Inspector' }).boundingBox())?.width ?? 0),
    ];
    /** Panes are shares of their group, so a pixel may be lost to rounding. */
    const expectWidths = (left: number, right: number) =>
      expect
        .poll(async () => (await widths()).map((width, at) => Math.abs(width - [left, right][at]!) <= 2), {
          message: `filters ${left} px and inspector ${right} px wide`,
        })
        .toEqual([true, true]);
    await expectWidths(216, 360);

    const box = (await filters.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, 400);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 84, 400, { steps: 4 });
    await page.mouse.up();
    await expectWidths(300, 360);

    await inspector.focus();
    for (let at = 0; at < 5; at++) await page.keyboard.press('ArrowLeft');
    await expectWidths(300, 440);
    expect(await inspector.getAttribute('aria-valuetext')).toMatch(/^(439|440|441) pixels$/);
    expect(await axe(page)).toEqual([]);

    await page.reload();
    await listAnswered(page);
    await page.keyboard.press('j');
    await expectWidths(300, 440);
    // Pixels, not shares: a narrower window takes from the list.
    await page.setViewportSize({ width: 1200, height: 860 });
    await expectWidths(300, 440);
    await page.setViewportSize({ width: 1440, height: 860 });
    await filters.dblclick();
    await inspector.dblclick();
    await expectWidths(216, 360);
    await filters.focus();
    await page.keyboard.press('Home');
    await expectWidths(140, 360);
    await filters.dblclick();

    // What was put away stays away.
    await page.getByRole('button', { name: 'Hide filters' }).click();
    await page.getByRole('button', { name: 'Close the inspector' }).click();
    await page.reload();
    await listAnswered(page);
    await page.keyboard.press('j');
    expect(await page.getByRole('separator').count()).toBe(0);
    await page.getByRole('button', { name: 'Show filters' }).click();
    await page.getByRole('button', { name: 'Show the inspector' }).click();
    await expectWidths(216, 360);
    // Where there is no room for panes side by side there is nothing to drag.
    await page.setViewportSize({ width: 390, height: 800 });
    await page.getByRole('separator').first().waitFor({ state: 'detached' });
  });

  it('[row 103] every route is accessible in both themes and usable at 390 px and at 200 % zoom', async () => {
    await open('plates/a.csv', 'preview');
    const artifact = new URL(page.url()).pathname;
    const tabs = ['preview', 'annotations', 'lineage', 'versions', 'note', 'history'];
    const asked = encodeURIComponent('select uid, key, size from lamindb_artifact');
    const query = [`/query?sql=${asked}`, `/query?sql=${asked}&tab=plan`];
    const routes = [
      '/',
      '/artifacts',
      '/changes/log',
      '/trash',
      '/settings',
      '/query',
      ...query,
      ...tabs.map((tab) => `${artifact}?tab=${tab}`),
    ];
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
      if (route.startsWith('/query?')) {
        // Run once, it runs by itself the next time.
        await page.getByRole('button', { name: /^Run/ }).click();
        await page.getByRole(route.endsWith('plan') ? 'region' : 'grid', { name: /Plan|Rows/ }).waitFor();
      }
      if (route.startsWith(artifact))
        await page.getByRole('navigation', { name: 'Parts of this artifact' }).waitFor();
      for (const size of sizes) {
        await page.setViewportSize(size);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(wide, `${route} at ${size.width} px scrolls sideways`).toBeLessThanOrEqual(0);
        // Colours do not follow the width: the long form looks at all of them all the same.
        const dark = size.width === 1280 || process.env.LOAM_LONG === '1';
        for (const colorScheme of dark ? (['light', 'dark'] as const) : (['light'] as const)) {
          await page.emulateMedia({ colorScheme });
          expect(await axe(page), `${route} at ${size.width} px, ${colorScheme}`).toEqual([]);
        }
      }
    }
    expect(app.problems).toEqual({ console: [], page: [], csp: [], foreign: [], failed: [] });
  });
});
