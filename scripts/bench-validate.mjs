// `npm run bench -- --only validate`: the same files against the same schemas of the same database, by the built app (through its
// workers, files lying on this device) and by LaminDB's own curators in Python, in turn: a parquet table of 1,000,000 × 10 and an
// AnnData of 20,000 × 2,000, reading included on both sides; and edits of a text table of 100,000 rows, each judged anew.
// Python makes the files and the registries. LOAM_BENCH_ROWS (of the table; the others shrink with it) makes it small for a trial.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openBrowser, percentile, ready } from './bench-app.mjs';
import { lastLine, pythonHome } from './bench-python.mjs';
import { root } from './load-module.mjs';
import { serve } from './serve.mjs';

/** @typedef {import('playwright-core').Page} Page @typedef {import('./bench-report.mjs').Measures} Measures */
/** @typedef {{ load: number, python: Measures, ours: Measures }} ValidateRound */
/** @typedef {{ table: string, sheet: string, cells: string }} Schemas uids by name */
/** @typedef {{ schemas: Schemas, uids: Record<string, string>, edits: [wrong: string, right: string][] }} Made */

const rows = Math.max(20_000, Number(process.env['LOAM_BENCH_ROWS'] ?? 1_000_000));
/** Of the 40 misspelt values as many are mended through the workers, as many on the screen. */
const editsEach = 15;
export const validateSizes = {
  rows,
  edits: editsEach,
  sheet: Math.min(100_000, rows / 10),
  cells: Math.min(20_000, rows / 10),
  genes: Math.min(2000, rows / 100),
};
/** What neither registry has: a validation that does not find it is none. */
const strangers = { 'odd.parquet': 'cell type that nobody made', 'odd.h5ad': 'donor that nobody knows' };

/**
 * @param {{ build: string, rounds: number }} options
 * @returns {Promise<{ rounds: ValidateRound[], python: string, chromium: string } | null>} null without a Python that has LaminDB
 */
export async function validateRounds({ build, rounds }) {
  const home = pythonHome();
  if (!home) {
    console.error('No Python with lamindb here (LOAM_PYTHON names one): nothing to validate beside.');
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), 'loam-bench-validate-'));
  const site = join(folder, 'site');
  const data = join(site, 'data');
  const script = join(root, 'tests/bench/validate.py');
  try {
    cpSync(build, site, { recursive: true });
    home.lamin('init', '--storage', './storage', '--modules', 'bionty');
    const { sheet, cells, genes } = validateSizes;
    const sizes = [validateSizes.rows, sheet, cells, genes].map(String);
    const made = lastLine(home.python(script, 'make', data, ...sizes));
    cpSync(join(home.folder, 'storage/.lamindb/lamin.db'), join(data, 'lamin.db'));
    console.error('validate, files and registries are made');
    return await inTurn({ site, profile: join(folder, 'profile'), rounds, made }, () =>
      lastLine(home.python(script, 'round', data)),
    );
  } finally {
    home.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/**
 * @param {{ site: string, profile: string, rounds: number, made: Omit<Made, 'uids'> }} given
 * @param {() => any} theirs
 */
async function inTurn({ site, profile, rounds, made }, theirs) {
  const server = await serve({ dir: site });
  const context = await openBrowser(profile, { listening: true });
  const session = await context.browser()?.newBrowserCDPSession();
  /** Milliseconds of processor that pages and their workers took so far. */
  const spent = async () => {
    if (!session) return NaN;
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo.reduce((sum, one) => sum + (one.type === 'renderer' ? one.cpuTime * 1000 : 0), 0);
  };
  /** @type {ValidateRound[]} */
  const done = [];
  let python = '';
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const uids = await bringIn(page, server.url);
    for (let i = 1; i <= rounds; i++) {
      const load = loadavg()[0] ?? 0;
      const { lamindb, ...measures } = theirs();
      python = lamindb;
      const ours = await round(page, server.url, { ...made, uids }, spent);
      done.push({ load, python: measures, ours });
      console.error(`validate, round ${i}, load ${load.toFixed(1)}`, JSON.stringify(done.at(-1)));
    }
    return { rounds: done, python, chromium: context.browser()?.version() ?? '' };
  } finally {
    await context.close();
    await server.close();
  }
}

