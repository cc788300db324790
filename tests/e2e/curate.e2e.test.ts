// A messy table made right by somebody who has never seen the screen, with the mouse alone: dropped, held against a schema,
// mended by what the page offers, saved as a new version that validates, with the report kept.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as arrow from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { h5adBytes } from '../fixtures/write-h5ad.ts';
import { zarrAnnData } from '../fixtures/write-zarr.ts';
import { drop, dropSaved, opened, startSuite, type Suite } from './app.ts';
import { asked as askedOf, cells, ensemblGenes, messy, openLab } from './curate-lab.ts';
import { axe, type OpenedApp } from './harness.ts';
import { pictures } from './pictures.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('curate', 900);
  app = await openLab(suite);
  page = app.page;
});
afterAll(() => suite.end());

const asked = (...statements: string[]) => askedOf(suite, page, ...statements);

const button = (name: string | RegExp) => page.getByRole('button', { name });
const verdict = () => page.locator('.verdict .words').innerText();
const says = (words: RegExp | string) =>
  expect.poll(verdict, { timeout: 20_000 }).toMatch(typeof words === 'string' ? new RegExp(words) : words);

it('[row 43] [row 44] [row 45] [row 46] a messy table of 500 rows with 40 misspelt cell types becomes a validated artifact in less than two minutes with the mouse alone', async () => {
  const path = join(suite.folder, 'screen.csv');
  await writeFile(path, messy());
  const began = Date.now();
  await drop(page, [path]);
  const [line] = await dropSaved(page, 1);
  await page.locator('.drop-line a').click();
  await page.getByRole('link', { name: 'Curate' }).click();
  await page.getByLabel('Schema').selectOption({ label: 'cells of donors' });
  await button('Validate').click();
  await says(/^It is not valid/);
  // Each column with its reason.

  const finding = (name: string) => page.getByRole('region', { name, exact: true });
  expect(await finding('scratch').innerText()).toContain('takes none beside its own');
  await finding('cell_type').getByRole('button', { name: 'Take the column Cell type' }).click();
  await expect.poll(() => finding('cell_type').innerText()).toContain('41 values are not in bionty.CellType');
  expect(await finding('cell_type').locator('tbody tr').first().innerText()).toContain('NK cell');
  expect(await axe(page)).toEqual([]);
  await pictures(page, 'curate');

  await button(/^Map the synonym \(16 rows\)/).click();
  await expect.poll(() => finding('cell_type').innerText()).toContain('40 values are not');
  await button(/^Accept all 40 best suggestions \(80 rows\)/).click();
  await finding('cell_type').waitFor({ state: 'detached' });
  await finding('donor').getByRole('button', { name: 'Create 5 missing as ULabel' }).click();
  await finding('donor').waitFor({ state: 'detached' });
  await finding('scratch').getByRole('button', { name: 'Leave the column out of the copy' }).click();
  await finding('scratch').waitFor({ state: 'detached' });
  await says('not valid yet: 1 problem');

  await finding('n_genes').getByRole('button', { name: 'Empty the cell' }).click();
  await says('With your fixes it is valid');
  await button('Save fixed copy').click();
  await says(/^It is valid/);
  const took = Date.now() - began;
  expect(took).toBeLessThan(120_000);
  console.log(`a messy table became a validated artifact in ${(took / 1000).toFixed(1)} s`);

  const uid = /artifacts\/(\w+)/.exec(page.url())?.[1] ?? '';
  expect(uid).not.toBe(line?.uid);
  expect(uid.slice(0, 16)).toBe(line?.uid?.slice(0, 16));
  expect(app.problems.page).toEqual([]);
});

