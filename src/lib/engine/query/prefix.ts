// The start of a text as ranges an index can serve. LIKE folds ASCII and therefore uses no index: each way to write the
// first letters is a range of its own (at most 16), and LIKE then decides (uid stem at 100k: 16.6 ms -> 0.04 ms).
import type { SqlValue } from '../ports.ts';

const maxRanges = 16;

/** SQL that holds for every text that starts like `text`, and for few others; null for an empty start. */
export function likePrefix(column: string, text: string): { sql: string; params: SqlValue[] } | null {
  let starts = [''];
  for (const character of text) {
    const ways = /[a-z]/i.test(character) ? [character.toUpperCase(), character.toLowerCase()] : [character];
    const longer = starts.flatMap((start) => ways.map((way) => start + way));
    if (longer.length > maxRanges) break;
    starts = longer;
  }
  if (starts[0] === '') return null;
  const ranges = starts.map(() => `(${column} >= ? AND ${column} < ?)`);
  return { sql: `(${ranges.join(' OR ')})`, params: starts.flatMap((start) => [start, after(start)]) };
}

/** The first text behind all that begin with `start`, in the order of code points. */
export function after(start: string): string {
  const points = [...start];
  while (points.length > 0) {
    const code = (points.pop() ?? '').codePointAt(0) ?? 0;
    // Surrogates are no characters of their own.
    if (code < 0x10ffff) return points.join('') + String.fromCodePoint(code === 0xd7ff ? 0xe000 : code + 1);
  }
  return start;
}
