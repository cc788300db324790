// A database and the log beside it become one file, as a checkpoint would make it. The pair was left by Python's sqlite3.
import { describe, expect, it } from 'vitest';
import type { ByteSource } from '../../src/lib/engine/ports.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { readWal, withWal } from '../../src/lib/storage/sql/wal-file.ts';
import facts from '../fixtures/wal-facts.json' with { type: 'json' };

const database = new Uint8Array(Buffer.from(facts.database, 'base64'));
const wal = new Uint8Array(Buffer.from(facts.wal, 'base64'));
/** Behind the log's head and one frame; the third frame is left over from before the last checkpoint. */
const secondFrame = 32 + 24 + 512;
const source = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (from, to) => bytes.slice(from, to),
});

async function joined(log: Uint8Array): Promise<unknown[][]> {
  const pages = await readWal(source(log), 512);
  const next = withWal(source(database), source(log), pages);
  const parts: Uint8Array[] = [];
  for (let part = await next(); part; part = await next()) parts.push(part);
  const driver = await openMemory({ bytes: new Uint8Array(Buffer.concat(parts)) });
  try {
    expect(driver.all('PRAGMA integrity_check')).toEqual([['ok']]);
    return driver.all(
      'SELECT b, count(*) FROM t GROUP BY b IN (SELECT b FROM t WHERE b LIKE ?), b = ? ORDER BY 2',
      ['first%', 'third'],
    );
  } finally {
    driver.close();
  }
}

describe('a write-ahead log', () => {
  it('gives the newest committed pages', async () => {
    const rows = await joined(wal);
    expect(rows.map(([, n]) => n)).toEqual([1, 5, 15]);
  });

  it('counts up to its last whole commit: a torn frame and all after it are as if never written', async () => {
    const torn = wal.slice();
    torn[secondFrame + 40] = (torn[secondFrame + 40] ?? 0) ^ 0xff;
    expect((await joined(torn)).map(([, n]) => n)).toEqual([5, 15]);
    expect((await joined(wal.subarray(0, secondFrame + 100))).map(([, n]) => n)).toEqual([5, 15]);
    const stale = wal.slice();
    stale[40] = (stale[40] ?? 0) ^ 1; // the first frame's salt: left over from an earlier log
    expect((await joined(stale)).map(([, n]) => n)).toEqual([20]);
  });

  it('that is empty changes nothing; one of another database is refused in words', async () => {
    expect((await joined(new Uint8Array(0))).map(([, n]) => n)).toEqual([20]);
    await expect(readWal(source(wal), 4096)).rejects.toThrow(
      'its pages have 512 bytes, those of the database 4096',
    );
    await expect(readWal(source(database), 512)).rejects.toThrow('does not begin as one');
    await expect(readWal(source(wal.subarray(0, 10)), 512)).rejects.toThrow('cut off');
  });
});
