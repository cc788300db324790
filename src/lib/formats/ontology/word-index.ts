// Where words begin in a column of texts, by their first three letters: 4 bytes a word beside the texts themselves. Made by
// counting, not by sorting, so that two million rows are ready in about a second; a search reads one list and compares.
import type { TextColumn } from './text-column.ts';

/** End of a text, anything that is no letter, ten digits, 26 letters. */
const classes = 38;
const lists = classes ** 3;

/** The class of a byte; letters of any case are one. */
const classOf = new Uint8Array(256).fill(1);
/** A byte in lower case, of ASCII alone. */
export const lowered = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) lowered[byte] = byte >= 65 && byte <= 90 ? byte + 32 : byte;
for (let byte = 48; byte <= 57; byte++) classOf[byte] = byte - 48 + 2;
for (let byte = 97; byte <= 122; byte++) classOf[byte] = classOf[byte - 32] = byte - 97 + 12;

export const bar = 124;
/** A byte that words are made of; bytes above ASCII are letters of some script. */
export const inWord = (byte: number): boolean => (classOf[byte] as number) > 1 || byte >= 0x80;

export interface WordIndex {
  column: TextColumn;
  /** Where the words of each list begin in `words`. */
  heads: Uint32Array;
  /** Positions in the column's bytes. */
  words: Uint32Array;
}

export function wordIndex(column: TextColumn): WordIndex {
  const { bytes, starts } = column;
  const heads = new Uint32Array(lists + 1);
  let count = 0;
  eachWord(column, (at, end) => {
    heads[listAt(bytes, at, end) + 1] = (heads[listAt(bytes, at, end) + 1] as number) + 1;
    count += 1;
  });
  for (let list = 0; list < lists; list++)
    heads[list + 1] = (heads[list + 1] as number) + (heads[list] as number);
  const next = heads.slice();
  const words = new Uint32Array(count);
  eachWord(column, (at, end) => {
    const list = listAt(bytes, at, end);
    words[next[list] as number] = at;
    next[list] = (next[list] as number) + 1;
  });
  return { column: { bytes, starts }, heads, words };
}

/** Each begin of a text, of a synonym, and of a word within, with where that text or synonym ends. */
function eachWord({ bytes, starts }: TextColumn, visit: (at: number, end: number) => void): void {
  for (let row = 0; row + 1 < starts.length; row++) {
    const from = starts[row] as number;
    const to = starts[row + 1] as number;
    for (let at = from; at < to;) {
      let end = at;
      while (end < to && bytes[end] !== bar) end += 1;
      let before = false;
      for (let i = at; i < end; i++) {
        const now = inWord(bytes[i] as number);
        if (i === at || (now && !before)) visit(i, end);
        before = now;
      }
      at = end + 1;
    }
  }
}

function listAt(bytes: Uint8Array, at: number, end: number): number {
  let list = 0;
  for (let i = at; i < at + 3; i++)
    list = list * classes + (i < end ? (classOf[bytes[i] as number] as number) : 0);
  return list;
}

/** The words of the index that may begin with these bytes (lower case): from … to in `words`. */
export function wordsLike({ heads }: WordIndex, wanted: Uint8Array): [from: number, to: number] {
  let list = 0;
  const known = Math.min(3, wanted.length);
  for (let i = 0; i < known; i++) list = list * classes + (classOf[wanted[i] as number] as number);
  const span = classes ** (3 - known);
  return [heads[list * span] as number, heads[list * span + span] as number];
}

export function beginsWith(bytes: Uint8Array, at: number, end: number, wanted: Uint8Array): boolean {
  if (at + wanted.length > end) return false;
  for (let i = 0; i < wanted.length; i++) if (lowered[bytes[at + i] as number] !== wanted[i]) return false;
  return true;
}

/** The row that a position belongs to. */
export function rowAt(starts: Uint32Array, position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= position) low = middle;
    else high = middle;
  }
  // Empty texts begin where the next one does.
  return low;
}
