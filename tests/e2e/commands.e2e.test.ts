// Everything by name and by key: the palette over objects and commands, the key map, and every part of every screen
// within reach of the keyboard.
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS, PLACES } from '../../src/lib/client/commands.ts';
import { dropSaved, listAnswered, opened } from './app.ts';
import { axe, openApp, removeProfile, startServer, type OpenedApp } from './harness.ts';

const images = new URL('../../docs/images/', import.meta.url).pathname;
let server: Awaited<ReturnType<typeof startServer>>;
let app: OpenedApp;
let page: Page;

const palette = () => page.getByRole('dialog', { name: 'Search and commands' });
const marked = async () => (await palette().getByRole('option', { selected: true }).allInnerTexts()).join();
const options = () => palette().getByRole('option').allInnerTexts();

async function find(words: string): Promise<void> {
  // It closes once what was chosen has run; who opens it again sees it closed first.
  await palette().waitFor({ state: 'hidden' });
  await page.keyboard.press('Control+k');
  // A loaded machine shows the palette before it puts the cursor into it.
  await palette().locator('input:focus').waitFor();
  await page.keyboard.type(words);
}

beforeAll(async () => {
  server = await startServer();
  app = await openApp({ url: server.url });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
});

afterAll(async () => {
  await app?.close().catch(() => {});
  if (app) await removeProfile(app.profile);
  await server?.close().catch(() => {});
});

describe.sequential('the palette', () => {
  it('[row 102] finds objects of every registry, and goes to them', async () => {
    await page.getByRole('button', { name: /sample lab/i }).click();
    await dropSaved(page, 10);
    await page.keyboard.press('Escape');
    // A feature, made where it is used.
    await page.goto(`${server.url}/artifacts?q=protocol`);
    await page.getByRole('link', { name: 'sample-lab/protocol.json' }).first().click();
    await page.getByRole('link', { name: 'Annotations' }).click();
    await page.getByLabel('Feature', { exact: true }).fill('temperature');
    await page.getByRole('button', { name: 'Create feature' }).click();
    await page.getByLabel('Value of temperature').fill('warm');
    await page.locator('.new').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Remove feature temperature' }).waitFor();
    await page.goto(server.url);
    await opened(page);

    await find('donor-2');
    await expect.poll(marked).toContain('sample-lab/counts/donor-2.csv');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /donor-2/ }).waitFor();

    await find('sample lab');
    await expect.poll(options).toEqual(expect.arrayContaining([expect.stringMatching(/^Sample lab/)]));
    await palette().getByRole('group', { name: 'Projects' }).getByRole('option').click();
    await page.getByRole('heading', { level: 1, name: 'Sample lab' }).waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/r\/project\//);

    // Any registry: a storage location by its root, a feature, and from there to what carries it.
    await find('temperature');
    await expect.poll(marked).toMatch(/^temperature/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'temperature' }).waitFor();
    for (const part of ['Hierarchy', /^Used in/]) {
      await page.keyboard.press(']');
      await page.getByRole('link', { name: part }).and(page.locator('[aria-current=page]')).waitFor();
    }
    await page.getByRole('link', { name: 'Artifacts with a value of temperature' }).click();
    await listAnswered(page);
    await expect.poll(() => page.locator('.list .total').innerText()).toBe('1');
    await expect
      .poll(async () => (await page.getByRole('row').allInnerTexts()).join('\n'))
      .toMatch(/protocol\.json[^]*warm/);
  });

  it('[row 102] runs commands of everywhere and of the screen, with their keys beside them', async () => {
    await page.goto(`${server.url}/query?sql=${encodeURIComponent('select 1')}`);
    await page.getByRole('treeitem').first().waitFor();
    // A source of ontologies speaks of plants; the command is called so.
    await find('plan');
    await expect.poll(marked).toMatch(/Show the plan\s*p$/);
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Plan' }).waitFor();
    await find('dark');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    await find('theme of the system');
    await page.keyboard.press('Enter');
    await find('trash');
    await expect.poll(marked).toMatch(/^Go to the trash/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Trash', exact: true }).waitFor();
    // A row of any registry is made from anywhere.
    await find('new cell t');
    await expect.poll(marked).toBe('New cell type');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: /cell type/i }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(page.url()).toBe(`${server.url}/r/bionty-celltype`);
    await find('open a lamin');
    await expect.poll(marked).toBe('Open a LaminDB file');
    await page.keyboard.press('Escape');
    // Commands of other screens are not offered where they could do nothing.
    await find('show the plan');
    await expect.poll(options).toEqual([]);
    await page.getByText('Nothing is called “show the plan”.').waitFor();
    await page.keyboard.press('Escape');
  });

  it('[row 102] begins with what was used lately, also after a reload', async () => {
    await page.goto(server.url);
    await opened(page);
    await page.keyboard.press('Control+k');
    const recent = palette().getByRole('group', { name: 'Recent' }).getByRole('option');
    await expect.poll(async () => (await recent.allInnerTexts())[0]).toMatch(/^Go to the trash/);
    expect((await recent.allInnerTexts()).join('\n')).toMatch(/donor-2\.csv/);
    await page.screenshot({ path: join(images, 'palette.png') });
    expect(await axe(page)).toEqual([]);
    // Among what fits the words, too.
    await page.keyboard.type('sample-lab');
    await expect.poll(marked).toMatch(/donor-2\.csv|protocol\.json/);
    await page.keyboard.press('Escape');
  });
});

