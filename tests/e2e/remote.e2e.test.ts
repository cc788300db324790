// A database is looked at where it lies: its server answers ranges, and only what is looked at is fetched.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lamindbFacts, lamindbFile } from '../fixtures/lamindb-file.ts';
import { listCounts, listedUids, opened, showList, startSuite, toSettings, type Suite } from './app.ts';
import type { OpenedApp } from './harness.ts';

let suite: Suite;
let app: OpenedApp;
let page: Page;
let server: Server;
let base: string;
let bytes: Uint8Array;
let sent = 0;
let gone = false;
const sheet = () => page.getByRole('dialog');
const [plate] = lamindbFacts.artifacts;

beforeAll(async () => {
  // Thirty-two megabytes that nobody looks at.
  bytes = await lamindbFile((driver) => {
    driver.exec('CREATE TABLE other_module (id integer PRIMARY KEY, ballast blob)');
    for (let i = 0; i < 32; i++) driver.run('INSERT INTO other_module(ballast) VALUES (zeroblob(1048576))');
  });
  server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (gone) return void response.destroy();
    const packed = request.url?.endsWith('.gz');
    const body = packed ? gzipSync(bytes.subarray(0, 65536)) : bytes;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (from === undefined || request.url === '/whole.db') return void response.end(body);
    const part = body.subarray(Number(from), Number(to) + 1);
    sent += part.length;
    response.statusCode = 206;
    // Not exposed to other sites, as on most servers: the size follows from the file itself.
    response.setHeader('Content-Range', `bytes ${from}-${Number(from) + part.length - 1}/${body.length}`);
    response.end(part);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  suite = await startSuite('remote', 940);
  app = await suite.open({ path: '/settings' });
  page = app.page;
});
afterAll(async () => {
  await suite.end();
  server.closeAllConnections();
  server.close();
});

async function ask(path: string): Promise<void> {
  await toSettings(page);
  await page.getByRole('button', { name: 'Open from an address…' }).click();
  await page.getByLabel('Address of a SQLite file').fill(`${base}${path}`);
  await page.getByRole('button', { name: 'Read it where it lies' }).click();
}

it('what cannot be read by ranges is told in words, and not listed', async () => {
  for (const [path, words] of [
    ['/whole.db', 'its server sends only whole files'],
    ['/packed.db.gz', 'it is packed with gzip'],
  ] as const) {
    await ask(path);
    await sheet().getByText(words).waitFor();
    await sheet().getByRole('button', { name: 'Close' }).first().click();
  }
  await expect.poll(() => page.locator('#databases tbody tr').count()).toBe(1);
});

it('is listed, searched and opened with a small part of its bytes; a row is saved to the own database', async () => {
  sent = 0;
  const loaded = page.waitForEvent('load');
  await ask('/lab.db');
  await loaded;
  await opened(page);
  await page.getByText('You are looking at lab').waitFor();
  await listCounts(page, lamindbFacts.artifacts.length);
  expect((await listedUids(page)).sort()).toEqual(lamindbFacts.artifacts.map(({ uid }) => uid).sort());
  await page.getByRole('searchbox').first().fill('plate-2');
  await listCounts(page, 1);
  await page.getByRole('searchbox').first().fill('');
  await listCounts(page, lamindbFacts.artifacts.length);
  expect(bytes.length).toBeGreaterThan(32 * 1048576);
  expect(sent).toBeGreaterThan(65_536);
  expect(sent).toBeLessThan(bytes.length / 3);

  await page.locator(`[role=grid] .key a[href$="${plate.uid}"]`).first().click();
  await page.getByRole('button', { name: 'Save to mine' }).click();
  await page.getByText(/^Saved plate-1\.csv to my-lab$/).waitFor();
  expect(app.problems.page).toEqual([]);
});

it('out of reach it says so; the own database goes on', async () => {
  gone = true;
  await page.reload();
  await opened(page);
  await page
    .getByText(/could not be read|cannot be reached/)
    .first()
    .waitFor();
  const loaded = page.waitForEvent('load');
  await page.getByRole('button', { name: 'Back to my-lab' }).click();
  await loaded;
  await opened(page);
  await showList(page);
  await listCounts(page, 1);
  expect(await listedUids(page)).toEqual([plate.uid]);
});
