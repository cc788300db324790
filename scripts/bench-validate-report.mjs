// The table of `npm run bench -- --only validate`: ratios are the median of each round's own, times the median of the rounds.
import { line, loads, median, shown } from './bench-report.mjs';

/** @typedef {import('./bench-validate.mjs').ValidateRound} ValidateRound */

const ratioLimit = 1.5;

/** @param {{ rounds: ValidateRound[], python: string, chromium: string }} done @param {{ rows: number, sheet: number, cells: number, genes: number, edits: number }} sizes @param {string} about */
export function reportValidate({ rounds, python, chromium }, sizes, about) {
  const many = (/** @type {number} */ value) => value.toLocaleString('en');
  const mid = (/** @type {'ours' | 'python'} */ side, /** @type {string} */ name) =>
    median(rounds.map((round) => round[side][name] ?? NaN));
  const both = (/** @type {'ours' | 'python'} */ side, /** @type {string} */ name) =>
    `${shown(mid(side, name), 'ms')} (CPU ${shown(mid(side, `${name}Cpu`), 'ms')})`;
  const beside = (/** @type {string} */ what, /** @type {string} */ name) => {
    const ratio = (/** @type {string} */ one) =>
      median(rounds.map(({ ours, python: theirs }) => (ours[one] ?? NaN) / (theirs[one] ?? NaN)));
    const [wall, cpu] = [ratio(name), ratio(`${name}Cpu`)];
    const text = `${shown(wall, '×')} (CPU ${shown(cpu, '×')})`;
    const missed = cpu <= ratioLimit ? 'missed by the clock only' : 'missed';
    return line(
      what,
      `≤ ${shown(ratioLimit, '×')}`,
      both('ours', name),
      both('python', name),
      wall > ratioLimit ? `**${text}, ${missed}**` : text,
    );
  };
  const alone = (/** @type {string} */ what, /** @type {string} */ name, limit = NaN) => {
    const value = mid('ours', name);
    const told = shown(value, 'ms');
    return line(
      what,
      Number.isNaN(limit) ? '' : `< ${shown(limit, 'ms')}`,
      value >= limit ? `**${told}, missed**` : told,
    );
  };
  return [
    `${about}. Chromium ${chromium}, LaminDB ${python} by Python. ${loads(rounds)}`,
    '',
    line('Validated, reading included', 'Target', 'Built app in Chromium', 'Python', 'Loam to Python'),
    '| --- | --- | --- | --- | --- |',
    beside(`A parquet table of ${many(sizes.rows)} × 10`, 'table'),
    beside(`An AnnData of ${many(sizes.cells)} × ${many(sizes.genes)}`, 'cells'),
    '',
    line(`A text table of ${many(sizes.sheet)} × 10`, 'Target', 'Built app in Chromium'),
    '| --- | --- | --- |',
    alone('Held against its schema for the first time', 'sheetFirst'),
    alone(`One value mended, judged anew, median of ${sizes.edits}`, 'edit', 100),
    alone('The same, slowest', 'editMost', 100),
    alone('The first mended cell of a column of numbers, whose values are read for it', 'editNumber', 100),
    alone('The first of a column of texts that is not looked up', 'editOther', 100),
    alone('The next one there', 'editAfter', 100),
    alone(
      `A value typed on the screen, until it is gone from the list, median of ${sizes.edits}`,
      'screen',
      100,
    ),
    alone('The same, slowest', 'screenMost'),
  ];
}
