// `loam merge`: a branch into the one that is checked out here, as with lamin; unlike there it has to come from it, and what
// both changed is asked instead of overwritten.
import type { Engine } from '../src/lib/engine/index.ts';
import type { Side } from '../src/lib/engine/branch/choices.ts';
import { count } from '../src/lib/engine/curate/words.ts';
import { LoamError } from '../src/lib/engine/errors.ts';
import { branchNamed, conflictLine, countsText, oneBranch } from './branch-words.ts';
import { withInstance } from './instance.ts';
import { flags, Usage, type Verb } from './verb.ts';

export const merge: Verb = {
  summary: 'Merge a branch into the one that is checked out.',
  usage: "merge BRANCH [--ours | --theirs] [--json]  (ours: what the branch has; theirs: its parent's)",
  async run(args, io) {
    const { values, positionals } = flags(args, {
      ours: { type: 'boolean' },
      theirs: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const ref = oneBranch(positionals);
    if (values.ours && values.theirs) throw new Usage('Pass only one of --ours and --theirs.');
    const side: Side | null = values.ours ? 'branch' : values.theirs ? 'parent' : null;
    return withInstance(io, ({ engine }) => {
      const branch = branchNamed(engine, ref);
      refuseElsewhere(engine, branch);
      if (side !== null) decideAll(engine, branch.uid, side);
      const open = engine.branchConflicts(branch.uid).filter(({ choice }) => choice === null);
      if (open.length > 0) {
        if (values.json) io.out(JSON.stringify({ merged: false, conflicts: open }, null, 1));
        else for (const conflict of open) io.out(conflictLine(conflict));
        io.err(
          `${count(open.length, 'conflict')} of ${branch.name} to be decided; nothing was merged. Decide them in the app, or all at once: --ours takes what ${branch.name} has, --theirs what ${branch.parent?.name ?? 'main'} has.`,
        );
        return 1;
      }
      const merged = engine.mergeBranch(branch.uid);
      if (values.json) io.out(JSON.stringify({ merged: true, branch: branch.name, ...merged }, null, 1));
      else io.out(`merged ${branch.name} into ${merged.into}: ${countsText(merged)}`);
      return 0;
    });
  },
};

/** One side for all of them, whatever was chosen before. */
function decideAll(engine: Engine, uid: string, side: Side): void {
  const names = engine.branchConflicts(uid).map(({ name }) => name);
  if (names.length > 0) engine.chooseForBranch(uid, names, { side });
}

/** lamin merges into whatever is checked out; here what a branch changed is known against the branch it comes from. */
function refuseElsewhere(engine: Engine, branch: ReturnType<typeof branchNamed>): void {
  const here = engine.status().branch;
  if (branch.parent === null)
    throw new LoamError('InvalidArgument', 'main comes from no other branch. Name the branch to merge.');
  if (here.uid === branch.parent.uid) return;
  throw new LoamError(
    'InvalidArgument',
    `${branch.name} comes from ${branch.parent.name} and is merged there, but ${here.name} is checked out. Run "loam switch ${branch.parent.name}" first.`,
    { branch: branch.name },
  );
}
