// Bytes as the readers see them: a ByteSource that may also answer synchronously (HDF5 needs that),
// gzip as a capped stream of chunks, and text decoding.
import { Gunzip } from 'fflate';
import type { ByteSource } from '../engine/ports.ts';

/** In a worker a File can be read synchronously; HDF5 reads through that without loading the whole file. */
export interface SyncByteSource extends ByteSource {
  readSync?(start: number, end: number): Uint8Array;
}

/** The same source, and how many bytes were read of it so far. What is read twice counts twice. */
export function metered(source: SyncByteSource): { source: SyncByteSource; bytes: () => number } {
  let bytes = 0;
  const { readSync } = source;
  const counted = (found: Uint8Array): Uint8Array => {
    bytes += found.length;
    return found;
  };
  return {
    source: {
      ...source,
      size: source.size,
      read: async (start, end) => counted(await source.read(start, end)),
      ...(readSync ? { readSync: (start, end) => counted(readSync.call(source, start, end)) } : {}),
    },
    bytes: () => bytes,
  };
}

export const CHUNK = 1024 * 1024;
/** A gzip file that grows by more than this is a bomb as far as a preview is concerned. */
export const MAX_RATIO = 200;
/** Small files may compress well beyond the ratio without being harmful. */
const RATIO_FREE = 16 * 1024 * 1024;

export class DecompressionLimit extends Error {
  override readonly name = 'DecompressionLimit';
}

/** The file's bytes in chunks of at most 1 MiB, up to `limit`. */
export async function* chunks(source: ByteSource, limit = Infinity): AsyncGenerator<Uint8Array, void> {
  const end = Math.min(source.size, limit);
  for (let at = 0; at < end; at += CHUNK) yield await source.read(at, Math.min(at + CHUNK, end));
}

/**
 * Unpacked bytes, also of several gzip files in a row (`cat a.gz b.gz`, bgzip). Ends quietly at `limit`; throws
 * `DecompressionLimit` when the ratio is a bomb's.
 */
export async function* gunzipChunks(
  source: ByteSource,
  limit: number,
  maxRatio = MAX_RATIO,
): AsyncGenerator<Uint8Array, void> {
  const head = await source.read(0, 18);
  let read = 0;
  let out = 0;
  const packed = async function* (step: number): AsyncGenerator<Uint8Array, void> {
    let at = 0;
    for await (const chunk of chunks(source)) {
      for (let from = 0; from < chunk.length; from += step) {
        const part = chunk.subarray(from, from + step);
        at += part.length;
        read = Math.max(read, at);
        yield part;
      }
    }
  };
  for await (const chunk of isBgzf(head) ? inflateMembers(packed(memberStep)) : inflate(packed)) {
    out += chunk.length;
    if (out > RATIO_FREE && out > maxRatio * Math.max(read, 1)) {
      throw new DecompressionLimit(`more than ${maxRatio} times its packed size`);
    }
    yield out > limit ? chunk.subarray(0, chunk.length - (out - limit)) : chunk;
    if (out >= limit) return;
  }
}

// What one step unpacks is held in memory, so steps are small; the stream is slow below 64 KiB, fflate unbounded above 4.
const streamStep = 65_536;
const memberStep = 4096;

/**
 * The platform unpacks, and checks what it unpacks. Chromium and Node 24 refuse a second member, at once or after the
 * first: then a reader that takes any number of them goes on from there.
 */
async function* inflate(
  packed: (step: number) => AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  let given = 0;
  try {
    for await (const chunk of inflateStream(packed(streamStep))) {
      given += chunk.length;
      yield chunk;
    }
  } catch (error) {
    yield* furtherMembers(packed(memberStep), given, error);
  }
}

/** More than this of a first member that the platform gave up is damage, whatever follows. */
const heldMost = 64 * 1024 * 1024;

/** All but the first `given` bytes of a file of several members. One that has a single member fails with `error`. */
async function* furtherMembers(
  packed: AsyncGenerator<Uint8Array, void>,
  given: number,
  error: unknown,
): AsyncGenerator<Uint8Array, void> {
  let further = false;
  let skip = given;
  let size = 0;
  const held: Uint8Array[] = [];
  try {
    for await (const chunk of inflateMembers(packed, () => (further = true))) {
      const rest = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - rest.length;
      held.push(rest);
      size += rest.length;
      if (further) yield* held.splice(0);
      else if (size > heldMost) throw error;
    }
  } catch (later) {
    throw further ? later : error;
  }
  if (!further) throw error;
}

