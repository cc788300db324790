// Whoever works on a screen looks at it in both themes, and on a telephone: LOAM_PICTURES names the folder for them.
import { join } from 'node:path';
import type { Page } from 'playwright-core';

export async function pictures(page: Page, name: string): Promise<void> {
  const folder = process.env.LOAM_PICTURES;
  if (folder === undefined) return;
  const size = page.viewportSize() ?? { width: 1280, height: 900 };
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: join(folder, `${name}-390.png`) });
  await page.setViewportSize(size);
}
