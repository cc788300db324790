// `npm run bench -- --only million`: the built app over a database of 1,000,000 artifacts with 5,000,000 label links (about
// 1.5 GB in OPFS): how soon it opens, first pages under filters and facets as its worker answers them to the page, and
// whether rows are blank while the list is scrolled. Making the database takes minutes.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { coldStarts, listed, openBrowser, percentile, ready } from './bench-app.mjs';
import { serve } from './serve.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** How often each question is asked; the median counts. */
const asked = 3;

/**
 * @param {{ build: string, page: string, artifacts: number }} from folders of the built app and of the benchmark's own page
 * @returns {Promise<Record<string, number>>} milliseconds, but for the numbers of filters
 */
export async function millionMeasures({ build, page: benchPage, artifacts }) {
  const folder = mkdtempSync(join(tmpdir(), 'loam-bench-million-'));
  const site = join(folder, 'site');
  cpSync(build, site, { recursive: true });
  cpSync(benchPage, join(site, 'bench'), { recursive: true });
  const profile = join(folder, 'profile');
  const server = await serve({ dir: site });
  try {
    await seed(profile, server.url, artifacts);
    const { coldStart, coldStartMost } = await coldStarts({ profile, url: server.url, port: server.port });
    console.error('million, opened', coldStart, coldStartMost);
    const context = await openBrowser(profile, { listening: true });
    try {
      const page = context.pages()[0] ?? (await context.newPage());
      await page.goto(`${server.url}/artifacts`);
      await listed(page);
      await page.waitForFunction(() => /** @type {any} */ (window).bench.listArgs !== null);
      // Idle work after an opening (way-marks through the list) is over.
      await pause(5000);
      const pages = await firstPages(page, artifacts);
      const facets = await facetTimes(page);
      const scrolled = await scrolling(page);
      return { million: artifacts, coldStart, coldStartMost, ...pages, ...facets, ...scrolled };
    } finally {
      await context.close();
    }
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Fills the app's database and lets the app come to rest on it once. @param {string} profile @param {string} url @param {number} artifacts */
async function seed(profile, url, artifacts) {
  const context = await openBrowser(profile);
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(`${url}/bench/index.html`);
    await page.waitForFunction(() => 'seed' in window);
    const from = Date.now();
    await page.evaluate((n) => /** @type {any} */ (window).seed('loam', n, { labels: true }), artifacts);
    console.error(`million, made in ${Math.round((Date.now() - from) / 1000)} s`);
    await page.goto(`${url}/artifacts`);
    await ready(page);
    await listed(page);
    await page.waitForSelector('html[data-offline="ready"]', { timeout: 120_000, state: 'attached' });
    // What idle time makes complete: index of texts, counters of facets.
    await pause(20_000);
  } finally {
    await context.close();
  }
}

/** @typedef {{ kind: 'test', field: string, op: string, value: unknown, feature?: true }} Test */

/** Filters on indexed fields, by several comparisons, most of them in the middle of the values. @param {number} artifacts @returns {Test[]} */
function filters(artifacts) {
  const middle = artifacts / 2;
  const test = (/** @type {string} */ field, /** @type {string} */ op, /** @type {unknown} */ value) =>
    /** @type {Test} */ ({ kind: 'test', field, op, value });
  const compared = (/** @type {string} */ field, /** @type {unknown} */ value) =>
    ['exact', 'gt', 'lt'].map((op) => test(field, op, value));
  return [
    ...compared('key', `proj${middle % 50}/set${middle % 997}/file_${middle}.parquet`),
    ...compared('suffix', '.csv'),
    ...compared('size', (middle * 37) % 10_000_000),
    ...compared('hash', String(middle).padStart(22, '0')),
    ...compared('id', middle),
    test('uid', 'gt', 'aaaa'),
    test('uid', 'lt', 'aaaa'),
    test('uid', 'istartswith', 'ab'),
    test('created_at', 'gt', '2020-01-01T00:00:00Z'),
    test('created_at', 'lt', '2020-01-01T00:00:00Z'),
    ...['kind', 'otype', 'n_observations', 'version_tag', 'run', 'description'].map((field) =>
      test(field, 'isnull', true),
    ),
    test('is_latest', 'exact', true),
    test('created_by__handle', 'exact', 'anonymous'),
    test('ulabels__name', 'exact', 'lab 3'),
    { kind: 'test', field: 'score', feature: true, op: 'gt', value: 9000.5 },
  ];
}

/** @param {Page} page @param {number} artifacts */
async function firstPages(page, artifacts) {
  const times = await page.evaluate(
    async ([tests, times]) => {
      const { bench } = /** @type {any} */ (window);
      const [view] = bench.listArgs;
      /** @type {[string, number][]} */
      const out = [];
      for (const test of tests) {
        const narrow = { ...view, filter: { kind: 'all', items: [test] } };
        const each = [];
        for (let i = 0; i < times; i++) {
          const from = performance.now();
          const answer = await bench.ask('listRows', [narrow, { after: null, limit: 100 }]);
          if (!answer.ok) throw new Error(`${test.field} ${test.op}: ${answer.error.message}`);
          each.push(performance.now() - from);
        }
        out.push([`${test.field} ${test.op}`, each.sort((a, b) => a - b)[times >> 1] ?? NaN]);
      }
      return out;
    },
    /** @type {const} */ ([filters(artifacts), asked]),
  );
  const sorted = [...times].sort((a, b) => b[1] - a[1]);
  console.error('million, first pages', sorted.map(([name, ms]) => `${name} ${ms.toFixed(1)}`).join(', '));
  return {
    pageMost: sorted[0]?.[1] ?? NaN,
    pageFilters: times.length,
    pageSlow: times.filter(([, ms]) => ms > 50).length,
  };
}

/** @param {Page} page */
async function facetTimes(page) {
  return page.evaluate(async (times) => {
    const { bench } = /** @type {any} */ (window);
    const [view] = bench.listArgs;
    const narrow = {
      ...view,
      filter: {
        kind: 'all',
        items: [
          { kind: 'test', field: 'suffix', op: 'exact', value: '.csv' },
          { kind: 'test', field: 'size', op: 'gt', value: 500_000 },
        ],
      },
    };
    /** @type {Record<string, number>} */
    const out = {};
    for (const [name, one] of [
      ['facets', view],
      ['facetsFiltered', narrow],
    ]) {
      const { value: specs } = await bench.ask('facetSpecs', [one]);
      let sum = 0;
      for (const spec of specs) {
        const each = [];
        for (let i = 0; i < times; i++) {
          const from = performance.now();
          const answer = await bench.ask('listFacet', [one, spec]);
          if (!answer.ok) throw new Error(answer.error.message);
          each.push(performance.now() - from);
        }
        sum += each.sort((a, b) => a - b)[times >> 1] ?? NaN;
      }
      out[name] = sum;
    }
    return out;
  }, asked);
}

/**
 * The longest time for which some row in sight was not there yet: while scrolling as a wheel does, by pages, and after
 * jumps of the scroll bar to anywhere. @param {Page} page
 */
async function scrolling(page) {
  const measured = await page.evaluate(async () => {
    const box = /** @type {HTMLElement} */ (document.querySelector('[role=grid]'));
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const blank = () => {
      const { top, bottom } = box.getBoundingClientRect();
      return [...box.querySelectorAll('.ghost')].some((ghost) => {
        const at = ghost.getBoundingClientRect();
        return at.bottom > top && at.top < bottom;
      });
    };
    /** @param {(step: number) => void} move @param {number} frames @param {number} rest frames without a move */
    async function watch(move, frames, rest) {
      /** @type {number[]} */
      const gaps = [];
      let since = 0;
      for (let i = 0; i < frames; i++) {
        if (i % (rest + 1) === 0) move(i / (rest + 1));
        await frame();
        const now = performance.now();
        if (!blank()) {
          if (since > 0) gaps.push(now - since);
          since = 0;
        } else if (since === 0) since = now;
      }
      for (const end = performance.now() + 10_000; since > 0 && performance.now() < end;) {
        await frame();
        if (!blank()) {
          gaps.push(performance.now() - since);
          since = 0;
        }
      }
      if (since > 0) gaps.push(Infinity);
      return gaps;
    }
    box.scrollTop = 0;
    await frame();
    const wheel = await watch(() => (box.scrollTop += 100), 600, 0);
    const pages = await watch(() => (box.scrollTop += box.clientHeight), 300, 4);
    const most = box.scrollHeight - box.clientHeight;
    const jumps = await watch((step) => (box.scrollTop = most * ((step * 0.618034) % 1)), 20 * 60, 59);
    return { wheel, pages, jumps };
  });
  const most = (/** @type {number[]} */ gaps) => Math.max(0, ...gaps);
  console.error('million, blank', JSON.stringify(measured));
  return {
    blankWheel: most(measured.wheel),
    blankPages: most(measured.pages),
    blankJump: most(measured.jumps),
    blankJumpP50: measured.jumps.length > 0 ? percentile(measured.jumps, 0.5) : 0,
  };
}
