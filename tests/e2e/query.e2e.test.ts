// The SQL console as a person uses it: completion, rows, plan, history and address; and as a hostile statement finds it:
// refused, stopped, cancelled, while other tabs go on reading and writing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropSaved, listAnswered, opened } from './app.ts';
import { axe, openApp, removeProfile, startServer, type OpenedApp } from './harness.ts';

const images = new URL('../../docs/images/', import.meta.url).pathname;
let server: Awaited<ReturnType<typeof startServer>>;
let app: OpenedApp;
let page: Page;

const numbers = (n: number, columns = 'i') =>
  `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${n}) select ${columns} from n`;
/** Longer than any test waits: one step that yields no row. */
const bomb =
  'select count(*) from sqlite_schema a, sqlite_schema b, sqlite_schema c, sqlite_schema d, sqlite_schema e';

const status = (on: Page) => on.locator('#query-status');
const editor = (on: Page) => on.getByRole('textbox', { name: 'SQL statement' });

async function write(sql: string, on = page): Promise<void> {
  await editor(on).click();
  await on.keyboard.press('Control+a');
  await on.keyboard.insertText(sql);
}
async function ask(sql: string, on = page): Promise<void> {
  await write(sql, on);
  await on.keyboard.press('Control+Enter');
}
/** Milliseconds that a statement may take, as this device remembers it. */
async function allow(ms: number): Promise<void> {
  await page.evaluate((limit) => localStorage.setItem('loam.sql.limit', String(limit)), ms);
  await page.goto(`${server.url}/query`);
  await editor(page).waitFor();
}
const told = (words: RegExp, on = page) =>
  expect
    .poll(() => status(on).innerText(), { timeout: 20_000, message: 'what the console says' })
    .toMatch(words);
const cells = (on = page) => on.getByRole('gridcell').allInnerTexts();

beforeAll(async () => {
  server = await startServer();
  app = await openApp({ url: server.url });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
  await app.context.grantPermissions(['clipboard-read', 'clipboard-write']);
});

afterAll(async () => {
  await app?.close().catch(() => {});
  if (app) await removeProfile(app.profile);
  await server?.close().catch(() => {});
});

