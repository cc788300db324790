// Which branch a copy of a database shows. Copies that leave Loam (for Python, as parquet) show main, whatever was checked out
// when they were made: others know no working tree and would take a branch's edits for main's (sync.md §2.4).
import type { Model } from '../model/types.ts';
import type { SqlDriver } from '../ports.ts';
import { branchId, readAuthor } from '../schema/open.ts';
import { runSync } from '../statement.ts';
import { createJournal } from '../write/journal.ts';
import { mainBranch } from '../write/seen.ts';
import { switchTo } from './checkout.ts';

/** Whether Loam has kept branches in this file. */
export const keepsBranches = (driver: SqlDriver): boolean =>
  driver.all("SELECT 1 FROM sqlite_master WHERE name = 'loam_branch'").length > 0;

/** Main's values, links and rows in all tables of a copy that no engine has open. */
export const showMain = (driver: SqlDriver, model: Model): void => show(driver, model, mainBranch);

/** The same for a branch by name or uid. */
export const showBranch = (driver: SqlDriver, model: Model, ref: string): void =>
  show(driver, model, runSync(driver, branchId(ref)));

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
