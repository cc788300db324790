// History as a person meets it: the timeline of a page, single values and whole states put back; the database as of a moment in all
// tabs, and back; the audit log; trash and archive.
import type { Page } from 'playwright-core';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { opened, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

const images = fileURLToPath(new URL('../../docs/images', import.meta.url));

let suite: Suite;
let app: OpenedApp;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('history', 860);
  app = await suite.open({ path: '/r/ulabel' });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
});
afterAll(() => suite?.end());

const sheet = (on = page) => on.getByRole('dialog');
const tab = (name: string) =>
  page.getByRole('navigation', { name: /^Parts of this/ }).getByRole('link', { name });
const acts = (on = page) => on.getByRole('list', { name: 'Acts' }).getByRole('listitem');
async function go(path: string): Promise<void> {
  await page.goto(suite.url + path);
  await opened(page);
}
async function make(slug: string, name: string): Promise<void> {
  await go(`/r/${slug}`);
  await page.locator('.list .total').waitFor();
  await page.keyboard.press('n');
  await sheet().getByLabel('name', { exact: true }).fill(name);
  await sheet().getByRole('button', { name: 'Create' }).click();
  await sheet().waitFor({ state: 'hidden' });
  await page.locator('[role=grid] .key').getByRole('link', { name, exact: true }).waitFor();
}
async function openRow(slug: string, name: string): Promise<void> {
  await go(`/r/${slug}`);
  await page.locator('[role=grid] .key').getByRole('link', { name, exact: true }).click();
  await page.locator('h1').getByText(name).first().waitFor();
}
async function describeRow(text: string): Promise<void> {
  await page.getByRole('button', { name: 'Change description', exact: true }).click();
  await page.getByLabel('description', { exact: true }).fill(text);
  await page.keyboard.press('Control+Enter');
  await page.locator('.shown', { hasText: text }).waitFor();
}

