// What a failed end-to-end test leaves in the log: where each open page stood, what lay over it, what went wrong on it. CI keeps the
// words alone, and a test that fails once in a hundred runs has to be understood from them.
import { afterEach } from 'vitest';
import { openApps } from './harness.ts';

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const { context, problems } of openApps) {
    for (const page of context.pages()) {
      const text = (selector: string) =>
        page
          .locator(selector)
          .allInnerTexts()
          .then((texts) => texts.map((words) => words.replaceAll(/\s+/g, ' ').slice(0, 600)))
          .catch((error: unknown) => [`(not read: ${String(error).slice(0, 100)})`]);
      const busy = await page
        .locator('#content[aria-busy=true]')
        .count()
        .catch(() => 0);
      console.log(
        [
          `At the end of "${task.name}": ${page.url()}${busy > 0 ? ', still busy' : ''}`,
          ...(await text('[role=dialog]')).map((words) => `  dialog: ${words}`),
          ...(await text('[data-sonner-toast]')).map((words) => `  note: ${words}`),
          ...(await text('#content')).map((words) => `  content: ${words}`),
        ].join('\n'),
      );
    }
    const told = Object.entries(problems).filter(([, list]) => (list as string[]).length > 0);
    if (told.length > 0) console.log('  problems:', JSON.stringify(Object.fromEntries(told)).slice(0, 2_000));
  }
});
