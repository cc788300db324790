// Uids: base62 without modulo bias, LaminDB's version counter, and bionty's deterministic ids.
import { createHash, webcrypto } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BASE62, encodeBytes } from '../../src/lib/engine/base62.ts';
import { md5 } from '../../src/lib/engine/md5.ts';
import {
  firstVersionUid,
  nextVersion,
  nextVersionUid,
  ontologyUid,
  randomUid,
  splitUid,
  versionNumber,
} from '../../src/lib/engine/uid.ts';

const random = (bytes: Uint8Array): Uint8Array => webcrypto.getRandomValues(bytes);

describe('random uids', () => {
  it('have the asked length and only the alphabet', () => {
    for (const length of [1, 8, 12, 16, 20])
      expect(randomUid(length, random)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`));
  });

  it('throws away bytes of 248 and more', () => {
    const bytes = [248, 255, 0, 61, 62, 247, 250, 9];
    const source = (target: Uint8Array): Uint8Array => target.map((_, i) => bytes[i % bytes.length] ?? 0);
    expect(randomUid(5, source)).toBe('0z0z9');
  });

  it('uses each character equally often', () => {
    const counts = new Map<string, number>();
    for (const character of randomUid(62_000, random))
      counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(62);
    // 1,000 expected, standard deviation 32: six of them leave no room for flakiness, bias by modulo would be 25 %.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(190);
  });
});

describe('versions', () => {
  it.each([
    ['0000', '0001'],
    ['0009', '000A'],
    ['000Z', '000a'],
    ['000z', '0010'],
    ['00zz', '0100'],
    ['zzzy', 'zzzz'],
  ])('%s → %s', (before, after) => expect(nextVersion(before)).toBe(after));

  it('refuses what is no counter and the end of the line', () => {
    for (const bad of ['zzzz', '', '00-0', '00000']) expect(() => nextVersion(bad)).toThrow();
  });

  it('takes the newest of a family in any order', () => {
    const first = firstVersionUid('Artifact', random);
    expect(first).toHaveLength(20);
    expect(splitUid(first).version).toBe('0000');
    const { stem } = splitUid(first);
    expect(nextVersionUid([stem + '000a', stem + '000Z', stem + '0009'])).toBe(stem + '000b');
    expect(versionNumber(stem + '0000')).toBe(1);
    expect(versionNumber(stem + '0010')).toBe(63);
  });

  it('sorts upwards with each step', () => {
    let version = '0zx0';
    for (let i = 0; i < 500; i++) {
      const next = nextVersion(version);
      expect(next > version).toBe(true);
      version = next;
    }
  });
});

describe('deterministic uids', () => {
  it('equals bionty', () => expect(ontologyUid('CL:0000084')).toBe('22LvKd01YyNA1a'));

  it('keeps leading zero bytes', () => {
    expect(encodeBytes(new Uint8Array([0, 0, 1]))).toBe('021');
    expect(encodeBytes(new Uint8Array([0]))).toBe('01');
    expect(encodeBytes(new Uint8Array(62))).toBe('0z01');
    expect(encodeBytes(new Uint8Array(61))).toBe('0z');
    expect(encodeBytes(new Uint8Array([255]))).toBe('47');
    expect(BASE62).toHaveLength(62);
  });

  it('computes md5 like node for any bytes and texts', () => {
    const reference = (data: Uint8Array | string): string => createHash('md5').update(data).digest('hex');
    for (let n = 0; n < 200; n++) {
      const bytes = new Uint8Array(n).map((_, i) => (i * 31 + n) & 255);
      expect(Buffer.from(md5(bytes)).toString('hex')).toBe(reference(bytes));
    }
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => Buffer.from(md5(text)).toString('hex') === reference(text),
      ),
    );
  });
});
