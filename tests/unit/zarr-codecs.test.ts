// Blosc chunks packed by numcodecs (Python), unpacked by ours; and damaged ones, which must throw and not hang.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeBlosc } from '../../src/lib/formats/blosc.ts';
import facts from '../fixtures/blosc-facts.json';

describe('Blosc', () => {
  it.each(facts.map((fact) => [fact.name, fact] as const))('%s', (_name, { packed, md5 }) => {
    const plain = decodeBlosc(new Uint8Array(Buffer.from(packed, 'base64')));
    expect(createHash('md5').update(plain).digest('hex')).toBe(md5);
  });

  it('throws on damage within a moment', () => {
    let seed = 3;
    const next = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
    const started = performance.now();
    for (let i = 0; i < 300; i++) {
      const bytes = new Uint8Array(Buffer.from(facts[i % facts.length]?.packed ?? '', 'base64'));
      // The sizes in the header stay, so that no round allocates much.
      bytes[16 + (next() % (bytes.length - 16))] = next() >>> 24;
      try {
        decodeBlosc(bytes.subarray(0, i % 2 ? bytes.length : 16 + (next() % (bytes.length - 16))));
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
