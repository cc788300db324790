// `loam branch`: branches as a list, what one has otherwise than its parent, whether it can be merged, and its merge taken
// back.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { count } from '../src/lib/engine/curate/words.ts';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { BranchRow } from '../src/lib/engine/branch/branches.ts';
import type { BranchDiff, DiffSpec } from '../src/lib/engine/branch/diff.ts';
import type { DiffObject } from '../src/lib/engine/branch/diff-object.ts';
import type { Engine } from '../src/lib/engine/index.ts';
import {
  branchNamed,
  branchTable,
  conflictLine,
  countsText,
  minute,
  oneBranch,
  reviewText,
} from './branch-words.ts';
import { checkText, diffSummary, failureText, objectText } from './diff-text.ts';
import { tableOfWord } from './entity.ts';
import { absolute, withInstance } from './instance.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

type Step = (args: string[], io: Io) => Promise<number | void>;

const steps: Record<string, Step> = { list, diff, check, revert, export: toFile, import: fromFile, held };

export const branch: Verb = {
  summary:
    'List branches; what one has otherwise, check and revert its merge, save it to a file, open it, take in what it holds back.',
  usage:
    'branch list [--json] | branch diff [BRANCH] [--against BRANCH] [--registry NAME] [--kind made|changed|trashed|restored] [--conflicts] [--limit N] [--json] | branch check [BRANCH] [--json] | branch revert BRANCH [--json] | branch export [BRANCH] [--output FILE] [--json] | branch import FILE [--json] | branch held [BRANCH] [--take] [--json]',
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

/** An open branch as one file, for another copy of this database. */
async function toFile(args: string[], io: Io): Promise<void> {
  const { values, positionals } = flags(args, { output: { type: 'string' }, json: { type: 'boolean' } });
  await withInstance(io, async ({ engine }) => {
    const { uid, name } = branchHere(engine, positionals);
    const path = absolute(io, values.output ?? `./${name.replace(/[^\w.-]+/g, '-')}.loam`);
    if (existsSync(path))
      throw new LoamError('InvalidArgument', `${path} exists already. Name another file with --output.`);
    const { bytes, signed, counts, blobs } = await engine.exportBranch(uid);
    writeFileSync(path, bytes, { flag: 'wx' });
    if (values.json) io.out(JSON.stringify({ branch: name, path, signed, counts, blobs }, null, 1));
    else io.out(path);
    io.err(`${countsText(counts)}; ${signed ? 'signed' : 'not signed: this Node has no Ed25519'}`);
    if (blobs.length > 0)
      io.err(`${count(blobs.length, 'artifact')} made on it: the file names their bytes and holds none.`);
  });
}

async function fromFile(args: string[], io: Io): Promise<void> {
  const { values, positionals } = flags(args, { json: { type: 'boolean' } });
  const [given, more] = positionals;
  if (given === undefined || more !== undefined) throw new Usage('Name one file.');
  const path = absolute(io, given);
  if (!existsSync(path)) throw new LoamError('DoesNotExist', `There is no file ${given}.`);
  await withInstance(io, async ({ engine }) => {
    const received = await engine.importBranch(new Uint8Array(readFileSync(path)));
    const { branch, author, madeAt, signedBy, checked, held, review } = received;
    if (values.json) return io.out(JSON.stringify(received, null, 1));
    io.out(`opened branch ${branch.name}: ${countsText(received)}`);
    const by = `saved by ${author.handle} at ${minute(madeAt)}`;
    const signature = signedBy === null ? 'not signed' : `signed with ${signedBy}`;
    io.err(`${by}, ${signature}${checked ? '' : ' (not checked: this Node has no Ed25519)'}`);
    if (reviewText(review) !== '') io.err(`its review: ${reviewText(review)}`);
    for (const { registry, row, missing } of held)
      io.err(`held back: ${registry} ${row}: ${missing} is not here`);
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

/** The one that is named, else the one that is checked out. */
function branchHere(engine: Engine, [ref, more]: readonly string[]): BranchRow {
  if (more !== undefined) throw new Usage(`"${more}" is not expected here.`);
  return branchNamed(engine, ref ?? engine.status().branch.uid);
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
