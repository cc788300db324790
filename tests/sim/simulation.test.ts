// Seeds of the simulation: whatever happens to records on their way, all devices come to the same rows.
import { describe, expect, test } from 'vitest';
import { simulate } from './simulation.ts';

const rounds = 8;
// CI plays the same hundred: of two thousand the long run was not repeated since the last mistake was mended (decision 0037).
const count = Number(process.env['LOAM_SEEDS'] ?? 100);
const first = Number(process.env['LOAM_SEED'] ?? 1);
/** A seed is a team; what it does in a round is what others would call a seed, since all start from where all are equal. */
const shapeOf = (seed: number) => ({
  peers: 2 + (seed % 3),
  steps: 40 + (seed % 5) * 20,
  branches: seed % 4 === 0,
  // A refused version and one with its uid are told apart by what is left alone: one of the two at a time (decision 0037).
  clashes: seed % 3 !== 1,
  refuses: seed % 3 === 1 ? 0.04 : 0,
  rounds,
});

/** Teams that found a mistake once. */
const found = [104, 109, 112, 113, 118, 119, 124, 142, 184, 192, 324];

async function play(seeds: readonly number[]): Promise<{ failed: string[]; records: number }> {
  const failed: string[] = [];
  let records = 0;
  for (const seed of seeds) {
    const { faults, told, records: made } = await simulate(seed, shapeOf(seed));
    records += made;
    const story = process.env['LOAM_TOLD'] ? `\n${told.join('\n')}` : '';
    if (faults.length > 0) failed.push(`seed ${seed}:\n${faults.join('\n')}${story}`);
  }
  return { failed, records };
}

describe('[row 64] simulated teams', () => {
  test('all devices have the same in the end', async () => {
    const began = Date.now();
    const teams = Math.ceil(count / rounds);
    const { failed, records } = await play(Array.from({ length: teams }, (_, i) => first + i));
    const took = `${teams} teams, ${rounds} rounds each, ${records} records, ${Date.now() - began} ms`;
    expect(failed.slice(0, 5).join('\n\n'), `${failed.length} of ${took}`).toBe('');
    if (process.env['LOAM_SEEDS'] !== undefined) console.log(took);
  }, 900_000);

  test('teams that found a mistake once', async () => {
    expect((await play(found)).failed.join('\n\n')).toBe('');
  }, 300_000);

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
