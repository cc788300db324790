// A team as people meet it: the first administrator comes in by a link, invites others, says who may what, makes keys for programs, reads
// the log of all of it, and leaves. Each person is a browser profile of their own.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { opened, picture, startSuite, type Suite } from './app.ts';
import { axe, openApp, removeProfile, type OpenedApp } from './harness.ts';
import { button, password, signUp } from './team-people.ts';
import { startTeamServer, type TeamServer } from './team-server.ts';

let server: TeamServer;
let admin: OpenedApp;
let other: OpenedApp;
const apps: OpenedApp[] = [];

async function person(path: string, url = server.url): Promise<OpenedApp> {
  const app = await openApp({ url, path, viewport: { width: 1280, height: 860 } });
  app.page.setDefaultTimeout(20_000);
  apps.push(app);
  await opened(app.page);
  return app;
}
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true });
async function part(page: Page, name: string, title = name): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Parts of Team' })
    .getByRole('link', { name, exact: true })
    .click();
  await heading(page, title).waitFor();
}
async function comeIn(page: Page, name: string, handle: string): Promise<void> {
  await signUp(page, name, handle);
  await heading(page, 'Team').waitFor();
}

/** To the provider, through its own forms for sign-in and consent as often as it asks, and back. */
async function atProvider(page: Page): Promise<void> {
  await button(page, 'Sign in with the institute').click();
  const there = (url: URL) => url.origin === server.provider.issuer;
  await expect.poll(() => there(new URL(page.url()))).toBe(true);
  while (there(new URL(page.url()))) {
    const before = page.url();
    const login = page.locator('input[name=login]');
    if ((await login.count()) > 0) {
      await login.fill('sub-1');
      await page.locator('input[name=password]').fill('x');
    }
    await page.locator('button[type=submit]').click();
    await expect.poll(() => page.url()).not.toBe(before);
  }
}

