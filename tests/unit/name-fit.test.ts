// What the palette puts first: how well a name fits what was typed.
import { expect, it } from 'vitest';
import { fitOf } from '../../src/lib/client/name-fit.ts';

it('[row 102] the same name fits best, then its beginning, a word of it, and a part of a word', () => {
  const fits = ['T cell', 'T cell receptor', 'naive T cell', 'plant cell'].map((name) =>
    fitOf(name, 't cell'),
  );
  expect(fits).toEqual([4, 3, 2, 1]);
  expect(fitOf('Show the plan', 'plan')).toBe(2);
  expect(fitOf('data/raw_plan.csv', 'plan')).toBe(2);
  expect(fitOf('ensembl', 'plan')).toBe(0);
  // Signs of patterns are letters.
  expect(fitOf('a (b)', '(b')).toBe(2);
});
