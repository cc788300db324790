// Memory of long reads is given back at once: whoever reads a file in pieces releases each piece when it is done with it.
import { expect, it } from 'vitest';
import type { ByteSource } from '../../src/lib/engine/ports.ts';
import { hashFile } from '../../src/lib/engine/hash.ts';
import { blobSource, letGo } from '../../src/lib/storage/blob/blob-source.ts';
import { pump } from '../../src/lib/storage/blob/keys.ts';

/** Bytes that count upwards, and which pieces of them are still held. */
function source(size: number): { given: ByteSource; held: Set<Uint8Array>; reads: () => number } {
  const held = new Set<Uint8Array>();
  let reads = 0;
  const given: ByteSource = {
    size,
    async read(start, end) {
      reads++;
      // One piece at most: the one before is released when the next one is asked for.
      expect(held.size).toBe(0);
      const piece = new Uint8Array(Math.min(end, size) - start);
      held.add(piece);
      return piece;
    },
    release: (piece) => void expect(held.delete(piece)).toBe(true),
  };
  return { given, held, reads: () => reads };
}

const size = 40 * 1024 * 1024 + 17;

it('hashing a file holds one piece of it', async () => {
  const { given, held, reads } = source(size);
  await hashFile(given);
  expect(reads()).toBeGreaterThan(1);
  expect(held.size).toBe(0);
});

it('storing a file holds one piece of it, and writes it before it is released', async () => {
  const { given, held, reads } = source(size);
  let written = 0;
  await pump(given, async (piece, at) => {
    expect(held.has(piece)).toBe(true);
    expect(at).toBe(written);
    written += piece.length;
  });
  expect(written).toBe(size);
  expect(reads()).toBeGreaterThan(1);
  expect(held.size).toBe(0);
});

it('a piece of a file is gone from memory once it is released', async () => {
  const blob = blobSource(new Blob([new Uint8Array(1000).fill(7)]));
  const piece = await blob.read(100, 300);
  expect(piece.length).toBe(200);
  blob.release?.(piece);
  expect(piece.buffer.byteLength).toBe(0);
  // Read again it is there again.
  expect(await blob.read(100, 300)).toEqual(new Uint8Array(200).fill(7));
});

it('memory that others look at stays', () => {
  const all = new Uint8Array(100).fill(3);
  letGo(all.subarray(10, 20));
  expect(all[15]).toBe(3);
  const shared = new Uint8Array(new SharedArrayBuffer(10));
  letGo(shared);
  expect(shared.length).toBe(10);
});
