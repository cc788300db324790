// The app after one visit, with nobody on the other side.
import { afterAll, expect, test } from 'vitest';
import { clearHttpCache, openApp, removeProfile, startServer, waitUntilOffline } from './harness.ts';

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
    await again.page.waitForLoadState('networkidle');
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