/** Asks the engine as a page does. @param {Page} page @param {string} method @param {unknown[]} args @returns {Promise<any>} */
async function ask(page, method, args) {
  const answer = await page.evaluate(
    ([name, given]) => /** @type {any} */ (window).bench.ask(name, given),
    /** @type {[string, unknown[]]} */ ([method, args]),
  );
  if (!answer.ok) throw new Error(`${method}: ${answer.error.message}`);
  return answer.value;
}

/** @param {Page} page @param {string} address */
async function open(page, address) {
  await page.goto(address);
  await ready(page);
  await page.waitForFunction(() => /** @type {any} */ (window).bench.port !== null);
}

/** Python's database becomes the app's own, its files artifacts of this device. @param {Page} page @param {string} url @returns {Promise<Record<string, string>>} uids by name */
async function bringIn(page, url) {
  await open(page, `${url}/artifacts`);
  await page.evaluate(async () => {
    const { ask } = /** @type {any} */ (window).bench;
    const file = new File([await (await fetch('/data/lamin.db')).blob()], 'lamin.db');
    const found = await ask('examineDatabase', ['bench', { file, wal: null }]);
    if (!found.ok) throw new Error(found.error.message);
    const taken = await ask('openDatabase', [found.value.token, 'work', 'bench']);
    if (!taken.ok) throw new Error(taken.error.message);
  });
  await open(page, `${url}/artifacts`);
  await page.evaluate(async () => {
    const { ask } = /** @type {any} */ (window).bench;
    const names = ['table.parquet', 'cells.h5ad', 'odd.parquet', 'odd.h5ad', 'sheet.csv'];
    const items = await Promise.all(
      names.map(async (key) => {
        const file = new File([await (await fetch(`/data/${key}`)).blob()], key);
        return { id: key, key, file, files: null };
      }),
    );
    const answer = await ask('drop', [items, {}]);
    if (!answer.ok) throw new Error(answer.error.message);
  });
  for (;;) {
    await pause(300);
    /** @type {{ item: string, state: string, message: string | null, artifact: { uid: string } | null }[]} */
    const drops = await ask(page, 'drops', []);
    const failed = drops.find(({ state }) => state === 'failed');
    if (failed) throw new Error(`${failed.item} was not saved: ${failed.message}`);
    if (drops.length < 5 || drops.some(({ state, artifact }) => state !== 'saved' || !artifact)) continue;
    await pause(5000); // checksums and layout of small files
    return Object.fromEntries(drops.map(({ item, artifact }) => [item, artifact?.uid ?? '']));
  }
}

/** @param {Page} page @param {string} url @param {Made} made @param {() => Promise<number>} spent @returns {Promise<Measures>} */
async function round(page, url, made, spent) {
  const { schemas, uids } = made;
  // Another page: its workers have read nothing yet.
  await open(page, `${url}/artifacts`);
  /** @type {Measures} */
  const out = {};
  for (const [name, file, odd] of /** @type {const} */ ([
    ['table', 'table.parquet', 'odd.parquet'],
    ['cells', 'cells.h5ad', 'odd.h5ad'],
  ])) {
    const refused = await ask(page, 'validateArtifact', [uids[odd], schemas[name], `odd ${name}`]);
    if (refused.ok || !JSON.stringify(refused.findings).includes(strangers[odd]))
      throw new Error(`${odd} should not be valid: ${JSON.stringify(refused).slice(0, 1000)}`);
    await pause(500);
    const before = await spent();
    const { ms, result } = await page.evaluate(
      async (args) => {
        const start = performance.now();
        const answer = await /** @type {any} */ (window).bench.ask('validateArtifact', args);
        return { ms: performance.now() - start, result: answer.value ?? answer.error };
      },
      [uids[file], schemas[name], name],
    );
    out[name] = ms;
    out[`${name}Cpu`] = (await spent()) - before;
    if (result.ok !== true)
      throw new Error(`${file} should be valid: ${JSON.stringify(result).slice(0, 1000)}`);
    const genes = result.slots.find((/** @type {any} */ one) => one.slot === 'var.T');
    if (name === 'cells' && genes?.known !== validateSizes.genes)
      throw new Error(`${file}: not all genes were found: ${JSON.stringify(genes)}`);
  }
  Object.assign(out, await edited(page, made), await editedOnScreen(page, url, made));
  return out;
}

