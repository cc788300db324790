// Turns measures into the tables of docs/benchmarks.md: medians over the rounds, for ratios the median of each round's
// own ratio. Wall time decides; CPU time stands beside it, since on a busy machine only that one is about our code.
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * @typedef {Record<string, number>} Measures
 * @typedef {{ load: number, native: Measures, node: Measures, chromium: Measures }} Round
 * @typedef {{ load: number, python: Measures | null, ours: Measures }} DropRound
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
];

/** @param {Goal} goal @param {Measures} ours @param {Measures} native @param {string} [clock] */
function value(goal, ours, native, clock = '') {
  const own = ours[goal.name + clock] ?? NaN;
  if (!goal.against) return own;
  const other = goal.against === 'plain' ? ours : native;
  return own / (other[(goal.from ?? goal.name) + clock] ?? NaN);
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? (sorted[half] ?? NaN) : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}

/** @param {number} value @param {string} unit */
export function shown(value, unit) {
  if (Number.isNaN(value)) return '–';
  const digits = unit === '×' ? 2 : value < 10 ? 2 : value < 100 ? 1 : 0;
  const text = Number(value.toFixed(digits)).toLocaleString('en');
  return unit === '×' ? `${text}×` : `${text} ${unit}`.trim();
}

/** @param {Goal} goal @param {Round[]} rounds @param {'node' | 'chromium'} engine */
function cell(goal, rounds, engine) {
  const ran = rounds.map((r) => ({ ours: r[engine], native: r.native }));
  const wall = median(ran.map((r) => value(goal, r.ours, r.native)));
  const cpu = median(ran.map((r) => value(goal, r.ours, r.native, 'Cpu')));
  if (Number.isNaN(wall)) return '';
  const text = shown(wall, goal.unit) + (Number.isNaN(cpu) ? '' : ` (CPU ${shown(cpu, goal.unit)})`);
  if (!(wall > goal.limit)) return text;
  return cpu <= goal.limit ? `**${text}, missed by the clock only**` : `**${text}, missed**`;
}

/** @param {number} limit NaN for none @param {string} unit */
const atMost = (limit, unit) => (Number.isNaN(limit) ? '' : `≤ ${shown(limit, unit)}`);

/** @param {number} value @param {string} unit @param {number} limit */
function judged(value, unit, limit) {
  const text = shown(value, unit);
  return value > limit ? `**${text}, missed**` : text;
}

/** @param {readonly { load: number }[]} rounds */
export const loads = (rounds) =>
  `${rounds.length} rounds; load of the machine before each: ${rounds.map((r) => r.load.toFixed(1)).join(', ')}.`;

/** @param {string} what @param {string} target @param {string[]} cells */
export const line = (what, target, ...cells) => `| ${[what, target, ...cells].join(' | ')} |`;

/** @param {Round[]} rounds @param {string} about */
export function reportEngine(rounds, about) {
  return [
    `${about} ${loads(rounds)}`,
    '',
    line('What', 'Target', 'Chromium, opfs-sahpool', 'Node, in memory'),
    '| --- | --- | --- | --- |',
    ...goals.map((goal) =>
      line(
        goal.what,
        atMost(goal.limit, goal.unit),
        cell(goal, rounds, 'chromium'),
        cell(goal, rounds, 'node'),
      ),
    ),
    '',
    `Native SQLite itself, median: import ${shown(nativeMedian(rounds, 'plainImport'), 'ms')}, 2,000 autocommit inserts ${shown(nativeMedian(rounds, 'autocommit'), 'ms')}, 10,000 point reads ${shown(nativeMedian(rounds, 'pointRead'), 'ms')}, full-text index ${shown(nativeMedian(rounds, 'ftsBuild'), 'ms')}.`,
  ];
}

/** What a drop round does to 1,000 files or artifacts, and what Python does one by one. */
const dropGoals = [
  { what: 'A small file saved (1,000 in one drop)', name: 'drop', against: 'save', times: 5 },
  {
    what: 'The same, until its bytes also lie under their own key',
    name: 'settled',
    against: 'save',
    times: NaN,
  },
  { what: 'Four feature values set, one call each', name: 'setFeatures', against: 'setFeatures', times: 10 },
  {
    what: 'Four feature values set on 1,000 artifacts by one call',
    name: 'annotate',
    against: 'setFeatures',
    times: 10,
  },
];

