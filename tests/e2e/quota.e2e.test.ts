// Full storage in a real browser: the error is StorageFull, nothing acknowledged is lost, nothing half-written stays.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserArgs, browserPath } from '../../scripts/browser-path.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('quota', () => {
  const profile = mkdtempSync(join(tmpdir(), 'loam-quota-'));
  let server: ViteDevServer;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    server = await createServer({
      root,
      configFile: false,
      logLevel: 'error',
      cacheDir: join(profile, 'vite'),
      worker: { format: 'es' },
      optimizeDeps: { exclude: ['@sqlite.org/sqlite-wasm', 'wa-sqlite'] },
      server: { port: 0, host: '127.0.0.1', hmr: false, watch: null },
    });
    await server.listen();
    context = await chromium.launchPersistentContext(profile, {
      executablePath: await browserPath(),
      args: browserArgs,
    });
    page = await context.newPage();
    await page.goto(`${server.resolvedUrls?.local[0]}tests/e2e/quota/index.html`);
    await page.waitForFunction(() => 'ask' in window);
  }, 60_000);
  afterAll(async () => {
    await context?.close();
    await server?.close();
    rmSync(profile, { recursive: true, force: true });
  });

  async function quota(bytes: number | null): Promise<void> {
    const cdp = await context.newCDPSession(page);
    const origin = new URL(page.url()).origin;
    await cdp.send(
      'Storage.overrideQuotaForOrigin',
      bytes === null ? { origin } : { origin, quotaSize: bytes },
    );
  }
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the worker's answers differ by question
  const ask = (what: object): Promise<any> =>
    page.evaluate((w) => (window as unknown as { ask(what: object): Promise<unknown> }).ask(w), what);

  test('the database', async () => {
    expect(await ask({ insert: 2 })).toMatchObject({ acked: 2, found: 2, error: null });
    await quota(10 << 20);
    const full = await ask({ insert: 100 });
    expect(full.error?.code).toBe('StorageFull');
    expect(full).toMatchObject({ found: full.acked, check: 'ok', open: false });
    await quota(null);
    const after = await ask({ insert: 10 });
    expect(after).toMatchObject({ acked: full.acked + 10, found: full.acked + 10, error: null, check: 'ok' });
  }, 60_000);

  test('artifact bytes', async () => {
    await quota(40 << 20);
    const full = await ask({ stage: 60 });
    expect(full).toMatchObject({ error: { code: 'StorageFull' }, keys: [] });
    expect(full.error.details.needed).toBeGreaterThan(1 << 20);
    await quota(null);
    expect(await ask({ stage: 60 })).toEqual({
      error: null,
      keys: [{ key: '.lamindb/big.bin', size: 60 << 20 }],
    });
  }, 60_000);
});
