// `ln` as somebody types it into the browser's console of the built app: there at once, in every tab, on screen what it made.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSuite, type Suite } from './app.ts';
import type { OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;

beforeAll(async () => {
  suite = await startSuite('sdk', 860);
  app = await suite.open();
});
afterAll(() => suite?.end());

/** A line of the console, with the `await` that a person writes before it. */
const typed = (text: string): Promise<unknown> => app.page.evaluate(`(async () => await (${text}))()`);

it('[row 12] makes rows and files that the list shows by itself, and other tabs', async () => {
  expect(await typed('ln.Artifact.filter().count()')).toBe(0);
  await typed(
    `ln.Artifact.fromText('x,y\\n1,2\\n', { key: 'typed/a.csv', ulabels: ['typed'] }).save().then(() => null)`,
  );
  await app.page.getByRole('link', { name: 'typed/a.csv' }).waitFor();
  expect(await typed(`(async () => (await ln.Artifact.get({ key: 'typed/a.csv' })).load())()`)).toEqual([
    { x: 1, y: 2 },
  ]);
  expect(await typed(`ln.Artifact.filter({ ulabels__name: 'typed' }).toList('key')`)).toEqual([
    'typed/a.csv',
  ]);
  const rows = [{ gene: 'CD4', n: 2 }];
  await typed(
    `(async () => { const a = await ln.Artifact.fromDataFrame(${JSON.stringify(rows)}, { key: 'typed/t.parquet' }); await a.save(); })()`,
  );
  await app.page.getByRole('link', { name: 'typed/t.parquet' }).waitFor();
  expect(await typed(`(async () => (await ln.Artifact.get({ key: 'typed/t.parquet' })).load())()`)).toEqual(
    rows,
  );

  const other = await app.page.context().newPage();
  await other.goto(`${suite.url}/artifacts`);
  await other.getByRole('link', { name: 'typed/a.csv' }).waitFor();
  expect(await other.evaluate('(async () => await ln.Artifact.filter().count())()')).toBe(2);
  await other.evaluate(`(async () => { await (await ln.Artifact.get({ key: 'typed/a.csv' })).delete(); })()`);
  await app.page.getByRole('link', { name: 'typed/a.csv' }).waitFor({ state: 'detached' });
  await other.close();
});

it('says errors by LaminDB’s names', async () => {
  const name = (text: string) =>
    typed(`(async () => { try { await ${text}; return 'none'; } catch (e) { return e.name; } })()`);
  expect(await name(`ln.Artifact.get('nothing')`)).toBe('DoesNotExist');
  expect(await name(`ln.ULabel.filter({ sizes: 1 }).all()`)).toBe('FieldError');
  expect(await name(`ln.Artifact('a/path.csv').save()`)).toBe('TypeError');
});
