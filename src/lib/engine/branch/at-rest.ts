// Which branch a copy of a database shows. Copies that leave Loam (for Python, as parquet) show main, whatever was checked out
// when they were made: others know no working tree and would take a branch's edits for main's (sync.md §2.4).
import type { Model } from '../model/types.ts';
import type { SqlDriver } from '../ports.ts';
import { branchId, readAuthor } from '../schema/open.ts';
import { all, inTransaction, many, runSync, type Steps } from '../statement.ts';
import { createJournal, tableOf } from '../write/journal.ts';
import { pickRows, readKept } from '../write/kept-rows.ts';
import { reachOf } from '../write/reach.ts';
import { mainBranch } from '../write/seen.ts';
import { danglingRows, switchTo } from './checkout.ts';
import { hostColumn } from './hosts.ts';

/** Whether Loam has kept branches in this file. */
export const keepsBranches = (driver: SqlDriver): boolean =>
  driver.all("SELECT 1 FROM sqlite_master WHERE name = 'loam_branch'").length > 0;

/** Main's values, links and rows in all tables of a copy that no engine has open. */
export const showMain = (driver: SqlDriver, model: Model): void => show(driver, model, mainBranch);

/** The same for a branch by name or uid. */
export const showBranch = (driver: SqlDriver, model: Model, ref: string): void =>
  show(driver, model, runSync(driver, branchId(ref)));

/**
 * As LaminDB has a database with branches: main's values, each branch's own rows on it, and with them the links, values and
 * members that are theirs, which are kept aside while the branch is not checked out. What an open branch did to other rows
 * stays out. For copies that leave only: Loam would take these links for main's.
 */
export function asLamindb(driver: SqlDriver, model: Model): void {
  if (!keepsBranches(driver)) return;
  showMain(driver, model);
  runSync(driver, inTransaction(putOwnLinks(model)));
}

function* putOwnLinks(model: Model): Steps<void> {
  const kept = yield* all(
    'SELECT DISTINCT r.branch, r.tab, t.name FROM loam_row r JOIN loam_table t ON t.id = r.tab WHERE r.kind = 1 AND r.vals IS NOT NULL',
  );
  for (const [branch = null, tab = null, name] of kept) {
    const table = tableOf(model, String(name));
    const host = hostColumn(table);
    const owner = host?.references && model.tables.get(host.references.table);
    if (!host || !owner || reachOf(owner) !== 'placed') continue;
    const rows = readKept(
      yield* all(
        'SELECT id, vals FROM loam_row WHERE branch = ? AND tab = ? AND kind = 1 AND vals IS NOT NULL ORDER BY id',
        [branch, tab],
      ),
    );
    const at = rows.columns.indexOf(host.name);
    const hosts = rows.values[at] ?? [];
    const own = new Set(
      (yield* all(
        `SELECT id FROM "${owner.name}" WHERE branch_id = ? AND id IN (SELECT value FROM json_each(?))`,
        [branch, JSON.stringify(hosts)],
      )).map(([id]) => Number(id)),
    );
    const dangling = yield* danglingRows(table, rows);
    const position = new Map(rows.ids.map((id, i) => [id, i]));
    const put = pickRows(
      rows,
      (id) => !dangling.has(id) && own.has(Number(hosts[position.get(id) ?? -1] ?? 0)),
    );
    yield* many(
      `INSERT OR IGNORE INTO "${table.name}"(id, ${put.columns.map((c) => `"${c}"`).join(', ')}) VALUES (?${', ?'.repeat(put.columns.length)})`,
      put.ids.length,
      [put.ids, ...put.values],
    );
  }
}

function show(driver: SqlDriver, model: Model, branch: number): void {
  if (!keepsBranches(driver)) return;
  const author = readAuthor(driver);
  if (author.branchId === branch) return;
  // Nothing is made by a switch: neither times nor uids are drawn.
  const none = () => {
    throw new Error('a switch of branches makes no uid');
  };
  runSync(
    driver,
    switchTo(
      createJournal(model, () => 0, none),
      author,
      branch,
    ),
  );
}
