// The proof of sync between two people, each with a browser profile of their own, and the whole server: a note that both typed in
// offline, a file that follows by itself, faces, a list that is told.
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { downloaded, drop, dropSaved, opened, picture, sha256 } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';
import { noteText } from './notes.ts';
import { give } from './whole.ts';
import { button, chip, comeIn, leave } from './team-people.ts';
import { startWholeServer, type WholeServer } from './whole-server.ts';

let server: WholeServer;
let ada: OpenedApp;
let ben: OpenedApp;
let sample = '';
let folder = '';

const both = () => [ada.page, ben.page];
const branch = (page: Page, name: string) => button(page, `Branch: ${name}`);
const listed = (page: Page, name: string) =>
  page.locator('[role=grid] .key').getByRole('link', { name, exact: true });
const note = (page: Page) => page.getByLabel('Note in Markdown');

async function go(page: Page, path: string): Promise<void> {
  await page.goto(server.url + path);
  await opened(page);
}

async function onMain(page: Page): Promise<void> {
  const back = button(page, 'Back to main');
  await branch(page, 'main').or(back).first().waitFor();
  if ((await back.count()) > 0) await back.click();
  await branch(page, 'main').waitFor();
}

async function makeRecord(page: Page, name: string): Promise<void> {
  await page.keyboard.press('n');
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('name', { exact: true }).fill(name);
  await sheet.getByLabel('description', { exact: true }).fill('Donor 2');
  await sheet.getByRole('button', { name: 'Create' }).click();
  await listed(page, name).waitFor();
}

