// Two texts line by line: which lines went, which came, and a few that stayed around them. For notes and source code; the longest
// common part is found exactly where that is affordable, else what differs is told as one block.

export interface DiffLine {
  sign: '+' | '-' | ' ';
  text: string;
}

/** Lines that stayed and are not told. */
export interface DiffGap {
  same: number;
}

/** Texts of several lines are told line by line. */
export const hasLines = (...texts: readonly (string | null)[]): boolean =>
  texts.some((text) => text?.includes('\n'));

/** Lines around a change. */
const context = 2;
/** Cells of the table that finds the common lines. */
const affordable = 4_000_000;

export function lineDiff(before: string, after: string): (DiffLine | DiffGap)[] {
  // No text has no lines, not one that is empty.
  const [old = [], now = []] = [before, after].map((text) => (text === '' ? [] : text.split('\n')));
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (
    tail < old.length - head &&
    tail < now.length - head &&
    old[old.length - 1 - tail] === now[now.length - 1 - tail]
  )
    tail++;
  const lines: DiffLine[] = [
    ...old.slice(0, head).map((text) => ({ sign: ' ', text }) as const),
    ...middle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...old.slice(old.length - tail).map((text) => ({ sign: ' ', text }) as const),
  ];
  return shortened(lines);
}

function middle(old: readonly string[], now: readonly string[]): DiffLine[] {
  const gone = (text: string): DiffLine => ({ sign: '-', text });
  const come = (text: string): DiffLine => ({ sign: '+', text });
  if (old.length * now.length > affordable || old.length === 0 || now.length === 0)
    return [...old.map(gone), ...now.map(come)];
  const width = now.length + 1;
  // Length of the longest common part of what is left of both, from the end.
  const common = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      common[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      lines.push({ sign: ' ', text: old[i] ?? '' });
      i++;
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) lines.push(gone(old[i++] ?? ''));
    else lines.push(come(now[j++] ?? ''));
  }
  return [...lines, ...old.slice(i).map(gone), ...now.slice(j).map(come)];
}

function shortened(lines: readonly DiffLine[]): (DiffLine | DiffGap)[] {
  const near = lines.map(() => false);
  for (const [i, { sign }] of lines.entries())
    if (sign !== ' ')
      for (let k = Math.max(0, i - context); k <= Math.min(lines.length - 1, i + context); k++)
        near[k] = true;
  const out: (DiffLine | DiffGap)[] = [];
  for (const [i, line] of lines.entries()) {
    const last = out.at(-1);
    if (near[i]) out.push(line);
    else if (last && 'same' in last) last.same++;
    else out.push({ same: 1 });
  }
  return out;
}
