// Branches as a person meets them: changes stay on one until merged, two that changed the same sample and the same note are
// brought together by keys alone, a merge is taken back, and every tab shows the same branch.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { listAnswered, opened, picture, startSuite, type Suite } from './app.ts';
import { axe, waitUntilOffline, type OpenedApp } from './harness.ts';
import { noteText } from './notes.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
let sample = '';

beforeAll(async () => {
  suite = await startSuite('branches', 860);
  app = await suite.open({ path: '/r/record' });
  ({ page } = app);
  page.setDefaultTimeout(20_000);
});
afterAll(() => suite?.end());

async function go(path: string): Promise<void> {
  await page.goto(suite.url + path);
  await opened(page);
}
const chip = (name: string, on: Page = page) =>
  on.getByRole('button', { name: `Branch: ${name}`, exact: true });
const strip = (name: string) => page.getByText(`You are on ${name}: changes stay here until merged.`);
const change = (field: string) => page.getByRole('button', { name: `Change ${field}`, exact: true });
const menu = () => page.getByPlaceholder('Find a branch');

/** By its key: the first letters of the name are enough. */
async function switchTo(name: string): Promise<void> {
  await page.keyboard.press('b');
  await menu().waitFor();
  await page.getByRole('option', { name: new RegExp(`^${name}`) }).waitFor();
  await page.keyboard.type(name);
  await page.keyboard.press('Enter');
  await chip(name).waitFor();
}
async function newBranch(name: string): Promise<void> {
  await page.keyboard.press('b');
  await menu().waitFor();
  await page.getByRole('option', { name: 'New branch…' }).click();
  const field = page.getByRole('dialog').getByLabel('Name');
  // A free name stands there, to be taken or replaced.
  await expect.poll(() => field.inputValue()).toMatch(/^changes-\d/);
  await field.fill(name);
  await page.keyboard.press('Enter');
  await chip(name).waitFor();
}
async function describeSample(text: string): Promise<void> {
  await go(sample);
  await change('description').click();
  const field = page.getByLabel('description', { exact: true });
  await field.fill(text);
  await field.press('Control+Enter');
  await page.locator('.shown', { hasText: text }).waitFor();
}
async function writeNote(text: string): Promise<void> {
  await go(`${sample}?tab=note`);
  await page.getByLabel('Note in Markdown').fill(text);
  await page.keyboard.press('Control+s');
  await page.getByText(/^Saved .* by/).waitFor();
  // Out of the field: keys are commands again.
  await page.locator('main h1').first().click();
}
async function make(name: string, description = ''): Promise<void> {
  await go('/r/record');
  await page.locator('.list .total').waitFor();
  await page.keyboard.press('n');
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('name', { exact: true }).fill(name);
  if (description) await sheet.getByLabel('description', { exact: true }).fill(description);
  await sheet.getByRole('button', { name: 'Create' }).click();
  await sheet.waitFor({ state: 'hidden' });
}
const link = (name: string) => page.locator('[role=grid] .key').getByRole('link', { name, exact: true });