describe.sequential('two people, two profiles, one server', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'loam-team-proof-'));
    server = await startWholeServer('Lab 12');
    ada = await comeIn(server.url, server.invitation, 'Ada King', 'ada');
    const { page } = ada;
    await page.getByRole('link', { name: 'Members', exact: true }).click();
    await button(page, 'Invite by link…').click();
    await button(page, 'Make the link').click();
    const link = await page.getByLabel('The link').inputValue();
    await button(page, 'Done').click();
    ben = await comeIn(server.url, link, 'Ben Ode', 'ben');
    await page.goto(`${server.url}/r/record`);
    await page.locator('.list .total').waitFor();
    await makeRecord(page, 'S-014');
    sample = (await listed(page, 'S-014').getAttribute('href')) ?? '';
    await ben.page.goto(`${server.url}/r/record`);
    await listed(ben.page, 'S-014').waitFor();
  }, 240_000);
  afterAll(async () => {
    await leave(ada, ben);
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('[row 86] both type in one note while offline; connected again, both see one text with nothing dropped, and go on live', async () => {
    for (const page of both()) {
      await go(page, `${sample}?tab=note`);
      await note(page).waitFor();
    }
    await note(ada.page).click();
    await ada.page.keyboard.type('PBS, pH 7.4.');
    await expect.poll(() => noteText(ben.page)).toBe('PBS, pH 7.4.');

    await server.goAway();
    for (const page of both()) await button(page, /^Sync: Offline/).waitFor();
    await ada.page.keyboard.press('Control+Home');
    await ada.page.keyboard.type('Ada, on the train: kept at 4 C. ');
    await note(ben.page).click();
    await ben.page.keyboard.press('Control+End');
    await ben.page.keyboard.type(' Ben, in the cold room: lot 12 is used up.');
    // A version of each is saved as well: rows and live text meet.
    for (const page of both()) {
      await page.keyboard.press('Control+s');
      await button(page, /^Sync: Offline – \d+ changes? kept here/).waitFor();
    }
    expect(await noteText(ada.page)).toBe('Ada, on the train: kept at 4 C. PBS, pH 7.4.');
    expect(await noteText(ben.page)).toBe('PBS, pH 7.4. Ben, in the cold room: lot 12 is used up.');

    await server.comeBack();
    const whole = 'Ada, on the train: kept at 4 C. PBS, pH 7.4. Ben, in the cold room: lot 12 is used up.';
    for (const page of both()) await expect.poll(() => noteText(page), { timeout: 60_000 }).toBe(whole);
    for (const page of both()) await chip(page, 'Synced').waitFor();
    await picture(ada.page, 'proof-note');
    // Live again, both ways.
    await note(ada.page).click();
    await ada.page.keyboard.press('Control+End');
    await ada.page.keyboard.type(' Order more.');
    await expect.poll(() => noteText(ben.page)).toBe(`${whole} Order more.`);
    await note(ben.page).click();
    await ben.page.keyboard.press('Control+End');
    await ben.page.keyboard.type(' Ordered.');
    await expect.poll(() => noteText(ada.page)).toBe(`${whole} Order more. Ordered.`);
    // It is what the devices keep, and not only what the pages show.
    for (const page of both()) await go(page, `${sample}?tab=note`);
    for (const page of both()) await expect.poll(() => noteText(page)).toBe(`${whole} Order more. Ordered.`);
  });

  it('[row 71] a file dropped by one goes to the server by itself; the other sees it, and its bytes are the same', async () => {
    const text = `gene,count\nTP53,12\nMYC,7\n${Array.from({ length: 60_000 }, (_, i) => `G${i},${i}`).join('\n')}\n`;
    const given = await give(folder, 'counts.csv', new TextEncoder().encode(text));
    await go(ada.page, '/artifacts');
    await drop(ada.page, [given.path]);
    const [line] = await dropSaved(ada.page, 1);
    await ben.page.goto(`${server.url}/artifacts`);
    await listed(ben.page, 'counts.csv').waitFor();
    await listed(ben.page, 'counts.csv').click();
    await ben.page.waitForURL(`**/artifacts/${line?.uid}`);
    await ben.page.getByText('TP53').first().waitFor({ timeout: 60_000 });
    await picture(ben.page, 'proof-file');
    const copy = join(folder, 'copy.csv');
    await downloaded(ben.page, copy, () =>
      ben.page
        .getByRole('button', { name: /^Download/ })
        .first()
        .click(),
    );
    expect(sha256(await readFile(copy))).toBe(given.sha256);
    // Nothing of it is only on the device where it was made.
    await ada.page.locator('.only-here').waitFor({ state: 'detached' });
  });

  it('[row 73] each sees the face of the other, and where they are', async () => {
    for (const page of both()) {
      await go(page, sample);
      await onMain(page);
    }
    for (const page of both()) {
      await button(page, '1 person here now').waitFor();
      await button(page, '1 person on this page').waitFor();
    }
    await picture(ada.page, 'proof-faces');
    await button(ada.page, '1 person here now').click();
    const who = ada.page.getByRole('dialog', { name: '1 person here now' });
    await who.getByText('@ben').waitFor();
    expect(await axe(ada.page)).toEqual([]);
    await ada.page.keyboard.press('Escape');
    // Whoever goes on is followed, whoever has no connection is not shown.
    await ben.page.locator('a[href="/artifacts"]').first().click();
    await button(ada.page, '1 person on this page').waitFor({ state: 'detached' });
    await button(ada.page, '1 person here now').click();
    await who.getByRole('link', { name: 'Go there where Ben Ode is' }).click();
    await ada.page.waitForURL('**/artifacts');
    await server.goAway();
    for (const page of both()) await button(page, '1 person here now').waitFor({ state: 'detached' });
    await server.comeBack();
    for (const page of both()) await button(page, '1 person here now').waitFor();
  });

  it('[row 12] a list that is open at one is told what the other writes, without a reload', async () => {
    await go(ada.page, '/r/record');
    await onMain(ada.page);
    await go(ben.page, '/r/record');
    await listed(ben.page, 'S-014').waitFor();
    await ben.page.evaluate(() => Object.assign(window, { loadedOnce: true }));
    await makeRecord(ada.page, 'S-015');
    await listed(ben.page, 'S-015').waitFor();
    await expect.poll(() => ben.page.locator('.list .total').innerText()).toBe('2');
    await listed(ada.page, 'S-015').click();
    await button(ada.page, 'Move to trash').click();
    await listed(ben.page, 'S-015').waitFor({ state: 'detached' });
    expect(await ben.page.evaluate(() => 'loadedOnce' in window)).toBe(true);
    for (const { problems } of [ada, ben]) {
      expect(problems.page).toEqual([]);
      expect(problems.csp).toEqual([]);
    }
  });
});
