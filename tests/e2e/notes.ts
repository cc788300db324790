// The editor of a note as tests see it.
import type { Page } from 'playwright-core';

/** What the editor shows, by lines, without the names at the cursors of others. */
export async function noteText(page: Page): Promise<string> {
  const lines = await page
    .getByLabel('Note in Markdown')
    .locator('.cm-line')
    .evaluateAll((found) =>
      found.map((line) => {
        const copy = line.cloneNode(true) as Element;
        for (const caret of copy.querySelectorAll('.cm-ySelectionCaret, .cm-placeholder')) caret.remove();
        return copy.textContent ?? '';
      }),
    );
  return lines.join('\n');
}
