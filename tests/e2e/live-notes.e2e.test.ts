// Two tabs in one note: what one types is in the other, each undoes its own, and a version is made of what both wrote.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { opened, startSuite, type Suite } from './app.ts';
import type { OpenedApp } from './harness.ts';
import { noteText } from './notes.ts';

let suite: Suite;
let app: OpenedApp;
let one: Page;
let two: Page;

beforeAll(async () => {
  suite = await startSuite('live-notes', 860);
  app = await suite.open({ path: '/r/ulabel' });
  one = app.page;
  two = await app.context.newPage();
  for (const page of [one, two]) page.setDefaultTimeout(30_000);
  await one.locator('.list .total').waitFor();
  await one.keyboard.press('n');
  await one.getByRole('dialog').getByLabel('name', { exact: true }).fill('Buffer');
  await one.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
  await one.getByRole('link', { name: 'Buffer', exact: true }).first().waitFor();
});
afterAll(() => suite?.end());

const field = (page: Page) => page.getByLabel('Note in Markdown');

describe('live notes', () => {
  it('[row 86] two people type in one note at once, each with an undo of their own', async () => {
    await one.getByRole('link', { name: 'Buffer', exact: true }).first().click();
    await one.getByRole('link', { name: 'Note', exact: true }).click();
    await field(one).waitFor();
    await two.goto(one.url());
    await opened(two);
    await field(two).waitFor();

    await field(one).click();
    await one.keyboard.type('PBS, pH 7.4');
    await expect.poll(() => noteText(two)).toBe('PBS, pH 7.4');
    await field(two).click();
    await two.keyboard.press('Control+End');
    await two.keyboard.type(', kept cold');
    await expect.poll(() => noteText(one)).toBe('PBS, pH 7.4, kept cold');
    // Both at once, at both ends.
    await one.keyboard.press('Control+Home');
    await Promise.all([one.keyboard.type('Buffer: '), two.keyboard.type('!!')]);
    for (const page of [one, two])
      await expect.poll(() => noteText(page)).toBe('Buffer: PBS, pH 7.4, kept cold!!');

    // Each sees that the other is here.
    await one.getByLabel('Also in this note').waitFor();
    await two.getByLabel('Also in this note').waitFor();

    // The undo of one leaves what the other wrote.
    await two.keyboard.press('Control+z');
    await expect.poll(() => noteText(one)).not.toContain('!!');
    expect(await noteText(one)).toContain('Buffer: PBS, pH 7.4');
  });

  it('what was typed is there after a reload without a save, and Ctrl S makes a version that both see', async () => {
    const before = await noteText(one);
    await one.keyboard.press('Control+Home');
    await one.keyboard.type('Fresh. ');
    await expect.poll(() => noteText(two)).toBe(`Fresh. ${before}`);
    await one.reload();
    await opened(one);
    await expect.poll(() => noteText(one)).toBe(`Fresh. ${before}`);
    await field(one).click();
    await one.keyboard.press('Control+s');
    for (const page of [one, two]) await page.getByText(/^Saved .* by/).waitFor();
  });
});
