// A branch in a file that leans on rows which another copy of the database has not got: told there, and taken in once a second
// file brought them and was merged.
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { downloaded, opened, startSuite, workIn, type Suite } from './app.ts';
import { axe } from './harness.ts';

let suite: Suite;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('branch-held', 900);
  ({ page } = await suite.open({ path: '/settings' }));
  page.setDefaultTimeout(20_000);
});
afterAll(() => suite?.end());

interface Row {
  save(): Promise<unknown>;
  parents: { add(...rows: Row[]): Promise<unknown> };
}
interface Ln {
  ULabel: { (fields: object): Row; get(lookups: object): Promise<Row> };
  Branch: { get(lookups: object): Promise<{ merge(): Promise<unknown> }> };
  setup: { switch(name: string, options?: object): Promise<void> };
}
const path = (name: string) => join(suite.folder, name);

async function saveBranch(branch: string, file: string): Promise<void> {
  await page.goto(`${suite.url}/changes`);
  await opened(page);
  await page.getByRole('link', { name: branch }).first().waitFor();
  await downloaded(page, path(file), async () => {
    await page.getByRole('button', { name: `More for ${branch}` }).click();
    await page.getByRole('menuitem', { name: 'Save as a file…' }).click();
  });
}

async function openFile(file: string): Promise<void> {
  await page.goto(`${suite.url}/changes`);
  await opened(page);
  await page
    .getByText('There is no branch yet')
    .or(page.getByRole('list', { name: 'Branches' }))
    .first()
    .waitFor();
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open a branch file…' }).click();
  await (await choosing).setFiles([path(file)]);
}

it('[row 72] a branch that leans on rows of main which a copy has not got waits there, and comes in after them', async () => {
  await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    await ln.ULabel({ name: 'donor' }).save();
  });
  const exporting = page.getByRole('button', { name: 'Export the database file' });
  await exporting.waitFor();
  await downloaded(page, path('copy.sqlite'), () => exporting.click());

  // Since then: a label of a branch that was merged, and another branch that uses it.
  await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    await ln.setup.switch('tissues', { create: true });
    await ln.ULabel({ name: 'lung' }).save();
  });
  await saveBranch('tissues', 'tissues.loam');
  await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    await (await ln.Branch.get({ name: 'tissues' })).merge();
    await ln.setup.switch('donors', { create: true });
    await (await ln.ULabel.get({ name: 'donor' })).parents.add(await ln.ULabel.get({ name: 'lung' }));
    await ln.ULabel({ name: 'a new donor' }).save();
  });
  // Its review goes along: a README, and what its maker says of it.
  await page.goto(`${suite.url}/changes`);
  await opened(page);
  await page.getByRole('link', { name: 'donors', exact: true }).click();
  await page.getByRole('heading', { level: 2, name: 'Review' }).waitFor();
  await page.getByRole('region', { name: 'What is different' }).getByText('a new donor').first().waitFor();
  await page.getByRole('button', { name: 'Write a README' }).click();
  await page.getByLabel('README in Markdown').fill('## Why\n\nThey are of the lung.');
  await page.getByRole('button', { name: 'Save the README' }).click();
  await page.getByRole('heading', { name: 'Why' }).waitFor();
  await page.getByRole('button', { name: 'Ask for changes' }).click();
  await page.getByText('made the branch, does not count').waitFor();
  await saveBranch('donors', 'donors.loam');

  await workIn(page, path('copy.sqlite'), 'copy');
  await openFile('donors.loam');
  const sheet = page.getByRole('dialog');
  await sheet.getByText('README, 1 verdict').waitFor();
  await sheet.getByRole('button', { name: 'Open as a branch' }).click();
  await sheet.getByText('1 change refers to rows that are not in this database').waitFor();
  await sheet.getByText('donor – lung').waitFor();
  await sheet.getByRole('button', { name: 'Review the branch' }).click();
  await page.getByRole('heading', { name: 'donors' }).waitFor();
  await page.getByRole('heading', { name: 'Why' }).waitFor();
  await page.getByText('made the branch, does not count').waitFor();
  // It lacks something here, so the verdict is about another state.
  await page.locator('.stale').waitFor();
  const held = page.getByRole('region', { name: 'Held back' });
  await held.getByText('1 change of its file waits').waitFor();
  expect((await held.getByRole('listitem').innerText()).replace(/\s+/g, ' ')).toBe(
    'Label lung is not here; 1 change needs it',
  );
  expect(await held.getByRole('button', { name: 'Take in what fits now' }).isDisabled()).toBe(true);
  const diff = page.getByRole('region', { name: 'What is different' });
  await diff.getByText('a new donor').first().waitFor();
  expect(await diff.getByText('lung').count()).toBe(0);
  expect(await axe(page)).toEqual([]);
  const address = page.url();

  await openFile('tissues.loam');
  await sheet.getByRole('button', { name: 'Open as a branch' }).click();
  await sheet.getByText('All of it fits this database.').waitFor();
  await page.goto(address);
  await opened(page);
  await held.getByText('is here on the branch “tissues”: merge that first').waitFor();

  // The page follows: what another tab, or here the console, merges makes it fit.
  await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    await (await ln.Branch.get({ name: 'tissues' })).merge();
  });
  await held.getByText('1 of 1 fits now').waitFor();
  await held.getByRole('button', { name: 'Take in what fits now' }).click();
  await page.getByText('1 change came in').waitFor();
  await page.getByText('Nothing waits any more.').waitFor();
  await expect.poll(() => held.count()).toBe(0);
  await diff.getByText('lung').first().waitFor();
  // Now it is what the verdict is about.
  await expect.poll(() => page.locator('.stale').count()).toBe(0);
  await page.getByText('made the branch, does not count').waitFor();
});
