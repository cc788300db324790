// Curate with public ontologies beside the app: what no registry has is looked up there, taken with what is above it, and taken
// back. What several terms are called is left to the person.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Ln } from '../../src/lib/sdk/types.ts';
import type { TermLines } from '../unit/ontology-files.ts';
import { drop, dropSaved, opened } from './app.ts';
import { axe, openApp, removeProfile, type OpenedApp } from './harness.ts';
import { pictures } from './pictures.ts';
import { servePacks, type ServedPacks } from './served-packs.ts';

const terms: TermLines[] = [
  { id: 'CL:0000000', name: 'cell' },
  { id: 'CL:0000542', name: 'lymphocyte', parents: ['CL:0000000'] },
  { id: 'CL:0000084', name: 'T lymphocyte', parents: ['CL:0000542'], synonyms: ['T-cell', 'twin'] },
  { id: 'CL:0000236', name: 'B cell', parents: ['CL:0000542'], synonyms: ['twin', 'B-lymphocyte'] },
  { id: 'CL:0000998', name: 'old T cell', obsolete: true, replacedBy: 'CL:0000084' },
];
const values = ['B cell', 'T-cell', 'twin', 'old T cell', 'nonsense', 'my own cell'];

let served: ServedPacks;
let folder: string;
let app: OpenedApp;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loam-take-'));
  served = await servePacks();
  await served.pack('celltype_cl', 'CellType', 'cl', terms, '2098-01-01');
  app = await openApp({ url: served.server.url, path: '/artifacts', viewport: { width: 1280, height: 900 } });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
  await opened(page);
  await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    const cell = await ln.Feature({ name: 'cell_type', dtype: ln.bt.CellType, coerce: true }).save();
    await ln.Schema({ name: 'cells', features: [cell], otype: 'DataFrame' }).save();
    await ln.bt.CellType({ name: 'my own cell' }).save();
  });
});
afterAll(async () => {
  await app?.close();
  if (app) await removeProfile(app.profile);
  await served?.end();
  await rm(folder, { recursive: true, force: true });
});

const button = (name: string | RegExp) => page.getByRole('button', { name });
const finding = () => page.getByRole('region', { name: 'cell_type', exact: true });
const says = (words: string) => expect.poll(() => page.locator('.verdict .words').innerText()).toBe(words);
const cellTypes = () =>
  page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    return (await ln.bt.CellType.filter().toList('name')).map(String).sort();
  });

it('[row 45] terms of a public ontology are taken in bulk; what several are called, and obsolete ones, are not', async () => {
  const path = join(folder, 'cells.csv');
  await writeFile(path, `cell_type\n${values.join('\n')}\n`);
  await drop(page, [path]);
  const [line] = await dropSaved(page, 1);
  await page.goto(`${served.server.url}/artifacts/${line?.uid ?? ''}?tab=curate`);
  await button('Validate').click();
  await says('It is not valid: 1 problem in 5 cells');
  await button('Look 5 up in public ontologies').click();
  await finding()
    .getByText(
      '1 value is in none. 1 value is what several terms are called and left to you. 1 value is an obsolete term',
    )
    .waitFor();
  expect(await axe(page)).toEqual([]);
  await pictures(page, 'take-terms');
  await button('Take 2 terms from the public ontology').click();
  // The synonym is written as the ontology calls it.
  await says('With your fixes it is not valid yet: 1 problem in 3 cells');
  expect(await finding().locator('tbody .value').allInnerTexts()).toEqual(['twin', 'old T cell', 'nonsense']);
  expect(await page.locator('.curate').innerText()).toContain('“T-cell” → “T lymphocyte”');
  expect(await cellTypes()).toEqual(['B cell', 'T lymphocyte', 'cell', 'lymphocyte', 'my own cell']);
});

