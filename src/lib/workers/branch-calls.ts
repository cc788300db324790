// Branches and their reviews over the engine, as the wire has them.
import type { Engine } from '../engine/index.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import type { BranchApi, BranchFileApi } from './branch-wire.ts';
import type { ReviewApi } from './review-wire.ts';
import type { EngineEvent } from './wire.ts';

/** How a method of the engine is called for a page. */
export interface Calls {
  /** Its act takes the request's name. */
  writing<A extends unknown[], R>(method: (...args: A) => R | Promise<R>): (...args: A) => Promise<R>;
  direct<A extends unknown[], R>(method: (...args: A) => R | Promise<R>): (...args: A) => Promise<R>;
  /** Not while the past is looked at. */
  ofNow<A extends unknown[], R>(method: (...args: A) => Promise<R>): (...args: A) => Promise<R>;
}

export function branchCalls(
  engine: Engine,
  { writing, direct, ofNow }: Calls,
  emit: (event: EngineEvent) => void,
  files: BranchFileApi,
): BranchApi & ReviewApi {
  /** After it another branch may be checked out: every tab hears of that before the answer. */
  const onTheMove = <A extends unknown[], R>(method: (...args: A) => R | Promise<R>) => {
    const write = writing(method);
    return async (...args: A): Promise<R> => {
      const value = await write(...args);
      emit({ type: 'status', status: { branch: engine.status().branch } });
      return value;
    };
  };
  return {
    branches: direct(engine.branches),
    createBranch: onTheMove(engine.createBranch),
    switchBranch: onTheMove(engine.switchBranch),
    renameBranch: onTheMove(engine.renameBranch),
    closeBranch: onTheMove(engine.closeBranch),
    reopenBranch: onTheMove(engine.reopenBranch),
    branchDiff: direct(engine.branchDiff),
    branchSheet: direct(engine.branchSheet),
    checkBranch: direct(engine.checkBranch),
    exportBranch: ofNow(engine.exportBranch),
    readBundle: direct((file) => engine.readBundle(blobSource(file))),
    branchFiles: ofNow(files.branchFiles),
    saveBranchFile: ofNow(files.saveBranchFile),
    stageBranchFile: ofNow(files.stageBranchFile),
    importBranch: writing(files.importBranch),
    cancelBranchFile: direct(files.cancelBranchFile),
    heldOfBranch: direct(engine.heldOfBranch),
    waitingOfBranch: direct(engine.waitingOfBranch),
    takeHeld: writing(async (ref) => engine.takeHeld(ref)),
    branchConflicts: direct(engine.branchConflicts),
    chooseForBranch: writing(async (ref, names, choice) => engine.chooseForBranch(ref, names, choice)),
    mergeBranch: onTheMove(engine.mergeBranch),
    updateBranch: onTheMove(engine.updateBranch),
    revertBranch: onTheMove(engine.revertBranch),
    branchReview: direct(engine.branchReview),
    askForReview: writing(engine.askForReview),
    saveBranchReadme: writing(engine.saveBranchReadme),
    addReviewer: writing(engine.addReviewer),
    removeReviewer: writing(engine.removeReviewer),
    giveVerdict: writing(engine.giveVerdict),
    commentOnBranch: writing(engine.commentOnBranch),
    resolveThread: writing(engine.resolveThread),
    removeBranchComment: writing(engine.removeBranchComment),
    reviewRules: direct(engine.reviewRules),
    setReviewRules: writing(engine.setReviewRules),
  };
}
