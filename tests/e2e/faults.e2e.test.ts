// What can go wrong around a drop, in a real browser: a full disk, hostile names, files that cannot be read (and power
// cuts: kills.e2e.test.ts). After each: what was saved is there with its bytes, what was not leaves nothing behind, and it
// is said in words.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  drop,
  dropEnded,
  dropLines,
  dropSaved,
  laminHash,
  listCounts,
  readDatabase,
  sha256,
  showList,
  startSuite,
  type Suite,
} from './app.ts';
import { waitUntilOffline, type OpenedApp } from './harness.ts';
import { expectWhole, give as giveIn, quiet, type Given } from './whole.ts';

const fixtures = join(
  process.env.LOAM_FIXTURES ?? fileURLToPath(new URL('../../../shared', import.meta.url)),
  'fixtures/bio',
);

/** Files that cannot be read, wholly or in part, and the reason their artifact gives. The others give none. */
const brokenHere = new Map([
  ['cut.parquet', /incomplete/],
  ['tail.parquet', /damaged/],
  ['not-hdf5.h5ad', /content is not/],
  ['cut.h5ad', /damaged or incomplete/],
  ['empty.parquet', /empty \(0 bytes\)/],
  ['empty.csv', /empty \(0 bytes\)/],
  ['broken.png', /damaged or cut off/],
  ['broken.json', /not valid JSON/],
  ['broken.pdf', /end of this PDF is missing/],
  ['noise.csv.gz', /could not be read/],
]);
const brokenFixtures = new Map([
  ['bitflip.h5ad', /could not be read/],
  ['nation.dict-malformed.parquet', /could not be read/],
  ['not_hdf5.h5ad', /content is not/],
  ['truncated.h5ad', /damaged or incomplete/],
  ['uniform_encryption.parquet', /encrypted/],
  ['zero_bytes.parquet', /empty \(0 bytes\)/],
]);

let suite: Suite;
let folder: string;

beforeAll(async () => {
  // High enough for all rows of one drop.
  suite = await startSuite('faults', 5000);
  folder = suite.folder;
});
afterAll(() => suite.end());

const open = () => suite.open();
const close = (app: OpenedApp) => suite.close(app);

const give = (name: string, bytes: Uint8Array) => giveIn(folder, name, bytes);

test('a full disk in the middle of a drop is said with the bytes needed, leaves nothing, and Retry ends the drop', async () => {
  const app = await open();
  const { page } = app;
  // What the service worker keeps counts towards the quota: measure after it is through.
  await waitUntilOffline(page);
  const given = new Map<string, Given>();
  for (let i = 0; i < 10; i++) {
    const one = await give(`full-${i}.bin`, randomBytes(5_000_000));
    given.set(one.key, one);
  }
  const session = await app.context.newCDPSession(page);
  const usage = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: suite.url,
    quotaSize: usage + 26_000_000,
  });
  await drop(
    page,
    [...given.values()].map(({ path }) => path),
  );

  // It comes to rest by itself: lines are saved, failed or paused, none is on its way.
  const state = () =>
    page.locator('.drop-line').evaluateAll((all) => {
      const moving = all.filter((line) => line.querySelector('progress') || /Waiting/.test(line.textContent));
      return [all.length, moving.length];
    });
  await expect
    .poll(state, { timeout: 60_000, message: 'dropped files, and those on their way' })
    .toEqual([10, 0]);
  const lines = await dropLines(page);
  const failed = lines.filter((line) => line.failed);
  const saved = lines.filter(({ uid }) => uid !== null);
  expect(failed.length).toBeGreaterThan(0);
  expect(saved.length).toBeGreaterThan(0);
  for (const { words } of failed)
    expect(words).toMatch(/^Not enough storage on this device: [\d,]+ bytes are needed\. Free some/);
  for (const { words, uid } of lines.filter((line) => !line.failed && line.uid === null))
    expect([words, uid]).toEqual(['Paused', null]);
  await showList(page);
  await listCounts(page, saved.length);
  const during = await expectWhole(page, given);
  expect(during.artifacts.map(({ key }) => key).sort()).toEqual(saved.map(({ key }) => key).sort());

  await session.send('Storage.overrideQuotaForOrigin', { origin: suite.url });
  await page.getByRole('button', { name: /^Retry \d+ failed/ }).click();
  const after = await dropSaved(page, 10);
  expect(after.map(({ words }) => words)).toEqual(after.map(() => 'New artifact'));
  const database = await expectWhole(page, given);
  expect(database.artifacts.length).toBe(10);
  expect(app.problems).toMatchObject(quiet);
  await close(app);
});

