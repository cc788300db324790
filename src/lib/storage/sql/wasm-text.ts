// Text between JavaScript strings and UTF-8 in wasm memory. Short ASCII strings (most cells) are copied by a loop,
// which is cheaper than a TextEncoder call and a new view.
const encoder = new TextEncoder();
// A text may begin with U+FEFF; the decoder must not eat it.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const shortText = 24;

/** Writes `value` at `at` if it fits in `room` bytes; answers the bytes written, or -1 if it may not fit. */
export function writeText(heap: Uint8Array, at: number, room: number, value: string): number {
  const length = value.length;
  if (length <= shortText && length <= room) {
    let i = 0;
    for (; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 127) break;
      heap[at + i] = unit;
    }
    if (i === length) return length;
  }
  if (length * 3 > room) return -1;
  return encoder.encodeInto(value, heap.subarray(at, at + room)).written;
}

export function readText(heap: Uint8Array, at: number, bytes: number): string {
  if (bytes <= shortText) {
    let value = '';
    let i = 0;
    for (; i < bytes; i++) {
      const byte = heap[at + i] ?? 0;
      if (byte > 127) break;
      value += String.fromCharCode(byte);
    }
    if (i === bytes) return value;
  }
  return decoder.decode(heap.subarray(at, at + bytes));
}

export function encodeText(value: string): Uint8Array {
  return encoder.encode(value);
}

/** A text that ends at the first zero byte. */
export function readCString(heap: Uint8Array, at: number): string {
  if (at === 0) return '';
  let end = at;
  while (heap[end] !== 0) end++;
  return readText(heap, at, end - at);
}
