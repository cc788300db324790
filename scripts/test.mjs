/**
 * `npm test`: prepares the clone, runs every kind of test and ends with the line `N passed, N failed`.
 * `npm test -- unit` runs one kind; what is no kind is handed to vitest (`npm test -- unit hash`).
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { prepare, root } from './prepare.mjs';

/** What a change must pass everywhere. */
const everywhere = ['unit', 'sim', 'drivers', 'cli', 'browser', 'e2e'];
/** `compat` needs a Python with lamindb (LOAM_PYTHON) and `server` is at its best with a PostgreSQL: they run when asked for, in CI beside the others. */
const kinds = [...everywhere, 'server', 'compat'];
/**
 * A kind that hangs is stopped and counted as failed. The whole is to end within ten minutes, CI's longer form within 25; a
 * slow machine gets half as much again.
 */
const minutes = process.env.LOAM_LONG === '1' ? 34 : 15;
const deadline = Date.now() + minutes * 60_000;

/**
 * Kinds that drive a browser on a machine that others load, too: a few files that fail are run once more, by themselves. What passes
 * then is told by name as UNSTEADY, above the counts, so that it is seen and repaired; what fails twice has failed. Where
 * more fails than that, something is broken and a second run would only hide how much.
 */
const steadied = ['browser', 'e2e'];
const fewFiles = 3;

const args = process.argv.slice(2);
const chosen = kinds.filter((kind) => args.includes(kind));
const rest = args.filter((arg) => !kinds.includes(arg));
const selected = chosen.length > 0 ? chosen : everywhere;

prepare({ build: selected.includes('e2e') });
// Imported only now: finding a browser may need node_modules. Children inherit what was found.
const { browserPath } = await import('./browser-path.mjs');
process.env.CHROMIUM = await browserPath();
process.env.LOAM_FIXTURES ??= join(root, '..', 'shared');

const sum = { passed: 0, failed: 0, skipped: 0 };
const lines = [];
/** @type {string[]} What failed, told again at the end: the end is what CI keeps. */
const broke = [];
/** @type {string[]} What passed only when it was run once more. */
const unsteady = [];
for (const kind of selected) {
  const counts = await runTwice(kind);
  sum.passed += counts.passed;
  sum.failed += counts.failed;
  sum.skipped += counts.skipped;
  broke.push(...counts.failures.map((words) => `FAILED ${kind} · ${words}`));
  lines.push(`${kind.padEnd(8)} ${counts.note ?? inWords(counts)}`);
}
console.log(`\n${[...unsteady, ...broke, ...lines].join('\n')}\n${inWords(sum)}`);
process.exitCode = sum.failed > 0 ? 1 : 0;

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {Counts & { note?: string, failures: string[], files: Map<string, Counts> }} KindCounts */

/** @param {string} kind @returns {Promise<KindCounts>} */
async function runTwice(kind) {
  const first = await runKind(kind, rest);
  const broken = [...first.files].filter(([, { failed }]) => failed > 0).map(([file]) => file);
  const inFiles = broken.reduce((sum, file) => sum + (first.files.get(file)?.failed ?? 0), 0);
  if (!steadied.includes(kind) || broken.length === 0 || broken.length > fewFiles || inFiles !== first.failed)
    return first;
  console.log(`\n${first.failures.map((words) => `failed at first: ${words}`).join('\n')}`);
  const second = await runKind(kind, [...rest.filter((arg) => arg.startsWith('-')), ...broken]);
  if (broken.some((file) => !second.files.has(file))) return first;
  const steady = second.failures.map((words) => words.slice(0, words.indexOf(':')));
  for (const words of first.failures)
    if (!steady.some((name) => words.startsWith(name))) unsteady.push(`UNSTEADY ${kind} · ${words}`);
  const sum = { ...second };
  for (const [file, counts] of first.files) {
    if (broken.includes(file)) continue;
    sum.passed += counts.passed;
    sum.skipped += counts.skipped;
  }
  return sum;
}

/** @param {string} kind @param {string[]} chosen @returns {Promise<KindCounts>} */
async function runKind(kind, chosen) {
  console.log(`\n— ${kind} —`);
  const folder = mkdtempSync(join(tmpdir(), 'loam-test-'));
  const file = join(folder, 'report.json');
  try {
    const exit = await vitest(kind, file, chosen);
    if (exit === 'late') return broken(`${kind} was stopped: the tests may take ${minutes} minutes in all`);
    if (!existsSync(file)) return broken(`${kind} ended without a report (exit code ${exit})`);
    return count(JSON.parse(readFileSync(file, 'utf8')), exit);
  } finally {
    // The browser's children may still be writing their last files.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** @param {string} kind @param {string} file @param {string[]} chosen @returns {Promise<number | 'late' | null>} */
function vitest(kind, file, chosen) {
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      `--project=${kind}`,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...chosen,
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, LOAM_BROWSER_PROFILE: join(dirname(file), 'profile') },
    },
  );
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => {
        resolve('late');
        child.kill('SIGTERM');
        // A test that blocks its thread does not hear a polite signal.
        setTimeout(() => child.kill('SIGKILL'), 5_000).unref();
      },
      Math.max(1_000, deadline - Date.now()),
    );
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}

/** @param {any} report vitest's JSON report @param {number | null} exit */
function count(report, exit) {
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: /** @type {string[]} */ ([]),
    files: /** @type {Map<string, Counts>} */ (new Map()),
  };
  // A file that cannot even be loaded has no tests to fail, and an error outside of any test fails none.
  for (const file of report.testResults) {
    const name = relative(root, file.name);
    const of = (/** @type {string[]} */ ...states) =>
      file.assertionResults.filter((/** @type {{ status: string }} */ { status }) => states.includes(status))
        .length;
    const unloaded = file.status === 'failed' && file.assertionResults.length === 0;
    counts.files.set(name, {
      passed: of('passed'),
      failed: of('failed') + (unloaded ? 1 : 0),
      skipped: of('pending', 'skipped', 'todo'),
    });
    if (unloaded) {
      counts.failed += 1;
      counts.failures.push(`${name}: ${firstLines(file.message)}`);
    }
    for (const test of file.assertionResults) {
      if (test.status !== 'failed') continue;
      counts.failures.push(`${name} > ${test.fullName}: ${firstLines(test.failureMessages.join(' '))}`);
    }
  }
  if (exit !== 0 && counts.failed === 0) counts.failed = 1;
  if (report.testResults.length === 0 && exit === 0) return { ...counts, note: 'no test files' };
  return counts;
}

/** One line a failure. @param {string | undefined} message */
function firstLines(message = '') {
  return (message.split(/\s+at file:/)[0] ?? '').replaceAll(/\s+/g, ' ').slice(0, 400);
}

/** @param {string} note */
function broken(note) {
  return { passed: 0, failed: 1, skipped: 0, note, failures: [], files: new Map() };
}

/** @param {{ passed: number, failed: number, skipped: number }} counts */
function inWords({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
