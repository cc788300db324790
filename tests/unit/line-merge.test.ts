// Notes that two branches changed come together line by line; what both changed stands marked, and nothing is lost.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeLines } from '../../src/lib/client/line-merge.ts';

const names = { parent: 'main', branch: 'try' };
const merged = (base: string, parent: string, branch: string) => mergeLines(base, parent, branch, names);

test('[row 62] what only one side changed is taken from it', () => {
  expect(merged('a\nb\nc\nd', 'a\nB\nc\nd', 'a\nb\nc\nd\ne')).toEqual({ text: 'a\nB\nc\nd\ne', clashes: 0 });
  expect(merged('a\nb\nc', 'b\nc', 'a\nb')).toEqual({ text: 'b', clashes: 0 });
});

test('[row 62] what both changed alike is taken once, what they changed otherwise stands marked', () => {
  expect(merged('a\nb', 'a\nB', 'a\nB')).toEqual({ text: 'a\nB', clashes: 0 });
  expect(merged('6 h\nend', '12 h\nend', '24 h\nend')).toEqual({
    text: '<<<<<<< main\n12 h\n=======\n24 h\n>>>>>>> try\nend',
    clashes: 1,
  });
});

test('[row 62] against any text: one side unchanged gives the other, and it does not matter which side is which', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 8 })
    .map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, text, text, (base, one, other) => {
      expect(merged(base, base, one)).toEqual({ text: one, clashes: 0 });
      expect(merged(base, one, base)).toEqual({ text: one, clashes: 0 });
      expect(merged(base, one, one)).toEqual({ text: one, clashes: 0 });
      const there = merged(base, one, other);
      const back = mergeLines(base, other, one, names);
      expect(back.clashes).toBe(there.clashes);
      if (there.clashes === 0) expect(back.text).toBe(there.text);
    }),
  );
});
