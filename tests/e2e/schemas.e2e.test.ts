// Schemas as a person meets them: built from scratch by typing, by keys and by dragging, nested for AnnData, proposed from the
// columns of a file and confirmed, made for a sheet; pages that say what is asked, of which datasets, and how values are spread.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ln } from '../../src/lib/sdk/types.ts';
import { drop, opened, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';
import { pictures } from './pictures.ts';

interface Fact {
  key: string;
  members?: string[];
  index?: string;
  otype?: string;
  slots?: Record<string, string>;
  ordered?: boolean;
  maximal?: boolean;
  coerce?: boolean;
  minimal?: boolean;
  flexible?: boolean;
  hash: string;
}
/** Computed by a real LaminDB (tests/compat/schema-hashes.test.ts). */
const facts = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/schema-facts.json'), 'utf8'),
) as {
  features: { name: string; dtype?: string; is_type?: boolean; uid: string }[];
  genes: { symbol: string; ensembl_gene_id: string; uid: string }[];
  cases: Fact[];
};
const fact = (wanted: Partial<Fact>): string => {
  const flags = ['ordered', 'maximal', 'coerce', 'minimal', 'flexible', 'index'] as const;
  const found = facts.cases.find(
    (one) =>
      flags.every((flag) => one[flag] === wanted[flag]) &&
      JSON.stringify(one.members) === JSON.stringify(wanted.members) &&
      one.otype === wanted.otype,
  );
  if (!found) throw new Error('there is no such fact');
  return found.hash;
};

let suite: Suite;
let app: OpenedApp;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('schemas', 900);
  app = await suite.open({ path: '/r/schema' });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
  await page.evaluate(async (features) => {
    const ln = (await (window as unknown as { ln: PromiseLike<Ln> }).ln) as Ln;
    for (const feature of features) await ln.Feature(feature as never).save();
    for (const name of ['liver', 'lung']) await ln.bionty.Tissue({ name }).save();
    await ln.Record({ name: 'Samples', is_type: true }).save();
  }, facts.features);
});
afterAll(() => suite?.end());

const hash = () => page.getByTestId('hash').innerText();
async function go(path: string): Promise<void> {
  await page.goto(suite.url + path);
  await opened(page);
}
async function add(name: string, label = 'Add a feature'): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  await field.fill(name);
  await page.getByText(/^is (there|new)/).waitFor();
  await field.press('Enter');
  await expect.poll(() => field.inputValue()).toBe('');
}
const rows = () => page.locator('tr.member .name').allInnerTexts();
const title = () => page.getByRole('heading', { level: 1 }).innerText();

