// Sync on screen between two people and the whole server: the chip says how it stands, what several changed at once is decided in the tray,
// what the server refuses comes back with its reason, and signing out counts what was not sent.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { opened, picture } from './app.ts';
import { axe, type OpenedApp } from './harness.ts';
import { button, chip, comeIn, leave } from './team-people.ts';
import { startWholeServer, type WholeServer } from './whole-server.ts';

let server: WholeServer;
let ada: OpenedApp;
let ben: OpenedApp;
let sample = '';

/** `stays`: nobody takes it out again at once. */
async function describeSample(page: Page, text: string, stays = true): Promise<void> {
  await page.goto(server.url + sample);
  await opened(page);
  await page.getByRole('button', { name: 'Change description', exact: true }).click();
  const field = page.getByLabel('description', { exact: true });
  await field.fill(text);
  await field.press('Control+Enter');
  if (stays) await page.locator('.shown', { hasText: text }).waitFor();
}

describe.sequential('sync on screen', () => {
  beforeAll(async () => {
    server = await startWholeServer('Lab 12');
  });
  afterAll(async () => {
    await leave(ada, ben);
    await server?.close();
  });

  it('[row 71] two people join and see what the other adds; the chip says that it is synced', async () => {
    ada = await comeIn(server.url, server.invitation, 'Ada King', 'ada');
    const { page } = ada;
    await picture(page, 'sync-joined');
    expect(await axe(page)).toEqual([]);
    await page.getByRole('link', { name: 'Members', exact: true }).click();
    await button(page, 'Invite by link…').click();
    await button(page, 'Make the link').click();
    const link = await page.getByLabel('The link').inputValue();
    await button(page, 'Done').click();
    ben = await comeIn(server.url, link, 'Ben Ode', 'ben');
    await page.goto(`${server.url}/r/record`);
    await page.locator('.list .total').waitFor();
    await page.keyboard.press('n');
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('name', { exact: true }).fill('S-014');
    await sheet.getByLabel('description', { exact: true }).fill('Donor 2');
    await sheet.getByRole('button', { name: 'Create' }).click();
    const made = page.locator('[role=grid] .key').getByRole('link', { name: 'S-014', exact: true });
    sample = (await made.getAttribute('href')) ?? '';
    await chip(page, 'Synced').waitFor();
    await ben.page.goto(`${server.url}/r/record`);
    await ben.page.locator('[role=grid] .key').getByRole('link', { name: 'S-014', exact: true }).waitFor();
  });

  it('[row 71] without a connection the chip counts what is kept here, and its panel says when it was in step', async () => {
    await server.goAway();
    await describeSample(ada.page, 'Donor 2, 6 h');
    await chip(ada.page, 'Offline – 1 change kept here').click();
    const panel = ada.page.getByRole('dialog', { name: 'Sync' });
    await panel.getByText('1 change made here will be sent then.').waitFor();
    await panel.getByRole('row', { name: /Lab 12.*1 change/ }).waitFor();
    expect(await axe(ada.page)).toEqual([]);
    await picture(ada.page, 'sync-offline');
    await ada.page.keyboard.press('Escape');
  });

  it('[row 70] a value that both changed offline is decided in the tray, with both values and their authors', async () => {
    await describeSample(ben.page, 'Donor 2, 24 h');
    await server.comeBack();
    await chip(ada.page, 'Needs attention: 1').waitFor();
    await chip(ben.page, 'Needs attention: 1').waitFor();
    // On the page of the row it is said as well.
    await ben.page.getByText('Several people changed description at once.').waitFor();
    await picture(ben.page, 'sync-conflict-row');
    await ben.page.getByRole('link', { name: 'See both and decide' }).click();
    const values = ben.page.getByRole('group', { name: 'Values of description of S-014' });
    await values.getByText('Donor 2, 6 h').waitFor();
    await values.getByText('Donor 2, 24 h').waitFor();
    await values.getByText('Ada King').waitFor();
    expect(await axe(ben.page)).toEqual([]);
    await picture(ben.page, 'sync-tray');
    await values.getByRole('button', { name: /^(Take|Keep) this: “Donor 2, 6 h”/ }).click();
    await ben.page.getByRole('heading', { name: 'Nothing needs you' }).waitFor();
    for (const { page } of [ada, ben]) await chip(page, 'Synced').waitFor();
    await ada.page.goto(server.url + sample);
    await ada.page.locator('.shown', { hasText: 'Donor 2, 6 h' }).waitFor();
    expect(await ada.page.getByText('Several people changed').count()).toBe(0);
  });

  it('[row 70] what the server refuses comes back with its reason; it is discarded only after asking', async () => {
    await server.goAway();
    await describeSample(ben.page, 'Donor 3');
    await server.comeBack();
    await chip(ben.page, 'Synced').waitFor();
    const { page } = ada;
    await page.goto(`${server.url}/team/members`);
    await opened(page);
    await page.getByLabel('Role of Ben Ode').selectOption('read');
    await page.getByText('Ben Ode: read').waitFor();
    await describeSample(ben.page, 'Donor 4', false);
    await chip(ben.page, 'Needs attention: 1').waitFor();
    await ben.page.goto(`${server.url}/attention`);
    const refused = ben.page.getByRole('region', { name: 'Not taken by the server' });
    await refused.getByText(/Ask an administrator/).waitFor();
    await picture(ben.page, 'sync-refused');
    await refused.getByRole('button', { name: 'Discard…' }).click();
    await button(ben.page, 'Discard the change').click();
    await ben.page.getByRole('heading', { name: 'Nothing needs you' }).waitFor();
    await ben.page.goto(server.url + sample);
    await ben.page.locator('.shown', { hasText: 'Donor 3' }).waitFor();
  });

  it('[row 71] signing out tells first what was not sent, and removes the copy only when that was agreed to', async () => {
    await server.goAway();
    await describeSample(ada.page, 'Donor 5');
    await chip(ada.page, 'Offline – 1 change kept here').waitFor();
    await server.comeBack();
    await button(ada.page, /^Sync: /).click();
    await button(ada.page, 'Pause').click();
    await ada.page.keyboard.press('Escape');
    await describeSample(ada.page, 'Donor 6');
    await ada.page.locator('a[href="/team"]').first().click();
    await button(ada.page, 'Sign out…').click();
    const sheet = ada.page.getByRole('dialog');
    await sheet.getByText(/here have not reached the server|has not reached the server/).waitFor();
    await picture(ada.page, 'sync-sign-out');
    expect(await axe(ada.page)).toEqual([]);
    await sheet.getByRole('radio', { name: /Remove the copy/ }).check();
    expect(await button(ada.page, 'Sign out and remove the copy').isDisabled()).toBe(true);
    await sheet.getByRole('checkbox', { name: /Remove it together with/ }).check();
    await button(ada.page, 'Sign out and remove the copy').click();
    await ada.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await expect.poll(() => ada.page.locator('.sync-chip').count()).toBe(0);
    await ada.page.goto(server.url + sample);
    await ada.page
      .getByText(/There is no/)
      .first()
      .waitFor();
  });
});
