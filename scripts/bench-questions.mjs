// The questions of `npm run bench`: one database, made by our engine and registered in Python's LaminDB as an exported
// folder is; then each round asks ours, native SQLite and Python in turn. Answers must agree, or nothing is reported;
// `--short` asks for them alone, each question once.
import { execFileSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastLine, pythonHome } from './bench-python.mjs';

/**
 * @typedef {import('./bench-report.mjs').Measures} Measures
 * @typedef {{ load: number, ours: Measures, native: Measures, python: Measures | null }} QuestionRound
 */

const bench = fileURLToPath(new URL('../tests/bench', import.meta.url));
/** Issue 4 asks for a million artifacts; a tenth of it is what CI and Python have time for. */
export const usualSize = 100_000;

/**
 * @param {{ script: string, rounds: number, size: number }} options `script` is the bundle of questions.ts
 * @returns {{ rounds: QuestionRound[], python: string | null }}
 */
export function questionRounds({ script, rounds, size }) {
  const folder = mkdtempSync(join(tmpdir(), 'loam-bench-questions-'));
  // Beyond the usual size Python would need the whole day for its rounds.
  const home = size > usualSize ? null : pythonHome();
  const node = (/** @type {string[]} */ ...args) =>
    execFileSync(process.execPath, ['--max-old-space-size=8192', script, ...args], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  /** @type {QuestionRound[]} */
  const done = [];
  let version = null;
  try {
    node('make', folder, String(size));
    if (home) {
      home.python(join(folder, 'python/open_in_python.py'));
      home.lamin('connect', '--here', 'anonymous/bench');
    }
    for (let i = 1; i <= rounds; i++) {
      const load = loadavg()[0] ?? 0;
      const ours = lastLine(node('ask', folder));
      const native = lastLine(
        execFileSync('python3', [join(bench, 'questions-native.py'), folder], { encoding: 'utf8' }),
      );
      if (!isDeepStrictEqual(native.counted, ours.counted))
        throw new Error(
          `Facets differ: ${JSON.stringify(ours.counted)}, native SQLite's ${JSON.stringify(native.counted)}`,
        );
      const python = home && lastLine(home.python(join(bench, 'questions.py')));
      if (python && !isDeepStrictEqual(python.answers, ours.answers))
        throw new Error(
          `The answers differ: ${JSON.stringify(ours.answers)}, Python's ${JSON.stringify(python.answers)}`,
        );
      version = python ? python.lamindb : null;
      const round = { load, ours: ours.measures, native: native.measures, python: python && python.measures };
      done.push(round);
      console.error(`questions, round ${i}, load ${load.toFixed(1)}`, JSON.stringify(round));
    }
    return { rounds: done, python: version };
  } finally {
    home?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
