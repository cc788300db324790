// `loam branch`: branches as a list, what one has otherwise than its parent, whether it can be merged, and its merge taken
// back.
import { count } from '../src/lib/engine/curate/words.ts';
import type { BranchDiff, DiffSpec } from '../src/lib/engine/branch/diff.ts';
import type { DiffObject } from '../src/lib/engine/branch/diff-object.ts';
import { fromFile, toFile } from './branch-file.ts';
import { branchHere, branchNamed, branchTable, conflictLine, countsText, oneBranch } from './branch-words.ts';
import { checkText, diffSummary, failureText, objectText } from './diff-text.ts';
import { tableOfWord } from './entity.ts';
import { withInstance } from './instance.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

type Step = (args: string[], io: Io) => Promise<number | void>;

const steps: Record<string, Step> = { list, diff, check, revert, export: toFile, import: fromFile, held };

export const branch: Verb = {
  summary:
    'List branches; what one has otherwise, check and revert its merge, save it to a file, open it, take in what it holds back.',
  usage:
    'branch list [--json] | branch diff [BRANCH] [--against BRANCH] [--registry NAME] [--kind made|changed|trashed|restored] [--conflicts] [--limit N] [--json] | branch check [BRANCH] [--json] | branch revert BRANCH [--json] | branch export [BRANCH] [--output FILE] [--with-files|--without-files] [--json] | branch import FILE [--json] | branch held [BRANCH] [--take] [--json]',
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

const kinds = ['made', 'changed', 'trashed', 'restored'] as const;
/** Objects that are asked for at once. */
const page = 200;

async function diff(args: string[], io: Io): Promise<void> {
  const { values, positionals } = flags(args, {
    against: { type: 'string' },
    registry: { type: 'string' },
    kind: { type: 'string' },
    conflicts: { type: 'boolean' },
    limit: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { against, registry, conflicts } = values;
  const kind = kinds.find((one) => one === values.kind);
  if (values.kind !== undefined && !kind)
    throw new Usage(`--kind is one of ${kinds.join(', ')}, not "${values.kind}".`);
  const limit = values.limit === undefined ? Infinity : Number(values.limit);
  if (values.limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1))
    throw new Usage(`--limit is a whole number from 1, not "${values.limit}".`);
  const table = registry === undefined ? undefined : tableOfWord(registry);
  await withInstance(io, ({ engine }) => {
    const branch = branchHere(engine, positionals);
    const other = against === undefined ? null : branchNamed(engine, against);
    const spec: DiffSpec = {
      ...(other ? { against: other.uid } : {}),
      ...(table ? { registry: table.registry ?? table.name } : {}),
      ...(kind ? { kind } : {}),
      ...(conflicts ? { conflicts } : {}),
    };
    const objects: DiffObject[] = [];
    let answer: BranchDiff;
    let after: string | null = null;
    do {
      const most = Math.min(page, limit - objects.length);
      answer = engine.branchDiff(branch.uid, { ...spec, limit: most, ...(after === null ? {} : { after }) });
      objects.push(...answer.objects);
      after = answer.next;
    } while (after !== null && objects.length < limit);
    if (values.json) return io.out(JSON.stringify({ branch: branch.name, ...answer, objects }, null, 1));
    io.err(diffSummary(answer));
    const beside = other?.name ?? branch.parent?.name ?? 'main';
    for (const object of objects) io.out(objectText(object, beside));
    if (answer.found > objects.length) io.err(`… and ${count(answer.found - objects.length, 'more object')}`);
  });
}

/** Runs the merge without keeping it. */
async function check(args: string[], io: Io): Promise<number> {
  const { values, positionals } = flags(args, { json: { type: 'boolean' } });
  return withInstance(io, ({ engine }) => {
    const branch = branchHere(engine, positionals);
    const checked = engine.checkBranch(branch.uid);
    const open = engine.branchConflicts(branch.uid).filter(({ choice }) => choice === null);
    if (values.json) io.out(JSON.stringify({ branch: branch.name, ...checked, conflicts: open }, null, 1));
    else {
      io.out(checkText(branch.name, branch.parent?.name ?? 'main', checked));
      for (const conflict of open) io.out(`  ${conflictLine(conflict)}`);
      for (const failure of checked.failures) io.out(`  ${failureText(failure)}`);
    }
    return checked.ok ? 0 : 1;
  });
}

/** What a branch out of a file waits for; `--take` takes in what fits by now. */
async function held(args: string[], io: Io): Promise<void> {
  const { values, positionals } = flags(args, { take: { type: 'boolean' }, json: { type: 'boolean' } });
  await withInstance(io, ({ engine }) => {
    const { uid, name } = branchHere(engine, positionals);
    const before = engine.waitingOfBranch(uid);
    const received = values.take && before.changes > 0 ? engine.takeHeld(uid) : null;
    const now = received ? engine.waitingOfBranch(uid) : before;
    if (values.json) return io.out(JSON.stringify({ branch: name, ...now, received }, null, 1));
    if (received) io.out(`took in: ${countsText(received)}`);
    if (now.changes === 0) io.out(`nothing of ${name} is held back`);
    else io.out(`${count(now.changes, 'change')} of ${name} held back, ${now.ready} of them fit now`);
    for (const row of now.rows)
      io.out(
        `  ${row.registry} ${row.name} (${row.uid}) ${row.branch === null ? 'is not here' : `is on the branch ${row.branch}`}: ${count(row.changes, 'change')}`,
      );
    if (now.more > 0) io.out(`  … and ${count(now.more, 'more row')}`);
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
