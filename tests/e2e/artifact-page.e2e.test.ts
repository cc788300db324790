// A database of LaminDB opened by someone who has read nothing: where the rows are that the dialog promised, what schema a
// dataset has, what was made of it, and what can be done with a file that is not here. Then drops, questions and the filter.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lamindbFile } from '../fixtures/lamindb-file.ts';
import { drop, dropSaved, listTotal, opened, showList, startSuite, workIn, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
const sheet = () => page.getByRole('dialog');
const plate = 'PlateOneArtifact0000';

beforeAll(async () => {
  suite = await startSuite('artifact-page', 900);
  app = await suite.open({ path: '/' });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
});
afterAll(() => suite?.end());

async function go(path: string): Promise<void> {
  await page.goto(suite.url + path);
  await opened(page);
}
/** In both themes and on a phone. */
async function looksWell(): Promise<void> {
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 900 };
  for (const scheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    // A notice that is just fading out has no colours of its own yet.
    await expect.poll(() => axe(page), { timeout: 15_000 }).toEqual([]);
  }
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width, height });
}

describe.sequential('a database someone else made', () => {
  it('Home says where the rows are that the list does not show', async () => {
    const bytes = await lamindbFile((driver) => {
      driver.exec(`
        INSERT INTO lamindb_schema(uid, n_members, itype, minimal_set, ordered_set, maximal_set, created_by_id)
          VALUES ('SchemaOfPlates00', 1, 'Feature', 1, 0, 0, 1);
        INSERT INTO lamindb_schemafeature(feature_id, schema_id) SELECT f.id, s.id FROM lamindb_feature f, lamindb_schema s
          WHERE f.uid = 'FeatureTemp1' AND s.uid = 'SchemaOfPlates00';
        INSERT INTO lamindb_artifactschema(slot, artifact_id, schema_id, created_by_id)
          SELECT 'columns', a.id, s.id, 1 FROM lamindb_artifact a, lamindb_schema s WHERE a.uid = '${plate}' AND s.uid = 'SchemaOfPlates00';
        UPDATE lamindb_artifact SET branch_id = -1 WHERE key = 'notes.txt';
      `);
    });
    const file = join(suite.folder, 'plates.sqlite');
    await writeFile(file, bytes);
    await workIn(page, file, 'plates');
    await page.locator('.counts', { hasText: '2 artifacts' }).waitFor();
    await page.getByText('Not listed: 1 in the trash').waitFor();
    await looksWell();
    await page.getByRole('link', { name: '1 in the trash' }).click();
    await page.locator('[role=grid] .key a', { hasText: 'notes.txt' }).waitFor();
  });

  it('[row 4] the Annotations tab shows the schema; a schema without a name says what it holds', async () => {
    await go(`/artifacts/${plate}?tab=annotations`);
    const schema = page.getByRole('region', { name: 'Schema' });
    const slot = schema.getByRole('link', { name: '1 feature' });
    expect(await slot.getAttribute('title')).toBe('1 feature (columns of raw/plate-1.csv)');
    await looksWell();
    await schema.getByRole('link', { name: 'temperature' }).click();
    await page.getByRole('heading', { level: 1, name: 'temperature' }).waitFor();
    await page.goBack();
    await slot.click();
    await page.getByRole('heading', { level: 1, name: '1 feature (columns of raw/plate-1.csv)' }).waitFor();
    await go('/r/schema');
    await page.locator('[role=grid] .key a', { hasText: '1 feature (columns of raw/plate-1.csv)' }).waitFor();
  });

  it('a file that is not here offers no download, in the words of the preview', async () => {
    await go(`/artifacts/${plate}`);
    const words = /The file is not on this device. It lies in/;
    await page.getByText(words).first().waitFor();
    const button = page.getByRole('button', { name: 'Download' });
    await expect.poll(() => button.getAttribute('aria-disabled')).toBe('true');
    expect(await button.getAttribute('title')).toMatch(words);
    await button.click({ force: true });
    await page.getByText('Nothing to download here').waitFor();
  });

  it('what is in the trash is deleted for good from its own page', async () => {
    await page.getByRole('button', { name: 'Move to trash' }).click();
    await page.getByRole('button', { name: 'Restore' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole('button', { name: 'Delete for good…' }).click();
    await sheet().getByText('This cannot be undone').waitFor();
    await sheet()
      .getByRole('button', { name: /^Delete / })
      .click();
    await page.getByText('Deleted for good').first().waitFor();
    await showList(page);
    await expect.poll(() => listTotal(page)).toBe(1);
    expect(app.problems.page).toEqual([]);
  });
});

describe.sequential('drops', () => {
  it('the question about folders counts them and has the focus; a folder is called one', async () => {
    for (const name of ['one', 'two']) {
      await mkdir(join(suite.folder, name));
      await writeFile(join(suite.folder, name, 'matrix.xyz'), `${name} ${'\0'.repeat(300)}`);
    }
    await drop(page, [join(suite.folder, 'one'), join(suite.folder, 'two')]);
    await page.getByRole('heading', { name: 'How should the 2 folders be kept?' }).waitFor();
    const focus = () => page.evaluate(() => (document.activeElement as HTMLInputElement).type);
    await expect.poll(focus).toBe('radio');
    const [byFile, whole] = [
      'Each file becomes an artifact, as one/',
      'Keep as one folder artifact, one',
    ].map((name) => page.getByRole('radio', { name }));
    await byFile?.press('ArrowDown');
    await expect.poll(() => whole?.isChecked()).toBe(true);
    await page.getByRole('button', { name: 'Save them' }).click();
    await dropSaved(page, 2);
    // The folder that was asked about first is kept whole, the other file by file.
    const words = await page.locator('.drop-line .what').allInnerTexts();
    expect(words.sort()).toEqual(['folder', 'xyz']);
  });

  it('a file that LaminDB knows no suffix of has one word everywhere; without a preview the page says so', async () => {
    await page.getByRole('button', { name: 'Clear' }).click();
    const file = join(suite.folder, 'reads.fq');
    await writeFile(
      file,
      Uint8Array.from({ length: 400 }, (_, i) => (i * 89) % 256),
    );
    await drop(page, [file]);
    const [saved] = await dropSaved(page, 1);
    expect(await page.locator('.drop-line .what').innerText()).toBe('fq');
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await showList(page);
    await page.locator('[role=row]', { hasText: 'reads.fq' }).locator('.type', { hasText: 'fq' }).waitFor();
    await go(`/artifacts/${saved?.uid}`);
    await page.locator('.type', { hasText: 'fq' }).waitFor();
    await page.getByText('Loam keeps this file but cannot preview it yet.').waitFor();
    expect(await page.getByRole('button', { name: 'Download' }).getAttribute('aria-disabled')).toBe('false');
  });
});

describe.sequential('the filter', () => {
  const builder = () => page.getByRole('region', { name: 'Filter' });
  const pick = async (field: string) => {
    await page.getByPlaceholder('Find a field').fill(field);
    await page.getByRole('option', { name: field }).first().click();
  };

  it('after a field is chosen the keys go to its value', async () => {
    await go('/artifacts');
    await page.keyboard.press('w');
    await builder().getByRole('button', { name: 'Add a condition' }).click();
    await pick('size');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    await expect.poll(focused).toBe('Value of size');
    await builder().getByRole('button', { name: 'Field: size' }).click();
    await pick('description');
    await expect.poll(focused).toBe('Value of description');
  });

  it('a chosen facet leaves the others where they are', async () => {
    await go('/artifacts');
    const facets = page.getByRole('complementary', { name: 'Filters' });
    await facets.getByRole('button', { name: /^\.csv/ }).waitFor();
    const titles = () => facets.getByRole('heading').allInnerTexts();
    const before = await titles();
    expect(before.length).toBeGreaterThan(1);
    await facets.getByRole('button', { name: /^\.csv/ }).click();
    await expect.poll(() => page.locator('.list .total').innerText()).toMatch(/^1 of /);
    await expect
      .poll(() => facets.locator('section', { hasText: 'abels' }).getByRole('button').allInnerTexts())
      .toContainEqual(expect.stringMatching(/batch 1\s*1$/));
    expect(await titles()).toEqual(before);
  });
});

const quickstart = resolve(
  process.env.LOAM_FIXTURES ?? '../shared',
  'fixtures/lamindb/quickstart.lamindb.sqlite',
);
const there = existsSync(quickstart);

describe.skipIf(!there).sequential(`a real database${there ? '' : ' (skipped: no LOAM_FIXTURES)'}`, () => {
  it('[row 4] the AnnData set is found by cell type; its schema and lineage are seen on its page', async () => {
    await go('/');
    await workIn(page, quickstart, 'quickstart-data');
    await page.getByText('Not listed: 1 older version, 6 reports and environments of runs').waitFor();
    await showList(page);
    const facets = page.getByRole('complementary', { name: 'Filters' });
    const heading = facets.getByRole('heading', { name: 'cell_type_by_model' });
    await heading.waitFor();
    expect(await heading.evaluate((h) => getComputedStyle(h, '::first-letter').textTransform)).toBe('none');
    await facets
      .getByRole('button', { name: /^T cell/ })
      .first()
      .click();
    await page.locator('[role=grid] .key a', { hasText: 'scrna.h5ad' }).click();
    await page.getByRole('link', { name: 'Annotations' }).click();
    const schema = page.getByRole('region', { name: 'Schema' });
    await schema.getByRole('link', { name: 'anndata_ensembl_gene_ids_and_valid_features_in_obs' }).waitFor();
    await schema.getByRole('link', { name: 'cell_type_by_model' }).waitFor();
    await schema.getByRole('link', { name: '10 genes' }).waitFor();
    expect(await schema.getByRole('list', { name: 'Members of var' }).getByRole('listitem').count()).toBe(10);
    await looksWell();
    await page.getByRole('link', { name: 'Lineage' }).click();
    await page.locator('.chain').getByRole('link', { name: 'mini.anndata.zarr' }).waitFor();
    await looksWell();
    expect(app.problems.page).toEqual([]);
  });
});