/** One fix after the other, judged through the workers as the Curate part of a page asks for it. @param {Page} page @param {Made} made @returns {Promise<Measures>} */
async function edited(page, { schemas, uids, edits }) {
  const told = await page.evaluate(
    async ([uid, schema, pairs]) => {
      /** @type {any[]} */
      const fixes = [];
      const check = async () => {
        const start = performance.now();
        const answer = await /** @type {any} */ (window).bench.ask('checkDataset', [
          uid,
          schema,
          fixes,
          'edit',
        ]);
        const ms = performance.now() - start;
        if (!answer.ok) throw new Error(answer.error.message);
        const { findings } = answer.value.result;
        const of = (/** @type {string} */ column) =>
          findings
            .filter((/** @type {any} */ one) => one.column === column && one.severity === 'error')
            .flatMap((/** @type {any} */ one) => one.values.map((/** @type {any} */ value) => value.text));
        // Judging alone, for whoever looks at what an edit takes.
        const judged = answer.value.ms;
        return { ms, judged, cells: of('cell_type').length, counts: of('n_counts').length };
      };
      const fix = (/** @type {string} */ column, /** @type {string} */ from, /** @type {string} */ to) => {
        fixes.push({ kind: 'map', slot: 'columns', column, values: { [from]: to } });
        return check();
      };
      const first = await check();
      const each = [];
      for (const [wrong, right] of pairs) each.push(await fix('cell_type', wrong, right));
      // Of a column of numbers no values were read; all of them are, when a cell of it is first mended.
      const number = await fix('n_counts', 'n.d.', '');
      const again = await fix('sample', 'sample 1', 'sample 2');
      const after = await fix('sample', 'sample 3', 'sample 4');
      return { first, each, number, again, after };
    },
    /** @type {[string, string, [string, string][]]} */ ([
      uids['sheet.csv'],
      schemas.sheet,
      edits.slice(0, editsEach),
    ]),
  );
  const { first, each, number, again, after } = told;
  // Each edit takes one value off the list, and only that.
  if (first.cells !== edits.length || each.some(({ cells }, i) => cells !== edits.length - i - 1))
    throw new Error(`the edits are not told: ${JSON.stringify(told)}`);
  if (first.counts === 0 || number.counts !== 0) throw new Error(`n_counts: ${JSON.stringify(told)}`);
  console.error('validate, edits', JSON.stringify({ first, number, again, after }));
  const times = each.map(({ ms }) => ms);
  return {
    sheetFirst: first.ms,
    edit: percentile(times, 0.5),
    editMost: Math.max(...times),
    editNumber: number.ms,
    editOther: again.ms,
    editAfter: after.ms,
  };
}

/** The same by hand: a value typed beside the wrong one, until the next picture without it. @param {Page} page @param {string} url @param {Made} made @returns {Promise<Measures>} */
async function editedOnScreen(page, url, { schemas, uids, edits }) {
  await page.goto(`${url}/artifacts/${uids['sheet.csv']}?tab=curate&schema=${schemas.sheet}`);
  await page.locator('.verdict .words').waitFor({ timeout: 120_000 });
  await pause(2000); // suggestions have come
  const times = await page.evaluate(
    async (pairs) => {
      const out = [];
      for (const [wrong, right] of pairs) {
        const find = () =>
          /** @type {HTMLInputElement | null} */ (
            document.querySelector(`input[aria-label="Change ${wrong} to"]`)
          );
        const input = find();
        if (!input) throw new Error(`${wrong} is not on screen`);
        input.value = right;
        const start = performance.now();
        input.dispatchEvent(new Event('change', { bubbles: true }));
        while (find()) {
          if (performance.now() - start > 20_000) throw new Error(`${wrong} stays on screen`);
          await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        await new Promise((resolve) => requestAnimationFrame(resolve));
        out.push(performance.now() - start);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      return out;
    },
    edits.slice(0, editsEach),
  );
  return { screen: percentile(times, 0.5), screenMost: Math.max(...times) };
}
