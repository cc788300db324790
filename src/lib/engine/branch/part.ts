// Branches as the engine's facade offers them: list, create, switch, close, and reading another branch without switching.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { create } from '../registry/create.ts';
import { branchStatus } from '../registry/status.ts';
import { branchId } from '../schema/open.ts';
import { all, inTransaction, one, runSync, type Steps } from '../statement.ts';
import { update } from '../write/apply.ts';
import { forget, recordTime, refuseInPast, tableOf } from '../write/journal.ts';
import { mainBranch, seenFrom } from '../write/seen.ts';
import { createTransaction, type TableChange, type Transaction } from '../write/transaction.ts';
import { changesOf } from './changes.ts';
import { choose, nameOfConflict, unchoose, type CellName, type Choice } from './choices.ts';
import { compare, decided, openConflicts, type Comparison } from './comparison.ts';
import { diffOfSheet, diffPage, type BranchDiff, type DiffSpec } from './diff.ts';
import type { SheetDiff } from './diff-sheet.ts';
import { changesAgainst, notSiblings } from './diff-against.ts';
import { mergeBranch, tryMerge, type MergeCounts } from './merge.ts';
import { aboutOf, aboutRow, fieldName, toldConflict, type About, type ToldConflict } from './told.ts';
import { refuseUnreviewed, unmetOf } from './review.ts';
import { takeOver } from './update.ts';
import { findBranch, listBranches, type Branch, type BranchRow } from './branches.ts';
import { checkOut, switchTo } from './checkout.ts';

/** More are counted, not listed. */
const mostFailures = 200;

export interface Merged extends MergeCounts {
  /** The act that an undo takes back. */
  act: string;
  /** Name of the branch that has it all now. */
  into: string;
}

export interface CheckFailure extends About {
  field: string | null;
  reason: string;
  /** `IntegrityError`, `ValidationError`, `DoesNotExist` … */
  code: string;
}

/** A merge as it would be. */
export interface BranchCheck extends MergeCounts {
  /** It could be merged now. */
  ok: boolean;
  /** Conflicts that are not decided. */
  open: number;
  failures: CheckFailure[];
}

