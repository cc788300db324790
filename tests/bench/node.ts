// The Node side of the benchmark, bundled and run by scripts/bench.mjs: `anchor <folder>` writes what native.py needs,
// `round` prints one round over SQLite's wasm build in memory, `history CELLS` one of the log's history, `branches ARTIFACTS` one of branches,
// `sync EDITS` one of synced logs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { model } from '../../src/lib/engine/model/model.ts';
import { emptyInstance } from '../../src/lib/engine/schema/open.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import {
  bulkRows,
  ftsBuild,
  ftsTable,
  nativeSettings,
  perTransaction,
  plainInsert,
  pointRead,
  singles,
} from './shared.ts';
import { branchesRound } from './branches.ts';
import { historyRound } from './history.ts';
import { syncRound } from './sync.ts';
import { labelRow, round, type OpenBench } from './workload.ts';

const [command, folder = '.'] = process.argv.slice(2);
const inMemory: OpenBench = async (initialise) => {
  // As `loam init` makes its file.
  const driver = await openMemory({ bytes: emptyInstance(model) });
  initialise(driver);
  return { driver, close: async () => driver.close() };
};
if (command === 'anchor') {
  const { columns, values, database } = await labelRow();
  writeFileSync(join(folder, 'template.db'), database);
  const plan = { columns, values, bulkRows, perTransaction, singles, ftsTable, ftsBuild, pointRead };
  writeFileSync(
    join(folder, 'plan.json'),
    JSON.stringify({ ...plan, settings: nativeSettings, insert: plainInsert(columns) }),
  );
} else if (command === 'branches') {
  console.log(JSON.stringify(await branchesRound(inMemory, Number(folder))));
} else if (command === 'history') {
  console.log(JSON.stringify(await historyRound(inMemory, Number(folder))));
} else if (command === 'sync') {
  console.log(JSON.stringify(await syncRound(inMemory, Number(folder))));
} else {
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return Promise.resolve((user + system) / 1000);
  };
  const measures = await round(inMemory, cpu);
  console.log(JSON.stringify(measures));
}
