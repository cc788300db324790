// Reading in pieces, so that no file lies in memory as a whole, and unpacking with an end to how much comes out.
import { Inflate } from 'fflate';
import { isLoamError, LoamError } from '../errors.ts';
import type { AbortSignalLike, ByteSource } from '../ports.ts';

export interface FileWatch {
  /** Bytes of so many. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignalLike;
}

const pieceBytes = 4 * 1024 * 1024;

/** Bytes [start, end) of a source in their order. Each piece is given back to the source once the next one is asked for. */
export async function* piecesOf(
  source: ByteSource,
  start: number,
  end: number,
  signal?: AbortSignalLike,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    if (signal?.aborted) throw cancelled();
    const next = Math.min(at + pieceBytes, end);
    const piece = await source.read(at, next);
    if (piece.length !== next - at)
      throw new LoamError('FileUnreadable', 'The file became shorter while it was read. Choose it again.');
    yield piece;
    source.release?.(piece);
    at = next;
  }
}

/** A part of a source as one of its own. */
export const partOf = (source: ByteSource, at: number, size: number): ByteSource => ({
  size,
  read: (start, end) => source.read(at + start, at + Math.min(end, size)),
  ...(source.release ? { release: source.release } : {}),
});

export const cancelled = () => new LoamError('Cancelled', 'This was stopped. Nothing was changed.');

export const hex = (digest: Uint8Array): string =>
  Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Throws `tooMuch` once more than `most` bytes came out, `broken` where it cannot be unpacked. */
export function inflated(
  packed: Uint8Array,
  most: number,
  tooMuch: LoamError,
  broken: LoamError,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  const inflater = new Inflate((part) => {
    size += part.length;
    if (size > most) throw tooMuch;
    parts.push(part.slice());
  });
  try {
    const step = 64 * 1024;
    for (let at = 0; at < packed.length; at += step)
      inflater.push(packed.subarray(at, at + step), at + step >= packed.length);
  } catch (error) {
    if (isLoamError(error)) throw error;
    throw broken;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
