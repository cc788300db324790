// `npm run bench [-- --rounds 3 --only engine,drop,questions,app --size 100000 --no-write --short]`: what the issue's numbers ask for, in one run.
// engine: native SQLite, our engine in Node and our engine in Chromium take turns; drop: Python's LaminDB and the app's
// workers take turns; questions: a database of `size` artifacts asked by our engine, native SQLite and Python's LaminDB
// in turn; so each ratio compares neighbours in time. app: the built app as a person meets it (`app/cold` and
// the like for one part). files: statements over files beside native DuckDB (bench-files.mjs), only where it is asked for; branches, only where it is asked for: branches of a million artifacts (bench-branches.mjs); history likewise: the log's history with a million changed cells (bench-history.mjs); million, only where it is asked for: the app over a database of 1,000,000 artifacts; ontologies likewise: imports of public terms and look-ups (bench-ontologies.mjs); validate likewise: files against schemas beside LaminDB's curators (bench-validate.mjs); sync likewise: what places in synced logs cost, in Node (bench-sync.mjs); sync-server likewise: the server on PostgreSQL with devices (bench-sync-server.mjs). Medians go to the console and to docs/benchmarks.md, each part into its own section.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { appMeasures, appParts } from './bench-app.mjs';
import { filesMeasures, filesParts } from './bench-files.mjs';
import { openPython } from './bench-python.mjs';
import { questionRounds, usualSize } from './bench-questions.mjs';
import { branchArtifacts, reportBranches } from './bench-branches.mjs';
import { historyCells, reportHistory } from './bench-history.mjs';
import { millionMeasures } from './bench-million.mjs';
import { ontologyMeasures } from './bench-ontologies.mjs';
import { reportSync, syncEdits } from './bench-sync.mjs';
import { reportSyncServer, syncServerMeasures } from './bench-sync-server.mjs';
import { validateRounds, validateSizes } from './bench-validate.mjs';
import { reportValidate } from './bench-validate-report.mjs';
import {
  reportApp,
  reportDrop,
  reportEngine,
  reportFiles,
  reportMillion,
  reportOntologies,
  reportQuestions,
  writeReport,
} from './bench-report.mjs';
import { browserArgs, browserPath } from './browser-path.mjs';
import { prepare } from './prepare.mjs';
import { serve } from './serve.mjs';

/** @typedef {import('./bench-report.mjs').Measures} Measures */

const repository = fileURLToPath(new URL('..', import.meta.url));
const bench = join(repository, 'tests/bench');
// Inside node_modules, so that the bundle for Node finds its packages.
const bundles = join(repository, 'node_modules/.cache/loam-bench');

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'engine,drop,questions,app' },
    // LOAM_BENCH_SIZE=1000000 is the whole of what issue 4 asks for.
    size: { type: 'string', default: process.env['LOAM_BENCH_SIZE'] ?? String(usualSize) },
    'no-write': { type: 'boolean', default: false },
    // Every question once: whether the answers agree, in less than a minute at 20,000 artifacts. Nothing is written.
    short: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const size = Number(options.size);
if (options.short) process.env['LOAM_BENCH_SHORT'] = '1';
const wanted = options.only.split(',');
const wantedParts = wanted.includes('app')
  ? [...appParts]
  : wanted.flatMap((one) => (one.startsWith('app/') ? [one.slice(4)] : []));
const wantedFiles = wanted.includes('files')
  ? [...filesParts]
  : wanted.flatMap((one) => (one.startsWith('files/') ? [one.slice(6)] : []));
const unknown = [
  ...wanted.filter(
    (one) =>
      !/^(engine|drop|questions|branches|history|million|ontologies|validate|sync|sync-server|(app|files)(\/.*)?)$/.test(
        one,
      ),
  ),
  ...wantedFiles.filter((part) => !(/** @type {readonly string[]} */ (filesParts).includes(part))),
  ...wantedParts.filter((part) => !(/** @type {readonly string[]} */ (appParts).includes(part))),
];
if (unknown.length > 0 || !(rounds > 0) || !(size >= 20_000)) {
  console.error(
    `--only takes engine, drop, questions, branches, history, million, ontologies, validate, sync, sync-server, app, files and ${[...appParts.map((part) => `app/${part}`), ...filesParts.map((part) => `files/${part}`)].join(', ')}; --size at least 20000.`,
  );
  process.exit(1);
}