describe('hostile names', () => {
  const script = '<img src=x onerror=globalThis.pwned=1>.csv';
  const names = [
    '..hidden.csv',
    'a..b....csv',
    '__proto__',
    'constructor',
    'toString.csv',
    '.csv',
    ' .csv',
    `${'n'.repeat(240)}.csv`,
    `a.${'s'.repeat(240)}`,
    '🧬🐭 single-cell 👩🏽‍🔬.csv',
    'عينة‏ ١.csv',
    'safe\u202Evsc.exe.csv',
    'e\u0301 and \u00e9.csv',
    '"quoted" \'single\' `tick`.csv',
    "'); DROP TABLE lamindb_artifact;--.csv",
    '%2e%2e%2f%00.csv',
    '${7*7}{{7*7}}.csv',
    'javascript:alert(1)',
    script,
    '<svg onload=globalThis.pwned=1>.md',
  ];
  const refusedNames = ['line\nbreak.csv', 'bell\u0007.csv'];

  test('are stored or refused in words; nothing runs and nothing breaks', async () => {
    const app = await open();
    const { page } = app;
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const given = new Map<string, Given>();
    await mkdir(join(folder, 'names'));
    for (const name of [...names, ...refusedNames]) {
      const one = await give(join('names', name), Buffer.from(`a,b\n${JSON.stringify(name)},1\n`));
      given.set(name, { ...one, key: name });
    }
    await drop(
      page,
      [...given.values()].map(({ path }) => path),
    );
    const lines = await dropEnded(page, given.size);
    // An <input> shows a line break as nothing at all.
    const shown = new Map(lines.map((line) => [line.key, line]));
    for (const name of names) {
      const line = shown.get(name);
      expect([name, line?.failed === true || line?.uid !== null]).toEqual([name, true]);
      if (line?.failed) expect([name, line.words]).toEqual([name, expect.stringMatching(/\w+ .*\w+\.$/)]);
    }
    for (const name of refusedNames) {
      const line = shown.get(name.replace('\n', ''));
      expect([name, line?.failed, line?.words]).toEqual([
        name,
        true,
        expect.stringMatching(/control characters/),
      ]);
    }
    const stored = lines.filter(({ uid }) => uid !== null);
    expect(stored.length).toBeGreaterThanOrEqual(names.length - 1);

    // Each has its own page, where the name stands as text.
    for (const { key, uid } of stored) {
      await page.locator(`.drop-line a[href="/artifacts/${uid}"]`).click();
      await page
        .locator('main header')
        .filter({ hasText: String(uid) })
        .waitFor();
      expect((await page.locator('main header h1').textContent())?.trim()).toBe(key.trim());
      await page.locator('.jobs button.line').first().click();
    }
    await showList(page);
    const database = await expectWhole(page, given);
    expect(database.artifacts.length).toBe(stored.length);

    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(dialogs).toEqual([]);
    expect(app.problems).toMatchObject(quiet);
    await close(app);
  });

  test('typed as keys in the drop sheet are refused in words, and the field shows the key that holds', async () => {
    const app = await open();
    const { page } = app;
    const one = await give('plain.csv', Buffer.from('a,b\n1,2\n'));
    await drop(page, [one.path]);
    await dropEnded(page, 1);
    const field = page.locator('.drop-line input.key');
    const hostile = [
      ['../../etc/passwd.csv', /"\.\."/],
      ['..', /"\.\."/],
      ['/root.csv', /root of a disk/],
      ['C:/root.csv', /root of a disk/],
      ['.lamindb/mine.csv', /\.lamindb/],
      ['a\\b.csv', /backslash/],
      [`${'k'.repeat(4000)}.csv`, /1,024 characters/],
      ['plain.exe', /suffix/],
    ] as const;
    for (const [key, words] of hostile) {
      await field.fill(key);
      await field.press('Enter');
      await page.locator('[data-sonner-toast]').filter({ hasText: words }).first().waitFor();
      await expect
        .poll(() => field.inputValue(), { message: `the field after ${key.slice(0, 40)} was refused` })
        .toBe('plain.csv');
    }
    const script = `<img src=x onerror=globalThis.pwned=1>/${'ب'.repeat(40)}🧬.csv`;
    await field.fill(script);
    await field.press('Enter');
    await showList(page);
    await page.locator('[role=grid] .key a', { hasText: script }).waitFor();
    const { artifacts } = await readDatabase(page);
    expect(artifacts.map(({ key }) => key)).toEqual([script]);
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(app.problems).toMatchObject(quiet);
    await close(app);
  });
});

