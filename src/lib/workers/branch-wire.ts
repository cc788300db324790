// Branches as the page asks for them. What each does: engine/branch/part.ts.
import type { BranchRow } from '../engine/branch/branches.ts';
import type { BundleFacts, ExportedBranch } from '../engine/branch/bundle-part.ts';
import type { ImportedBranch } from '../engine/branch/bundle-import.ts';
import type { BranchHeld } from '../engine/branch/bundle-held.ts';
import type { FilesOfBranch, SavedBranchFile } from './bundles.ts';
import type { Received } from '../engine/branch/bundle-receive.ts';
import type { CellName, Choice } from '../engine/branch/choices.ts';
import type { BranchDiff, DiffSpec } from '../engine/branch/diff.ts';
import type { SheetDiff } from '../engine/branch/diff-sheet.ts';
import type { BranchCheck, Merged } from '../engine/branch/part.ts';
import type { Reverted } from '../engine/branch/revert.ts';
import type { ToldConflict } from '../engine/branch/told.ts';

export type { BranchRow } from '../engine/branch/branches.ts';
export type { BundleFacts, ExportedBranch } from '../engine/branch/bundle-part.ts';
export type { ImportedBranch } from '../engine/branch/bundle-import.ts';
export type { BranchHeld, HeldRow } from '../engine/branch/bundle-held.ts';
export type { FilesOfBranch, SavedBranchFile } from './bundles.ts';
export type { HeldBack, Received } from '../engine/branch/bundle-receive.ts';
export type { CellName, Choice } from '../engine/branch/choices.ts';
export type { BranchDiff, DiffSpec } from '../engine/branch/diff.ts';
export type { DiffField, DiffKind, DiffObject } from '../engine/branch/diff-object.ts';
export type { SheetCell, SheetColumn, SheetDiff, SheetFacts, SheetRow } from '../engine/branch/diff-sheet.ts';
export type { BranchCheck, CheckFailure, Merged } from '../engine/branch/part.ts';
export type { Reverted } from '../engine/branch/revert.ts';
export type { ToldConflict } from '../engine/branch/told.ts';

/** A branch in a file, with the bytes of its artifacts; a token names what can be cancelled and tells how far it is (`view`). */
export interface BranchFileApi {
  /** Which files of a branch's artifacts can go along. */
  branchFiles(ref: string): Promise<FilesOfBranch>;
  /** Writes an open branch with its files into a picked file, or one for a download. */
  saveBranchFile(token: string, ref: string, target: FileSystemFileHandle | null): Promise<SavedBranchFile>;
  /** Reads every byte of a file and stages the bytes that it has of artifacts, for `importBranch`. */
  stageBranchFile(token: string, file: File): Promise<void>;
  /** Makes the branch of a file here; what is checked out stays so. Rows it leans on that are not here are told. */
  importBranch(file: File, token?: string): Promise<ImportedBranch>;
  /** Ends saving or staging, or gives up what was staged; nothing of it stays. */
  cancelBranchFile(token: string): Promise<void>;
}

export interface BranchApi extends BranchFileApi {
  /** Main first, then open ones, newest first, then those that are done. */
  branches(): Promise<BranchRow[]>;
  /** Begins where the checked-out branch is; `switch` goes to it at once. */
  createBranch(name: string, options?: { description?: string; switch?: boolean }): Promise<{ uid: string }>;
  /** Shows the state of a branch (name or uid) in all tables, for every tab. */
  switchBranch(ref: string): Promise<void>;
  renameBranch(ref: string, name: string): Promise<void>;
  closeBranch(ref: string): Promise<void>;
  reopenBranch(ref: string): Promise<void>;
  /** What a branch has otherwise than its parent, or than another branch of the same parent; by object, in pages. */
  branchDiff(ref: string, spec?: DiffSpec): Promise<BranchDiff>;
  /** Of the same the records of one type (by its uid), as a table with its features as columns; in pages. */
  branchSheet(ref: string, type: string, spec?: DiffSpec): Promise<SheetDiff>;
  /** The real merge, taken back: every rule it would break. */
  checkBranch(ref: string): Promise<BranchCheck>;
  /** An open branch as the bytes of a `.loam` file: its net changes, for another copy of this database. */
  exportBranch(ref: string): Promise<ExportedBranch>;
  /** What such a file holds, without taking it in. Refuses in words what is cut off, altered or none. */
  readBundle(file: File): Promise<BundleFacts>;
  /** How many rows, cells and links of a branch out of a file wait for rows that are not here. */
  heldOfBranch(ref: string): Promise<number>;
  /** The rows that they wait for, and how many fit by now. */
  waitingOfBranch(ref: string): Promise<BranchHeld>;
  /** Takes them in as far as those are here by now. */
  takeHeld(ref: string): Promise<Received>;
  /** What is to be decided before the branch can be merged into its parent, with what was chosen. */
  branchConflicts(ref: string): Promise<ToldConflict[]>;
  /** Chooses for some conflicts (null takes choices back); kept on the branch. */
  chooseForBranch(ref: string, names: CellName[], choice: Partial<Choice> | null): Promise<void>;
  /** Writes what the branch has otherwise on its parent, as one act that an undo takes back; the parent is checked out then. */
  mergeBranch(ref: string): Promise<Merged>;
  /** The branch takes over what its parent has; it is checked out then. */
  updateBranch(ref: string): Promise<void>;
  /** Takes the merge of a branch back as one act; the branch that it was merged into is checked out then. */
  revertBranch(ref: string): Promise<Reverted>;
}
