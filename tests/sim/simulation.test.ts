// Seeds of the simulation: whatever happens to records on their way, all devices come to the same rows.
import { describe, expect, test } from 'vitest';
import { simulate } from './simulation.ts';

const rounds = 8;
const count = Number(process.env['LOAM_SEEDS'] ?? (process.env['LOAM_LONG'] === '1' ? 2000 : 100));
const first = Number(process.env['LOAM_SEED'] ?? 1);
/** A seed is a team; what it does in a round is what others would call a seed, since all start from where all are equal. */
const shapeOf = (seed: number) => ({
  peers: 2 + (seed % 3),
  steps: 40 + (seed % 5) * 20,
  branches: seed % 4 === 0,
  rounds,
});

describe('[row 64] simulated teams', () => {
  test('all devices have the same in the end', async () => {
    const failed: string[] = [];
    const began = Date.now();
    let records = 0;
    const teams = Math.ceil(count / rounds);
    for (let seed = first; seed < first + teams; seed++) {
      const { faults, told, records: made } = await simulate(seed, shapeOf(seed));
      records += made;
      const story = process.env['LOAM_TOLD'] ? `\n${told.join('\n')}` : '';
      if (faults.length > 0) failed.push(`seed ${seed}:\n${faults.join('\n')}${story}`);
    }
    const took = `${teams} teams, ${records} records, ${Date.now() - began} ms`;
    expect(failed.slice(0, 5).join('\n\n'), `${failed.length} of ${took}`).toBe('');
    if (process.env['LOAM_LONG'] === '1') console.log(took);
  }, 900_000);
});
