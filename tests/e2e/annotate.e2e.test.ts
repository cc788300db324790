// Annotating from the dialog and from the artifact's page, by keyboard, in a lab that has no label and no feature yet.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drop, dropSaved, listAnswered, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
let address = '';

const sheet = () => page.getByRole('dialog');
const field = (name: string) => sheet().getByLabel(name, { exact: true });
const focused = (name: string) =>
  expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''), {
      message: `focus on ${name}`,
    })
    .toBe(name);
const type = (text: string) => page.keyboard.type(text);
const press = (key: string) => page.keyboard.press(key);

async function list(): Promise<void> {
  await page.goto(`${suite.url}/artifacts`);
  await listAnswered(page);
}
async function annotateFirst(): Promise<void> {
  await list();
  await press('j');
  await press('e');
  await focused('Labels');
}
const tab = () => page.getByRole('link', { name: /^Annotations/ });

beforeAll(async () => {
  suite = await startSuite('annotate', 800);
  app = await suite.open();
  ({ page } = app);
  page.setDefaultTimeout(15_000);
});
afterAll(() => suite?.end());

describe.sequential('annotating', () => {
  it('two files are in the lab', async () => {
    const paths = ['one.csv', 'two.csv'].map((name) => join(suite.folder, name));
    for (const path of paths) await writeFile(path, `well,signal\nA1,${path.length}\n${path}\n`);
    await drop(page, paths);
    await dropSaved(page, 2);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await list();
    address = suite.url + (await page.getByRole('link', { name: 'one.csv' }).first().getAttribute('href'));
  });

  it('a new feature is made with its value, as one act and one undo', async () => {
    await list();
    for (const key of ['j', 'x', 'j', 'x', 'e']) await press(key);
    await focused('Labels');
    await field('Feature name').focus();
    await type('donor');
    await press('Enter');
    await focused('Value of donor');
    await sheet().getByText('is new. Its values are').waitFor();
    await type('42');
    expect(await field('Type of donor').inputValue()).toBe('int');
    await press('Control+a');
    await type('D1');
    expect(await field('Type of donor').inputValue()).toBe('str');
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await axe(page), colorScheme).toEqual([]);
    }
    await sheet().getByRole('button', { name: 'Apply to 2 artifacts' }).click();
    await sheet().waitFor({ state: 'detached' });
    await page.goto(`${address}?tab=annotations`);
    await page.getByRole('row').filter({ hasText: 'donor' }).filter({ hasText: 'D1' }).waitFor();
    await press('Control+z');
    await page.getByRole('row').filter({ hasText: 'donor' }).waitFor({ state: 'detached' });
    // The feature went with it: its name is new again.
    await page.getByLabel('Feature', { exact: true }).fill('donor');
    await page.getByText('is new. Its values are').waitFor();
    await page.getByLabel('Feature', { exact: true }).fill('');
    await press('Escape');
  });

  it('half a feature is not applied: the words say why and the focus stands there', async () => {
    await annotateFirst();
    await press('Enter');
    expect(await sheet().count()).toBe(1);
    await field('Feature name').fill('age');
    await press('Control+Enter');
    await sheet().getByRole('alert').getByText('age has no value yet.').waitFor();
    await focused('Value of age');
    await type('4');
    expect(await sheet().getByRole('alert').count()).toBe(0);
    await field('Feature name').fill('');
    await press('Control+Enter');
    await sheet().getByRole('alert').getByText('“4” is the value of no feature yet').waitFor();
    await focused('Feature name');
    await type('age');
    await press('Control+Enter');
    await sheet().waitFor({ state: 'detached' });

    // Known by now, with the type that was guessed: a wrong value is told at its row.
    await annotateFirst();
    await field('Feature name').fill('age');
    await press('Enter');
    await focused('Value of age');
    expect(await field('Value of age').getAttribute('placeholder')).toBe('e.g. 42');
    await type('old');
    await press('Enter');
    await sheet().getByRole('alert').getByText('age takes a whole number; “old” is none.').waitFor();
    await focused('Value of age');
    expect(await axe(page)).toEqual([]);
  });

  it('a closed dialog keeps what was typed, for the same artifacts, until it is cleared', async () => {
    await field('Labels').fill('pending');
    await sheet().getByRole('option', { name: 'Create label “pending”' }).waitFor();
    // The options go first, then the dialog.
    await press('Escape');
    await sheet().getByRole('option').waitFor({ state: 'detached' });
    await press('Escape');
    await sheet().waitFor({ state: 'detached' });
    await press('j');
    await press('e');
    await focused('Labels');
    expect(await sheet().getByText('Your last entries were kept').count()).toBe(0);
    await press('Escape');
    await sheet().waitFor({ state: 'detached' });
    await press('k');
    await press('e');
    await sheet().getByText('Your last entries were kept').waitFor();
    expect(await field('Value of age').inputValue()).toBe('old');
    expect(await axe(page)).toEqual([]);
    await sheet().getByRole('button', { name: 'Clear' }).click();
    await focused('Labels');
    expect(await field('Feature name').inputValue()).toBe('');
    expect(await sheet().getByText('pending').count()).toBe(0);
  });

  it('a label that is not there yet is offered, and Tab, comma, arrows and Apply take it', async () => {
    await type('T cell');
    const create = sheet().getByRole('option', { name: 'Create label “T cell”' });
    await create.waitFor();
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await axe(page), colorScheme).toEqual([]);
    }
    await press('Tab');
    await sheet().getByRole('button', { name: 'Remove T cell' }).waitFor();
    await field('Labels').focus();
    await type('B cell,');
    await sheet().getByRole('button', { name: 'Remove B cell' }).waitFor();
    await type('NK cell');
    await sheet().getByRole('option', { name: 'Create label “NK cell”' }).waitFor();
    await press('ArrowDown');
    await press('Enter');
    await sheet().getByRole('button', { name: 'Remove NK cell' }).waitFor();
    await type('mast cell');
    await sheet().getByRole('option', { name: 'Create label “mast cell”' }).click();
    await sheet().getByRole('button', { name: 'Remove mast cell' }).waitFor();
    await type('platelet');
    await sheet()
      .getByRole('button', { name: /^Apply/ })
      .click();
    await sheet().waitFor({ state: 'detached' });
    const filters = page.getByRole('complementary', { name: 'Filters' });
    for (const name of ['T cell', 'B cell', 'NK cell', 'mast cell', 'platelet'])
      await filters.getByText(name, { exact: true }).waitFor();
  });

  it('on the page the tab counts the annotations, and the keyboard goes from name to value and on', async () => {
    await page.goto(address);
    await tab().waitFor();
    const counted = async () => Number(/\d+/.exec((await tab().innerText()).replace(/\s/g, ' '))?.[0] ?? 0);
    await page.getByRole('heading', { name: 'one.csv' }).waitFor();
    const before = await counted();
    await press('e');
    await focused('Labels');
    await type('counted');
    await press('Enter');
    await press('Control+Enter');
    await sheet().waitFor({ state: 'detached' });
    await expect.poll(counted).toBe(before + 1);

    await tab().click();
    await page.getByLabel('Feature', { exact: true }).fill('collected');
    await page.getByLabel('Type of collected').selectOption('date');
    await page.getByRole('button', { name: 'Create feature' }).click();
    await focused('Value of collected');
    const value = page.getByLabel('Value of collected');
    expect(await value.getAttribute('type')).toBe('date');
    await value.fill('2026-01-02');
    await press('Enter');
    await page.getByRole('row').filter({ hasText: 'collected' }).filter({ hasText: '2026-01-02' }).waitFor();
    await focused('Feature');
    // A feature that is there: Enter leads to its value, where digits are digits.
    await type('age');
    await press('Enter');
    await focused('Value of age');
    await type('1');
    await press('Enter');
    await focused('Feature');
    expect(new URL(page.url()).pathname).toBe(new URL(address).pathname);
    // The type chosen last is not the next one's.
    await type('plate');
    expect(await page.getByLabel('Type of plate').inputValue()).toBe('cat[ULabel]');
  });

  it('a feature made in its registry says its types in words, and what it belongs to under more', async () => {
    await page.goto(`${suite.url}/r/Feature`);
    await page.getByRole('button', { name: /^New/ }).first().click();
    const kind = field('type of value');
    await kind.waitFor();
    expect((await kind.locator('option').allInnerTexts()).slice(1, 5)).toEqual([
      'category (a label) · cat[ULabel]',
      'text · str',
      'whole number · int',
      'number · float',
    ]);
    expect(await sheet().getByText('belongs to').count()).toBe(0);
    await sheet()
      .getByRole('button', { name: /^More fields/ })
      .click();
    await sheet().getByText('belongs to').waitFor();
    await kind.selectOption({ label: 'another: categories of a registry, lists' });
    await focused('type of value, as LaminDB writes it');
    await type('num');
    await field('name').fill('ratio');
    expect(await axe(page)).toEqual([]);
    await sheet().getByRole('button', { name: 'Create', exact: true }).click();
    await sheet().waitFor({ state: 'detached' });
    await page.getByText('num', { exact: true }).first().waitFor();
    expect(app.problems).toEqual({ console: [], page: [], csp: [], foreign: [], failed: [] });
  });
});
