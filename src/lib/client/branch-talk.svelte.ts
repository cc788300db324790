// The review of a branch as its page shows it, and what a comment that is being written is about.
import type { Anchor, BranchReview, Person, Thread, Verdict } from '../workers/review-wire.ts';
import type { BranchRow } from '../workers/wire.ts';
import { live } from './live.svelte.ts';
import { attempt } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

/** An object of the differences, for links to it. */
export const diffId = (registry: string, uid: string): string => `diff-${registry}-${uid}`;

export type Subject = Anchor & { row: string };

/** What the next comment is about; null for the branch as a whole. */
let about = $state.raw<Subject | null>(null);
/** Threads of the branch that is on the screen, where the differences show how many there are. */
let threads = $state.raw<readonly Thread[]>([]);
/** Null while no branch is on the screen that can be talked about. */
let write = $state.raw<(() => void) | null>(null);

/** What the differences need of the talk. */
export const talking = {
  get about() {
    return about;
  },
  get can() {
    return write !== null;
  },
  begin(subject: Subject): void {
    about = subject;
    write?.();
  },
  drop(): void {
    about = null;
  },
  /** The panel that writes; it takes itself away again. */
  take(focus: () => void): () => void {
    write = focus;
    return () => {
      write = null;
      about = null;
    };
  },
  openOn: (registry: string, uid: string, field: string | null): number =>
    threads.filter(
      ({ anchor, resolved }) =>
        !resolved && anchor?.registry === registry && anchor.uid === uid && anchor.field === field,
    ).length,
};

/** Somebody who was asked for a review, or spoke without being asked. */
export interface Voice {
  person: Person;
  asked: boolean;
  verdict: Verdict | null;
}

export function voicesOf({ reviewers, verdicts }: BranchReview): Voice[] {
  return [
    ...reviewers.map((person) => ({
      person,
      asked: true,
      verdict: verdicts.find(({ by }) => by.uid === person.uid) ?? null,
    })),
    ...verdicts.flatMap((verdict) =>
      reviewers.some(({ uid }) => uid === verdict.by.uid)
        ? []
        : [{ person: verdict.by, asked: false, verdict }],
    ),
  ];
}

/** Must be called while a component is being created. */
export function branchTalk(branch: () => BranchRow | undefined) {
  const asked = live(async () => {
    const row = branch();
    return row && !row.main ? await session.engine.branchReview(row.uid) : null;
  }, ['']);
  $effect(() => {
    threads = asked.value?.threads ?? [];
    return () => (threads = []);
  });
  return {
    get value() {
      return asked.value ?? null;
    },
    get error() {
      return asked.error;
    },
    /** Does one step of the review; false where it was refused, in words. */
    async step(failed: string, does: (uid: string) => Promise<void>): Promise<boolean> {
      const row = branch();
      if (!row) return false;
      return (await attempt(failed, () => does(row.uid).then(() => true as const))) === true;
    },
  };
}

export type BranchTalk = ReturnType<typeof branchTalk>;
