// The app after one visit, with nobody on the other side; and with a newer version there.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  builtApp,
  clearHttpCache,
  openApp,
  removeProfile,
  startServer,
  waitUntilOffline,
} from './harness.ts';

const profiles: string[] = [];
afterAll(() => Promise.all(profiles.map(removeProfile)));

test('[row 107] a cold start works after one visit, with the server gone and the HTTP cache cleared', async () => {
  const server = await startServer();
  const first = await openApp({ url: server.url });
  profiles.push(first.profile);
  await first.page.waitForSelector('[data-testid=app]');
  await waitUntilOffline(first.page);
  // All that may be asked for later is on the device, workers and wasm included.
  const missing = await first.page.evaluate(async () => {
    const list = await (await fetch('/precache.json')).json();
    const paths: string[] = [...list.install, ...list.later].map((file: { path: string }) => `/${file.path}`);
    const kept = await Promise.all(paths.map((path) => caches.match(path)));
    return paths.filter((_, index) => !kept[index]);
  });
  expect(missing).toEqual([]);
  expect(first.problems).toEqual({ console: [], page: [], csp: [], foreign: [], failed: [] });

  await server.close();
  await clearHttpCache(first.page);
  await first.close();

  // A deep link: its page was never visited, the kept one answers for it.
  for (const path of ['/', '/artifacts']) {
    const again = await openApp({ url: server.url, path, profile: first.profile });
    await again.page.waitForSelector('[data-testid=app]');
    // The engine has opened and answered: a worker or wasm file that was missing would leave it "Opening…".
    await again.page.getByText('All changes saved here').waitFor();
    expect(again.problems.csp).toEqual([]);
    expect(again.problems.page).toEqual([]);
    expect(again.problems.foreign).toEqual([]);
    // Looking for a newer version must fail here; nothing that the app needs may.
    expect(again.problems.failed.filter((line) => !/service-worker\.js|version\.json/.test(line))).toEqual(
      [],
    );
    await again.close();
  }
});

test('a newer version is fetched, waits until it is let in, and then replaces the old one wholly', async () => {
  const newer = await mkdtemp(join(tmpdir(), 'loam-newer-'));
  const old = await startServer();
  const app = await openApp({ url: old.url });
  profiles.push(app.profile);
  try {
    await waitUntilOffline(app.page);
    const cacheNames = () => app.page.evaluate(() => caches.keys());
    const [before] = await cacheNames();

    // The same app under another version, at the same address.
    await cp(builtApp, newer, { recursive: true });
    const { version } = JSON.parse(await readFile(join(newer, '_app/version.json'), 'utf8'));
    const script = await readFile(join(newer, 'service-worker.js'), 'utf8');
    expect(script).toContain(version);
    await writeFile(join(newer, 'service-worker.js'), script.replaceAll(version, `${version}-newer`));
    await old.close();
    const server = await startServer(old.port, newer);

    await app.page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await app.page.waitForSelector('html[data-update=ready]', { state: 'attached' });
    // Both are on the device, and the page is still answered by the old one.
    expect((await cacheNames()).sort()).toEqual([before, `${before}-newer`]);

    await app.page.evaluate(async () => {
      const { waiting } = await navigator.serviceWorker.ready;
      const taken = new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done));
      waiting?.postMessage({ kind: 'take-over' });
      await taken;
    });
    await app.page.reload();
    await waitUntilOffline(app.page);
    await expect.poll(cacheNames).toEqual([`${before}-newer`]);
    await server.close();
  } finally {
    await app.close();
    await rm(newer, { recursive: true, force: true });
  }
});
