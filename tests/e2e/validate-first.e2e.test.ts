// Files held against a schema before they are saved: picked or dropped on the place for it, judged one after the other, saved as
// validated or as they are, or not at all.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dropLines, dropSaved, listTotal, showList, startSuite, type Suite } from './app.ts';
import { asked, openLab } from './curate-lab.ts';
import { axe, type OpenedApp } from './harness.ts';
import { pictures } from './pictures.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;

beforeAll(async () => {
  suite = await startSuite('validate-first', 900);
  app = await openLab(suite);
  page = app.page;
});
afterAll(() => suite.end());

const sheet = () => page.getByRole('dialog', { name: /before saving$/ });
const line = (key: string) => sheet().getByRole('listitem').filter({ hasText: key });
const says = (key: string, words: RegExp) => expect.poll(() => line(key).innerText()).toMatch(words);

async function file(name: string, bytes: string | Uint8Array): Promise<string> {
  const path = join(suite.folder, name);
  await writeFile(path, bytes);
  return path;
}
const parquet = (cells: string[]) =>
  new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'cell_type', data: cells, type: 'STRING' }] }));

async function pick(paths: string[]): Promise<void> {
  await page.locator('a[href="/artifacts"]').first().click();
  await page.getByRole('button', { name: 'More ways to add' }).click();
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('menuitem', { name: 'Validate files before saving' }).click();
  await (await choosing).setFiles(paths);
  await sheet().waitFor();
}

it('[row 43] files that are picked are judged before they are saved, and leaving saves nothing', async () => {
  await pick([
    await file('good.csv', 'cell_type\nhepatocyte\nmegakaryocyte\n'),
    await file('bad.parquet', parquet(['hepatocite', 'hepatocyte', 'hepatocite'])),
    await file('note.txt', 'no table'),
    await file('broken.h5ad', 'PK no h5ad'),
  ]);
  // Two schemas fit tables, and none was used yet: the person chooses.
  await says('good.csv', /No schema chosen/);
  await says('note.txt', /No table or dataset: nothing to validate/);
  await sheet()
    .getByLabel(/^Tables/)
    .selectOption({ label: 'cells alone' });
  await says('good.csv', /Valid/);
  await says('bad.parquet', /Not valid: 1 problem in 2 cells/);
  await line('bad.parquet').getByRole('button', { name: 'Show what was found' }).click();
  expect(await line('bad.parquet').innerText()).toMatch(/hepatocite\s+2\s+1, 3/);
  expect(await sheet().getByRole('button', { name: 'Save 1 as validated' }).isEnabled()).toBe(true);
  expect(await axe(page)).toEqual([]);
  await pictures(page, 'validate-first');
  await sheet().getByRole('button', { name: 'Save nothing' }).click();
  await sheet().waitFor({ state: 'detached' });
  await page.getByText('Nothing was saved').waitFor();
  await showList(page);
  expect(await listTotal(page)).toBe(0);
  const [rows] = await asked(
    suite,
    page,
    'SELECT (SELECT count(*) FROM lamindb_artifact), (SELECT count(*) FROM lamindb_run)',
  );
  expect(rows).toEqual([[0, 0]]);
});

