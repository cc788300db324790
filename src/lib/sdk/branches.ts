// Branches under LaminDB's names (`ln.setup.switch`, `ln.setup.merge`, 2.12.1 `lamindb_setup`) and what rows of `ln.Branch` can
// do beside: what is to be decided, the merge, its revert, and taking over what the parent has.
import { LoamError } from '../engine/errors.ts';
import type {
  BranchCheck,
  BranchDiff,
  BranchHeld,
  BranchRow,
  Choice,
  DiffSpec,
  Merged,
  Received,
  Reverted,
  ToldConflict,
} from '../workers/wire.ts';
import type { RegistryCore, Shared } from './registry.ts';
import { stateOf } from './state.ts';

/** A branch as its row, name or uid. */
export type BranchRef = string | object;

export interface Setup {
  /** Shows the state of a branch; with `create` a new one that begins here. */
  switch(target: BranchRef, options?: { create?: boolean; space?: boolean }): Promise<void>;
  /** Merges a branch into the one it comes from, which has to be the current one, or is named. It is the current one then. */
  merge(branch: BranchRef, options?: { target?: BranchRef }): Promise<Merged>;
}

/** What all of a conflict's sides are: the branch's value, its parent's, or another. */
export type ChosenSide = 'branch' | 'parent' | { value: string | number | null };

export interface BranchMethods {
  /** Where it comes from, and how far both went since. */
  standing(): Promise<BranchRow>;
  /** What it has otherwise than the branch it comes from (or a sibling: `against`), by object and field, a page at a time. */
  diff(options?: Omit<DiffSpec, 'against'> & { against?: BranchRef }): Promise<BranchDiff>;
  /** Runs the merge without keeping it: whether it can be done, and every rule that is broken. */
  check(): Promise<BranchCheck>;
  /** What is to be decided before it can be merged, with what was chosen. */
  conflicts(): Promise<ToldConflict[]>;
  /** Chooses for some of them; kept on the branch. Null takes choices back. */
  choose(conflicts: readonly ToldConflict[], side: ChosenSide | null): Promise<void>;
  /** Into the branch it comes from, as one act. */
  merge(): Promise<Merged>;
  /** Takes its merge back as one act; what was changed there since stays and is listed. */
  revert(): Promise<Reverted>;
  /** Takes over what the branch it comes from has by now. */
  updateFromParent(): Promise<void>;
  /** Changes out of a file that wait for rows which are not here, by those rows. */
  held(): Promise<BranchHeld>;
  /** Takes them in as far as those rows are here by now; tells what came in and what still waits. */
  takeHeld(): Promise<Received>;
  /** Ends it without a merge. */
  close(): Promise<void>;
  reopen(): Promise<void>;
}

function refOfBranch(target: BranchRef): string {
  if (typeof target === 'string') return target;
  const state = stateOf(target);
  if (state?.registry === 'Branch' && state.uid !== null) return state.uid;
  if (state?.registry === 'Branch')
    throw new LoamError('ValueError', 'This branch is not saved yet; save it first.', { registry: 'Branch' });
  throw new LoamError('TypeError', 'A branch is named by its row, its name or its uid.');
}

async function branchNamed({ engine }: Shared, target: BranchRef): Promise<BranchRow> {
  const ref = refOfBranch(target);
  const found = (await engine.branches()).find(
    ({ uid, name }) => uid === ref || name.toLowerCase() === ref.toLowerCase(),
  );
  if (found) return found;
  throw new LoamError(
    'DoesNotExist',
    `There is no branch "${ref}". Pass { create: true } to ln.setup.switch to create it.`,
    { branch: ref },
  );
}

export function createSetup(shared: Shared): Setup {
  const { engine } = shared;
  return {
    async switch(target, { create = false, space = false } = {}) {
      if (space)
        throw new LoamError(
          'NotSupportedError',
          'The space is given when the database is opened: connect(directory, { space }).',
        );
      if (create) await engine.createBranch(refOfBranch(target), { switch: true });
      else await engine.switchBranch((await branchNamed(shared, target)).uid);
      await shared.whereabouts();
    },
    async merge(branch, { target } = {}) {
      const source = await branchNamed(shared, branch);
      const into = await branchNamed(shared, target ?? (await engine.status()).branch.uid);
      if (source.parent && source.parent.uid !== into.uid)
        throw new LoamError(
          'InvalidArgument',
          `${source.name} comes from ${source.parent.name} and is merged there, not into ${into.name}. Switch to ${source.parent.name} first, or name it as target.`,
          { branch: source.name },
        );
      const merged = await engine.mergeBranch(source.uid);
      await shared.whereabouts();
      return merged;
    },
  };
}

/** Methods of a row of `ln.Branch`, each with the row first. */
export function branchMethods(
  core: RegistryCore,
): Record<string, (row: object, ...args: never[]) => Promise<unknown>> {
  const { engine, shared } = core;
  /** What moves the branch leaves its row, and what is checked out, as they are then. */
  const moving = async <T>(row: object, act: (uid: string) => Promise<T>): Promise<T> => {
    const done = await act(refOfBranch(row));
    await core.reload(row);
    await shared.whereabouts();
    return done;
  };
  return {
    standing: (row) => branchNamed(shared, row),
    diff: (row, { against, ...spec }: Omit<DiffSpec, 'against'> & { against?: BranchRef } = {}) =>
      engine.branchDiff(refOfBranch(row), {
        ...spec,
        ...(against === undefined ? {} : { against: refOfBranch(against) }),
      }),
    check: (row) => engine.checkBranch(refOfBranch(row)),
    conflicts: (row) => engine.branchConflicts(refOfBranch(row)),
    choose: (row, conflicts: readonly ToldConflict[], side: ChosenSide | null) =>
      engine.chooseForBranch(
        refOfBranch(row),
        conflicts.map(({ name }) => name),
        side === null ? null : choiceOf(side),
      ),
    merge: (row) => moving(row, (uid) => engine.mergeBranch(uid)),
    revert: (row) => moving(row, (uid) => engine.revertBranch(uid)),
    updateFromParent: (row) => moving(row, (uid) => engine.updateBranch(uid)),
    held: (row) => engine.waitingOfBranch(refOfBranch(row)),
    takeHeld: (row) => engine.takeHeld(refOfBranch(row)),
    close: (row) => moving(row, (uid) => engine.closeBranch(uid)),
    reopen: (row) => moving(row, (uid) => engine.reopenBranch(uid)),
  };
}

function choiceOf(side: ChosenSide): Partial<Choice> {
  if (side === 'branch' || side === 'parent') return { side };
  if (typeof side === 'object' && 'value' in side) return { side: 'edit', value: side.value };
  throw new LoamError(
    'ValueError',
    `A side is 'branch', 'parent' or { value }, not ${JSON.stringify(side) ?? typeof side}.`,
  );
}
