// Teams that found a mistake once are played at each run, and a seed is a history that can be played again.
import { describe, expect, test } from 'vitest';
import { simulate } from './simulation.ts';
import { play, shapeOf } from './teams.ts';

const found = [
  ...[4, 22, 25, 34, 44, 88, 104, 109, 112, 113, 118, 119, 124, 142, 184, 192],
  ...[311, 313, 324, 369, 398, 428],
];

describe('[row 64] simulated teams', () => {
  test('that found a mistake once', async () => {
    expect((await play(found)).failed.join('\n\n')).toBe('');
  }, 600_000);

  test('the same seed is the same history, and another seed is another', async () => {
    const shape = { ...shapeOf(8), rounds: 2 };
    const [one, again, other] = [
      await simulate(8, shape),
      await simulate(8, shape),
      await simulate(9, { ...shape, branches: true }),
    ];
    expect(again.told).toEqual(one.told);
    expect(again.digest).toBe(one.digest);
    expect(other.digest).not.toBe(one.digest);
  }, 120_000);
});