it('[row 43] [row 51] what is valid is saved as validated with its report, the rest as it is and said so', async () => {
  await pick([
    await file('good.csv', 'cell_type\nhepatocyte\nmegakaryocyte\n'),
    await file('bad.csv', 'cell_type\nhepatocite\n'),
  ]);
  await says('good.csv', /No schema chosen/);
  await sheet()
    .getByLabel(/^Tables/)
    .selectOption({ label: 'cells alone' });
  await says('bad.csv', /Not valid: 1 problem in 1 cell/);
  await sheet().getByRole('button', { name: 'Save 1 as validated' }).click();
  // What was not meant stays, unsaved.
  await expect.poll(() => sheet().getByRole('listitem').count()).toBe(1);
  await sheet().getByRole('button', { name: 'Save 1 unvalidated' }).click();
  await sheet().waitFor({ state: 'detached' });
  await dropSaved(page, 2);
  const words = async () => (await dropLines(page)).map(({ key, words: told }) => `${key}: ${told}`).sort();
  await expect
    .poll(words)
    .toEqual(['bad.csv: New artifact, not valid: cells alone', 'good.csv: New artifact, valid: cells alone']);
  const [artifacts, reports] = await asked(
    suite,
    page,
    `SELECT a.key, s.name, (SELECT count(*) FROM bionty_artifactcelltype l WHERE l.artifact_id = a.id) FROM lamindb_artifact a
     LEFT JOIN lamindb_schema s ON s.id = a.schema_id WHERE a.kind IS NOT '__lamindb_run__' ORDER BY a.key`,
    `SELECT i.key, json_extract(r.params, '$.ok') FROM lamindb_run r JOIN lamindb_artifact_input_of_runs l ON l.run_id = r.id
     JOIN lamindb_artifact i ON i.id = l.artifact_id WHERE r.report_id IS NOT NULL ORDER BY i.key`,
  );
  expect(artifacts).toEqual([
    ['bad.csv', null, 0],
    ['good.csv', 'cells alone', 2],
  ]);
  expect(reports).toEqual([
    ['bad.csv', 0],
    ['good.csv', 1],
  ]);
});

it('[row 43] files dropped on the place for it are judged by the schema used last, and one is mended in Curate', async () => {
  await showList(page);
  const box = page.viewportSize() ?? { width: 1280, height: 900 };
  const session = await page.context().newCDPSession(page);
  const data = {
    items: [],
    files: [await file('late.csv', 'cell_type\nhepatocite\n')],
    dragOperationsMask: 1,
  };
  const at = { x: box.width / 2, y: box.height - 90 };
  for (const type of ['dragEnter', 'dragOver'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  await page.getByText('Drop here to validate first').waitFor();
  await session.send('Input.dispatchDragEvent', { type: 'dragOver', ...at, data });
  await pictures(page, 'validate-drop');
  await session.send('Input.dispatchDragEvent', { type: 'drop', ...at, data });
  await session.detach();
  await says('late.csv', /Not valid: 1 problem in 1 cell/);
  const chosen = sheet().getByLabel(/^Tables/);
  expect(await chosen.evaluate((select) => (select as HTMLSelectElement).selectedOptions[0]?.text)).toBe(
    'cells alone',
  );
  await line('late.csv').getByRole('button', { name: 'Save unvalidated and mend it' }).click();
  await page.getByText('It is not valid: 1 problem in 1 cell').waitFor();
  expect(page.url()).toMatch(/tab=curate&schema=/);
  await page.getByRole('button', { name: 'Accept the best suggestion (1 row)' }).click();
  await page.getByText('With your fixes it is valid').waitFor();
  expect(app.problems.page).toEqual([]);
});

it('[row 43] a long look is told, stopped, and gone on with', async () => {
  await pick([await file('long.csv', `cell_type\n${'hepatocyte\nmegakaryocyte\n'.repeat(1_500_000)}`)]);
  const stop = sheet().getByRole('button', { name: 'Stop', exact: true });
  await line('long.csv').getByRole('progressbar').waitFor();
  await stop.click();
  await sheet().getByText('Stopped: 1 file not looked into.').waitFor();
  expect(await line('long.csv').innerText()).toContain('Waiting');
  await sheet().getByRole('button', { name: 'Go on' }).click();
  await expect.poll(() => line('long.csv').innerText(), { timeout: 60_000 }).toMatch(/Valid/);
  // Taken out, the last file closes the sheet; nothing was saved of it.
  await line('long.csv').getByRole('button', { name: 'Take long.csv out' }).click();
  await sheet().waitFor({ state: 'detached' });
  await showList(page);
  expect(await page.locator('[role=grid] .key a', { hasText: 'long.csv' }).count()).toBe(0);
  expect(app.problems.page).toEqual([]);
});