describe.sequential('the keyboard', () => {
  it('[row 103] ? shows every key of every screen, and finds one by words', async () => {
    await page.goto(`${server.url}/query`);
    await page.getByRole('treeitem').first().waitFor();
    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog', { name: 'Keys' });
    await sheet.waitFor();
    const headings = await sheet.getByRole('heading', { level: 3 }).allInnerTexts();
    expect(headings[0]).toBe('Query');
    expect([...headings].sort()).toEqual([...PLACES].sort());
    const text = await sheet.innerText();
    for (const { does, keys } of Object.values(COMMANDS)) if (keys.length > 0) expect(text).toContain(does);
    await page.screenshot({ path: join(images, 'keys.png') });
    expect(await axe(page)).toEqual([]);
    await page.keyboard.type('undo');
    await expect.poll(() => sheet.getByRole('definition').allInnerTexts()).toEqual(['Undo the last act']);
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
  });

  it('[row 103] a question is asked, read and followed without a mouse', async () => {
    await page.goto(server.url);
    await opened(page);
    await page.keyboard.press('4');
    await page.getByRole('treeitem').first().waitFor();
    // The tree: find a table, open it, put names into the statement.
    await page.keyboard.press('e');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('select uid, key from ');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('lamindb_artifact');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type(' order by key');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => page.locator('#query-status').innerText()).toMatch(/^10 rows/);
    await page.keyboard.press('Tab');
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /donor-1/ }).waitFor();
    await page.keyboard.press(']');
    await page
      .getByRole('link', { name: /^Annotations/ })
      .and(page.locator('[aria-current]'))
      .waitFor();
    await page.keyboard.press('e');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('2');
    await listAnswered(page);
  });

  it('[row 103] Tab reaches every link, button and field of every screen, and none holds it', async () => {
    const routes = [
      '/',
      '/artifacts',
      '/changes/log',
      '/trash',
      '/settings',
      '/query?sql=select%20uid%20from%20lamindb_artifact',
    ];
    for (const route of routes) {
      await page.goto(server.url + route);
      await page.locator('main').waitFor();
      await opened(page);
      if (route === '/artifacts') await listAnswered(page);
      if (route.startsWith('/query')) await page.getByRole('treeitem').first().waitFor();
      const wanted = await page.evaluate(() => {
        const all = document.querySelectorAll<HTMLElement>(
          'a[href], button:not(:disabled), input, select, textarea, [contenteditable=true], [tabindex="0"]',
        );
        let n = 0;
        for (const element of all)
          if (element.tabIndex >= 0 && element.checkVisibility() && !element.closest('[data-sonner-toaster]'))
            element.dataset['reach'] = String(n++);
        (document.activeElement as HTMLElement | null)?.blur();
        return n;
      });
      const reached = new Set<string>();
      for (let i = 0; i < wanted + 10 && reached.size < wanted; i++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => (document.activeElement as HTMLElement)?.dataset['reach']);
        if (at !== undefined) reached.add(at);
      }
      const missed = await page.evaluate(
        (seen) =>
          [...document.querySelectorAll<HTMLElement>('[data-reach]')]
            .filter((element) => !seen.includes(element.dataset['reach'] ?? ''))
            // Of a group of radio buttons one is reached, the others by arrows.
            .filter((element) => element.getAttribute('type') !== 'radio')
            .map((element) => element.outerHTML.slice(0, 120)),
        [...reached],
      );
      expect([route, missed]).toEqual([route, []]);
    }
    expect(app.problems).toEqual({ console: [], page: [], csp: [], foreign: [], failed: [] });
  });
});
