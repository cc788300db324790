// What a branch has otherwise, and what stands in the way of its merge, as a person reads it in a shell.
import type { BranchDiff } from '../src/lib/engine/branch/diff.ts';
import type { DiffField, DiffObject } from '../src/lib/engine/branch/diff-object.ts';
import type { BranchCheck, CheckFailure } from '../src/lib/engine/branch/part.ts';
import { count } from '../src/lib/engine/curate/words.ts';
import { conflictLine, countsText, shown } from './branch-words.ts';

export function diffSummary({ total, kinds, registries }: Omit<BranchDiff, 'objects'>): string {
  if (total === 0) return 'no differences';
  const of = kinds.map(({ kind, count }) => `${count.toLocaleString('en')} ${kind}`).join(', ');
  const where = registries
    .map(({ registry, count }) => `${registry} ${count.toLocaleString('en')}`)
    .join(', ');
  return `${count(total, 'object')}: ${of} (${where})`;
}

/** An object and its fields, a line each. */
export function objectText(object: DiffObject, against: string): string {
  const uid = object.uid === null ? '' : ` (${object.uid})`;
  const lines = [`${object.kind} ${object.registry} ${object.row}${uid}`];
  for (const conflict of object.conflicts) lines.push(`  ! ${conflictLine(conflict)}`);
  for (const field of object.fields) lines.push(...fieldLines(field, object.kind === 'made', against));
  return lines.join('\n');
}

function fieldLines(field: DiffField, made: boolean, against: string): string[] {
  const { what, base, parent, branch, conflict } = field;
  const mark = conflict ? '!' : ' ';
  const name = `${mark} ${field.field}${field.key === null ? '' : `.${field.key}`}`;
  if (what === 'note')
    return [`${name}:`, ...lineDiff(parent ?? '', branch ?? '').map((line) => `    ${line}`)];
  if (made) return [`${name}: ${shown(branch)}`];
  if (what === 'link' && base === null) return [`${name}: + ${shown(branch)}`];
  if (what === 'link' && branch === null) return [`${name}: - ${shown(base)}`];
  const moved = parent === base ? '' : `  (${against} has ${shown(parent)})`;
  return [`${name}: ${shown(base)} → ${shown(branch)}${moved}`];
}

/** Lines that are taken out and put in, without what is equal at both ends. */
function lineDiff(before: string, after: string): string[] {
  const [a, b] = [before === '' ? [] : before.split('\n'), after === '' ? [] : after.split('\n')];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end++;
  const out = a.slice(start, a.length - end).map((line) => `- ${line}`);
  return [...out, ...b.slice(start, b.length - end).map((line) => `+ ${line}`)];
}

export function checkText(name: string, into: string, check: BranchCheck): string {
  if (check.ok) return `${name} can be merged into ${into}: ${countsText(check)}`;
  const open = check.open > 0 ? [`${count(check.open, 'conflict')} to be decided`] : [];
  const failed = check.failures.length > 0 ? [`${count(check.failures.length, 'rule')} broken`] : [];
  return `${name} cannot be merged into ${into}: ${[...open, ...failed].join(', ')}`;
}

export const failureText = ({ registry, row, field, code, reason }: CheckFailure): string =>
  `${registry} ${row}${field === null ? '' : `, ${field}`}: ${code}: ${reason}`;
