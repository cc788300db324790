// The table of `npm run bench -- --only history`: history of rows in a log of a million changed cells, in Node and in Chromium.
import { goalTable } from './bench-report.mjs';

/** @typedef {import('./bench-report.mjs').Measures} Measures */

/** Changed cells in the log; the issue asks for a million. */
export const historyCells = Number(process.env['LOAM_BENCH_CELLS'] ?? 1_000_000);

const goals = [
  { what: 'Newest 10 entries of a row changed in bulk, median', name: 'bulkP50', unit: 'ms', limit: 20 },
  { what: 'The same, 95th percentile', name: 'bulkP95', unit: 'ms', limit: 40 },
  {
    what: 'Newest 10 entries of a row edited by hand, with a link, median',
    name: 'editedP50',
    unit: 'ms',
    limit: 20,
  },
  { what: 'The same, 95th percentile', name: 'editedP95', unit: 'ms', limit: 40 },
  { what: 'All of such a row, by pages of 50', name: 'whole', unit: 'ms', limit: NaN },
  { what: 'Log of a cell changed in bulk', name: 'bytesPerCell', unit: 'bytes', limit: 35 },
  {
    what: 'Log of a single edit after repacking: its record and its way there',
    name: 'bytesPerEdit',
    unit: 'bytes',
    limit: 40,
  },
  { what: 'Its act beside that', name: 'bytesPerAct', unit: 'bytes', limit: NaN },
  { what: 'To the database as of before all single edits', name: 'pastSingles', unit: 'ms', limit: NaN },
  { what: 'And 100,000 cells changed in bulk before that', name: 'pastBulk', unit: 'ms', limit: NaN },
  { what: 'Back to now', name: 'backToNow', unit: 'ms', limit: NaN },
];

/** @param {{ node: Measures, chromium: Measures }} measured @param {string} about */
export function reportHistory({ node, chromium }, about) {
  return goalTable(
    goals,
    { 'Chromium, opfs-sahpool': chromium, 'Node, in memory': node },
    `${about} ${node.cells?.toLocaleString('en')} cells changed by 2,000, ${node.singles?.toLocaleString('en')} single edits, ${node.rows?.toLocaleString('en')} artifacts.`,
  );
}
