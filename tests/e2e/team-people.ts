// People of a team in a browser profile each, as the end-to-end tests of sync have them.
import type { Page } from 'playwright-core';
import { opened } from './app.ts';
import { openApp, removeProfile, type OpenedApp } from './harness.ts';

export const password = 'correct horse battery staple';

export const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' });

/** The chip of sync, by its words. */
export const chip = (page: Page, words: string) => button(page, `Sync: ${words}`);

/** Makes the account that an invitation is for. */
export async function signUp(page: Page, name: string, handle: string): Promise<void> {
  await page.getByLabel('Name, as others see it').fill(name);
  await page.getByLabel('Handle, to sign in with and to sign what you do').fill(handle);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await button(page, 'Make my account').click();
}

/** Opens an invitation link in a profile of its own, makes the account and joins with the device. */
export async function comeIn(url: string, link: string, name: string, handle: string): Promise<OpenedApp> {
  const app = await openApp({
    url,
    path: link.slice(url.length),
    viewport: { width: 1280, height: 860 },
  });
  const { page } = app;
  page.setDefaultTimeout(30_000);
  await opened(page);
  await signUp(page, name, handle);
  await button(page, 'Join with this device').click();
  await chip(page, 'Synced').waitFor({ timeout: 60_000 });
  return app;
}

/** Closes those that were opened, and removes their profiles. */
export async function leave(...apps: readonly (OpenedApp | undefined)[]): Promise<void> {
  for (const app of apps) {
    if (!app) continue;
    await app.close();
    await removeProfile(app.profile);
  }
}
