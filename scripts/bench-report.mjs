// Turns rounds into the table of docs/benchmarks.md: medians over the rounds, for ratios the median of each round's own
// ratio. Wall time decides; CPU time stands beside it, since on a busy machine only that one is about our code.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * @typedef {Record<string, number>} Measures
 * @typedef {{ load: number, native: Measures, node: Measures, chromium: Measures | null }} Round
 * @typedef {{ what: string, limit: number, unit: string, name: string, against?: 'plain' | 'native', from?: string }} Goal
 */

/** @type {Goal[]} */
const goals = [
  {
    what: 'Import of 100,000 labels with history, against plain inserts in the same engine',
    limit: 1.5,
    unit: '×',
    name: 'import',
    against: 'plain',
    from: 'plainImport',
  },
  {
    what: 'The same, against plain inserts in native SQLite',
    limit: 3,
    unit: '×',
    name: 'import',
    against: 'native',
    from: 'plainImport',
  },
  { what: 'The same, in milliseconds', limit: NaN, unit: 'ms', name: 'import' },
  { what: 'One edit with history, median', limit: 1, unit: 'ms', name: 'editP50' },
  { what: 'One edit with history, 99th percentile', limit: 15, unit: 'ms', name: 'editP99' },
  { what: 'One new row with history, median', limit: 1, unit: 'ms', name: 'insertP50' },
  { what: 'One new row with history, 99th percentile', limit: 15, unit: 'ms', name: 'insertP99' },
  { what: 'Undo of 3,000 rows', limit: 150, unit: 'ms', name: 'undoSmall' },
  { what: 'Redo of 3,000 rows', limit: 150, unit: 'ms', name: 'redoSmall' },
  { what: 'Undo of 100,000 rows', limit: 3000, unit: 'ms', name: 'undoBulk' },
  { what: 'Redo of 100,000 rows', limit: 4000, unit: 'ms', name: 'redoBulk' },
  { what: 'History of an imported row', limit: 15, unit: 'bytes', name: 'bytesPerRow' },
  { what: 'History of a single edit', limit: 450, unit: 'bytes', name: 'bytesPerEdit' },
  { what: 'A new instance opens', limit: 300, unit: 'ms', name: 'open' },
  {
    what: 'Autocommit inserts, against native',
    limit: 2.5,
    unit: '×',
    name: 'autocommit',
    against: 'native',
  },
  { what: 'Point reads by uid, against native', limit: 2, unit: '×', name: 'pointRead', against: 'native' },
  {
    what: 'Full-text index of 100,000 names, against native',
    limit: 1.7,
    unit: '×',
    name: 'ftsBuild',
    against: 'native',
  },
  { what: 'Drop of 1,000 small files, through the app’s workers', limit: NaN, unit: 'ms', name: 'drop' },
  {
    what: 'Four feature values on each of 1,000 artifacts, one call each',
    limit: NaN,
    unit: 'ms',
    name: 'setFeatures',
  },
];

/** @param {Goal} goal @param {Measures} ours @param {Measures} native @param {string} [clock] */
function value(goal, ours, native, clock = '') {
  const own = ours[goal.name + clock] ?? NaN;
  if (!goal.against) return own;
  const other = goal.against === 'plain' ? ours : native;
  return own / (other[(goal.from ?? goal.name) + clock] ?? NaN);
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? (sorted[half] ?? NaN) : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}

/** @param {number} value @param {string} unit */
function shown(value, unit) {
  if (Number.isNaN(value)) return '–';
  const digits = unit === '×' ? 2 : value < 10 ? 2 : value < 100 ? 1 : 0;
  const text = Number(value.toFixed(digits)).toLocaleString('en');
  return unit === '×' ? `${text}×` : `${text} ${unit}`;
}

/** @param {Goal} goal @param {Round[]} rounds @param {'node' | 'chromium'} engine */
function cell(goal, rounds, engine) {
  const ran = rounds.flatMap((r) => (r[engine] ? [{ ours: r[engine], native: r.native }] : []));
  if (ran.length === 0) return 'not run';
  const wall = median(ran.map((r) => value(goal, r.ours, r.native)));
  const cpu = median(ran.map((r) => value(goal, r.ours, r.native, 'Cpu')));
  if (Number.isNaN(wall)) return '';
  const text = shown(wall, goal.unit) + (Number.isNaN(cpu) ? '' : ` (CPU ${shown(cpu, goal.unit)})`);
  if (!(wall > goal.limit)) return text;
  return cpu <= goal.limit ? `**${text}, missed by the clock only**` : `**${text}, missed**`;
}

/**
 * The lines between the markers.
 * @param {Round[]} rounds
 * @param {{ date: string, machine: string, versions: string }} about
 */
export function report(rounds, about) {
  const loads = rounds.map((r) => r.load.toFixed(1)).join(', ');
  return [
    `${about.date}. ${about.machine}. ${about.versions}. ${rounds.length} rounds; load of the machine before each: ${loads}.`,
    '',
    '| What | Target | Chromium, opfs-sahpool | Node, in memory |',
    '| --- | --- | --- | --- |',
    ...goals.map((goal) => {
      const target = Number.isNaN(goal.limit) ? '' : `≤ ${shown(goal.limit, goal.unit)}`;
      return `| ${goal.what} | ${target} | ${cell(goal, rounds, 'chromium')} | ${cell(goal, rounds, 'node')} |`;
    }),
    '',
    `Native SQLite itself, median: import ${shown(nativeMedian(rounds, 'plainImport'), 'ms')}, 2,000 autocommit inserts ${shown(nativeMedian(rounds, 'autocommit'), 'ms')}, 10,000 point reads ${shown(nativeMedian(rounds, 'pointRead'), 'ms')}, full-text index ${shown(nativeMedian(rounds, 'ftsBuild'), 'ms')}.`,
  ];
}

/** @param {Round[]} rounds @param {string} name */
const nativeMedian = (rounds, name) => median(rounds.map((r) => r.native[name] ?? NaN));

const begin = '<!-- npm run bench writes from here -->';
const end = '<!-- to here -->';

/** Replaces what stands between the markers of docs/benchmarks.md. @param {string[]} lines */
export async function writeReport(lines) {
  const file = new URL('../docs/benchmarks.md', import.meta.url);
  const old = existsSync(file) ? readFileSync(file, 'utf8') : `# Benchmarks\n\n${begin}\n${end}\n`;
  const [head, rest] = [old.indexOf(begin), old.indexOf(end)];
  if (head < 0 || rest < head) throw new Error('docs/benchmarks.md has lost its markers');
  const text = `${old.slice(0, head)}${begin}\n\n${lines.join('\n')}\n\n${old.slice(rest)}`;
  const { format, resolveConfig } = await import('prettier');
  const settings = await resolveConfig(file.pathname);
  writeFileSync(file, await format(text, { ...settings, parser: 'markdown', plugins: [] }));
}
