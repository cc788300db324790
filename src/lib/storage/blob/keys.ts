// What may be a storage key or a staging token, and the read loop every blob store shares. Keys come from dropped
// files and from other people's databases, so nothing may lead out of the storage root.
import { isLoamError, LoamError } from '../../engine/errors.ts';
import type { AbortSignalLike, ByteSource } from '../../engine/ports.ts';

/** Bytes read and written in one step. */
export const chunkBytes = 4 * 1024 * 1024;

/** The key's parts; hostile ones throw `InvalidArgument`. */
export function keyParts(key: string): string[] {
  const refuse = (why: string) =>
    new LoamError('InvalidArgument', `"${key.slice(0, 100)}" cannot be a storage key: ${why}.`, {
      key: key.slice(0, 200),
    });
  if (key === '') throw refuse('it is empty');
  if (key.includes('\0')) throw refuse('it contains a zero character');
  if (key.includes('\\')) throw refuse('it contains a backslash');
  const parts = key.split('/');
  const encoder = new TextEncoder();
  for (const part of parts) {
    if (part === '') throw refuse('it begins or ends with a slash or has an empty part');
    if (part === '.' || part === '..') throw refuse(`it contains "${part}"`);
    if (encoder.encode(part).length > 255) throw refuse('a part is longer than 255 bytes');
  }
  return parts;
}

export function checkToken(token: string): string {
  if (/^[\w-]{1,64}$/.test(token)) return token;
  throw new LoamError('InvalidArgument', `"${token.slice(0, 100)}" cannot be a staging token.`);
}

/** Path of a staged file below its token. The empty path means that the token is one file, not a folder. */
export function stagedParts(path: string): string[] {
  return path === '' ? ['file'] : ['folder', ...keyParts(path)];
}

export function missingKey(key: string): LoamError {
  return new LoamError('DoesNotExist', `There are no bytes stored under "${key}" on this device.`, { key });
}

/** Reads the source in order and hands each chunk on; a source that gives fewer bytes than it said is an error. */
export async function pump(
  source: ByteSource,
  write: (chunk: Uint8Array, at: number) => void | Promise<void>,
  onProgress?: (bytes: number) => void,
  signal?: AbortSignalLike,
): Promise<void> {
  const { size } = source;
  for (let at = 0; at < size;) {
    if (signal?.aborted) throw new LoamError('Cancelled', 'Storing the file was cancelled.');
    const end = Math.min(at + chunkBytes, size);
    const chunk = await source.read(at, end).catch((error: unknown) => {
      if (error instanceof LoamError) throw error;
      throw new LoamError(
        'FileUnreadable',
        `The file cannot be read any more (${String(error)}). Add it again.`,
      );
    });
    if (chunk.length !== end - at) {
      const got = at + chunk.length;
      throw new LoamError(
        'FileUnreadable',
        `The file ended after ${got} of ${size} bytes: it was changed meanwhile.`,
      );
    }
    await write(chunk, at);
    source.release?.(chunk);
    at = end;
    onProgress?.(at);
  }
  if (signal?.aborted) throw new LoamError('Cancelled', 'Storing the file was cancelled.');
}

/** Runs the work on every item, some at a time, all to their end; then throws a failure, `StorageFull` before others. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  async function lane(): Promise<void> {
    while (next < items.length) {
      try {
        await work(items[next++] as T);
      } catch (error) {
        failures.push(error);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  if (failures.length > 0) throw failures.find((error) => isLoamError(error, 'StorageFull')) ?? failures[0];
}

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (start, end) => bytes.slice(start, end) };
}
