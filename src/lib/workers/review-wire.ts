// Reviews of branches, as they cross the worker border.
import type { Anchor, BranchReview, ReviewRules } from '../engine/branch/review.ts';

export type {
  Anchor,
  BranchReview,
  Person,
  ReviewComment,
  ReviewRules,
  Thread,
  Verdict,
} from '../engine/branch/review.ts';

export interface ReviewApi {
  branchReview(ref: string): Promise<BranchReview>;
  /** `review` asks for one, `draft` takes the wish back. */
  askForReview(ref: string, status: 'review' | 'draft'): Promise<void>;
  saveBranchReadme(ref: string, content: string): Promise<void>;
  /** By uid or handle. */
  addReviewer(ref: string, user: string): Promise<void>;
  removeReviewer(ref: string, user: string): Promise<void>;
  /** One's own word on the branch as it is now; `withdraw` leaves none. */
  giveVerdict(ref: string, verdict: 'approve' | 'changes' | 'withdraw', text?: string): Promise<void>;
  /** Begins a thread on the branch, an object or a field of it, or answers one. */
  commentOnBranch(ref: string, text: string, about?: { anchor?: Anchor; reply?: string }): Promise<void>;
  resolveThread(ref: string, uid: string, resolved: boolean): Promise<void>;
  removeBranchComment(ref: string, uid: string): Promise<void>;
  /** What merges of this database wait for. */
  reviewRules(): Promise<ReviewRules>;
  setReviewRules(rules: ReviewRules): Promise<void>;
}
