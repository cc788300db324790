// Tabs against a real browser with real pages: one database, any tab may close. Runs with the broker and with the
// relay that browsers without SharedWorker use.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { browserArgs, browserPath } from '../../scripts/browser-path.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
let server: ViteDevServer;
let base = '';

beforeAll(async () => {
  server = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    cacheDir: join(tmpdir(), 'loam-tabs-vite'),
    worker: { format: 'es' },
    optimizeDeps: { exclude: ['@sqlite.org/sqlite-wasm', 'wa-sqlite'] },
    server: { port: 0, host: '127.0.0.1', hmr: false, watch: null },
  });
  await server.listen();
  base = server.resolvedUrls?.local[0] ?? '';
});
afterAll(() => server?.close());

describe.each(['broker', 'relay'])('tabs over the %s', (way) => {
  const profile = mkdtempSync(join(tmpdir(), 'loam-tabs-'));
  let context: BrowserContext;

  beforeAll(async () => {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: await browserPath(),
      args: browserArgs,
    });
  });
  afterAll(async () => {
    await context?.close();
    rmSync(profile, { recursive: true, force: true });
  });

  // What a failed test leaves open would lead in the next one.
  let blank: Page | undefined;
  beforeAll(() => void (blank = context.pages()[0]));
  afterEach(() => Promise.all(context.pages().map((page) => page === blank || page.close())));

  async function openTab(options = ''): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(error));
    await page.goto(`${base}tests/e2e/tabs/index.html?${way}${options}`);
    await page.waitForFunction(() => window.tab?.client.state === 'ready', undefined, { timeout: 20_000 });
    // A follower is ready before its own worker stands in line for the database; who leads next depends on that.
    if (options !== '&missing')
      await page.waitForFunction(() => window.tab.alive(), undefined, { timeout: 20_000 });
    return page;
  }
  const value = (page: Page) => page.evaluate(() => window.tab.client.engine.value());
  const leads = (page: Page) => page.evaluate(() => window.tab.client.leads);

  test('two tabs see one database; closing the leader lets the other go on', async () => {
    const first = await openTab();
    const second = await openTab();
    expect([await leads(first), await leads(second)]).toEqual([true, false]);

    expect(await first.evaluate(() => window.tab.client.engine.add(2))).toBe(2);
    expect(await second.evaluate(() => window.tab.client.engine.add(3))).toBe(5);
    expect(await value(first)).toBe(5);
    const seen = await first.evaluate(() =>
      window.tab.events.map((e) => (e.type === 'status' ? e.status.artifacts : e.type)),
    );
    expect(seen).toEqual([2, 5]);

    const error = await second.evaluate(() =>
      window.tab.client.engine.fails().catch((e) => ({ code: e.code, details: e.details })),
    );
    expect(error).toEqual({ code: 'IntegrityError', details: { table: 't' } });
    const unknown = await second.evaluate(() =>
      (window.tab.client.engine as unknown as { constructor: () => Promise<void> })
        .constructor()
        .catch((e) => e.code),
    );
    expect(unknown).toBe('InvalidArgument');
    expect(await second.evaluate(() => window.tab.client.engine.fileText(new File(['héllo'], 'a.txt')))).toBe(
      'héllo',
    );
    expect(
      await second.evaluate(async () => new Response(await window.tab.client.engine.stream()).text()),
    ).toBe('streamed');

    // In flight while the leader goes: sent again, applied once.
    await second.evaluate(() => {
      const channel = new BroadcastChannel('held');
      let heard = 0;
      channel.onmessage = ({ data }) => data === 'held' && heard++;
      const waiting = window.tab.client.engine.heldAdd(10);
      Object.assign(window, { waiting, go: () => channel.postMessage('go'), heard: () => heard });
    });
    const heard = () => second.evaluate(() => (window as unknown as { heard(): number }).heard());
    await expect.poll(heard, { message: 'times that a leader began the write' }).toBe(1);
    const start = Date.now();
    await first.close();
    expect(await value(second)).toBe(5);
    console.log(`${way}: follower answered ${Date.now() - start} ms after the leader was closed`);
    expect(await leads(second)).toBe(true);
    await expect.poll(heard, { message: 'times that a leader began the write' }).toBe(2);
    await second.evaluate(() => (window as unknown as { go(): void }).go());
    expect(await second.evaluate(() => (window as unknown as { waiting: Promise<number> }).waiting)).toBe(15);
    expect(await value(second)).toBe(15);

    const third = await openTab();
    expect([await value(third), await leads(third)]).toEqual([15, false]);
    await second.close();
    expect(await value(third)).toBe(15);
    await third.close();
  });

  test('reads go before queued writes', async () => {
    const page = await openTab();
    const before = await value(page);
    const order = await page.evaluate(async () => {
      const { engine } = window.tab.client;
      const writes = [engine.add(1), engine.slowAdd(2, 300), engine.add(3)];
      await engine.value();
      await Promise.all(writes);
      return engine.order();
    });
    expect(order.slice(-4)).toEqual(['add 1', 'value', 'add 2', 'add 3']);
    expect(await value(page)).toBe(before + 6);
    await page.close();
  });

  test('a write whose leader dies between commit and answer is sent again and applied once', async () => {
    const first = await openTab();
    const second = await openTab();
    const before = await value(second);
    expect(await second.evaluate(() => window.tab.client.engine.addThenDie(7))).toBe(before + 7);
    expect(await value(first)).toBe(before + 7);
    expect([await leads(first), await leads(second)]).toEqual([false, true]);
    // The first tab has a new worker, which takes over in turn.
    await second.close();
    expect(await value(first)).toBe(before + 7);
    // Alone, a tab survives the end of its own worker.
    expect(await first.evaluate(() => window.tab.client.engine.addThenDie(1))).toBe(before + 8);
    expect(await leads(first)).toBe(true);
    await first.close();
  });

  test('a follower whose own worker died asks everything again: an event may have been lost with its port', async () => {
    const first = await openTab();
    const second = await openTab();
    const states = () => second.evaluate(() => [...window.tab.states]);
    const before = (await states()).length;
    await second.evaluate(() => window.tab.workers.at(-1)?.terminate());
    await expect
      .poll(async () => (await states()).slice(before).join(' '), { message: 'states of the follower' })
      .toMatch(/^moving ready( moving ready)*$/);
    const sum = (await value(second)) + 1;
    expect(await first.evaluate(() => window.tab.client.engine.add(1))).toBe(sum);
    await expect
      .poll(() => second.evaluate(() => window.tab.events.at(-1)), { message: 'the last event' })
      .toEqual({ type: 'status', status: { artifacts: sum } });
    await second.close();
    await first.close();
  });

  // A relay has no broker that would serve a tab without a worker.
  if (way === 'broker')
    test('a follower whose worker could not be fetched tries again when the leader is gone', async () => {
      const first = await openTab();
      const second = await openTab('&missing');
      const sum = await value(first);
      await first.close();
      expect(await value(second)).toBe(sum);
      expect(await leads(second)).toBe(true);
      await second.close();
    });

  test('a tab that cannot get the database says why, and goes on when it can', async () => {
    const holder = await context.newPage();
    await holder.goto(`${base}tests/e2e/tabs/blank.html`);
    await holder.evaluate(
      () =>
        new Promise<void>(
          (held) => void navigator.locks.request('loam-db-tabs-test', () => (held(), new Promise(() => {}))),
        ),
    );
    const page = await context.newPage();
    await page.goto(`${base}tests/e2e/tabs/index.html?${way}&hasty`);
    await page.waitForFunction(() => window.tab?.client.state === 'failed');
    const said = await page.evaluate(async () => ({
      code: window.tab.client.error?.code,
      events: window.tab.events.map((event) => event.type),
      call: await window.tab.client.engine.value().catch((error) => error.code),
    }));
    expect(said).toEqual({ code: 'DatabaseLocked', events: ['fatal'], call: 'DatabaseLocked' });
    await holder.close();
    await page.waitForFunction(() => window.tab.client.state === 'ready');
    expect(await value(page)).toBeGreaterThan(0);
    await page.close();
  });

  test('eight tabs, closed one by one in the order they opened: every write is kept', async () => {
    const pages: Page[] = [];
    for (let i = 0; i < 8; i++) pages.push(await openTab());
    let expected = await value(pages[0] as Page);
    const gaps: number[] = [];
    while (pages.length > 1) {
      const last = pages[pages.length - 1] as Page;
      await last.evaluate(() =>
        Object.assign(window, {
          burst: Promise.all(Array.from({ length: 20 }, () => window.tab.client.engine.add(1))),
        }),
      );
      expected += 20;
      const start = Date.now();
      await pages.shift()?.close();
      await last.evaluate(() => (window as unknown as { burst: Promise<number[]> }).burst);
      expect(await value(last)).toBe(expected);
      gaps.push(Date.now() - start);
    }
    console.log(`${way}: gaps ${gaps.join(', ')} ms`);
    await pages[0]?.close();
  });
});
