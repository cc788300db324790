// Branches as the screens handle them: switching with its progress in words, making one, merging with a way back, and saying
// so when another tab switched. What a branch is the engine knows; all tabs of a database show the same one.
import { toast } from 'svelte-sonner';
import type { BranchRow } from '../workers/wire.ts';
import { attempt, say, tellUndone } from './notices.svelte.ts';
import { past } from './past.svelte.ts';
import { session } from './session.svelte.ts';
import { plural } from './words.ts';

/** What is going on with a branch, in words, once it takes longer than a glance. */
let doing = $state<string | null>(null);
/** Form for a new branch, and the popover that switches. */
let making = $state(false);
let choosing = $state(false);
/** Moves that this tab asked for: what they bring about is no news here. */
let moves = 0;
let known: string | null = null;

/** What this page showed last, by its uid. */
$effect.root(() => {
  $effect(() => {
    const branch = session.status?.branch;
    if (!branch) return;
    const { uid, name, isMain } = branch;
    const before = known;
    known = uid;
    if (before === null || before === uid || moves > 0) return;
    say(
      isMain ? 'Another tab went back to main' : `Another tab switched to the branch “${name}”`,
      'All tabs of this database show the same branch.',
    );
  });
});

/** Runs what may check another branch out; after a third of a second it says what it is doing. */
async function move<T>(words: string, failed: string, act: () => Promise<T>): Promise<T | undefined> {
  moves += 1;
  const timer = setTimeout(() => (doing = words), 300);
  try {
    return await attempt(failed, act);
  } finally {
    clearTimeout(timer);
    doing = null;
    moves -= 1;
  }
}

const yes = () => true as const;

export const branches = {
  /** Another database or the past is looked at: nothing can be changed. */
  get fixed(): boolean {
    return session.looking !== null || past.at !== null;
  },
  get doing() {
    return doing;
  },
  get making() {
    return making;
  },
  set making(next: boolean) {
    making = next && !branches.fixed;
  },
  get choosing() {
    return choosing;
  },
  set choosing(next: boolean) {
    choosing = next && !branches.fixed;
  },
  /** Null while main, or nothing yet, is checked out. */
  get current(): { uid: string; name: string } | null {
    const branch = session.status?.branch;
    return branch && !branch.isMain ? branch : null;
  },

  async switchTo(uid: string, name: string): Promise<void> {
    if (uid === session.status?.branch.uid) return;
    await move(`Switching to ${name}…`, `Could not switch to “${name}”`, () =>
      session.engine.switchBranch(uid),
    );
  },
  backToMain: (): Promise<void> => branches.switchTo('main', 'main'),

  /** Begins where the checked-out branch is, and goes there. False where it was refused, in words. */
  async create(name: string, description: string): Promise<boolean> {
    const options = { switch: true, ...(description === '' ? {} : { description }) };
    const made = await move(`Making ${name}…`, 'Could not make the branch', () =>
      session.engine.createBranch(name, options),
    );
    return made !== undefined;
  },

  async close({ uid, name }: BranchRow): Promise<void> {
    const done = await move(`Closing ${name}…`, `Could not close “${name}”`, () =>
      session.engine.closeBranch(uid).then(yes),
    );
    if (done)
      toast(`Closed “${name}”`, {
        description: 'Nothing of it is lost.',
        action: { label: 'Open again', onClick: () => void branches.reopen({ uid, name }) },
      });
  },
  async reopen({ uid, name }: Pick<BranchRow, 'uid' | 'name'>): Promise<void> {
    const done = await move(`Opening ${name}…`, `Could not open “${name}” again`, () =>
      session.engine.reopenBranch(uid).then(yes),
    );
    if (done) say(`“${name}” is open again`);
  },

  async merge({ uid, name }: Pick<BranchRow, 'uid' | 'name'>): Promise<void> {
    const merged = await move(`Merging ${name}…`, `Could not merge “${name}”`, () =>
      session.engine.mergeBranch(uid),
    );
    if (!merged) return;
    const { made, changed, added, taken } = merged;
    const parts = [
      ...(made > 0 ? [`${plural(made, 'object')} came new`] : []),
      ...(changed > 0 ? [`${plural(changed, 'object')} changed`] : []),
      ...(added + taken > 0 ? [`${plural(added + taken, 'link')} and values changed`] : []),
    ];
    toast(`Merged “${name}” into ${merged.into}`, {
      description: parts.length > 0 ? `${parts.join(', ')}.` : 'Nothing had to be changed.',
      action: { label: 'Undo merge', onClick: () => void branches.revert({ uid, name }) },
      duration: 20_000,
    });
  },
  /** Takes a merge back; the branch goes on from there. */
  async revert({ uid, name }: Pick<BranchRow, 'uid' | 'name'>): Promise<void> {
    const report = await move(
      `Taking the merge of ${name} back…`,
      `Could not take the merge of “${name}” back`,
      () => session.engine.revertBranch(uid),
    );
    if (report) tellUndone(report);
  },

  async update({ uid, name, parent }: Pick<BranchRow, 'uid' | 'name' | 'parent'>): Promise<void> {
    const from = parent?.name ?? 'main';
    const done = await move(`Updating ${name}…`, `Could not update “${name}” from ${from}`, () =>
      session.engine.updateBranch(uid).then(yes),
    );
    if (done) say(`“${name}” has all that ${from} has`);
  },

  async rename({ uid }: BranchRow, name: string): Promise<void> {
    await session.engine.renameBranch(uid, name);
  },
};
