// What a branch has otherwise, as a person reads and decides it: a sheet's records as one table, an object key by key, a reference
// by the picker of rows.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { opened, picture, startSuite, type Suite } from './app.ts';
import { axe } from './harness.ts';

let suite: Suite;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('branch-diff', 860);
  ({ page } = await suite.open({ path: '/r/record' }));
  page.setDefaultTimeout(20_000);
});
afterAll(() => suite?.end());

/** Steps of the console's `ln`. */
const typed = (steps: string): Promise<unknown> => page.evaluate(`(async () => { ${steps} })()`);
async function go(path: string): Promise<void> {
  await page.goto(suite.url + path);
  await opened(page);
}
async function review(name: string): Promise<void> {
  await go('/changes');
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await page.getByRole('heading', { name: 'What is different' }).waitFor();
}

describe.sequential('the differences of a branch', () => {
  it('[row 54] [row 61] records of a sheet are one table of coloured cells, told by words as well', async () => {
    await typed(`
      const well = await ln.Feature({ name: 'well', dtype: 'str' }).save();
      const dose = await ln.Feature({ name: 'dose', dtype: 'float' }).save();
      const stain = await ln.Feature({ name: 'stain', dtype: ln.ULabel }).save();
      for (const name of ['DAPI', 'Hoechst']) await ln.ULabel({ name }).save();
      const schema = await ln.Schema({ name: 'plate', features: [well, dose, stain].map((f) => f.withConfig({ optional: true })) }).save();
      const type = await ln.Record({ name: 'Plate 7', is_type: true, schema }).save();
      await ln.Record({ name: 'Plate 8', is_type: true }).save();
      for (let i = 1; i <= 60; i++)
        await ln.Record({ name: 'P7-' + String(i).padStart(2, '0'), type, features: { well: 'A' + i, dose: i, stain: 'DAPI' } }).save();
      await ln.setup.switch('titration', { create: true });
      for (let i = 1; i <= 56; i++) {
        const row = await ln.Record.get({ name: 'P7-' + String(i).padStart(2, '0') });
        if (i === 2) await row.delete();
        else await row.features.setValues({ well: 'A' + i, dose: i * 2, stain: i % 3 ? 'DAPI' : 'Hoechst' });
      }
      await ln.Record({ name: 'P7-61', type, features: { well: 'H1', dose: 0.5 } }).save();
    `);
    await review('titration');
    const sheet = page.getByRole('group', { name: 'Sheet Plate 7' });
    await sheet.getByText('57 records').waitFor();
    const rows = sheet.locator('tbody tr');
    await sheet.getByText('Rows 1 to 50 of 57').waitFor();
    expect(await sheet.locator('thead th').allInnerTexts()).toEqual(['name', 'well', 'dose', 'stain']);
    const first = rows.filter({ hasText: 'P7-01' });
    expect((await first.locator('td').nth(1).innerText()).replace(/\s+/g, ' ')).toBe('1.0 → 2.0');
    expect(await first.locator('td').nth(1).getAttribute('title')).toBe('changed');
    expect(await first.locator('td').nth(1).locator('del').innerText()).toBe('1.0');
    expect(await first.locator('td').nth(0).innerText()).toBe('A1');
    expect(await first.locator('td').nth(0).locator('del, ins').count()).toBe(0);
    const gone = rows.filter({ hasText: 'P7-02' });
    expect(await gone.locator('th').innerText()).toContain('moved to the trash');
    expect(await gone.locator('del').allInnerTexts()).toEqual(['A2', '2.0', 'DAPI']);
    expect(await page.locator('article.object').count()).toBe(0);
    expect(await axe(page)).toEqual([]);
    await sheet.scrollIntoViewIfNeeded();
    await picture(page, 'sheet');
    // By keys: the table is reached, scrolled and turned.
    const region = sheet.getByRole('region', { name: 'Differences of Plate 7' });
    await region.focus();
    await page.keyboard.press('End');
    await expect.poll(() => region.evaluate((box) => box.scrollTop)).toBeGreaterThan(0);
    await sheet.getByRole('button', { name: 'Next' }).press('Enter');
    await sheet.getByText('Rows 51 to 57 of 57').waitFor();
    const made = rows.filter({ hasText: 'P7-61' });
    expect(await made.locator('th').innerText()).toContain('new');
    expect(await made.locator('ins').allInnerTexts()).toEqual(['H1', '0.5']);
    await picture(page, 'sheet-second');
    await page.getByLabel('Kind of change').selectOption('trashed');
    await sheet.getByText('1 record').waitFor();
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByLabel('Kind of change').selectOption('');
  });

  it('[row 61] [row 62] an object is told and decided key by key, a reference by picking another row', async () => {
    await typed(`
      await ln.setup.switch('main');
      const transform = await ln.Transform({ key: 'train.py', kind: 'script' }).save();
      const run = await ln.Run({ transform, params: { lr: 0.1, epochs: 5, seed: 1 } }).save();
      const record = await ln.Record({ name: 'free', type: await ln.Record.get({ name: 'Plate 8' }) }).save();
      for (const name of ['Plate 9', 'Plate 10', 'Plate 11']) await ln.Record({ name, is_type: true }).save();
      const set = async (params, type) => {
        run.params = params;
        await run.save();
        record.type = await ln.Record.get({ name: type });
        await record.save();
      };
      await ln.setup.switch('tuning', { create: true });
      await set({ lr: 0.5, epochs: 5, seed: 2 }, 'Plate 9');
      await ln.setup.switch('main');
      await set({ lr: 0.01, epochs: 50, seed: 1 }, 'Plate 10');
    `);
    await review('tuning');
    await page.getByRole('heading', { name: '2 conflicts to decide' }).waitFor();
    const run = page.locator('article.object', { hasText: 'seed' });
    expect(await run.locator('.row .key').allTextContents()).toEqual(['lr', 'seed']);
    const lr = page.getByRole('group', { name: /^params lr/ });
    expect(await lr.innerText()).toContain('0.01');
    await lr.getByRole('button', { name: 'edit' }).click();
    await lr.getByLabel('Another value for params lr').fill('warm up');
    await picture(page, 'key');
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await lr.getByText('Taken:').waitFor();
    expect(await lr.locator('.edited').innerText()).toContain('warm up');

    const type = page.getByRole('group', { name: /^type/ });
    await type.getByRole('button', { name: 'edit' }).click();
    const picker = type.getByRole('button', { name: 'Another value for type' });
    await expect.poll(() => picker.evaluate((button) => button === document.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    await page.getByPlaceholder('Find a type').fill('Plate 11');
    await page.getByRole('option', { name: /Plate 11/ }).waitFor();
    await picture(page, 'reference');
    await page.keyboard.press('ArrowDown');
    await page.locator('[role=option][data-selected]', { hasText: 'Plate 11' }).waitFor();
    await page.keyboard.press('Enter');
    await type.locator('.edited', { hasText: 'Plate 11' }).waitFor();
    // It is kept on the branch.
    await page.reload();
    await opened(page);
    await type.locator('.edited', { hasText: 'Plate 11' }).waitFor();
    await page.getByRole('button', { name: 'Merge into main' }).click();
    await page.getByText('Merged “tuning” into main').waitFor();
    expect(
      await typed(`
        const run = await ln.Run.filter({ transform__key: 'train.py' }).one();
        return [await ln.Record.filter({ name: 'free', type__name: 'Plate 11' }).count(), run.params];
      `),
    ).toEqual([1, { lr: 'warm up', epochs: 50, seed: 2 }]);
  });

  it('[row 111] the log tells the device of each act, by the name that it is given in Settings', async () => {
    await go('/changes/log');
    const act = page.getByRole('listitem').filter({ hasText: 'Merge tuning into main' });
    await act.getByText('Chromium on Linux').waitFor();
    await go('/settings');
    const name = page.getByLabel('Name', { exact: true });
    await expect.poll(() => name.inputValue()).toBe('Chromium on Linux');
    await name.fill('Bench 3');
    await page.getByRole('button', { name: 'Rename', exact: true }).click();
    await page.getByText('This device is called “Bench 3”').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.reload();
    await opened(page);
    await expect.poll(() => name.inputValue()).toBe('Bench 3');
    await go('/changes/log');
    await act.getByText('Bench 3').waitFor();
    await page.getByLabel('Device').selectOption({ label: 'Bench 3' });
    await page.waitForURL(/device=/);
    await act.getByText('Bench 3').waitFor();
    await picture(page, 'log');
    expect(await axe(page)).toEqual([]);
  });
});