it('[row 51] the new version knows its schema, terms and origin, and the report is the run’s own', async () => {
  const report = page.getByRole('list', { name: 'Reports' }).getByRole('listitem');
  expect(await report.innerText()).toMatch(/^Valid against cells of donors, just now/);
  // Reached from what the page says of the dataset, too.
  const fact = page.locator('header').getByRole('link', { name: 'valid: cells of donors' });
  const address = (await report.getByRole('link', { name: 'Valid' }).getAttribute('href')) ?? '';
  expect(await fact.getAttribute('href')).toBe(address);
  await fact.click();
  const view = page.getByRole('region', { name: 'Report of a validation' });
  await view.getByRole('heading', { name: 'Valid', exact: true }).waitFor();
  expect(await view.innerText()).not.toContain('what it says is its own');
  expect(await view.getByRole('link', { name: 'screen.csv' }).count()).toBe(1);
  expect(await view.getByRole('link', { name: 'cells of donors' }).count()).toBe(1);
  // The run's page leads here again.
  await view.getByRole('link', { name: 'loam/validate' }).click();
  await page.locator(`main a[href="${address}"]`).first().click();
  await view.getByRole('link', { name: 'Show the JSON' }).click();
  await page.getByText('"report": "validation"').first().waitFor();
  const [versions, terms, reports] = await asked(
    `SELECT a.is_latest, s.name, t.key, t.kind, i.uid IS NOT NULL FROM lamindb_artifact a
     LEFT JOIN lamindb_schema s ON s.id = a.schema_id LEFT JOIN lamindb_run r ON r.id = a.run_id
     LEFT JOIN lamindb_transform t ON t.id = r.transform_id
     LEFT JOIN lamindb_artifact_input_of_runs l ON l.run_id = r.id LEFT JOIN lamindb_artifact i ON i.id = l.artifact_id
     WHERE a.key = 'screen.csv' ORDER BY a.id`,
    `SELECT count(*) FROM bionty_artifactcelltype l JOIN lamindb_artifact a ON a.id = l.artifact_id WHERE a.is_latest = 1`,
    `SELECT a.kind, t.key, json_extract(r.params, '$.ok') FROM lamindb_run r JOIN lamindb_artifact a ON a.id = r.report_id
     JOIN lamindb_transform t ON t.id = r.transform_id`,
  );
  expect(versions).toEqual([
    [0, null, 'loam/drop-files', 'function', 0],
    [1, 'cells of donors', 'loam/curate', 'function', 1],
  ]);
  expect(terms).toEqual([[cells.length]]);
  expect(reports).toEqual([['__lamindb_run__', 'loam/validate', 1]]);
  expect(app.problems.page).toEqual([]);
});

it('[row 51] the report of a table that is not valid says what and where, is printed whole, and leads back to Curate', async () => {
  const wrong = Array.from({ length: 60 }, (_, i) => `odd <b>${i}</b>`);
  const rows = wrong.map((name, i) => `${name},donor 1,${i === 7 ? 'n.d.' : i}`);
  await curate(
    'odd.csv',
    new TextEncoder().encode(`cell_type,donor,n_genes\n${rows.join('\n')}\n`),
    'cells of donors',
  );
  await says('It is not valid: 2 problems in 61 cells');
  await button('Keep this report').click();
  await page
    .getByRole('list', { name: 'Reports' })
    .getByRole('link', { name: /^Not valid, 2 problems/ })
    .click();
  const view = page.getByRole('region', { name: 'Report of a validation' });
  await view.getByRole('heading', { name: 'Not valid: 2 problems in 61 cells' }).waitFor();
  const cell = view.getByRole('region', { name: 'cell_type', exact: true });
  // What strangers wrote is text.
  expect(await cell.locator('tbody tr').first().innerText()).toMatch(/odd <b>0<\/b>\s+1\s+1/);
  expect(await cell.locator('tbody tr').count()).toBe(40);
  expect(await cell.innerText()).toContain('20 more values');
  expect(await view.getByRole('region', { name: 'n_genes', exact: true }).innerText()).toMatch(
    /n\.d\..*\s+1\s+8/,
  );
  expect(await axe(page)).toEqual([]);
  await pictures(page, 'report');
  // On paper: all values, no frame around them, nothing to press.
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  expect(await cell.locator('tbody tr').count()).toBe(60);
  for (const place of ['.top', '.rail', '.jobs', 'main nav', 'main header .acts'])
    expect(await page.locator(place).first().isVisible()).toBe(false);
  expect(await view.getByRole('button').filter({ visible: true }).count()).toBe(0);
  const height = () => page.evaluate(() => document.documentElement.scrollHeight);
  expect(await height()).toBeGreaterThan(60 * 28);
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
  await page.emulateMedia({ media: 'screen' });
  expect(await cell.locator('tbody tr').count()).toBe(40);
  await view.getByRole('button', { name: 'Open in Curate' }).click();
  await says('It is not valid: 2 problems in 61 cells');
  const header = page.locator('main header');
  expect(await header.innerText()).toContain('not valid, 2 problems: cells of donors');

  // A file that only says that it is a report is told apart.
  const path = join(suite.folder, 'forged.json');
  const forged = { report: 'validation', ok: true, findings: [], artifact: { uid: 'x', key: 'all.csv' } };
  await writeFile(path, JSON.stringify(forged));
  await page.goto(`${suite.url}/artifacts`);
  await opened(page);
  await drop(page, [path]);
  const [line] = await dropSaved(page, 1);
  await page.goto(`${suite.url}/artifacts/${line?.uid ?? ''}`);
  await view.getByRole('heading', { name: 'Valid', exact: true }).waitFor();
  expect(await view.innerText()).toContain('what it says is its own');
  expect(app.problems.page).toEqual([]);
});

