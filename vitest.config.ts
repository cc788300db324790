// The kinds of tests: unit, sim, drivers, cli and server in Node, compat beside a real LaminDB, browser inside a Chromium page, e2e against the built app.
// scripts/test.mjs runs them one after the other, since the browsers want the processor for themselves.
import { sveltekit } from '@sveltejs/kit/vite';
import { playwright } from '@vitest/browser-playwright';
import { existsSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workerPackages } from './vite-plugins/worker-packages.ts';
import { defineConfig } from 'vitest/config';
import { browserArgs, browserPath } from './scripts/browser-path.mjs';
import { LongestFirst } from './scripts/longest-first.mjs';

const alias = { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) };
/** A real LaminDB database with LaminDB's answers about it, where this machine has one. */
const lamindb = resolve(process.env.LOAM_FIXTURES ?? '', 'fixtures/lamindb');
/** Odd and real data files with facts about them. */
const bioFolder = resolve(process.env.LOAM_FIXTURES ?? '', 'fixtures/bio');
const bio = existsSync(bioFolder) ? realpathSync(bioFolder) : null;
// Vite serves files by their real paths only.
const fixtures = existsSync(lamindb) ? realpathSync(lamindb) : null;
/** Vitest leaves one of two processors to itself, and then one file is run after the other. */
const inNode = {
  environment: 'node' as const,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  maxWorkers: 2,
  // Nothing is written into the configuration of whoever runs the tests.
  env: { XDG_CONFIG_HOME: join(tmpdir(), 'loam-tests-config') },
};

/** Devices under faults from a seed: LOAM_SEEDS says how many rounds. */
const simulated = ['tests/sim/teams-*.test.ts', 'tests/sim/connection-faults.test.ts'];

export default defineConfig(async () => ({
  test: {
    sequence: { sequencer: LongestFirst },
    // The first page of a browser waits until all packages are bundled, for which a loaded machine takes its time.
    browser: { connectTimeout: 240_000 },
    projects: [
      {
        resolve: { alias },
        test: {
          ...inNode,
          name: 'unit',
          include: ['tests/unit/**/*.test.ts', 'tests/sim/**/*.test.ts'],
          exclude: simulated,
        },
      },
      {
        resolve: { alias },
        test: { ...inNode, name: 'sim', include: simulated, testTimeout: 600_000 },
      },
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
        resolve: { alias },
        test: {
          ...inNode,
          name: 'cli',
          include: ['tests/cli/**/*.test.ts'],
          globalSetup: ['tests/cli/build.ts'],
          testTimeout: 60_000,
        },
      },
      {
        resolve: { alias },
        test: { ...inNode, name: 'server', include: ['tests/server/**/*.test.ts'], hookTimeout: 120_000 },
      },
      {
        resolve: { alias },
        test: {
          ...inNode,
          name: 'compat',
          include: ['tests/compat/**/*.test.ts'],
          globalSetup: ['tests/cli/build.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        plugins: [sveltekit()],
        worker: { format: 'es' as const },
        server: { fs: { allow: ['.', ...[fixtures, bio].filter((one) => one !== null)] } },
        optimizeDeps: {
          exclude: ['@sqlite.org/sqlite-wasm', 'wa-sqlite'],
          include: workerPackages,
        },
        test: {
          name: 'browser',
          provide: { fixtures, bio },
          include: ['tests/**/*.browser.test.ts'],
          globalSetup: ['tests/browser/remote-setup.ts'],
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
          setupFiles: ['tests/e2e/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // Each file has its own server and profiles, and much of its time is waiting for the screen.
          // Screens follow the database at most twice a second, and a loaded machine takes its time.
          expect: { poll: { timeout: 20_000, interval: 50 } },
        },
      },
    ],
  },
}));
