// How a file goes to S3: in one piece, or in parts whose sizes follow from its own; and the ETag that S3 then gives it,
// computed here, so that what lies there can be compared with what lies here.
import { createMD5, md5 } from 'hash-wasm';
import { LoamError } from '../../engine/errors.ts';
import type { ByteSource } from '../../engine/ports.ts';

const mebi = 1024 * 1024;
/** S3's limits: a part has at least 5 MiB but for the last, an object at most 10,000 parts and 5 TiB. */
export const partsMost = 10_000;
const objectMost = 5 * 1024 * 1024 * mebi;
/** Files up to one part are sent in one piece. */
export const partBytes = 8 * mebi;
/** Bytes read and hashed in one step. */
const step = 4 * mebi;

/** Bytes of each part of a file of `size` bytes: 8 MiB, more where that would be over 10,000 parts. Throws above 5 TiB. */
export function partSizeOf(size: number): number {
  if (size > objectMost)
    throw new LoamError('InvalidArgument', 'S3 takes no file of more than 5 TiB.', { size });
  return Math.max(partBytes, Math.ceil(size / partsMost / mebi) * mebi);
}

export interface Part {
  /** From 1 on. */
  number: number;
  from: number;
  to: number;
}

export function partsOf(size: number, partSize: number): Part[] {
  return Array.from({ length: Math.max(1, Math.ceil(size / partSize)) }, (_, i) => ({
    number: i + 1,
    from: i * partSize,
    to: Math.min(size, (i + 1) * partSize),
  }));
}

/** What S3 calls an object of these parts: the md5 of their md5s, and how many they are. */
export async function tagOfParts(md5s: readonly string[]): Promise<string> {
  return `${await md5(bytesOfHex(md5s.join('')))}-${md5s.length}`;
}

const bytesOfHex = (hex: string) =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(i * 2, i * 2 + 2), 16));

/** As the header Content-MD5 has it. */
export const base64OfHex = (hex: string): string => btoa(String.fromCharCode(...bytesOfHex(hex)));

/** Exactly these bytes, or `FileUnreadable`: a file that changes while it is sent must not be sent. */
export async function readWhole(
  source: ByteSource,
  from: number,
  to: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source.read(from, to).catch((error: unknown) => {
    throw new LoamError('FileUnreadable', `The file cannot be read any more (${String(error)}).`);
  });
  if (bytes.length !== to - from)
    throw new LoamError('FileUnreadable', 'The file was changed while it was sent. Nothing of it counts.');
  return bytes as Uint8Array<ArrayBuffer>;
}

/** The ETag of a file that is put in one piece (`partSize` null) or in parts. */
export async function tagOf(
  source: ByteSource,
  partSize: number | null,
  signal?: AbortSignal,
): Promise<string> {
  const hasher = await createMD5();
  const md5s: string[] = [];
  for (const { from, to } of partsOf(source.size, partSize ?? Math.max(1, source.size))) {
    hasher.init();
    for (let at = from; at < to; at += step) {
      if (signal?.aborted) throw new LoamError('Cancelled', 'This was cancelled.');
      const bytes = await readWhole(source, at, Math.min(to, at + step));
      hasher.update(bytes);
      source.release?.(bytes);
    }
    md5s.push(hasher.digest('hex'));
  }
  return partSize === null ? (md5s[0] ?? '') : tagOfParts(md5s);
}

/** Sizes of parts, in MiB, that programs use: aws-cli 8, boto3 8, s3fs 50, rclone 5 and 64, MinIO 16 and 128 … */
const usual = [5, 8, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000, 1024];

/**
 * Whether an object with this ETag has the bytes of a file; null where that cannot be told (an ETag that is no md5, or
 * parts of a size that nobody uses).
 */
export async function sameContent(
  source: ByteSource,
  etag: string,
  signal?: AbortSignal,
): Promise<boolean | null> {
  const [, , count] = /^([0-9a-f]{32})(?:-(\d+))?$/i.exec(etag) ?? [];
  if (!/^[0-9a-f]{32}(?:-\d+)?$/i.test(etag)) return null;
  if (count === undefined) return (await tagOf(source, null, signal)) === etag.toLowerCase();
  const sizes = new Set([...usual.map((n) => n * mebi), partSizeOf(source.size)]);
  for (const size of sizes)
    if (
      partsOf(source.size, size).length === Number(count) &&
      (await tagOf(source, size, signal)) === etag.toLowerCase()
    )
      return true;
  return null;
}
