// The table of `npm run bench -- --only sync-server`: the server on a PostgreSQL of its own, over the loopback.
import { goalTable } from './bench-report.mjs';
import { loadModule } from './load-module.mjs';

/** @typedef {import('./bench-report.mjs').Measures} Measures */

const goals = [
  { what: 'A durable commit alone, median', name: 'bareP50', unit: 'ms', limit: NaN },
  { what: 'The same, 95th percentile', name: 'bareP95', unit: 'ms', limit: NaN },
  {
    what: 'An edit until the other device’s SQLite has it, median',
    name: 'acrossP50',
    unit: 'ms',
    limit: NaN,
  },
  { what: 'What that is beyond a bare commit', name: 'acrossBeyond', unit: 'ms', limit: 15 },
  { what: 'The same edit, 95th percentile', name: 'acrossP95', unit: 'ms', limit: 60 },
  {
    what: 'Transactions of one row a second, until all is acknowledged and the other device has it',
    name: 'smallPerSecond',
    unit: '',
    limit: NaN,
    least: 1_000,
  },
  { what: 'The server’s processor for each of them', name: 'smallServerUs', unit: 'µs', limit: NaN },
  { what: 'A bulk import, until the server has acknowledged it', name: 'bulkAckedS', unit: 's', limit: NaN },
  { what: 'The same, until the other device has it', name: 'bulkS', unit: 's', limit: 60 },
  { what: 'Rows of it that are not in Postgres then', name: 'bulkMissing', unit: '', limit: 0 },
  { what: 'The server’s memory with all peers', name: 'crowdMB', unit: 'MB', limit: 1_000 },
  {
    what: 'Projection of an operation, transactions of one row, CPU',
    name: 'projectSmallUs',
    unit: 'µs',
    limit: 20,
  },
  { what: 'The same, rows of a bulk import', name: 'projectBulkUs', unit: 'µs', limit: 20 },
  { what: 'lamindb’s bulk insert, without capture', name: 'pythonPlain', unit: 'ms', limit: NaN },
  { what: 'The same, captured, against without', name: 'pythonTimes', unit: '×', limit: 1.4 },
];

/** @param {string} root @returns {Promise<Measures | null>} null where there is no PostgreSQL */
export const syncServerMeasures = async (root) =>
  await (await loadModule('tests/bench/sync-server.ts')).syncServerRound(root);

/** @param {Measures} measures @param {string} about */
export function reportSyncServer(measures, about) {
  const of = (/** @type {string} */ name) => measures[name]?.toLocaleString('en');
  const lines = goalTable(
    goals,
    { PostgreSQL: measures },
    `${about} ${of('edits')} edits, ${of('transactions')} transactions, ${of('bulk')} rows in bulk, ${of('idle')} idle and ${of('active')} active peers, ${of('python')} rows by Python. The server is a process of its own; devices, PostgreSQL and it share the processors.`,
  );
  // A table of goals knows upper bounds alone.
  return lines.map((line) => {
    const goal = goals.find(({ what, least }) => least !== undefined && line.includes(what));
    const value = measures[goal?.name ?? ''];
    if (!goal?.least || value === undefined) return line;
    const least = goal.least.toLocaleString('en');
    const cells = line.split('|').map((cell) => cell.trim());
    const shown = value < goal.least ? `**${cells[3]}, missed**` : cells[3];
    return `| ${cells[1]} | ≥ ${least} | ${shown} |`;
  });
}