/** bgzip files are many gzip members in a row, which DecompressionStream refuses after the first. */
export function isBgzf(head: Uint8Array): boolean {
  return (
    head[0] === 0x1f &&
    head[1] === 0x8b &&
    ((head[3] ?? 0) & 4) !== 0 &&
    head[12] === 0x42 &&
    head[13] === 0x43
  );
}

export async function* inflateStream(
  parts: AsyncGenerator<Uint8Array, void>,
  format: 'gzip' | 'deflate-raw' = 'gzip',
): AsyncGenerator<Uint8Array, void> {
  const input = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await parts.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
    },
  });
  const reader = input.pipeThrough(new DecompressionStream(format)).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Stops the unpacking when the caller has seen enough; a stream that already failed has nothing to cancel.
    await reader.cancel().catch(() => undefined);
  }
}

async function* inflateMembers(
  parts: AsyncGenerator<Uint8Array, void>,
  onMember?: () => void,
): AsyncGenerator<Uint8Array, void> {
  const ready: Uint8Array[] = [];
  const gunzip = new Gunzip((chunk) => ready.push(chunk));
  if (onMember) gunzip.onmember = onMember;
  for await (const part of parts) {
    gunzip.push(part.slice());
    yield* ready.splice(0);
  }
  // Throws where the last member is cut off.
  gunzip.push(new Uint8Array(), true);
  yield* ready.splice(0);
}

/** The first `limit` bytes of a file, unpacked where it is gzip. */
export async function head(source: ByteSource, limit: number, gzip: boolean): Promise<Uint8Array> {
  if (!gzip) return source.read(0, Math.min(limit, source.size));
  const parts: Uint8Array[] = [];
  for await (const part of gunzipChunks(source, limit)) parts.push(part.slice());
  return join(parts);
}

export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export interface Encoding {
  /** A TextDecoder label. */
  label: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
  /** As shown to people. */
  name: string;
  /** Bytes of the byte order mark. */
  bom: number;
}

/** How a text is encoded, or null where the bytes are no text. `sample` may end inside a character. */
export function detectEncoding(sample: Uint8Array): Encoding | null {
  const [a, b, c] = sample;
  if (a === 0xef && b === 0xbb && c === 0xbf)
    return { label: 'utf-8', name: 'UTF-8 with byte order mark', bom: 3 };
  if (a === 0xff && b === 0xfe) return { label: 'utf-16le', name: 'UTF-16 (little endian)', bom: 2 };
  if (a === 0xfe && b === 0xff) return { label: 'utf-16be', name: 'UTF-16 (big endian)', bom: 2 };
  const zeros = [0, 0];
  let control = 0;
  let high = 0;
  const seen = Math.min(sample.length, 65_536);
  for (let i = 0; i < seen; i++) {
    const byte = sample[i] ?? 0;
    if (byte === 0) zeros[i & 1] = (zeros[i & 1] ?? 0) + 1;
    else if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12 && byte !== 27) control++;
    else if (byte >= 0x80 && byte <= 0x9f) high++;
  }
  const [even = 0, odd = 0] = zeros;
  if (seen >= 8 && odd > seen * 0.2 && even < seen * 0.02)
    return { label: 'utf-16le', name: 'UTF-16 (little endian)', bom: 0 };
  if (seen >= 8 && even > seen * 0.2 && odd < seen * 0.02)
    return { label: 'utf-16be', name: 'UTF-16 (big endian)', bom: 0 };
  if (even + odd > 0 || control > seen * 0.02) return null;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true });
    return { label: 'utf-8', name: 'UTF-8', bom: 0 };
  } catch {
    // Bytes 0x80–0x9f are letters in few texts; many of them mean that this is no text at all.
    if (high > seen * 0.1) return null;
    return { label: 'windows-1252', name: high > 0 ? 'Windows-1252' : 'Latin-1', bom: 0 };
  }
}

export function decodeText(bytes: Uint8Array, encoding: Encoding): string {
  return new TextDecoder(encoding.label).decode(bytes, { stream: true });
}