describe.sequential('history', () => {
  it('[row 54] [row 56] a timeline tells values, notes line by line, and puts a value or a whole state back', async () => {
    await make('ulabel', 'Batch 1');
    await openRow('ulabel', 'Batch 1');
    await describeRow('first');
    await describeRow('second');
    await tab('Note').click();
    const editor = page.getByRole('textbox').last();
    for (const text of ['# Plan\nwash\nspin\nread', '# Plan\nwash twice\nspin\nread']) {
      await editor.fill(text);
      await page.keyboard.press('Control+s');
      await page.getByText(/^Saved .* by/).waitFor();
    }
    await tab('History').click();
    const note = page.getByRole('region', { name: 'Change of note' }).first();
    await note.waitFor();
    await expect.poll(() => note.innerText()).toMatch(/wash[\s\S]*wash twice/);
    expect(await note.locator('.gone').allInnerTexts()).toEqual([expect.stringContaining('wash')]);
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: join(images, 'timeline.png') });
    // Only what concerns one field.
    await page.getByLabel('Changes of').selectOption('description');
    await expect.poll(() => page.getByRole('main').locator('ol > li').count()).toBe(2);
    await page.getByRole('button', { name: 'Put back description: first' }).click();
    await sheet().getByRole('cell', { name: 'second' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await sheet().getByRole('button', { name: 'Put back 1 value' }).click();
    await sheet().waitFor({ state: 'detached' });
    await expect
      .poll(() => page.getByRole('main').locator('ol > li').first().innerText())
      .toMatch(/second\s*→\s*first/);
    // The whole state at an earlier time: the first note, and the description that stood then.
    await page.getByLabel('Changes of').selectOption('');
    await page
      .getByRole('button', { name: 'Put back this state: after Note on ULabel Batch 1' })
      .last()
      .click();
    await sheet().getByRole('region', { name: 'Change of note' }).waitFor();
    await sheet().getByRole('cell', { name: 'second' }).waitFor();
    await sheet().getByRole('button', { name: 'Put back 2 values' }).click();
    await sheet().waitFor({ state: 'detached' });
    await tab('Overview').click();
    await page.locator('.shown', { hasText: 'second' }).waitFor();
    await tab('Note').click();
    await expect.poll(() => page.getByRole('textbox').last().innerText()).toBe('# Plan\nwash\nspin\nread');
    // One act: one undo takes both back.
    await page.getByRole('heading').first().click();
    await page.keyboard.press('Control+z');
    await expect
      .poll(() => page.getByRole('textbox').last().innerText())
      .toBe('# Plan\nwash twice\nspin\nread');
  });

  it('[row 57] all tabs look at the database as of an act or a time; nothing can be written; back to now', async () => {
    await make('ulabel', 'Batch 2');
    const other = await app.context.newPage();
    await other.goto(`${suite.url}/r/ulabel`);
    await opened(other);
    await go('/changes/log');
    await page.getByRole('button', { name: 'See everything as it was…' }).click();
    await sheet().getByRole('button', { name: 'Before: New ULabel Batch 2' }).click();
    const banner = (on: Page) => on.getByText(/You are looking at my-lab/);
    for (const one of [page, other]) await banner(one).waitFor();
    expect(await banner(page).innerText()).toMatch(/as it was before “New ULabel Batch 2”/);
    // The other tab's list shows what was there then, and takes nothing new.
    const rowIn = (on: Page, name: string) =>
      on.locator('[role=grid] .key').getByRole('link', { name, exact: true });
    await rowIn(other, 'Batch 2').waitFor({ state: 'detached' });
    await rowIn(other, 'Batch 1').waitFor();
    // No button is there that would be refused, in a list or on a page; what asks all the same is told why.
    const refused = (on: Page) =>
      on.getByRole('button', { name: /^(New |Archive$|Move to trash$|Rename|Annotate$|Add…?$)/ });
    expect(await refused(other).count()).toBe(0);
    const word = await other.evaluate(
      `ln.ULabel({ name: 'Never' }).save().then(() => 'saved', (problem) => problem.message)`,
    );
    expect(word).toMatch(/Nothing can be changed there; go back to now to write/);
    await rowIn(other, 'Batch 1').click();
    await other.getByRole('heading', { level: 1, name: 'Batch 1' }).waitFor();
    expect(await refused(other).count()).toBe(0);
    await other.goBack();
    await rowIn(other, 'Batch 1').waitFor();
    expect(await axe(page)).toEqual([]);
    await expect.poll(async () => (await acts().first().innerText()).includes('Batch 2')).toBe(false);
    await page.screenshot({ path: join(images, 'past.png') });
    await page.getByRole('button', { name: 'Back to now' }).click();
    await banner(other).waitFor({ state: 'detached' });
    await rowIn(other, 'Batch 2').waitFor();
    // A tab that began it and goes takes it along.
    const third = await app.context.newPage();
    await third.goto(`${suite.url}/changes/log`);
    await opened(third);
    await third.getByRole('button', { name: /New ULabel Batch 2/, expanded: false }).click();
    await third.getByRole('button', { name: 'before this' }).click();
    await banner(other).waitFor();
    await third.close();
    await banner(other).waitFor({ state: 'detached' });
    // By date: before anything was done.
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder(/^Search everything/).fill('as it was at a time');
    await page.keyboard.press('Enter');
    await sheet().getByLabel('Date and time').fill('2020-01-01T12:00:00');
    await sheet().getByRole('button', { name: 'Go there' }).click();
    await banner(other).waitFor();
    await rowIn(other, 'Batch 1').waitFor({ state: 'detached' });
    // So does the end of the worker that leads.
    await page.close();
    await banner(other).waitFor({ state: 'detached' });
    await rowIn(other, 'Batch 2').waitFor();
    page = other;
    page.setDefaultTimeout(20_000);
  });

  it('the audit log tells each act, opens it, filters by what is chosen, and takes acts back', async () => {
    await page.keyboard.press('8');
    await page.getByRole('link', { name: 'Log', exact: true }).click();
    await page.getByRole('heading', { name: 'Audit log' }).waitFor();
    await expect.poll(() => acts().first().innerText()).toMatch(/New ULabel Batch 2/);
    await acts()
      .first()
      .getByRole('button', { name: /New ULabel Batch 2/, expanded: false })
      .click();
    await acts().first().getByRole('link', { name: 'Batch 2' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: join(images, 'audit-log.png') });
    await page.getByLabel('Kind').selectOption('note');
    await expect.poll(() => acts().count()).toBe(2);
    expect(new URL(page.url()).search).toBe('?kind=note');
    await page.getByLabel('Registry').selectOption('Feature');
    await page.getByText('No act fits these filters').waitFor();
    await page.getByRole('link', { name: 'Clear' }).click();
    await page.getByRole('button', { name: 'Undo: New ULabel Batch 2' }).click();
    await expect.poll(() => acts().first().innerText()).toMatch(/Undo: New ULabel Batch 2/);
    await acts().first().getByRole('button', { expanded: false }).click();
    await acts().first().getByText('Takes back “New ULabel Batch 2”.').waitFor();
  });

  it('[row 58] trash and archive show rows of all registries, give them back, and the trash is emptied after its numbers are told', async () => {
    await make('ulabel', 'Old label');
    await make('project', 'Old project');
    await make('project', 'Kept project');
    for (const [slug, name, how] of [
      ['ulabel', 'Old label', 'Move to trash'],
      ['project', 'Old project', 'Move to trash'],
      ['project', 'Kept project', 'Archive'],
    ] as const) {
      await openRow(slug, name);
      await page.getByRole('button', { name: how, exact: true }).click();
      await page.getByRole('button', { name: 'Restore', exact: true }).waitFor();
    }
    await go('/trash');
    const rows = page.getByRole('table').getByRole('row');
    await expect.poll(() => rows.count()).toBe(3);
    expect((await rows.allInnerTexts()).join('\n')).toMatch(/Old project[\s\S]*anonymous[\s\S]*Old label/);
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: join(images, 'trash.png') });
    await page.getByLabel('Registry').selectOption('Project');
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByRole('button', { name: 'Restore Old project' }).click();
    await page.getByText('Nothing fits these filters').waitFor();
    await page.getByRole('link', { name: 'Clear' }).click();
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByRole('button', { name: 'Empty the trash…' }).click();
    await sheet().getByRole('heading', { name: 'Delete 1 row for good?' }).waitFor();
    await sheet().getByText('1 label').waitFor();
    expect(await axe(page)).toEqual([]);
    await sheet().getByRole('button', { name: 'Delete 1 row', exact: true }).click();
    await page.getByText('The trash is empty').waitFor();
    await page.getByRole('link', { name: /^Archive/ }).click();
    await page.getByRole('cell', { name: 'Kept project', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Restore Kept project' }).click();
    await page.getByText('Nothing is archived').waitFor();
    expect(app.problems).toMatchObject({ page: [], csp: [], failed: [], foreign: [] });
  });
});