/** @param {DropRound[]} rounds @param {string | null} python version of LaminDB @param {string} about */
export function reportDrop(rounds, python, about) {
  const each = (
    /** @type {DropRound} */ { ours },
    /** @type {string} */ name,
    /** @type {string} */ clock,
  ) => {
    const of = (/** @type {string} */ one) => (ours[one + clock] ?? NaN) / 1000;
    return name === 'settled' ? of('drop') + of('settle') : of(name);
  };
  const both = (/** @type {(clock: string) => number} */ of) =>
    `${shown(of(''), 'ms')} (CPU ${shown(of('Cpu'), 'ms')})`;
  return [
    `${about}, ${python ? `LaminDB ${python} by Python` : 'no Python with LaminDB on this machine'}. ${loads(rounds)}`,
    '',
    line('Each', 'Target', 'Loam, through the app’s workers', 'Python', 'Times as fast'),
    '| --- | --- | --- | --- | --- |',
    ...dropGoals.map(({ what, name, against, times }) => {
      const ours = both((clock) => median(rounds.map((round) => each(round, name, clock))));
      const target = Number.isNaN(times) ? '' : `≥ ${times}×`;
      if (!python) return line(what, target, ours, 'not here', '');
      const theirs = both((clock) => median(rounds.map(({ python: one }) => one?.[against + clock] ?? NaN)));
      const ratio = median(rounds.map((round) => (round.python?.[against] ?? NaN) / each(round, name, '')));
      const missed = ratio < times ? `**${shown(ratio, '×')}, missed**` : shown(ratio, '×');
      return line(what, target, ours, theirs, missed);
    }),
  ];
}

/** @type {{ what: string, name: string, unit: string, limit: number }[]} */
const appGoals = [
  {
    what: '1,000 files of some bytes each, from disk, dropped on the page, until it says that all are done',
    name: 'appDrop',
    unit: 'ms',
    limit: NaN,
  },
  { what: 'A file of 2 GB dropped: its row on screen', name: 'largeRow', unit: 'ms', limit: 200 },
  {
    what: 'The same: growth of the resident memory of the page and its workers',
    name: 'largeMemory',
    unit: 'MB',
    limit: 100,
  },
  { what: 'The same: until it is saved', name: 'largeDrop', unit: 'ms', limit: NaN },
  {
    what: 'Cold start, server gone, to a list of 100,000 artifacts with rows (median of 5)',
    name: 'coldStart',
    unit: 'ms',
    limit: 2000,
  },
  { what: 'The same, slowest of 5', name: 'coldStartMost', unit: 'ms', limit: NaN },
  {
    what: 'Leading tab closed: another tab’s first answer, median of 20',
    name: 'takeoverP50',
    unit: 'ms',
    limit: NaN,
  },
  { what: 'The same, 95th percentile', name: 'takeoverP95', unit: 'ms', limit: 300 },
  { what: '100,000 artifacts moved to the trash by one act', name: 'actMs', unit: 'ms', limit: NaN },
  { what: 'Meanwhile, a list asked for by another tab, median', name: 'listP50', unit: 'ms', limit: NaN },
  { what: 'The same, 95th percentile', name: 'listP95', unit: 'ms', limit: 100 },
  { what: 'The same, slowest', name: 'listMost', unit: 'ms', limit: NaN },
  { what: 'Meanwhile, the number of its rows, 95th percentile', name: 'countP95', unit: 'ms', limit: NaN },
  { what: 'The same list when nothing else goes on, median', name: 'listQuiet', unit: 'ms', limit: NaN },
  { what: 'The number of its rows then, median', name: 'countQuiet', unit: 'ms', limit: NaN },
];

