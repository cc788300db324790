// The dashboard of a list: opened from a filtered list by mouse and by key, its bars filter the list, the address says all of
// it, back undoes it, and it follows what is dropped meanwhile.
import type { Page } from 'playwright-core';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drop, dropEnded, listTotal, opened, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
const n = 12;

async function files(from: number, to: number): Promise<string[]> {
  const paths: string[] = [];
  for (let i = from; i < to; i++) {
    const path = join(suite.folder, `plate_${i}.${i % 3 === 0 ? 'csv' : i % 3 === 1 ? 'tsv' : 'txt'}`);
    await writeFile(path, 'x'.repeat(i % 4 === 0 ? 2000 : 10 + i) + String(i));
    paths.push(path);
  }
  return paths;
}

beforeAll(async () => {
  suite = await startSuite('dashboard', 860);
  app = await suite.open({ path: '/artifacts' });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
  await drop(page, await files(0, n));
});
afterAll(() => suite?.end());

/** Rows that the list counts, without "of how many". */
const total = () => listTotal(page);
const dashboard = () => page.getByRole('region', { name: 'Dashboard' });
const card = (name: string) => dashboard().getByRole('region', { name, exact: true });
/** By all that it says; how the parts of a name are spaced is the browser's business. */
const bar = (name: string) =>
  dashboard().getByRole('button', {
    name: new RegExp(`^${name.replace('.', '\\.').replaceAll(', ', ' ?, ')}$`),
  });
const params = () => new URL(page.url()).searchParams;

describe.sequential('dashboard', () => {
  it('opens from a filtered list, counts its rows, and each bar says what it counts', async () => {
    await dropEnded(page, n);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByRole('searchbox').fill('plate');
    await expect.poll(() => params().get('q')).toBe('plate');
    await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
    await dashboard().getByText('12 artifacts').first().waitFor();
    expect(params().get('q')).toBe('plate');
    expect(params().has('dashboard')).toBe(true);
    await bar('.csv, 4 artifacts, 33 %').waitFor();
    await bar('1 kB to 1 MB, 3 artifacts, 25 %').waitFor();
    await bar('\\d+ \\w+ 20\\d\\d, 12 artifacts, 100 %').waitFor();
    expect(await axe(page)).toEqual([]);
  });

  it('a bar filters, beside others and from the keyboard; back and a shared address agree', async () => {
    await bar('.csv, 4 artifacts, 33 %').click();
    await expect.poll(total).toBe(4);
    expect(params().get('where')).toBe('suffix:in:(.csv)');
    expect(await bar('.csv, 4 artifacts, 33 %').getAttribute('aria-pressed')).toBe('true');
    // Its neighbours keep their numbers, other cards are about the four.
    await bar('.tsv, 4 artifacts, 33 %').waitFor();
    const large = bar('1 kB to 1 MB, 1 artifact, 25 %');
    await large.focus();
    await page.keyboard.press('Enter');
    await expect.poll(total).toBe(1);
    expect(params().get('where')).toBe('suffix:in:(.csv),size:between:(1000,999999)');
    await page.getByText('size between 1 kB and 1 MB').waitFor();
    const shared = page.url();
    await page.goBack();
    await expect.poll(total).toBe(4);
    await expect.poll(() => large.getAttribute('aria-pressed')).toBe('false');
    await page.goto(shared);
    await opened(page);
    await large.waitFor();
    expect(await large.getAttribute('aria-pressed')).toBe('true');
    await dashboard().getByText('1 artifact', { exact: true }).first().waitFor();
    expect(await axe(page)).toEqual([]);
    await large.click();
    await bar('.csv, 4 artifacts, 33 %').click();
    await expect.poll(() => params().get('where')).toBeNull();
  });

  it('follows new files, and the key goes back to the list with the same filter', async () => {
    await drop(page, await files(n, n + 3));
    await dropEnded(page, 3);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await bar('.csv, 5 artifacts, 33 %').waitFor();
    await dashboard().getByText('15 artifacts').first().waitFor();
    await bar('.csv, 5 artifacts, 33 %').click();
    await card('file type').waitFor();
    await expect.poll(total).toBe(5);
    await page.locator('h1').click();
    await page.keyboard.press('d');
    await page.getByRole('grid').waitFor();
    expect(params().has('dashboard')).toBe(false);
    expect(params().get('where')).toBe('suffix:in:(.csv)');
    await expect.poll(total).toBe(5);
    await page.goBack();
    await dashboard().waitFor();
    expect([app.problems.page, app.problems.csp, app.problems.foreign]).toEqual([[], [], []]);
  });
});
