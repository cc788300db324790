// Branches as a person reads them in a shell.
import type { BranchRow } from '../src/lib/engine/branch/branches.ts';
import type { ReviewCounts } from '../src/lib/engine/branch/bundle-review.ts';
import type { MergeCounts } from '../src/lib/engine/branch/merge.ts';
import type { ToldConflict } from '../src/lib/engine/branch/told.ts';
import { count } from '../src/lib/engine/curate/words.ts';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { Engine } from '../src/lib/engine/index.ts';
import { Usage } from './verb.ts';

/** The one that has to be named. */
export function oneBranch([ref, more]: readonly string[]): string {
  if (ref === undefined || more !== undefined) throw new Usage('Name one branch.');
  return ref;
}

/** By name, whatever its case, or by uid. */
export const isCalled = ({ uid, name }: BranchRow, ref: string): boolean =>
  uid === ref || name.toLowerCase() === ref.toLowerCase();

export function branchNamed(engine: Engine, ref: string): BranchRow {
  const found = engine.branches().find((branch) => isCalled(branch, ref));
  if (found) return found;
  throw new LoamError(
    'DoesNotExist',
    `There is no branch "${ref}". "loam branch list" shows them; "loam switch -c ${ref}" creates it.`,
    { branch: ref },
  );
}

/** The one that is named, else the one that is checked out. */
export function branchHere(engine: Engine, [ref, more]: readonly string[]): BranchRow {
  if (more !== undefined) throw new Usage(`"${more}" is not expected here.`);
  return branchNamed(engine, ref ?? engine.status().branch.uid);
}

/** Where a branch comes from and how far both went since; null for main. */
export function branchWords({ parent, ahead, behind, forkedAt }: BranchRow): string | null {
  if (parent === null) return null;
  const since = forkedAt === null ? '' : ` of ${minute(forkedAt)}`;
  return `from ${parent.name}${since}: ${count(ahead, 'object')} of its own, ${count(behind, 'act')} on ${parent.name} since`;
}

/** `* try`, what is checked out first. */
export function branchTable(rows: readonly BranchRow[], current: string): string {
  const head = ['', 'name', 'status', 'from', 'ahead', 'behind', 'by', 'created'];
  const lines = rows.map((row) => [
    row.name === current ? '*' : '',
    row.name,
    row.main ? '' : row.status,
    row.parent?.name ?? '',
    row.main ? '' : String(row.ahead),
    row.main ? '' : String(row.behind),
    row.by,
    row.createdAt.slice(0, 10),
  ]);
  const width = head.map((text, c) => Math.max(text.length, ...lines.map((line) => line[c]?.length ?? 0)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((text, c) => text.padEnd(width[c] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What is to be decided, a line each. */
export function conflictLine(conflict: ToldConflict): string {
  const { registry, row, field, key, kind, base, parent, branch } = conflict;
  const where = `${registry} ${row}${field === null ? '' : `, ${field}${key === null ? '' : `.${key}`}`}`;
  const was = kind === 'changed' ? `, was ${shown(base)}` : '';
  return `${where}: theirs ${shown(parent)}, ours ${shown(branch)}${was}`;
}

export function shown(value: string | null): string {
  if (value === null) return 'nothing';
  const line = value.replace(/\s+/g, ' ');
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line);
}

/** 2026-03-03 14:02 */
export const minute = (at: string): string => at.slice(0, 16).replace('T', ' ');

export const countsText = ({ made, changed, added, taken }: MergeCounts): string =>
  `${made} made, ${changed} changed, ${added} added, ${taken} removed`;

/** What came of the review of a branch in a file; empty where nothing did. */
export const reviewText = ({ readme, comments, verdicts, reviewers, choices }: ReviewCounts): string =>
  [
    ...(readme ? ['README'] : []),
    ...(comments > 0 ? [count(comments, 'comment')] : []),
    ...(verdicts > 0 ? [count(verdicts, 'verdict')] : []),
    ...(reviewers > 0 ? [count(reviewers, 'reviewer')] : []),
    ...(choices > 0 ? [`${count(choices, 'conflict')} decided`] : []),
  ].join(', ');