it('[row 45] each step is taken back: first the change of the file, then the terms with what came with them', async () => {
  await page.keyboard.press('Control+z');
  // The registry has the term now, and T-cell is its synonym.
  await says('It is not valid: 1 problem in 4 cells');
  expect(await finding().getByRole('row').filter({ hasText: 'T-cell' }).innerText()).toContain(
    'T lymphocyte',
  );
  await page.keyboard.press('Control+z');
  await says('It is not valid: 1 problem in 5 cells');
  expect(await cellTypes()).toEqual(['my own cell']);
  // And taken again, by hand where several are meant.
  await button('Look 5 up in public ontologies').click();
  await button('Take 2 terms from the public ontology').click();
  await says('With your fixes it is not valid yet: 1 problem in 3 cells');
  await finding().getByLabel('Change twin to').fill('B cell');
  await page.keyboard.press('Enter');
  await says('With your fixes it is not valid yet: 1 problem in 2 cells');
});

it('[row 91] [row 93] labels are suggested from every registry, ambiguous ones are asked for, obsolete ones marked', async () => {
  await page.evaluate(async () => {
    const ln = await (window as unknown as { ln: Promise<Ln> }).ln;
    await ln.bt.Tissue({ name: 'lymphoid tissue' }).save();
    await ln.ULabel({ name: 'lymphoid project' }).save();
    await ln.ULabel({ name: 'B cell' }).save();
  });
  await page.getByRole('button', { name: 'Annotate', exact: true }).click();
  const sheet = page.getByRole('dialog');
  const field = sheet.getByRole('combobox', { name: 'Labels', exact: true });
  const options = () => page.getByRole('listbox').locator('li').allInnerTexts();
  await field.pressSequentially('lympho');
  await expect
    .poll(async () => (await options()).map((text) => text.replace(/\s+/g, ' ')))
    .toEqual(
      expect.arrayContaining(['Labels', 'lymphoid project', 'Cell types', 'Tissues', 'lymphoid tissue']),
    );
  expect((await options()).some((text) => text.startsWith('lymphocyte'))).toBe(true);
  expect(await axe(page)).toEqual([]);
  await pictures(page, 'labels');
  await page.getByRole('option', { name: 'lymphoid tissue' }).click();
  await expect
    .poll(() => sheet.locator('.tag').allInnerTexts())
    .toEqual([expect.stringMatching(/Tissue\s*lymphoid tissue/)]);
  // Of an obsolete term the one that replaces it is told.
  await field.pressSequentially('old T');
  await page.getByRole('option', { name: /old T cell.*obsolete, use T lymphocyte/ }).waitFor();
  // A label and a cell type of one name: nothing is taken, nothing is made.
  await field.fill('');
  await field.pressSequentially('B cell');
  await page.keyboard.press('Enter');
  await sheet.getByText('2 things are called “B cell”').waitFor();
  await sheet.getByRole('button', { name: /^Apply/ }).click();
  await sheet.getByText('2 things are called “B cell”').waitFor();
  expect(await sheet.locator('.tag').count()).toBe(1);
  await field.focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('option', { name: /^B cell.*CL:0000236/ }).click();
  // One term alone has the synonym; what nothing is called becomes a label.
  await field.pressSequentially('T-cell');
  await page.keyboard.press('Enter');
  await expect.poll(() => sheet.locator('.tag').count()).toBe(3);
  await field.pressSequentially('brand new,');
  await expect.poll(() => sheet.locator('.tag').count()).toBe(4);
  await sheet.getByRole('button', { name: /^Apply/ }).click();
  await sheet.waitFor({ state: 'detached' });
  await page.getByRole('link', { name: /^Annotations/ }).click();
  const labels = () => page.locator('.annotations .tags').first().locator('.tag').allInnerTexts();
  await expect
    .poll(async () => (await labels()).map((text) => text.replace(/\s+/g, ' ').trim()).sort())
    .toEqual(['CellType B cell', 'CellType T lymphocyte', 'Tissue lymphoid tissue', 'brand new']);
  expect(app.problems.page).toEqual([]);
  expect(app.problems.csp).toEqual([]);
});