async function curate(name: string, bytes: Uint8Array, schema: string): Promise<void> {
  const path = join(suite.folder, name);
  await writeFile(path, bytes);
  await curatePath(path, schema);
}

async function curatePath(path: string, schema: string): Promise<void> {
  await page.goto(`${suite.url}/artifacts`);
  await opened(page);
  await drop(page, [path]);
  const [line] = await dropSaved(page, 1);
  await page.goto(`${suite.url}/artifacts/${line?.uid ?? ''}?tab=curate`);
  await page.getByLabel('Schema').selectOption({ label: schema });
  await button('Validate').click();
}

it('[row 44] the seed example: an AnnData whose "NK cell" is only a synonym is mapped, and the fixed file validates', async () => {
  const bytes = await h5adBytes({
    obsNames: Array.from({ length: 60 }, (_, i) => `cell-${i}`),
    varNames: ensemblGenes.map(([, id]) => id),
    category: {
      name: 'cell_type',
      categories: ['NK cell', 'hepatocyte'],
      codes: Array.from({ length: 60 }, (_, i) => i % 2),
    },
    number: { name: 'pct_mt', values: Array.from({ length: 60 }, (_, i) => i / 8) },
  });
  await curate('seed.h5ad', bytes, 'anndata_ensembl_gene_ids_and_valid_features_in_obs');
  await says('It is not valid: 1 problem in 30 cells');
  expect(await page.getByRole('region', { name: 'cell_type' }).innerText()).toContain('NK cell');
  await button('Map the synonym (30 rows)').click();
  await says('With your fixes it is valid');
  await button('Save fixed copy').click();
  await says(/^It is valid/);
  const [rows] = await asked(
    `SELECT a.is_latest, s.name, (SELECT count(*) FROM lamindb_artifactschema l WHERE l.artifact_id = a.id) FROM lamindb_artifact a
     LEFT JOIN lamindb_schema s ON s.id = a.schema_id WHERE a.key = 'seed.h5ad' ORDER BY a.id`,
  );
  expect(rows).toEqual([
    [0, null, 0],
    [1, 'anndata_ensembl_gene_ids_and_valid_features_in_obs', 2],
  ]);
});

it('[row 44] a Zarr store is fixed in place of a folder: names of variables too, and the objects of X stay', async () => {
  const name = 'seed.anndata.zarr';
  const files = zarrAnnData(name, 3, {
    obsNames: Array.from({ length: 60 }, (_, i) => `cell-${i}`),
    varNames: ['ENSG00000153563', 'CD4'],
    category: {
      name: 'cell_type',
      categories: ['NK cell', 'hepatocyte'],
      codes: Array.from({ length: 60 }, (_, i) => i % 2),
    },
    number: { name: 'pct_mt', values: Array.from({ length: 60 }, (_, i) => i / 8) },
  });
  for (const { path, bytes } of files) {
    await mkdir(dirname(join(suite.folder, path)), { recursive: true });
    await writeFile(join(suite.folder, path), bytes);
  }
  await curatePath(join(suite.folder, name), 'anndata_ensembl_gene_ids_and_valid_features_in_obs');
  await says('It is not valid: 1 problem in 30 cells');
  await button('Map the synonym (30 rows)').click();
  await says('With your fixes it is valid');
  await page.getByText(/notice.*: what LaminDB lets pass/).waitFor();
  const gene = page.getByLabel('Change CD4 to', { exact: true });
  await gene.fill('ENSG00000010610');
  await gene.press('Tab');
  await gene.waitFor({ state: 'detached' });
  await button('Save fixed copy').click();
  const told = () => page.locator('.curate .problem, .curate .verdict .words').allInnerTexts();
  await expect.poll(told, { timeout: 20_000 }).toEqual(['It is valid']);
  const [rows, genes] = await asked(
    `SELECT a.is_latest, a.n_files, a.size > 0, (SELECT count(*) FROM lamindb_artifactschema l WHERE l.artifact_id = a.id)
     FROM lamindb_artifact a WHERE a.key = 'seed.anndata.zarr' ORDER BY a.id`,
    `SELECT count(*) FROM lamindb_schema s JOIN lamindb_artifactschema l ON l.schema_id = s.id JOIN lamindb_artifact a ON a.id = l.artifact_id
     JOIN bionty_schemagene g ON g.schema_id = s.id WHERE a.key = 'seed.anndata.zarr'`,
  );
  expect(rows).toEqual([
    [0, files.length, 1, 0],
    [1, files.length, 1, 2],
  ]);
  expect(genes).toEqual([[2]]);
  expect(app.problems.page).toEqual([]);
});

