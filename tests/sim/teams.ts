// Seeds of the simulation, and how many of them are played: a seed is a team, which goes through eight rounds in the same
// databases. LOAM_SEEDS counts rounds, LOAM_SEED is the first team, LOAM_TOLD tells what a failing team did.
import { expect, test } from 'vitest';
import { simulate, type Options } from './simulation.ts';

export const rounds = 8;
// 2,000 are not green yet (decision 0037, "Open"), so CI plays what everybody does.
const count = Number(process.env['LOAM_SEEDS'] ?? 100);
const first = Number(process.env['LOAM_SEED'] ?? 1);

/** What a round does is what others would call a seed, since each begins where all are equal. */
export const shapeOf = (seed: number): Options => ({
  peers: 2 + (seed % 3),
  steps: 40 + (seed % 5) * 20,
  branches: seed % 4 === 0,
  // They find mistakes that are not mended yet (decision 0037, "Open"): LOAM_MERGES=1 plays them.
  merges: process.env['LOAM_MERGES'] === '1',
  // A refused version and one with its uid are told apart by what is left alone: one of the two at a time (decision 0037).
  clashes: seed % 3 !== 1,
  refuses: seed % 3 === 1 ? 0.04 : 0,
  rounds,
});

export async function play(seeds: readonly number[]): Promise<{ failed: string[]; records: number }> {
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

/** One of several parts of all teams, each in a file of its own, so that two processors play them side by side. */
export function partOfTeams(part: number, of: number): void {
  const teams = Array.from({ length: Math.ceil(count / rounds) }, (_, i) => first + i).filter(
    (seed) => seed % of === part,
  );
  test(`[row 64] all devices have the same in the end, part ${part + 1} of ${of} of the simulated teams`, async () => {
    const began = process.cpuUsage();
    const { failed, records } = await play(teams);
    const { user, system } = process.cpuUsage(began);
    const took = `${teams.length} teams, ${rounds} rounds each, ${records} records, ${Math.round((user + system) / 1e6)} s of a processor`;
    const seeds = failed.map((text) => /^seed \d+/.exec(text)?.[0]).join(', ');
    expect(failed.slice(0, 5).join('\n\n'), `${failed.length} of ${took} failed: ${seeds}`).toBe('');
    if (count > 100) console.log(took);
  }, 1_800_000);
}
