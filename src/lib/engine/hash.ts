// LaminDB's content hashes (lamindb_setup core/hashing.py) and our own full sha256, computed in reads of at most 1 MiB.
// Does not decide what to do with equal hashes: that is the artifact registry's rule.
import { createMD5, createSHA1, createSHA256, type IHasher } from 'hash-wasm';
import { LoamError } from './errors.ts';
import { md5 } from './md5.ts';
import type { AbortSignalLike, ByteSource, FolderSource } from './ports.ts';

const READ = 1024 * 1024;
/** Files above this are hashed by their first and last 50 MiB only, as LaminDB does. */
export const SAMPLE_SIZE = 50 * 1024 * 1024;
/** 16-byte digests have 22 base64 characters; longer ones are cut to that. */
const HASH_LENGTH = 22;
/** The hash of zero bytes, which LaminDB exempts from finding duplicates. */
export const EMPTY_FILE_HASH = '1B2M2Y8AsgTpgAmY7PhCfg';

export type FileHashType = 'md5' | 'sha1-fl';
/** Bytes read so far, out of the bytes that will be read (at most 100 MiB for large files). */
export type HashProgress = (done: number, total: number) => void;

export async function hashFile(
  source: ByteSource,
  onProgress?: HashProgress,
  signal?: AbortSignalLike,
): Promise<{ hash: string; hashType: FileHashType }> {
  const { size } = source;
  if (size <= SAMPLE_SIZE) {
    const digest = await digestRange(await createMD5(), source, 0, size, signal, (done) =>
      onProgress?.(done, size),
    );
    return { hash: toHash(digest), hashType: 'md5' };
  }
  const total = 2 * SAMPLE_SIZE;
  const first = await digestRange(await createSHA1(), source, 0, SAMPLE_SIZE, signal, (done) => {
    onProgress?.(done, total);
  });
  const last = await digestRange(await createSHA1(), source, size - SAMPLE_SIZE, size, signal, (done) => {
    onProgress?.(SAMPLE_SIZE + done, total);
  });
  const both = await createSHA1();
  both.init().update(first).update(last);
  return { hash: toHash(both.digest('binary')), hashType: 'sha1-fl' };
}

/**
 * Hash of a folder: file hashes as text, sorted, md5 of each text, md5 of the joined digests.
 * Names and paths do not enter (LaminDB's rule), so renaming a file inside leaves the hash.
 */
export async function hashFolder(
  folder: FolderSource,
  onProgress?: HashProgress,
  signal?: AbortSignalLike,
): Promise<{ hash: string; hashType: 'md5-d'; nFiles: number; size: number }> {
  const costs = folder.files.map(({ source }) => Math.min(source.size, 2 * SAMPLE_SIZE));
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  const hashes: string[] = [];
  let before = 0;
  let size = 0;
  for (const [i, { source }] of folder.files.entries()) {
    const start = before;
    const { hash } = await hashFile(source, (done) => onProgress?.(start + done, total), signal);
    hashes.push(hash);
    size += source.size;
    before += costs[i] ?? 0;
  }
  return { hash: hashFolderFromFiles(hashes), hashType: 'md5-d', nFiles: hashes.length, size };
}

/** The folder hash from its files' hashes, for callers who hash files in several workers. */
export function hashFolderFromFiles(hashes: readonly string[]): string {
  const digests = new Uint8Array(hashes.length * 16);
  [...hashes].sort().forEach((hash, i) => digests.set(md5(hash), i * 16));
  return toHash(md5(digests));
}

/** sha256 of every byte, as lower-case hex: our own proof against bit rot, since LaminDB's hash skips the middle. */
export async function checksumSha256(
  source: ByteSource,
  onProgress?: HashProgress,
  signal?: AbortSignalLike,
): Promise<string> {
  const hasher = await createSHA256();
  const digest = await digestRange(hasher, source, 0, source.size, signal, (done) =>
    onProgress?.(done, source.size),
  );
  return hex(digest);
}

function hex(digest: Uint8Array): string {
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

let kept: Promise<{ md5: IHasher; sha256: IHasher }> | null = null;

/** Both hashes of bytes in memory (a small file): LaminDB's and the full checksum. The hashers are made once. */
export async function hashBytes(bytes: Uint8Array): Promise<{ hash: string; sha256: string }> {
  kept ??= Promise.all([createMD5(), createSHA256()]).then(([md5, sha256]) => ({ md5, sha256 }));
  const hashers = await kept;
  // No await in between: the hashers are shared.
  const digest = (hasher: IHasher) => hasher.init().update(bytes).digest('binary');
  return { hash: toHash(digest(hashers.md5)), sha256: hex(digest(hashers.sha256)) };
}

/** md5 of a text as LaminDB writes it: transform source, block content, the json.dumps of a value. */
export function hashText(text: string): string {
  return toHash(md5(text));
}

/** Collection hash: md5 over the sorted artifact hashes, joined by ":". */
export function hashSet(hashes: readonly string[]): string {
  return toHash(md5([...hashes].sort().join(':')));
}

/** The first 22 characters of url-safe base64 without padding. */
export function toHash(digest: Uint8Array): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let text = '';
  for (let i = 0; i < digest.length; i += 3) {
    const word = ((digest[i] ?? 0) << 16) | ((digest[i + 1] ?? 0) << 8) | (digest[i + 2] ?? 0);
    const characters = Math.min(digest.length - i, 3) + 1;
    for (let j = 0; j < characters; j++) text += alphabet.charAt((word >> (18 - 6 * j)) & 63);
  }
  return text.slice(0, HASH_LENGTH);
}

async function digestRange(
  hasher: IHasher,
  source: ByteSource,
  start: number,
  end: number,
  signal: AbortSignalLike | undefined,
  onRead: (done: number) => void,
): Promise<Uint8Array> {
  hasher.init();
  for (let at = start; at < end; at += READ) {
    if (signal?.aborted) throw new LoamError('Cancelled', 'Hashing was cancelled.');
    const want = Math.min(READ, end - at);
    const bytes = await source.read(at, at + want);
    // A short read means that the file changed under us; a hash of something else must never be recorded.
    if (bytes.length !== want) {
      throw new LoamError(
        'FileUnreadable',
        `The file changed or became unreadable while it was read: ${want.toLocaleString('en')} bytes were asked for at position ${at.toLocaleString('en')}, ${bytes.length.toLocaleString('en')} came.`,
        { position: at, wanted: want, got: bytes.length },
      );
    }
    hasher.update(bytes);
    source.release?.(bytes);
    onRead(at + want - start);
  }
  if (start === end) onRead(0);
  return hasher.digest('binary');
}
