// Every registry as a person meets it: the overview, lists with their own columns, rows made by a form, changed in place,
// tied to others, moved to the trash and back, deleted for good after what goes with them is listed.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { opened, startSuite, type Suite } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('registries', 860);
  app = await suite.open({ path: '/r' });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
});
afterAll(() => suite?.end());

const link = (name: string) => page.locator('[role=grid] .key').getByRole('link', { name, exact: true });
const rowOf = (name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
const total = () => page.locator('.list .total').innerText();
const sheet = () => page.getByRole('dialog');
async function go(path: string): Promise<void> {
  await page.goto(suite.url + path);
  await opened(page);
}
/** A row is picked by typing, as a person does. */
async function pick(name: string): Promise<void> {
  await page.getByPlaceholder(/^Find a/).fill(name);
  await page.getByRole('option', { name }).first().click();
}
/** A new row by the form of the list that is open. */
async function make(fields: Record<string, string>): Promise<void> {
  await page.locator('.list .total').waitFor();
  await page.keyboard.press('n');
  for (const [label, value] of Object.entries(fields)) {
    const picker = sheet().getByRole('button', { name: `${label}: none` });
    const field = sheet().getByLabel(label, { exact: true });
    if (await picker.isVisible()) {
      await picker.click();
      await pick(value);
      continue;
    }
    if (!(await field.isVisible()))
      await sheet()
        .getByRole('button', { name: /^More fields/ })
        .click();
    if ((await field.evaluate((one) => one.tagName)) === 'SELECT') await field.selectOption(value);
    else await field.fill(value);
  }
  await sheet().getByRole('button', { name: 'Create' }).click();
}
async function made(fields: Record<string, string>): Promise<void> {
  await make(fields);
  await sheet().waitFor({ state: 'hidden' });
}
const tab = (name: string | RegExp) =>
  page.getByRole('navigation', { name: /^Parts of this/ }).getByRole('link', { name });
const change = (field: string) => page.getByRole('button', { name: `Change ${field}`, exact: true });

describe.sequential('registries', () => {
  it('[row 1] every registry is listed with its number of rows and what it is for', async () => {
    await expect.poll(() => page.locator('main .name').count()).toBe(30);
    const names = await page.locator('main .name').allInnerTexts();
    for (const name of [
      'Artifacts',
      'Labels',
      'Records',
      'Features',
      'Runs',
      'Cell types',
      'Genes',
      'Users',
      'Branches',
    ])
      expect(names).toContain(name);
    const sources = page.getByRole('link', { name: /^Ontology sources/ });
    await sources.getByText('43').waitFor();
    expect(await axe(page)).toEqual([]);
    await sources.click();
    await expect.poll(total).toBe('43');
    await page.getByRole('button', { name: /^bionty\.Gene/ }).click();
    await page.getByText('entity is bionty.Gene').waitFor();
    await expect.poll(total).toBe('3 of 43');
    expect(new URL(page.url()).search).toBe('?where=entity:in:(bionty.Gene)');
    expect(await axe(page)).toEqual([]);
  });

  it('a row is made by a form; what LaminDB refuses stands under its field and what was typed stays', async () => {
    await go('/r/ulabel');
    await page.getByText('No labels yet').waitFor();
    await make({ description: 'First plate' });
    await sheet().getByRole('alert').getByText(/name/).waitFor();
    expect(await sheet().getByLabel('description', { exact: true }).inputValue()).toBe('First plate');
    expect(await axe(page)).toEqual([]);
    await sheet().getByLabel('name', { exact: true }).fill('Batch 1');
    await sheet().getByRole('button', { name: 'Create' }).click();
    await link('Batch 1').waitFor();
    // A name that is there gives the row that is there, in words.
    await made({ name: 'Batch 1' });
    await page.getByText(/Returning the ULabel with the same name/).waitFor();
    await expect.poll(total).toBe('1');
    await made({ name: 'Treatments', 'is a type': 'true' });
    await made({ name: 'DMSO', type: 'Treatments' });
    await made({ name: 'JQ1', type: 'Treatments' });
    await made({ name: 'Quality' });
    await expect.poll(total).toBe('5');
    // Undo takes the newest away again, redo brings it back.
    await page.keyboard.press('Control+z');
    await link('Quality').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+y');
    await link('Quality').waitFor();
  });

  it('dates, references and types are chosen; a project cannot end before it starts', async () => {
    await go('/r/project');
    await make({ name: 'Atlas', 'start date': '2026-02-02', 'end date': '2026-01-01' });
    await sheet()
      .getByRole('alert')
      .getByText(/cannot end/)
      .waitFor();
    await sheet().getByLabel('end date').fill('2026-03-01');
    await sheet().getByLabel('status').selectOption({ label: 'active' });
    await sheet().getByRole('button', { name: 'Create' }).click();
    await link('Atlas').waitFor();
    await rowOf('Atlas').getByText('active').waitFor();
    // What there is no room for in the list stands in the inspector.
    await page.getByRole('complementary', { name: 'Inspector' }).getByText('1 Mar 2026').waitFor();
    await go('/r/bionty-organism');
    await made({ name: 'human', 'ontology id': 'NCBITaxon:9606' });
    await go('/r/bionty-gene');
    await make({ symbol: 'CD4', 'Ensembl id': 'ENSG00000010610' });
    await sheet()
      .getByRole('alert')
      .getByText(/organism/)
      .waitFor();
    await sheet().getByRole('button', { name: 'organism: none' }).click();
    await pick('human');
    await sheet().getByRole('button', { name: 'Create' }).click();
    await link('CD4').waitFor();
  });

  it('a page shows a row whole: fields changed in place, refusals below them, an undo for each change', async () => {
    await go('/r/ulabel');
    await link('JQ1').click();
    await page.getByRole('heading', { name: 'JQ1' }).waitFor();
    await page.locator('.crumb').getByRole('link', { name: 'Treatments' }).waitFor();
    await change('description').click();
    await page.getByLabel('description', { exact: true }).fill('BET inhibitor');
    await page.keyboard.press('Control+Enter');
    await page.getByText('BET inhibitor').waitFor();
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await page.getByText('BET inhibitor').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+y');
    await page.getByText('BET inhibitor').waitFor();
    // A circle of types is refused below the field.
    await go('/r/ulabel');
    await link('Treatments').click();
    await change('type').click();
    await page.getByRole('button', { name: 'type: none' }).click();
    await pick('Treatments');
    await page.getByRole('alert').first().waitFor();
    await page.keyboard.press('Escape');
    // The name, in the heading.
    await page.getByRole('button', { name: 'Change the name' }).click();
    await page.getByLabel('name', { exact: true }).fill('Compounds');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Compounds' }).waitFor();
    // Without the note that offers the undo, which fades in.
    await page.reload();
    await page.getByRole('heading', { name: 'Compounds' }).waitFor();
    expect(await axe(page)).toEqual([]);
  });

  it('rows are tied and untied under their relations, both ways, and the hierarchy shows it', async () => {
    await tab('Hierarchy').click();
    await page.getByText('What has this type').waitFor();
    for (const name of ['DMSO', 'JQ1'])
      await page.locator('.parts').getByRole('link', { name, exact: true }).waitFor();
    await go('/r/ulabel');
    await link('Batch 1').click();
    await page.getByRole('button', { name: 'Add to parents' }).click();
    await pick('Quality');
    await page.getByRole('link', { name: 'Quality', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Add to projects' }).click();
    await pick('Atlas');
    await page.getByRole('link', { name: 'Atlas', exact: true }).click();
    await page.getByRole('heading', { name: 'Atlas' }).waitFor();
    await tab(/^Used in/).click();
    await page
      .locator('section')
      .filter({ hasText: 'labels' })
      .getByRole('link', { name: 'Batch 1' })
      .click();
    await tab('Hierarchy').click();
    await page.locator('.parts').getByRole('link', { name: 'Quality' }).waitFor();
    // The other way round it would be a circle.
    await go('/r/ulabel');
    await link('Quality').click();
    await page.getByRole('heading', { name: 'Quality' }).waitFor();
    await page.getByRole('button', { name: 'Add to parents' }).click();
    await pick('Batch 1');
    await page
      .getByRole('alert')
      .getByText(/circle/)
      .waitFor();
    await tab(/^Used in/).click();
    await page.getByRole('button', { name: 'Take away Batch 1' }).click();
    await page.getByText('Nothing refers to this label yet').waitFor();
  });

  it('notes, history with restore, and what describe() prints have tabs of their own', async () => {
    await tab('Note').click();
    await page.getByLabel('Note in Markdown').fill('# Checked');
    await page.keyboard.press('Control+s');
    await page.getByText(/^Saved .* by/).waitFor();
    await tab('Overview').click();
    for (const text of ['first', 'second']) {
      await change('description').click();
      await page.getByLabel('description', { exact: true }).fill(text);
      await page.keyboard.press('Control+Enter');
      await page.locator('.shown', { hasText: text }).waitFor();
    }
    await tab('History').click();
    const entry = page.getByRole('listitem').filter({ hasText: 'second' }).filter({ hasText: 'first' });
    await entry.getByRole('button', { name: 'Put back description: first' }).click();
    await sheet().getByRole('button', { name: 'Put back 1 value' }).click();
    await sheet().waitFor({ state: 'detached' });
    await tab('Overview').click();
    await page.locator('.shown', { hasText: 'first' }).waitFor();
    await tab('Describe').click();
    const told = page.locator('pre');
    await expect.poll(() => told.innerText()).toMatch(/^ULabel: Quality/);
    expect(await told.innerText()).toContain('Checked');
  });

  it('[row 58] rows go to the trash and come back; for good only after all that goes with them is listed', async () => {
    await go('/r/ulabel');
    await link('Batch 1').waitFor();
    await page.keyboard.press('j');
    await expect.poll(() => page.locator('.row.current').count()).toBe(1);
    const first = (await page.locator('.row.current .key a').getAttribute('aria-label')) ?? '';
    await page.keyboard.press('x');
    await page.keyboard.press('Delete');
    await link(first).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Trash', exact: true }).click();
    await link(first).waitFor();
    await page.keyboard.press('j');
    await page
      .getByRole('complementary', { name: 'Inspector' })
      .getByRole('button', { name: 'Restore' })
      .click();
    await link(first).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Back to labels' }).click();
    await link(first).waitFor();

    // A type with members: what stands in the way is told, and nothing can be deleted.
    await link('Compounds').click();
    await page.getByRole('button', { name: 'Move to trash' }).click();
    await page.getByText('is in the trash').waitFor();
    await page.getByRole('button', { name: 'Delete for good…' }).click();
    await sheet().getByText('In the way').waitFor();
    await sheet()
      .getByText(/2 labels/)
      .waitFor();
    expect(
      await sheet()
        .getByRole('button', { name: /^Delete/ })
        .count(),
    ).toBe(0);
    await sheet().getByRole('button', { name: 'Keep' }).click();

    await go('/r/ulabel');
    await link('Quality').click();
    await page.getByRole('button', { name: 'Move to trash' }).click();
    await page.getByRole('button', { name: 'Delete for good…' }).click();
    await sheet().getByText('Goes with it').waitFor();
    await sheet()
      .getByText(/ties, values and notes/)
      .waitFor();
    await sheet()
      .getByRole('button', { name: /^Delete 1 label/ })
      .click();
    await page.waitForURL(/\/r\/ulabel$/);
    await expect.poll(() => link('Quality').count()).toBe(0);
  });

  it('registries without a trash delete after listing, with an undo', async () => {
    await go('/r/space');
    await made({ name: 'Guests' });
    await link('Guests').click();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await sheet().getByText('Undo brings the rows back').waitFor();
    await sheet()
      .getByRole('button', { name: /^Delete 1 space/ })
      .click();
    await page.waitForURL(/\/r\/space$/);
    await link('Guests').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+z');
    await link('Guests').waitFor();
  });

  it('[row 14] a uid without its last four characters opens the latest version', async () => {
    await go('/r/transform');
    await made({ key: 'steps/qc.py', kind: 'script' });
    await link('steps/qc.py').click();
    // The list's inspector has the same heading.
    await page.waitForURL(/\/r\/transform\/\w{16}$/);
    const uid = new URL(page.url()).pathname.split('/').pop() ?? '';
    await go(`/r/transform/${uid.slice(0, 12)}`);
    await page.getByRole('heading', { name: 'steps/qc.py' }).waitFor();
    await tab(/^Versions/).click();
    await page.getByText(uid).first().waitFor();
  });

  it('addresses that lead nowhere are told in words', async () => {
    for (const [path, words] of [
      ['/r/nope', 'There is no registry “nope”'],
      ['/r/ulabel/00000000', 'There is no such label'],
      ['/r/ulabel/%27%3B--', 'There is no such label'],
      ['/r/jsonvalue/x', 'There is no such feature value'],
    ] as const) {
      await go(path);
      await page.getByText(words).waitFor();
    }
    await go('/r/artifact');
    await page.waitForURL(/\/artifacts$/);
    await page.getByRole('heading', { name: 'Artifacts', exact: true }).waitFor();
  });

  it('every registry has its list and its page, without a problem on the console', async () => {
    await go('/r');
    await expect.poll(() => page.locator('main .name').count()).toBe(30);
    const lists = await page
      .locator('main li a')
      .evaluateAll((links) => links.map((one) => one.getAttribute('href') ?? ''));
    for (const href of lists.filter((one) => one !== '/artifacts')) {
      await page.locator(`main a[href="${href}"]`).click();
      await expect.poll(total, { message: href }).toMatch(/\d/);
      if (!/^0/.test(await total())) {
        await page.locator('[role=grid] .key a').first().click();
        await tab('Describe').click();
        await expect.poll(() => page.locator('.tab pre, .tab .problem').count(), { message: href }).toBe(1);
        expect(await page.locator('.tab').innerText(), href).toMatch(/\.describe\(\)/);
      }
      await page.locator('.rail a[href="/r"]').click();
      await page.locator('main .name').first().waitFor();
    }
    expect(app.problems.console).toEqual([]);
    expect(app.problems.page).toEqual([]);
    expect(app.problems.csp).toEqual([]);
  });
});