const millionGoals = [
  {
    what: 'A new page, to the list with its first rows (median of 5)',
    name: 'coldStart',
    unit: 'ms',
    limit: 1000,
  },
  { what: 'The same, slowest of 5', name: 'coldStartMost', unit: 'ms', limit: NaN },
  { what: 'First page under a filter, slowest of the filters', name: 'pageMost', unit: 'ms', limit: 50 },
  { what: 'Filters tried', name: 'pageFilters', unit: '', limit: NaN },
  { what: 'Of them above 50 ms', name: 'pageSlow', unit: '', limit: 0 },
  { what: 'All facets of the whole list, one after the other', name: 'facets', unit: 'ms', limit: 300 },
  { what: 'All facets of a list with two filters', name: 'facetsFiltered', unit: 'ms', limit: NaN },
  {
    what: 'Scrolling by 100 pixels a frame: longest time with a blank row in sight',
    name: 'blankWheel',
    unit: 'ms',
    limit: 100,
  },
  { what: 'Page after page, twelve a second: the same', name: 'blankPages', unit: 'ms', limit: 100 },
  {
    what: 'Jumps of the scroll bar to anywhere: the same, longest of 20',
    name: 'blankJump',
    unit: 'ms',
    limit: 100,
  },
  { what: 'The same, median', name: 'blankJumpP50', unit: 'ms', limit: NaN },
];

/** Ratios to native DuckDB on one thread: of the version that runs in the page, and of today. */
const filesRatios = [
  { what: 'Group by two columns, 10M rows in OPFS', name: 'groupBy', limit: 1.5 },
  { what: 'Filter on two columns', name: 'filter', limit: 1.5 },
  { what: 'Join to a small table', name: 'join', limit: 1.5 },
  { what: 'Quantile by group', name: 'quantile', limit: 1.5 },
  { what: 'The first 100 of all', name: 'topK', limit: 1.5 },
  { what: 'Many files as one table', name: 'union', limit: 2 },
];

const filesGoals = [
  { what: '100,000 × 10 rows of a result on screen data', name: 'screen', unit: 'ms', limit: 200 },
  { what: 'A large local file: its first row', name: 'pickedFirst', unit: 'ms', limit: 300 },
  {
    what: 'The same: growth of the resident memory of the page and its workers by then',
    name: 'pickedMemory',
    unit: 'MB',
    limit: 300,
  },
  { what: 'The same: one column scanned', name: 'pickedScan', unit: 'ms', limit: NaN },
  { what: 'The memory over the scan, at most', name: 'pickedScanMemory', unit: 'MB', limit: NaN },
  { what: 'The same: its bytes', name: 'pickedBytes', unit: 'bytes', limit: NaN },
  ...['parquet', 'csv', 'jsonl', 'fastq', 'npy', 'h5ad'].map((name) => ({
    what: `First look into 1 GB of ${name}`,
    name: `preview-${name}`,
    unit: 'ms',
    limit: 2000,
  })),
  { what: 'A remote object, 30 ms away: a selective statement', name: 'selective', unit: 'ms', limit: 350 },
  { what: 'The same: of its bytes', name: 'selectiveShare', unit: '%', limit: 0.3 },
  { what: 'The same: a first scan of one column', name: 'scan', unit: 'ms', limit: NaN },
  { what: 'The same: bytes fetched for the bytes needed', name: 'scanNeeded', unit: '×', limit: 1.2 },
  { what: 'The same scan again, the server gone', name: 'repeat', unit: 'ms', limit: NaN },
  { what: 'The same: requests', name: 'repeatRequests', unit: '', limit: 0 },
  { what: 'The same: bytes of the object', name: 'objectBytes', unit: 'bytes', limit: NaN },
];

/** @param {Measures} measures @param {string} about */
export function reportFiles(measures, about) {
  const { rows = NaN, members = NaN, scanFaster } = measures;
  const ratio = (/** @type {number | undefined} */ value, /** @type {number} */ limit) =>
    value === undefined ? '' : judged(value, '×', limit);
  const ran = filesRatios.filter(({ name }) => measures[name] !== undefined);
  return [
    `${about} The table has ${rows.toLocaleString('en')} rows; ${members.toLocaleString('en')} files are one table.`,
    '',
    ...(ran.length === 0
      ? []
      : [
          line('Asked', 'Target', 'Page', 'to native 0.9.2', 'to native 1.5.6'),
          '| --- | --- | --- | --- | --- |',
          ...ran.map(({ what, name, limit }) =>
            line(
              what,
              `≤ ${shown(limit, '×')}`,
              shown(measures[name] ?? NaN, 'ms'),
              ratio(measures[`${name}-same`], limit),
              shown(measures[`${name}-now`] ?? NaN, '×'),
            ),
          ),
          '',
        ]),
    ...goalTable(filesGoals, inApp(measures), '').slice(1),
    ...(scanFaster === undefined
      ? []
      : [
          line(
            'The first scan, times as fast as by DuckDB-WASM’s own reader of http',
            '≥ 5×',
            scanFaster < 5 ? `**${shown(scanFaster, '×')}, missed**` : shown(scanFaster, '×'),
          ),
        ]),
  ];
}

