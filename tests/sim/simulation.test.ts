// Seeds of the simulation: whatever happens to records on their way, all devices come to the same rows.
import { describe, expect, test } from 'vitest';
import { simulate } from './simulation.ts';

const count = Number(process.env['LOAM_SEEDS'] ?? (process.env['LOAM_LONG'] === '1' ? 2000 : 100));
const first = Number(process.env['LOAM_SEED'] ?? 1);
const shapeOf = (seed: number) => ({
  peers: 2 + (seed % 3),
  steps: 30 + (seed % 5) * 15,
  branches: seed % 4 === 0,
});

describe('[row 64] simulated teams', () => {
  test('all devices have the same in the end', async () => {
    const failed: string[] = [];
    const began = Date.now();
    let records = 0;
    for (let seed = first; seed < first + count; seed++) {
      const outcome = await simulate(seed, shapeOf(seed));
      records += outcome.records;
      if (outcome.faults.length > 0)
        failed.push(`seed ${seed}:\n${outcome.faults.join('\n')}${process.env['LOAM_TOLD'] ? `\n${outcome.told.join('\n')}` : ''}`);
    }
    console.log(`${count} seeds, ${records} records, ${Date.now() - began} ms, ${failed.length} failed`);
    expect(failed.slice(0, 5).join('\n\n'), `seeds ${failed.length}`).toBe('');
  }, 900_000);
});
