// The table of `npm run bench -- --only branches`: branches of a database of a million artifacts, in Node and in Chromium.
import { goalTable } from './bench-report.mjs';

/** @typedef {import('./bench-report.mjs').Measures} Measures */

/** Artifacts of the database; the issue asks for a million. */
export const branchArtifacts = Number(process.env['LOAM_BENCH_ARTIFACTS'] ?? 1_000_000);

const goals = [
  { what: 'New branch, and on it', name: 'near1kCreate', unit: 'ms', limit: 50 },
  {
    what: 'Switch with 1,000 changed cells side by side, median of there and back',
    name: 'near1k',
    unit: 'ms',
    limit: 50,
  },
  { what: 'The same, scattered over all artifacts', name: 'far1k', unit: 'ms', limit: 120 },
  { what: 'Switch with 10,000 changed cells side by side', name: 'near10k', unit: 'ms', limit: 150 },
  { what: 'The same, scattered', name: 'far10k', unit: 'ms', limit: 600 },
  { what: 'Switch with 10,000 new links', name: 'links', unit: 'ms', limit: 250 },
  { what: 'Differences of 10,000 changes, first page', name: 'diffFirst', unit: 'ms', limit: 100 },
  { what: 'All of them, by pages of 500', name: 'diffWhole', unit: 'ms', limit: 500 },
  { what: 'Check of 10,000 changes', name: 'check', unit: 'ms', limit: 1000 },
  { what: 'Merge of 10,000 changes', name: 'merge', unit: 'ms', limit: 1000 },
  { what: 'Its revert', name: 'revert', unit: 'ms', limit: NaN },
  {
    what: 'Seven questions on a branch with 10,000 changed cells, against the same on main',
    name: 'questionsRatio',
    unit: '×',
    limit: 1.1,
  },
];

/** @param {{ node: Measures, chromium: Measures }} measured @param {string} about */
export function reportBranches({ node, chromium }, about) {
  return goalTable(
    goals,
    { 'Chromium, opfs-sahpool': chromium, 'Node, in memory': node },
    `${about} ${chromium.artifacts?.toLocaleString('en')} artifacts in the browser, ${node.artifacts?.toLocaleString('en')} in Node.`,
  );
}