describe.sequential('schemas', () => {
  it('[row 47] one built on screen has the hash that LaminDB gives it', async () => {
    await page.getByRole('button', { name: 'New schema' }).first().click();
    await page.getByLabel('Name', { exact: true }).fill('Doses');
    for (const name of ['age', 'kind', 'dose', 'donor']) await add(name);
    // By keys: age below kind.
    await page.getByRole('button', { name: /^Move age/ }).press('ArrowDown');
    await expect.poll(rows).toEqual(['kind', 'age', 'dose', 'donor']);
    await page.getByText('Place 2 of 4').waitFor({ state: 'attached' });
    // By dragging: donor to the top.
    await page.getByRole('button', { name: /^Move donor/ }).dragTo(page.locator('tr.member').first());
    await expect.poll(rows).toEqual(['donor', 'kind', 'age', 'dose']);
    await page.getByLabel('age is needed').uncheck();
    await expect.poll(hash).not.toBe('');
    await page.getByLabel('donor names the rows').check();
    const members = ['kind', 'age?', 'dose'];
    await expect.poll(hash).toBe(fact({ members, index: 'donor' }));
    await page.getByLabel('In this order').check();
    await page.getByLabel('No others').check();
    await page.getByLabel('Convert values to the types').check();
    await page.getByLabel('Check other columns that are features').check();
    await page.getByLabel('All needed features have to be there').uncheck();
    const strict = { members, index: 'donor', ordered: true, maximal: true, coerce: true };
    await expect.poll(hash).toBe(fact({ ...strict, flexible: true, minimal: false }));
    await page.getByLabel('All needed features have to be there').check();
    await page.getByLabel('Check other columns that are features').uncheck();
    await expect.poll(hash).toBe(fact({ ...strict, flexible: false }));
    expect(await page.locator('form [role=status]').last().innerText()).toContain('4 features, 3 needed.');
    await page.getByRole('button', { name: 'Make schema' }).click();
    await expect.poll(title).toBe('Doses');
    const table = page.getByRole('region', { name: 'Features' });
    await expect.poll(() => table.locator('tbody tr').count()).toBe(4);
    expect(await table.locator('tbody tr').first().innerText()).toContain('index');
    expect(await table.getByRole('heading').innerText()).toContain(
      'in this order, no others, values are converted',
    );
    expect(await table.getByLabel('age is needed').isChecked()).toBe(false);
    await page.getByText(fact({ ...strict, flexible: false })).waitFor();
  });

  it('[row 47] the same again is the schema that is there, and marks are changed on its page', async () => {
    await go('/r/schema/new');
    await page.getByLabel('Name', { exact: true }).fill('Other');
    for (const name of ['donor', 'kind', 'age', 'dose']) await add(name);
    await page.getByLabel('donor names the rows').check();
    await page.getByLabel('age is needed').uncheck();
    for (const rule of ['In this order', 'No others', 'Convert values to the types'])
      await page.getByLabel(rule).check();
    await page.getByText(/The same as the schema/).waitFor();
    await page.getByRole('link', { name: 'Open it' }).click();
    await expect.poll(title).toBe('Doses');
    await page.getByLabel('age is needed').click();
    await page.getByText('age is needed now').waitFor();
    await page.keyboard.press('Control+z');
    await expect.poll(() => page.getByLabel('age is needed').isChecked()).toBe(false);
  });

  it('[row 47] slots are built or chosen, and nest', async () => {
    await go('/r/schema/new');
    await page.getByLabel('Name', { exact: true }).fill('Blood');
    await page.getByLabel('For', { exact: true }).selectOption('AnnData');
    await add('kind', 'Add a feature to obs');
    await add('age', 'Add a feature to obs');
    const composite = facts.cases.find(
      ({ otype, slots }) => otype === 'AnnData' && slots?.['var.T'] !== undefined,
    );
    await expect.poll(hash).toBe(composite?.hash);
    await page.getByRole('button', { name: 'Make schema' }).click();
    await expect.poll(title).toBe('Blood');
    const obs = page.getByRole('region', { name: 'Slot obs' });
    await obs.getByRole('link', { name: 'kind' }).waitFor();
    await obs.getByRole('link', { name: 'Blood obs' }).click();
    await expect.poll(title).toBe('Blood obs');
    await page.getByText('part of Blood').waitFor();

    await go('/r/schema/new');
    await page.getByLabel('Name', { exact: true }).fill('Again');
    await page.getByLabel('For', { exact: true }).selectOption('AnnData');
    await page.getByRole('button', { name: 'Choose a schema for obs' }).click();
    await page.getByRole('option', { name: 'Blood obs' }).click();
    await page.getByText('The same as the schema Blood').waitFor();
    await page.getByLabel('Slot', { exact: true }).last().fill('obsm');
    await page.getByText(/AnnData has no slot "obsm"/).waitFor();
    expect(await page.getByRole('button', { name: 'Make schema' }).isDisabled()).toBe(true);
  });

  it('says what is wrong where it stands; a type is put together from registries', async () => {
    await go('/r/schema/new');
    await add('place');
    await page.getByText('Say what values "place" has.').waitFor();
    await page.getByLabel('Type of place', { exact: true }).selectOption('other');
    await page.getByRole('button', { name: 'Choose categories: Type of place' }).click();
    await page.getByLabel('Tissues').check();
    await page.getByLabel('Samples').check();
    await page.getByLabel('Several values in a cell').check();
    await page.keyboard.press('Escape');
    const typed = page.getByLabel('Type of place, as LaminDB writes it');
    expect(await typed.inputValue()).toMatch(/^list\[cat\[bionty\.Tissue\|Record\[\w{16}\]\]\]$/);
    await page.getByText('1 feature, 1 needed, 1 new.').waitFor();
    await typed.fill('cat[Nothing]');
    await page.getByText(/'Nothing' is an invalid dtype/).waitFor();
    await typed.fill('cat[bionty.Tissue]');
    await page.getByRole('button', { name: 'Make schema' }).click();
    await page.getByText('Give it a name, by which people find it.').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Doses');
    await page.getByText('There is a schema "Doses" already').waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await axe(page)).toEqual([]);
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('[row 49] columns of a file are proposed with types and features, and confirmed in one act', async () => {
    const lines = ['sample,donor,age,tissue,batch,note'];
    for (let i = 0; i < 20; i++)
      lines.push(`s${i},d${i % 3},${30 + i},${['liver', 'lung'][i % 2]},b${i % 2},remark ${i}`);
    const csv = `${lines.join('\n')}\n`;
    writeFileSync(join(suite.folder, 'samples.csv'), csv);
    await go('/r/schema/new');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a file' }).click();
    await (await chooser).setFiles(join(suite.folder, 'samples.csv'));
    await page.getByText('Columns of samples.csv, 20 rows.').waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('samples');
    const line = (column: string) =>
      page.locator('tr.member').filter({ has: page.getByLabel(`Take the column ${column}`) });
    expect(await line('age').innerText()).toMatch(/int64, 20 distinct\s+30, 31, 32, 33/);
    expect(await line('age').getByLabel('Feature for the column age').innerText()).toContain('age (int)');
    expect(await line('tissue').locator('.type select').inputValue()).toBe('cat[bionty.Tissue]');
    expect(await line('tissue').innerText()).toContain('all 2 values are there; texts become categories');
    expect(await line('batch').locator('.type select').inputValue()).toBe('cat[ULabel]');
    expect(await line('note').locator('.type select').inputValue()).toBe('str');
    await page.getByLabel('Take the column note').uncheck();
    await line('batch').locator('.type select').selectOption('str');
    await page.getByLabel('Name', { exact: true }).fill('Sample table');
    await page.getByText('5 features, 5 needed, 3 new.').waitFor();
    await page.getByRole('button', { name: 'Make schema' }).click();
    await expect.poll(title).toBe('Sample table');
    await page.getByText('With 3 new features.').waitFor();
    expect(await page.getByRole('region', { name: 'Features' }).locator('tbody tr').count()).toBe(5);
    // All of it goes and comes back at once.
    await page.keyboard.press('Control+z');
    await page.getByText('There is no such schema').waitFor();
    await page.keyboard.press('Control+Shift+z');
    await expect.poll(title).toBe('Sample table');

    const saved = await page.evaluate(async (text) => {
      const ln = (await (window as unknown as { ln: PromiseLike<Ln> }).ln) as Ln;
      const file = new File([text], 'samples.csv');
      const artifact = await (
        await ln.Artifact.fromDataFrame(file, { key: 'samples.csv', schema: 'Sample table' })
      ).save();
      await artifact.features.addValues({ dose: 1.5 });
      const other = await ln.Artifact.fromText('x', { key: 'x.txt' }).save();
      await other.features.setValues({ dose: 9 });
      const bad = await ln.Artifact.fromDataFrame([{ donor: 'x' }], {
        key: 'bad.parquet',
        schema: 'Sample table',
      });
      return {
        uid: artifact.uid,
        refused: await bad.save().then(
          () => '',
          (error: Error) => error.name,
        ),
      };
    }, csv);
    expect(saved.refused).toBe('ValidationError');
    await page.getByRole('link', { name: '1 validated dataset' }).click();
    await expect.poll(() => page.locator('[role=grid] .key').allInnerTexts()).toEqual(['samples.csv']);
  });

  it('[row 105] a feature tells how its values are spread, with links to the datasets', async () => {
    await go(`/r/feature/${facts.features.find(({ name }) => name === 'dose')?.uid}`);
    const values = page.getByRole('region', { name: 'Values' });
    await page.getByText('Asked for by').getByRole('link', { name: 'Doses' }).waitFor();
    await values.getByRole('link', { name: '2 datasets' }).waitFor();
    await values.locator('.column').first().click();
    await expect.poll(() => page.locator('[role=grid] .key').allInnerTexts()).toEqual(['samples.csv']);
    await page.goBack();
    await go('/r/feature');
    await page.locator('[role=grid] .key').getByRole('link', { name: 'tissue', exact: true }).click();
    await page
      .getByRole('region', { name: 'Values' })
      .getByRole('link', { name: 'liver: 1 dataset' })
      .click();
    await expect.poll(() => page.locator('[role=grid] .key').allInnerTexts()).toEqual(['samples.csv']);
  });

  it('[row 49] a file that falls on the screen is looked into, not saved; what is no table is said', async () => {
    await go('/r/schema?new');
    await expect.poll(title).toBe('New schema');
    await drop(page, [join(suite.folder, 'samples.csv')]);
    await page.getByText('Columns of samples.csv, 20 rows.').waitFor();
    writeFileSync(join(suite.folder, 'note.txt'), 'no table');
    await drop(page, [join(suite.folder, 'note.txt')]);
    await page.getByText('no columns to make a schema of').waitFor();
    await page.setViewportSize({ width: 390, height: 800 });
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
    ).toBeLessThanOrEqual(0);
    expect(await axe(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
    await go('/artifacts');
    await expect.poll(() => page.locator('[role=grid] .key').count()).toBe(2);
  });

  it('[row 49] an artifact’s columns become a schema, and a record type a sheet', async () => {
    await page.locator('[role=grid] .key').getByRole('link', { name: 'samples.csv' }).click();
    await page
      .getByRole('navigation', { name: /^Parts of this/ })
      .getByRole('link', { name: /^Annotations/ })
      .click();
    await page.getByRole('link', { name: 'Make another schema of this file' }).click();
    await page.getByText('Columns of samples.csv, 20 rows.').waitFor();
    // Its features are there now.
    await expect.poll(() => page.locator('tr.member .fresh').count()).toBe(1);

    await go('/r/record');
    await page.locator('[role=grid] .key').getByRole('link', { name: 'Samples', exact: true }).click();
    await page.getByRole('link', { name: 'Build its schema' }).click();
    await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('Samples');
    await add('donor');
    await add('age');
    await page.getByLabel('donor names the rows').check();
    await page.getByRole('button', { name: 'Make schema' }).click();
    await expect.poll(title).toBe('Samples');
    await page.getByText('Its rows follow the schema Samples.').waitFor();
    await page.keyboard.press('Control+z');
    await page.getByRole('link', { name: 'Build its schema' }).waitFor();
  });

  it('[row 47] suffix, genes pasted as a list and features of a type have the hash that LaminDB gives them', async () => {
    const hashOf = (key: string) => facts.cases.find((one) => one.key === key)?.hash ?? '';
    await page.evaluate(async (genes) => {
      const ln = (await (window as unknown as { ln: PromiseLike<Ln> }).ln) as Ln;
      await ln.bionty.Organism({ name: 'human', ontology_id: 'NCBITaxon:9606' }).save();
      for (const gene of genes) await ln.bionty.Gene({ ...gene, organism: 'human' } as never).save();
    }, facts.genes);
    await go('/r/schema/new');
    await page.getByLabel('Name', { exact: true }).fill('A table');
    await add('donor');
    await add('kind');
    await page.getByLabel('kind is needed').uncheck();
    const suffix = page.getByLabel('File suffix');
    await suffix.fill('parquet');
    await page.getByText('"parquet" is no suffix that artifacts have').waitFor();
    await suffix.fill('.parquet');
    await expect.poll(hash).toBe(hashOf('case 107'));
    await suffix.fill('');
    await page.getByRole('button', { name: 'Take out donor' }).click();
    await page.getByRole('button', { name: 'Take out kind' }).click();
    await page.getByLabel('Columns are').selectOption({ label: 'features of the type Clinical' });
    await expect.poll(hash).toBe(hashOf('case 109'));

    await go('/r/schema/new');
    await page.getByLabel('Name', { exact: true }).fill('Panel');
    await page.getByLabel('For', { exact: true }).selectOption('AnnData');
    await add('kind', 'Add a feature to obs');
    await add('age', 'Add a feature to obs');
    const genes = page.getByRole('region', { name: 'Slot var.T' });
    const field = genes.getByLabel(/^Add genes by/);
    await field.focus();
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData('text/plain', 'ENSG00000000002\nENSG00000000001\nENSG00000000404');
      document.activeElement?.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      );
    });
    await genes.getByText('No Gene has the ensembl_gene_id "ENSG00000000404"').waitFor();
    expect(await axe(page)).toEqual([]);
    await pictures(page, 'schema-panel');
    await genes.getByRole('button', { name: 'Take out ENSG00000000404' }).click();
    await genes.getByLabel('In this order').check();
    await genes.getByLabel('No others').check();
    await expect.poll(hash).toBe(hashOf('case 122'));
    await page.getByRole('button', { name: 'Make schema' }).click();
    await expect.poll(title).toBe('Panel');
    const slot = page.getByRole('region', { name: 'Slot var.T' });
    await expect.poll(() => slot.locator('tbody tr').count()).toBe(2);
  });

  it('leaves no errors behind', () => {
    expect(app.problems).toEqual({ console: [], page: [], csp: [], foreign: [], failed: [] });
  });
});
