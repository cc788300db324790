// Public sources as a person meets them: packs beside the app are imported, looked into, chosen from and brought to a newer
// version; a file that is not sound is refused with its places. The packs are generated here.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oboOf, type TermLines } from '../unit/ontology-files.ts';
import type { Ln } from '../../src/lib/sdk/types.ts';
import { opened } from './app.ts';
import { axe, dropFiles, openApp, removeProfile, type OpenedApp } from './harness.ts';
import { servePacks, type ServedPacks } from './served-packs.ts';

const first: TermLines[] = [
  { id: 'CL:0000000', name: 'cell', def: 'The basic unit.' },
  { id: 'CL:0000542', name: 'lymphocyte', parents: ['CL:0000000'] },
  { id: 'CL:0000084', name: 'T lymphocyte', parents: ['CL:0000542'], synonyms: ['T-cell', 'twin'] },
  { id: 'CL:0000236', name: 'B cell', parents: ['CL:0000542'], synonyms: ['twin'] },
  { id: 'CL:0000998', name: 'old T cell', obsolete: true, replacedBy: 'CL:0000084' },
];
const second: TermLines[] = [
  ...first.slice(0, 2),
  { id: 'CL:0000084', name: 'T cell', parents: ['CL:0000542'] },
  { id: 'CL:0000236', name: 'B cell', parents: ['CL:0000542'] },
  { id: 'CL:0000623', name: 'natural killer cell', parents: ['CL:0000542'] },
];
const many: TermLines[] = Array.from({ length: 60_000 }, (_, i) => ({
  id: `MONDO:${String(i).padStart(7, '0')}`,
  name: `disease ${i}`,
  parents: i === 0 ? [] : [`MONDO:${String(Math.floor(i / 4)).padStart(7, '0')}`],
}));

let folder: string;
let server: ServedPacks['server'];
let served: ServedPacks;
let app: OpenedApp;
let page: Page;

beforeAll(async () => {
  served = await servePacks();
  ({ folder, server } = served);
  await served.pack('celltype_cl', 'CellType', 'cl', first, '2098-01-01');
  await served.pack('disease_mondo', 'Disease', 'mondo', many, '2099-01-01');
  app = await openApp({ url: server.url, path: '/ontologies', viewport: { width: 1280, height: 860 } });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
  await opened(page);
});
afterAll(async () => {
  await app?.close();
  if (app) await removeProfile(app.profile);
  await served?.end();
});

const row = (name: string) => page.locator(`[data-pack="${name}"]`);
const sheet = () => page.getByRole('dialog');
async function go(path: string): Promise<void> {
  await page.goto(server.url + path);
  await opened(page);
}
const counted = async (slug: string) => {
  await go(`/r/${slug}`);
  await expect.poll(() => page.locator('.list .total').innerText()).toMatch(/\d/);
  return page.locator('.list .total').innerText();
};

