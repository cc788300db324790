// Two texts that came from one, brought together line by line: what only one side changed is taken from it, what both changed
// alike is taken once, and where they differ both stand one after the other, marked. A proposal that a person reads and edits.
import { lineDiff } from './line-diff.ts';

export interface MergedLines {
  text: string;
  /** Places where both sides changed the same lines otherwise. */
  clashes: number;
}

/** Lines `from` up to `to` of the base, replaced by others. */
interface Hunk {
  from: number;
  to: number;
  lines: string[];
}

function hunksOf(base: string, now: string): Hunk[] {
  const hunks: Hunk[] = [];
  let at = 0;
  let open: Hunk | null = null;
  for (const line of lineDiff(base, now)) {
    if ('same' in line || line.sign === ' ') {
      at += 'same' in line ? line.same : 1;
      open = null;
      continue;
    }
    if (!open) hunks.push((open = { from: at, to: at, lines: [] }));
    if (line.sign === '-') open.to = ++at;
    else open.lines.push(line.text);
  }
  return hunks;
}

/** What a side has in place of some lines of the base. */
function sideOf(base: readonly string[], hunks: readonly Hunk[], from: number, to: number): string[] {
  const out: string[] = [];
  let at = from;
  for (const hunk of hunks) {
    out.push(...base.slice(at, hunk.from), ...hunk.lines);
    at = hunk.to;
  }
  return [...out, ...base.slice(at, to)];
}

const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((line, i) => line === other[i]);

export function mergeLines(
  base: string,
  parent: string,
  branch: string,
  names: { parent: string; branch: string },
): MergedLines {
  // An empty text has no lines (lineDiff).
  const lines = base === '' ? [] : base.split('\n');
  const left = { parent: hunksOf(base, parent), branch: hunksOf(base, branch) };
  const out: string[] = [];
  let at = 0;
  let clashes = 0;
  for (;;) {
    const from = Math.min(left.parent[0]?.from ?? Infinity, left.branch[0]?.from ?? Infinity);
    if (from === Infinity) break;
    // All hunks of both sides that share lines, or begin at the same one, are one place.
    let to = from;
    const here = { parent: [] as Hunk[], branch: [] as Hunk[] };
    for (let grew = true; grew;) {
      grew = false;
      for (const side of ['parent', 'branch'] as const)
        for (let next = left[side][0]; next && (next.from < to || next.from === from); next = left[side][0]) {
          here[side].push(next);
          left[side].shift();
          to = Math.max(to, next.to);
          grew = true;
        }
    }
    out.push(...lines.slice(at, from));
    const [theirs, ours] = [sideOf(lines, here.parent, from, to), sideOf(lines, here.branch, from, to)];
    if (here.branch.length === 0 || same(theirs, ours)) out.push(...theirs);
    else if (here.parent.length === 0) out.push(...ours);
    else {
      clashes++;
      out.push(`<<<<<<< ${names.parent}`, ...theirs, '=======', ...ours, `>>>>>>> ${names.branch}`);
    }
    at = to;
  }
  return { text: [...out, ...lines.slice(at)].join('\n'), clashes };
}