async function bundle() {
  mkdirSync(bundles, { recursive: true });
  const common = { configFile: /** @type {const} */ (false), logLevel: /** @type {const} */ ('error') };
  await build({
    ...common,
    root: repository,
    build: {
      ssr: true,
      rollupOptions: { input: { node: join(bench, 'node.ts'), questions: join(bench, 'questions.ts') } },
      outDir: join(bundles, 'node'),
      emptyOutDir: true,
      target: 'node20',
    },
  });
  if (wanted.every((one) => ['questions', 'validate', 'sync', 'sync-server'].includes(one))) return;
  await build({
    ...common,
    root: join(bench, 'page'),
    // The page is also served from a folder of the built app.
    base: './',
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
  /** Milliseconds of the pages and workers, or of the whole browser: it is the browser's own process that makes files. */
  async function spent(/** @type {boolean} */ whole) {
    if (!session) return NaN;
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const counted = processInfo.filter(({ type }) => whole || type === 'renderer');
    return counted.reduce((sum, one) => sum + one.cpuTime * 1000, 0);
  }
  /** @param {string} work @param {boolean} whole @returns {Promise<Measures>} */
  async function onPage(work, whole) {
    const page = await context.newPage();
    await page.exposeFunction('browserCpu', () => spent(whole));
    await page.goto(server.url);
    await page.waitForFunction(() => 'round' in window);
    const measures = /** @type {Measures} */ (await page.evaluate(work));
    await page.close();
    return measures;
  }
  return {
    version: context.browser()?.version() ?? '',
    round: () => onPage('round()', false),
    drop: () => onPage('dropRound()', true),
    sized: (/** @type {string} */ name, /** @type {number} */ much) =>
      onPage(`round('${name} ${much}')`, false),
    async close() {
      await context.close();
      await server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

const load = () => loadavg()[0] ?? 0;

/** One round each in Node and in Chromium, of a size of its own. */
const inBoth = [
  { name: 'branches', size: branchArtifacts, report: reportBranches },
  { name: 'history', size: historyCells, report: reportHistory },
];

/** @param {Awaited<ReturnType<typeof openBrowser>>} browser */
async function engineRounds(browser) {
  const folder = mkdtempSync(join(tmpdir(), 'loam-bench-'));
  const node = join(bundles, 'node/node.js');
  const done = [];
  try {
    execFileSync(process.execPath, [node, 'anchor', folder]);
    for (let i = 1; i <= rounds; i++) {
      const before = load();
      const native = json('python3', [join(bench, 'native.py'), folder]);
      const round = {
        load: before,
        native,
        node: json(process.execPath, [node, 'round']),
        chromium: await browser.round(),
      };
      done.push(round);
      console.error(`engine, round ${i}, load ${before.toFixed(1)}`, JSON.stringify(round));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return done;
}

/** @param {Awaited<ReturnType<typeof openBrowser>>} browser */
async function dropRounds(browser) {
  const python = openPython();
  if (!python) console.error('No Python with lamindb here (LOAM_PYTHON names one): its columns stay empty.');
  const done = [];
  try {
    for (let i = 1; i <= rounds; i++) {
      const round = { load: load(), python: python && python.round(), ours: await browser.drop() };
      done.push(round);
      console.error(`drop, round ${i}, load ${round.load.toFixed(1)}`, JSON.stringify(round));
    }
    return { rounds: done, python: python?.version ?? null };
  } finally {
    python?.close();
  }
}

// Even where no build is wanted: bundling needs the generated tsconfig, which a fresh clone lacks.
prepare({
  build:
    wantedParts.length > 0 ||
    ['million', 'ontologies', 'validate', 'sync-server'].some((one) => wanted.includes(one)),
});
await bundle();
const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const date = new Date().toISOString().slice(0, 10);
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${process.platform}`;
/** @type {Record<string, string[]>} */
const sections = {};
const browser = ['engine', 'drop', ...inBoth.map(({ name }) => name)].some((one) => wanted.includes(one))
  ? await openBrowser()
  : null;
const about = `${date}. ${machine}${browser ? `. Chromium ${browser.version}` : ''}`;
const aboutNow = () => `${about}; load of the machine before: ${load().toFixed(1)}.`;
try {
  if (browser && wanted.includes('engine')) {
    const done = await engineRounds(browser);
    const { sqlite, python } = done[0]?.native ?? {};
    sections['engine'] = reportEngine(
      done,
      `${about}, sqlite-wasm ${dependencies['@sqlite.org/sqlite-wasm']}, Node ${process.versions.node}, native SQLite ${sqlite} by Python ${python}.`,
    );
  }
  if (browser && wanted.includes('drop')) {
    const done = await dropRounds(browser);
    sections['drop'] = reportDrop(done.rounds, done.python, about);
  }
  for (const { name, size: much, report } of inBoth) {
    if (!browser || !wanted.includes(name)) continue;
    const told = aboutNow();
    const node = json(process.execPath, [join(bundles, 'node/node.js'), name, String(much)]);
    console.error(`${name}, Node`, JSON.stringify(node));
    const chromium = await browser.sized(name, much);
    console.error(`${name}, Chromium`, JSON.stringify(chromium));
    sections[name] = report({ node, chromium }, told);
  }
  if (wanted.includes('questions')) {
    const done = questionRounds({ script: join(bundles, 'node/questions.js'), rounds, size });
    sections['questions'] = reportQuestions(done.rounds, { ...done, size, about });
  }
} finally {
  await browser?.close();
}
if (wantedParts.length > 0) {
  const told = aboutNow();
  const measures = await appMeasures({
    build: join(repository, 'build'),
    page: join(bundles, 'page'),
    parts: wantedParts,
  });
  sections['app'] = reportApp(measures, told);
}
if (wanted.includes('million')) {
  const told = aboutNow();
  const measures = await millionMeasures({
    build: join(repository, 'build'),
    page: join(bundles, 'page'),
    artifacts: process.env['LOAM_BENCH_SIZE'] ? size : 1_000_000,
  });
  sections['million'] = reportMillion(measures, told);
}
if (wanted.includes('ontologies')) {
  const told = aboutNow();
  const measures = await ontologyMeasures({ build: join(repository, 'build'), page: join(bundles, 'page') });
  sections['ontologies'] = reportOntologies(measures, told);
}
if (wanted.includes('sync')) {
  const told = aboutNow();
  sections['sync'] = reportSync(
    json(process.execPath, [join(bundles, 'node/node.js'), 'sync', String(syncEdits)]),
    told,
  );
}
if (wanted.includes('sync-server')) {
  const told = aboutNow();
  const measures = await syncServerMeasures(repository);
  if (measures) sections['sync-server'] = reportSyncServer(measures, told);
  else console.error('No PostgreSQL here: LOAM_POSTGRES names the folder with its programs.');
}
if (wanted.includes('validate')) {
  const done = await validateRounds({ build: join(repository, 'build'), rounds });
  if (done) sections['validate'] = reportValidate(done, validateSizes, about);
}
if (wantedFiles.length > 0) {
  const told = aboutNow();
  const measures = await filesMeasures({ page: join(bundles, 'page'), parts: wantedFiles });
  sections['files'] = reportFiles(measures, told);
}
for (const lines of Object.values(sections)) console.log(`${lines.join('\n')}\n`);
// A part of the app's table alone would throw the other lines away.
const whole = wantedParts.length === 0 || wantedParts.length === appParts.length;
if (!options['no-write'] && !options.short) {
  if (!whole) delete sections['app'];
  if (wantedFiles.length !== filesParts.length) delete sections['files'];
  await writeReport(sections);
}
