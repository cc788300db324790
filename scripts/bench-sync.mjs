// The table of `npm run bench -- --only sync`: what a change costs that has its place in a synced log, in Node.
import { goalTable } from './bench-report.mjs';

/** @typedef {import('./bench-report.mjs').Measures} Measures */

/** Single edits on each side; fifty times as many rows are imported. */
export const syncEdits = Number(process.env['LOAM_BENCH_EDITS'] ?? 4_000);

const goals = [
  { what: 'A single edit, not synced, CPU', name: 'editPlainUs', unit: 'µs', limit: NaN },
  { what: 'The same, synced', name: 'editSyncedUs', unit: 'µs', limit: NaN },
  { what: 'What the place in the log costs of that', name: 'perRecordUs', unit: 'µs', limit: 60 },
  { what: 'Head and update of a record encoded', name: 'encodeUs', unit: 'µs', limit: 20 },
  { what: 'A record decoded and looked at', name: 'decodeUs', unit: 'µs', limit: NaN },
  { what: 'A record of a log served', name: 'serveUs', unit: 'µs', limit: NaN },
  { what: 'The same taken by another', name: 'receiveUs', unit: 'µs', limit: NaN },
  { what: 'A single edit on the wire', name: 'wireBytes', unit: 'bytes', limit: 400 },
  { what: 'The same in the database, beside the history', name: 'storedBytes', unit: 'bytes', limit: NaN },
  { what: 'An import, not synced, CPU', name: 'importPlain', unit: 'ms', limit: NaN },
  { what: 'The same, synced', name: 'importSynced', unit: 'ms', limit: NaN },
  { what: 'Of these, the transaction that closes it', name: 'closingSynced', unit: 'ms', limit: 100 },
];

/** @param {Measures} measures @param {string} about */
export const reportSync = (measures, about) =>
  goalTable(
    goals,
    { 'Node, in memory': measures },
    `${about} ${measures['edits']?.toLocaleString('en')} single edits on each side, which take turns; imports of ${measures['rows']?.toLocaleString('en')} labels by 2,000.`,
  );