/** @param {Measures} measures @param {string} about */
export const reportMillion = (measures, about) => goalTable(millionGoals, inApp(measures), about);

const ontologyGoals = [
  {
    what: '78,894 human genes imported, from the pack to the last row',
    name: 'genesImport',
    unit: 'ms',
    limit: 5000,
  },
  { what: '47,028 GO terms with their parents', name: 'termsImport', unit: 'ms', limit: 4000 },
  {
    what: 'While 1,261,575 taxa come: a list asked for by another tab, 95th percentile',
    name: 'listP95',
    unit: 'ms',
    limit: 200,
  },
  { what: 'The same, slowest', name: 'listMost', unit: 'ms', limit: NaN },
  {
    what: 'Meanwhile: an edit of one row from there, 95th percentile',
    name: 'editP95',
    unit: 'ms',
    limit: 300,
  },
  { what: 'The same, slowest', name: 'editMost', unit: 'ms', limit: NaN },
  { what: 'Rows and links written until then', name: 'stepsBeside', unit: '', limit: NaN },
  { what: 'The import cancelled: until all of it is taken back', name: 'cancelMs', unit: 'ms', limit: NaN },
  { what: 'Rows that are left of it', name: 'rowsLeft', unit: '', limit: 0 },
  {
    what: 'The picker over all packs together, slowest of 20 texts',
    name: 'pickerMost',
    unit: 'ms',
    limit: 50,
  },
  { what: 'The same, median', name: 'pickerMedian', unit: 'ms', limit: NaN },
];

/** @param {Measures} measures @param {string} about */
export const reportOntologies = (measures, about) =>
  goalTable(
    ontologyGoals,
    inApp(measures),
    `${about} Beside 100,000 artifacts; ${measures['realPacks'] ? 'the packs of real ontologies' : 'packs that were made, of the same sizes'}.`,
  );

/** @param {Measures} measures @param {string} about */
export const reportApp = (measures, about) => goalTable(appGoals, inApp(measures), about);

/** @param {Measures} measures */
const inApp = (measures) => ({ 'Built app in Chromium': measures });

/**
 * A line for each goal that was measured, with a column for each place it was measured in.
 * @param {typeof appGoals} goals @param {Record<string, Measures>} places @param {string} about
 */
export function goalTable(goals, places, about) {
  const heads = ['What', 'Target', ...Object.keys(places)];
  return [
    about,
    '',
    `| ${heads.join(' | ')} |`,
    `| ${heads.map(() => '---').join(' | ')} |`,
    ...goals.flatMap(({ what, name, unit, limit }) => {
      const values = Object.values(places).map((measures) => measures[name]);
      if (values.every((value) => value === undefined)) return [];
      const cells = values.map((value = NaN) => judged(value, unit, limit));
      return [line(what, atMost(limit, unit), ...cells)];
    }),
  ];
}

const askedOfBoth = [
  {
    what: 'Search for words that 10,000 of 100,000 descriptions have, 20 best',
    name: 'searchWords',
    times: 20,
  },
  { what: 'Search for one name, 20 best', name: 'searchName', times: 20 },
  { what: 'Filter by a numeric feature value, counted', name: 'featureFilter', times: 20 },
  { what: 'Get by key', name: 'getByKey', times: 10 },
  { what: 'Get by uid', name: 'getByUid', times: 10 },
  { what: '`toDataFrame` of 1,000 rows with labels and user', name: 'frame', times: 10 },
  { what: 'Describe', name: 'describe', times: 10 },
  { what: 'A sheet of 10,000 rows with two features imported', name: 'sheet', times: 10 },
];

