// Lists as a person works with them: a filter built by mouse and by keys and read back, views in addresses and kept by name,
// columns chosen, the list copied as a program, two tabs that agree, and a long list without blanks.
import type { Page } from 'playwright-core';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drop, dropEnded, opened, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
const n = 24;

beforeAll(async () => {
  suite = await startSuite('lists', 860);
  app = await suite.open({ path: '/artifacts' });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
  const paths: string[] = [];
  for (let i = 0; i < n; i++) {
    const path = join(suite.folder, `plate_${i}.${i % 3 === 0 ? 'csv' : i % 3 === 1 ? 'tsv' : 'txt'}`);
    await writeFile(path, 'x'.repeat(10 + i * 10) + String(i));
    paths.push(path);
  }
  await drop(page, paths);
});
afterAll(() => suite?.end());

const keys = () =>
  page
    .locator('[role=grid] .key a')
    .evaluateAll((links) => links.map((link) => link.getAttribute('aria-label') ?? ''));
const total = () => page.locator('.list .total').innerText();
const builder = () => page.getByRole('region', { name: 'Filter' });
const where = () => new URL(page.url()).searchParams.get('where');
async function go(path: string, on = page): Promise<void> {
  await on.goto(suite.url + path);
  await opened(on);
}
async function condition(field: string, within = builder()): Promise<void> {
  await within.getByRole('button', { name: 'Add a condition' }).last().click();
  await page.getByPlaceholder('Find a field').fill(field);
  await page.getByRole('option', { name: field }).first().click();
}

