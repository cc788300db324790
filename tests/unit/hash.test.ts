// LaminDB's hashes: against facts computed by Python for every bio fixture, and for files made here.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import {
  checksumSha256,
  EMPTY_FILE_HASH,
  hashFile,
  hashFolder,
  hashSet,
  hashText,
} from '../../src/lib/engine/hash.ts';
import type { ByteSource } from '../../src/lib/engine/ports.ts';
import { bufferSource, fileSource, folderSource } from '../fixtures/sources.ts';

const bio = join(process.env['LOAM_FIXTURES'] ?? '../shared', 'fixtures/bio');
interface Fact {
  file: string;
  size: number;
  n_files?: number;
  lamin_hash: string;
  hash_type: string;
  sha256?: string;
}
const facts: Fact[] = existsSync(join(bio, 'facts.json'))
  ? (JSON.parse(readFileSync(join(bio, 'facts.json'), 'utf8')) as { files: Fact[] }).files
  : [];

describe.skipIf(facts.length === 0)(
  `bio fixtures${facts.length === 0 ? ` (skipped: no facts.json below ${bio}, set LOAM_FIXTURES)` : ''}`,
  () => {
    it('are present', () => expect(facts.length).toBeGreaterThan(0));

    it.each(facts.map((fact) => [fact.file, fact] as const))('%s', async (file, fact) => {
      if (fact.hash_type === 'md5-d') {
        const folder = await hashFolder(folderSource(join(bio, file)));
        expect(folder).toEqual({
          hash: fact.lamin_hash,
          hashType: 'md5-d',
          nFiles: fact.n_files,
          size: fact.size,
        });
        return;
      }
      const source = fileSource(join(bio, file));
      expect(source.size).toBe(fact.size);
      expect(await hashFile(source)).toEqual({ hash: fact.lamin_hash, hashType: fact.hash_type });
      expect(await checksumSha256(source)).toBe(fact.sha256);
    });
  },
);

/** Bytes of any size without holding them: byte i is (i * 2654435761 mod 2^32) >> 24. */
function generated(size: number): ByteSource {
  return {
    size,
    read: (start, end) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.imul(start + i, 2654435761) >>> 24;
      return Promise.resolve(bytes);
    },
  };
}

const MIB = 1024 * 1024;

describe('files made here', () => {
  it.each([
    [0, 'md5', EMPTY_FILE_HASH],
    [1, 'md5', 'k7iFrf4NoInN9jSQT9WfcQ'],
    [50 * MIB, 'md5', 'Nix-CtSXRldvtUJ53SRU9w'],
    [50 * MIB + 1, 'sha1-fl', 'uv-DvpFv9oz0km0r6gGJrP'],
    [130 * MIB + 17, 'sha1-fl', 'ubXGgMqrxFYfSJh8AApdiz'],
  ])('%i bytes', async (size, hashType, hash) => {
    expect(await hashFile(generated(size))).toEqual({ hash, hashType });
  });

  it('skips the middle of a large file, which only the sha256 sees', async () => {
    const size = 101 * MIB;
    const changed: ByteSource = {
      size,
      read: async (start, end) => {
        const bytes = await generated(size).read(start, end);
        const middle = 50.5 * MIB;
        if (start <= middle && middle < end) bytes[middle - start] = 255 - (bytes[middle - start] ?? 0);
        return bytes;
      },
    };
    expect(await hashFile(changed)).toEqual(await hashFile(generated(size)));
    expect(await checksumSha256(changed)).not.toBe(await checksumSha256(generated(size)));
  });

  it('reports progress that ends at the whole, and reads at most 1 MiB at a time', async () => {
    const steps: [number, number][] = [];
    let largest = 0;
    const source = generated(3 * MIB + 5);
    const watched: ByteSource = {
      size: source.size,
      read: (start, end) => {
        largest = Math.max(largest, end - start);
        return source.read(start, end);
      },
    };
    await hashFile(watched, (done, total) => steps.push([done, total]));
    expect(steps.map(([done]) => done)).toEqual([MIB, 2 * MIB, 3 * MIB, 3 * MIB + 5]);
    expect(steps.at(-1)?.[1]).toBe(3 * MIB + 5);
    expect(largest).toBe(MIB);
  });

  it('stops when cancelled, and refuses a file that shrinks while read', async () => {
    const signal = { aborted: false };
    const cancelled = await hashFile(generated(5 * MIB), () => (signal.aborted = true), signal).catch(
      (error: unknown) => error,
    );
    expect(isLoamError(cancelled, 'Cancelled')).toBe(true);
    const shrinking: ByteSource = { size: 100, read: () => Promise.resolve(new Uint8Array(10)) };
    const short = await hashFile(shrinking).catch((error: unknown) => error);
    expect(isLoamError(short, 'FileUnreadable')).toBe(true);
  });

  it('gives a folder one hash whatever its names and order, and texts and sets theirs', async () => {
    const one = { path: 'a/one', source: bufferSource(Buffer.from('one')) };
    const two = { path: 'two', source: bufferSource(Buffer.from('two')) };
    const folder = await hashFolder({ files: [one, two] });
    expect(folder).toMatchObject({ nFiles: 2, size: 6, hashType: 'md5-d', hash: 'dMixq0ejenpAL4YT7GND6Q' });
    expect(await hashFolder({ files: [{ ...two, path: 'x' }, one] })).toEqual(folder);
    expect(hashText('')).toBe(EMPTY_FILE_HASH);
    expect(hashText('print("ä")')).toBe('9cpNj8Eb_8meSqpPVL2pNw');
    expect(hashSet(['b', 'a'])).toBe(hashText('a:b'));
  });
});
