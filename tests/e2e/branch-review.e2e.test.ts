// A change request as a person meets it: a README, a review asked for, talk about one field, a rule that the merge waits for.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { opened, picture, startSuite, type Suite } from './app.ts';
import { axe } from './harness.ts';

let suite: Suite;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('branch-review', 860);
  ({ page } = await suite.open({ path: '/r/record' }));
  page.setDefaultTimeout(20_000);
});
afterAll(() => suite?.end());

const button = (name: string) => page.getByRole('button', { name, exact: true });

describe.sequential('review', () => {
  it('[row 65] a branch gets a README, a reviewer, a thread on a field, and waits for what the rules say', async () => {
    await page.locator('.list .total').waitFor();
    await page.keyboard.press('b');
    await page.getByPlaceholder('Find a branch').waitFor();
    await page.getByRole('option', { name: 'New branch…' }).click();
    const name = page.getByRole('dialog').getByLabel('Name');
    await expect.poll(() => name.inputValue()).toMatch(/^changes-\d/);
    await name.fill('relabel');
    await page.keyboard.press('Enter');
    await button('Branch: relabel').waitFor();
    await page.locator('main').click();
    await page.keyboard.press('n');
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('name', { exact: true }).fill('S-014');
    await sheet.getByLabel('description', { exact: true }).fill('Donor 2');
    await sheet.getByRole('button', { name: 'Create' }).click();
    await sheet.waitFor({ state: 'hidden' });

    await page.goto(`${suite.url}/changes`);
    await opened(page);
    await button('Change the rules').click();
    await page.getByLabel('Open threads hold a merge up').check();
    await button('Done').click();
    await page.getByText('Merges wait for resolved threads').waitFor();
    await page.getByRole('link', { name: 'relabel', exact: true }).click();
    await page.getByRole('heading', { level: 2, name: 'Review' }).waitFor();
    await button('Write a README').click();
    await page.getByLabel('README in Markdown').fill('## Why\n\nThe donor was wrong.');
    await button('Save the README').click();
    await page.getByRole('heading', { name: 'Why' }).waitFor();
    await button('Ask for a review').click();
    await button('Ask for a review').waitFor({ state: 'detached' });
    await page.getByLabel('Ask a reviewer').selectOption({ index: 1 });
    await page.getByText('was asked, no word yet').waitFor();

    // About one field, from where it stands among the differences.
    await button('Comment on description of S-014').click();
    await page.getByLabel('Comment on it').fill('Is it not **donor 3**?');
    await button('Comment').click();
    const thread = page.getByRole('article', { name: 'Thread: S-014, description' });
    await thread.waitFor();
    await button('Comment on description of S-014, 1 open thread').waitFor();
    const merge = button('Merge into main');
    await expect.poll(() => merge.isDisabled()).toBe(true);
    await page.getByText('Needed first: 1 thread is not resolved').waitFor();
    await picture(page, 'review-thread', { fullPage: true });
    expect(await axe(page)).toEqual([]);
    await thread.getByRole('button', { name: 'Answer' }).click();
    await thread.getByLabel('Answer').fill('No, it is donor 2.');
    await button('Send the answer').click();
    await thread.getByText('No, it is donor 2.').waitFor();
    await thread.getByRole('button', { name: 'Resolve' }).click();
    await page.getByText('1 resolved thread').waitFor();
    await expect.poll(() => merge.isEnabled()).toBe(true);

    // A verdict is of the state that it saw.
    await button('Approve').click();
    await page.getByText('made the branch, does not count').waitFor();
    expect(await page.locator('.stale').count()).toBe(0);
    await page.getByRole('link', { name: 'S-014', exact: true }).first().click();
    await button('Change description').click();
    const field = page.getByLabel('description', { exact: true });
    await field.fill('Donor 2, 6 h');
    await field.press('Control+Enter');
    await page.locator('.shown', { hasText: 'Donor 2, 6 h' }).waitFor();
    await page.goto(`${suite.url}/changes?show=review`);
    await opened(page);
    await page.getByRole('link', { name: 'relabel', exact: true }).click();
    await page.locator('.stale').waitFor();
    await picture(page, 'review-stale', { fullPage: true });

    await page.goto(`${suite.url}/changes`);
    await opened(page);
    await button('Change the rules').click();
    await page.getByLabel('Approvals needed').fill('1');
    await page.getByLabel('Approvals needed').press('Tab');
    await button('Done').click();
    await page.getByText('Merges wait for 1 approval and resolved threads').waitFor();
    await picture(page, 'review-rules', { fullPage: true });
    expect(await axe(page)).toEqual([]);
    await page.getByRole('link', { name: 'relabel', exact: true }).click();
    await page.getByText('Needed first: 0 of 1 approval by others than its maker').waitFor();
    expect(await merge.isDisabled()).toBe(true);
  });
});
