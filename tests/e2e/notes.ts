// The editor of a note as tests see it.
import type { Page } from 'playwright-core';

/** What the editor shows, by lines. */
export async function noteText(page: Page): Promise<string> {
  return (await page.getByLabel('Note in Markdown').locator('.cm-line').allTextContents()).join('\n');
}