/** @param {Measures} ours @param {Measures} native */
const againstNative = (ours, native) => (ours['facetsFiltered'] ?? NaN) / (native['facetsFiltered'] ?? NaN);

/**
 * @param {import('./bench-questions.mjs').QuestionRound[]} rounds
 * @param {{ python: string | null, size: number, about: string }} facts
 */
export function reportQuestions(rounds, { python, size, about }) {
  const mid = (/** @type {'ours' | 'python'} */ side, /** @type {string} */ name) =>
    median(rounds.map((round) => round[side]?.[name] ?? NaN));
  const both = (/** @type {'ours' | 'python'} */ side, /** @type {string} */ name) =>
    `${shown(mid(side, name), 'ms')} (CPU ${shown(mid(side, `${name}Cpu`), 'ms')})`;
  const alone = (
    /** @type {string} */ what,
    /** @type {number} */ value,
    /** @type {number} */ limit,
    unit = 'ms',
  ) => line(what, atMost(limit, unit), judged(value, unit, limit));
  return [
    `${about}, Node ${process.versions.node}, ${python ? `LaminDB ${python} by Python` : 'without Python'}. ${size.toLocaleString('en')} artifacts, ${(5 * size).toLocaleString('en')} label links. ${loads(rounds)}`,
    '',
    line('Asked', 'Target', 'Loam, sqlite-wasm in Node', 'Python', 'Times as fast'),
    '| --- | --- | --- | --- | --- |',
    ...askedOfBoth.map(({ what, name, times }) => {
      if (!python) return line(what, `≥ ${times}×`, both('ours', name), 'not asked', '');
      const ratio = median(rounds.map((one) => (one.python?.[name] ?? NaN) / (one.ours[name] ?? NaN)));
      const told = ratio < times ? `**${shown(ratio, '×')}, missed**` : shown(ratio, '×');
      return line(what, `≥ ${times}×`, both('ours', name), both('python', name), told);
    }),
    '',
    line('Alone', 'Target', 'Loam, sqlite-wasm in Node'),
    '| --- | --- | --- |',
    alone('First page of 100 under a filter on an indexed field, the slowest', mid('ours', 'firstPage'), 50),
    alone('All facets of the list, unfiltered', mid('ours', 'facets'), 300),
    alone('The same, the slowest of them', mid('ours', 'facetsMost'), NaN),
    alone('All facets under two conditions', mid('ours', 'facetsFiltered'), NaN),
    alone(
      'The same, against plain SQL in native SQLite',
      median(rounds.map(({ ours, native }) => againstNative(ours, native))),
      2.5,
      '×',
    ),
    alone('The file opens to its first page', mid('ours', 'firstRow'), 1000),
  ];
}

/** @param {Round[]} rounds @param {string} name */
const nativeMedian = (rounds, name) => median(rounds.map((r) => r.native[name] ?? NaN));

/** Replaces what stands between a section's markers in docs/benchmarks.md. @param {Record<string, string[]>} sections */
export async function writeReport(sections) {
  const file = new URL('../docs/benchmarks.md', import.meta.url);
  let text = readFileSync(file, 'utf8');
  for (const [name, lines] of Object.entries(sections)) {
    const [begin, end] = [`<!-- npm run bench writes ${name} from here -->`, `<!-- ${name} to here -->`];
    // A part that was never measured here gets a section of its own at the end.
    if (!text.includes(begin))
      text += `\n## ${name[0]?.toUpperCase()}${name.slice(1)}\n\n${begin}\n\n${end}\n`;
    const [head, rest] = [text.indexOf(begin), text.indexOf(end)];
    if (head < 0 || rest < head) throw new Error(`docs/benchmarks.md has lost its markers of ${name}`);
    text = `${text.slice(0, head)}${begin}\n\n${lines.join('\n')}\n\n${text.slice(rest)}`;
  }
  const { format, resolveConfig } = await import('prettier');
  const settings = await resolveConfig(file.pathname);
  writeFileSync(file, await format(text, { ...settings, parser: 'markdown', plugins: [] }));
}
