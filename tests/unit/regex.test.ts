// Python's regular expressions: each construct finds what Python's `re` finds (facts made by tests/compat/patterns.test.ts),
// and no pattern can hang the thread that runs it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkPattern, search, startSearching } from '../../src/lib/engine/query/regex.ts';
import { patterns, texts } from '../compat/patterns.ts';

const facts = JSON.parse(readFileSync(new URL('../fixtures/regex-facts.json', import.meta.url), 'utf8')) as (
  number[] | 'refused'
)[];

describe('regular expressions', () => {
  it.each(patterns.map((pattern, i) => [pattern, facts[i]] as const))('%j', (pattern, wanted) => {
    startSearching();
    if (wanted === 'refused') {
      expect(() => checkPattern(pattern)).toThrow(/no regular expression/);
      return;
    }
    const found = texts.flatMap((text, i) => (search(pattern, text) ? [i] : []));
    expect(found.map((i) => texts[i])).toEqual((wanted ?? []).map((i) => texts[i]));
  });

  it.each([
    ['(a+)+$', `${'a'.repeat(40)}!`],
    ['(x+x+)+y', 'x'.repeat(60)],
    ['(a|aa)+$', `${'a'.repeat(60)}b`],
    ['(.*)*(.*)*(.*)*z', 'q'.repeat(200)],
    [`${'a?'.repeat(30)}${'a'.repeat(30)}`, 'a'.repeat(29)],
    [`${'(a|a)'.repeat(30)}b`, 'a'.repeat(40)],
    ['a*a*a*a*a*a*b', 'a'.repeat(2000)],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(60)],
  ])('%j ends in words and in time', (pattern, text) => {
    startSearching();
    const start = performance.now();
    expect(() => search(pattern, text)).toThrow(/takes too many steps/);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('searches a long text with a simple pattern', () => {
    startSearching();
    expect(search('needle \\d+$', `${'hay '.repeat(200_000)}needle 42`)).toBe(true);
    expect(search('[a-z]+@[a-z]+', 'word '.repeat(100_000))).toBe(false);
  });
});