describe.sequential('lists', () => {
  it('dropped files come into the list by themselves', async () => {
    await dropEnded(page, n);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await expect.poll(total).toBe(String(n));
  });

  it('[row 5] a filter is built by mouse, nested, and read back as a sentence; each step shows its rows', async () => {
    await expect.poll(total).toBe(String(n));
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await condition('size');
    await builder().getByLabel('Comparison of size').selectOption({ label: 'over' });
    await builder().getByLabel('Value of size').fill('many');
    await builder().getByText('“many” is no number.').waitFor();
    await builder().getByLabel('Value of size').fill('0.1 kB');
    await expect.poll(total).toBe('15 of 24');
    await builder().getByRole('button', { name: 'Group' }).last().click();
    const group = builder().getByRole('group', { name: 'Conditions joined by any' });
    await condition('file type', group);
    await group.getByLabel('Value of file type').fill('.csv');
    await expect.poll(total).toBe('5 of 24');
    await condition('key', group);
    await group.getByLabel('Comparison of key').selectOption({ label: 'ends with' });
    await group.getByLabel('Value of key').fill('22.tsv');
    await expect.poll(total).toBe('6 of 24');
    await builder()
      .getByText('Shows artifacts where size over 100 bytes and (file type is .csv or key ends with 22.tsv).')
      .waitFor();
    await group.getByLabel('How the conditions are joined').selectOption({ label: 'none of these is true' });
    await expect.poll(total).toBe('9 of 24');
    expect(where()).toBe('size:gt:100,!any(suffix:is:.csv,key:ends:22.tsv)');
    expect(await axe(page)).toEqual([]);
    // The chips say the same, open the filter again, and are taken out one by one.
    await builder().getByRole('button', { name: 'Done' }).click();
    await page
      .getByRole('button', { name: 'neither file type is .csv nor key ends with 22.tsv', exact: true })
      .click();
    await builder().waitFor();
    await page.getByRole('button', { name: 'Remove: size over 100 bytes' }).click();
    await expect.poll(total).toBe('15 of 24');
    await expect.poll(() => builder().getByLabel('Value of size').count()).toBe(0);
  });

  it('[row 5] the same by keys alone', async () => {
    await go('/artifacts');
    await expect.poll(total).toBe(String(n));
    await page.keyboard.press('w');
    await builder().waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByPlaceholder('Find a field').waitFor();
    // A relation is entered with the right arrow, as often as there are relations.
    await page.keyboard.type('run');
    await page.getByRole('option', { name: /^run/ }).first().waitFor();
    await page.keyboard.press('ArrowRight');
    // The relation's own fields, before more is typed.
    const typed = () => page.getByPlaceholder('Find a field').inputValue();
    await expect.poll(typed).toBe('');
    await page.keyboard.type('transform');
    await page
      .getByRole('option', { name: /^transform/ })
      .first()
      .waitFor();
    await page.keyboard.press('ArrowRight');
    await expect.poll(typed).toBe('');
    await page.keyboard.type('kind');
    await page.getByRole('option', { name: /^kind/ }).first().waitFor();
    await page.keyboard.press('Enter');
    await builder()
      .getByRole('group', { name: /^Condition on/ })
      .waitFor();
    await builder()
      .getByLabel(/^Value of/)
      .focus();
    await page.keyboard.type('function');
    await expect.poll(where).toBe('run__transform__kind:is:function');
    await expect.poll(total).toBe(String(n));
    await page.keyboard.press('Escape');
    await builder().waitFor({ state: 'detached' });
  });

  it('[row 6] a facet’s values and its missing line are part of the same filter', async () => {
    await go('/artifacts');
    await page.getByRole('button', { name: '.csv 8' }).click();
    await page.getByRole('button', { name: '.tsv 8' }).click();
    await expect.poll(total).toBe('16 of 24');
    await page.getByText('file type is .csv or .tsv').waitFor();
    await page.keyboard.press('w');
    await builder().getByLabel('Comparison of file type').waitFor();
    expect(await builder().getByLabel('Comparison of file type').inputValue()).toBe('in');
    await builder().getByRole('button', { name: 'Remove .tsv' }).click();
    await expect.poll(total).toBe('8 of 24');
    expect(await page.getByRole('button', { name: '.csv 8' }).getAttribute('aria-pressed')).toBe('true');
    expect(await page.getByRole('button', { name: '.tsv 8' }).getAttribute('aria-pressed')).toBe('false');
  });

  it('[row 8] any view is an address: another browser shows the same rows; back undoes, damage is told in words', async () => {
    await go('/artifacts');
    await page.getByRole('button', { name: '.tsv 8' }).click();
    await page.getByRole('columnheader', { name: 'size' }).getByRole('button').click();
    await expect.poll(() => page.url()).toContain('sort=-size');
    await page.getByRole('columnheader', { name: /^size/ }).getByRole('button').click();
    await page.getByLabel('Search artifacts').fill('plate_1');
    await expect.poll(total).toBe('5 of 24');
    await expect.poll(keys).toEqual([1, 10, 13, 16, 19].map((i) => `plate_${i}.tsv`));
    const address = page.url();
    const shown = await keys();
    const second = await app.context.newPage();
    await second.goto(address);
    await expect
      .poll(() =>
        second
          .locator('[role=grid] .key a')
          .evaluateAll((links) => links.map((link) => link.getAttribute('aria-label'))),
      )
      .toEqual(shown);
    await second.close();
    await page.goBack();
    await expect.poll(() => page.url()).toContain('sort=-size');
    await page.goForward();
    await expect.poll(keys).toEqual(shown);
    for (const [bad, words] of [
      ['?where=size:gt', 'could not be read'],
      ['?where=nope:is:1', 'Unknown field'],
      ['?where=size:gt:x', 'size'],
      ['?cols=key,ulabels__nope', 'nope'],
      ['?cols=key,key,size,size', 'plate_1.tsv'],
      ['?sort=ulabels__name', 'cannot be ordered'],
      [`?where=${'any('.repeat(60)}a:is:1${')'.repeat(60)}`, 'nested too deep'],
      ["?where=key:is:'%3Cimg src=x onerror=alert(1)%3E'", 'No artifact fits'],
    ] as const) {
      await go(`/artifacts${bad}`);
      await page.locator('.list').getByText(words).first().waitFor();
    }
    await page.getByRole('link', { name: 'Clear the filters' }).click();
    await expect.poll(total).toBe(String(n));
    expect(app.problems.page).toEqual([]);
  });

  it('columns are chosen, also over relations, and stand in the address', async () => {
    await go('/artifacts');
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('button', { name: 'Remove the column content' }).click();
    await page.getByRole('button', { name: 'Add a column' }).click();
    await page.getByPlaceholder('Find a field').fill('hash');
    await page.getByRole('option', { name: 'hash' }).first().click();
    await page.getByRole('columnheader', { name: 'hash' }).waitFor();
    await expect.poll(() => page.getByRole('columnheader', { name: 'content' }).count()).toBe(0);
    expect(new URL(page.url()).searchParams.get('cols')).toMatch(/^key,n_observations,.*hash$/);
    await page.getByLabel('Low rows').check();
    await expect
      .poll(() =>
        page
          .locator('[role=grid] .row')
          .first()
          .evaluate((row) => row.clientHeight),
      )
      .toBeLessThan(30);
    await page.keyboard.press('Escape');
  });

  it('[row 10] a view is kept by name with columns, order, filter and row height; renamed, shown first, deleted', async () => {
    await go('/artifacts?where=suffix:is:.csv&cols=key,size&sort=-size');
    await page.getByRole('button', { name: 'Save view' }).click();
    await page.getByLabel('Name of the view').fill('Tables');
    await page.getByLabel('Show it when this list opens').check();
    await page.getByRole('button', { name: 'Save view' }).last().click();
    const views = page.getByRole('navigation', { name: 'Views of artifacts' });
    await views.getByRole('link', { name: 'Tables' }).waitFor();
    await views.getByRole('link', { name: 'All' }).click();
    await expect.poll(total).toBe(String(n));
    // It is what the list opens with; an address of its own goes before.
    await page.locator('.rail a[href="/"]').click();
    // A loaded machine takes its time: a list that was never left does not open anew.
    await page.locator('.list').waitFor({ state: 'detached' });
    await page.locator('.rail a[href="/artifacts"]').click();
    await expect.poll(total).toMatch(/^8/);
    await expect.poll(() => page.getByRole('columnheader').count()).toBe(3);
    await views.getByRole('button', { name: 'Change the view Tables' }).click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByLabel('Name of the view').fill('Comma tables');
    await page.keyboard.press('Enter');
    await views.getByRole('link', { name: 'Comma tables' }).waitFor();
    await page.reload();
    await views.getByRole('link', { name: 'Comma tables' }).waitFor();
    await views.getByRole('button', { name: 'Change the view Comma tables' }).click();
    await page.getByRole('menuitem', { name: 'Delete the view' }).click();
    await views.waitFor({ state: 'detached' });
  });

  it('[row 9] the list is copied as Python, R, SQL and TypeScript', async () => {
    await app.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await go('/artifacts?where=suffix:is:.csv&sort=-size');
    await expect.poll(total).toMatch(/^8/);
    for (const [language, words] of [
      ['Python', 'ln.Artifact.filter(is_latest=True, suffix=".csv")'],
      ['R laminr', 'ln$Artifact$filter(is_latest = TRUE, suffix = ".csv")'],
      ['SQL', `t0."suffix" = '.csv'`],
      ['TypeScript', "filter({ is_latest: true, suffix: '.csv' })"],
    ] as const) {
      await page.getByRole('button', { name: 'Copy as' }).click();
      await page.getByRole('menuitem', { name: language }).click();
      await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain(words);
    }
  });

  it('[row 12] a list follows what another tab does', async () => {
    await go('/r/ulabel');
    await page.getByText('No labels yet').waitFor();
    const second = await app.context.newPage();
    await go('/r/ulabel', second);
    await second.keyboard.press('n');
    await second.getByRole('dialog').getByLabel('name', { exact: true }).fill('From the other tab');
    await second.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
    await page.getByRole('link', { name: 'From the other tab' }).waitFor();
    await second.keyboard.press('Control+z');
    await page.getByText('No labels yet').waitFor();
    await second.close();
  });
});
