// Bytes and lines of a text file from beginning to end, unpacked where it is gzip, without holding more than a line.
import type { ByteSource } from '../engine/ports.ts';
import { chunks, gunzipChunks } from './source.ts';

/** A line longer than this is not text that these readers are for. */
const LONGEST = 256 * 1024 * 1024;

/** Runs `read` over all bytes, unpacked where the file is gzip. */
export function overBytes<T>(
  source: ByteSource,
  gzip: boolean,
  read: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  return read(gzip ? gunzipChunks(source, Infinity, Infinity) : chunks(source));
}

/** Lines without their ends: \n, \r\n or \r. An end at the very end starts no line. Throws at a line beyond `longest`. */
export async function* lines(
  bytes: AsyncIterable<Uint8Array>,
  longest = LONGEST,
): AsyncGenerator<string[], void> {
  const decoder = new TextDecoder();
  // Pieces of a line that has not ended yet: a long one must not be gone through again with each.
  const held: string[] = [];
  let size = 0;
  let returned = '';
  for await (const part of bytes) {
    let text = returned + decoder.decode(part, { stream: true });
    // A \r at the end may be the first half of \r\n.
    returned = text.endsWith('\r') ? '\r' : '';
    if (returned) text = text.slice(0, -1);
    const found = text.split(END);
    const rest = found.pop() ?? '';
    if (found.length > 0) {
      found[0] = held.splice(0).join('') + (found[0] ?? '');
      size = 0;
      yield found;
    }
    held.push(rest);
    size += rest.length;
    if (size > longest) throw new Error('a line is too long');
  }
  const last = (held.join('') + returned + decoder.decode()).split(END);
  if (last.at(-1) === '') last.pop();
  if (last.length > 0) yield last;
}

const END = /\r\n|\n|\r/;