describe.sequential('a team', () => {
  beforeAll(async () => {
    server = await startTeamServer();
  });
  afterAll(async () => {
    for (const app of apps) {
      await app.close();
      await removeProfile(app.profile);
    }
    await server?.close();
  });

  it('[row 110] where there is no server, Team says so and what goes without one', async () => {
    const suite: Suite = await startSuite('no-team', 860);
    const app = await suite.open({ path: '/' });
    const { page } = app;
    await page.locator('main').first().waitFor();
    await page.keyboard.press('7');
    await page.getByRole('heading', { name: 'There is no team server here' }).waitFor();
    // A place that serves files alone is no fault of anybody.
    expect(app.problems).toEqual({ console: [], page: [], csp: [], foreign: [], failed: [] });
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-none');
    // Whoever works alone is not told of syncing.
    expect(await page.locator('.sync-chip').count()).toBe(0);
    await page.goto(`${suite.url}/attention`);
    await page.getByRole('heading', { name: 'Nothing needs you' }).waitFor();
    await suite.end();
  });

  it('[row 110] the first administrator comes in by a link whose token no server sees', async () => {
    const link = await server.firstLink();
    const token = link.split('#')[1] ?? '';
    admin = await person('/team');
    const { page } = admin;
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-out');
    await page.getByLabel('Invitation link').fill('https://example.org/join');
    await button(page, 'Open the invitation').click();
    await page.getByText('That is no invitation link').waitFor();
    await page.getByLabel('Invitation link').fill(link);
    await button(page, 'Open the invitation').click();
    await heading(page, 'You are invited to Lab 12').waitFor();
    await expect.poll(() => page.url()).toBe(`${server.url}/team/invite`);
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-invite');
    // What is wrong with a form is told beside it.
    await page.getByLabel('Name, as others see it').fill('Ada Admin');
    await page.getByLabel('Handle, to sign in with and to sign what you do').fill('ada');
    await page.getByLabel('Password', { exact: true }).fill('short');
    await button(page, 'Make my account').click();
    await page
      .getByRole('alert')
      .filter({ hasText: /password/i })
      .waitFor();
    await comeIn(page, 'Ada Admin', 'ada');
    await page.getByText('Admin: also manages members').waitFor();
    expect(server.asked.filter((path) => path.includes('loam_invite') || path.includes(token))).toEqual([]);
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-in');
  });

  it('[row 110] members are invited by link, bound to an address or not, and links are taken back', async () => {
    const { page } = admin;
    await part(page, 'Members');
    await page.getByText('You are alone here so far').waitFor();
    await button(page, 'Invite by link…').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Only for this e-mail address (may be empty)').fill('maria@example.org');
    await sheet.getByLabel('Note for administrators (may be empty)').fill('Maria, microscopes');
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-invite-sheet');
    await button(page, 'Make the link').click();
    const bound = await sheet.getByLabel('The link').inputValue();
    await picture(page, 'team-link');
    await button(page, 'Done').click();
    await page.getByRole('region', { name: 'Open invitations' }).getByText('for maria@example.org').waitFor();
    await button(page, 'Invite by link…').click();
    await sheet.getByLabel('Read').check();
    await button(page, 'Make the link').click();
    const second = await sheet.getByLabel('The link').inputValue();
    await button(page, 'Done').click();
    await page.getByRole('region', { name: 'Open invitations' }).getByRole('listitem').nth(1).waitFor();
    await picture(page, 'team-members');
    expect(await axe(page)).toEqual([]);
    // The newest stands first.
    await page
      .getByRole('region', { name: 'Open invitations' })
      .getByRole('listitem')
      .filter({ hasText: 'Read' })
      .getByRole('button', { name: 'Take back' })
      .click();
    await page.getByText('2 earlier invitations').waitFor();

    other = await person(second.slice(server.url.length));
    await other.page.getByRole('heading', { name: 'This invitation cannot be used' }).waitFor();
    await other.page.goto('about:blank');
    await other.page.goto(bound);
    await heading(other.page, 'You are invited to Lab 12').waitFor();
    await other.page.getByText('for one e-mail address alone').waitFor();
    await comeIn(other.page, 'Maria Moser', 'maria');
    await other.page.getByText('maria@example.org').waitFor();
    await part(other.page, 'Members');
    await other.page.getByText('Maria Moser (you)').waitFor();
    expect(await button(other.page, 'Invite by link…').count()).toBe(0);
    expect(await other.page.getByRole('combobox').count()).toBe(0);
    await page.reload();
    await page.getByText('Maria Moser', { exact: true }).waitFor();
  });

  it('[row 110] roles are changed; a team keeps an administrator, in words', async () => {
    const { page } = admin;
    await page.getByLabel('Role of Ada Admin').selectOption('write');
    await page.getByText(/no administrator left/).waitFor();
    await expect.poll(() => page.getByLabel('Role of Ada Admin').inputValue()).toBe('admin');
    await page.getByLabel('Role of Maria Moser').selectOption('read');
    await page.getByText('Maria Moser: read').waitFor();
    await other.page.goto(`${server.url}/team`);
    await other.page.getByText('Read: sees everything, changes nothing').waitFor();
    await page.getByLabel('Role of Maria Moser').selectOption('write');
    await page.getByText('Maria Moser: write').waitFor();
  });

  it('[row 110] bots and keys: shown once, good at once, ended at once', async () => {
    const { page } = admin;
    await part(page, 'Bots and keys');
    await page.getByRole('heading', { name: 'No key is good now' }).waitFor();
    await picture(page, 'team-keys-empty');
    await button(page, 'New bot…').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Name').fill('Sequencing pipeline');
    await sheet.getByLabel('Handle').fill('sequencing');
    await button(page, 'Make the bot').click();
    await button(page, 'New key for Sequencing pipeline').click();
    await sheet.getByLabel('What it is for').fill('nightly run');
    await button(page, 'Make the key').click();
    const key = await sheet.getByLabel('The key').inputValue();
    expect(key).toMatch(/^loam_key_/);
    await picture(page, 'team-key');
    await button(page, 'Done').click();
    await page.getByRole('region', { name: 'Keys' }).getByText('nightly run').waitFor();
    expect(await page.content()).not.toContain(key);
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-keys');
    const ask = () => fetch(`${server.url}/api/account/me`, { headers: { authorization: `Bearer ${key}` } });
    expect((await ask()).status).toBe(200);
    await button(page, 'Take back nightly run').click();
    await button(page, 'Take the key back').click();
    await page.getByText('1 earlier key').waitFor();
    expect((await ask()).status).toBe(401);
  });

  it('[row 110] rights to write, and a protected branch', async () => {
    const { page } = admin;
    await part(page, 'Write rights');
    const main = page
      .getByRole('region', { name: 'Branches' })
      .getByRole('listitem')
      .filter({ hasText: 'main' });
    await main.getByRole('checkbox').check();
    await main.getByLabel('Who may write in main').selectOption('granted');
    await main.getByText('Admins alone').waitFor();
    await main.getByLabel('Let somebody write in main').selectOption({ label: 'Maria Moser' });
    await button(page, 'Take the right of Maria Moser back').waitFor();
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-rights');
    await part(other.page, 'Write rights');
    await other.page.getByText('protected: takes merges alone').waitFor();
    await other.page.getByText('Administrators change these rights.').waitFor();
    await button(page, 'Take the right of Maria Moser back').click();
    await main.getByText('Admins alone').waitFor();
  });

  it('[row 111] the audit log tells who did what, and whether somebody changed it', async () => {
    const { page } = admin;
    await part(page, 'Audit log');
    const entries = page.getByRole('list', { name: 'Entries' }).getByRole('listitem');
    await entries.getByText('changed who may write on a branch').first().waitFor();
    await page.getByLabel('Event').selectOption('invitation.revoked');
    await expect.poll(() => entries.count()).toBe(1);
    expect(page.url()).toContain('event=invitation.revoked');
    await page.getByRole('link', { name: 'Clear' }).click();
    await button(page, 'Check the whole log').click();
    await page.getByText('The log is whole.').waitFor();
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-log');
    await server.ground.postgres.session(async (session) => {
      await session.exec('ALTER TABLE loam.audit DISABLE TRIGGER USER');
      await session.exec(`UPDATE loam.audit SET actor = 'somebody' WHERE event = 'invitation.revoked'`);
    });
    await button(page, 'Check the whole log').click();
    await page.getByText('The log was tampered with, at 1 place').waitFor();
    await page.getByText(/entry \d+: its text does not fit its hash/).waitFor();
    await picture(page, 'team-log-tampered');
    // Others are not offered it.
    expect(await other.page.getByRole('link', { name: 'Audit log' }).count()).toBe(0);
  });

  it('[row 110] sign-in by a provider: the owner of the account says yes once, then it opens it', async () => {
    const { page } = other;
    await page.goto(`${server.url}/team`);
    await button(page, 'Sign out…').click();
    await page.getByText('nothing of it was shared').waitFor();
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-sign-out');
    await button(page, 'Sign out').click();
    await atProvider(page);
    await heading(page, 'Is this your account?').waitFor();
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-consent');
    await page.getByLabel('Handle or e-mail address').fill('maria');
    await page.getByLabel('Password', { exact: true }).fill('not it');
    await button(page, 'Sign in').click();
    await page.getByText('Handle or password is not right.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(password);
    await button(page, 'Sign in').click();
    await button(page, 'Yes, open it with the institute').click();
    await page.getByText('From now on you can sign in with the institute').waitFor();
    await button(page, 'Sign out…').click();
    await button(page, 'Sign out').click();
    // The provider still knows who it is, and the account is its own now.
    await button(page, 'Sign in with the institute').click();
    await page.getByText('Your account').waitFor();
    await page.getByText('@maria').waitFor();
  });

  it('[row 110] a member that is taken out is out at once; while the server is away its parts say so', async () => {
    const { page } = admin;
    await part(page, 'Members');
    await button(page, 'Remove Maria Moser').click();
    await page.getByText('What they wrote stays').waitFor();
    await picture(page, 'team-remove');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove Maria Moser' }).click();
    await page.getByText('Maria Moser is no member any more').waitFor();
    await other.page.goto(`${server.url}/team/members`);
    await other.page.getByRole('heading', { name: 'You are in no team yet' }).waitFor();
    await server.goAway();
    await page.locator('a[href="/team"]').first().click();
    await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await picture(page, 'team-offline');
    await server.comeBack();
    await button(page, 'Try again').click();
    await page.getByText('Your account').waitFor();
    for (const { problems } of [admin, other]) {
      expect(problems.page).toEqual([]);
      expect(problems.csp).toEqual([]);
    }
  });
});
