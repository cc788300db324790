// Reads of large files in steps: the same bytes in fewer crossings.
import { expect, test } from 'vitest';
import { createReadAhead } from '../../src/lib/workers/read-ahead.ts';

/** A stand-in for a Blob whose parts know where they begin. */
class Part {
  constructor(
    readonly from: number,
    readonly size: number,
  ) {}
  slice(start: number, end: number): Part {
    return new Part(this.from + start, Math.min(this.size, end) - start);
  }
}
const blob = (size: number) => new Part(0, size) as unknown as Blob;
const byteAt = (i: number) => (i * 31 + (i >> 8)) & 255;

function counting() {
  const reads: [number, number][] = [];
  const ahead = createReadAhead((part) => {
    const { from, size } = part as unknown as Part;
    reads.push([from, size]);
    return Uint8Array.from({ length: size }, (_, i) => byteAt(from + i)).buffer;
  });
  return { ahead, reads };
}

test('what goes on where it ended is read in growing steps, and each byte is right', () => {
  const { ahead, reads } = counting();
  const file = blob(3_000_000);
  for (let at = 0; at < 3_000_000; at += 16_384) {
    const end = Math.min(3_000_000, at + 16_384);
    const bytes = ahead.read(file, at, end);
    expect(bytes.length).toBe(end - at);
    expect([bytes[0], bytes.at(-1)]).toEqual([byteAt(at), byteAt(end - 1)]);
  }
  expect(reads.length).toBeLessThan(10);
  expect(reads.reduce((sum, [, size]) => sum + size, 0)).toBe(3_000_000);
});

test('columns that are read side by side do not disturb each other', () => {
  const { ahead, reads } = counting();
  const file = blob(20_000_000);
  for (let step = 0; step < 64; step++)
    for (let column = 0; column < 8; column++) {
      const at = column * 2_000_000 + step * 16_384;
      expect(ahead.read(file, at, at + 16_384)[5]).toBe(byteAt(at + 5));
    }
  expect(reads.length).toBeLessThan(60);
});

test('single reads stay small, other files and other contents are never taken for one another', () => {
  const { ahead, reads } = counting();
  const file = blob(50_000_000);
  for (const at of [40_000_000, 7, 30_000_000, 12_000_000]) ahead.read(file, at, at + 10);
  expect(Math.max(...reads.map(([, size]) => size))).toBe(65_536);
  const before = reads.length;
  ahead.read(blob(50_000_000), 7, 17);
  expect(reads.length).toBe(before + 1);
  ahead.forget(file);
  ahead.read(file, 7, 17);
  expect(reads.length).toBe(before + 2);
});

test('a file that gives too little is not remembered', () => {
  let calls = 0;
  const ahead = createReadAhead(() => {
    calls++;
    return new ArrayBuffer(4);
  });
  const file = blob(100_000);
  expect(ahead.read(file, 0, 10).length).toBe(4);
  expect(ahead.read(file, 0, 10).length).toBe(4);
  expect(calls).toBe(2);
});
