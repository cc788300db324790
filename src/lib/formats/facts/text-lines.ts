// Bytes and lines of a text file from beginning to end, unpacked where it is gzip, without holding more than a line.
import type { ByteSource } from '../../engine/ports.ts';
import { chunks, gunzipChunks } from '../source.ts';

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

/** Lines without their ends: \n, \r\n or \r. An end at the very end starts no line. */
export async function* lines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string[], void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of bytes) {
    rest += decoder.decode(part, { stream: true });
    // A \r at the end may be the first half of \r\n.
    const end = rest.endsWith('\r') ? rest.length - 1 : rest.length;
    const found = rest.slice(0, end).split(/\r\n|\n|\r/);
    rest = (found.pop() ?? '') + rest.slice(end);
    if (rest.length > LONGEST) throw new Error('a line is too long');
    if (found.length > 0) yield found;
  }
  rest += decoder.decode();
  const last = rest.split(/\r\n|\n|\r/);
  if (last.at(-1) === '') last.pop();
  if (last.length > 0) yield last;
}