describe.sequential('the SQL console', () => {
  it('[row 13] begins with three questions; each gets an answer', async () => {
    await page.getByRole('button', { name: /sample lab/i }).click();
    await dropSaved(page, 10);
    await page.goto(`${server.url}/query`);
    await page.getByRole('treeitem', { name: 'lamindb_artifact', exact: true }).waitFor();
    const questions = page.locator('.start button');
    expect(await questions.count()).toBe(3);
    for (let at = 2; at >= 0; at--) {
      await questions.nth(at).click();
      await told(/^\d+ rows?, \d/);
      if (at === 0) break;
      await editor(page).click();
      await page.keyboard.press('Control+a');
      await page.keyboard.press('Delete');
      await page.goto(`${server.url}/query`);
    }
    expect(await cells()).toEqual(expect.arrayContaining(['sample-lab/samples.csv', 'sample lab']));
    await page.screenshot({ path: join(images, 'query.png') });
    expect(await axe(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.getByRole('link', { name: 'Plan' }).click();
    await page.getByRole('region', { name: 'Plan' }).waitFor();
    await page.screenshot({ path: join(images, 'query-plan-dark.png') });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.getByRole('link', { name: 'Rows' }).click();
  });

  it('[row 13] completes tables, columns by alias, and the foreign key after ON', async () => {
    await write('');
    // What has only just been offered is not taken: the key may have been meant for the text.
    const offered = async (name: string) => {
      await page.locator('.cm-tooltip-autocomplete').getByText(name, { exact: true }).waitFor();
      await page.waitForTimeout(150);
    };
    await page.keyboard.type('select a.key, u.handle from lamindb_art');
    await offered('lamindb_artifact');
    await page.keyboard.press('Enter');
    await page.keyboard.type(' a join lamindb_us');
    await offered('lamindb_user');
    await page.keyboard.press('Tab');
    await page.keyboard.type(' u on ');
    await offered('a.created_by_id = u.id');
    await page.keyboard.press('Enter');
    await page.keyboard.type(' order by a.si');
    await offered('size');
    await page.screenshot({ path: join(images, 'query-completion.png') });
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Enter');
    await told(/^10 rows/);
    expect(await editor(page).innerText()).toBe(
      'select a.key, u.handle from lamindb_artifact a join lamindb_user u on a.created_by_id = u.id order by a.size',
    );
  });

  it('[row 13] the tree shows types and keys and puts names into the statement', async () => {
    await write('select  from lamindb_project');
    await page.getByLabel('Find a file, table or column').fill('project');
    const table = page.getByRole('treeitem', { name: 'lamindb_project', exact: true });
    await table.click();
    const column = page.getByRole('treeitem', { name: /^start_date/ });
    expect(await column.innerText()).toMatch(/date/);
    expect(
      await page
        .getByRole('treeitem', { name: /^created_by_id/ })
        .first()
        .getAttribute('title'),
    ).toContain('lamindb_user.id');
    await editor(page).click();
    await page.keyboard.press('Home');
    for (let i = 0; i < 7; i++) await page.keyboard.press('ArrowRight');
    await column.click();
    expect(await editor(page).innerText()).toBe('select start_date from lamindb_project');
    await page.getByLabel('Find a file, table or column').fill('');
  });

  it('[row 13] shows rows with their types, a thousand at first, more on demand, and all of them as CSV', async () => {
    await ask(numbers(2500, "i, i * 1.0 as r, 9007199254740993 as big, x'00ff' as b, null as n"));
    await told(/^First 1,000 rows, .* There are more\./);
    expect((await cells()).slice(0, 5)).toEqual(['1', '1.0', '9007199254740993', '2 bytes blob', 'null']);
    expect(await page.getByRole('columnheader').allInnerTexts()).toContain('big\ninteger');
    // Only what is in sight exists.
    expect(await page.getByRole('row').count()).toBeLessThan(120);
    await page.keyboard.press('Escape');
    await page.keyboard.press('m');
    await told(/^First 2,000 rows/);
    await page.keyboard.press('m');
    await told(/^2,500 rows/);
    await page.keyboard.press('Control+End');
    await page.getByText('2,500', { exact: true }).waitFor();

    await page.evaluate(() => Object.assign(window, { showSaveFilePicker: undefined }));
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const lines = (await readFile(await (await downloading).path(), 'utf8')).split('\r\n');
    expect(lines[0]).toBe('i,r,big,b,n');
    expect(lines[2500]).toBe("2500,2500.0,9007199254740993,x'00ff',");
    expect(lines.length).toBe(2502);
    await page.getByText('2,500 rows downloaded').waitFor();
  });

  it('[row 13] cells are walked, copied with tabs between, and opened; uids lead to their artifact', async () => {
    await ask("select key, uid, 'two' || char(10) || 'lines' as t from lamindb_artifact order by key");
    await told(/^10 rows/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+c');
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('sample-lab/README.md');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Control+c');
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toBe('sample-lab/README.md\nsample-lab/counts/donor-1.csv');
    await page.getByRole('button', { name: 'Copy rows' }).click();
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toBe('key\nsample-lab/README.md\nsample-lab/counts/donor-1.csv');
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('two\nlines').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('grid').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Parts of this artifact' }).waitFor();
    await page.goBack();
    await told(/^10 rows/);
  });

  it('[row 13] the statement is in the address, the history keeps it, and the plan tells how it is done', async () => {
    const sql = 'select count(*) as n from lamindb_artifact';
    await ask(sql);
    await told(/^1 row,/);
    expect(new URL(page.url()).searchParams.get('sql')).toBe(sql);
    await page.getByRole('link', { name: 'Plan' }).click();
    await page
      .getByRole('region', { name: 'Plan' })
      .getByText(/SCAN lamindb_artifact/)
      .waitFor();
    // What ran here runs again after a reload; a stranger's statement waits.
    await page.goto(`${server.url}/query?sql=${encodeURIComponent(sql)}`);
    await told(/^1 row,/);
    await page.goto(`${server.url}/query?sql=${encodeURIComponent('select 41 + 1')}`);
    await page.getByRole('heading', { name: 'Not run yet' }).waitFor();
    expect(await editor(page).innerText()).toBe('select 41 + 1');
    expect(await page.getByRole('grid').count()).toBe(0);
    await page.getByRole('button', { name: 'History' }).click();
    await page.getByRole('button', { name: sql }).click();
    await told(/^1 row,/);
    await page.goBack();
    await expect.poll(() => editor(page).innerText()).toBe('select 41 + 1');
    await page.getByRole('button', { name: 'Tables', exact: true }).click();
  });

  it('[row 13] of several statements the one at the cursor runs, or what is selected', async () => {
    await write('select 1 as one; select 2 as two');
    await page.keyboard.press('Home');
    await page.keyboard.press('Control+Enter');
    await told(/^1 row,/);
    expect(await cells()).toEqual(['1']);
    await editor(page).click();
    await page.keyboard.press('End');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => cells()).toEqual(['2']);
  });

  it('[row 13] what writes is refused, and errors stand at their place, in words', async () => {
    const refused: [sql: string, words: RegExp][] = [
      ["update lamindb_artifact set key = 'x'", /"UPDATE" is refused.*only reads/],
      ['with x as (select 1) delete from lamindb_artifact', /delete from "lamindb_artifact"/],
      ['create temp table t(a)', /"CREATE" is refused/],
      ["attach 'x.db' as x", /"ATTACH" is refused/],
      ['pragma writable_schema = on', /PRAGMA writable_schema/],
      ['select randomblob(1000000000)', /longer than 32 MiB/],
      ['select kye from lamindb_artifact', /no such column: kye. Did you mean key\?.*line 1, column 8/],
      ['select *\nfrom lamindb_artifac', /no such table.*Did you mean lamindb_artifact\?/],
    ];
    for (const [sql, words] of refused) {
      await ask(sql);
      await told(words);
    }
    await ask('select kye from lamindb_artifact');
    await expect.poll(() => page.locator('.sql-wrong').allInnerTexts()).toEqual(['kye']);
    await page.screenshot({ path: join(images, 'query-error.png') });
    await page.getByRole('button', { name: 'key', exact: true }).click();
    expect(await editor(page).innerText()).toBe('select key from lamindb_artifact');
    await page.keyboard.press('Control+Enter');
    await told(/^10 rows/);
    await ask('select count(*) from lamindb_artifact');
    await told(/^1 row/);
    expect(await cells()).toEqual(['10']);
  });

  it('[row 13] a statement without end is cancelled by Ctrl . within its only step', async () => {
    await ask(bomb);
    await told(/^Running/);
    await page.waitForTimeout(700);
    await page.keyboard.press('Control+.');
    await told(/was cancelled/);
    await ask('select 1');
    await told(/^1 row/);
  });

  it('[row 13] its time ends it; more time is offered', async () => {
    await allow(1000);
    await ask(bomb);
    await told(/stopped after 1 s/);
    await page.getByRole('button', { name: 'Allow 10 s and run again' }).waitFor();
  });

  it('[row 13] while one tab runs it, others read and write, and a new tab opens', async () => {
    await allow(600_000);
    const other = await app.context.newPage();
    other.setDefaultTimeout(20_000);
    await other.goto(`${server.url}/artifacts`);
    await listAnswered(other);
    await ask(bomb);
    await told(/^Running/);
    await other.getByRole('searchbox', { name: 'Search artifacts' }).fill('donor-2');
    await expect.poll(() => other.locator('.list .total').innerText()).toMatch(/^1 of 10/);
    await other.keyboard.press('Escape');
    await other.keyboard.press('j');
    await other.keyboard.press('e');
    await other.getByRole('dialog').getByLabel('Labels').fill('beside');
    await other.keyboard.press('Enter');
    await other
      .getByRole('dialog')
      .getByRole('button', { name: /^Apply/ })
      .click();
    await other.getByText('Annotated').first().waitFor();
    const third = await app.context.newPage();
    await third.goto(`${server.url}/artifacts`);
    await opened(third);
    expect(await status(page).innerText()).toMatch(/^Running/);
    await third.close();
    await other.close();
    await page.keyboard.press('Control+.');
    await told(/was cancelled/);
    await ask("select count(*) from lamindb_ulabel where name = 'beside'");
    await told(/^1 row/);
    expect(await cells()).toEqual(['1']);
  });

  it('[row 13] a call that nothing can interrupt costs the worker, and nothing that was saved', async () => {
    const other = await app.context.newPage();
    other.setDefaultTimeout(30_000);
    await other.goto(`${server.url}/artifacts`);
    await listAnswered(other);
    await ask("select instr(hex(zeroblob(8000000)), hex(zeroblob(4000000)) || '1')");
    await told(/^Running/);
    await page.waitForTimeout(500);
    await page.keyboard.press('Control+.');
    await expect
      .poll(() => status(page).innerText(), { timeout: 30_000, message: 'what the console says' })
      .toMatch(/could not be interrupted.*Nothing that was saved is lost/);
    await ask("select count(*) from lamindb_artifact where uid <> ''");
    await told(/^1 row/);
    expect(await cells()).toEqual(['10']);
    await other.getByRole('searchbox', { name: 'Search artifacts' }).fill('donor-1');
    await expect.poll(() => other.locator('.list .total').innerText()).toMatch(/^1 of 10/);
    await other.close();
    expect(app.problems).toEqual({ console: [], page: [], csp: [], foreign: [], failed: [] });
  });
});