export function branchPart(context: EngineContext, dropping: () => boolean) {
  const { driver, model, read, act, writer, tell } = context;
  const { journal, author } = writer;

  /** What is going on writes on this branch until its end. */
  function refuseWhileBusy(): void {
    const open = read(one("SELECT title FROM loam_act WHERE status = 'open' LIMIT 1"));
    if (!dropping() && !open) return;
    throw new LoamError(
      'InvalidArgument',
      dropping()
        ? 'Files are still being added. Wait until they are done, or cancel them, then switch.'
        : `"${String(open?.[0])}" is still going on. Wait until it is done, or cancel it, then switch.`,
    );
  }

  function refuseDone(branch: Branch): void {
    if (branch.status >= 0) return;
    const merged = branch.status === branchStatus.merged;
    throw new LoamError(
      'InvalidArgument',
      `The branch "${branch.name}" ${merged ? 'was merged' : 'is closed'}. ${merged ? 'Undo the merge' : 'Open it again'} to go on with it, or create another.`,
      { branch: branch.name },
    );
  }

  /** The rows that are seen are others now, in every table. */
  function tellAll(title: string, changes: readonly TableChange[]): void {
    const counted = new Map(changes.map((change) => [change.table, change]));
    tell({
      act: '',
      title,
      last: true,
      tables: [...model.tables.keys()].map((table) => {
        const { inserted = 0, updated = 0, deleted = 0 } = counted.get(table) ?? {};
        return { table, inserted, updated, deleted, ids: null };
      }),
    });
  }

  function go(branch: Branch): void {
    if (branch.id === author.branchId) return;
    refuseWhileBusy();
    refuseDone(branch);
    tellAll(`Switch to ${branch.name}`, runSync(driver, switchTo(journal, author, branch.id)));
  }

  /** The checked-out branch when it is to end: its parent's state is shown from here on. */
  function leave(branch: Branch): void {
    if (branch.id === author.branchId) go({ ...parentOf(branch), status: 0 });
  }

  const parentOf = (branch: Branch): Branch => read(branchWithId(branch.parent));

  /** What `reading` gives while a branch or its parent is checked out. */
  function nearby<T>(branch: Branch, reading: () => T): T {
    if (author.branchId === branch.id || author.branchId === branch.parent) return reading();
    return onBranch(parentOf(branch).uid, reading);
  }

  const comparedTo = (branch: Branch): Comparison =>
    nearby(branch, () => read(compare(journal, author, branch)));

  function asked(ref: string): Branch {
    const branch = read(findBranch(ref));
    if (branch.id === mainBranch) throw new LoamError('InvalidArgument', 'main comes from no other branch.');
    refuseDone(branch);
    return branch;
  }

  /** Steps on a branch whose every effect is taken back. Nothing is awaited, so that others see nothing of it. */
  function trying<T>(branch: Branch, steps: (tx: Transaction) => Steps<T>): T {
    // There is one transaction already, and it shows main.
    refuseInPast(journal);
    const before = { ...author };
    driver.exec('BEGIN IMMEDIATE');
    try {
      const tx = createTransaction(journal, author, runSync(driver, recordTime(journal)));
      runSync(driver, checkOut(tx, branch.id));
      return runSync(driver, steps(tx));
    } finally {
      driver.exec('ROLLBACK');
      Object.assign(author, before);
      forget(journal);
    }
  }

  function onBranch<T>(ref: string, reading: () => T): T {
    const branch = read(findBranch(ref));
    if (branch.id === author.branchId) return reading();
    return trying(branch, function* () {
      return reading();
    });
  }

  /** The last comparison, for the next page of it: nothing was written since. */
  let last: { of: string; value: Comparison } | null = null;

  function* comparedNow(branch: Branch): Steps<Comparison> {
    const row = yield* one('SELECT total_changes()');
    const of = `${branch.id} ${author.branchId} ${String(row?.[0])}`;
    if (last?.of === of) return last.value;
    last = null;
    const value = yield* compare(journal, author, branch);
    last = { of, value };
    return value;
  }

  /** Reads what a branch has otherwise than its parent, or than another one of the same parent. */
  function differing<T>(
    ref: string,
    beside: string | undefined,
    reading: (parents: readonly number[], compared: Comparison, against: boolean) => Steps<T>,
  ): T {
    const branch = read(findBranch(ref));
    if (branch.id === mainBranch) throw new LoamError('InvalidArgument', 'main comes from no other branch.');
    const parents = read(seenFrom(branch.parent)).visible;
    const changesOn = (of: Branch) => nearby(of, () => read(changesOf(journal, author, of.id)));
    const other = beside === undefined ? null : read(findBranch(beside));
    if (other && other.id !== branch.parent) {
      if (other.parent !== branch.parent) throw notSiblings(branch.name, other.name);
      const changes = changesAgainst(changesOn(branch), changesOn(other));
      const compared: Comparison = { changes, conflicts: new Map(), objects: [] };
      return nearby(branch, () => read(reading(parents, compared, true)));
    }
    return nearby(branch, () =>
      read(
        (function* () {
          // Conflicts name the very changes that are listed.
          return yield* reading(parents, yield* comparedNow(branch), false);
        })(),
      ),
    );
  }

  return {
    branches: (): BranchRow[] => read(listBranches(model, author)),

    /** Begins where the checked-out branch is. Gives its uid. */
    createBranch(name: string, options: { description?: string; switch?: boolean } = {}): { uid: string } {
      const fields = { name: name.trim(), description: options.description ?? null, status: 'draft' };
      refuseTaken(fields.name);
      const made = act('create', `New branch ${fields.name}`, (tx) => create(tx, 'Branch', fields));
      const branch = read(findBranch(made?.uid ?? fields.name));
      if (options.switch === true) go(branch);
      return { uid: branch.uid };
    },

    /** Shows the state of a branch (name or uid) in all tables, for every tab. */
    switchBranch: (ref: string): void => go(read(findBranch(ref))),

    renameBranch(ref: string, name: string): void {
      const branch = read(findBranch(ref));
      if (branch.id === mainBranch) throw builtIn();
      if (name.trim().toLowerCase() !== branch.name.toLowerCase()) refuseTaken(name.trim());
      act('rename', `Rename branch ${branch.name} to ${name.trim()}`, (tx) =>
        update(tx, 'lamindb_branch', [branch.id], { name: name.trim() }),
      );
    },

    /** Ends a branch without merging it; nothing of it is lost, and it can be opened again. */
    closeBranch(ref: string): void {
      const branch = read(findBranch(ref));
      if (branch.id === mainBranch) throw builtIn();
      leave(branch);
      act('close', `Close branch ${branch.name}`, (tx) =>
        update(tx, 'lamindb_branch', [branch.id], { _status_code: branchStatus.closed }),
      );
    },

    reopenBranch(ref: string): void {
      const branch = read(findBranch(ref));
      if (branch.status !== branchStatus.closed)
        throw new LoamError('InvalidArgument', `The branch "${branch.name}" is not closed.`);
      act('open', `Open branch ${branch.name} again`, (tx) =>
        update(tx, 'lamindb_branch', [branch.id], { _status_code: branchStatus.draft }),
      );
    },

    /**
     * What `reading` gives on another branch, without switching: in a transaction that is taken back. Others see nothing of
     * it, since there is one connection and nothing is awaited.
     */
    onBranch,

    /** The same for questions: a merged branch is what it was merged into, not what it had before. */
    seenOn<T>(ref: string, reading: () => T): T {
      let branch = read(findBranch(ref));
      while (branch.status === branchStatus.merged && branch.id !== mainBranch) branch = parentOf(branch);
      return onBranch(branch.uid, reading);
    },

    /** What is to be decided before the branch can be merged into its parent, with what was chosen. */
    branchConflicts: (ref: string): ToldConflict[] => {
      const branch = asked(ref);
      return nearby(branch, () =>
        read(
          (function* () {
            const told: ToldConflict[] = [];
            for (const [conflict, choice] of (yield* compare(journal, author, branch)).conflicts)
              told.push(yield* toldConflict(journal, conflict, choice));
            return told;
          })(),
        ),
      );
    },

    /** Chooses for some conflicts, or takes choices back; it is kept on the branch. */
    chooseForBranch(ref: string, names: readonly CellName[], choice: Partial<Choice> | null): void {
      const branch = asked(ref);
      const wanted = new Set(names.map((name) => JSON.stringify([name.tab, name.id, name.column])));
      const conflicts = [...comparedTo(branch).conflicts.keys()].filter((conflict) => {
        const { tab, id, column } = nameOfConflict(conflict);
        return wanted.has(JSON.stringify([tab, id, column]));
      });
      if (conflicts.length < wanted.size)
        throw new LoamError(
          'DoesNotExist',
          'What was to be decided is no conflict any more. Look at the list again.',
          { branch: branch.name },
        );
      const { side = 'branch', value = null } = choice ?? {};
      const kept = choice
        ? choose(model, branch.id, conflicts, { side, value })
        : unchoose(branch.id, conflicts);
      runSync(driver, inTransaction(kept));
      tellAll('', []);
    },

    /** What the branch has otherwise than its parent, or than another branch of the same parent. */
    branchDiff: (ref: string, spec: DiffSpec = {}): BranchDiff =>
      differing(ref, spec.against, (parents, compared, against) =>
        diffPage(journal, parents, compared, spec, against),
      ),

    /** The records of one type (by its uid) among that, as a table. */
    branchSheet: (ref: string, type: string, spec: DiffSpec = {}): SheetDiff =>
      differing(ref, spec.against, (parents, compared, against) =>
        diffOfSheet(journal, parents, compared, type, spec, against),
      ),

    /** The real merge, taken back: every rule it would break, whatever is decided by now. */
    checkBranch(ref: string): BranchCheck {
      const branch = asked(ref);
      refuseWhileBusy();
      const compared = comparedTo(branch);
      const open = openConflicts(compared);
      return trying(parentOf(branch), function* (tx) {
        const { counts, failures } = yield* tryMerge(tx, branch, compared);
        const told: CheckFailure[] = [];
        for (const { change, column, reason, code } of failures.slice(0, mostFailures)) {
          const about = yield* aboutOf(journal, change.table, change.id, change.values);
          told.push({ ...about, field: column === null ? null : fieldName(column), reason, code });
        }
        const about = yield* aboutRow(journal, tableOf(model, 'lamindb_branch'), branch.id);
        for (const reason of yield* unmetOf(journal, branch))
          told.push({ ...about, field: null, reason, code: 'ReviewNeeded' });
        return { ...counts, ok: open === 0 && told.length === 0, open, failures: told };
      });
    },

    /** Writes what the branch has otherwise on its parent, as one act; the parent is checked out after it. */
    mergeBranch(ref: string): Merged {
      const branch = asked(ref);
      refuseWhileBusy();
      read(refuseUnreviewed(journal, branch));
      const compared = comparedTo(branch);
      const choices = decided(branch, compared);
      const parent = parentOf(branch);
      const from = author.branchUid;
      go(parent);
      try {
        const merged = act('merge', `Merge ${branch.name} into ${parent.name}`, function* (tx) {
          const counts = yield* mergeBranch(tx, branch, compared, choices);
          // Asked for here: after the commit there is nothing left that could fail.
          const row = yield* one('SELECT uid FROM loam_act ORDER BY id DESC LIMIT 1');
          return { ...counts, act: String(row?.[0]), into: parent.name };
        });
        tellAll('', []);
        return merged ?? { made: 0, changed: 0, added: 0, taken: 0, act: '', into: parent.name };
      } catch (error) {
        go(read(findBranch(from)));
        throw error;
      }
    },

    /** The branch takes over what its parent has; it is checked out after it. */
    updateBranch(ref: string): void {
      const branch = asked(ref);
      refuseWhileBusy();
      const compared = comparedTo(branch);
      const choices = decided(branch, compared);
      go(branch);
      act('update', `Update ${branch.name} from ${parentOf(branch).name}`, (tx) =>
        takeOver(tx, branch, compared, choices),
      );
      tellAll('', []);
    },

    /** Main's state in the tables again, whatever was checked out: for a file that other programs open next. */
    rest(): void {
      if (author.branchId !== mainBranch) runSync(driver, switchTo(journal, author, mainBranch));
    },

    /** Used once, when a database is opened for a named branch. One that is only looked at is not changed for it. */
    openOn(ref: string, readOnly: boolean): void {
      const id = read(branchId(ref));
      if (id === author.branchId) return;
      const uid = read(one('SELECT uid FROM lamindb_branch WHERE id = ?', [id]))?.[0];
      if (readOnly) Object.assign(author, { branchId: id, branchUid: String(uid), ...read(seenFrom(id)) });
      else {
        if (id > mainBranch) refuseDone(read(findBranch(ref)));
        runSync(driver, switchTo(journal, author, id));
      }
    },
  };

  function* branchWithId(id: number) {
    const row = yield* one('SELECT uid FROM lamindb_branch WHERE id = ?', [id]);
    return yield* findBranch(String(row?.[0]));
  }

  function refuseTaken(name: string): void {
    if (name === '')
      throw new LoamError('ValidationError', 'A branch needs a name.', { registry: 'Branch', field: 'name' });
    // As Postgres compares them: SQLite's lower() knows A to Z alone.
    const names = read(all('SELECT name FROM lamindb_branch')).map(([known]) => String(known).toLowerCase());
    if (!names.includes(name.toLowerCase())) return;
    throw new LoamError(
      'ValidationError',
      `There is a branch "${name.slice(0, 60)}" already. Take another name.`,
      {
        registry: 'Branch',
        field: 'name',
      },
    );
  }
}

const builtIn = () =>
  new LoamError('ValidationError', 'main is built in: it keeps its name and cannot be closed.', {
    registry: 'Branch',
    field: 'name',
  });
