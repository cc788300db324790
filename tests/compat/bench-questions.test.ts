// The questions of the benchmark, each asked once: `npm run bench` stops where Loam, native SQLite and LaminDB give
// different answers. How long they take is no matter here. CI asks at a tenth of issue 4's million, otherwise there are fewer.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { python, whyNot } from './python.ts';

const size = process.env['LOAM_LONG'] === '1' ? 100_000 : 20_000;
const repository = fileURLToPath(new URL('../..', import.meta.url));

describe.skipIf(python === null)(`The benchmark's questions${whyNot}`, () => {
  it(`have one answer each by Loam, native SQLite and LaminDB on ${size} artifacts`, () => {
    const args = ['--only', 'questions', '--short', '--size', String(size), '--rounds', '1'];
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/bench.mjs', ...args], {
      cwd: repository,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    expect(status, stderr.slice(-3000)).toBe(0);
    expect(stdout).toMatch(/LaminDB \d+\.\d+\.\d+ by Python/);
    expect(stdout).toContain(`${size.toLocaleString('en')} artifacts`);
  }, 900_000);
});