describe.sequential('public sources', () => {
  it('[row 91] a source is looked into without importing: search, tree, definition', async () => {
    await row('celltype_cl').getByRole('button', { name: 'Look inside' }).click();
    // The only root is open from the first.
    await sheet().getByRole('button', { name: 'Close cell', exact: true }).waitFor();
    await sheet().getByRole('button', { name: 'Open lymphocyte', exact: true }).click();
    await sheet().getByRole('button', { name: 'B cell', exact: true }).waitFor();
    await sheet().getByRole('button', { name: 'cell', exact: true }).click();
    await sheet().getByText('The basic unit.').waitFor();
    await sheet().getByLabel('Find a term').fill('T-cell');
    await sheet()
      .getByRole('button', { name: /^T lymphocyte/ })
      .click();
    await sheet().getByText('not in this database').waitFor();
    expect((await axe(page)).map(({ id }) => id)).toEqual([]);
    await page.keyboard.press('Escape');
    expect(await counted('bionty-celltype')).toContain('0');
  });

  it('[row 90] a term is chosen by its synonym and comes with what is above it', async () => {
    await go('/r/bionty-celltype?new');
    await sheet().getByLabel('name', { exact: true }).fill('my T cell');
    await sheet().getByRole('button', { name: 'Add a parent' }).click();
    await page.getByPlaceholder(/^Find a cell type/).fill('cell');
    // Of the term that is looked at: what it is.
    await page.locator('.term-picker').getByText('The basic unit.').click({ trial: true });
    await page.getByPlaceholder(/^Find a cell type/).fill('T-cell');
    const option = page.getByRole('option', { name: /^T lymphocyte\s+T-cell/ });
    await option.getByText('not here yet').waitFor();
    await option.click();
    await sheet().getByText('T lymphocyte').waitFor();
    await sheet().getByRole('button', { name: 'Create' }).click();
    await sheet().waitFor({ state: 'hidden' });
    // The term, two above it, and our own.
    await expect.poll(() => page.locator('.list .total').innerText()).toContain('4');
  });

  it('[row 93] of several that are called the same none is taken by itself; obsolete ones name their replacement', async () => {
    await go('/r/bionty-celltype?new');
    await sheet().getByRole('button', { name: 'Add a parent' }).click();
    const input = page.getByPlaceholder(/^Find a cell type/);
    await input.fill('twin');
    await expect.poll(() => page.getByRole('option').count()).toBe(2);
    await input.press('Enter');
    await page.getByText('2 terms are called “twin”').waitFor();
    await input.press('ArrowDown');
    await input.press('Enter');
    await expect.poll(() => sheet().locator('.tag').count()).toBe(1);
    await sheet().getByRole('button', { name: 'Add a parent' }).click();
    await page.getByPlaceholder(/^Find a cell type/).fill('old T');
    await page.getByRole('option', { name: /obsolete, use T lymphocyte/ }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
  });

  it('[row 90] a source is imported with progress, cancelled without a trace, imported whole, undone in one step', async () => {
    await go('/ontologies');
    await row('disease_mondo').getByRole('button', { name: 'Import', exact: true }).click();
    await page
      .locator('.jobs')
      .getByText(/Import 60,000 Disease terms/)
      .waitFor();
    await row('disease_mondo').getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Nothing was imported.').waitFor();
    expect(await counted('bionty-disease')).toContain('0');
    await go('/ontologies');
    await row('disease_mondo').getByRole('button', { name: 'Import', exact: true }).click();
    await row('disease_mondo').getByText('Imported', { exact: true }).waitFor({ timeout: 60_000 });
    expect(await counted('bionty-disease')).toContain('60,000');
    await page.keyboard.press('Control+z');
    await expect
      .poll(() => page.locator('.list .total').innerText(), { timeout: 60_000 })
      .not.toContain('60,000');
  });

  it('[row 94] a newer version is shown as a difference, then taken', async () => {
    await go('/ontologies');
    await row('celltype_cl').getByRole('button', { name: 'Import', exact: true }).click();
    await row('celltype_cl').getByText('Imported', { exact: true }).waitFor();
    await page.evaluate(async () => {
      const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
      const table = await ln.Artifact.fromText('b', { key: 'b.txt' }).save();
      await table.labels.add([await ln.bt.CellType.get({ ontology_id: 'CL:0000084' })]);
    });
    await served.pack('celltype_cl_2099', 'CellType', 'cl', second, '2099-01-01');
    await go('/ontologies');
    await row('celltype_cl_2099').getByText('2098-01-01 is imported').waitFor();
    await row('celltype_cl_2099').getByRole('button', { name: 'Show changes' }).click();
    await sheet().getByText('1 new term').waitFor();
    await sheet().getByText('natural killer cell').waitFor();
    await sheet().getByRole('listitem').filter({ hasText: 'T lymphocyte → T cell' }).waitFor();
    await sheet().getByRole('listitem').filter({ hasText: 'old T cell' }).waitFor();
    const uses = sheet().getByRole('link', { name: 'in use: 1 dataset' });
    expect(await uses.getAttribute('href')).toMatch(/^\/artifacts\?where=cell_types__uid:is:/);
    await sheet()
      .getByLabel(/Rename terms that datasets carry/)
      .check();
    await sheet().getByRole('button', { name: 'Take this version' }).click();
    await row('celltype_cl_2099').getByText('Imported', { exact: true }).waitFor();
    await go('/r/bionty-celltype');
    await page.getByRole('link', { name: 'T cell', exact: true }).waitFor();
  });

  it('[row 90] a file that is not sound is refused with its places, until the rest is wanted', async () => {
    const path = join(folder, 'bad.obo');
    await writeFile(
      path,
      oboOf('uberon', [
        { id: 'UBERON:1', name: 'organ' },
        { id: 'UBERON:2', name: 'lung', parents: ['UBERON:404'] },
      ]),
    );
    await go('/ontologies');
    await page.getByRole('button', { name: 'Import a file…' }).first().click();
    await sheet().getByLabel('File').setInputFiles(path);
    await sheet().getByLabel('Registry').selectOption('bionty.Tissue');
    await sheet().getByRole('button', { name: 'Import', exact: true }).click();
    await sheet()
      .getByText('line 9: UBERON:2 names UBERON:404 as its parent, which is not in the file.')
      .waitFor();
    await sheet().getByRole('button', { name: 'Import the rest' }).click();
    await page.getByText('2 tissues added').waitFor();
    expect(await counted('bionty-tissue')).toContain('2');
  });

  it('[row 90] a file that is dropped here is imported, once it is said what for', async () => {
    const path = join(folder, 'hancestro.obo');
    await writeFile(
      path,
      oboOf('hancestro', [
        { id: 'HANCESTRO:1', name: 'one' },
        { id: 'HANCESTRO:2', name: 'two', parents: ['HANCESTRO:1'] },
      ]),
    );
    await go('/ontologies');
    await dropFiles(page, [path], '.app');
    await sheet().getByText('hancestro.obo, as dropped').waitFor();
    await sheet().getByLabel('Registry').selectOption('bionty.Ethnicity');
    await sheet().getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('2 ethnicities added').waitFor();
  });

  it('[row 91] the value of a feature is chosen among terms', async () => {
    const uid = await page.evaluate(async () => {
      const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
      await ln.Feature({ name: 'cell kind', dtype: ln.bt.CellType }).save();
      return (await ln.Artifact.fromText('a', { key: 'a.txt' }).save()).uid;
    });
    await go('/artifacts');
    await page.getByRole('link', { name: 'a.txt' }).waitFor();
    // The newest row stands first.
    for (const key of ['j', 'e']) await page.keyboard.press(key);
    await sheet().getByLabel('Feature name').fill('cell kind');
    await sheet().getByRole('button', { name: 'Choose for cell kind' }).click();
    await page.getByPlaceholder(/^Find a cell type/).fill('natural killer');
    await page.getByRole('option', { name: /natural killer cell/ }).click();
    await expect
      .poll(() => sheet().getByLabel('Value of cell kind').inputValue())
      .toBe('natural killer cell');
    await sheet()
      .getByRole('button', { name: /^(Apply|Annotate)/ })
      .click();
    await sheet().waitFor({ state: 'hidden' });
    const values = await page.evaluate(async (key) => {
      const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
      return (await ln.Artifact.get(key)).features.getValues();
    }, uid);
    expect(values).toEqual({ 'cell kind': 'natural killer cell' });
  });

  it('[row 92] a list is narrowed to a term with all that is below it', async () => {
    await go(`/r/bionty-celltype?where=${encodeURIComponent('name:within:lymphocyte')}`);
    await page.getByText('is or is below').first().waitFor();
    await expect
      .poll(() => page.locator('[role=grid] .key a').allInnerTexts())
      .toEqual(expect.arrayContaining(['lymphocyte', 'B cell', 'T cell']));
    expect(await page.locator('[role=grid] .key a').allInnerTexts()).not.toContain('cell');
  });

  it('[row 91] a source that was looked into answers with the server gone', async () => {
    await go('/ontologies');
    await page.waitForSelector('html[data-offline="ready"]', { timeout: 60_000, state: 'attached' });
    await server.close();
    await page.reload();
    await opened(page);
    await row('celltype_cl').getByRole('button', { name: 'Look inside' }).click();
    await sheet().getByLabel('Find a term').fill('B cell');
    await sheet()
      .getByRole('button', { name: /^B cell/ })
      .waitFor();
  });

  it('goes without an error of the page or a broken policy', () => {
    expect(app.problems.page).toEqual([]);
    expect(app.problems.csp).toEqual([]);
    expect(app.problems.foreign).toEqual([]);
  });
});