describe('files that are not what they say', () => {
  /** Drops them all at once; all become artifacts, and those in `broken` say why they cannot be read. */
  async function expectArtifacts(given: Map<string, Given>, broken: ReadonlyMap<string, RegExp>) {
    const app = await open();
    const { page } = app;
    await drop(
      page,
      [...given.values()].map(({ path }) => path),
    );
    const lines = await dropEnded(page, given.size, 180_000);
    expect(lines.map(({ key, words }) => [key, words]).sort()).toEqual(
      [...given.keys()].map((key) => [key, 'New artifact']).sort(),
    );
    const { artifacts } = await expectWhole(page, given);
    const problems = new Map(artifacts.map(({ key, problem }) => [key, problem]));
    expect(Object.fromEntries(problems)).toEqual(
      Object.fromEntries(
        [...given.keys()].map((key) => {
          const reason = broken.get(key);
          return [key, reason ? expect.stringMatching(reason) : null];
        }),
      ),
    );
    // The artifact's own page says it too.
    for (const { key, uid, problem } of artifacts.filter((artifact) => artifact.problem !== null)) {
      await showList(page);
      await page.locator(`[role=grid] .key a[href="/artifacts/${uid}"]`).click();
      await expect
        .poll(async () => (await page.locator('.preview [role=status]').innerText()).trim(), {
          message: `what the page of ${key} says`,
        })
        .toBe(problem);
    }
    expect(app.problems).toMatchObject(quiet);
    await close(app);
  }

  test('made here: cut, empty, mislabelled, in other encodings', async () => {
    const text = 'name,value\nGrün,1\nweiß,2\n';
    const table = Buffer.concat([Buffer.from('PAR1'), randomBytes(4000)]);
    const bad = [
      await give('cut.parquet', table),
      await give(
        'tail.parquet',
        Buffer.concat([table, Buffer.from([255, 255, 255, 127]), Buffer.from('PAR1')]),
      ),
      await give('not-hdf5.h5ad', Buffer.from('this is a text, not an HDF5 file\n')),
      await give(
        'cut.h5ad',
        Buffer.concat([Buffer.from([0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10]), randomBytes(2000)]),
      ),
      await give('empty.parquet', Buffer.alloc(0)),
      await give('empty.csv', Buffer.alloc(0)),
      await give('latin1.csv', Buffer.from(text, 'latin1')),
      await give('utf16.csv', Buffer.from(`\ufeff${text}`, 'utf16le')),
      await give(
        'broken.png',
        Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), randomBytes(9)]),
      ),
      await give('broken.json', Buffer.from('{"a": [1, 2')),
      await give('broken.pdf', Buffer.from('%PDF-1.7\n')),
      await give(
        'noise.csv.gz',
        Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), Buffer.alloc(500, 0xff)]),
      ),
    ];
    const given = new Map(bad.map((one) => [one.key, one]));
    await expectArtifacts(given, brokenHere);
  });

  const folders = ['odd', 'parquet'].map((name) => join(fixtures, name));
  const there = folders.every((path) => existsSync(path));
  test.skipIf(!there)(
    `of the fixtures, all at once${there ? '' : ` (skipped: ${folders.join(' and ')} are not here; set LOAM_FIXTURES)`}`,
    async () => {
      const given = new Map<string, Given>();
      for (const path of folders)
        for (const name of await readdir(path)) {
          const copy = join(folder, name);
          await copyFile(join(path, name), copy);
          const bytes = await readFile(copy);
          given.set(name, { path: copy, key: name, sha256: sha256(bytes), hash: laminHash(bytes) });
        }
      await expectArtifacts(given, brokenFixtures);
    },
    300_000,
  );
});