describe.sequential('branches', () => {
  it('[row 59] what a branch is for is said where there is none; one is made by its name and Enter', async () => {
    await make('S-014', 'Donor 2, 6 h');
    sample = (await link('S-014').getAttribute('href')) ?? '';
    await writeNote('# Stimulation\n\nCells were stimulated for 6 h.\n\nViability was not measured.');
    await page.keyboard.press('8');
    await page.getByRole('heading', { name: 'There is no branch yet' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await picture(page, 'empty');
    await newBranch('plate-7');
    await strip('plate-7').waitFor();
    await picture(page, 'strip');
    expect(await axe(page)).toEqual([]);
  });

  it('[row 59] [row 60] edits, lists, counts and search are the branch’s, and main’s again after going back', async () => {
    await describeSample('Donor 2, 24 h');
    await writeNote(
      '# Stimulation\n\nCells were stimulated for 24 h with anti-CD3.\n\nViability was not measured.\n\nSeen twice.',
    );
    await make('S-019');
    await listAnswered(page);
    await expect.poll(() => page.locator('.list .total').innerText()).toBe('2');
    // A reload stays on the branch.
    await page.reload();
    await opened(page);
    await strip('plate-7').waitFor();
    await link('S-019').waitFor();
    await go(sample);
    const mark = page.getByRole('link', {
      name: /^edited ?: description\. main has: Donor 2, 6 h/,
    });
    await mark.hover();
    await page
      .getByRole('tooltip')
      .or(page.locator('.branch-tip'))
      .getByText('main has: Donor 2, 6 h')
      .first()
      .waitFor();
    await page.getByRole('link', { name: 'edited on this branch: description, note' }).waitFor();
    await go('/r/record');
    await link('S-019').waitFor();

    await switchTo('main');
    await link('S-019').waitFor({ state: 'detached' });
    await expect.poll(() => page.locator('.list .total').innerText()).toBe('1');
    expect(await strip('plate-7').count()).toBe(0);
    await go('/r/record?q=S-019');
    await expect.poll(() => page.locator('.list .total').innerText()).toBe('0');
    await go(sample);
    await page.getByText('Donor 2, 6 h', { exact: true }).waitFor();
    // And the branch's again, on the page that is open.
    await switchTo('plate-7');
    await page.getByText('Donor 2, 24 h', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Back to main' }).click();
    await page.getByText('Donor 2, 6 h', { exact: true }).waitFor();
    await chip('main').waitFor();
  });

  it('[row 59] a second tab sees the switch, and is told of it', async () => {
    const second = await app.context.newPage();
    await second.goto(suite.url + sample);
    await opened(second);
    await second.getByText('Donor 2, 6 h', { exact: true }).waitFor();
    await page.bringToFront();
    await switchTo('plate-7');
    await second.getByText('Another tab switched to the branch “plate-7”').waitFor();
    await second.getByText('Donor 2, 24 h', { exact: true }).waitFor();
    await chip('plate-7', second).waitFor();
    expect(await page.getByText('Another tab').count()).toBe(0);
    await second.close();
    await switchTo('main');
  });

  it('[row 61] [row 62] two branches that changed the same sample and note: a conflict by field, decided by keys alone', async () => {
    await newBranch('relabel');
    await describeSample('Donor 2, 12 h');
    await writeNote('# Stimulation\n\nCells were stimulated for 12 h.\n\nViability was 94 %.');
    await page.getByRole('link', { name: 'Review changes' }).click();
    await page.getByRole('heading', { level: 1, name: 'relabel' }).waitFor();
    await picture(page, 'review');
    await page.getByRole('button', { name: 'Merge into main' }).click();
    await page.getByText('Merged “relabel” into main').waitFor();
    await chip('main').waitFor();
    await page.getByRole('button', { name: 'Revert the merge' }).waitFor();

    // On the other branch the page of the sample says so, field by field.
    await switchTo('plate-7');
    await go(sample);
    await page
      .getByRole('link', { name: /^main moved ?: description\. main changed it meanwhile to: Donor 2, 12 h/ })
      .waitFor();
    await page.getByRole('link', { name: 'main changed the same meanwhile: 2 conflicts' }).waitFor();
    await picture(page, 'marks');
    expect(await axe(page)).toEqual([]);
    await switchTo('main');

    await go('/changes');
    await page.getByRole('link', { name: 'plate-7' }).waitFor();
    await picture(page, 'list');
    expect(await axe(page)).toEqual([]);
    await page.getByRole('link', { name: 'plate-7' }).click();
    await page.getByRole('heading', { name: '2 conflicts to decide' }).waitFor();
    const merge = page.getByRole('button', { name: 'Merge into main' });
    expect(await merge.isDisabled()).toBe(true);
    await page.getByText('Cannot be merged yet: 2 conflicts to decide first').waitFor();
    await picture(page, 'conflicts');
    expect(await axe(page)).toEqual([]);

    // The sample's description: the branch's is kept, then taken back, then main's, then both are written.
    const description = page.getByRole('group', { name: /^description, / });
    const note = page.getByRole('group', { name: /^note, / });
    const pressed = (row: typeof note) => row.locator('.take [aria-pressed=true]').allInnerTexts();
    await page.keyboard.press('j');
    await expect.poll(() => description.getAttribute('aria-current')).toBe('true');
    await page.keyboard.press('o');
    await expect.poll(() => pressed(description)).toEqual(['branch']);
    await page.getByRole('heading', { name: '1 conflict to decide' }).waitFor();
    // It goes on to what is still open.
    await expect.poll(() => note.getAttribute('aria-current')).toBe('true');
    await page.keyboard.press('k');
    await page.keyboard.press('u');
    await expect.poll(() => pressed(description)).toEqual([]);
    await page.keyboard.press('m');
    await expect.poll(() => pressed(description)).toEqual(['main']);
    await page.keyboard.press('k');
    await page.keyboard.press('e');
    const value = page.getByLabel('Another value for description');
    await expect.poll(() => value.inputValue()).toBe('Donor 2, 24 h');
    await page.keyboard.type('Donor 2, 12 and 24 h');
    await page.keyboard.press('Enter');
    await expect.poll(() => pressed(description)).toEqual(['edit']);

    // The note came together line by line; what both changed stands marked until it is decided.
    await page.keyboard.press('j');
    await page.keyboard.press('e');
    const text = page.getByLabel('Another value for note');
    await expect
      .poll(() => text.inputValue())
      .toBe(
        [
          '# Stimulation',
          '',
          '<<<<<<< main',
          'Cells were stimulated for 12 h.',
          '=======',
          'Cells were stimulated for 24 h with anti-CD3.',
          '>>>>>>> plate-7',
          '',
          'Viability was 94 %.',
          '',
          'Seen twice.',
        ].join('\n'),
      );
    await page.keyboard.press('Control+Enter');
    await page.getByRole('alert').filter({ hasText: 'mark what both sides changed' }).waitFor();
    await picture(page, 'edit');
    const whole =
      '# Stimulation\n\nCells were stimulated for 12 h and 24 h with anti-CD3.\n\nViability was 94 %.\n\nSeen twice.';
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(whole);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { name: 'All 2 conflicts are decided' }).waitFor();

    // Kept on the branch: a reload has them.
    await page.reload();
    await page.getByRole('heading', { name: 'All 2 conflicts are decided' }).waitFor();
    await expect.poll(() => pressed(description)).toEqual(['edit']);
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByText('no rule is broken').waitFor();
    await picture(page, 'decided');
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByText('Merged “plate-7” into main').waitFor();
    await page.getByRole('button', { name: 'Revert the merge' }).waitFor();
    await picture(page, 'merged');
    const branch = new URL(page.url()).pathname;

    await go(sample);
    await chip('main').waitFor();
    await page.getByText('Donor 2, 12 and 24 h', { exact: true }).waitFor();
    await go(`${sample}?tab=note`);
    await expect.poll(() => noteText(page)).toBe(whole);
    await go('/r/record');
    await link('S-019').waitFor();

    // Reverted, main is as it was, and the branch goes on.
    await go(branch);
    await page.getByRole('button', { name: 'Revert the merge' }).click();
    await page.getByText('Undone: Merge plate-7 into main').waitFor();
    await merge.waitFor();
    await go(sample);
    await page.getByText('Donor 2, 12 h', { exact: true }).waitFor();
    await go(`${sample}?tab=note`);
    await expect.poll(() => noteText(page)).toContain('stimulated for 12 h.');
    await switchTo('plate-7');
    await go(sample);
    await page.getByText('Donor 2, 24 h', { exact: true }).waitFor();
  });

  it('[row 61] what a branch has is filtered by registry and kind, new and trashed objects among it', async () => {
    await go('/r/ulabel');
    await page.locator('.list .total').waitFor();
    await page.keyboard.press('n');
    await page.getByRole('dialog').getByLabel('name', { exact: true }).fill('stim 24 h');
    await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
    await link('stim 24 h').waitFor();
    await page.getByRole('link', { name: 'Review changes' }).click();
    const groups = async () => (await page.locator('.registry h3').allInnerTexts()).sort();
    await expect.poll(groups).toEqual(['Labels 1', 'Records 2']);
    await page.getByLabel('Registry', { exact: true }).selectOption('ULabel');
    await expect.poll(groups).toEqual(['Labels 1']);
    await page.getByLabel('Kind of change').selectOption('changed');
    await page.getByText('Nothing of that kind.').waitFor();
    await page.getByRole('button', { name: 'Show everything' }).click();
    await page.getByLabel('Kind of change').selectOption('made');
    await expect.poll(groups).toEqual(['Labels', 'Records']);
    // What is out of sight is not laid out, but there.
    expect((await page.locator('.registry').getByRole('link').allTextContents()).sort()).toEqual([
      'S-019',
      'stim 24 h',
    ]);
    await page.setViewportSize({ width: 390, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
    expect(await axe(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 860 });
  });

  it('a branch is described, put up for review, renamed, closed and opened again; a taken name is refused in words', async () => {
    await page.getByRole('button', { name: 'Say what it is for' }).click();
    await page.getByLabel('What the branch is for').fill('Stimulation times of plate 7');
    await page.keyboard.press('Enter');
    await page.getByText('Stimulation times of plate 7').waitFor();
    await page.getByRole('button', { name: 'in review' }).click();
    await expect
      .poll(() => page.getByRole('button', { name: 'in review' }).getAttribute('aria-pressed'))
      .toBe('true');
    await page.getByRole('button', { name: 'Change the name' }).click();
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('Relabel');
    await name.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'There is a branch "Relabel" already' }).waitFor();
    await name.fill('plate-7-times');
    await name.press('Enter');
    await strip('plate-7-times').waitFor();

    await go('/changes');
    await page.getByRole('button', { name: 'More for plate-7-times' }).click();
    await page.getByRole('menuitem', { name: 'Close without merging' }).click();
    await chip('main').waitFor();
    await page.getByText('No branch is open.').waitFor();
    await page.getByRole('button', { name: /^Closed 1/ }).click();
    await page.getByRole('link', { name: 'plate-7-times' }).waitFor();
    await page.getByRole('button', { name: 'More for plate-7-times' }).click();
    await page.getByRole('menuitem', { name: 'Open again' }).click();
    await page.getByRole('button', { name: /^Open 1/ }).click();
    await page.getByRole('button', { name: 'Switch to plate-7-times' }).click();
    await strip('plate-7-times').waitFor();
  });

  it('[row 59] all of it works offline, from the palette as well', async () => {
    await waitUntilOffline(page);
    expect(app.problems).toEqual({ console: [], page: [], csp: [], foreign: [], failed: [] });
    await app.context.setOffline(true);
    await page.reload();
    await page.getByText('Offline. All changes saved here').first().waitFor();
    await strip('plate-7-times').waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('back to main');
    await page.getByRole('option', { name: 'Back to main' }).waitFor();
    await page.keyboard.press('Enter');
    await chip('main').waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('switch branch');
    await page.getByRole('option', { name: /^Switch branch/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: /^plate-7-times/ }).click();
    await strip('plate-7-times').waitFor();
    await app.context.setOffline(false);
    expect(app.problems.page).toEqual([]);
  });
});
