// A column of millions of short texts as two buffers: their UTF-8 bytes one after the other and where each begins. An
// array of as many strings would take several times the memory, and could not be handed from one worker to another.

export interface TextColumn {
  readonly bytes: Uint8Array;
  /** Where each text begins, and at the end where the last one ends. No text (null) is an empty one. */
  readonly starts: Uint32Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** UTF-8 takes at most three bytes for a unit of UTF-16. */
const widest = 3;
/** Where a `Uint32Array` ends. */
const mostBytes = 2 ** 32 - 1;

export interface TextColumnBuilder {
  push(text: string | null | undefined): void;
  readonly count: number;
  finish(): TextColumn;
}

export function textColumn(expected = 1024): TextColumnBuilder {
  let bytes: Uint8Array = new Uint8Array(Math.max(1024, expected * 16));
  let starts = new Uint32Array(expected + 1);
  let count = 0;
  let at = 0;

  function grow(needed: number): void {
    if (needed > mostBytes) throw new Error('the texts of one column are larger than 4 GB');
    const next = new Uint8Array(Math.min(mostBytes, Math.max(needed, bytes.length * 2)));
    next.set(bytes.subarray(0, at));
    bytes = next;
  }
  return {
    push(text) {
      if (text) {
        const length = text.length;
        if (at + length * widest > bytes.length) grow(at + length * widest);
        let i = 0;
        for (; i < length; i++) {
          const code = text.charCodeAt(i);
          if (code >= 0x80) break;
          bytes[at + i] = code;
        }
        at += i;
        if (i < length) at += encoder.encodeInto(text.slice(i), bytes.subarray(at)).written;
      }
      count += 1;
      if (count >= starts.length) {
        const next = new Uint32Array(starts.length * 2);
        next.set(starts);
        starts = next;
      }
      starts[count] = at;
    },
    get count() {
      return count;
    },
    finish: () => ({ bytes: bytes.slice(0, at), starts: starts.slice(0, count + 1) }),
  };
}

export function textAt(column: TextColumn, row: number): string | null {
  const from = column.starts[row] ?? 0;
  const to = column.starts[row + 1] ?? from;
  return from === to ? null : plain(column.bytes, from, to);
}

/** Short texts of ASCII, which most are, without the price of a decoder's call. */
function plain(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > 40) return decoder.decode(bytes.subarray(from, to));
  let text = '';
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) return decoder.decode(bytes.subarray(from, to));
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Which row has a text, by hashing: 4 bytes for each of twice the rows. */
export interface TextIndex {
  /** The first row with the text, or -1. */
  find(text: string): number;
  /** Rows whose text an earlier row has. */
  readonly repeated: number[];
}

export function textIndex(column: TextColumn): TextIndex {
  const { bytes, starts } = column;
  const count = starts.length - 1;
  let size = 16;
  while (size < count * 2) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  const repeated: number[] = [];

  function same(row: number, other: Uint8Array, from: number, to: number): boolean {
    const start = starts[row] as number;
    if ((starts[row + 1] as number) - start !== to - from) return false;
    for (let i = from; i < to; i++) if (bytes[start + i - from] !== other[i]) return false;
    return true;
  }
  /** The slot of an equal text, or the free one where it belongs. */
  function slotOf(other: Uint8Array, from: number, to: number): number {
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (other[i] as number), 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & (size - 1);
    for (;;) {
      const row = slots[slot] as number;
      if (row < 0 || same(row, other, from, to)) return slot;
      slot = (slot + 1) & (size - 1);
    }
  }
  for (let row = 0; row < count; row++) {
    const [from, to] = [starts[row] as number, starts[row + 1] as number];
    if (from === to) continue;
    const slot = slotOf(bytes, from, to);
    if ((slots[slot] as number) >= 0) repeated.push(row);
    else slots[slot] = row;
  }
  let scratch = new Uint8Array(256);
  return {
    repeated,
    find(text) {
      if (text === '') return -1;
      if (text.length * widest > scratch.length) scratch = new Uint8Array(text.length * widest);
      const { written } = encoder.encodeInto(text, scratch);
      return slots[slotOf(scratch, 0, written)] ?? -1;
    },
  };
}
