// `npm run bench [-- --rounds 3 --no-browser --no-write]`: native SQLite, our engine in Node and our engine in Chromium
// take turns, round by round, so that each ratio compares neighbours in time. Medians go to the console and docs/benchmarks.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { report, writeReport } from './bench-report.mjs';
import { browserArgs, browserPath } from './browser-path.mjs';
import { serve } from './serve.mjs';

/** @typedef {import('./bench-report.mjs').Round} Round */

const repository = fileURLToPath(new URL('..', import.meta.url));
const bench = join(repository, 'tests/bench');
// Inside node_modules, so that the bundle for Node finds its packages.
const bundles = join(repository, 'node_modules/.cache/loam-bench');

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    'no-browser': { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
  },
});

async function bundle() {
  mkdirSync(bundles, { recursive: true });
  const common = { configFile: /** @type {const} */ (false), logLevel: /** @type {const} */ ('error') };
  await build({
    ...common,
    root: repository,
    build: {
      ssr: join(bench, 'node.ts'),
      outDir: join(bundles, 'node'),
      emptyOutDir: true,
      target: 'node20',
    },
  });
  if (options['no-browser']) return;
  await build({
    ...common,
    root: join(bench, 'page'),
    worker: { format: 'es' },
    build: { outDir: join(bundles, 'page'), emptyOutDir: true, target: 'esnext' },
  });
}

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {any}
 */
function json(command, args) {
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 24 }));
}

async function openBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'loam-bench-profile-'));
  const server = await serve({ dir: join(bundles, 'page') });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: await browserPath(),
    args: browserArgs,
    headless: true,
  });
  const session = await context.browser()?.newBrowserCDPSession();
  async function rendererCpu() {
    if (!session) return NaN;
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo.reduce((sum, one) => sum + (one.type === 'renderer' ? one.cpuTime * 1000 : 0), 0);
  }
  return {
    version: context.browser()?.version() ?? '',
    async round() {
      const page = await context.newPage();
      await page.exposeFunction('browserCpu', rendererCpu);
      await page.goto(server.url);
      const measures = await page.evaluate(
        'round().then((one) => dropRound().then((two) => ({ ...one, ...two })))',
      );
      await page.close();
      return /** @type {Record<string, number>} */ (measures);
    },
    async close() {
      await context.close();
      await server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

await bundle();
const folder = mkdtempSync(join(tmpdir(), 'loam-bench-'));
const node = join(bundles, 'node/node.js');
execFileSync(process.execPath, [node, 'anchor', folder]);
const browser = options['no-browser'] ? null : await openBrowser();
/** @type {Round[]} */
const rounds = [];
let native = { sqlite: '', python: '' };
try {
  for (let i = 0; i < Number(options.rounds); i++) {
    const anchor = json('python3', [join(bench, 'native.py'), folder]);
    native = anchor;
    /** @type {Round} */
    const round = {
      load: loadavg()[0] ?? 0,
      native: anchor,
      node: json(process.execPath, [node, 'round']),
      chromium: browser && (await browser.round()),
    };
    rounds.push(round);
    console.error(`round ${i + 1}, load ${round.load.toFixed(1)}`, JSON.stringify(round));
  }
} finally {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
}

const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const lines = report(rounds, {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${process.platform}`,
  versions: [
    `sqlite-wasm ${dependencies['@sqlite.org/sqlite-wasm']}`,
    `Node ${process.versions.node}`,
    browser && `Chromium ${browser.version}`,
    `native SQLite ${native.sqlite} by Python ${native.python}`,
  ]
    .filter(Boolean)
    .join(', '),
});
console.log(lines.join('\n'));
if (!options['no-write']) await writeReport(lines);
