// The four kinds of tests: unit and drivers in Node, browser inside a Chromium page, e2e against the built app.
// scripts/test.mjs runs them one after the other, since the last two want the processor for themselves.
import { sveltekit } from '@sveltejs/kit/vite';
import { playwright } from '@vitest/browser-playwright';
import { fileURLToPath } from 'node:url';
import { workerPackages } from './vite-plugins/worker-packages.ts';
import { defineConfig } from 'vitest/config';
import { browserArgs, browserPath } from './scripts/browser-path.mjs';

const alias = { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) };
const inNode = { environment: 'node' as const, testTimeout: 30_000 };

export default defineConfig(async () => ({
  test: {
    projects: [
      { resolve: { alias }, test: { ...inNode, name: 'unit', include: ['tests/unit/**/*.test.ts'] } },
      {
        resolve: { alias },
        test: {
          ...inNode,
          name: 'drivers',
          include: ['tests/drivers/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
        },
      },
      {
        plugins: [sveltekit()],
        worker: { format: 'es' as const },
        optimizeDeps: {
          exclude: ['@sqlite.org/sqlite-wasm', 'wa-sqlite'],
          include: workerPackages,
        },
        test: {
          name: 'browser',
          include: ['tests/**/*.browser.test.ts'],
          testTimeout: 60_000,
          // One profile has one OPFS, which files running side by side would share.
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: await browserPath(), args: browserArgs },
              // scripts/test.mjs gives a fresh profile on disk: OPFS is ten times slower in an off-the-record one.
              persistentContext: process.env.LOAM_BROWSER_PROFILE ?? false,
            }),
            instances: [{ browser: 'chromium' as const }],
          },
        },
      },
      {
        resolve: { alias },
        test: {
          ...inNode,
          name: 'e2e',
          include: ['tests/e2e/**/*.e2e.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
}));