it('[row 44] an Arrow file is fixed, and stays one', async () => {
  const table = new arrow.Table({
    cell_type: arrow.vectorFromArray(
      ['NK', 'hepatocyte', 'NK'],
      new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()),
    ),
    n: arrow.vectorFromArray([1, 2, 3], new arrow.Int32()),
  });
  await curate('cells.arrow', arrow.tableToIPC(table, 'file'), 'cells alone');
  await says('It is not valid: 1 problem in 2 cells');
  await button('Map the synonym (2 rows)').click();
  await says('With your fixes it is valid');
  await button('Save fixed copy').click();
  const told = () => page.locator('.curate .problem, .curate .verdict .words').allInnerTexts();
  await expect.poll(told, { timeout: 20_000 }).toEqual(['It is valid']);
  expect(app.problems.page).toEqual([]);
});

it('[row 44] a parquet file is fixed, and its other columns stay as they were', async () => {
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: 'cell_type', data: ['hepatocite', 'hepatocyte', 'NK'], type: 'STRING' },
      { name: 'n', data: [1n, 2n, 3n], type: 'INT64' },
    ],
  });
  await curate('cells.parquet', new Uint8Array(bytes), 'cells alone');
  await says('It is not valid: 1 problem in 2 cells');
  await button('Accept the best suggestion (1 row)').click();
  await button('Map the synonym (1 row)').click();
  await says('With your fixes it is valid');
  await page.keyboard.press('Control+z');
  await says('With your fixes it is not valid yet: 1 problem in 1 cell');
  await page.keyboard.press('Control+Shift+z');
  await says('With your fixes it is valid');
  await button('Save fixed copy').click();
  const told = () => page.locator('.curate .problem, .curate .verdict .words').allInnerTexts();
  await expect.poll(told, { timeout: 20_000 }).toEqual(['It is valid']);
  const uid = /artifacts\/(\w+)/.exec(page.url())?.[1] ?? '';
  await page.goto(`${suite.url}/artifacts/${uid}`);
  await page.getByRole('button', { name: 'Query', exact: true }).click();
  await expect
    .poll(() => page.getByRole('gridcell').allInnerTexts(), { timeout: 60_000 })
    .toEqual(['hepatocyte', '1', 'hepatocyte', '2', 'natural killer cell', '3']);
  expect(app.problems.page).toEqual([]);
});

it('[row 44] texts of a parquet file become the whole numbers that the schema asks for', async () => {
  const columnData = [{ name: 'n_counts', data: ['1', 'n.d.', '3'], type: 'STRING' as const }];
  await curate('counts.parquet', new Uint8Array(parquetWriteBuffer({ columnData })), 'counts alone');
  await says('It is not valid: 1 problem in 1 cell');
  const finding = page.getByRole('region', { name: 'n_counts' });
  expect(await finding.innerText()).toContain("1 value is no int: 'n.d.' (row 2)");
  await finding.getByRole('button', { name: 'Empty the cell' }).click();
  await says('With your fixes it is not valid yet');
  await finding.getByRole('button', { name: 'Convert the column to whole numbers' }).click();
  await says('With your fixes it is valid');
  expect(await page.getByRole('group', { name: 'Fixes' }).innerText()).toContain(
    'converted to whole numbers',
  );
  expect(await axe(page)).toEqual([]);
  await button('Save fixed copy').click();
  const told = () => page.locator('.curate .problem, .curate .verdict .words').allInnerTexts();
  await expect.poll(told, { timeout: 20_000 }).toEqual(['It is valid']);
  expect(app.problems.page).toEqual([]);
});

it('[row 47] what a schema lets pass is refused by a stricter one, made and used in one step', async () => {
  const rows = new TextEncoder().encode('cell_type,extra\nhepatocyte,1\nmegakaryocyte,2\n');
  await curate('loose.csv', rows, 'cells alone');
  await says('It is valid');
  await page.getByText(/1 notice: what LaminDB lets pass/).waitFor();
  await button('Use a stricter schema').click();
  await says('It is not valid: 1 problem');
  const chosen = page.locator('.curate form select').first();
  expect(await chosen.evaluate((select) => (select as HTMLSelectElement).selectedOptions[0]?.text)).toBe(
    'cells alone (strict)',
  );
  await page.getByRole('region', { name: 'extra' }).waitFor();
  // The same again is the schema that is there.
  await curate('loose-too.csv', new TextEncoder().encode('cell_type,other\nhepatocyte,1\n'), 'cells alone');
  await button('Use a stricter schema').click();
  await says('It is not valid: 1 problem');
  const [[schemas = []] = []] = await asked(
    "SELECT count(*), max(maximal_set) FROM lamindb_schema WHERE name LIKE 'cells alone (%'",
  );
  expect(schemas).toEqual([1, 1]);
});
