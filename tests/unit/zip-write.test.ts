// Archives of our own are read by others: fflate here, Python's zipfile and unzip where they are; also beyond 4 GiB.
import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 as nodeCrc } from 'node:zlib';
import { unzipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { crc32, zipChunks, type ZipMember } from '../../src/lib/formats/zip-write.ts';

const folder = mkdtempSync(join(tmpdir(), 'loam-zip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const member = (path: string, ...parts: Uint8Array[]): ZipMember => ({
  path,
  size: parts.reduce((sum, part) => sum + part.length, 0),
  async *chunks() {
    yield* parts;
  },
});
const text = (words: string) => new TextEncoder().encode(words);
const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 13);
const when = new Date('2026-01-02T03:04:06Z');

async function bytesOf(members: ZipMember[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of zipChunks(members, when)) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

const big = noise(9 * 1024 * 1024);
const members = () => [
  member('.lamindb/lamin.db', noise(4096), noise(5000)),
  member('ä/ö 😀.txt', text('hello'), text(' world')),
  member('empty.txt'),
  member('big.bin', big.subarray(0, 1_000_001), big.subarray(1_000_001)),
];

describe('a zip archive', () => {
  it('sums as others do, however it is cut', () => {
    const bytes = noise(100_003);
    const whole = crc32(bytes);
    expect(crc32(bytes.subarray(777), crc32(bytes.subarray(0, 777)))).toBe(whole);
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
    if (typeof nodeCrc === 'function') expect(whole).toBe(nodeCrc(bytes));
  });

  it('is read by fflate with every name and byte', async () => {
    const found = unzipSync(await bytesOf(members()));
    expect(Object.keys(found)).toEqual(['.lamindb/lamin.db', 'ä/ö 😀.txt', 'empty.txt', 'big.bin']);
    expect(new TextDecoder().decode(found['ä/ö 😀.txt'])).toBe('hello world');
    expect(Buffer.compare(Buffer.from(found['big.bin'] ?? []), Buffer.from(big))).toBe(0);
  });

  it('refuses a member that has another size than it said', async () => {
    await expect(bytesOf([{ ...member('a', text('abc')), size: 4 }])).rejects.toThrow('a has 3 bytes, not 4');
  });

  const python = spawnSync('python3', ['-c', 'import zipfile']).status === 0;
  it.skipIf(!python)(
    `is sound to Python, with more than 65,535 members${python ? '' : ' (skipped: no python3)'}`,
    async () => {
      const path = join(folder, 'all.zip');
      const out = createWriteStream(path);
      const many = function* (): Generator<ZipMember> {
        yield* members();
        for (let i = 0; i < 66_000; i++) yield member(`many/${i}.txt`, text(String(i)));
      };
      for await (const part of zipChunks(many(), when)) if (!out.write(part)) await once(out, 'drain');
      out.end();
      await once(out, 'close');
      const told = spawnSync(
        'python3',
        [
          '-c',
          `import zipfile, sys
z = zipfile.ZipFile(sys.argv[1])
print(z.testzip(), len(z.namelist()), z.read("many/65999.txt").decode(), z.read("ä/ö 😀.txt").decode(), z.getinfo("big.bin").file_size, z.getinfo("big.bin").date_time)`,
          path,
        ],
        { encoding: 'utf8' },
      );
      expect(told.stdout.trim()).toBe(`None 66004 65999 hello world ${big.length} (2026, 1, 2, 3, 4, 6)`);
    },
  );

  const long = process.env.LOAM_LONG === '1' && python;
  it.skipIf(!long)(
    `is sound to Python beyond 4 GiB${long ? '' : ' (skipped: LOAM_LONG and python3 are needed)'}`,
    async () => {
      const path = join(folder, 'huge.zip');
      const part = new Uint8Array(64 * 1024 * 1024);
      const huge: ZipMember = {
        path: 'huge.bin',
        size: 66 * part.length,
        async *chunks() {
          for (let i = 0; i < 66; i++) yield part;
        },
      };
      // Zeros are left out of the file, which the disk keeps as a hole.
      const file = await open(path, 'w');
      let at = 0;
      for await (const chunk of zipChunks([huge, member('after.txt', text('behind it'))], when)) {
        if (chunk !== part) await file.write(chunk, 0, chunk.length, at);
        at += chunk.length;
      }
      await file.close();
      const script = `import zipfile, sys
z = zipfile.ZipFile(sys.argv[1])
print(z.testzip(), z.getinfo("huge.bin").file_size, z.read("after.txt").decode())`;
      const told = spawnSync('python3', ['-c', script, path], { encoding: 'utf8' });
      expect(told.stdout.trim()).toBe(`None ${66 * part.length} behind it`);
    },
    120_000,
  );
});
