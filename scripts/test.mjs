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
const everywhere = ['unit', 'drivers', 'cli', 'browser', 'e2e'];
/** `compat` needs a Python with lamindb (LOAM_PYTHON), so it runs only when asked for. */
const kinds = [...everywhere, 'compat'];
/**
 * A kind that hangs is stopped and counted as failed. The whole is to end within ten minutes, CI's longer form within 20; a
 * slow machine gets half as much again.
 */
const minutes = process.env.LOAM_LONG === '1' ? 28 : 15;
const deadline = Date.now() + minutes * 60_000;

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
for (const kind of selected) {
  const counts = await runKind(kind);
  sum.passed += counts.passed;
  sum.failed += counts.failed;
  sum.skipped += counts.skipped;
  broke.push(...(counts.failures ?? []).map((words) => `FAILED ${kind} · ${words}`));
  lines.push(`${kind.padEnd(8)} ${counts.note ?? inWords(counts)}`);
}
console.log(`\n${[...broke, ...lines].join('\n')}\n${inWords(sum)}`);
process.exitCode = sum.failed > 0 ? 1 : 0;

/** @param {string} kind @returns {Promise<{ passed: number, failed: number, skipped: number, note?: string, failures?: string[] }>} */
async function runKind(kind) {
  console.log(`\n— ${kind} —`);
  const folder = mkdtempSync(join(tmpdir(), 'loam-test-'));
  const file = join(folder, 'report.json');
  try {
    const exit = await vitest(kind, file);
    if (exit === 'late') return broken(`${kind} was stopped: the tests may take ${minutes} minutes in all`);
    if (!existsSync(file)) return broken(`${kind} ended without a report (exit code ${exit})`);
    return count(JSON.parse(readFileSync(file, 'utf8')), exit);
  } finally {
    // The browser's children may still be writing their last files.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** @param {string} kind @param {string} file @returns {Promise<number | 'late' | null>} */
function vitest(kind, file) {
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
      ...rest,
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
  };
  // A file that cannot even be loaded has no tests to fail, and an error outside of any test fails none.
  for (const file of report.testResults) {
    const name = relative(root, file.name);
    if (file.status === 'failed' && file.assertionResults.length === 0) {
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
  return { passed: 0, failed: 1, skipped: 0, note };
}

/** @param {{ passed: number, failed: number, skipped: number }} counts */
function inWords({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
