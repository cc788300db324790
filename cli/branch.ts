// `loam branch`: branches as a list, what one has otherwise than its parent, whether it can be merged, and its merge taken
// back.
import { branchNamed, branchTable, count } from './branch-words.ts';
import { withInstance } from './instance.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

type Step = (args: string[], io: Io) => Promise<number | void>;

const steps: Record<string, Step> = { list, revert };

export const branch: Verb = {
  summary: 'List branches; take the merge of one back.',
  usage: 'branch list [--json] | branch revert BRANCH [--json]',
  async run([what, ...args], io) {
    const step = what !== undefined && Object.hasOwn(steps, what) ? steps[what] : undefined;
    if (!step)
      throw new Usage(
        what ? `There is no "branch ${what}"; known: ${Object.keys(steps).join(', ')}.` : 'Say what to do.',
      );
    return step(args, io);
  },
};

async function list(args: string[], io: Io): Promise<void> {
  const { values, positionals } = flags(args, { json: { type: 'boolean' } });
  if (positionals[0] !== undefined) throw new Usage(`"${positionals[0]}" is not expected here.`);
  await withInstance(io, ({ engine }) => {
    const rows = engine.branches();
    io.out(values.json ? JSON.stringify(rows, null, 1) : branchTable(rows, engine.status().branch.name));
  });
}

async function revert(args: string[], io: Io): Promise<void> {
  const { values, positionals } = flags(args, { json: { type: 'boolean' } });
  const ref = oneBranch(positionals);
  await withInstance(io, async ({ engine }) => {
    const { uid, name } = branchNamed(engine, ref);
    const { from, restored, skipped, skippedCount } = await engine.revertBranch(uid);
    if (values.json)
      return io.out(JSON.stringify({ branch: name, from, restored, skipped, skippedCount }, null, 1));
    io.out(`took the merge of ${name} back from ${from}`);
    for (const { table, row, column, reason, by } of skipped)
      io.err(
        `stays: ${table} ${row}${column === null ? '' : `, ${column}`}: ${reason}${by ? ` by ${by}` : ''}`,
      );
    if (skippedCount > skipped.length) io.err(`stays: ${count(skippedCount - skipped.length, 'more row')}`);
  });
}

export function oneBranch(positionals: readonly string[]): string {
  const [ref, more] = positionals;
  if (ref === undefined || more !== undefined) throw new Usage('Name one branch.');
  return ref;
}
