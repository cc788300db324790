// Another database is looked at in the same screens, and rows of it are saved into the own one with their annotations.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lamindbFacts, lamindbFile } from '../fixtures/lamindb-file.ts';
import {
  drop,
  listCounts,
  listedUids,
  listTotal,
  opened,
  showList,
  startSuite,
  storedBytes,
  workIn,
  toSettings,
  type Suite,
} from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
const sheet = () => page.getByRole('dialog');
const banner = () => page.locator('.content .banner');
const [plate] = lamindbFacts.artifacts;

beforeAll(async () => {
  suite = await startSuite('transfer', 920);
  app = await suite.open({ path: '/' });
  page = app.page;
});
afterAll(() => suite.end());

/** A click that loads the page anew, waited for on both sides. */
async function loadsAnew(click: () => Promise<void>): Promise<void> {
  const loaded = page.waitForEvent('load');
  await click();
  await loaded;
  await opened(page);
}

it('another database is looked at in the screens of the own one, and cannot be changed', async () => {
  const path = join(suite.folder, 'colleague.db');
  await writeFile(path, await lamindbFile());
  await drop(page, [path]);
  await sheet().getByRole('button', { name: 'Open the database' }).click();
  await sheet().getByLabel('Name on this device').fill('colleague');
  await sheet().getByRole('button', { name: 'Only look at it' }).click();
  await sheet().waitFor({ state: 'detached' });
  await toSettings(page);
  const row = page.locator('#databases tr', { hasText: 'colleague' });
  await loadsAnew(() => row.getByRole('button', { name: 'Look at it' }).click());
  await banner().getByText('You are looking at colleague').waitFor();
  await listCounts(page, lamindbFacts.artifacts.length);
  expect((await listedUids(page)).sort()).toEqual(lamindbFacts.artifacts.map(({ uid }) => uid).sort());
  expect(await page.getByRole('button', { name: 'Add', exact: true }).count()).toBe(0);
  expect(await axe(page)).toEqual([]);

  // It stays so over a reload, in this tab; writing is refused in words.
  await page.reload();
  await opened(page);
  await banner().getByText('You are looking at colleague').waitFor();
  await page.locator('a[href="/r"]').first().click();
  await page.locator('a[href="/r/ulabel"]').first().click();
  await page.getByText(lamindbFacts.labels[0]).first().waitFor();
});

it('[row 74] an artifact is saved to the own database with its annotations, and one undo takes it back', async () => {
  await showList(page);
  await page.locator(`[role=grid] .key a[href$="${plate.uid}"]`).first().click();
  await page.getByRole('button', { name: 'Save to mine' }).click();
  await page.getByText(/^Saved plate-1\.csv to my-lab$/).waitFor();
  await loadsAnew(() => banner().getByRole('button', { name: 'Back to my-lab' }).click());
  await showList(page);
  await listCounts(page, 1);
  expect(await listedUids(page)).toEqual([plate.uid]);
  await page.locator(`[role=grid] .key a[href$="${plate.uid}"]`).first().click();
  await page.locator('h1', { hasText: 'plate-1.csv' }).waitFor();
  await page.locator('a[href$="tab=annotations"]').first().click();
  await page.getByText(lamindbFacts.labels[0]).first().waitFor();
  // Values stand in fields that can be changed now.
  const shown = () => page.locator('main').evaluate((main) => main.innerHTML);
  await expect.poll(shown).toContain(lamindbFacts.feature.name);

  // What it is about stays where it lies: the storage came along as a row.
  await toSettings(page);
  await page.getByText(lamindbFacts.root).first().waitFor();

  await showList(page);
  await page.keyboard.press('Control+z');
  await page.getByText('No artifacts yet').first().waitFor();
  expect(await listTotal(page)).toBe(0);
  expect(app.problems.page).toEqual([]);
});

it('bytes that two databases of the device name stay until neither does', async () => {
  const stored = async () => [...(await storedBytes(page)).keys()].filter((path) => path.endsWith('.txt'));
  const ask = (code: string) => page.evaluate(`(async () => { ${code} })()`);
  const own = () => page.locator('#databases tr', { hasText: 'my-lab' });
  await ask(`await ln.Artifact.fromText('shared', { key: 'shared.txt' }).save()`);
  await workIn(page, join(suite.folder, 'colleague.db'), 'second');
  await toSettings(page);
  await loadsAnew(() => own().getByRole('button', { name: 'Look at it' }).click());
  await showList(page);
  await page.getByRole('link', { name: 'shared.txt' }).first().click();
  await page.getByRole('button', { name: 'Save to mine' }).click();
  await page.getByText(/^Saved shared\.txt to second$/).waitFor();
  await loadsAnew(() => banner().getByRole('button', { name: 'Back to second' }).click());

  const gone = `await (await ln.Artifact.get({ key: 'shared.txt' })).delete({ permanent: true })`;
  await ask(gone);
  expect(await ask(`return await ln.Artifact.filter({ key: 'shared.txt' }).count()`)).toBe(0);
  expect(await stored()).toHaveLength(1);
  await toSettings(page);
  await own().getByRole('button', { name: 'Work in it' }).click();
  await page.locator('.top .db', { hasText: 'my-lab' }).waitFor();
  await opened(page);
  expect(await ask(`return await (await ln.Artifact.get({ key: 'shared.txt' })).load()`)).toBe('shared');
  await ask(gone);
  expect(await stored()).toEqual([]);
  expect(app.problems.page).toEqual([]);
});
